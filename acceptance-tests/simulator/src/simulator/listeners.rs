//! Listeners of availability groups, each with a port of its own on loopback: those that there are at the start, and those
//! that statements make later.

use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::StartError;
use super::addresses::AddressBook;
use crate::arm::tls::LocalAuthority;
use crate::tds::TdsServer;
use crate::tsql::engine::EngineBackend;
use crate::tsql::listener::ListenerBackend;
use crate::world::World;
use crate::world::instance::EngineKey;

/// The engines that answer clients.
pub(super) type Engines = Vec<(EngineKey, Arc<EngineBackend>)>;

/// A listener of the world as it is now.
struct Known {
    names: Vec<String>,
    port: i32,
}

impl Known {
    fn places(&self) -> impl Iterator<Item = String> {
        self.names.iter().map(|name| format!("{name}:{}", self.port))
    }
}

/// What it takes to listen for one.
pub(super) struct Listening {
    pub(super) world: World,
    pub(super) authority: Arc<LocalAuthority>,
    /// The name that all certificates of the rehearsal bear.
    pub(super) server_name: String,
    pub(super) engines: Engines,
    pub(super) book: Arc<AddressBook>,
}

impl Listening {
    /// Listens for all listeners of the world, and from then on for each that statements make, until the handle is dropped.
    ///
    /// # Errors
    /// When no port can be had for one of the start.
    pub(super) async fn start(self) -> Result<AbortOnDropHandle<()>, StartError> {
        let made = self.world.with(|estate| Arc::clone(&estate.listeners_made));
        let mut servers = Vec::new();
        self.listen(&mut servers).await?;
        Ok(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                made.notified().await;
                if let Err(error) = self.listen(&mut servers).await {
                    tracing::warn!("a listener that was made is not served: {error}");
                }
            }
        })))
    }

    /// A TDS listener for each one that has none yet, with every name of it in the book.
    async fn listen(&self, servers: &mut Vec<TdsServer>) -> Result<(), StartError> {
        for known in known(&self.world) {
            let addresses = self.book.all();
            // Without a cluster its address may be a server's own.
            let new: Vec<String> = known.places().filter(|place| !addresses.contains_key(place)).collect();
            let Some(first) = known.names.first().filter(|_| !new.is_empty()) else { continue };
            let Some(backend) = ListenerBackend::new(&self.world, first, known.port, self.engines.clone())
            else {
                continue;
            };
            let names = known.names.iter().map(String::as_str);
            let in_certificate: Vec<&str> = names.chain([self.server_name.as_str()]).collect();
            let tls = self.authority.server_config(&in_certificate, &[])?;
            let failed = |source| StartError::Tds { engine: first.clone(), source };
            let server = TdsServer::start(Arc::new(backend), (*tls).clone(), 0).await.map_err(failed)?;
            self.book.add(new, server.address()).map_err(failed)?;
            servers.push(server);
        }
        Ok(())
    }
}

fn known(world: &World) -> Vec<Known> {
    world.with(|estate| {
        let mut found: Vec<Known> = Vec::new();
        for engine in &estate.sql_servers {
            for listener in engine.groups.iter().filter_map(|group| group.listener.as_ref()) {
                let names: Vec<String> =
                    listener.names(&engine.host).map(|name| name.to_lowercase()).collect();
                if !found.iter().any(|one| one.names == names && one.port == listener.port) {
                    found.push(Known { names, port: listener.port });
                }
            }
        }
        found
    })
}
