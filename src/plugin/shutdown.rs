//! The end of the process: asked for by anybody, once, and held up only by declared critical sections.
//!
//! This is not Terraform's `Stop`, which asks running calls to finish and leaves the process alone; but whoever
//! handles `Stop` will want to treat a shutdown while calls run in the same way, and can await it here.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long critical sections may hold up the end. A host that asked for it by itself kills the process after
/// two seconds; this is for the case that there is no host left.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// A handle on the end of the process. Clones are the same handle.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
    holds: TaskTracker,
}

/// Keeps the process from ending while it lives, for at most a minute: for a section that would leave a server
/// in a worse state half done than either not begun or finished.
#[derive(Debug)]
pub struct Hold {
    _token: TaskTrackerToken,
}

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The host called `Shutdown`: its regular way.
    Requested,
    /// A signal to terminate.
    Signal,
    /// The host is gone: its process ended, or it has closed its only connection.
    HostGone,
}

impl Shutdown {
    /// A process that goes on for now.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end. The first reason counts.
    pub fn request(&self, reason: Reason) {
        if self.reason.set(reason).is_ok() {
            tracing::debug!(%reason, "shutting down");
        }
        self.token.cancel();
    }

    /// Waits until the end is asked for.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Whether the end has been asked for, and why.
    pub fn reason(&self) -> Option<Reason> {
        self.reason.get().copied()
    }

    /// Holds up the end of the process until the answer is dropped.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold { _token: self.holds.token() }
    }

    /// Waits until nothing holds up the end, or for as long as holds may last.
    pub(super) async fn released(&self) {
        self.holds.close();
        if tokio::time::timeout(LONGEST_HOLD, self.holds.wait()).await.is_err() {
            tracing::error!(sections = self.holds.len(), "ending in the middle of a critical section");
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "the host asked for it",
            Self::Signal => "a signal asked for it",
            Self::HostGone => "the host is gone",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_counts() {
        let shutdown = Shutdown::new();
        assert_eq!(shutdown.reason(), None);
        shutdown.clone().request(Reason::HostGone);
        shutdown.request(Reason::Requested);
        shutdown.requested().await;
        assert_eq!(shutdown.reason(), Some(Reason::HostGone));
    }

    #[tokio::test(start_paused = true)]
    async fn holds_are_waited_for_but_not_for_ever() {
        let shutdown = Shutdown::new();
        shutdown.released().await;

        let hold = shutdown.hold();
        let begun = tokio::time::Instant::now();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(hold);
        });
        shutdown.released().await;
        assert_eq!(begun.elapsed().as_secs(), 5);

        let _forgotten = shutdown.hold();
        shutdown.released().await;
        assert_eq!(begun.elapsed().as_secs(), 65);
    }
}
