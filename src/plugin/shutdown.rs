//! The end of the process: asked for by anybody, once, and held up by calls that are being ended and by declared
//! critical sections, each for as long as it said at most.
//!
//! This is not Terraform's `Stop`, which asks running calls to finish and leaves the process alone; but calls treat
//! both alike: they are cancelled. A host that asked for the end by itself kills the process after two seconds; the
//! waiting is for the case that there is no host left, or that somebody else asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A handle on the end of the process. Clones are the same handle.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
    holds: Arc<Holds>,
}

/// How many holds there are of each length.
type Holds = watch::Sender<BTreeMap<Duration, usize>>;

/// Keeps the process from ending while it lives: for a section that would leave a server in a worse state half done
/// than either not begun or finished, or for a call whose answer is awaited.
#[derive(Debug)]
pub struct Hold {
    holds: Arc<Holds>,
    at_most: Duration,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.holds.send_modify(|holds| {
            if let Some(count) = holds.get_mut(&self.at_most) {
                *count = count.saturating_sub(1);
            }
            holds.retain(|_, count| *count > 0);
        });
    }
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

    /// Holds up the end of the process until the answer is dropped, but no longer than `at_most` after the end was
    /// asked for.
    #[must_use]
    pub fn hold(&self, at_most: Duration) -> Hold {
        self.holds.send_modify(|holds| *holds.entry(at_most).or_default() += 1);
        Hold { holds: Arc::clone(&self.holds), at_most }
    }

    /// Cancelled when the end is asked for, and whenever its holder likes.
    pub(crate) fn child_token(&self) -> CancellationToken {
        self.token.child_token()
    }

    /// Waits until nothing holds up the end, or for as long as the longest of the holds may last from now.
    pub(super) async fn released(&self) {
        let asked = Instant::now();
        let mut holds = self.holds.subscribe();
        loop {
            let longest = holds.borrow_and_update().keys().next_back().copied();
            let Some(longest) = longest else { return };
            // A limit beyond what the clock can hold is none.
            let over = async {
                match asked.checked_add(longest) {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = holds.changed() => {}
                () = over => {
                    tracing::error!("ending in the middle of a critical section or call");
                    return;
                }
            }
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

        let hold = shutdown.hold(Duration::from_secs(240));
        let begun = Instant::now();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(200)).await;
            drop(hold);
        });
        let _short = shutdown.hold(Duration::from_secs(20));
        shutdown.released().await;
        assert_eq!(begun.elapsed().as_secs(), 200, "the longest hold that lives decides");

        let begun = Instant::now();
        let _forgotten = shutdown.hold(Duration::from_secs(90));
        shutdown.released().await;
        assert_eq!(begun.elapsed().as_secs(), 90);
    }
}
