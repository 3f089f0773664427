//! Rules of faults as JSON, and as arguments of the command line.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ApiError;
use crate::faults::{Action, Failure, Filter, Moment, Pattern, Rule, RuleId};
use crate::journal::Face;

/// A rule: which statements and calls it counts, which of them it hits, and what happens to those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct FaultForm {
    /// Count events of one face only: `sql`, `arm` or `entra`.
    #[arg(long, value_parser = face)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<Face>,
    /// Count events of servers like this: `sql1.corp.example`, `management.azure.com`. `*` stands for anything, letter
    /// case does not matter.
    #[arg(long, value_name = "PATTERN")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Count events of kinds like this: `CREATE CERTIFICATE`, `PUT distributedAvailabilityGroups`.
    #[arg(long, value_name = "PATTERN")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Count events whose whole text or object is like this: `*[Sales]*`.
    #[arg(long, value_name = "PATTERN")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The first event that is hit, counted from 1.
    #[arg(long, default_value_t = 1)]
    #[serde(default = "one")]
    pub nth: u64,
    /// How many in a row are hit from there.
    #[arg(long, default_value_t = 1, conflicts_with = "always")]
    #[serde(default = "one")]
    pub times: u64,
    /// Whether all are hit from there.
    #[arg(long)]
    #[serde(default)]
    pub always: bool,
    /// What happens to them.
    #[command(subcommand)]
    pub action: ActionForm,
}

/// What happens to an event that a rule hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, clap::Subcommand)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionForm {
    /// A statement is refused with this error; nothing is done.
    FailSql {
        /// Error number.
        #[arg(long)]
        number: i32,
        /// Text.
        #[arg(long, default_value = "A fault was injected.")]
        message: String,
        /// Severity; from 20 on the connection ends.
        #[arg(long, default_value_t = 16)]
        #[serde(default = "severity")]
        class: u8,
        /// State.
        #[arg(long, default_value_t = 1)]
        #[serde(default = "state")]
        state: u8,
    },
    /// A call is refused with this error; nothing is done.
    FailHttp {
        /// HTTP status.
        #[arg(long)]
        status: u16,
        /// `error.code`.
        #[arg(long)]
        code: String,
        /// `error.message`.
        #[arg(long, default_value = "A fault was injected.")]
        message: String,
        /// Value of `Retry-After`.
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u32>,
    },
    /// It is done after this long, by the host's clock.
    Delay {
        /// How long.
        #[arg(long)]
        milliseconds: u64,
    },
    /// Nothing is done and nothing answered, until faults are resumed or cleared or the client gives up.
    Hang,
    /// The connection is closed without an answer.
    Cut {
        /// Whether before or after the deed is done.
        #[arg(long, value_enum)]
        moment: MomentForm,
    },
    /// The session is killed: nothing is done; a SQL client reads 596 and loses its connection, as after `KILL`, and a
    /// caller of Azure loses its connection.
    Kill,
}

/// Side of the deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum MomentForm {
    /// Nothing is done.
    Before,
    /// It is done, and nobody is told.
    After,
}

fn one() -> u64 {
    1
}

fn severity() -> u8 {
    16
}

fn state() -> u8 {
    1
}

fn face(text: &str) -> Result<Face, String> {
    serde_json::from_value(text.into()).map_err(|_| "one of sql, arm and entra".to_owned())
}

/// Error 596 as a killed session reads it.
const KILLED: (i32, u8, &str) =
    (596, 21, "Cannot continue the execution because the session is in the kill state.");

impl FaultForm {
    /// The rule.
    pub(super) fn rule(&self) -> Result<Rule, ApiError> {
        if self.nth == 0 || self.times == 0 {
            return Err(ApiError::bad_request("`nth` and `times` count from 1"));
        }
        let pattern = |text: &Option<String>| text.as_deref().map(Pattern::new);
        Ok(Rule {
            filter: Filter {
                face: self.face,
                server: pattern(&self.server),
                kind: pattern(&self.kind),
                text: pattern(&self.text),
            },
            nth: self.nth,
            times: (!self.always).then_some(self.times),
            action: self.action.action(),
        })
    }
}

impl ActionForm {
    fn action(&self) -> Action {
        match self {
            Self::FailSql { number, message, class, state } => Action::Fail(Failure::Sql {
                number: *number,
                class: *class,
                state: *state,
                message: message.clone(),
            }),
            Self::FailHttp { status, code, message, retry_after_seconds } => Action::Fail(Failure::Http {
                status: *status,
                code: code.clone(),
                message: message.clone(),
                retry_after: *retry_after_seconds,
            }),
            Self::Delay { milliseconds } => Action::Delay(Duration::from_millis(*milliseconds)),
            Self::Hang => Action::Hang,
            Self::Cut { moment: MomentForm::Before } => Action::Cut(Moment::Before),
            Self::Cut { moment: MomentForm::After } => Action::Cut(Moment::After),
            Self::Kill => {
                let (number, class, message) = KILLED;
                Action::EndSession(Failure::Sql { number, class, state: 1, message: message.to_owned() })
            }
        }
    }
}

/// A rule in force: as it was added, with its number, how many events it has counted and how many it has hit.
pub(super) fn show(id: RuleId, rule: &Rule, counted: u64) -> Value {
    let pattern = |pattern: &Option<Pattern>| pattern.as_ref().map(Pattern::to_string);
    let last = rule.times.map_or(u64::MAX, |times| rule.nth.saturating_add(times) - 1);
    let hit = counted.min(last).saturating_sub(rule.nth - 1);
    json!({
        "id": id.number(),
        "face": rule.filter.face,
        "server": pattern(&rule.filter.server),
        "kind": pattern(&rule.filter.kind),
        "text": pattern(&rule.filter.text),
        "nth": rule.nth,
        "times": rule.times,
        "action": rule.action.to_string(),
        "counted": counted,
        "hit": hit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> FaultForm {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let form =
            read(r#"{"kind": "CREATE *", "action": {"type": "fail_sql", "number": 1205, "message": "m"}}"#);
        let rule = form.rule().unwrap();
        assert_eq!((rule.nth, rule.times), (1, Some(1)));
        let sql = Failure::Sql { number: 1205, class: 16, state: 1, message: "m".into() };
        assert_eq!(rule.action, Action::Fail(sql));
        let always =
            read(r#"{"always": true, "action": {"type": "cut", "moment": "after"}}"#).rule().unwrap();
        assert_eq!((always.times, always.action), (None, Action::Cut(Moment::After)));
        assert!(read(r#"{"nth": 0, "action": {"type": "hang"}}"#).rule().is_err());
        assert!(serde_json::from_str::<FaultForm>(r#"{"nht": 2, "action": {"type": "hang"}}"#).is_err());
    }

    #[test]
    fn hits_are_those_of_the_events_from_the_nth_on() {
        let rule = read(r#"{"nth": 3, "times": 2, "action": {"type": "hang"}}"#).rule().unwrap();
        let faults = crate::faults::Faults::new();
        let id = faults.add(rule.clone());
        let hits: Vec<Value> = (0..7).map(|counted| show(id, &rule, counted)["hit"].clone()).collect();
        assert_eq!(hits, [0, 0, 0, 1, 2, 2, 2].map(Value::from));
    }
}
