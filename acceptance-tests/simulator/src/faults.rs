//! Faults on demand: at a chosen statement or call the simulator fails, waits, falls silent, or breaks the connection.
//!
//! A [`Rule`] says when (the n-th event that matches, counted from the moment the rule was added) and what. Both faces
//! ask [`Faults::before`] when a request has been read and before anything is done, and [`Reply::release`] when the
//! answer is ready and before it is sent; so "cut before" means *nothing happened*, "cut after" means *it happened and
//! nobody was told*, the two cases that an interrupted apply must tell apart.
//!
//! Not here: faults of the world itself (expired certificates, a site that is down). Those are operations on the
//! estate.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::journal::{Event, Face};

/// Side of the deed on which a connection is cut or the client killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request was read; nothing was done.
    Before,
    /// It was done; nothing was answered.
    After,
}

/// The error of [`Action::Fail`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// For the ARM and Entra face.
    Http {
        /// HTTP status.
        status: u16,
        /// `error.code`.
        code: String,
        /// `error.message`.
        message: String,
        /// Value of `Retry-After`, seconds.
        retry_after: Option<u32>,
    },
    /// For the TDS face.
    Sql {
        /// Error number.
        number: i32,
        /// Severity (class); 20 and above end the connection.
        class: u8,
        /// State.
        state: u8,
        /// Text.
        message: String,
    },
}

impl Failure {
    fn is_of(&self, face: Face) -> bool {
        match self {
            Self::Sql { .. } => face == Face::Sql,
            Self::Http { .. } => face != Face::Sql,
        }
    }
}

/// What happens to the event that a rule picks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is refused with this error; nothing is done. An error for the other face is left out.
    Fail(Failure),
    /// The client's session ends: nothing is done; the face of the error tells it, the other closes the connection.
    EndSession(Failure),
    /// It is done after this long (wall-clock).
    Delay(Duration),
    /// Nothing is done and nothing answered, until [`Faults::resume`] or the client gives up.
    Hang,
    /// The connection is closed without an answer.
    Cut(Moment),
    /// The hook of [`Faults::on_kill`] runs (a harness kills the provider there), then the connection is closed.
    Kill(Moment),
    /// The hook runs and nothing else happens (a harness asks the provider to stop there).
    Signal(Moment),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail(_) => "fail",
            Self::EndSession(_) => "end session",
            Self::Delay(_) => "delay",
            Self::Hang => "hang",
            Self::Cut(Moment::Before) => "cut before",
            Self::Cut(Moment::After) => "cut after",
            Self::Kill(Moment::Before) => "kill before",
            Self::Kill(Moment::After) => "kill after",
            Self::Signal(Moment::Before) => "signal before",
            Self::Signal(Moment::After) => "signal after",
        })
    }
}

/// Text with `*` for any characters, letter case aside: `create certificate*`, `*/distributedAvailabilityGroups/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<String>);

impl FromStr for Pattern {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// In lower case, as it compares.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("*"))
    }
}

impl Pattern {
    /// Reads a pattern; every text is one.
    pub fn new(text: &str) -> Self {
        Self(text.to_lowercase().split('*').map(str::to_owned).collect())
    }

    /// Whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let Some((first, others)) = self.0.split_first() else { return false };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        for part in middle {
            match rest.split_once(part.as_str()) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

/// Which events a rule counts. Everything that is set must fit; the default fits every event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One face only.
    pub face: Option<Face>,
    /// Host or instance.
    pub server: Option<Pattern>,
    /// Kind of event, as in the journal.
    pub kind: Option<Pattern>,
    /// Object or text: fits when either does.
    pub text: Option<Pattern>,
}

impl Filter {
    /// Events of one kind.
    pub fn kind(pattern: &str) -> Self {
        Self { kind: Some(Pattern::new(pattern)), ..Self::default() }
    }

    fn accepts(&self, event: &Event) -> bool {
        self.face.is_none_or(|face| face == event.face)
            && self.server.as_ref().is_none_or(|pattern| pattern.matches(&event.server))
            && self.kind.as_ref().is_none_or(|pattern| pattern.matches(&event.kind))
            && self
                .text
                .as_ref()
                .is_none_or(|pattern| pattern.matches(&event.object) || pattern.matches(&event.text))
    }
}

/// When and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which events count.
    pub filter: Filter,
    /// The first event that is hit, counted from 1 among those that match since the rule was added.
    pub nth: u64,
    /// How many in a row are hit from there; `None` is all of them.
    pub times: Option<u64>,
    /// What happens to them.
    pub action: Action,
}

impl Rule {
    /// Hits the `nth` event that matches, once.
    pub fn once(filter: Filter, nth: u64, action: Action) -> Self {
        Self { filter, nth, times: Some(1), action }
    }

    /// Hits every event that matches.
    pub fn always(filter: Filter, action: Action) -> Self {
        Self { filter, nth: 1, times: None, action }
    }
}

/// Names a rule so that it can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(u64);

impl RuleId {
    /// The number by which people name it.
    pub fn number(self) -> u64 {
        self.0
    }
}

type KillHook = Arc<dyn Fn(&Event) + Send + Sync>;

/// The rules in force. Clones share them.
#[derive(Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    resumed: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    rules: Vec<(RuleId, Rule, u64)>,
    kill: Option<KillHook>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("rules", &self.state().rules).finish_non_exhaustive()
    }
}

/// What a face does with a request that it has just read.
#[derive(Debug)]
pub enum Verdict {
    /// Do it, then ask [`Reply::release`] whether to answer.
    Proceed(Reply),
    /// Answer with this error; do nothing.
    Fail(Failure),
    /// Close the connection; do nothing. Holds the action's name for the journal.
    Cut(String),
}

/// Held while a request is carried out.
#[derive(Debug)]
#[must_use = "ask `release` before answering"]
pub struct Reply {
    after: Option<(Action, Event)>,
    faults: Faults,
}

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule; its count begins now. Of several rules that hit one event, the one that was added first acts.
    pub fn add(&self, rule: Rule) -> RuleId {
        let mut state = self.state();
        state.next += 1;
        let id = RuleId(state.next);
        state.rules.push((id, rule, 0));
        id
    }

    /// Takes a rule away; whether it was there.
    pub fn remove(&self, id: RuleId) -> bool {
        let rules = &mut self.state().rules;
        let before = rules.len();
        rules.retain(|(known, _, _)| *known != id);
        rules.len() < before
    }

    /// Takes all rules away and lets what hangs go on.
    pub fn clear(&self) {
        self.state().rules.clear();
        self.resume();
    }

    /// Sets what [`Action::Kill`] and [`Action::Signal`] run, with the event that is hit.
    pub fn on_kill(&self, hook: impl Fn(&Event) + Send + Sync + 'static) {
        self.state().kill = Some(Arc::new(hook));
    }

    /// Lets every event that hangs go on.
    pub fn resume(&self) {
        self.shared.resumed.notify_waiters();
    }

    /// The rules in force and how many events each has counted so far, in the order in which they were added.
    pub fn rules(&self) -> Vec<(RuleId, Rule, u64)> {
        self.state().rules.clone()
    }

    /// How many events each rule has counted so far, in the order in which the rules were added.
    pub fn counts(&self) -> Vec<(RuleId, u64)> {
        self.state().rules.iter().map(|(id, _, count)| (*id, *count)).collect()
    }

    /// Decides about an event that has been read and not yet carried out; waits where a rule says so.
    /// Cancel-safe: a face drops the future when its client goes away.
    pub async fn before(&self, event: &Event) -> Verdict {
        let resumed = self.shared.resumed.notified();
        tokio::pin!(resumed);
        // Registered before the decision, so that a resume in between is not missed.
        resumed.as_mut().enable();
        let proceed = |after| Verdict::Proceed(Reply { after, faults: self.clone() });
        match self.decide(event) {
            None => proceed(None),
            Some(Action::Fail(failure)) if failure.is_of(event.face) => Verdict::Fail(failure),
            Some(Action::Fail(_)) => proceed(None),
            Some(Action::EndSession(failure)) if failure.is_of(event.face) => Verdict::Fail(failure),
            Some(action @ Action::EndSession(_)) => Verdict::Cut(action.to_string()),
            Some(Action::Delay(time)) => {
                tokio::time::sleep(time).await;
                proceed(None)
            }
            Some(Action::Hang) => {
                resumed.await;
                proceed(None)
            }
            Some(action @ Action::Cut(Moment::Before)) => Verdict::Cut(action.to_string()),
            Some(action @ Action::Kill(Moment::Before)) => {
                self.kill(event);
                Verdict::Cut(action.to_string())
            }
            Some(Action::Signal(Moment::Before)) => {
                self.kill(event);
                proceed(None)
            }
            Some(
                action @ (Action::Cut(Moment::After)
                | Action::Kill(Moment::After)
                | Action::Signal(Moment::After)),
            ) => proceed(Some((action, event.clone()))),
        }
    }

    /// Counts the event in every rule and returns the first action that it triggers.
    fn decide(&self, event: &Event) -> Option<Action> {
        let mut chosen = None;
        for (_, rule, count) in &mut self.state().rules {
            if !rule.filter.accepts(event) {
                continue;
            }
            *count += 1;
            let hit =
                *count >= rule.nth && rule.times.is_none_or(|times| *count < rule.nth.saturating_add(times));
            if hit && chosen.is_none() {
                chosen = Some(rule.action.clone());
            }
        }
        chosen
    }

    fn kill(&self, event: &Event) {
        let hook = self.state().kill.clone();
        if let Some(hook) = hook {
            hook(event);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reply {
    /// `Ok`: send the answer. `Err`: close the connection instead; the text names the action for the journal.
    pub fn release(self) -> Result<(), String> {
        match self.after {
            None => Ok(()),
            Some((action, event)) => {
                if !matches!(action, Action::Cut(_)) {
                    self.faults.kill(&event);
                }
                if matches!(action, Action::Signal(_)) { Ok(()) } else { Err(action.to_string()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn put(name: &str) -> Event {
        Event { object: name.into(), ..Event::new(Face::Arm, "PUT distributedAvailabilityGroups") }
    }

    fn failure() -> Action {
        Action::Fail(Failure::Http { status: 500, code: "X".into(), message: "y".into(), retry_after: None })
    }

    #[tokio::test]
    async fn the_nth_matching_event_is_hit_and_no_other() {
        let faults = Faults::new();
        faults.add(Rule::once(Filter::kind("put *"), 2, failure()));
        let mut hits = Vec::new();
        for _ in 0..4 {
            faults.before(&Event::new(Face::Arm, "GET x")).await.proceed().release().unwrap();
            hits.push(matches!(faults.before(&put("a")).await, Verdict::Fail(_)));
        }
        assert_eq!(hits, [false, true, false, false]);
    }

    #[tokio::test]
    async fn an_error_of_the_other_face_is_not_raised() {
        let faults = Faults::new();
        faults.add(Rule::always(Filter::default(), failure()));
        faults.before(&Event::new(Face::Sql, "SELECT")).await.proceed().release().unwrap();
        assert!(matches!(faults.before(&put("a")).await, Verdict::Fail(_)));
    }

    #[tokio::test]
    async fn cut_after_lets_the_deed_happen_and_kill_calls_the_hook() {
        let faults = Faults::new();
        let killed = Arc::new(AtomicUsize::new(0));
        faults.on_kill({
            let killed = killed.clone();
            move |_| {
                killed.fetch_add(1, Ordering::SeqCst);
            }
        });
        faults.add(Rule::once(Filter::default(), 1, Action::Cut(Moment::After)));
        faults.add(Rule::once(Filter::default(), 2, Action::Kill(Moment::After)));
        faults.add(Rule::once(Filter::default(), 3, Action::Cut(Moment::Before)));
        assert_eq!(faults.before(&put("a")).await.proceed().release(), Err("cut after".to_owned()));
        let reply = faults.before(&put("a")).await.proceed();
        assert_eq!(killed.load(Ordering::SeqCst), 0, "not before the deed");
        assert_eq!(reply.release(), Err("kill after".to_owned()));
        assert_eq!(killed.load(Ordering::SeqCst), 1);
        assert!(matches!(faults.before(&put("a")).await, Verdict::Cut(_)));
    }

    #[tokio::test]
    async fn what_hangs_goes_on_when_resumed() {
        let faults = Faults::new();
        faults.add(Rule::once(Filter::default(), 1, Action::Hang));
        let hanging = tokio::spawn({
            let faults = faults.clone();
            async move { faults.before(&put("a")).await.proceed().release() }
        });
        while faults.counts().first().is_none_or(|(_, count)| *count == 0) {
            tokio::task::yield_now().await;
        }
        assert!(!hanging.is_finished());
        faults.clear();
        assert_eq!(hanging.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_session_ends_on_either_face() {
        let faults = Faults::new();
        let killed = Failure::Sql { number: 596, class: 21, state: 1, message: "killed".into() };
        faults.add(Rule::always(Filter::default(), Action::EndSession(killed.clone())));
        let sql = faults.before(&Event::new(Face::Sql, "SELECT")).await;
        assert!(matches!(sql, Verdict::Fail(failure) if failure == killed));
        assert!(matches!(faults.before(&put("a")).await, Verdict::Cut(action) if action == "end session"));
        let (id, rule, count) = faults.rules().remove(0);
        assert_eq!((rule.times, count), (None, 2));
        assert!(faults.remove(id) && !faults.remove(id));
    }

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, fits) in [
            ("CREATE *", "create certificate", true),
            ("create", "create certificate", false),
            ("*groups/*", "/x/Groups/l1", true),
            ("a*b*c", "aXbYc", true),
            ("a*bc", "abcbc", true),
            ("*", "", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), fits, "{pattern} {text}");
            assert_eq!(Pattern::new(pattern).to_string(), pattern.to_lowercase());
        }
    }

    impl Verdict {
        fn proceed(self) -> Reply {
            match self {
                Self::Proceed(reply) => reply,
                other => panic!("expected to proceed: {other:?}"),
            }
        }
    }
}
