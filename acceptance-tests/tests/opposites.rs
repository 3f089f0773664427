//! Where no source says how a server behaves, the simulator believes one thing and can be switched to its worst credible
//! opposite. Under each opposite the provider may refuse; it does not lose data, loop, taint, or report what is not.
//! In process: the quickstart from apply to destroy under each switch; and once more under each that makes a difference to
//! the suite, and under all that make none, through everything that may happen to a link meanwhile.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use milink_acceptance_tests::core::{End, Interrupt, Quickstart};
use milink_acceptance_tests::opposites::{self, DIFFERENT};
use milink_acceptance_tests::suite;
use milink_acceptance_tests::swept::{self, sweep};
use milink_simulator::control::deeds::Deed;
use milink_simulator::faults::{self, Filter, Moment, Rule};
use milink_simulator::world::Estate;
use milink_simulator::world::database::DatabaseState;
use milink_simulator::world::managed::LinkPhase;
use serde_json::json;
use terraform_provider_milink::framework::harness::Action;
use terraform_provider_milink::framework::value::Value;

/// Worlds that live at the same time. They wait far more than they compute.
const AT_ONCE: usize = 16;
/// After this the provider is asked to stop, as an operator would who sees it wait: under some opposites what it waits for
/// comes after a day.
const PATIENCE: Duration = Duration::from_secs(100);
/// Worlds that share the opposites which make no difference to the suite: few enough in each to hide nothing behind another.
const GROUPS: usize = 8;
/// Applies in which a world has to come to rest, and destroys in which it has to be gone.
const TRIES: usize = 4;
const SERVER: &str = "sql1.corp.example";
const INSTANCE: &str = "mi-sales";
const DATABASE: &str = "Sales";
const LINK: &str = "DAG_Sales";

/// What happens to the quickstart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// Nothing.
    Undisturbed,
    /// The provider dies when Azure has accepted the link.
    KilledWhenAccepted,
    /// The provider dies when Azure has accepted the link's end.
    KilledInDestroy,
    /// SQL Server restarts as the seeding begins.
    RestartedInSeeding,
    /// When everything stands, the instance renews its certificate and SQL Server restarts.
    Renewed,
    /// When everything stands, somebody drops the distributed group on SQL Server.
    GroupDropped,
    /// When everything stands, somebody makes the instance primary by force.
    FailedOver,
    /// When everything stands, the network between the sides is cut. The destroy is to discard the copy, and nothing proves
    /// any more that it is one.
    CutBeforeDiscard,
}

use Course::*;

const DISTURBED: [Course; 7] = [
    KilledWhenAccepted,
    KilledInDestroy,
    RestartedInSeeding,
    Renewed,
    GroupDropped,
    FailedOver,
    CutBeforeDiscard,
];

impl Course {
    /// What somebody does when everything stands.
    fn deeds(self) -> Vec<Deed> {
        let server = SERVER.to_owned();
        match self {
            Renewed => {
                vec![Deed::RotateCertificate { server: INSTANCE.to_owned() }, Deed::RestartServer { server }]
            }
            GroupDropped => vec![Deed::Execute {
                server,
                statement: format!("DROP AVAILABILITY GROUP [{LINK}]"),
                database: "master".to_owned(),
            }],
            FailedOver => vec![Deed::FailOver { link: LINK.to_owned(), forced: true }],
            CutBeforeDiscard => vec![Deed::CutNetwork { one: server, other: INSTANCE.to_owned() }],
            _ => Vec::new(),
        }
    }
}

struct World {
    inner: swept::World,
    course: Course,
    /// Whether what somebody does when everything stands is done.
    disturbed: bool,
}

impl World {
    fn with(opposites: &[u16], course: Course) -> Self {
        let inner = swept::World::changed(|estate| estate.opposites.extend(opposites));
        Self { inner, course, disturbed: false }
    }

    /// Runs it, and asks it to stop when it takes too long.
    fn run(&mut self, run: impl FnOnce(&mut Quickstart, &Interrupt) -> End, interrupt: &Interrupt) -> End {
        let stop = interrupt.clone();
        let (ended, waits) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                stop.stop();
            }
        });
        let end = run(&mut self.inner.quickstart, interrupt);
        drop(ended);
        watch.join().unwrap();
        end
    }

    /// Lets `then` happen once, right after an event.
    fn when(
        &self,
        kind: &str,
        action: faults::Action,
        then: impl Fn() + Send + Sync + 'static,
    ) -> Arc<AtomicBool> {
        let hit = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&hit);
        let faults = self.inner.simulator.faults();
        faults.add(Rule::once(Filter::kind(kind), 1, action));
        faults.on_kill(move |_| {
            noted.store(true, Ordering::SeqCst);
            then();
        });
        hit
    }

    fn status(&self) -> Option<String> {
        match self.inner.quickstart.state.get("milink_link.sales")?.value("status") {
            Value::String(status) => Some(status.clone()),
            _ => None,
        }
    }

    /// What holds at any time.
    fn nothing_is_lost(&self) {
        let tainted: Vec<_> = self
            .inner
            .quickstart
            .state
            .iter()
            .filter(|(_, stored)| stored.tainted)
            .map(|(address, _)| address)
            .collect();
        assert!(tainted.is_empty(), "tainted: {tainted:?}");
        self.inner.look(|estate| {
            let sales = estate.sql_servers[0].database(DATABASE).expect("the primary's database");
            // By force, the instance's copy became the primary; what was the primary is left as it was.
            if self.course != FailedOver {
                assert_eq!(sales.state, DatabaseState::Online);
            }
            assert!(estate.managed_instances[0].links.len() <= 1, "a link is there twice");
            let groups = &estate.sql_servers[0].groups;
            assert!(groups.len() <= 2, "groups: {groups:?}");
        });
    }

    /// Success was reported: then it is one.
    fn is_what_was_reported(&self) {
        let status = self.status();
        let (phase, seedings, has_group) = self.inner.look(|estate| {
            let link = estate.managed_instances[0].links.first();
            let found = link.map(|link| (link.phase, link.databases[0].seedings)).unzip();
            (found.0, found.1, estate.sql_servers[0].group(LINK).is_some())
        });
        if status.as_deref() == Some("established") {
            assert!(has_group, "there is no distributed group");
            assert_eq!(phase, Some(LinkPhase::Synchronizing));
        }
        match self.course {
            GroupDropped if self.disturbed => assert_eq!(status.as_deref(), Some("broken")),
            FailedOver | Renewed | CutBeforeDiscard if self.disturbed => {}
            RestartedInSeeding => assert_eq!(status.as_deref(), Some("established")),
            _ => {
                assert_eq!((status.as_deref(), seedings), (Some("established"), Some(1)));
            }
        }
    }

    /// Applies until nothing changes any more, or a refusal that does not change; says how it went.
    fn comes_to_rest(&mut self, ends: &mut Vec<String>) {
        let begun = ends.len();
        let mut rests = false;
        for _ in 0..TRIES {
            let end = self.run(Quickstart::apply, &Interrupt::default());
            self.nothing_is_lost();
            let said = match end {
                End::Done(taken) => {
                    self.is_what_was_reported();
                    let changes = taken.iter().filter(|(_, action)| *action != Action::NoOp).count();
                    rests = changes == 0;
                    format!("{changes} changes")
                }
                // A refusal, or a wait that was ended: nothing was reported.
                End::Failed(problem) => {
                    rests = ends[begun..].last().is_some_and(|last| last.starts_with("refused"));
                    format!("refused: {problem}")
                }
                End::Stopped => "stopped".to_owned(),
                End::Killed => panic!("nobody killed it"),
            };
            ends.push(said);
            if rests {
                break;
            }
        }
        let only_changes = ends[begun..].iter().all(|end| end.ends_with("changes"));
        assert!(rests || !only_changes, "it never comes to rest: {ends:?}");
    }

    /// Destroys until it is done, or refused as before.
    fn goes(&mut self, ends: &mut Vec<String>) {
        let interrupt = Interrupt::default();
        let hit = (self.course == KilledInDestroy).then(|| {
            let kill = interrupt.clone();
            self.when(
                "DELETE distributedAvailabilityGroups",
                faults::Action::Kill(Moment::After),
                move || {
                    kill.kill();
                },
            )
        });
        let mut refused = false;
        for turn in 0..TRIES {
            let interrupt = if turn == 0 { interrupt.clone() } else { Interrupt::default() };
            let end = self.run(Quickstart::destroy, &interrupt);
            self.inner.simulator.faults().clear();
            self.nothing_is_lost();
            match end {
                End::Done(_) => {
                    let (links, group) = self.inner.look(|estate| {
                        let link = estate.managed_instances[0].links.len();
                        (link, estate.sql_servers[0].group(LINK).is_some())
                    });
                    assert_eq!((links, group), (0, false), "reported as destroyed");
                    if self.course == CutBeforeDiscard && self.disturbed {
                        let copy = self
                            .inner
                            .look(|estate| estate.managed_instances[0].engine.database(DATABASE).is_some());
                        assert!(copy, "the copy was discarded without a proof");
                    }
                    ends.push("destroyed".to_owned());
                    return;
                }
                End::Killed => {
                    assert!(hit.as_ref().is_some_and(|hit| hit.load(Ordering::SeqCst)), "nobody killed it");
                    ends.push("destroy killed".to_owned());
                }
                End::Failed(problem) => {
                    ends.push(format!("destroy refused: {problem}"));
                    if std::mem::replace(&mut refused, true) {
                        return;
                    }
                }
                End::Stopped => ends.push("destroy stopped".to_owned()),
            }
        }
    }

    /// Lets the first apply meet what happens in its middle.
    fn begins(&mut self, ends: &mut Vec<String>) {
        const LINK_MADE: &str = "PUT distributedAvailabilityGroups";
        let interrupt = Interrupt::default();
        match self.course {
            KilledWhenAccepted => {
                let kill = interrupt.clone();
                let hit = self.when(LINK_MADE, faults::Action::Kill(Moment::After), move || kill.kill());
                let end = self.run(Quickstart::apply, &interrupt);
                self.inner.simulator.faults().clear();
                self.nothing_is_lost();
                let killed = hit.load(Ordering::SeqCst);
                assert_eq!(matches!(end, End::Killed), killed, "{end:?}");
                ends.push(if killed { "killed".to_owned() } else { format!("{end:?}") });
            }
            RestartedInSeeding => {
                let world = self.inner.simulator.world().clone();
                let restart = Deed::RestartServer { server: SERVER.to_owned() };
                drop(self.when(LINK_MADE, faults::Action::Signal(Moment::After), move || {
                    restart.carry_out(&world).unwrap();
                }));
            }
            CutBeforeDiscard => {
                self.inner.quickstart.write("milink_link.sales", "on_destroy", json!("discard"));
            }
            _ => {}
        }
    }
}

/// The life of the quickstart; says how it went.
fn live(opposites: &[u16], course: Course) -> String {
    let mut world = World::with(opposites, course);
    let mut ends = Vec::new();
    world.begins(&mut ends);
    world.comes_to_rest(&mut ends);
    let deeds = course.deeds();
    if !deeds.is_empty() {
        let stood = world.inner.look(|estate| {
            estate.managed_instances[0]
                .links
                .first()
                .is_some_and(|link| link.phase == LinkPhase::Synchronizing)
        });
        for deed in deeds {
            // What is not there cannot be disturbed.
            let done = deed.carry_out(world.inner.simulator.world());
            world.disturbed |= stood && done.is_ok();
            ends.push(done.unwrap_or_else(|refusal| format!("not done: {refusal}")));
        }
        let settles = |estate: &mut Estate| {
            let mut links = estate.managed_instances[0].links.iter();
            links.any(|link| {
                link.phase == LinkPhase::FailingOver || (course == CutBeforeDiscard && link.session.is_some())
            })
        };
        while world.inner.look(settles) {
            std::thread::yield_now();
        }
        world.comes_to_rest(&mut ends);
    }
    world.goes(&mut ends);
    world.inner.finish();
    ends.join(" · ")
}

/// Lives through all of them; says how each went, and fails when one went wrong.
fn live_through(attempts: &[(Vec<u16>, Course)]) -> Vec<String> {
    let ends = sweep(attempts, AT_ONCE, |(opposites, course)| live(opposites, *course));
    let (mut lives, mut failures) = (Vec::new(), Vec::new());
    for ((opposites, course), end) in ends {
        println!("{opposites:?} {course:?}: {end:?}");
        match end {
            Ok(life) => lives.push(life),
            Err(words) => failures.push(format!("{opposites:?} {course:?}: {words}")),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    lives
}

/// Worlds that have, each, one of the opposites that make a difference; and the others in groups, a world for each group.
fn worlds() -> Vec<Vec<u16>> {
    let indifferent = opposites::indifferent();
    let groups = (0..GROUPS).map(|group| indifferent.iter().copied().skip(group).step_by(GROUPS).collect());
    DIFFERENT.iter().map(|(number, _)| vec![*number]).chain(groups).collect()
}

#[test]
fn under_each_opposite_nothing_is_lost_and_nothing_untrue_is_reported() {
    let _without = opposites::without_different();
    assert!(opposites::indifferent().len() > GROUPS * 2);
    let attempts: Vec<_> =
        worlds().into_iter().map(|opposites| (opposites, Undisturbed)).step_by(suite::stride()).collect();
    let lives = live_through(&attempts);
    for ((opposites, _), life) in attempts.iter().zip(lives) {
        // What makes no difference makes none to this life either: a switch that stops everything would show nothing.
        if !DIFFERENT.iter().any(|(number, _)| opposites == &[*number]) {
            assert_eq!(life, "15 changes · 0 changes · destroyed", "{opposites:?}");
        }
    }
}

#[test]
fn nor_when_something_happens_meanwhile() {
    let _without = opposites::without_different();
    let mut attempts = Vec::new();
    for course in DISTURBED {
        attempts.push((Vec::new(), course));
        attempts.push((opposites::indifferent(), course));
        attempts.extend(DIFFERENT.iter().map(|(number, _)| (vec![*number], course)));
    }
    live_through(&attempts.into_iter().step_by(suite::stride()).collect::<Vec<_>>());
}

/// The list of opposites under which the suite differs names each once, with what differs, and none that has no switch.
#[test]
fn the_opposites_that_make_a_difference_are_named_with_it() {
    let switchable = opposites::switchable();
    assert!(DIFFERENT.is_sorted_by(|(one, _), (next, _)| one < next));
    for (number, difference) in DIFFERENT {
        assert!(switchable.contains(number) && !difference.is_empty(), "{number}");
    }
}
