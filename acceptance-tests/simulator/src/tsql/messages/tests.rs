//! The table itself: what it holds, how its texts are filled, and that no number goes past it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Use, all, find};
use crate::faults::Failure;

#[test]
fn every_number_stands_once_and_in_order() {
    let mut seen = BTreeSet::new();
    for table in super::TABLES {
        assert!(table.is_sorted_by_key(|message| message.number), "{:?}", table.first());
        for message in *table {
            assert!(seen.insert(message.number), "{} stands twice", message.number);
        }
    }
    assert!(seen.len() > 300, "{}", seen.len());
    assert!(find(1).is_none());
}

#[test]
fn texts_take_their_arguments_in_order() {
    let text = |number, arguments: &[&dyn Display]| find(number).unwrap().text(arguments);
    assert_eq!(
        text(15151, &[&"drop", &"login", &"x"]),
        "Cannot drop the login 'x', because it does not exist or you do \
                not have permission."
    );
    assert_eq!(
        text(3014, &[&"BACKUP LOG", &128, &0, &"010", &100, &"000"]),
        "BACKUP LOG successfully processed 128 pages in 0.010 seconds (100.000 MB/sec)."
    );
    assert_eq!(text(155, &[&"100%", &"SET"]), "'100%' is not a recognized SET option.");
    assert_eq!(text(102, &[]), "Incorrect syntax near ''.");
    assert_eq!(text(18456, &[&"sa", &"", &""]), "Login failed for user 'sa'.");
    for message in all() {
        let filled = message.text(&vec![&"#" as &dyn Display; message.arguments()]);
        assert_eq!(filled.matches('#').count(), message.arguments(), "{}: {filled}", message.number);
        assert!(!filled.contains('%'), "{}: {filled}", message.number);
    }
}

/// A number that code raises is `Raised`, and what is `Raised` some code raises. [`crate::tsql::error::raise`] sees to it
/// that only numbers of the table are raised; no other way makes an error, but for those that are not the engine's.
#[test]
fn the_table_says_truly_what_is_raised() {
    const FREE: [&str; 4] =
        ["tsql/error.rs", "tsql/session/act.rs", "tsql/session/raise.rs", "tsql/session/run.rs"];
    let mut raised: BTreeMap<i32, String> = BTreeMap::new();
    for (name, text) in sources() {
        let production = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for call in production.split("raise!(").skip(1) {
            let digits: String = call.trim_start().chars().take_while(|one| one.is_ascii_digit()).collect();
            if let Ok(number) = digits.parse() {
                raised.insert(number, name.clone());
            }
        }
        let free = FREE.contains(&name.as_str());
        assert!(free || !production.contains("SqlError::new("), "{name} makes an error without the table");
    }
    for message in all() {
        let is = raised.remove(&message.number);
        match message.usage {
            Use::Raised => assert!(is.is_some(), "{} is raised nowhere", message.number),
            Use::Injected => assert_eq!(is, None, "{} is raised", message.number),
        }
    }
    assert!(raised.is_empty(), "{raised:?}");
}

#[test]
fn faults_send_any_of_them_with_the_engines_text() {
    let Some(Failure::Sql { number, class, state, message }) = Failure::engine(35206, &["SQL2", "id"]) else {
        panic!("35206 is in the table");
    };
    assert_eq!((number, class, state), (35206, 10, 1));
    assert!(message.starts_with("A connection timeout has occurred"), "{message}");
    assert!(message.contains("'SQL2' with id [id]"), "{message}");
    assert_eq!(Failure::engine(1, &[]), None);
}

/// The crate's sources without their tests, by path below `src`.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let is = |name: &str| path.file_name().is_some_and(|own| own == name);
            if path.is_dir() && !is("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !is("tests.rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}
