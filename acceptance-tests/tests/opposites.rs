//! Where no source says how a server behaves, the simulator believes one thing and can be switched to its worst credible
//! opposite. Under each opposite the provider may refuse; it does not lose data, loop, taint, or report what is not.
//! In process: the quickstart from apply to destroy, once for each switch.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use milink_acceptance_tests::collation;
use milink_acceptance_tests::core::{End, Interrupt, Quickstart};
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::world::Estate;
use milink_simulator::world::assumption::ASSUMPTIONS;
use milink_simulator::world::database::DatabaseState;
use milink_simulator::world::managed::LinkPhase;
use terraform_provider_milink::framework::harness::Action;
use terraform_provider_milink::framework::value::Value;

/// Worlds that live at the same time. They wait far more than they compute.
const AT_ONCE: usize = 8;
/// After this the provider is asked to stop, as an operator would who sees it wait: under some opposites what it waits for
/// comes after a day.
const PATIENCE: Duration = Duration::from_secs(100);
/// Applies in which a world has to come to rest.
const APPLIES: usize = 4;

struct World {
    runtime: tokio::runtime::Runtime,
    simulator: Simulator,
    quickstart: Quickstart,
    _folder: tempfile::TempDir,
}

impl World {
    fn with(opposite: u16) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let scene = Scene::demonstration().unwrap();
        let variables = scene.variables.clone();
        let (mut estate, options) = collation::parts(scene);
        estate.opposites.insert(opposite);
        let simulator = runtime.block_on(Simulator::start(estate, options)).unwrap();
        let folder = tempfile::tempdir_in(target::directory()).unwrap();
        let rehearsal = folder.path().join("rehearsal.json");
        simulator.write_rehearsal_file(&rehearsal).unwrap();
        Self { runtime, simulator, quickstart: Quickstart::new(rehearsal, variables), _folder: folder }
    }

    /// Runs it, and asks it to stop when it takes too long.
    fn run(&mut self, run: impl FnOnce(&mut Quickstart, &Interrupt) -> End) -> End {
        let interrupt = Interrupt::default();
        let stop = interrupt.clone();
        let (ended, waits) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                stop.stop();
            }
        });
        let end = run(&mut self.quickstart, &interrupt);
        drop(ended);
        watch.join().unwrap();
        end
    }

    fn look<T>(&self, look: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(look)
    }

    fn status(&self) -> Option<String> {
        match self.quickstart.state.get("milink_link.sales")?.value("status") {
            Value::String(status) => Some(status.clone()),
            _ => None,
        }
    }

    /// What holds at any time.
    fn nothing_is_lost(&self) {
        let tainted: Vec<_> = self
            .quickstart
            .state
            .iter()
            .filter(|(_, stored)| stored.tainted)
            .map(|(address, _)| address)
            .collect();
        assert!(tainted.is_empty(), "tainted: {tainted:?}");
        self.look(|estate| {
            let sales = estate.sql_servers[0].database("Sales").expect("the primary's database");
            assert_eq!(sales.state, DatabaseState::Online);
            assert!(estate.managed_instances[0].links.len() <= 1, "a link is there twice");
            let groups = &estate.sql_servers[0].groups;
            assert!(groups.len() <= 2, "groups: {groups:?}");
        });
    }

    /// Success was reported: then it is one.
    fn is_what_was_reported(&self) {
        assert_eq!(self.status().as_deref(), Some("established"));
        let (phase, seedings) = self.look(|estate| {
            let link = &estate.managed_instances[0].links[0];
            (link.phase, link.databases[0].seedings)
        });
        assert_eq!((phase, seedings), (LinkPhase::Synchronizing, 1));
    }
}

/// The life of the quickstart; says how it went.
fn live(opposite: u16) -> String {
    let mut world = World::with(opposite);
    let mut ends = Vec::new();
    let mut rests = false;
    for _ in 0..APPLIES {
        let end = world.run(Quickstart::apply);
        world.nothing_is_lost();
        let said = match end {
            End::Done(taken) => {
                world.is_what_was_reported();
                let changes = taken.iter().filter(|(_, action)| *action != Action::NoOp).count();
                rests = changes == 0;
                format!("{changes} changes")
            }
            // A refusal, or a wait that was ended: nothing was reported.
            End::Failed(problem) => format!("refused: {problem}"),
            End::Stopped => "stopped".to_owned(),
            End::Killed => panic!("nobody killed it"),
        };
        ends.push(said);
        if rests {
            break;
        }
    }
    let done_without_rest = !rests && ends.iter().all(|end| end.ends_with("changes"));
    assert!(!done_without_rest, "it never comes to rest: {ends:?}");
    let end = world.run(Quickstart::destroy);
    world.nothing_is_lost();
    ends.push(match end {
        End::Done(_) => {
            world.look(|estate| {
                assert!(estate.managed_instances[0].links.is_empty(), "reported as destroyed")
            });
            "destroyed".to_owned()
        }
        End::Failed(problem) => format!("destroy refused: {problem}"),
        End::Stopped => "destroy stopped".to_owned(),
        End::Killed => panic!("nobody killed it"),
    });
    world.runtime.block_on(world.simulator.shutdown());
    ends.join(" · ")
}

#[test]
fn under_each_opposite_nothing_is_lost_and_nothing_untrue_is_reported() {
    let opposites: Vec<u16> = ASSUMPTIONS.iter().filter(|one| one.switchable).map(|one| one.number).collect();
    assert!(opposites.len() > 10, "{opposites:?}");
    let next = AtomicUsize::new(0);
    let (lives, failures) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(&opposite) = opposites.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match std::panic::catch_unwind(|| live(opposite)) {
                        Ok(life) => lives.lock().unwrap().push((opposite, life)),
                        Err(panic) => {
                            let text = panic.downcast_ref::<String>().cloned();
                            failures.lock().unwrap().push((opposite, text.unwrap_or_else(|| "?".to_owned())));
                        }
                    }
                }
            });
        }
    });
    let mut lives = lives.into_inner().unwrap();
    lives.sort();
    for (opposite, life) in &lives {
        println!("{opposite}: {life}");
    }
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
    // A switch that stops everything shows nothing: most worlds must let the quickstart through.
    let through =
        lives.iter().filter(|(_, life)| life.contains("0 changes") && life.ends_with("destroyed")).count();
    assert!(through * 2 > opposites.len(), "{lives:#?}");
}
