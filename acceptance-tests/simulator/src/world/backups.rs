//! Backups on media: what `BACKUP` writes and `RESTORE` reads.
//!
//! A medium is a file of a host, a file of a share, or a URL; shares and URLs are the same wherever they are named. Who may
//! read and write there is not modelled, and no medium is ever full.

use time::OffsetDateTime;

use super::database::Database;
use super::instance::SqlInstance;
use super::log::LogPosition;

/// A row of `msdb.dbo.backupset`: of a backup that was taken here, or that was restored from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRecord {
    /// `D` full, `I` differential, `L` log.
    pub kind: char,
    /// Copy-only.
    pub copy_only: bool,
    /// When it began.
    pub started: OffsetDateTime,
    /// When it was finished.
    pub finished: OffsetDateTime,
    /// Where the log that it holds begins; of data, the checkpoint.
    pub first: LogPosition,
    /// Up to where the database is in it.
    pub last: LogPosition,
    /// The devices, as they were written; none where nobody said any.
    pub devices: Vec<String>,
    /// `server_name` where another server took it.
    pub server: Option<String>,
}

impl BackupRecord {
    /// A full backup that begins a chain, of a database as it is at `position`.
    pub fn full(started: OffsetDateTime, finished: OffsetDateTime, position: LogPosition) -> Self {
        Self {
            kind: 'D',
            copy_only: false,
            started,
            finished,
            first: position,
            last: position,
            devices: Vec::new(),
            server: None,
        }
    }

    /// Whether differential backups and chains of log backups rest on it.
    pub fn is_base(&self) -> bool {
        self.kind == 'D' && !self.copy_only
    }
}

/// A backup set on a medium.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupSet {
    /// What msdb says of it.
    pub record: BackupRecord,
    /// The database as it was.
    pub image: Database,
    /// `last` of the full backup on which a differential one rests.
    pub base: LogPosition,
    /// `@@SERVERNAME` of the engine that took it.
    pub server: String,
    /// Its version.
    pub major: u8,
    /// Over how many devices it is spread.
    pub families: usize,
}

/// How far the restore of a database has come, while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreSequence {
    /// `last` of the full backup with which it began.
    pub base: LogPosition,
    /// Where the log begins that was restored with it: data bring none along.
    pub log_from: LogPosition,
}

/// A row of `msdb.dbo.restorehistory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreRecord {
    /// `D`, `I`, `L`.
    pub kind: char,
    /// When.
    pub at: OffsetDateTime,
    /// Whose login.
    pub login: String,
    /// Which of the database's backups, by place.
    pub backup: usize,
    /// `WITH REPLACE`.
    pub replace: bool,
    /// Whether it recovered the database.
    pub recovery: bool,
}

/// What becomes of a secondary's copy that somebody joins, which stands where it was restored to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joinable {
    /// The primary's log goes on from there.
    Yes,
    /// Log is missing between the primary's last log backup and the data that were restored (1478).
    ChainBroken,
    /// The primary's log does not reach back so far (1412).
    LogGone,
    /// Log backups of the primary were not restored (1408).
    BackupsMissing,
}

impl Database {
    /// Whether a copy can follow this database, or what it lacks.
    ///
    /// 1478 and 1412 are as a script of 2020 met them on 2014 to 2019: the one after a full backup that is newer than the
    /// last log backup, the other after a log backup that was not restored. ASSUMED 97: 1408 comes where the primary still
    /// has the log.
    pub fn joinable(&self, copy: &Self) -> Joinable {
        let position = copy.hardened_lsn;
        if copy.restore.is_some_and(|restore| restore.log_from > self.backed_up_lsn) {
            Joinable::ChainBroken
        } else if position < self.log.truncated {
            Joinable::LogGone
        } else if position < self.backed_up_lsn.min(self.hardened_lsn) {
            Joinable::BackupsMissing
        } else {
            Joinable::Yes
        }
    }

    /// Where the log begins that is not backed up yet.
    pub fn unsaved_from(&self) -> LogPosition {
        self.backed_up_lsn.max(self.log.truncated).min(self.hardened_lsn)
    }
}

impl SqlInstance {
    /// Which medium a path means here; nothing for the one that forgets everything.
    pub fn medium(&self, path: &str) -> Option<String> {
        let folded = path.to_lowercase();
        if matches!(folded.as_str(), "nul" | "nul:" | "/dev/null") {
            return None;
        }
        let everywhere = folded.starts_with(r"\\") || folded.contains("://");
        if everywhere {
            return Some(folded);
        }
        let absolute = folded.starts_with('/') || folded.get(1..2) == Some(":");
        let folder = if absolute { "" } else { self.data_folder() };
        let path = if self.linux { path.to_owned() } else { folded };
        Some(format!("{}|{}{path}", self.host, folder.to_lowercase()))
    }

    /// Where files lie that nobody gave a folder, with its separator.
    pub fn data_folder(&self) -> &'static str {
        if self.linux { "/var/opt/mssql/data/" } else { "C:\\Data\\" }
    }
}
