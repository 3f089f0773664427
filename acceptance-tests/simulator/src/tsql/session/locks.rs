//! Application locks (`sp_getapplock`), owned by sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The application locks of an engine. Exclusive ones only; other modes are not modelled.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: Mutex<HashMap<String, (u16, u32)>>,
    released: Notify,
}

/// How an attempt to take a lock ended; the code that `sp_getapplock` returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// 0.
    AtOnce,
    /// 1.
    AfterWaiting,
    /// -1.
    TimedOut,
    /// -2: the client asked to stop.
    Cancelled,
}

impl Taken {
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::AtOnce => 0,
            Self::AfterWaiting => 1,
            Self::TimedOut => -1,
            Self::Cancelled => -2,
        }
    }
}

impl Locks {
    /// Takes a lock for a session; waits for at most `limit` (for ever without one).
    pub(crate) async fn take(
        &self,
        resource: &str,
        session: u16,
        limit: Option<Duration>,
        attention: &CancellationToken,
    ) -> Taken {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut waited = false;
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // Registered before the look, so that a release in between is not missed.
            released.as_mut().enable();
            if self.try_take(resource, session) {
                return if waited { Taken::AfterWaiting } else { Taken::AtOnce };
            }
            waited = true;
            let timed = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = attention.cancelled() => return Taken::Cancelled,
                () = &mut released => {}
                () = timed => return Taken::TimedOut,
            }
        }
    }

    /// Releases a lock once; whether the session held it.
    pub(crate) fn release(&self, resource: &str, session: u16) -> bool {
        let mut held = self.held();
        match held.get_mut(resource) {
            Some((owner, count)) if *owner == session => {
                *count -= 1;
                if *count == 0 {
                    held.remove(resource);
                    self.released.notify_waiters();
                }
                true
            }
            _ => false,
        }
    }

    /// The session ended: everything that it held is free.
    pub(crate) fn release_all(&self, session: u16) {
        self.held().retain(|_, (owner, _)| *owner != session);
        self.released.notify_waiters();
    }

    fn try_take(&self, resource: &str, session: u16) -> bool {
        let mut held = self.held();
        let (owner, count) = held.entry(resource.to_owned()).or_insert((session, 0));
        if *owner != session {
            return false;
        }
        *count += 1;
        true
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, (u16, u32)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_is_waited_for_and_given_back() {
        let locks = Locks::default();
        let never = CancellationToken::new();
        assert_eq!(locks.take("r", 1, None, &never).await, Taken::AtOnce);
        assert_eq!(locks.take("r", 1, None, &never).await, Taken::AtOnce);
        assert_eq!(locks.take("r", 2, Some(Duration::ZERO), &never).await, Taken::TimedOut);
        assert!(locks.release("r", 1));
        assert!(!locks.release("r", 2));
        let (taken, ()) = tokio::join!(locks.take("r", 2, None, &never), async { locks.release_all(1) });
        assert_eq!(taken, Taken::AfterWaiting);
    }
}
