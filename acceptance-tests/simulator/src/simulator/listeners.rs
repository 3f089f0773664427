//! Listeners of availability groups, each with a port of its own on loopback.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::StartError;
use crate::arm::tls::LocalAuthority;
use crate::tds::TdsServer;
use crate::tsql::engine::EngineBackend;
use crate::tsql::listener::ListenerBackend;
use crate::world::World;
use crate::world::instance::EngineKey;

/// The engines that answer clients.
pub(super) type Engines = Vec<(EngineKey, Arc<EngineBackend>)>;

/// A listener that groups have when the simulator starts: one that statements make later is in the world alone, since a
/// provider under rehearsal has read the addresses by then.
struct Known {
    names: Vec<String>,
    port: i32,
}

/// A TDS listener for each listener of a group, with every name of it in the address map.
pub(super) async fn start(
    world: &World,
    (authority, server_name): (&LocalAuthority, &str),
    engines: &Engines,
    addresses: &mut BTreeMap<String, SocketAddr>,
) -> Result<Vec<TdsServer>, StartError> {
    let mut servers = Vec::new();
    for Known { names, port } in known(world) {
        let Some(first) = names.first() else { continue };
        let Some(backend) = ListenerBackend::new(world, first, engines.clone()) else { continue };
        let in_certificate: Vec<&str> = names.iter().map(String::as_str).chain([server_name]).collect();
        let tls = authority.server_config(&in_certificate, &[])?;
        let server = TdsServer::start(Arc::new(backend), (*tls).clone(), 0)
            .await
            .map_err(|source| StartError::Tds { engine: first.clone(), source })?;
        for name in &names {
            // Without a cluster its address may be a server's own.
            addresses.entry(format!("{name}:{port}")).or_insert_with(|| server.address());
        }
        servers.push(server);
    }
    Ok(servers)
}

fn known(world: &World) -> Vec<Known> {
    world.with(|estate| {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for engine in &estate.sql_servers {
            for listener in engine.groups.iter().filter_map(|group| group.listener.as_ref()) {
                if seen.insert(listener.id.clone()) {
                    let names = listener.names(&engine.host).map(|name| name.to_lowercase()).collect();
                    found.push(Known { names, port: listener.port });
                }
            }
        }
        found
    })
}
