//! Accelerated time that a test can advance.

use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::Notify;

/// The world's clock: begins at a real moment, runs `speed` times as fast as the host's, and can be pushed forward.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: OffsetDateTime,
    started: Instant,
    pushed: Duration,
    speed: u32,
    /// Wakes those who wait for a moment when the clock is pushed.
    pushes: Arc<Notify>,
}

impl Clock {
    /// A clock that shows `origin` now and runs `speed` times as fast as the host's; 0 stands still.
    pub fn new(origin: OffsetDateTime, speed: u32) -> Self {
        Self { origin, started: Instant::now(), pushed: Duration::ZERO, speed, pushes: Arc::default() }
    }

    /// The present, UTC.
    pub fn now(&self) -> OffsetDateTime {
        self.origin + self.started.elapsed().saturating_mul(self.speed) + self.pushed
    }

    /// Pushes the clock forward.
    pub fn advance(&mut self, by: Duration) {
        self.pushed = self.pushed.saturating_add(by);
        self.pushes.notify_waiters();
    }

    /// How many times as fast as the host's clock it runs.
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// What is notified when the clock is pushed.
    pub(super) fn pushes(&self) -> Arc<Notify> {
        Arc::clone(&self.pushes)
    }
}
