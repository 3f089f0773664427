//! Who may know whom in `src`, and what no file there does.
//!
//! Dependencies point downwards only (`docs/design`): the table below is the whole truth about it, each line with its
//! reason. A module that needs another gets a line here, or does not get the module. The order of [`LAYERS`] is what
//! "downwards" means, so a circle cannot be written down.
//!
//! What it is not: a compiler. It reads paths that begin with `crate`, `$crate` and `super`, which is how this crate
//! writes all of them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

mod source;

use source::Source;

/// From the outside in; each knows only what comes after it.
///
/// Two modules have two layers each: `provider` lists all objects, while the objects need its clients, so the file that
/// lists them (`provider/mod.rs`) is above and its submodules (`provider::*`) are below. And `framework` is written in
/// the wire types that `plugin` generates, while `plugin` knows nothing of what it serves.
const LAYERS: [&str; 17] = [
    "main",
    "provider",
    "actions",
    "list_resources",
    "data_sources",
    "resources",
    "functions",
    "provider::*",
    "rules",
    "sql",
    "arm",
    "framework",
    "plugin",
    "credential",
    "http",
    "certificate",
    "secret",
];

/// Who may know whom: from, what exactly, why.
const ALLOWED: &[(&str, &[&str], &str)] = &[
    ("main", &["plugin", "provider"], "serves the provider"),
    (
        "provider",
        &["actions", "list_resources", "data_sources", "resources", "functions", "provider::*"],
        "the registry names every object",
    ),
    ("provider", &["framework", "plugin::Shutdown"], "is a provider, and ends when the process does"),
    ("actions", &["framework", "provider::*"], "a Terraform object, with the provider's clients"),
    (
        "actions",
        &["resources", "rules", "sql", "arm", "certificate", "secret"],
        "does once what a resource does",
    ),
    ("list_resources", &["framework", "provider::*"], "a Terraform object, with the provider's clients"),
    ("list_resources", &["resources", "sql", "arm", "certificate"], "finds what a resource would take over"),
    ("data_sources", &["framework", "provider::*"], "a Terraform object, with the provider's clients"),
    (
        "data_sources",
        &["resources", "rules", "sql", "arm", "certificate"],
        "shows what a resource would find",
    ),
    ("resources", &["framework", "provider::*"], "a Terraform object, with the provider's clients"),
    ("resources", &["rules", "sql", "arm"], "joins what is asked, what is allowed and what is there"),
    ("resources", &["certificate", "secret"], "certificates and passwords are arguments"),
    ("functions", &["framework"], "a Terraform object; pure, so it knows no client"),
    ("functions", &["rules", "sql::quote", "arm::id", "certificate"], "pure tables and forms"),
    ("provider::*", &["framework"], "the provider block has a schema and diagnostics"),
    ("provider::*", &["sql", "arm", "credential", "http", "secret"], "makes the clients"),
    ("sql", &["secret"], "passwords stand in statements"),
    (
        "arm",
        &["credential", "http", "certificate", "secret"],
        "requests with a token; certificates in bodies",
    ),
    (
        "framework",
        &["plugin::proto", "plugin::Shutdown", "plugin::Hold"],
        "the wire types, and the end of the process",
    ),
    ("credential", &["http", "secret"], "tokens come over HTTPS"),
];

/// Libraries that one place each knows, so that they can be exchanged there and border nothing else.
const LIBRARIES: &[(&str, &[&str], &str)] = &[
    ("tiberius", &["sql/connection.rs"], "the TDS library"),
    ("azure_core", &["credential/", "http.rs"], "Azure's own token library runs on our HTTPS client"),
    ("azure_identity", &["credential/"], "Azure's own token library"),
    ("reqwest", &["http.rs", "arm/", "credential/"], "HTTPS, of Azure only"),
    ("tonic", &["plugin/", "framework/engine/", "framework/harness/"], "gRPC is Terraform's"),
    ("rmp", &["framework/msgpack/"], "MessagePack is Terraform's"),
    ("rustls", &["plugin/"], "mutual TLS with Terraform; other TLS is the clients' own"),
    ("x509_parser", &["certificate.rs", "certificate/", "plugin/tls.rs"], "reads certificates"),
];

/// Lints that nobody switches off in `src`: what they find ends the process in the middle of somebody's change.
const LINTS: [&str; 10] = [
    "unwrap_used",
    "expect_used",
    "panic",
    "indexing_slicing",
    "string_slice",
    "todo",
    "unimplemented",
    "unreachable",
    "restriction",
    "unsafe_code",
];

/// Most lines that a file has: beyond, it has two subjects.
const LONGEST: usize = 900;

#[test]
fn dependencies_point_downwards_only() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for source in source::files("") {
        let from = layer_of(&source);
        for path in paths(&source) {
            let Some((to, below)) = meaning(&path) else { continue };
            if from == to {
                continue;
            }
            seen += 1;
            let full = format!("{to}{}", below.iter().map(|word| format!("::{word}")).collect::<String>());
            let allowed = ALLOWED.iter().filter(|(who, ..)| *who == from).any(|(_, whom, _)| {
                whom.iter().any(|whom| *whom == to || full == *whom || full.starts_with(&format!("{whom}::")))
            });
            if !allowed {
                wrong.push(format!("{} ({from}) knows crate::{}", source.path, path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "not in the table of tests/layers.rs:\n{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} paths were found");
}

#[test]
fn the_table_itself_points_downwards() {
    let place = |name: &str| {
        let name = if name == "provider::*" { name } else { name.split("::").next().unwrap() };
        LAYERS.iter().position(|layer| *layer == name).unwrap_or_else(|| panic!("no layer {name}"))
    };
    for (from, whom, _) in ALLOWED {
        for to in *whom {
            assert!(place(from) < place(to), "{from} is not above {to}");
        }
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    let sources = source::files("");
    for (library, places, why) in LIBRARIES {
        let users: Vec<_> = sources.iter().filter(|source| names_library(&source.code, library)).collect();
        assert!(!users.is_empty(), "{library} is used nowhere");
        for user in users {
            let fine = places.iter().any(|place| user.path.starts_with(place));
            assert!(fine, "{} uses {library} ({why})", user.path);
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for source in source::files("") {
        assert!(source.lines <= LONGEST, "{} has {} lines", source.path, source.lines);
    }
}

#[test]
fn no_lint_against_panics_is_switched_off() {
    for source in source::files("") {
        let code: String = source.code.split_whitespace().collect();
        for switch in ["allow(", "expect("] {
            for (at, _) in code.match_indices(&format!("[{switch}")) {
                let attribute = code[at..].split(']').next().unwrap();
                let off: Vec<_> = LINTS.iter().filter(|lint| names_word(attribute, lint)).collect();
                assert!(off.is_empty(), "{} switches {off:?} off", source.path);
            }
        }
    }
}

#[test]
fn paths_are_read_in_every_form() {
    let source = |path: &str, code: &str| Source {
        path: path.to_owned(),
        code: code.to_owned(),
        literals: Vec::new(),
        lines: 1,
    };
    let read = |path: &str, code: &str| -> Vec<String> {
        paths(&source(path, code)).iter().map(|path| path.join("::")).collect()
    };
    assert_eq!(read("arm/id.rs", "use crate::{a::{self, b::C}, d as e, f::*};"), ["a", "a::b::C", "d", "f"]);
    assert_eq!(
        read("arm/id.rs", "let x: crate::sql::Error<crate::arm::Id> = $crate::http::get();"),
        ["sql::Error", "arm::Id", "http::get"]
    );
    assert_eq!(
        read("arm/id.rs", "use super::super::sql; use super::error; pub(in crate::arm) fn f() {}"),
        ["sql", "arm::error", "arm"]
    );
    assert_eq!(
        read("arm/mod.rs", "use super::secret::Secret; pub(crate) fn f() {} pub(super) mod x;"),
        ["secret::Secret"]
    );
    assert!(names_library("use rmp::x;", "rmp") && !names_library("use crate::rmp::x; armp::y", "rmp"));
}

/// Where a file stands.
fn layer_of(source: &Source) -> String {
    let first = source.path.split('/').next().unwrap().trim_end_matches(".rs");
    match first {
        "lib" => "main".to_owned(),
        "provider" if source.path != "provider/mod.rs" => "provider::*".to_owned(),
        other => other.to_owned(),
    }
}

/// What a path below the crate's root leads to: the layer, and the rest.
fn meaning(path: &[String]) -> Option<(String, Vec<String>)> {
    let (first, rest) = path.split_first()?;
    let layer = match first.as_str() {
        // The macro of the framework that stands in the root, where all macros do.
        "model" => "framework",
        "provider" if rest.first().is_none_or(|word| !["server", "Milink"].contains(&word.as_str())) => {
            "provider::*"
        }
        other => other,
    };
    Some((layer.to_owned(), rest.to_vec()))
}

/// All paths of a file from the crate's root on.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let tokens = tokens(&source.code);
    let mut module: Vec<String> = source.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inside = at > 0 && tokens[at - 1] == "::";
        let start = match tokens[at].as_str() {
            "crate" if !inside => Some(Vec::new()),
            "super" if !inside && !module.is_empty() => Some(module[..module.len() - 1].to_vec()),
            _ => None,
        };
        at += 1;
        let Some(mut start) = start else { continue };
        // `pub(crate)` and `pub(super)` name nothing.
        if tokens.get(at).is_none_or(|token| token != "::") {
            continue;
        }
        while tokens.get(at + 1).is_some_and(|token| token == "super") {
            start.pop();
            at += 2;
        }
        at = tree(&tokens, at, start, &mut found);
    }
    found
}

/// Reads `::a::{b, c}` from `at` on; `before` is the path so far.
fn tree(tokens: &[String], mut at: usize, mut before: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    while tokens.get(at).is_some_and(|token| token == "::") {
        match tokens.get(at + 1).map(String::as_str) {
            Some("{") => {
                at += 2;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let mut path = before.clone();
                    match tokens[at].as_str() {
                        "," => {
                            at += 1;
                            continue;
                        }
                        "self" | "*" => {}
                        word => path.push(word.to_owned()),
                    }
                    at = tree(tokens, at + 1, path, found);
                    if tokens.get(at).is_some_and(|token| token == "as") {
                        at += 2;
                    }
                }
                return at + 1;
            }
            Some(word) if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                before.push(word.to_owned());
                at += 2;
            }
            Some("*") => {
                at += 2;
                break;
            }
            // `::<` of generic arguments.
            _ => {
                at += 1;
                break;
            }
        }
    }
    found.push(before);
    at
}

/// Words, `::`, and single signs.
fn tokens(code: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = code.chars().peekable();
    while let Some(character) = rest.next() {
        if character.is_alphanumeric() || character == '_' {
            let mut word = String::from(character);
            while let Some(next) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(next);
            }
            found.push(word);
        } else if character == ':' && rest.next_if_eq(&':').is_some() {
            found.push("::".to_owned());
        } else if !character.is_whitespace() {
            found.push(character.to_string());
        }
    }
    found
}

/// Whether `library::` begins a path.
fn names_library(code: &str, library: &str) -> bool {
    let tokens = tokens(code);
    tokens
        .windows(2)
        .enumerate()
        .any(|(at, pair)| pair[0] == library && pair[1] == "::" && (at == 0 || tokens[at - 1] != "::"))
}

fn names_word(text: &str, word: &str) -> bool {
    tokens(text).iter().any(|token| token == word)
}
