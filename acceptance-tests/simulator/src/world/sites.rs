//! Sites that go down and come back.

use super::assumption;
use super::estate::Estate;
use super::instance::{EngineKey, SqlInstance};

impl Estate {
    /// A host, or the region of a managed instance, goes down with all its engines and endpoints: nobody reaches them,
    /// and nothing is written there.
    pub fn bring_down(&mut self, site: &str) {
        let hosts: Vec<String> =
            self.engines().filter(|one| one.answers_to(site)).map(|one| one.host.clone()).collect();
        self.network.down.extend(hosts);
        self.stirred.notify_waiters();
    }

    /// It comes back: its engines start. Whether it was down.
    pub fn bring_up(&mut self, site: &str) -> bool {
        let now = self.clock.now();
        let reconfigured = self.opposite(assumption::LOST_OPTIONS);
        let Self { sql_servers, managed_instances, network, .. } = self;
        let engines =
            sql_servers.iter_mut().chain(managed_instances.iter_mut().map(|managed| &mut managed.engine));
        let mut back = false;
        for engine in engines.filter(|one: &&mut SqlInstance| one.answers_to(site)) {
            // Several engines share a host.
            back |= network.down.remove(&engine.host);
            if back {
                engine.restart(now, reconfigured);
            }
        }
        self.stirred.notify_waiters();
        back
    }

    /// An engine stops and starts again. Whether there is one.
    pub fn restart(&mut self, key: &EngineKey) -> bool {
        let now = self.clock.now();
        let reconfigured = self.opposite(assumption::LOST_OPTIONS);
        let engine = self.engine_mut(key);
        let found = engine.map(|engine| engine.restart(now, reconfigured)).is_some();
        self.stirred.notify_waiters();
        found
    }
}
