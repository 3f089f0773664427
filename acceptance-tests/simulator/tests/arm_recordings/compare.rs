//! What a recorded answer and the simulator's have in common.

use std::collections::BTreeSet;

use serde_json::Value;

use super::arm_support::Answer;
use super::recording::Entry;

/// Headers that whoever transcribed the recordings left out of all of them.
const TRIMMED: [&str; 7] = [
    "transfer-encoding",
    "vary",
    "x-ms-correlation-request-id",
    "x-ms-operation-identifier",
    "x-ms-request-id",
    "x-ms-routing-request-id",
    "x-msedge-ref",
];

/// What the recorder of azure-cli drops (azure-cli-testsdk 0.3.0, `FILTER_HEADERS`).
const NOT_IN_CLI: [&str; 1] = ["retry-after"];

/// Texts that are new each time.
const NEW: [&str; 5] =
    ["startTime", "createTime", "expiryDate", "creationDate", "distributedAvailabilityGroupId"];

/// The differences, each as `KIND SIGN PLACE : what`, `-` for what only the recording has, `+` for what it does not have,
/// `~` for what is another.
pub(crate) fn differences(recorded: &Entry, answer: &Answer, cli: bool) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.status != answer.status {
        found.push(format!("status ~ {} : {} {}", recorded.status, answer.status, answer.body));
    }
    let there: BTreeSet<&str> = recorded.headers.iter().map(String::as_str).collect();
    let here: BTreeSet<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    for name in there.difference(&here) {
        found.push(format!("header - {name}"));
    }
    for name in here.difference(&there) {
        let left_out = TRIMMED.contains(name) || (cli && NOT_IN_CLI.contains(name)) || recorded.partial;
        if !left_out {
            found.push(format!("header + {name}"));
        }
    }
    if let Some(body) = &recorded.body {
        values(body, &answer.body, "", &mut found);
    }
    found
}

fn values(recorded: &Value, own: &Value, place: &str, found: &mut Vec<String>) {
    match (recorded, own) {
        (Value::Object(there), Value::Object(here)) => {
            for (name, value) in there {
                match here.get(name) {
                    Some(own) => values(value, own, &format!("{place}/{name}"), found),
                    None => found.push(format!("body - {place}/{name} : {value}")),
                }
            }
            for (name, value) in here.iter().filter(|(name, _)| !there.contains_key(*name)) {
                found.push(format!("body + {place}/{name} : {value}"));
            }
        }
        (Value::Array(there), Value::Array(here)) => {
            // Order is the service's whim: databases come back in another one than they were sent in.
            let (there, here) = (sorted(there), sorted(here));
            if there.len() != here.len() {
                found.push(format!("body ~ {place} : {} elements, {} recorded", here.len(), there.len()));
            }
            for (position, (value, own)) in there.iter().zip(here).enumerate() {
                values(value, own, &format!("{place}/{position}"), found);
            }
        }
        (Value::String(there), Value::String(here)) => {
            let name = place.rsplit('/').next().unwrap_or_default();
            let same = if is_new(name, there) { form(there) == form(here) } else { there == here };
            if !same {
                found.push(format!("body ~ {place} : {here:?}, recorded {there:?}"));
            }
        }
        (Value::Number(_), Value::Number(_)) => {}
        (there, here) if there == here => {}
        (there, here) => found.push(format!("body ~ {place} : {here}, recorded {there}")),
    }
}

/// Whether a text is another each time, so that only its form counts.
fn is_new(name: &str, text: &str) -> bool {
    name.ends_with("Lsn")
        || name.ends_with("ReplicaId")
        || (name.starts_with("last") && name.ends_with("Time"))
        || NEW.contains(&name)
        || (name == "name" && uuid::Uuid::try_parse(text).is_ok())
}

/// Letters and digits by kind: of a moment, an id, a number.
fn form(text: &str) -> String {
    if uuid::Uuid::try_parse(text).is_ok() {
        return if text == text.to_lowercase() { "uuid" } else { "UUID" }.to_owned();
    }
    // Moments have up to three fraction digits, numbers any length.
    let plain = text.split('.').next().unwrap_or_default().trim_end_matches('Z');
    let kind = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let mut form: String = plain.chars().map(kind).collect();
    if form.chars().all(|c| c == '0') {
        form.truncate(1);
    }
    form
}

fn sorted(list: &[Value]) -> Vec<&Value> {
    let key = |value: &Value| {
        let name =
            ["databaseName", "name"].iter().find_map(|name| value.get(*name)?.as_str().map(str::to_owned));
        name.unwrap_or_default()
    };
    let mut list: Vec<&Value> = list.iter().collect();
    list.sort_by_key(|value| key(value));
    list
}

#[test]
fn what_is_missing_extra_or_another_is_found() {
    let recorded = serde_json::json!({ "a": "x", "b": { "lastSentLsn": "123" }, "c": [{ "name": "2" }, { "name": "1" }] });
    let own = serde_json::json!({ "a": "X", "b": { "lastSentLsn": "0x1", "d": 1 }, "c": [{ "name": "1" }, { "name": "2" }] });
    let mut found = Vec::new();
    values(&recorded, &own, "", &mut found);
    let places: Vec<&str> = found.iter().map(|one| one.split(" : ").next().unwrap()).collect();
    assert_eq!(places, ["body ~ /a", "body ~ /b/lastSentLsn", "body + /b/d"]);
    assert_eq!(form("2024-10-30T15:05:22.123Z"), form("2026-01-02T03:04:05Z"));
    assert_ne!(form("750661f9-a5f1-d392-6011-b1c88e71a461"), form("750661F9-A5F1-D392-6011-B1C88E71A461"));
}
