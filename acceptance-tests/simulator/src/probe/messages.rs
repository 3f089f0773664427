//! The engine's messages: numbers, severities and texts of the simulator's table against the real server's.

use std::collections::BTreeMap;

use super::engine::Engine;
use super::report::{Outcome, Verdict};
use super::server::{ResultSet, SqlFailure};

/// A message as `sys.messages` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    severity: String,
    logged: String,
    text: String,
}

type Messages = BTreeMap<u32, Message>;

const ALL: &str =
    "SELECT message_id, severity, is_event_logged, text FROM sys.messages WHERE language_id = 1033";

/// Compares every message of the simulator with the real server's.
///
/// # Errors
/// When one of the two does not answer.
pub(super) async fn compare(engine: &mut Engine) -> Result<Outcome, SqlFailure> {
    let simulated = messages(&engine.ask_twin(ALL).await?);
    let real = messages(&engine.ask(ALL).await?);
    Ok(differences(&simulated, &real))
}

fn messages(answer: &ResultSet) -> Messages {
    let message = |row: usize| {
        let word = |column: &str| answer.value(row, column).unwrap_or_default().to_owned();
        let number = word("message_id").parse().ok()?;
        Some((
            number,
            Message { severity: word("severity"), logged: word("is_event_logged"), text: word("text") },
        ))
    };
    (0..answer.rows.len()).filter_map(message).collect()
}

fn differences(simulated: &Messages, real: &Messages) -> Outcome {
    let mut told = Vec::new();
    for (number, own) in simulated {
        let Some(there) = real.get(number) else {
            told.push(format!("there is no {number}"));
            continue;
        };
        for (what, there, own) in [
            ("severity", &there.severity, &own.severity),
            ("is_event_logged", &there.logged, &own.logged),
            ("text", &there.text, &own.text),
        ] {
            if there != own {
                told.push(format!("{what} of {number}: {there}, in the simulator {own}"));
            }
        }
    }
    let mut outcome =
        Outcome::new(Verdict::of(told.is_empty())).with(format!("{} messages compared", simulated.len()));
    outcome.evidence.append(&mut told);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(rows: &[(u32, &str, &str)]) -> Messages {
        let message = |severity: &str, text: &str| Message {
            severity: severity.to_owned(),
            logged: "0".to_owned(),
            text: text.to_owned(),
        };
        rows.iter().map(|(number, severity, text)| (*number, message(severity, text))).collect()
    }

    #[test]
    fn differences_are_told_by_number() {
        let simulated = messages(&[(1, "16", "a"), (2, "16", "b"), (3, "10", "c")]);
        assert_eq!(differences(&simulated, &simulated).verdict, Verdict::Confirmed);
        let outcome = differences(&simulated, &messages(&[(1, "16", "a"), (2, "16", "B"), (4, "10", "c")]));
        assert_eq!(outcome.verdict, Verdict::Contradicted);
        assert_eq!(
            outcome.evidence,
            ["3 messages compared", "text of 2: B, in the simulator b", "there is no 3"]
        );
    }
}
