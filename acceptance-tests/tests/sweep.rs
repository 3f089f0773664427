//! Killed, and asked to stop, after every statement and call of the quickstart: the next apply completes, nothing exists
//! twice, nothing is lost, the link is never tainted once Azure took it, and what a destroy leaves is what state calls
//! adopted. In process; `interruption.rs` shows a cross-section with the real Terraform.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use milink_acceptance_tests::core::{End, Interrupt, Quickstart};
use milink_acceptance_tests::secrets::Secrets;
use milink_simulator::faults::{self, Filter, Moment, Rule};
use milink_simulator::rehearsal::inventory::Inventory;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::world::Estate;
use terraform_provider_milink::framework::harness::Action;

/// Points that are tried at the same time. They wait far more than they compute.
const AT_ONCE: usize = 16;

/// A world of its own, and the quickstart in it.
struct World {
    runtime: tokio::runtime::Runtime,
    simulator: Simulator,
    quickstart: Quickstart,
    folder: tempfile::TempDir,
    secrets: Secrets,
}

impl World {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let scene = Scene::demonstration().unwrap();
        let variables = scene.variables.clone();
        let mut secrets = Secrets::default();
        for secret in &scene.secrets {
            secrets.add(secret);
        }
        let (estate, options) = scene.into_parts();
        let simulator = runtime.block_on(Simulator::start(estate, options)).unwrap();
        let folder = tempfile::tempdir_in(target::directory()).unwrap();
        let rehearsal = folder.path().join("rehearsal.json");
        simulator.write_rehearsal_file(&rehearsal).unwrap();
        Self { runtime, simulator, quickstart: Quickstart::new(rehearsal, variables), folder, secrets }
    }

    fn look<T>(&self, look: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(look)
    }

    fn inventory(&self) -> Inventory {
        self.look(|estate| Inventory::of(estate))
    }

    fn finish(self) {
        self.secrets.assert_absent_below(self.folder.path());
        let state = format!("{:?}", self.quickstart.state);
        self.secrets.assert_absent(state.as_bytes(), "the state");
        self.runtime.block_on(self.simulator.shutdown());
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
        });
    }

    /// The second apply of everything, the plan after it, and destroy.
    fn goes_on(&mut self, before: &Inventory) {
        let accepted = self.look(|estate| !estate.managed_instances[0].links.is_empty());
        if let Some(link) = self.quickstart.state.get("milink_link.sales") {
            assert!(!(accepted && link.tainted), "the link is tainted");
        }
        let end = self.quickstart.apply(&Interrupt::default());
        assert!(matches!(end, End::Done(_)), "the next apply: {end:?}");
        self.stands();
        let end = self.quickstart.apply(&Interrupt::default());
        let End::Done(taken) = end else { panic!("the apply after it: {end:?}") };
        let taken: Vec<_> = taken.into_iter().filter(|(_, action)| *action != Action::NoOp).collect();
        assert!(taken.is_empty(), "not settled: {taken:?}");
        self.leaves(before);
    }

    /// Destroys, and holds what is left against what state said.
    fn leaves(&mut self, before: &Inventory) {
        let names = |quickstart: &Quickstart, adopted: bool| -> BTreeSet<String> {
            let chosen =
                quickstart.state.iter().filter(|(address, _)| quickstart.is_adopted(address) == adopted);
            chosen.filter_map(|(_, stored)| text(stored.value("name"))).collect()
        };
        let adopted = names(&self.quickstart, true);
        let end = self.quickstart.destroy(&Interrupt::default());
        let kept = names(&self.quickstart, false);
        let differences = before.compare(&self.inventory());
        let changed: Vec<&str> = differences.changed.iter().map(|item| item.name.as_str()).collect();
        if let End::Failed(problem) = &end {
            // A group that was taken over stays with its database, and so must the endpoint that it uses, and what that
            // shows. The error says whose group it is.
            assert!(adopted.contains("AG_Sales") && problem.contains("AG_Sales"), "{problem}");
            assert_eq!(changed, ["Sales"]);
        } else {
            assert!(matches!(end, End::Done(_)), "destroy: {end:?}");
            assert_eq!(changed, [""; 0]);
        }
        assert_eq!(differences.missing, []);
        let left: BTreeSet<String> = differences.left_behind.iter().map(|item| item.name.clone()).collect();
        // "X for *.example" is a grant of the certificate X and goes or stays with it.
        let owner = |name: &str| name.split_once(" for ").map_or(name, |(owner, _)| owner).to_owned();
        let explained = |name: &&String| adopted.contains(&owner(name)) || kept.contains(&owner(name));
        let unexplained: Vec<_> = left.iter().filter(|name| !explained(name)).collect();
        assert!(
            unexplained.is_empty(),
            "{unexplained:?} is left, adopted are {adopted:?}, in the state {kept:?}"
        );
        let lost: Vec<_> = adopted.iter().filter(|name| !left.contains(*name)).collect();
        assert!(
            lost.iter().all(|name| dropped_on_demand(name)),
            "{lost:?} is gone though state calls it adopted"
        );
    }
}

/// The endpoint's and the link's blocks say what becomes of them.
fn dropped_on_demand(name: &str) -> bool {
    name == "milink_endpoint" || name == "DAG_Sales"
}

fn text(value: &terraform_provider_milink::framework::value::Value) -> Option<String> {
    match value {
        terraform_provider_milink::framework::value::Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// One place in the course of an apply.
#[derive(Clone, Debug)]
struct Point {
    /// Which event, counted from 1.
    nth: u64,
    /// What it is, for messages.
    what: String,
}

/// The places of an undisturbed apply that differ. A statement or call that leaves both sides and the state as they
/// were is no other place than the one before it, so each run of such events is tried once, at its first; that they leave
/// everything as it was is looked at after each of them, not assumed. What lives in a session (the application lock) ends
/// with it wherever it is taken, so each kind of event is tried at least once as well.
fn points() -> Vec<Point> {
    let mut world = World::new();
    let before = world.inventory();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (looked, estate) = (Arc::clone(&seen), world.simulator.world().clone());
    let stored = Arc::clone(&world.quickstart.progress);
    let faults = world.simulator.faults().clone();
    faults.add(Rule::always(Filter::default(), faults::Action::Signal(Moment::After)));
    faults.on_kill(move |event| {
        let inventory = estate.with(|estate| Inventory::of(estate));
        let place = (inventory, stored.load(Ordering::SeqCst));
        looked.lock().unwrap().push((place, format!("{} {}", event.kind, event.object)));
    });
    let end = world.quickstart.apply(&Interrupt::default());
    assert!(matches!(end, End::Done(_)), "{end:?}");
    faults.clear();
    world.stands();
    let adopted: Vec<_> =
        world.quickstart.state.keys().filter(|address| world.quickstart.is_adopted(address)).collect();
    assert!(adopted.is_empty(), "{adopted:?}");
    world.leaves(&before);
    world.finish();

    let seen = seen.lock().unwrap();
    let mut points: Vec<Point> = Vec::new();
    let mut last = None;
    let mut kinds = BTreeSet::new();
    for (nth, (place, what)) in (1..).zip(seen.iter()) {
        if kinds.insert(what.clone()) || last != Some(place) {
            points.push(Point { nth, what: what.clone() });
        }
        last = Some(place);
    }
    assert!(seen.len() > 300 && points.len() > 40, "{} events, {points:#?}", seen.len());
    points
}

/// Runs `attempt` for every point, several at a time; says what went wrong where.
fn sweep(points: &[Point], attempt: impl Fn(&Point) + Sync) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let attempt = std::panic::AssertUnwindSafe(|| attempt(point));
                    if let Err(panic) = std::panic::catch_unwind(attempt) {
                        let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "?".to_owned());
                        failures.lock().unwrap().push((point.nth, format!("{}: {text}", point.what)));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let list: Vec<String> = failures.iter().map(|(point, text)| format!("{point}: {text}")).collect();
    assert!(list.is_empty(), "{} of {} points:\n{}", list.len(), points.len(), list.join("\n"));
}

/// Tries `action` at every place, and what comes after it.
fn interrupted_everywhere(action: faults::Action, ask: impl Fn(&Interrupt) + Copy + Send + Sync + 'static) {
    let points = points();
    sweep(&points, |point| {
        let mut world = World::new();
        let before = world.inventory();
        let interrupt = Interrupt::default();
        let faults = world.simulator.faults().clone();
        faults.add(Rule::once(Filter::default(), point.nth, action.clone()));
        let asked = interrupt.clone();
        faults.on_kill(move |_| ask(&asked));
        // A place near the end may not be reached where fewer polls were needed; then nothing was interrupted.
        let end = world.quickstart.apply(&interrupt);
        assert!(!matches!(&end, End::Failed(problem) if !problem.contains("cancel")), "{end:?}");
        faults.clear();
        world.goes_on(&before);
        world.finish();
    });
}

#[test]
fn killed_after_every_statement_and_call() {
    interrupted_everywhere(faults::Action::Kill(Moment::After), Interrupt::kill);
}

#[test]
fn stopped_after_every_statement_and_call() {
    interrupted_everywhere(faults::Action::Signal(Moment::After), Interrupt::stop);
}
