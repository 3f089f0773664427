//! Application locks: `sp_getapplock` and `sp_releaseapplock`.
//!
//! Sources: learn.microsoft.com "sp_getapplock", "sp_releaseapplock", "Lock compatibility"; probes of SQL Server 2025 that
//! the project `sql-server-simulator` publishes (which mistakes are codes and which are errors, deadlocks, how often a
//! lock is to be released).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    IntentShared,
    Shared,
    Update,
    IntentExclusive,
    Exclusive,
}

impl Mode {
    /// The mode that a caller names, whatever the case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [
            ("Shared", Self::Shared),
            ("Update", Self::Update),
            ("IntentShared", Self::IntentShared),
            ("IntentExclusive", Self::IntentExclusive),
            ("Exclusive", Self::Exclusive),
        ]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, mode)| mode)
    }

    /// Whether two sessions may hold a lock in these modes at once.
    fn goes_with(self, other: Self) -> bool {
        use Mode::{IntentExclusive, IntentShared, Shared, Update};
        matches!(
            (self.min(other), self.max(other)),
            (IntentShared, IntentShared | Shared | Update | IntentExclusive)
                | (Shared, Shared | Update)
                | (IntentExclusive, IntentExclusive)
        )
    }
}

/// Who a lock belongs to within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Session,
    /// It is released when the transaction ends.
    Transaction,
}

impl Owner {
    /// The owner that a caller names, whatever the case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            name if name.eq_ignore_ascii_case("Session") => Some(Self::Session),
            name if name.eq_ignore_ascii_case("Transaction") => Some(Self::Transaction),
            _ => None,
        }
    }
}

/// What is locked: a name, for members of a principal, in a database. The name is compared letter by letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Resource {
    pub(crate) database: String,
    pub(crate) principal: String,
    pub(crate) name: String,
}

impl Resource {
    /// Characters that count in the name of a lock: names are cut, not refused.
    const LONGEST: usize = 255;

    pub(crate) fn new(database: &str, principal: &str, name: &str) -> Self {
        Self {
            database: database.to_owned(),
            principal: principal.to_owned(),
            name: name.chars().take(Self::LONGEST).collect(),
        }
    }
}

/// How an attempt to take a lock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    AtOnce,
    AfterWaiting,
    TimedOut,
    /// The client asked to stop.
    Cancelled,
    /// Whoever would have been waited for waits for this session.
    Deadlock,
}

impl Taken {
    /// The code that `sp_getapplock` returns.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::AtOnce => 0,
            Self::AfterWaiting => 1,
            Self::TimedOut => -1,
            Self::Cancelled => -2,
            Self::Deadlock => -3,
        }
    }
}

/// One lock, taken once.
#[derive(Debug)]
struct Hold {
    resource: Resource,
    session: u16,
    owner: Owner,
    mode: Mode,
}

#[derive(Debug, Default)]
struct State {
    holds: Vec<Hold>,
    /// What sessions wait for.
    waits: HashMap<u16, (Resource, Mode)>,
}

impl State {
    /// Who keeps a session from a lock.
    fn against(&self, session: u16, resource: &Resource, mode: Mode) -> impl Iterator<Item = u16> {
        let others = self.holds.iter().filter(move |hold| {
            hold.session != session && hold.resource == *resource && !hold.mode.goes_with(mode)
        });
        others.map(|hold| hold.session)
    }

    /// Whether those who keep a session from a lock wait for it themselves.
    fn would_deadlock(&self, session: u16, resource: &Resource, mode: Mode) -> bool {
        let mut seen = Vec::new();
        let mut next: Vec<u16> = self.against(session, resource, mode).collect();
        while let Some(other) = next.pop() {
            if other == session {
                return true;
            }
            if seen.contains(&other) {
                continue;
            }
            seen.push(other);
            if let Some((resource, mode)) = self.waits.get(&other) {
                next.extend(self.against(other, resource, *mode));
            }
        }
        false
    }
}

/// The application locks of an engine.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    state: Mutex<State>,
    released: Notify,
}

impl Locks {
    /// Takes a lock for a session; waits for at most `limit` (for ever without one).
    pub(crate) async fn take(
        &self,
        resource: &Resource,
        (session, owner): (u16, Owner),
        mode: Mode,
        limit: Option<Duration>,
        attention: &CancellationToken,
    ) -> Taken {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut waited = false;
        // However this ends, the session waits no more.
        let _waiting = Waiting { locks: self, session };
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // Registered before the look, so that a release in between is not missed.
            released.as_mut().enable();
            {
                let mut state = self.state();
                if state.against(session, resource, mode).next().is_none() {
                    state.holds.push(Hold { resource: resource.clone(), session, owner, mode });
                    return if waited { Taken::AfterWaiting } else { Taken::AtOnce };
                }
                if limit == Some(Duration::ZERO) {
                    return Taken::TimedOut;
                }
                if state.would_deadlock(session, resource, mode) {
                    return Taken::Deadlock;
                }
                state.waits.insert(session, (resource.clone(), mode));
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

    /// How a session holds a lock, as `APPLOCK_MODE` says it.
    pub(crate) fn held(&self, resource: &Resource, session: u16, owner: Owner) -> &'static str {
        let state = self.state();
        let own = state
            .holds
            .iter()
            .filter(|hold| hold.session == session && hold.owner == owner && hold.resource == *resource);
        let modes: Vec<Mode> = own.map(|hold| hold.mode).collect();
        let holds = |mode| modes.contains(&mode);
        match modes.iter().max() {
            None => "NoLock",
            Some(Mode::IntentExclusive) if holds(Mode::Update) => "UpdateIntentExclusive",
            Some(Mode::IntentExclusive) if holds(Mode::Shared) => "SharedIntentExclusive",
            Some(Mode::IntentShared) => "IntentShared",
            Some(Mode::Shared) => "Shared",
            Some(Mode::Update) => "Update",
            Some(Mode::IntentExclusive) => "IntentExclusive",
            Some(Mode::Exclusive) => "Exclusive",
        }
    }

    /// Whether a session would get a lock at once.
    pub(crate) fn would_grant(&self, resource: &Resource, session: u16, mode: Mode) -> bool {
        self.state().against(session, resource, mode).next().is_none()
    }

    /// Releases a lock once, the strongest first; whether the session held it.
    pub(crate) fn release(&self, resource: &Resource, session: u16, owner: Owner) -> bool {
        let mut state = self.state();
        let own =
            state.holds.iter().enumerate().filter(|(_, hold)| {
                hold.session == session && hold.owner == owner && hold.resource == *resource
            });
        let strongest = own.max_by_key(|(_, hold)| hold.mode).map(|(place, _)| place);
        if let Some(place) = strongest {
            state.holds.remove(place);
            self.released.notify_waiters();
        }
        strongest.is_some()
    }

    /// The session's transaction ended: what it held is free.
    pub(crate) fn release_transaction(&self, session: u16) {
        self.state().holds.retain(|hold| hold.session != session || hold.owner == Owner::Session);
        self.released.notify_waiters();
    }

    /// The session ended: everything that it held is free.
    pub(crate) fn release_all(&self, session: u16) {
        self.state().holds.retain(|hold| hold.session != session);
        self.released.notify_waiters();
    }

    /// Releases what everybody holds.
    pub(crate) fn clear(&self) {
        self.state().holds.clear();
        self.released.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session that may wait.
struct Waiting<'a> {
    locks: &'a Locks,
    session: u16,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.locks.state().waits.remove(&self.session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str) -> Resource {
        Resource { database: "master".to_owned(), principal: "public".to_owned(), name: name.to_owned() }
    }

    async fn take(locks: &Locks, name: &str, session: u16, mode: Mode, limit: Option<u64>) -> Taken {
        let limit = limit.map(Duration::from_millis);
        let never = CancellationToken::new();
        locks.take(&resource(name), (session, Owner::Session), mode, limit, &never).await
    }

    #[tokio::test]
    async fn a_lock_is_waited_for_and_given_back() {
        let locks = Locks::default();
        assert_eq!(take(&locks, "r", 1, Mode::Exclusive, None).await, Taken::AtOnce);
        assert_eq!(take(&locks, "r", 1, Mode::Exclusive, None).await, Taken::AtOnce);
        assert_eq!(take(&locks, "r", 2, Mode::Exclusive, Some(0)).await, Taken::TimedOut);
        assert!(locks.release(&resource("r"), 1, Owner::Session));
        assert!(!locks.release(&resource("r"), 2, Owner::Session));
        assert!(!locks.release(&resource("R"), 1, Owner::Session));
        let waiting = take(&locks, "r", 2, Mode::Exclusive, None);
        let (taken, ()) = tokio::join!(waiting, async { locks.release_all(1) });
        assert_eq!(taken, Taken::AfterWaiting);
    }

    #[tokio::test]
    async fn modes_go_together_as_locks_of_rows_do() {
        use Mode::{Exclusive, IntentExclusive, IntentShared, Shared, Update};
        let together = [
            (IntentShared, vec![IntentShared, Shared, Update, IntentExclusive]),
            (Shared, vec![IntentShared, Shared, Update]),
            (Update, vec![IntentShared, Shared]),
            (IntentExclusive, vec![IntentShared, IntentExclusive]),
            (Exclusive, vec![]),
        ];
        for (one, others) in together {
            for other in [IntentShared, Shared, Update, IntentExclusive, Exclusive] {
                let locks = Locks::default();
                take(&locks, "r", 1, one, None).await;
                let taken = take(&locks, "r", 2, other, Some(0)).await;
                assert_eq!(taken == Taken::AtOnce, others.contains(&other), "{one:?} and {other:?}");
            }
        }
    }

    #[tokio::test]
    async fn two_that_wait_for_each_other_are_a_deadlock() {
        let locks = Locks::default();
        take(&locks, "a", 1, Mode::Exclusive, None).await;
        take(&locks, "b", 2, Mode::Exclusive, None).await;
        let (first, second) = tokio::join!(take(&locks, "b", 1, Mode::Shared, None), async {
            let second = take(&locks, "a", 2, Mode::Shared, None).await;
            locks.release_all(2);
            second
        });
        assert_eq!((first, second), (Taken::AfterWaiting, Taken::Deadlock));
    }

    #[tokio::test]
    async fn the_end_of_a_transaction_frees_what_it_owned() {
        let locks = Locks::default();
        let never = CancellationToken::new();
        let one = resource("r");
        locks.take(&one, (1, Owner::Transaction), Mode::Exclusive, None, &never).await;
        take(&locks, "s", 1, Mode::Exclusive, None).await;
        assert!(!locks.release(&one, 1, Owner::Session));
        locks.release_transaction(1);
        assert_eq!(take(&locks, "r", 2, Mode::Shared, Some(0)).await, Taken::AtOnce);
        assert_eq!(take(&locks, "s", 2, Mode::Shared, Some(0)).await, Taken::TimedOut);
    }
}
