//! What a verb is given besides its values: the configured client, cancellation, the deadline, and a place for
//! warnings.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::diagnostic::{Diagnostic, Diagnostics};
use crate::plugin::Shutdown;

/// Surroundings of one call. `C` is what the provider's configuration made.
pub struct Context<C> {
    client: Option<Arc<C>>,
    cancellation: CancellationToken,
    deadline: Option<Instant>,
    warnings: Mutex<Diagnostics>,
    shutdown: Option<Shutdown>,
}

impl<C> Context<C> {
    /// A context. `client` is absent in an unconfigured process (validation, functions).
    pub fn new(client: Option<Arc<C>>, cancellation: CancellationToken, timeout: Option<Duration>) -> Self {
        Self {
            client,
            cancellation,
            // A time limit beyond what the clock can hold is none.
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            warnings: Mutex::new(Diagnostics::new()),
            shutdown: None,
        }
    }

    /// With the process's own end, which critical sections hold up.
    pub(crate) fn holding(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = Some(shutdown);
        self
    }

    /// The configured client. Absent while nothing was configured yet.
    pub fn client(&self) -> Option<&Arc<C>> {
        self.client.as_ref()
    }

    /// Cancelled when Terraform asks to stop (Ctrl-C). Waiting ends at once; a statement in flight is awaited.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// When this operation should give up.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How long this operation may still take.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Shows a warning beside whatever the verb answers.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// Takes the warnings given so far.
    pub fn take_warnings(&self) -> Diagnostics {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a critical section: something that must end or be rolled back once begun (an endpoint switch, a
    /// cutover). Ctrl-C inside it is acknowledged in the log at once and acts when the section has ended; hence
    /// `section` is not given the cancellation and must bound itself by `at_most`. The end of the process, when the
    /// host is gone or a signal asks for it, waits for the section that long.
    pub async fn critical<T>(&self, what: &str, at_most: Duration, section: impl Future<Output = T>) -> T {
        let _until_done = self.shutdown.as_ref().map(|shutdown| shutdown.hold(at_most));
        tokio::pin!(section);
        tokio::select! {
            biased;
            outcome = &mut section => outcome,
            () = self.cancellation.cancelled() => {
                tracing::warn!("finishing {what} before stopping, which takes {} s at most", at_most.as_secs());
                section.await
            }
        }
    }
}
