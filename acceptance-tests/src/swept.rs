//! A world of its own, and the quickstart in it, for each of the many attempts of a sweep; and the sweep.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use milink_simulator::rehearsal::inventory::{Differences, Inventory};
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::world::Estate;

use crate::core::Quickstart;
use crate::secrets::Secrets;
use crate::{opposites, suite};

/// A world and the quickstart in it, in this process.
#[derive(Debug)]
pub struct World {
    /// Where the simulator runs.
    pub runtime: tokio::runtime::Runtime,
    /// World, journal, faults.
    pub simulator: Simulator,
    /// The configuration and its state.
    pub quickstart: Quickstart,
    /// What there was before the first apply.
    pub before: Inventory,
    folder: tempfile::TempDir,
    secrets: Secrets,
}

impl World {
    /// The quickstart's world after a change.
    pub fn changed(change: impl FnOnce(&mut Estate)) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let scene = Scene::demonstration().unwrap();
        let variables = scene.variables.clone();
        let secrets = Secrets::of(&scene);
        let (mut estate, options) = suite::parts(scene);
        change(&mut estate);
        let before = Inventory::of(&estate);
        let simulator = runtime.block_on(Simulator::start(estate, options)).unwrap();
        let folder = tempfile::tempdir_in(target::directory()).unwrap();
        let rehearsal = folder.path().join("rehearsal.json");
        simulator.write_rehearsal_file(&rehearsal).unwrap();
        let quickstart = Quickstart::new(rehearsal, variables);
        Self { runtime, simulator, quickstart, before, folder, secrets }
    }

    /// Looks at the world or changes it.
    pub fn look<T>(&self, look: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(look)
    }

    /// What became of the world since the beginning.
    pub fn differences(&self) -> Differences {
        self.before.compare(&self.look(|estate| Inventory::of(estate)))
    }

    /// Ends it, and searches what was left behind for secrets.
    pub fn finish(self) {
        self.secrets.assert_absent_below(self.folder.path());
        for (address, stored) in &self.quickstart.state {
            self.secrets.assert_absent(format!("{:?}", stored.state).as_bytes(), address);
            self.secrets.assert_absent(&stored.private, &format!("the private bytes of {address}"));
        }
        let journal = format!("{:?}", self.simulator.journal().entries());
        self.secrets.assert_absent(journal.as_bytes(), "the journal");
        self.runtime.block_on(self.simulator.shutdown());
    }
}

/// Makes every attempt, `at_once` at the same time; what came of each, in their order: a result, or the words of the panic
/// that ended it.
pub fn sweep<T: Sync, R: Send>(
    attempts: &[T],
    at_once: usize,
    attempt: impl Fn(&T) -> R + Sync,
) -> Vec<(&T, Result<R, String>)> {
    let next = AtomicUsize::new(0);
    let ends = Mutex::new(Vec::new());
    let left_out = opposites::left_out();
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let _without = opposites::without(&left_out);
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = attempts.get(place) else { break };
                    let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attempt(one)));
                    let end = end.map_err(|panic| {
                        let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
                        words
                            .or_else(|| panic.downcast_ref::<String>().cloned())
                            .unwrap_or_else(|| "?".to_owned())
                    });
                    ends.lock().unwrap().push((place, one, end));
                }
            });
        }
    });
    let mut ends = ends.into_inner().unwrap();
    ends.sort_by_key(|(place, ..)| *place);
    ends.into_iter().map(|(_, one, end)| (one, end)).collect()
}
