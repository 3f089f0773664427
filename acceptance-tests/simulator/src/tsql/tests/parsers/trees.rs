//! What is read in a statement about endpoints and groups: ScriptDom's tree against ours, in the neutral form.

#![allow(clippy::string_slice, reason = "texts of these tests are cut where their tokens end")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::statements::{Case, List};
use super::{NEWEST, Oracle, PARSERS, batches, ours, scriptdom};
use crate::tsql::parser;

/// SqlParser's own faults: it refuses what the documentation of the statement has.
const FAULTS: [(&str, &str); 1] = [("LISTENER_IP = (10.", "it does not read an address without quotes")];

#[test]
fn our_tree_says_what_scriptdoms_says() {
    let Some(oracle) = Oracle::find() else { return };
    let list = List::all();
    assert!(list.cases.len() > 1_000, "{}", list.cases.len());
    let lines: Vec<String> = list.cases.iter().map(|case| format!("{}\nGO\n", case.theirs)).collect();
    let theirs = oracle.write("scriptdom.sql", &lines.concat());
    let mut wrong = Vec::new();
    for said in oracle.ask(&["--versions", "130,140"], std::slice::from_ref(&theirs)) {
        let refused = said
            .errors
            .iter()
            .map(|(line, error)| format!("{}: {}: {error}", said.parser, list.cases[case_at(*line)].theirs));
        wrong.extend(refused);
    }
    let said = oracle.ask(&["--ast", "--versions", "150"], &[theirs]);
    let trees = trees(&said[0].tree);
    for (index, case) in list.cases.iter().enumerate() {
        let Some(tree) = trees.get(&index) else {
            wrong.push(format!("{NEWEST} refuses {}", case.theirs));
            continue;
        };
        let mut theirs =
            scriptdom::neutral(tree, &list.newer).expect("a statement about endpoints or groups");
        (case.adjust)(&mut theirs);
        for (version, _) in PARSERS {
            let batch = match parser::parse(&case.ours, version) {
                Ok(batch) => batch,
                Err(_) if newer_than(version, &case.ours) => continue,
                Err(error) => {
                    wrong.push(format!("{}: we refuse it in {version}: {error:?}", case.ours));
                    continue;
                }
            };
            let [statement] = batch.statements.as_slice() else { panic!("{}: {batch:?}", case.ours) };
            let ours = ours::neutral(statement);
            if ours.as_ref() != Some(&theirs) {
                wrong.push(format!("{}\n    ours    {ours:?}\n    theirs  {theirs}", case.ours));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    println!("{} statements about endpoints and groups, the same trees", list.cases.len());
}

/// The same statements as a server takes them, by the parser that follows the server's grammar.
#[test]
fn sqlparser_takes_the_statements_as_they_are() {
    let Some(oracle) = Oracle::find() else { return };
    let list = List::all();
    let (refused, taken): (Vec<&Case>, Vec<&Case>) = list
        .cases
        .iter()
        .partition(|case| FAULTS.iter().any(|(text, _)| case.ours.contains(text)) || several(&case.ours));
    let lines: String = taken.iter().map(|case| format!("{}\nGO\n", case.ours)).collect();
    let mut files = vec![oracle.write("server.sql", &lines)];
    for (index, case) in refused.iter().enumerate() {
        files.push(oracle.write(&format!("refused-{index}.sql"), &case.ours));
    }
    let mut wrong = Vec::new();
    for said in oracle.ask(&["--versions", "150", "--sqlparser"], &files) {
        if said.parser != "SqlParser" {
            continue;
        }
        match said.file.strip_prefix("refused-") {
            None => wrong.extend(
                said.errors.iter().map(|(line, error)| format!("{}: {error}", taken[case_at(*line)].ours)),
            ),
            Some(index) if said.errors.is_empty() => {
                let case = refused[index.parse::<usize>().expect("a number")];
                wrong.push(format!("{} is taken", case.ours));
            }
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// ASSUMED 120: what SqlParser does not take and we do. It has one database, one replica and, where a replica is modified,
/// one option behind `ALTER AVAILABILITY GROUP`, as the grammar on that page has. ScriptDom takes several, and so do that
/// page's words ("one to eight") and the text of 35223 ("Cannot add %d availability replica(s)").
fn several(text: &str) -> bool {
    let Some(change) = text.strip_prefix("ALTER AVAILABILITY GROUP ") else { return false };
    let commas = commas(change);
    if change.contains(" DATABASE ")
        || change.contains(" REMOVE REPLICA ON ")
        || change.contains(" ADD REPLICA ON ")
    {
        return commas[0] > 0;
    }
    change.contains(" MODIFY REPLICA ON ") && commas[0] + commas[1] > 0
}

/// Commas outside of parentheses, and in the outermost ones; strings and names aside.
fn commas(text: &str) -> [usize; 2] {
    let (mut depth, mut found) = (0_usize, [0; 2]);
    for token in tokens(text) {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth < 2 => found[depth] += 1,
            _ => {}
        }
    }
    found
}

/// The statements of the corpus that ScriptDom reads as they are.
#[test]
fn our_tree_of_the_corpus_says_what_scriptdoms_says() {
    let Some(oracle) = Oracle::find() else { return };
    let files = oracle.corpus();
    let mut count = 0;
    for (path, said) in files.iter().zip(oracle.ask(&["--ast", "--versions", "150"], &files)) {
        let text = std::fs::read_to_string(path).expect("a readable file");
        let texts = batches(&text);
        let Ok(batches) = texts.iter().map(|one| parser::parse(one, 17)).collect::<Result<Vec<_>, _>>()
        else {
            continue;
        };
        if !said.errors.is_empty() {
            continue;
        }
        let ours: Vec<Value> =
            batches.iter().flat_map(|batch| &batch.statements).filter_map(ours::neutral).collect();
        let theirs: Vec<Value> =
            statements(&said.tree).filter_map(|tree| scriptdom::neutral(tree, &[])).collect();
        assert_eq!(ours, theirs, "{}", said.file);
        count += ours.len();
    }
    assert!(count >= 15, "{count}");
}

/// A statement of the list with one word or sign left out, written twice or misspelt is taken by both or by neither.
#[test]
fn what_is_misspelt_is_refused_where_scriptdom_refuses_it() {
    let Some(oracle) = Oracle::find() else { return };
    let list = List::all();
    let mut texts = BTreeSet::new();
    for case in list.cases.iter().filter(|case| case.ours == case.theirs).step_by(45) {
        let tokens = tokens(&case.ours);
        for index in 0..tokens.len() {
            let mut left_out = tokens.clone();
            let token = left_out.remove(index);
            texts.insert(left_out.join(" "));
            let mut twice = tokens.clone();
            twice.insert(index, token.clone());
            texts.insert(twice.join(" "));
            if token.chars().all(|one| one.is_ascii_uppercase() || one == '_') {
                let mut misspelt = tokens.clone();
                misspelt[index] = format!("{token}X");
                texts.insert(misspelt.join(" "));
            }
        }
    }
    let texts: Vec<String> = texts.into_iter().collect();
    assert!(texts.len() > 400, "{}", texts.len());
    // One file each: ScriptDom stops after some errors.
    let files: Vec<PathBuf> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| oracle.write(&format!("misspelt-{index}.sql"), text))
        .collect();
    let mut wrong = Vec::new();
    for (text, said) in texts.iter().zip(oracle.ask(&["--versions", "150"], &files)) {
        let ours = parser::parse(text, 15);
        if ours.is_err() == said.errors.is_empty() {
            wrong.push(format!("{text}\n    ours {:?}, theirs {:?}", ours.err(), said.errors.first()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), texts.len(), wrong.join("\n"));
    println!("{} misspelt statements, the same verdicts", texts.len());
}

/// Words and signs, with strings and bracketed names whole.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' | '[' => {
                let end = if first == '[' { ']' } else { first };
                let mut at = 1;
                loop {
                    at += rest[at..].find(end).expect("a closed quote") + 1;
                    if rest[at..].starts_with(end) {
                        at += 1;
                    } else {
                        break at;
                    }
                }
            }
            'N' if rest.starts_with("N'") => 1 + tokens_length(&rest[1..]),
            one if one.is_alphanumeric() || one == '_' => rest
                .find(|other: char| !other.is_alphanumeric() && other != '_' && other != '.')
                .unwrap_or(rest.len()),
            one => one.len_utf8(),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The length of the string that `text` begins with.
fn tokens_length(text: &str) -> usize {
    tokens(text).first().map_or(0, String::len)
}

/// Whether the text has a word that came after that version.
fn newer_than(version: u8, text: &str) -> bool {
    const WORDS: [(&str, u8); 4] = [
        ("CLUSTER_TYPE", 14),
        ("REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT", 14),
        ("CONTAINED", 16),
        ("REUSE_SYSTEM_DATABASES", 16),
    ];
    WORDS.iter().any(|(word, first)| version < *first && text.contains(word))
}

/// The case of a line: one line each, and `GO` behind it.
fn case_at(line: u64) -> usize {
    usize::try_from((line - 1) / 2).expect("a small number")
}

/// The trees of the cases.
fn trees(tree: &Value) -> BTreeMap<usize, &Value> {
    statements(tree).map(|one| (case_at(one["line"].as_u64().expect("a line")), one)).collect()
}

fn statements(tree: &Value) -> impl Iterator<Item = &Value> {
    let batches = tree["Batches"].as_array().into_iter().flatten();
    batches.flat_map(|batch| batch["Statements"].as_array().into_iter().flatten())
}
