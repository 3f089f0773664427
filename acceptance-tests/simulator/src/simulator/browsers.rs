//! SQL Server Browser of each host that has it: an address of loopback of the host's own.
//!
//! Clients ask at UDP 1434 of the name that they were given, and dial the port that they are told at the same address. So
//! a host with named instances gets an address that nobody else has, out of 127.0.0.0/8, with the service there and its
//! instances at their own ports. Nothing but what listens there is ever told, so that nobody is led elsewhere.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::UdpSocket;

use crate::ssrp::{Browser, Directory, Instance};
use crate::tds::TdsServer;
use crate::tds::backend::Backend;
use crate::world::World;
use crate::world::assumption;
use crate::world::instance::EngineKey;

/// How many addresses are tried for a host: another simulator may have one.
const ATTEMPTS: usize = 8;

/// SQL Server Browser of a host.
#[derive(Debug)]
pub struct HostBrowser {
    /// The host, lower case.
    pub host: String,
    /// The service, or why this machine has no place for it.
    pub service: Result<Browser, io::Error>,
}

impl HostBrowser {
    /// What people need to know of it, in a line.
    pub fn line(&self) -> String {
        let host = &self.host;
        match &self.service {
            Ok(browser) => format!("SQL Server Browser of {host} -> {} (UDP)", browser.address()),
            Err(error) => format!(
                "SQL Server Browser of {host} is not served: no UDP port 1434 on an address of loopback ({error}); its \
                 instances are at their ports"
            ),
        }
    }
}

/// Addresses of hosts, with the service's port taken there.
pub(super) struct Homes(BTreeMap<String, io::Result<(Ipv4Addr, UdpSocket)>>);

impl Homes {
    /// Finds an address for each host that has the service.
    pub(super) async fn find(world: &World) -> Self {
        let hosts: Vec<String> = world.with(|estate| estate.browsers.keys().cloned().collect());
        let mut homes = BTreeMap::new();
        for host in hosts {
            let home = home().await;
            homes.insert(host, home);
        }
        Self(homes)
    }

    /// The address of a host.
    pub(super) fn address(&self, host: &str) -> Option<Ipv4Addr> {
        self.0.get(host).and_then(|home| home.as_ref().ok()).map(|(ip, _)| *ip)
    }

    /// Lets the services answer, with the ports at which the instances listen.
    pub(super) fn serve(self, world: &World, ports: BTreeMap<EngineKey, u16>) -> Vec<HostBrowser> {
        let ports = Arc::new(ports);
        let serve = |(host, home): (String, io::Result<(Ipv4Addr, UdpSocket)>)| {
            let directory = Host { world: world.clone(), host: host.clone(), ports: Arc::clone(&ports) };
            let service = home.and_then(|(_, socket)| Browser::serve(socket, Arc::new(directory)));
            HostBrowser { host, service }
        };
        self.0.into_iter().map(serve).collect()
    }
}

async fn home() -> io::Result<(Ipv4Addr, UdpSocket)> {
    let mut left = ATTEMPTS;
    loop {
        // 127.0.0.0/16 is for others: tools, resolvers and containers are there.
        let [second, third, last, ..] = *uuid::Uuid::new_v4().as_bytes();
        let ip = Ipv4Addr::new(127, second.max(1), third, last.clamp(1, 254));
        left -= 1;
        match Browser::claim(ip).await {
            Ok(socket) => return Ok((ip, socket)),
            Err(error) if left == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

/// Listens for an instance: where its host has an address of its own, at the instance's own port, or at a free one where
/// something has that on all addresses.
pub(super) async fn listen<B: Backend>(
    backend: Arc<B>,
    tls: &ServerConfig,
    home: Option<Ipv4Addr>,
    port: u16,
) -> io::Result<TdsServer> {
    let Some(ip) = home else { return TdsServer::start(backend, tls.clone(), 0).await };
    let at = |port| SocketAddr::from((ip, port));
    match TdsServer::start_at(Arc::clone(&backend), tls.clone(), at(port)).await {
        Err(_taken) => TdsServer::start_at(backend, tls.clone(), at(0)).await,
        started => started,
    }
}

/// What the service of a host tells.
struct Host {
    world: World,
    host: String,
    ports: Arc<BTreeMap<EngineKey, u16>>,
}

impl Directory for Host {
    fn instances(&self) -> Vec<Instance> {
        self.world.with(|estate| {
            let installed = estate.opposite(assumption::BROWSED_BUILD);
            let told = estate.browsed(&self.host).filter_map(|engine| {
                Some(Instance {
                    server: engine.machine_name.clone(),
                    name: engine.service_name().to_owned(),
                    clustered: engine.clustered,
                    // ASSUMED 55.
                    version: if installed { engine.build.first() } else { engine.build }.to_string(),
                    port: *self.ports.get(&engine.key())?,
                })
            });
            told.collect()
        })
    }

    fn wants_zero(&self) -> bool {
        self.world.glance(|estate| estate.opposite(assumption::ZERO_AT_THE_END))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::server::ArmServer;
    use crate::arm::tls::LocalAuthority;
    use crate::faults::Faults;
    use crate::journal::Journal;
    use crate::scene::Scene;
    use crate::tsql::engine::EngineBackend;

    #[test]
    fn a_host_without_a_place_says_so_in_a_line() {
        let taken = io::Error::from(io::ErrorKind::AddrInUse);
        let homes = Homes(BTreeMap::from([("h".to_owned(), Err(taken))]));
        assert_eq!(homes.address("h"), None);
        let world = World::new(Scene::demonstration().unwrap().estate);
        let browsers = homes.serve(&world, BTreeMap::new());
        let line = browsers[0].line();
        assert!(line.starts_with("SQL Server Browser of h is not served") && !line.contains('\n'), "{line}");
    }

    #[test]
    fn the_service_tells_the_build_that_runs_or_the_first() {
        let mut estate = Scene::demonstration().unwrap().estate;
        let engine = &estate.sql_servers[0];
        let (host, runs) = (engine.host.clone(), engine.build.to_string());
        let ports = Arc::new(BTreeMap::from([(engine.key(), 5000)]));
        estate.browsers.insert(host.clone(), true);
        let world = World::new(estate);
        let service = Host { world: world.clone(), host, ports };
        assert_eq!((service.instances()[0].version.clone(), service.wants_zero()), (runs, false));
        world
            .with(|estate| estate.opposites.extend([assumption::BROWSED_BUILD, assumption::ZERO_AT_THE_END]));
        assert_eq!((service.instances()[0].version.as_str(), service.wants_zero()), ("16.0.1000.6", true));
    }

    #[tokio::test]
    async fn an_instance_listens_elsewhere_at_its_address_where_its_port_is_taken() {
        let (ip, _socket) = home().await.unwrap();
        assert!(Browser::claim(ip).await.is_err(), "it is taken");
        assert!(Browser::claim(Ipv4Addr::UNSPECIFIED).await.is_err(), "others could ask there");
        let taken = tokio::net::TcpListener::bind((ip, 0)).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let scene = Scene::demonstration().unwrap();
        let key = scene.estate.sql_servers[0].key();
        let world = World::new(scene.estate);
        let authority = LocalAuthority::new().unwrap();
        let (journal, faults) = (Journal::new(), Faults::new());
        let backend = Arc::new(world.clone());
        let arm = ArmServer::start(
            backend,
            scene.directory,
            &authority,
            journal.clone(),
            faults.clone(),
            crate::arm::Settings::default(),
        );
        let arm = arm.await.unwrap();
        let engine = EngineBackend::new(&world, &key, &journal, &faults, arm.tokens()).unwrap();
        let tls = authority.server_config(&["h"], &[]).unwrap();
        let engine = Arc::new(engine);
        let other = listen(Arc::clone(&engine), &tls, Some(ip), port).await.unwrap();
        assert_eq!(other.address().ip(), ip);
        assert_ne!(other.address().port(), port);
        drop(taken);
        let own = listen(Arc::clone(&engine), &tls, Some(ip), port).await.unwrap();
        assert_eq!(own.address().port(), port);
        let nowhere = listen(engine, &tls, None, port).await.unwrap();
        assert_eq!(nowhere.address().ip(), Ipv4Addr::LOCALHOST);
    }
}
