//! The words of the configuration for what the catalog and the statements have as numbers and types.

use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::sql::catalog::ReplicaRow;
use crate::sql::quote::Identifier;
use crate::sql::statement::{AvailabilityMode, BackupPreference};

/// Where backups are preferred; `primary` for a word that the schema does not let through.
pub(super) fn preference(word: &str) -> BackupPreference {
    match word {
        "secondary" => BackupPreference::Secondary,
        "secondary_only" => BackupPreference::SecondaryOnly,
        "none" => BackupPreference::None,
        _ => BackupPreference::Primary,
    }
}

/// `sys.availability_groups.automated_backup_preference` as a word.
pub(super) fn preference_word(code: Option<i64>) -> &'static str {
    match code {
        Some(1) => "secondary_only",
        Some(2) => "secondary",
        Some(3) => "none",
        _ => "primary",
    }
}

/// A commit mode.
pub(super) fn mode(word: Option<&str>) -> AvailabilityMode {
    match word {
        Some("asynchronous_commit") => AvailabilityMode::Asynchronous,
        _ => AvailabilityMode::Synchronous,
    }
}

/// `sys.availability_replicas.availability_mode` as a word.
pub(super) fn mode_word(replica: Option<&ReplicaRow>) -> &'static str {
    match replica.map(|replica| replica.availability_mode) {
        Some(0) => "asynchronous_commit",
        _ => "synchronous_commit",
    }
}

/// A name as an identifier; `what` says of what, for the error.
pub(super) fn identifier(what: &'static str, name: &str) -> Result<Identifier, Diagnostics> {
    Identifier::parse(what, name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).into())
}
