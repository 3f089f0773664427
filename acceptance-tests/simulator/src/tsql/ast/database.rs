//! Statements about databases, their backups, and DBCC.

use super::Name;

#[derive(Debug, Clone)]
pub(crate) enum AlterDatabase {
    RecoveryModel(RecoveryModel),
    Hadr(HadrOption),
    /// `ONLINE`, `OFFLINE`.
    Online(bool),
    /// `READ_ONLY` (`true`), `READ_WRITE`.
    ReadOnly(bool),
    UserAccess(UserAccess),
    Broker(bool),
    AutoClose(bool),
    AcceleratedRecovery(bool),
    CompatibilityLevel(i64),
    Encryption(bool),
    Rename(Name),
    /// An option of the subset's grammar that changes nothing the world models, by its upper-case name.
    Unmodelled(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecoveryModel {
    Full,
    BulkLogged,
    Simple,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserAccess {
    Multi,
    Single,
    Restricted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HadrOption {
    Group(Name),
    Off,
    Suspend,
    Resume,
}

#[derive(Debug, Clone)]
pub(crate) struct Backup {
    pub(crate) database: Name,
    pub(crate) kind: BackupKind,
    pub(crate) targets: Vec<String>,
    pub(crate) copy_only: bool,
    pub(crate) checksum: bool,
    /// `NORECOVERY` (tail-log).
    pub(crate) norecovery: bool,
    /// `INIT` or `FORMAT`: what is on the media goes.
    pub(crate) init: bool,
    /// `FORMAT`.
    pub(crate) format: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackupKind {
    Full,
    Differential,
    Log,
}

#[derive(Debug, Clone)]
pub(crate) struct Restore {
    pub(crate) database: Name,
    pub(crate) log: bool,
    pub(crate) sources: Vec<String>,
    pub(crate) norecovery: bool,
    /// `FILE = n`: which backup set of the media; the first where none is said.
    pub(crate) file: Option<i64>,
    /// Options as they were written, lower case; those of no meaning here too.
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dbcc {
    TraceOn {
        flags: Vec<i64>,
        global: bool,
    },
    TraceOff {
        flags: Vec<i64>,
        global: bool,
    },
    /// Empty: all that are on.
    TraceStatus {
        flags: Vec<i64>,
        global: bool,
    },
    /// `DBCC SQLPERF (LOGSPACE)`.
    LogSpace,
}
