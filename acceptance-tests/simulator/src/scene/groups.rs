//! Availability groups of several nodes that are there before anybody acts.

use super::description::{AvailabilityGroupDescription, ClusterTypeName, LetInName};
use super::{SceneError, Setting};
use crate::world::Estate;
use crate::world::database::Database;
use crate::world::endpoint::{
    Algorithm, Authentication, Encryption, Endpoint, Role as EndpointRole, State, Windows,
};
use crate::world::group::{AvailabilityGroup, Listener, Replica, Role};
use crate::world::instance::{EngineKey, SqlInstance};

/// Port of mirroring endpoints, as wizards choose it.
const PORT: u16 = 5022;

/// `cluster_type`.
const WSFC: u8 = 0;
const EXTERNAL: u8 = 1;
const NONE: u8 = 2;

/// `failover_mode`; external ones are higher.
const MANUAL: u8 = 1;

/// Adds a group to its nodes, which are in the estate.
pub(super) fn add(
    description: AvailabilityGroupDescription,
    setting: &mut Setting<'_>,
) -> Result<(), SceneError> {
    let name = description.name;
    let keys = nodes(&name, &description.nodes, setting)?;
    let first = keys.first().and_then(|key| setting.estate.engine(key));
    let first = first.ok_or_else(|| setting.problem("nodes", "a group has at least one node"))?;
    let clustered = keys.iter().all(|key| {
        let engine = setting.estate.engine(key);
        engine.is_some_and(|one| one.cluster.is_some() && one.cluster == first.cluster)
    });
    let cluster_type = match description.cluster_type {
        Some(ClusterTypeName::Wsfc) if !clustered => {
            return Err(setting.problem("cluster_type", "its nodes are not in one `cluster`"));
        }
        Some(ClusterTypeName::Wsfc) => WSFC,
        Some(ClusterTypeName::External) => EXTERNAL,
        None if clustered => WSFC,
        Some(ClusterTypeName::None) | None => NONE,
    };
    let mut databases = Vec::new();
    for (place, wanted) in description.databases.iter().enumerate() {
        let found = first.database(wanted).filter(|one| one.group.is_none());
        let found = found.ok_or_else(|| {
            let what = format!("its first node has no database `{wanted}` that is in no other group");
            setting.problem(&format!("databases[{place}]"), what)
        })?;
        databases.push(found.name.clone());
    }
    let mut asynchronous = Vec::new();
    for (place, name) in description.asynchronous.iter().enumerate() {
        let key = setting.estate.engine(name).map(SqlInstance::key).filter(|key| keys.contains(key));
        asynchronous.push(key.ok_or_else(|| {
            setting.problem(&format!("asynchronous[{place}]"), format!("`{name}` is none of its nodes"))
        })?);
    }
    let required = description.required_synchronized_secondaries;
    let others = keys.iter().skip(1).filter(|key| !asynchronous.contains(key)).count();
    if usize::from(required) > others {
        let what = format!("only {others} of its secondaries commit synchronously");
        return Err(setting.problem("required_synchronized_secondaries", what));
    }
    let estate = &mut *setting.estate;
    let mut replicas = Vec::new();
    for key in &keys {
        let mut replica = replica(estate, key, cluster_type);
        if asynchronous.contains(key) {
            replica.synchronous = false;
            replica.failover_mode = replica.failover_mode.max(MANUAL);
        }
        replica.secondary_connections = match description.secondaries_let_in {
            Some(LetInName::None) => 0,
            Some(LetInName::ReadOnly) => 1,
            None | Some(LetInName::All) => 2,
        };
        replicas.push(replica);
    }
    if description.read_only_routing {
        route(estate, &keys, &mut replicas);
    }
    let mut group = AvailabilityGroup::blank(estate, &name);
    group.cluster_type = cluster_type;
    group.replicas = replicas;
    group.databases = databases;
    group.create_any_database = true;
    group.required_synchronized_secondaries = required.into();
    group.listener = description.listener.map(|one| Listener {
        id: estate.fresh_guid(),
        dns_name: one.dns_name,
        port: one.port.unwrap_or(1433).into(),
        addresses: vec![(one.ip, Some("255.255.255.0".to_owned()))],
    });
    let ids: Vec<String> = group.databases.iter().map(|_| estate.fresh_guid()).collect();
    spread(estate, &keys, &group, &ids);
    Ok(())
}

/// Each replica sends sessions that only read to the others in turn, and to itself where none can be read.
fn route(estate: &Estate, keys: &[EngineKey], replicas: &mut [Replica]) {
    let names: Vec<String> = replicas.iter().map(|replica| replica.server_name.clone()).collect();
    for (key, replica) in keys.iter().zip(replicas) {
        let place = estate.engine(key).map(|engine| format!("TCP://{}:{}", engine.host, engine.port));
        replica.read_only_routing_url = place;
        let others: Vec<String> =
            names.iter().filter(|name| **name != replica.server_name).cloned().collect();
        let sets = [others, vec![replica.server_name.clone()]];
        replica.read_only_routing_list = sets.into_iter().filter(|set| !set.is_empty()).collect();
    }
}

/// The servers of these names, each once and without a group of that name.
fn nodes(group: &str, names: &[String], setting: &Setting<'_>) -> Result<Vec<EngineKey>, SceneError> {
    let mut keys: Vec<EngineKey> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let problem = |what: String| setting.problem(&format!("nodes[{place}]"), what);
        let wanted = EngineKey::from(name);
        let engine = setting.estate.sql_servers.iter().find(|one| one.is(&wanted));
        let engine = engine.ok_or_else(|| problem(format!("`{name}` is no SQL Server of this file")))?;
        if engine.group(group).is_some() || keys.contains(&engine.key()) {
            return Err(problem(format!("`{name}` has a group `{group}` already")));
        }
        if !engine.hadr_enabled {
            return Err(problem(format!("availability groups are not enabled on `{name}`")));
        }
        keys.push(engine.key());
    }
    Ok(keys)
}

/// Gives each node its record of the group and its copies.
fn spread(estate: &mut Estate, keys: &[EngineKey], group: &AvailabilityGroup, ids: &[String]) {
    let mut copies = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        let Some(engine) = estate.engine_mut(key) else { continue };
        let role = if place == 0 { Role::Primary } else { Role::Secondary };
        for (name, id) in group.databases.iter().zip(ids) {
            if place == 0
                && let Some(database) = engine.database_mut(name)
            {
                database.group = Some(group.name.clone());
                database.group_database_id = Some(id.clone());
                copies.push(database.clone());
            }
        }
        if place > 0 {
            for copy in &copies {
                let id = engine.databases.iter().map(|one| one.id).max().unwrap_or(4) + 1;
                engine.databases.retain(|one| one.name != copy.name);
                engine.databases.push(Database { id, ..copy.clone() });
            }
        }
        engine.groups.push(AvailabilityGroup { role, ..group.clone() });
    }
}

/// The replica of a node; its endpoint is made where it has none.
fn replica(estate: &mut Estate, key: &EngineKey, cluster_type: u8) -> Replica {
    let (id, now) = (estate.fresh_guid(), estate.clock.now());
    let taken: Vec<u16> = estate
        .sql_servers
        .iter()
        .filter(|one| one.host == key.host)
        .filter_map(|one| one.endpoint.as_ref().map(|endpoint| endpoint.port))
        .collect();
    let free = (PORT..).find(|port| !taken.contains(port)).unwrap_or(PORT);
    let (mut server_name, mut url) = (key.to_string(), String::new());
    if let Some(engine) = estate.engine_mut(key) {
        let port = endpoint(engine, free);
        server_name = engine.server_name();
        url = format!("TCP://{}:{port}", engine.host);
    }
    // Automatic, external, manual.
    let failover_mode = match cluster_type {
        WSFC => 0,
        EXTERNAL => 2,
        _ => 1,
    };
    Replica {
        id,
        server_name,
        url,
        synchronous: true,
        failover_mode,
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

/// The port of an engine's endpoint, which is made where there is none.
fn endpoint(engine: &mut SqlInstance, free: u16) -> u16 {
    let made = engine.endpoint.get_or_insert_with(|| Endpoint {
        name: "Hadr_endpoint".to_owned(),
        id: 65_536,
        owner: 1,
        state: State::Started,
        port: free,
        ip: None,
        role: EndpointRole::All,
        authentication: Authentication {
            windows: Some(Windows::Negotiate),
            certificate: None,
            certificate_first: false,
        },
        encryption: Encryption { level: 2, algorithm: Algorithm::Aes },
        starts: 1,
    });
    made.port
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::scene::Scene;

    fn scene(group: Value) -> Result<Scene, String> {
        let server = |host: &str| json!({ "host": host, "version": "2022", "databases": [{ "name": host }] });
        let file = json!({ "sql_servers": [server("a"), server("b")], "availability_groups": [group] });
        Scene::parse(&file.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_group_is_there_on_all_nodes() {
        let estate = scene(json!({ "name": "AG", "nodes": ["A", "b"], "databases": ["a"] })).unwrap().estate;
        let groups = ["a", "b"].map(|host| estate.engine(host).unwrap().groups[0].clone());
        assert_eq!((groups[0].id.as_str(), groups[0].cluster_type), (groups[1].id.as_str(), super::NONE));
        assert_eq!(groups[0].replicas[1].url, "TCP://b:5022");
        let copies = ["a", "b"].map(|host| estate.engine(host).unwrap().database("a").unwrap().guid.clone());
        assert_eq!(copies[0], copies[1]);
        let ids: Vec<i32> = estate.engine("b").unwrap().databases.iter().map(|one| one.id).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn replicas_are_as_the_file_says() {
        let estate = scene(json!({
            "name": "AG", "nodes": ["a", "b"], "databases": ["a"], "asynchronous": ["B"], "secondaries_let_in": "read_only",
            "read_only_routing": true,
        }));
        let estate = estate.unwrap().estate;
        let replicas = &estate.engine("b").unwrap().groups[0].replicas;
        let modes: Vec<_> = replicas.iter().map(|one| (one.synchronous, one.secondary_connections)).collect();
        assert_eq!(modes, [(true, 1), (false, 1)]);
        assert_eq!(replicas[1].read_only_routing_url.as_deref(), Some("TCP://b:1433"));
        assert_eq!(replicas[0].read_only_routing_list, [["B"], ["A"]]);
    }

    #[test]
    fn what_cannot_be_is_named_with_its_place() {
        for (group, place) in [
            (json!({ "name": "AG", "nodes": ["a", "c"] }), "availability_groups[0].nodes[1]"),
            (json!({ "name": "AG", "nodes": ["a", "a"] }), "availability_groups[0].nodes[1]"),
            (json!({ "name": "AG", "nodes": [] }), "availability_groups[0].nodes"),
            (
                json!({ "name": "AG", "nodes": ["a", "b"], "databases": ["a", "x"] }),
                "availability_groups[0].databases[1]",
            ),
            (
                json!({ "name": "AG", "nodes": ["a", "b"], "asynchronous": ["c"] }),
                "availability_groups[0].asynchronous[0]",
            ),
            (
                json!({
                    "name": "AG", "nodes": ["a", "b"], "asynchronous": ["b"], "required_synchronized_secondaries": 1,
                }),
                "availability_groups[0].required_synchronized_secondaries",
            ),
            (
                json!({ "name": "AG", "nodes": ["a"], "cluster_type": "wsfc" }),
                "availability_groups[0].cluster_type",
            ),
        ] {
            let said = scene(group).unwrap_err();
            assert!(said.contains(place), "{said}");
        }
    }
}
