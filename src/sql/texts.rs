//! Every text that is sent to a server and does not depend on what is asked for: the set-up of a session, the queries,
//! the application lock.
//!
//! The texts stand where they are used. This list exists so that they can be looked at, and judged by other people's
//! parsers, without a server; `tests/statements.rs` demands that no text is missing from it.

use super::catalog;
use super::connection;
use super::instance;
use super::statement::MajorVersion;

/// A text that is sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it is for, in words with hyphens.
    pub name: &'static str,
    /// The batch.
    pub sql: &'static str,
    /// What its parameters `@P1`, `@P2`, … are; all are `nvarchar`.
    pub parameters: &'static [&'static str],
    /// The first version to which it is sent.
    pub since: MajorVersion,
}

/// All of them: first what opens a session, then what a snapshot asks in its order, then what changes need.
pub const ALL: [Text; 18] = [
    Text::new("session", connection::SESSION),
    Text::new("instance", instance::QUERY),
    Text::new("master-key", catalog::MASTER_KEY),
    Text::new("certificates", catalog::CERTIFICATES),
    Text::new("certificate-issuers", catalog::ISSUERS),
    Text::new("endpoint", catalog::ENDPOINT),
    Text::new("group-databases", catalog::GROUP_DATABASES),
    Text::new("groups", catalog::GROUPS),
    Text::new("replica-states", catalog::REPLICA_STATES),
    Text::new("database-states", catalog::DATABASE_STATES),
    Text::new("databases", catalog::DATABASES),
    Text::new("mirroring-sessions", catalog::MIRRORING_SESSIONS),
    Text::new("running-seedings", catalog::RUNNING_SEEDINGS),
    Text {
        since: MajorVersion::Sql2017,
        ..Text::new("groups-that-need-secondaries", catalog::GROUPS_THAT_NEED_SECONDARIES)
    },
    Text { parameters: &["the group"], ..Text::new("local-role", catalog::LOCAL_ROLE) },
    Text {
        parameters: &["the database"],
        ..Text::new("preferred-for-backups", catalog::PREFERRED_FOR_BACKUPS)
    },
    Text {
        parameters: &["the resource", "milliseconds to wait"],
        ..Text::new("take-lock", catalog::TAKE_LOCK)
    },
    Text { parameters: &["the resource"], ..Text::new("release-lock", catalog::RELEASE_LOCK) },
];

impl Text {
    const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, parameters: &[], since: MajorVersion::Sql2016 }
    }
}
