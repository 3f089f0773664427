//! The groups that the service makes on the instance's engine for a link.

use crate::arm::backend::LinkRequest;
use crate::arm::path::InstancePath;
use crate::world::Estate;
use crate::world::group::{AvailabilityGroup, Replica, Role};

/// The local and the distributed group that a link has on the instance.
pub(super) fn instance_groups(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    request: &LinkRequest,
) -> Vec<AvailabilityGroup> {
    let Some(managed) = estate.managed(path) else { return Vec::new() };
    let (server, fqdn) = (managed.view.path.name.clone(), managed.view.fqdn.clone());
    let own = format!("tcp://{fqdn}:5022");
    let way = format!("{own};Server=[{server}]");
    let role = if request.instance_is_primary { Role::Primary } else { Role::Secondary };
    let here = vec![replica(estate, &fqdn, &own)];
    let mut local = group(estate, &request.instance_group, here);
    if request.instance_is_primary {
        local.databases.clone_from(&request.databases);
    }
    let members = vec![
        replica(estate, &request.instance_group, &way),
        replica(estate, &request.partner_group, &request.partner_endpoint),
    ];
    let mut distributed = group(estate, name, members);
    distributed.distributed = true;
    distributed.role = role;
    vec![local, distributed]
}

fn group(estate: &mut Estate, name: &str, replicas: Vec<Replica>) -> AvailabilityGroup {
    AvailabilityGroup {
        cluster_type: 2,
        backup_preference: 0,
        create_any_database: true,
        replicas,
        ..AvailabilityGroup::blank(estate, name)
    }
}

fn replica(estate: &mut Estate, server: &str, url: &str) -> Replica {
    let now = estate.clock.now();
    Replica {
        id: estate.fresh_guid(),
        server_name: server.to_owned(),
        url: url.to_owned(),
        synchronous: false,
        failover_mode: 1,
        seeding_mode: 0,
        session_timeout: 10,
        backup_priority: 50,
        primary_connections: 2,
        secondary_connections: 2,
        read_only_routing_url: None,
        read_only_routing_list: Vec::new(),
        read_write_routing_url: None,
        created: now,
        modified: now,
    }
}
