//! Reads Rust files as far as tests about them need it: what is code, and what is text.
//!
//! No parser: it knows comments, strings and characters, and that is enough to find paths and literals reliably. Tests
//! inside the files are left out, because what they do reaches no user.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of `src`, without its tests.
#[derive(Debug)]
pub(crate) struct Source {
    /// Below `src`, with forward slashes.
    pub(crate) path: String,
    /// The code; comments and the insides of literals are blanked out, lines are kept.
    pub(crate) code: String,
    /// The string literals, as the program has them.
    pub(crate) literals: Vec<String>,
    /// Lines of the whole file, tests and all.
    pub(crate) lines: usize,
}

/// Every file below `src/<folder>`, tests left out; `""` for all.
pub(crate) fn files(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root.join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "nothing below src/{folder}");
    found
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            read(name, &fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

fn read(path: String, text: &str) -> Source {
    let shipped = match text.split_once("\n#[cfg(test)]\nmod tests {") {
        // A module ends with the first brace that stands at the beginning of a line.
        Some((before, tests)) => {
            format!("{before}{}", tests.split_once("\n}\n").map_or("", |(_, after)| after))
        }
        None => text.to_owned(),
    };
    let mut source = Source { path, code: String::new(), literals: Vec::new(), lines: text.lines().count() };
    let characters: Vec<char> = shipped.chars().collect();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let rest = &characters[at..];
        let before = at.checked_sub(1).map_or(' ', |before| characters[before]);
        let word = before.is_alphanumeric() || before == '_';
        let length = match character {
            '/' if rest.starts_with(&['/', '/']) => {
                rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
            }
            '/' if rest.starts_with(&['/', '*']) => comment(rest),
            '"' => {
                let (length, value) = string(rest);
                source.literals.push(value);
                length
            }
            'r' | 'b' | 'c' if !word && raw(rest).is_some() => {
                let (length, value) = raw(rest).unwrap();
                source.literals.push(value);
                length
            }
            '\'' if rest.get(1) == Some(&'\\') => {
                3 + rest[3..].iter().position(|c| *c == '\'').expect("a character that ends")
            }
            '\'' if rest.get(2) == Some(&'\'') => 3,
            _ => {
                source.code.push(character);
                at += 1;
                continue;
            }
        };
        // Lines stay where they are.
        source.code.push(' ');
        source.code.extend(rest[..length].iter().filter(|c| **c == '\n'));
        at += length;
    }
    source
}

/// The length of a block comment; they nest.
fn comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a string and its value.
fn string(rest: &[char]) -> (usize, String) {
    let mut value = String::new();
    let mut at = 1;
    loop {
        match rest[at] {
            '"' => return (at + 1, value),
            '\\' => {
                at += 1;
                match rest[at] {
                    '\n' => {
                        while rest[at + 1].is_whitespace() {
                            at += 1
                        }
                    }
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    '0' => value.push('\0'),
                    'x' => {
                        let digits: String = rest[at + 1..at + 3].iter().collect();
                        value.push(char::from(u8::from_str_radix(&digits, 16).unwrap()));
                        at += 2;
                    }
                    'u' => {
                        let end = at + rest[at..].iter().position(|c| *c == '}').unwrap();
                        let digits: String = rest[at + 2..end].iter().collect();
                        value.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                        at = end;
                    }
                    itself => value.push(itself),
                }
            }
            other => value.push(other),
        }
        at += 1;
    }
}

/// The length and value of `r"…"`, `r#"…"#`, `br"…"`, `b"…"`, `c"…"`, if one begins here.
fn raw(rest: &[char]) -> Option<(usize, String)> {
    let prefix = rest.iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    let start = prefix + hashes + 1;
    if rest.get(start - 1) != Some(&'"') {
        return None;
    }
    if !rest[..prefix].contains(&'r') {
        let (length, value) = string(&rest[prefix..]);
        return Some((prefix + length, value));
    }
    let mut end = vec!['"'];
    end.resize(hashes + 1, '#');
    let length = rest[start..].windows(end.len()).position(|window| window == end)?;
    Some((start + length + end.len(), rest[start..start + length].iter().collect()))
}

#[test]
fn code_and_text_are_told_apart() {
    let text = "let a = \"x\\\"y\\\n   z\"; // \"no\"\nlet b: &'a str = r#\"raw \" crate::x\"#; /* /* \"no\" */ */\n\
                let c = ['\"', '\\'', '\\u{41}']; for x in b\"\\x41\" {}\n\n#[cfg(test)]\nmod tests {\n    \"no\"\n}\nlast!();\n";
    let source = read("x.rs".to_owned(), text);
    assert_eq!(source.literals, ["x\"yz", "raw \" crate::x", "A"]);
    assert!(!source.code.contains("crate") && !source.code.contains("no"), "{}", source.code);
    assert!(source.code.contains("&'a str"), "{}", source.code);
    assert!(source.code.contains("last!()"), "{}", source.code);
    assert_eq!(source.lines, 10);
}
