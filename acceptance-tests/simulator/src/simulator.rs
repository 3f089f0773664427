//! The simulator in operation: one world, its faces on loopback, and what tests and people hold of it.
//!
//! Used in process by tests and by the command line alike. Every name that the simulated servers have in a
//! configuration (`sql1.corp.example:1433`, `management.azure.com:443`) is mapped to a port on loopback; the map and the
//! authority that signs the servers' certificates are what a provider under rehearsal needs to know, and
//! [`Simulator::write_rehearsal_file`] writes both down. Hosts with SQL Server Browser have an address of their own.

mod addresses;
mod browsers;
mod listeners;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use self::addresses::{AddressBook, Addresses};
use self::browsers::Homes;
pub use self::browsers::HostBrowser;
use self::listeners::{Engines, Listening};
use crate::arm::directory::{Application, Directory};
use crate::arm::server::NAMES;
use crate::arm::tls::{LocalAuthority, TlsError};
use crate::arm::{ArmServer, Settings};
use crate::control::{ControlServer, Controlled};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::tds::TdsServer;
use crate::tsql::engine::EngineBackend;
use crate::world::instance::{EngineKey, SqlInstance};
use crate::world::{Estate, World};

/// How a simulator is set up, beside what there is in its world.
#[derive(Debug, Default)]
pub struct Options {
    /// Applications that may sign in, their roles, locks and policies.
    pub directory: Directory,
    /// How the ARM face behaves.
    pub arm: Settings,
    /// Where the journal is written too, one JSON object a line.
    pub journal: Option<PathBuf>,
    /// Where the control API listens; without it there is none.
    pub control: Option<SocketAddr>,
    /// What must not turn up in the journal, whatever place it is in.
    pub secrets: Vec<String>,
}

/// A simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTPS face.
    #[error(transparent)]
    Arm(#[from] crate::arm::StartError),
    /// A TDS face.
    #[error("the TDS face of {engine} could not listen on loopback: {source}")]
    Tds {
        /// Which engine.
        engine: String,
        /// Why.
        source: io::Error,
    },
    /// The control API.
    #[error(transparent)]
    Control(#[from] crate::control::StartError),
    /// The journal's file.
    #[error("the journal `{path}` cannot be written: {source}")]
    Journal {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A running simulator. Dropping it closes all its ports; [`Simulator::shutdown`] lets answers end first.
#[derive(Debug)]
pub struct Simulator {
    world: World,
    journal: Journal,
    faults: Faults,
    authority: Arc<LocalAuthority>,
    arm: ArmServer,
    tds: Vec<TdsServer>,
    /// Listens for listeners of groups.
    listeners: AbortOnDropHandle<()>,
    browsers: Vec<HostBrowser>,
    control: Option<ControlServer>,
    book: Arc<AddressBook>,
    application: Option<Application>,
}

impl Simulator {
    /// Starts all faces of `estate` on free ports of loopback.
    ///
    /// # Errors
    /// When a port cannot be had or the journal not be written.
    pub async fn start(estate: Estate, options: Options) -> Result<Self, StartError> {
        let journal = match options.journal {
            Some(path) => Journal::with_file(&path).map_err(|source| StartError::Journal { path, source })?,
            None => Journal::new(),
        };
        for secret in &options.secrets {
            journal.hide(secret);
        }
        let authority = Arc::new(LocalAuthority::new()?);
        let world = World::new(estate);
        let faults = Faults::new();
        let application = options.directory.first_application();
        let arm = ArmServer::start(
            Arc::new(world.clone()),
            options.directory,
            &authority,
            journal.clone(),
            faults.clone(),
            options.arm,
        )
        .await?;
        let mut addresses: Addresses = NAMES
            .iter()
            .filter(|name| **name != "localhost")
            .map(|name| (format!("{name}:443"), arm.address()))
            .collect();
        let server_name = format!("{}.rehearsal.invalid", uuid::Uuid::new_v4().simple());
        let homes = Homes::find(&world).await;
        let backends = backends(&world, &journal, &faults, &arm);
        let (tds, ports) =
            listen(&world, &backends, &homes, (&authority, &server_name), &mut addresses).await?;
        let browsers = homes.serve(&world, ports);
        let told = serde_json::json!({
            "ca_certificate": authority.pem(),
            "server_name": server_name,
            "application": application.as_ref().map(|application| serde_json::json!({
                "tenant_id": application.tenant,
                "client_id": application.client_id,
            })),
        });
        let book = Arc::new(AddressBook::new(addresses, told));
        let listening = Listening {
            world: world.clone(),
            authority: Arc::clone(&authority),
            server_name,
            engines: backends,
            book: Arc::clone(&book),
        };
        let listeners = listening.start().await?;
        let control = match options.control {
            None => None,
            Some(bind) => {
                let controlled =
                    Controlled { world: world.clone(), journal: journal.clone(), faults: faults.clone() };
                Some(ControlServer::start(controlled, bind).await?)
            }
        };
        Ok(Self {
            world,
            journal,
            faults,
            authority,
            arm,
            tds,
            listeners,
            browsers,
            control,
            book,
            application,
        })
    }

    /// The world, to look at and to change behind a client's back.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What the faces were asked and what they answered.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Faults on demand.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The HTTPS face.
    pub fn arm(&self) -> &ArmServer {
        &self.arm
    }

    /// The control API, where it was asked for.
    pub fn control(&self) -> Option<&ControlServer> {
        self.control.as_ref()
    }

    /// Where each `host:port` and `host\instance` of the world is on this machine, keys in lower case.
    pub fn addresses(&self) -> BTreeMap<String, SocketAddr> {
        self.book.all()
    }

    /// The address of one of them as soon as there is one: a listener that a statement makes gets its own a moment later.
    /// Nothing when the simulator ends first.
    pub async fn address_of(&self, place: &str) -> Option<SocketAddr> {
        self.book.wait(place).await
    }

    /// SQL Server Browser of the hosts that have it.
    pub fn browsers(&self) -> &[HostBrowser] {
        &self.browsers
    }

    /// The root that all servers' certificates chain to, PEM.
    pub fn ca_certificate(&self) -> String {
        self.authority.pem()
    }

    /// What a provider under rehearsal has to find in its environment, with `file` as [`Self::write_rehearsal_file`]
    /// wrote it. The secret of an application is among it.
    pub fn environment(&self, file: &Path) -> Vec<(String, String)> {
        let mut environment = vec![("MILINK_REHEARSAL".to_owned(), file.display().to_string())];
        let secret = self.application.as_ref().and_then(|application| application.secrets.first());
        environment
            .extend(secret.map(|secret| ("MILINK_REHEARSAL_CLIENT_SECRET".to_owned(), secret.clone())));
        environment
    }

    /// Writes the file that `MILINK_REHEARSAL` names: address map, root, the name that no other server can bear, and
    /// who may sign in. It is written again when a statement makes a listener.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_rehearsal_file(&self, path: &Path) -> io::Result<()> {
        self.book.keep(path)
    }

    /// Stops listening, lets running answers end, closes all connections.
    pub async fn shutdown(self) {
        // What a fault keeps waiting would wait for ever.
        self.faults.clear();
        if let Some(control) = self.control {
            control.stop().await;
        }
        self.arm.stop().await;
        drop(self.listeners);
        for server in self.tds {
            server.stop().await;
        }
    }
}

/// What answers clients, for each engine.
fn backends(world: &World, journal: &Journal, faults: &Faults, arm: &ArmServer) -> Engines {
    let keys: Vec<EngineKey> = world.with(|estate| estate.engines().map(SqlInstance::key).collect());
    let backend = |key: EngineKey| {
        let backend = EngineBackend::new(world, &key, journal, faults, arm.tokens())?;
        Some((key, Arc::new(backend)))
    };
    keys.into_iter().filter_map(backend).collect()
}

/// A TDS listener for each engine, with every name of it in the address map; the ports at which they listen.
async fn listen(
    world: &World,
    backends: &Engines,
    homes: &Homes,
    (authority, server_name): (&LocalAuthority, &str),
    addresses: &mut Addresses,
) -> Result<(Vec<TdsServer>, BTreeMap<EngineKey, u16>), StartError> {
    let mut servers = Vec::new();
    let mut ports = BTreeMap::new();
    for (key, backend) in backends {
        let known = world.with(|estate| {
            let engine = estate.engine(key)?;
            let names = std::iter::once(&engine.host).chain(&engine.aliases);
            let names: Vec<String> = names.map(|name| name.to_ascii_lowercase()).collect();
            Some((names, engine.port))
        });
        let Some((names, port)) = known else { continue };
        let home = homes.address(&key.host);
        let own = home.map(|ip| ip.to_string());
        let in_certificate: Vec<&str> =
            names.iter().map(String::as_str).chain([server_name]).chain(own.as_deref()).collect();
        let tls = authority.server_config(&in_certificate, &[])?;
        let server = browsers::listen(Arc::clone(backend), &tls, home, port)
            .await
            .map_err(|source| StartError::Tds { engine: key.to_string(), source })?;
        for name in &names {
            addresses.insert(format!("{name}:{port}"), server.address());
            if let Some(instance) = &key.instance {
                addresses.insert(format!("{name}\\{instance}"), server.address());
            }
        }
        ports.insert(key.clone(), server.address().port());
        servers.push(server);
    }
    Ok((servers, ports))
}
