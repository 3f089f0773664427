//! SQL Server Browser: the service of a host that tells clients where its instances listen.
//!
//! It is there where a named instance was installed, and people stop it. An instance that is hidden is not told, neither
//! in the list nor by its name: its clients need its port. ["SQL Server Browser service", 2017; "Hide an instance of SQL
//! Server Database Engine", 2023]

use super::estate::Estate;
use super::instance::SqlInstance;

impl Estate {
    /// Whether the service of a host, lower case, runs; nothing where the host has none.
    pub fn browser_runs(&self, host: &str) -> Option<bool> {
        self.browsers.get(host).copied()
    }

    /// The instances that the service of a host, lower case, tells clients about now: none where it is stopped or the site
    /// is down.
    pub fn browsed<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a SqlInstance> {
        let runs = self.browser_runs(host) == Some(true) && !self.network.down.contains(host);
        self.sql_servers.iter().filter(move |engine| runs && engine.host == host && !engine.transport.hidden)
    }
}
