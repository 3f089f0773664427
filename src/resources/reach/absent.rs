//! A block whose server is not at hand: why, and what a verb makes of it.

use std::fmt;
use std::sync::Arc;

use super::{kept, not_checked, sql_error, still_unknown};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::provider::Clients;
use crate::sql::{self, Server};

/// A block whose server is not at hand.
#[derive(Debug)]
pub enum Absent {
    /// An argument of the provider block is not known yet.
    NotKnown(String),
    /// There is no such block, or which is meant is not clear.
    Wrong(Diagnostic),
    /// Nobody answers.
    Silent {
        /// The server.
        server: Arc<Server>,
        /// Why.
        error: Arc<sql::Error>,
        /// Whether its objects keep their last known state then.
        keep: bool,
    },
    /// It answered, and refused.
    Refused {
        /// The server.
        server: Arc<Server>,
        /// Why.
        error: Arc<sql::Error>,
    },
    /// Another server answers than was met before.
    Another(Diagnostic),
}

impl Absent {
    /// As a user reads it: `doing` is "look at", `argument` names the server.
    pub fn diagnostic(&self, doing: &str, argument: &'static str) -> Diagnostic {
        match self {
            Self::NotKnown(unknown) => still_unknown(unknown),
            Self::Silent { server, error, .. } | Self::Refused { server, error } => {
                sql_error(doing, server, error).at(argument)
            }
            Self::Wrong(diagnostic) | Self::Another(diagnostic) => diagnostic.clone().at(argument),
        }
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotKnown(argument) => write!(f, "the provider's argument {argument} is not known yet"),
            Self::Silent { server, error, .. } | Self::Refused { server, error } => {
                write!(f, "\"{}\" ({error})", server.name())
            }
            Self::Wrong(diagnostic) | Self::Another(diagnostic) => {
                f.write_str(diagnostic.detail.trim_end_matches('.'))
            }
        }
    }
}

/// For a read of what is not at hand: the prior state is kept, with a warning once for each server, or not.
///
/// # Errors
/// When it is not to be kept. `argument` names the server.
pub fn kept_or_failed(
    context: &Context<Clients>,
    why: &Absent,
    argument: &'static str,
) -> Result<(), Diagnostics> {
    match why {
        Absent::NotKnown(_) | Absent::Silent { keep: true, .. } => {
            unlooked(context, why);
            Ok(())
        }
        _ => Err(why.diagnostic("read", argument).into()),
    }
}

/// Says once for each server that it was done without.
pub fn unlooked(context: &Context<Clients>, why: &Absent) {
    match why {
        Absent::NotKnown(argument) => not_checked(context, argument),
        Absent::Silent { server, error, keep: true } => kept(context, server, error),
        Absent::Silent { server, error, keep: false } | Absent::Refused { server, error } => {
            let about = format!("unlooked {}", server.name());
            if context.client().is_some_and(|clients| clients.say_once(&about)) {
                let mut warning = sql_error("look at", server, error);
                warning.severity = Severity::Warning;
                warning.detail.push_str(". What does not need it goes on without a look at it");
                context.warn(warning);
            }
        }
        Absent::Wrong(diagnostic) | Absent::Another(diagnostic) => {
            if context.client().is_some_and(|clients| clients.say_once(&diagnostic.detail)) {
                context.warn(Diagnostic { severity: Severity::Warning, ..diagnostic.clone() });
            }
        }
    }
}
