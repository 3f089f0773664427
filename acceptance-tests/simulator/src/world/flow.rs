//! How far a copy comes in some seconds.
//!
//! Second by second: an application writes; the source sends what was there a second ago, or with synchronous commit what
//! is there now, as fast as the way allows; the copy hardens what arrives and redoes it as fast as it can. What that leads
//! to after any number of seconds has a closed form, because every rate stands still meanwhile: how far a stage has come
//! is the least of some straight lines, and of those only the first and the last second count.

use time::{Duration, OffsetDateTime};

use super::database::Database;
use super::estate::Network;
use super::log::{BLOCK_KB, LogPosition};
use super::managed::{Link, LinkPhase};

/// What the source did in some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Where its log ended when they began.
    pub(super) before: LogPosition,
    /// Where it ends now.
    pub(super) now: LogPosition,
    /// Blocks a second, until there was no room any more.
    pub(super) rate: u64,
}

impl Database {
    /// What was written to it in the present stride.
    pub(super) fn written(&self) -> Written {
        Written { before: self.log.before, now: self.hardened_lsn, rate: self.log.rate }
    }
}

impl Written {
    fn after(self, seconds: u64) -> LogPosition {
        self.before.advanced(self.rate.saturating_mul(seconds)).min(self.now)
    }
}

/// Blocks a second that can be sent and redone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRates {
    /// Over the way between two sites.
    pub send: u64,
    /// By the secondary.
    pub redo: u64,
}

impl Default for LogRates {
    /// 100 MB a second both.
    fn default() -> Self {
        Self { send: 25_600, redo: 25_600 }
    }
}

/// What a link has of the way between its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Bytes a second of a seeding.
    pub(super) seeding: u64,
    pub(super) log: LogRates,
}

impl Way {
    /// Between two sites, with so many links that seed to one instance: they share the way. ["Troubleshoot a link", 2026]
    pub(super) fn between(
        network: &Network,
        (one, other): (&str, &str),
        seeding: u64,
        log: LogRates,
        sharing: u64,
    ) -> Self {
        let slow = network.slowness(one, other).unwrap_or(u64::MAX);
        let seeding = seeding.min(slow.saturating_mul(BLOCK_KB << 10)) / sharing.max(1);
        Self { seeding, log: LogRates { send: log.send.min(slow), redo: log.redo } }
    }
}

/// How many links seed.
pub(super) fn sharing(links: &[Link]) -> u64 {
    let seeding = links.iter().filter(|link| link.phase == LinkPhase::Seeding && link.session.is_some());
    u64::try_from(seeding.count()).unwrap_or(u64::MAX)
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) received: LogPosition,
    pub(super) redone: LogPosition,
}

/// When the last of each was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moments {
    pub(super) received: OffsetDateTime,
    pub(super) redone: OffsetDateTime,
}

impl Moments {
    /// Both at once.
    pub(super) fn both(at: OffsetDateTime) -> Self {
        Self { received: at, redone: at }
    }
}

/// Some seconds in which every rate stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) written: Written,
    pub(super) synchronous: bool,
    pub(super) from: Reached,
    pub(super) rates: LogRates,
}

impl Stretch {
    /// How far the copy has come after some of the seconds.
    pub(super) fn after(self, seconds: u64) -> Reached {
        let Self { written, synchronous, from, rates } = self;
        // A copy that has more than its source gives that up.
        let received = from.received.min(written.before);
        let redone = from.redone.min(received);
        let Some(more) = seconds.checked_sub(1) else { return Reached { received, redone } };
        // What is sent in the first and in the last second, at most.
        let (first, last) = if synchronous {
            (written.after(1), written.after(seconds))
        } else {
            (written.before, written.after(more))
        };
        let arrives = |seconds: u64, last: LogPosition| {
            let sent = rates.send.saturating_mul(seconds);
            received.advanced(sent.saturating_add(rates.send)).min(first.advanced(sent)).min(last)
        };
        let (soon, end) = (arrives(0, first), arrives(more, last));
        let redoes = rates.redo.saturating_mul(more);
        let redone = redone.advanced(redoes.saturating_add(rates.redo));
        Reached { received: end, redone: redone.min(soon.advanced(redoes)).min(end) }
    }

    /// When in these seconds, which end now, the copy came as far as it has come.
    pub(super) fn moments(self, seconds: u64, now: OffsetDateTime) -> Moments {
        let end = self.after(seconds);
        let at = |part: fn(Reached) -> LogPosition| {
            // The first second after which nothing moved any more: it never moves back.
            let (mut moving, mut still) = (0, seconds);
            while still - moving > 1 {
                let middle = moving + (still - moving) / 2;
                if part(self.after(middle)) == part(end) { still = middle } else { moving = middle }
            }
            now - Duration::seconds(i64::try_from(seconds - still).unwrap_or_default())
        };
        Moments { received: at(|one| one.received), redone: at(|one| one.redone) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`Stretch::after`] says in closed form, a second at a time.
    fn second_by_second(
        written: Written,
        synchronous: bool,
        from: Reached,
        rates: LogRates,
        seconds: u64,
    ) -> Reached {
        (1..=seconds).fold(from, |at, second| {
            let source = written.after(if synchronous { second } else { second - 1 });
            let received = at.received.advanced(rates.send).min(source);
            Reached { received, redone: at.redone.advanced(rates.redo).min(received) }
        })
    }

    proptest::proptest! {
        #[test]
        fn a_stride_ends_where_its_seconds_do(
            (before, rate, room) in (1_000_u64..2_000, 0_u64..50, 0_u64..2_000),
            (behind, unredone) in (0_u64..900, 0_u64..100),
            (send, redo) in (0_u64..80, 0_u64..80),
            seconds in 1_u64..60,
            synchronous: bool,
        ) {
            let now = LogPosition(before + (rate * seconds).min(room));
            let written = Written { before: LogPosition(before), now, rate };
            let received = LogPosition(before - behind);
            let from = Reached { received, redone: received.back(unredone) };
            let rates = LogRates { send, redo };
            let stretch = Stretch { written, synchronous, from, rates };
            let reached = stretch.after(seconds);
            proptest::prop_assert_eq!(reached, second_by_second(written, synchronous, from, rates, seconds));
            // And in two strides.
            let half = seconds / 2;
            let middle = Written { now: written.after(half), ..written };
            let rest = Written { before: middle.now, ..written };
            let stop = Stretch { written: middle, ..stretch }.after(half);
            let rest = Stretch { written: rest, from: stop, ..stretch };
            proptest::prop_assert_eq!(reached, rest.after(seconds - half));
            // It stands still from the moment on that is said.
            let moments = stretch.moments(seconds, OffsetDateTime::UNIX_EPOCH);
            let ago = |at: OffsetDateTime| seconds - (OffsetDateTime::UNIX_EPOCH - at).whole_seconds().unsigned_abs();
            proptest::prop_assert_eq!(stretch.after(ago(moments.received)).received, reached.received);
            let earlier = stretch.after(ago(moments.redone) - 1).redone;
            proptest::prop_assert!(earlier < reached.redone || ago(moments.redone) == 1);
        }
    }

    #[test]
    fn a_copy_that_has_more_than_its_source_gives_it_up() {
        let written = Written { before: LogPosition(50), now: LogPosition(50), rate: 0 };
        let from = Reached { received: LogPosition(70), redone: LogPosition(60) };
        let rates = LogRates { send: 1, redo: 1 };
        let both = Reached { received: LogPosition(50), redone: LogPosition(50) };
        assert_eq!(Stretch { written, synchronous: false, from, rates }.after(10), both);
    }
}
