//! How much of a database's log is in use, and who needs it.
//!
//! The log is cut by a log backup (where a chain of backups has begun) or by itself, but never past what the slowest
//! secondary has received: a link that is disconnected, suspended or slow makes it grow until it is full, and then nothing
//! can be changed any more (9002). ["Best practices for a link", 2026; the page of sys.databases on log_reuse_wait]

use super::backups::BackupRecord;
use super::database::Database;
use super::log::{BLOCK_KB, LogPosition};

/// Blocks by which a log file grows: 64 MB, as installed.
const GROWTH: u64 = (64 << 10) / BLOCK_KB;

/// The log of one database, but for where it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogSpace {
    /// Where the part begins that is in use.
    pub truncated: LogPosition,
    /// What comes after this is kept for a secondary; nothing where none needs any.
    pub retained: Option<LogPosition>,
    /// Blocks that it can hold at most; nothing where its file can still grow.
    pub limit: Option<u64>,
    /// Where the log ended when the present stride of time began.
    pub(super) before: LogPosition,
    /// Blocks a second that were written in it, as long as there was room.
    pub(super) rate: u64,
    /// Blocks a second that commits can wait for, where they wait for a synchronous secondary.
    pub(super) commit_rate: Option<u64>,
}

impl LogSpace {
    /// A log of which nothing before `position` is in use.
    pub fn beginning(position: LogPosition) -> Self {
        Self { truncated: position, before: position, ..Self::default() }
    }
}

/// Why a log was not cut further: `log_reuse_wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogReuse {
    /// Nothing keeps it.
    Nothing,
    /// A log backup is due.
    LogBackup,
    /// A secondary has not received it.
    AvailabilityReplica,
}

impl LogReuse {
    /// Number and word.
    pub fn code(self) -> (i32, &'static str) {
        match self {
            Self::Nothing => (0, "NOTHING"),
            Self::LogBackup => (2, "LOG_BACKUP"),
            Self::AvailabilityReplica => (9, "AVAILABILITY_REPLICA"),
        }
    }
}

impl Database {
    /// Whether a chain of log backups has begun: from then on they alone cut the log.
    fn chained(&self) -> bool {
        self.recovery_model != 3 && self.backups.iter().any(BackupRecord::is_base)
    }

    fn blocks_in_use(&self) -> u64 {
        self.hardened_lsn.since(self.log.truncated)
    }

    /// Size of the log file, blocks. ASSUMED 33: a quarter of the data to begin with; it grows as it has to.
    pub fn log_size(&self) -> u64 {
        let begun = self.size / 4 / (BLOCK_KB << 10);
        let used = self.blocks_in_use();
        let size = if used <= begun { begun } else { used.next_multiple_of(GROWTH) };
        size.min(self.log.limit.unwrap_or(u64::MAX)).max(1)
    }

    /// Share of the log file that is in use, percent.
    pub fn log_used(&self) -> f64 {
        let share = u128::from(self.blocks_in_use()) * 1_000_000 / u128::from(self.log_size());
        f64::from(u32::try_from(share).unwrap_or(u32::MAX)) / 10_000.0
    }

    /// Takes away what room the log has left, as a disk does that is full.
    pub fn fill_log(&mut self) {
        self.log.limit = Some(self.blocks_in_use());
    }

    /// Whether nothing can be written any more: 9002.
    pub fn log_is_full(&self) -> bool {
        self.log.limit.is_some_and(|limit| self.blocks_in_use() >= limit)
    }

    /// Up to where backups would let it be cut.
    fn backed_up(&self) -> LogPosition {
        if self.chained() { self.backed_up_lsn } else { self.hardened_lsn }
    }

    /// Cuts what is neither needed by a secondary nor yet to be backed up.
    pub fn truncate_log(&mut self, needed: LogPosition) {
        self.log.truncated = self.log.truncated.max(self.backed_up().min(needed));
    }

    /// Why it is not cut further, with a secondary that needs what comes after `needed`.
    pub fn log_reuse(&self, needed: LogPosition) -> LogReuse {
        let cut = self.backed_up();
        // What was written in the last seconds is on its way.
        if cut.since(needed) > self.activity.saturating_mul(2) {
            LogReuse::AvailabilityReplica
        } else if self.chained() && cut < self.hardened_lsn.last_block() && self.log_used() > 50.0 {
            LogReuse::LogBackup
        } else {
            LogReuse::Nothing
        }
    }

    /// Blocks a second that applications write.
    fn write_rate(&self) -> u64 {
        self.log.commit_rate.map_or(self.activity, |most| self.activity.min(most))
    }

    /// Lets applications write for some seconds; `held` says that a secondary keeps the log from being cut.
    pub(super) fn write(&mut self, seconds: u64, held: bool) {
        self.log.before = self.hardened_lsn;
        self.log.rate = self.write_rate();
        let end = self.hardened_lsn.advanced(self.log.rate.saturating_mul(seconds));
        let room = self.log.limit.filter(|_| held || self.chained());
        let last = room.map_or(end, |limit| self.log.truncated.advanced(limit).max(self.hardened_lsn));
        self.hardened_lsn = end.min(last);
    }

    /// Nobody writes.
    pub(super) fn rest(&mut self) {
        self.log.before = self.hardened_lsn;
        self.log.rate = 0;
    }

    /// Seconds after which a log of limited size is full; a second where it is and may be cut any moment.
    pub(super) fn seconds_of_room(&self, held: bool, flowing: bool) -> Option<u64> {
        let limit = self.log.limit.filter(|_| held || self.chained())?;
        let room = self.log.truncated.advanced(limit).since(self.hardened_lsn);
        match room.checked_div(self.write_rate())? {
            0 => (held && flowing && self.log.retained < Some(self.backed_up())).then_some(1),
            seconds => Some(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::tests::Bench;

    fn database() -> Database {
        let bench = Bench::prepared();
        bench.world.with(|estate| estate.sql_servers[0].database("Sales").unwrap().clone())
    }

    #[test]
    fn a_log_is_cut_as_far_as_backups_and_secondaries_allow() {
        let mut one = database();
        one.hardened_lsn = LogPosition(5000);
        one.log = LogSpace::beginning(LogPosition(1000));
        one.backed_up_lsn = LogPosition(4000);
        one.truncate_log(LogPosition(3000));
        assert_eq!(one.log.truncated, LogPosition(3000));
        assert_eq!(one.log_reuse(LogPosition(3000)), LogReuse::AvailabilityReplica);
        one.truncate_log(LogPosition(5000));
        assert_eq!(one.log.truncated, LogPosition(4000));
        assert_eq!(one.log_reuse(LogPosition(5000)), LogReuse::Nothing);
        one.truncate_log(LogPosition(2000));
        assert_eq!(one.log.truncated, LogPosition(4000), "what is gone does not come back");
        one.recovery_model = 3;
        one.truncate_log(LogPosition(5000));
        assert_eq!(one.log.truncated, LogPosition(5000), "SIMPLE needs no backup");
    }

    #[test]
    fn a_full_log_is_full_until_it_is_cut() {
        let mut one = database();
        one.log = LogSpace { limit: Some(100), ..LogSpace::beginning(one.hardened_lsn) };
        (one.activity, one.backed_up_lsn) = (30, one.hardened_lsn);
        assert_eq!(one.seconds_of_room(false, false), Some(3));
        let begun = one.hardened_lsn;
        one.write(10, false);
        assert_eq!((one.hardened_lsn.since(begun), one.log_is_full()), (100, true));
        assert!((one.log_used() - 100.0).abs() < 0.01, "{}", one.log_used());
        assert_eq!(one.seconds_of_room(false, false), None, "nothing happens until somebody does something");
        assert_eq!(one.log_reuse(one.hardened_lsn), LogReuse::LogBackup);
        one.backed_up_lsn = one.hardened_lsn;
        one.truncate_log(one.hardened_lsn);
        assert!(!one.log_is_full());
    }

    #[test]
    fn a_log_without_a_limit_grows() {
        let mut one = database();
        let before = one.log_size();
        one.activity = before;
        one.write(3, true);
        assert!(one.log_size() >= 3 * before && one.log_used() <= 100.0 && !one.log_is_full());
    }
}
