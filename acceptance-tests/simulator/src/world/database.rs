//! Databases with their copies' state, log positions and backups.

use time::OffsetDateTime;

use super::backups::{BackupRecord, RestoreRecord, RestoreSequence};
use super::log::LogPosition;
use super::log_space::LogSpace;

/// A database on one engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// Name.
    pub name: String,
    /// `database_id`.
    pub id: i32,
    /// State.
    pub state: DatabaseState,
    /// Recovery model: 1 full, 2 bulk-logged, 3 simple.
    pub recovery_model: u8,
    /// Compatibility level.
    pub compatibility_level: u8,
    /// Collation.
    pub collation: String,
    /// Whether it is read-only.
    pub read_only: bool,
    /// Transparent data encryption is on.
    pub encrypted: bool,
    /// Accelerated database recovery is on.
    pub accelerated_recovery: bool,
    /// Service Broker is on.
    pub broker_enabled: bool,
    /// Auto close.
    pub auto_close: bool,
    /// 0 multi, 1 single, 2 restricted.
    pub user_access: u8,
    /// Size of data files, bytes.
    pub size: u64,
    /// File groups and files beyond the primary: name, kind (`FG`, `FX` memory-optimized, `FD` filestream), has data.
    pub special_filegroups: Vec<(String, String, bool)>,
    /// Number of log files.
    pub log_files: u8,
    /// Number of data files of the primary file group.
    pub data_files: u16,
    /// How many of them are in the state DEFUNCT: the last ones.
    pub defunct_files: u16,
    /// File group of the persistent version store, where it is another than the primary one.
    pub version_store: Option<String>,
    /// Owner's login.
    pub owner: String,
    /// When it was made.
    pub created: OffsetDateTime,
    /// `service_broker_guid`/`database_guid`: which database this is, kept across copies.
    pub guid: String,
    /// `group_database_id` while it is in a local group.
    pub group_database_id: Option<String>,
    /// Name of the local group that it is in.
    pub group: Option<String>,
    /// Position of the log: what is hardened here.
    pub hardened_lsn: LogPosition,
    /// Position of the last log backup.
    pub backed_up_lsn: LogPosition,
    /// Log blocks that are written a second while it is the primary copy.
    pub activity: u64,
    /// What of the log is in use.
    pub log: LogSpace,
    /// Backups of it in msdb.
    pub backups: Vec<BackupRecord>,
    /// Restores of it in msdb.
    pub restores: Vec<RestoreRecord>,
    /// How far its restore has come, while one is under way that began with data.
    pub restore: Option<RestoreSequence>,
    /// Whether data movement is suspended (0 USER …).
    pub suspended: Option<u8>,
    /// Links that keep or kept this copy: name of the distributed group that seeded it.
    pub seeded_by: Option<String>,
}

impl Database {
    /// Number of its files.
    pub fn files(&self) -> usize {
        usize::from(self.data_files.max(1))
            + usize::from(self.log_files.max(1))
            + self.special_filegroups.len()
    }
}

/// `sys.databases.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseState {
    /// 0.
    Online,
    /// 1.
    Restoring,
    /// 2.
    Recovering,
    /// 3.
    RecoveryPending,
    /// 4.
    Suspect,
    /// 5.
    Emergency,
    /// 6.
    Offline,
}

impl DatabaseState {
    /// `state` and `state_desc`.
    pub fn code(self) -> (u8, &'static str) {
        match self {
            Self::Online => (0, "ONLINE"),
            Self::Restoring => (1, "RESTORING"),
            Self::Recovering => (2, "RECOVERING"),
            Self::RecoveryPending => (3, "RECOVERY_PENDING"),
            Self::Suspect => (4, "SUSPECT"),
            Self::Emergency => (5, "EMERGENCY"),
            Self::Offline => (6, "OFFLINE"),
        }
    }
}
