//! Killed, and asked to stop, after every statement and call of the quickstart, of its apply and of its destroy: what comes
//! next completes, nothing exists twice, nothing is lost, the link is never tainted once Azure took it, and what a destroy
//! leaves is exactly what state calls adopted. In process; `interruption.rs` shows a cross-section with the real Terraform,
//! and the last test here that both do the same.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use milink_acceptance_tests::core::{End, Interrupt};
use milink_acceptance_tests::swept::{self, sweep};
use milink_acceptance_tests::{Scenario, deeds, opposites, suite};
use milink_simulator::faults::{self, Filter, Moment, Rule};
use milink_simulator::rehearsal::inventory::{Inventory, Kind};
use milink_simulator::world::Estate;
use serde_json::json;
use terraform_provider_milink::framework::harness::{Action, Stored};
use terraform_provider_milink::framework::value::Value;

/// Points that are tried at the same time. They wait far more than they compute.
const AT_ONCE: usize = 24;

/// What is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Apply,
    Destroy,
}

/// An object as the inventory names it, without the place: each kind lives on one side.
type Name = (Kind, String);

/// A world in which courses are interrupted.
struct World(swept::World);

impl Deref for World {
    type Target = swept::World;

    fn deref(&self) -> &swept::World {
        &self.0
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut swept::World {
        &mut self.0
    }
}

impl World {
    fn new() -> Self {
        Self(swept::World::changed(|_estate| ()))
    }

    /// A world in which a course can begin.
    fn before(course: Course) -> Self {
        let mut world = Self::new();
        if course == Course::Destroy {
            world.applies();
        }
        world
    }

    fn run(&mut self, course: Course, interrupt: &Interrupt) -> End {
        match course {
            Course::Apply => self.quickstart.apply(interrupt),
            Course::Destroy => self.quickstart.destroy(interrupt),
        }
    }

    #[track_caller]
    fn applies(&mut self) -> Vec<(String, Action)> {
        match self.quickstart.apply(&Interrupt::default()) {
            End::Done(taken) => taken,
            end => panic!("the apply: {end:?}"),
        }
    }

    /// What must be true of both sides when everything stands.
    fn stands(&self) {
        self.look(|estate| {
            let server = &estate.sql_servers[0];
            let own = server.certificates.iter().filter(|certificate| !certificate.key.is_empty()).count();
            assert_eq!(own, 1, "certificates with a key: {:?}", server.certificates);
            assert_eq!(server.groups.len(), 2, "groups: {:?}", server.groups);
            assert!(server.endpoint.is_some());
            let instance = &estate.managed_instances[0];
            assert_eq!(instance.trust_certificates.len(), 1);
            assert_eq!(instance.links.len(), 1);
            assert_eq!(instance.links[0].databases[0].seedings, 1, "the seeding began anew");
        });
    }

    /// After an apply that was cut off: the next one completes, the plan after it is empty, and destroy.
    fn goes_on(&mut self) {
        let accepted = self.look(|estate| !estate.managed_instances[0].links.is_empty());
        if let Some(link) = self.quickstart.state.get("milink_link.sales") {
            assert!(!(accepted && link.tainted), "the link is tainted");
        }
        self.applies();
        self.stands();
        let taken = self.applies();
        let taken: Vec<_> = taken.into_iter().filter(|(_, action)| *action != Action::NoOp).collect();
        assert!(taken.is_empty(), "not settled: {taken:?}");
        self.leaves();
    }

    /// Destroys, and holds what is left against what state said.
    fn leaves(&mut self) {
        let mut adopted: BTreeSet<Name> = self
            .quickstart
            .state
            .iter()
            .filter(|(address, _)| self.quickstart.is_adopted(address))
            .flat_map(|(address, stored)| names(address, stored))
            .collect();
        // Their blocks say what becomes of them; a master key stays in any case.
        adopted.retain(|(kind, _)| {
            !matches!(kind, Kind::Endpoint | Kind::DistributedGroup | Kind::Link | Kind::MasterKey)
        });
        let mut end = self.quickstart.destroy(&Interrupt::default());
        let group = (Kind::AvailabilityGroup, "AG_Sales".to_owned());
        if let End::Failed(problem) = &end {
            // A group that was taken over stays with its database, and so must the endpoint that it uses, and what that
            // shows. The error says whose group it is and how to have it gone; that is done, and the rest goes.
            assert!(adopted.remove(&group), "{problem}");
            assert!(problem.contains("AG_Sales") && problem.contains("on_destroy"), "{problem}");
            self.quickstart.write("milink_availability_group.sales", "on_destroy", json!("drop"));
            let told = self.quickstart.apply_only("milink_availability_group.sales");
            assert!(matches!(told, End::Done(_)), "{told:?}");
            end = self.quickstart.destroy(&Interrupt::default());
        }
        assert!(matches!(end, End::Done(_)), "destroy: {end:?}");
        self.is_gone(&adopted);
    }

    /// Nothing is in the state, and of what there is on both sides only `adopted` was not there before, beside what stays
    /// by design.
    fn is_gone(&self, adopted: &BTreeSet<Name>) {
        assert!(self.quickstart.state.is_empty(), "{:?}", self.quickstart.state.keys());
        let differences = self.differences();
        assert_eq!(differences.missing, []);
        assert_eq!(differences.changed, []);
        let left: BTreeSet<Name> =
            differences.left_behind.iter().map(|item| (item.kind, item.name.clone())).collect();
        // "X for *.example" is a grant of the certificate X and goes or stays with it.
        let (grants, left): (BTreeSet<Name>, BTreeSet<Name>) =
            left.into_iter().partition(|(kind, _)| *kind == Kind::IssuerGrant);
        assert_eq!(&left, adopted, "left on the one hand, adopted on the other");
        let orphan = grants.iter().find(|(_, grant)| {
            let owner = grant.split_once(" for ").map_or("", |(owner, _)| owner);
            !left.contains(&(Kind::Certificate, owner.to_owned()))
        });
        assert_eq!(orphan, None, "a grant without its certificate");
        let by_design: Vec<Kind> = differences.remaining.iter().map(|(item, _)| item.kind).collect();
        assert_eq!(by_design, [Kind::Database, Kind::MasterKey], "{:?}", differences.remaining);
    }
}

/// The objects on both sides that one in the state stands for.
fn names(address: &str, stored: &Stored) -> Vec<Name> {
    let kinds: &[Kind] = match address.split_once('.').unwrap().0 {
        "milink_master_key" => &[Kind::MasterKey],
        "milink_certificate" | "milink_imported_certificate" => &[Kind::Certificate],
        "milink_server_trust_certificate" => &[Kind::TrustCertificate],
        "milink_mirroring_endpoint" => &[Kind::Endpoint],
        "milink_availability_group" => &[Kind::AvailabilityGroup],
        "milink_link" => &[Kind::DistributedGroup, Kind::Link],
        "milink_link_synchronization" => &[],
        other => panic!("what is {other}?"),
    };
    let name = match stored.value("name") {
        Value::String(name) => name.clone(),
        _ => String::new(),
    };
    kinds.iter().map(|kind| (*kind, name.clone())).collect()
}

/// One place in the course of an apply or a destroy.
#[derive(Clone, Debug)]
struct Point {
    /// Kind of the event, as the journal has it.
    kind: String,
    /// Which event of that kind, counted from 1.
    nth: u64,
}

/// What one place differs in from another: objects, what they are in the middle of, and how far the state has come.
fn place(estate: &Estate, progress: usize) -> impl PartialEq + use<> {
    let groups = estate.engines().flat_map(|engine| &engine.groups);
    let groups: Vec<_> = groups
        .map(|group| (group.name.clone(), group.role, group.link.connected, group.link.ever_connected))
        .collect();
    let links = estate.managed_instances.iter().flat_map(|managed| &managed.links);
    let links: Vec<_> = links
        .map(|link| {
            let seeding = |(done, of): (u64, u64)| (done > 0, done == of);
            let databases: Vec<_> = link
                .databases
                .iter()
                .map(|database| (database.seedings, database.seeded.map(seeding), database.error))
                .collect();
            (link.phase, link.session.is_some(), link.synchronous, databases)
        })
        .collect();
    let operations: Vec<_> = estate
        .operations
        .iter()
        .map(|operation| (operation.operation.clone(), operation.outcome.is_some()))
        .collect();
    let endpoints: Vec<_> =
        estate.engines().map(|engine| engine.endpoint.as_ref().map(|endpoint| endpoint.starts)).collect();
    let moving = format!("{groups:?} {links:?} {operations:?} {endpoints:?}");
    (Inventory::of(estate), moving, progress)
}

/// The places of an undisturbed course that differ. A statement or call that leaves both sides, what is under way on
/// them and the state as they were is no other place than the one before it, so each run of such events is tried once, at
/// its first; that they leave everything as it was is looked at after each of them, not assumed. What lives in a session
/// (the application lock) ends with it wherever it is taken, so each kind of event is tried at least once as well, and
/// whatever is a deed is tried in any case.
fn points(course: Course) -> &'static [Point] {
    static APPLY: OnceLock<Vec<Point>> = OnceLock::new();
    static DESTROY: OnceLock<Vec<Point>> = OnceLock::new();
    let found = match course {
        Course::Apply => &APPLY,
        Course::Destroy => &DESTROY,
    };
    found.get_or_init(|| find_points(course))
}

fn find_points(course: Course) -> Vec<Point> {
    let mut world = World::before(course);
    let mark = world.simulator.journal().mark();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (looked, estate) = (Arc::clone(&seen), world.simulator.world().clone());
    let stored = Arc::clone(&world.quickstart.progress);
    let faults = world.simulator.faults().clone();
    faults.add(Rule::always(Filter::default(), faults::Action::Signal(Moment::After)));
    faults.on_kill(move |event| {
        let place = estate.with(|estate| place(estate, stored.load(Ordering::SeqCst)));
        looked.lock().unwrap().push((place, event.kind.clone()));
    });
    let end = world.run(course, &Interrupt::default());
    assert!(matches!(end, End::Done(_)), "{end:?}");
    faults.clear();
    let deeds: BTreeSet<String> =
        deeds::since(&world.simulator, mark).into_iter().map(|entry| entry.kind).collect();
    if course == Course::Apply {
        world.stands();
        let adopted: Vec<_> =
            world.quickstart.state.keys().filter(|address| world.quickstart.is_adopted(address)).collect();
        assert!(adopted.is_empty(), "{adopted:?}");
        world.leaves();
    } else {
        world.is_gone(&BTreeSet::new());
    }
    world.0.finish();

    let seen = seen.lock().unwrap();
    let mut points: Vec<Point> = Vec::new();
    let mut last = None;
    let mut counts = BTreeMap::<&str, u64>::new();
    for (place, kind) in seen.iter() {
        let nth = counts.entry(kind).or_default();
        *nth += 1;
        if *nth == 1 || last != Some(place) || deeds.contains(kind) {
            points.push(Point { kind: kind.clone(), nth: *nth });
        }
        last = Some(place);
    }
    let enough = 19 + 3 * opposites::roots();
    assert!(seen.len() > 150 && points.len() > enough, "{} events, {points:#?}", seen.len());
    points
}

/// Tries `action` at every place, and what comes after it.
fn interrupted_everywhere(
    course: Course,
    action: faults::Action,
    ask: impl Fn(&Interrupt) + Copy + Send + Sync + 'static,
) {
    let points: Vec<&Point> = points(course).iter().step_by(suite::stride()).collect();
    let missed = Mutex::new(Vec::new());
    let ends = sweep(&points, AT_ONCE, |point| {
        let mut world = World::before(course);
        let interrupt = Interrupt::default();
        let hit = Arc::new(AtomicBool::new(false));
        let faults = world.simulator.faults().clone();
        faults.add(Rule::once(Filter::kind(&point.kind), point.nth, action.clone()));
        let (asked, noted) = (interrupt.clone(), Arc::clone(&hit));
        faults.on_kill(move |_| {
            noted.store(true, Ordering::SeqCst);
            ask(&asked);
        });
        let end = world.run(course, &interrupt);
        faults.clear();
        let hit = hit.load(Ordering::SeqCst);
        match &end {
            End::Killed | End::Stopped => assert!(hit),
            End::Failed(problem) => assert!(hit && problem.contains("cancel"), "{end:?}"),
            // Asked to stop when there was nothing left to stop.
            End::Done(_) if hit => {
                assert!(matches!(action, faults::Action::Signal(_)), "it outlived its death")
            }
            End::Done(_) => missed.lock().unwrap().push((*point).clone()),
        }
        match course {
            Course::Apply => world.goes_on(),
            Course::Destroy => {
                let end = world.quickstart.destroy(&Interrupt::default());
                assert!(matches!(end, End::Done(_)), "the next destroy: {end:?}");
                world.is_gone(&BTreeSet::new());
            }
        }
        world.0.finish();
    });
    let failures: Vec<String> = ends
        .into_iter()
        .filter_map(|(point, end)| Some(format!("{} {}: {}", point.kind, point.nth, end.err()?)))
        .collect();
    assert!(failures.is_empty(), "{} of {} points:\n{}", failures.len(), points.len(), failures.join("\n"));
    // Where fewer questions were needed until something had come about, a later one of them is not reached. Nothing but a
    // question is missed, and few of them. (Where an operation ends as soon as it is accepted, its URL may never be asked.)
    let missed = missed.into_inner().unwrap();
    assert!(
        missed.iter().all(|point| (point.nth > 1 || suite::stride() > 1)
            && (point.kind.starts_with("GET ") || point.kind == "SELECT")),
        "{missed:?}"
    );
    let few = missed.len() * 10 <= points.len();
    assert!(few || suite::stride() > 1, "{} of {}: {missed:?}", missed.len(), points.len());
}

#[test]
fn an_apply_killed_after_every_statement_and_call() {
    interrupted_everywhere(Course::Apply, faults::Action::Kill(Moment::After), Interrupt::kill);
}

#[test]
fn an_apply_stopped_after_every_statement_and_call() {
    interrupted_everywhere(Course::Apply, faults::Action::Signal(Moment::After), Interrupt::stop);
}

#[test]
fn a_destroy_killed_after_every_statement_and_call() {
    interrupted_everywhere(Course::Destroy, faults::Action::Kill(Moment::After), Interrupt::kill);
}

#[test]
fn a_destroy_stopped_after_every_statement_and_call() {
    interrupted_everywhere(Course::Destroy, faults::Action::Signal(Moment::After), Interrupt::stop);
}

/// The quickstart of the sweeps is `examples/quickstart`: the real Terraform has the same deeds done with it, word for
/// word, and where one needs another, in the same order.
#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_in_this_process_does_what_the_real_one_does() {
    let (here, here_destroyed) = tokio::task::spawn_blocking(|| {
        let mut world = World::new();
        world.applies();
        let mark = world.simulator.journal().mark();
        let applied = told(deeds::since(&world.simulator, 0));
        let end = world.quickstart.destroy(&Interrupt::default());
        assert!(matches!(end, End::Done(_)), "{end:?}");
        let destroyed = told(deeds::since(&world.simulator, mark));
        world.0.finish();
        (applied, destroyed)
    })
    .await
    .unwrap();

    let scenario = Scenario::quickstart("same-deeds").await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    let mark = scenario.simulator().journal().mark();
    let there = told(deeds::since(scenario.simulator(), 0));
    terraform.destroy().await.succeeded();
    let there_destroyed = told(deeds::since(scenario.simulator(), mark));
    scenario.finish().await;

    same(
        &here,
        &there,
        &[
            "CREATE MASTER KEY",
            "CREATE CERTIFICATE [milink_",
            "PUT ",
            "CREATE ENDPOINT",
            "CREATE AVAILABILITY GROUP [AG",
            "CREATE AVAILABILITY GROUP [DAG",
            "PUT ",
        ],
    );
    same(
        &here_destroyed,
        &there_destroyed,
        &[
            "DELETE ",
            "DROP AVAILABILITY GROUP [DAG",
            "DROP AVAILABILITY GROUP [AG",
            "DROP ENDPOINT",
            "DELETE ",
            "DROP CERTIFICATE [milink_",
        ],
    );
}

fn told(deeds: Vec<milink_simulator::journal::Entry>) -> Vec<String> {
    deeds.iter().map(deeds::without_chance).collect()
}

/// The same deeds, and in both these in this order.
#[track_caller]
fn same(here: &[String], there: &[String], order: &[&str]) {
    let sorted = |deeds: &[String]| {
        let mut deeds = deeds.to_vec();
        deeds.sort();
        deeds
    };
    assert_eq!(sorted(here), sorted(there));
    for deeds in [here, there] {
        let mut rest = deeds.iter();
        for next in order {
            assert!(rest.any(|deed| deed.starts_with(next)), "{next} is out of its place in {deeds:#?}");
        }
    }
}
