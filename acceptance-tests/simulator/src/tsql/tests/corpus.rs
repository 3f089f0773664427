//! Our parser against the verdicts of Microsoft's own parsers on the statements of `../shared/oracles`.
//!
//! Files whose names begin with `n` must be rejected, all others accepted, batch by batch (`GO` separates them).

use std::path::{Path, PathBuf};

use crate::tsql::parser;

/// Files on which the server itself, and so our parser, differs from the verdict in the file's name.
const DIFFERENCES: &[(&str, &str)] = &[];

#[test]
fn verdicts_agree_with_microsofts_parsers() {
    let Some(folder) = corpus() else {
        eprintln!("skipped: no ../shared/oracles/tsqlparse/corpus and MILINK_SHARED is not set");
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus can be listed")
        .map(|entry| entry.expect("an entry of the corpus").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(files.len() >= 110, "only {} files", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let verdict = batches(&text).iter().try_for_each(|batch| parser::parse(batch, 16).map(drop));
        let expected = !name.starts_with('n');
        let excused = DIFFERENCES.iter().any(|(file, _)| *file == name);
        if (verdict.is_ok() == expected) == excused {
            wrong.push(format!("{name}: {verdict:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a client does before it sends anything: cuts at the lines `GO` and `GO n`.
fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("GO")) {
            batches.push(String::new());
        } else if let Some(last) = batches.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    batches
}

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("MILINK_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("oracles/tsqlparse/corpus");
    folder.is_dir().then_some(folder)
}
