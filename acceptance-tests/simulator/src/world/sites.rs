//! Sites that go down and come back.

use super::estate::Estate;
use super::instance::SqlInstance;

impl Estate {
    /// A host, or the region of a managed instance, goes down with all its engines and endpoints: nobody reaches them,
    /// and nothing is written there.
    pub fn bring_down(&mut self, site: &str) {
        let hosts: Vec<String> =
            self.engines().filter(|one| one.answers_to(site)).map(|one| one.host.clone()).collect();
        self.network.down.extend(hosts);
    }

    /// It comes back: its engines start. Whether it was down.
    pub fn bring_up(&mut self, site: &str) -> bool {
        let now = self.clock.now();
        let Self { sql_servers, managed_instances, network, .. } = self;
        let engines =
            sql_servers.iter_mut().chain(managed_instances.iter_mut().map(|managed| &mut managed.engine));
        let mut back = false;
        for engine in engines.filter(|one: &&mut SqlInstance| one.answers_to(site)) {
            // Several engines share a host.
            back |= network.down.remove(&engine.host);
            if back {
                engine.restart(now);
            }
        }
        back
    }
}
