//! Positions in a database's log, and how far a copy of it has come.
//!
//! What the catalog of either engine and ARM say about replication is read off one [`Replication`] per database and link,
//! so that both faces tell the same story.

use time::OffsetDateTime;

use super::flow::{LogRates, Moments, Reached};

/// Kilobytes of a log block: recordings show positions that are eight sectors apart.
pub const BLOCK_KB: u64 = 4;

/// Blocks of a virtual log file, 256 MB.
const BLOCKS_PER_FILE: u64 = 1 << 16;

/// The virtual log file in which a new database's log begins; any number would do.
const FIRST_FILE: u64 = 34;

/// A place in a log: the block that is written next. Counts blocks since the database's beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition(pub u64);

impl LogPosition {
    /// Before anything is written, as `numeric` too.
    pub const ZERO: Self = Self(0);

    /// The place some blocks on.
    #[must_use]
    pub fn advanced(self, blocks: u64) -> Self {
        Self(self.0.saturating_add(blocks))
    }

    /// The place some blocks back.
    #[must_use]
    pub fn back(self, blocks: u64) -> Self {
        Self(self.0.saturating_sub(blocks))
    }

    /// Blocks from `earlier` to here; 0 where that is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The block before: positions of what was sent and received name the block, `last_hardened_lsn` the one after it.
    /// [recordings of 2024: 48000009237600001 sent, 48000009238400001 hardened]
    #[must_use]
    pub fn last_block(self) -> Self {
        self.back(1)
    }

    /// In the form of `numeric(25,0)`: virtual log file, ten digits of the block's first sector, five digits of the
    /// record in the block. Below 2^63 for every log that the world can have.
    pub fn numeric(self) -> u64 {
        if self == Self::ZERO {
            return 0;
        }
        let file = FIRST_FILE + self.0 / BLOCKS_PER_FILE;
        let sector = (1 + self.0 % BLOCKS_PER_FILE) * 8;
        file.saturating_mul(1_000_000_000_000_000).saturating_add(sector * 100_000 + 1)
    }
}

/// How far something has come, and when it last moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Up to where.
    pub position: LogPosition,
    /// Since when; nothing before the first move.
    pub at: Option<OffsetDateTime>,
}

impl Mark {
    fn reach(&mut self, position: LogPosition, now: OffsetDateTime) {
        if self.position != position {
            *self = Self { position, at: Some(now) };
        }
    }
}

/// How far the secondary copy of a database has come, over one link.
///
/// What the source has written meanwhile is its own ([`super::database::Database::hardened_lsn`]): while the link is
/// disconnected these values stand still and that one goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replication {
    /// Sent by the source.
    pub sent: Mark,
    /// Received by the secondary.
    pub received: Mark,
    /// Hardened by the secondary.
    pub hardened: Mark,
    /// Redone by the secondary.
    pub redone: Mark,
    /// Kilobytes a second that were sent last.
    pub send_rate: u64,
    /// Kilobytes a second that were redone last.
    pub redo_rate: u64,
    /// How many seconds of the source's work the secondary has yet to receive.
    pub send_lag: u64,
    /// How many seconds of the source's work the secondary has yet to redo.
    pub lag: u64,
    /// Whether commits wait for the secondary, and it has everything.
    pub synchronized: bool,
    /// Whether either side has suspended the movement of data.
    pub suspended: bool,
}

impl Replication {
    /// The secondary has come so far, the last of it at these moments. What is sent is received and hardened at once.
    pub(super) fn reach(&mut self, reached: Reached, at: Moments) {
        for mark in [&mut self.sent, &mut self.received, &mut self.hardened] {
            mark.reach(reached.received, at.received);
        }
        self.redone.reach(reached.redone, at.redone);
    }

    /// What flowed in the last second: from where to where.
    pub(super) fn flowed(&mut self, from: Reached, to: Reached) {
        self.send_rate = to.received.since(from.received) * BLOCK_KB;
        self.redo_rate = to.redone.since(from.redone) * BLOCK_KB;
    }

    /// How late the secondary is, with a source whose log ends at `source` and grows by `writes` blocks a second.
    ///
    /// ASSUMED 95: in seconds of the source's present work; where it does not work, in seconds that the rest takes, or with
    /// `idle` in none.
    pub(super) fn measure(&mut self, source: LogPosition, writes: u64, rates: LogRates, idle: bool) {
        let late = |queue: u64| {
            if idle && writes == 0 {
                return 0;
            }
            let rate = if writes > 0 { writes } else { rates.send.min(rates.redo) };
            queue.div_ceil(rate.max(1))
        };
        self.send_lag = late(source.since(self.received.position));
        self.lag = late(source.since(self.redone.position));
    }

    /// The connection is gone: nothing flows.
    pub fn stop(&mut self) {
        (self.send_rate, self.redo_rate) = (0, 0);
    }

    /// `log_send_queue_size`, kilobytes, with a source that has written up to `source`.
    pub fn send_queue(&self, source: LogPosition) -> u64 {
        source.since(self.sent.position) * BLOCK_KB
    }

    /// `redo_queue_size`, kilobytes.
    pub fn redo_queue(&self) -> u64 {
        self.received.position.since(self.redone.position) * BLOCK_KB
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn positions_have_the_form_of_recorded_ones_and_grow() {
        assert_eq!(LogPosition(1000).numeric(), 34_000_000_800_800_001);
        assert_eq!(LogPosition(1000).numeric() - LogPosition(1000).last_block().numeric(), 8_00000);
        let many = (0..200_000).step_by(997).map(|blocks| LogPosition(blocks).numeric());
        assert!(many.is_sorted_by(|one, next| one < next));
        assert_eq!(LogPosition::ZERO.numeric(), 0);
        assert!(i64::try_from(LogPosition(1 << 29).numeric()).is_ok());
    }

    #[test]
    fn what_is_not_sent_is_queued() {
        let now = datetime!(2026-06-01 12:00 UTC);
        let mut replication = Replication::default();
        let reached = Reached { received: LogPosition(100), redone: LogPosition(90) };
        replication.reach(reached, Moments::both(now));
        replication.flowed(Reached { received: LogPosition(90), redone: LogPosition(81) }, reached);
        replication.measure(LogPosition(110), 5, LogRates::default(), true);
        assert_eq!((replication.send_queue(LogPosition(110)), replication.redo_queue()), (40, 40));
        assert_eq!((replication.send_rate, replication.redo_rate), (40, 36));
        assert_eq!((replication.send_lag, replication.lag), (2, 4));
        assert_eq!(replication.hardened, Mark { position: LogPosition(100), at: Some(now) });
        // Looking again at the same moment changes nothing.
        let before = replication.clone();
        replication.reach(reached, Moments::both(now + time::Duration::SECOND));
        assert_eq!(replication, before);
        replication.measure(LogPosition(110), 0, LogRates { send: 2, redo: 4 }, false);
        assert_eq!((replication.send_lag, replication.lag), (5, 10), "nobody works: how long the rest takes");
        replication.measure(LogPosition(110), 0, LogRates { send: 2, redo: 4 }, true);
        assert_eq!((replication.send_lag, replication.lag), (0, 0), "nobody works: nobody is late");
        replication.stop();
        assert_eq!((replication.send_rate, replication.send_queue(LogPosition(200))), (0, 400));
    }
}
