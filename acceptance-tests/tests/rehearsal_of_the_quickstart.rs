//! The README's first command, as a user runs it, and twice at once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::fs;
use std::process::Stdio;

use milink_acceptance_tests::scenario::repository;
use milink_acceptance_tests::secrets::Secrets;
use milink_simulator::rehearsal::provider::{Progress, build_program};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_can_be_rehearsed_twice_at_once() {
    let quickstart = repository().join("examples/quickstart");
    let (one, other) = tokio::join!(rehearse().output(), rehearse().output());
    for output in [one.unwrap(), other.unwrap()] {
        let text = says(&output);
        assert!(output.status.success(), "{text}");
        for part in [
            "link DAG_Sales",
            "PRIMARY",
            "SECONDARY",
            "100 % seeded",
            "No changes.",
            "What remains, by design",
        ] {
            assert!(text.contains(part), "no `{part}`:\n{text}");
        }
        // What is kept for people to read tells where a secret was, and not which.
        let (_, journal) = text.split_once("What the servers were asked: ").expect("the journal is named");
        let journal = fs::read_to_string(journal.lines().next().unwrap().trim()).unwrap();
        assert!(journal.contains("<secret:") && journal.contains("CREATE MASTER KEY"), "{journal}");
        Secrets::default().assert_absent(journal.as_bytes(), "the journal of a rehearsal");
        Secrets::default().assert_absent(text.as_bytes(), "what a rehearsal says");
    }
    let names: Vec<_> = fs::read_dir(&quickstart).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name.to_string_lossy().ends_with(".tf")), "{names:?}");
}

fn rehearse() -> Command {
    let simulator = build_program("milink-simulator", Progress::Quiet).unwrap();
    let mut command = Command::new(simulator);
    command
        .arg("rehearse")
        .arg(repository().join("examples/quickstart"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn says(output: &std::process::Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
