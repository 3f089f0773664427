//! Every recorded request to the real service, sent to a simulator in the recorded situation.
//!
//! The recordings are Microsoft's own (azure-cli and azure-powershell test sessions). `arm_recordings/table.json` says
//! for each in which estate it happened, what has to happen between two of its requests, and which differences between
//! the recorded answer and the simulator's are known, one line each with its reason. A difference that the table does not
//! know fails, and so does a line that explains nothing any more.
//!
//! Compared are the status, the names of the headers, and the body: which properties are there, of which type, and every
//! text. Of texts that are new each time (ids, moments, log positions) only the form is compared.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in; what is skipped is said"
)]

#[path = "arm_recordings/compare.rs"]
mod compare;
#[path = "arm_recordings/recording.rs"]
mod recording;
#[path = "arm_recordings/situation.rs"]
mod situation;

#[path = "arm_support/mod.rs"]
mod arm_support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use compare::differences;
use recording::Recording;
use situation::Situation;

/// What the table says of a recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Where it happened.
    estate: situation::Described,
    /// What happens before the request of a number.
    #[serde(default)]
    before: BTreeMap<usize, Vec<String>>,
    /// Known differences with their reasons: `4 body - /properties/databases/0/lastCommitTime`, `* header + x-cache`.
    differences: Vec<(String, String)>,
}

#[tokio::test]
async fn recorded_requests_get_answers_of_the_recorded_form() {
    let Some(folder) = folder() else { return };
    let table: BTreeMap<String, Row> =
        serde_json::from_str(include_str!("arm_recordings/table.json")).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, row) in &table {
        let recording = Recording::read(&folder.join(name));
        let mut situation = Situation::set(&recording, &row.estate).await;
        let mut used = vec![0; row.differences.len()];
        for (number, entry) in recording.entries.iter().enumerate() {
            for step in row.before.get(&number).into_iter().flatten() {
                situation.act(step).await;
            }
            let answer = situation.replay(entry).await;
            compared += 1;
            for difference in differences(entry, &answer, name.starts_with("azure-cli/")) {
                let known = row.differences.iter().position(|(line, _)| explains(line, number, &difference));
                match known {
                    Some(position) => used[position] += 1,
                    None => wrong.push(format!("{name} {number} {difference}: not in the table")),
                }
            }
        }
        for ((line, reason), used) in row.differences.iter().zip(used) {
            if used == 0 {
                wrong.push(format!("{name} {line}: in the table, but there is no such difference any more"));
            }
            if reason.len() < 12 {
                wrong.push(format!("{name} {line}: without a reason"));
            }
        }
        situation.end().await;
    }
    for name in recording::all(&folder) {
        if !table.contains_key(&name) {
            wrong.push(format!("{name}: the table has no line for this recording"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{compared} recorded requests of {} recordings replayed", table.len());
    assert!(compared > 0);
}

/// Whether a line of the table is about a difference: `NUMBERS KIND SIGN PLACE`, numbers `*` or `4,5`.
fn explains(line: &str, number: usize, difference: &str) -> bool {
    let (numbers, rest) = line.split_once(' ').unwrap();
    let here = numbers == "*" || numbers.split(',').any(|one| one.parse() == Ok(number));
    here && difference.split(" : ").next() == Some(rest)
}

/// Where the recordings are; nothing, which is said, where they are not at hand.
fn folder() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let shared = std::env::var_os("MILINK_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("data/recordings");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: the recordings are neither in ../shared nor where MILINK_SHARED says");
    None
}

#[test]
fn lines_of_the_table_are_about_numbers_and_places() {
    let difference = "body + /properties/x : \"a\"";
    assert!(explains("* body + /properties/x", 3, difference));
    assert!(explains("1,3 body + /properties/x", 3, difference));
    assert!(!explains("1 body + /properties/x", 3, difference));
    assert!(!explains("* body - /properties/x", 3, difference));
}
