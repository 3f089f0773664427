//! The rows of system views, made from the world at the moment of the query.
//!
//! A view of [`super::schema`] that nothing here fills is not empty: it is refused, because an empty answer would be a
//! lie about a server that has rows there.
//!
//! | module | what |
//! | --- | --- |
//! | `access` | who may read a view at all |
//! | `row` | rows and values |
//! | `principals`, `permissions` | logins, users, roles, grants |
//! | `keys` | certificates and keys |
//! | `endpoints` | endpoints and listeners |
//! | `databases`, `files`, `backups` | databases, their files and backups |
//! | `groups`, `states`, `progress`, `seeding` | availability groups and how they replicate |
//! | `cluster` | the cluster under them |
//! | `internal` | what 2025 shows of groups inside distributed ones |
//! | `configurations`, `host`, `messages`, `sessions`, `objects` | the instance, its sessions, its objects |

mod access;
mod backups;
mod cluster;
mod configurations;
mod databases;
mod endpoints;
mod files;
mod groups;
mod host;
mod internal;
mod keys;
mod messages;
mod objects;
mod permissions;
mod policies;
mod principals;
mod progress;
mod row;
mod seeding;
mod sessions;
mod settings;
mod states;
#[cfg(test)]
mod tests;

pub(crate) use configurations::configuration_options;
use std::cell::OnceCell;
use std::collections::HashMap;

use rusqlite::types::Value;
use time::OffsetDateTime;

use super::ddl::permission::Rights;
use super::error::{SqlError, not_modelled};
use super::schema::View;
use super::session::registry::SessionInfo;
use crate::world::Estate;
use crate::world::assumption;
use crate::world::build::Equipment;
use crate::world::database::Database;
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::instance::{Edition, EngineKey, SqlInstance};
use crate::world::managed::{Link, ManagedInstance};
use crate::world::nodes::ReplicaPair;
pub(super) use row::{Row, bit, derived_guid, guid, large, lsn, maybe, moment, none_or, number, text};

pub(crate) use endpoints::id as endpoint_id;
pub(crate) use host::PROCESS;
pub(crate) use keys::SYSTEM_CERTIFICATES;
pub(crate) use objects::{SCHEMAS, bytes, column_name, described, object_id, object_name};
pub(crate) use row::{certificate_sid, sid, sid_text};

/// Whose eyes see a view.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller<'a> {
    pub(crate) login: &'a str,
    /// The session that asks.
    pub(crate) session: u16,
    /// The sessions of the engine.
    pub(crate) sessions: &'a [SessionInfo],
    /// When the session opened the master key, while it has it open.
    pub(crate) master_key_opened: Option<OffsetDateTime>,
}

/// Who looks at which database of which engine, with what is looked up again and again.
#[derive(Debug)]
pub(super) struct Viewer<'a> {
    pub(super) estate: &'a Estate,
    pub(super) engine: &'a SqlInstance,
    pub(super) database: &'a str,
    pub(super) rights: Rights<'a>,
    pub(super) caller: &'a Caller<'a>,
    databases: OnceCell<HashMap<String, &'a Database>>,
    /// With the place of each in the engine's list.
    groups: OnceCell<HashMap<String, (usize, &'a AvailabilityGroup)>>,
    links: OnceCell<HashMap<String, Vec<(&'a ManagedInstance, &'a Link)>>>,
}

impl<'a> Viewer<'a> {
    fn new(
        estate: &'a Estate,
        engine: &'a SqlInstance,
        caller: &'a Caller<'a>,
        database: &'a str,
        rights: Rights<'a>,
    ) -> Self {
        let (databases, groups, links) = Default::default();
        Self { estate, engine, database, rights, caller, databases, groups, links }
    }

    fn fold(&self, name: &str) -> String {
        self.engine.comparing().fold(name)
    }

    /// What the engine's clock shows.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.estate.clock.now() + time::Duration::seconds(self.engine.clock_skew)
    }

    /// The managed instance whose engine this is.
    pub(super) fn managed(&self) -> Option<&'a ManagedInstance> {
        self.estate.managed_instances.iter().find(|managed| std::ptr::eq(&managed.engine, self.engine))
    }

    /// A database by name, in a table made once per view: views are about all of them.
    pub(super) fn database_named(&self, name: &str) -> Option<&'a Database> {
        let all = || self.engine.databases.iter().map(|one| (self.fold(&one.name), one)).collect();
        self.databases.get_or_init(all).get(&self.fold(name)).copied()
    }

    /// A group by name.
    pub(super) fn group_named(&self, name: &str) -> Option<&'a AvailabilityGroup> {
        self.placed(name).map(|(_, group)| group)
    }

    /// The id of the local metadata of a group.
    pub(super) fn metadata_id(&self, name: &str) -> Option<i32> {
        let (place, _) = self.placed(name)?;
        i32::try_from(place).ok().map(|place| groups::FIRST_METADATA_ID + place)
    }

    fn placed(&self, name: &str) -> Option<(usize, &'a AvailabilityGroup)> {
        let one = |(place, one): (usize, &'a AvailabilityGroup)| (self.fold(&one.name), (place, one));
        let all = || self.engine.groups.iter().enumerate().map(one).collect();
        self.groups.get_or_init(all).get(&self.fold(name)).copied()
    }

    /// The groups that views are about.
    ///
    /// Distributed groups show where the local group is primary ("Distributed availability groups", 2018). ASSUMED 137:
    /// in all views.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'a AvailabilityGroup> {
        let everywhere = self.estate.opposites.contains(&assumption::HIDDEN_ON_SECONDARIES);
        self.engine.groups.iter().filter(move |group| everywhere || !self.is_below_elsewhere(group))
    }

    /// What the engine is equipped with.
    pub(super) fn equipment(&self) -> Equipment {
        Equipment::of(self.engine.build, &self.estate.opposites)
    }

    /// The role that this engine has in a group: in a distributed one it has the local group's only as its primary.
    pub(super) fn role(&self, group: &AvailabilityGroup) -> Role {
        if self.is_below_elsewhere(group) { Role::Secondary } else { group.role }
    }

    /// Whether a group is a distributed one over a local group that is primary on another node.
    fn is_below_elsewhere(&self, group: &AvailabilityGroup) -> bool {
        group.distributed && self.member(group).is_some_and(|local| local.role != Role::Primary)
    }

    /// What primary and secondary know of each other, for a replica of a local group that is a secondary.
    pub(super) fn pair(&self, group: &AvailabilityGroup, replica: &Replica) -> Option<&'a ReplicaPair> {
        self.estate.pairs.iter().find(|pair| pair.group == group.id && pair.replica == replica.id)
    }

    /// The engine that keeps a replica of a local group; nothing where none has joined.
    pub(super) fn node(&self, group: &AvailabilityGroup, replica: &Replica) -> Option<&'a SqlInstance> {
        if self.is_local(group, replica) {
            return Some(self.engine);
        }
        self.estate.sql_servers.iter().find(|node| {
            node.same_name(&node.server_name(), &replica.server_name) && node.group_by_id(&group.id).is_some()
        })
    }

    /// The link that stands behind a distributed group, with its instance.
    pub(super) fn link(&self, group: &AvailabilityGroup) -> Option<(&'a ManagedInstance, &'a Link)> {
        let links = self.links.get_or_init(|| {
            let mut links: HashMap<String, Vec<_>> = HashMap::new();
            for instance in &self.estate.managed_instances {
                for link in &instance.links {
                    links.entry(link.name.to_lowercase()).or_default().push((instance, link));
                }
            }
            links
        });
        let named = |fqdn: &str| {
            let fqdn = fqdn.to_lowercase();
            group.replicas.iter().any(|one| one.url.to_lowercase().contains(&fqdn))
        };
        let same = links.get(&group.name.to_lowercase())?;
        same.iter()
            .find(|(instance, _)| named(&instance.view.fqdn) || self.engine.host == instance.engine.host)
            .copied()
    }

    /// Whether a replica is this server, or in a distributed group a local group of this server.
    pub(super) fn is_local(&self, group: &AvailabilityGroup, replica: &Replica) -> bool {
        if group.distributed {
            self.group_named(&replica.server_name).is_some_and(|local| !local.distributed)
        } else {
            // The service names the one replica of an instance's group as it likes.
            self.engine.edition == Edition::Managed
                || self.engine.same_name(&replica.server_name, &self.engine.server_name())
        }
    }

    /// The local group that is a member of a distributed one.
    pub(super) fn member(&self, group: &AvailabilityGroup) -> Option<&'a AvailabilityGroup> {
        let member = group.replicas.iter().find(|replica| self.is_local(group, replica))?;
        self.group_named(&member.server_name)
    }

    /// The databases of a group; those of its local member where it is distributed.
    pub(super) fn databases_of(&self, group: &'a AvailabilityGroup) -> Vec<&'a Database> {
        let holder = if group.distributed { self.member(group) } else { Some(group) };
        let names = holder.map(|group| group.databases.as_slice()).unwrap_or_default();
        names.iter().filter_map(|name| self.database_named(name)).collect()
    }
}

/// The rows of a view, with the columns of the engine's version in their order.
///
/// # Errors
/// 297 after 300 or 262 where the login may not read the view; a refusal where the view is not modelled.
pub(crate) fn rows(
    estate: &Estate,
    key: &EngineKey,
    caller: &Caller<'_>,
    view: &View,
    database: &str,
) -> Result<Vec<Vec<Value>>, SqlError> {
    let Some(engine) = estate.engine(key) else { return Err(not_modelled("an engine that is gone")) };
    let rights = Rights::of(engine, caller.login).in_world(estate);
    access::check((estate, engine), &rights, view, database)?;
    let viewer = Viewer::new(estate, engine, caller, database, rights);
    let rows = filled(&viewer, view)?;
    Ok(row::in_order(rows, view.columns_of(engine.build.major)))
}

fn filled(viewer: &Viewer<'_>, view: &View) -> Result<Vec<Row>, SqlError> {
    Ok(match view.name {
        "asymmetric_keys" => Vec::new(),
        "availability_databases_cluster" => groups::databases(viewer),
        "availability_group_listener_ip_addresses" => groups::listener_addresses(viewer),
        "availability_group_listeners" => groups::listeners(viewer),
        "availability_groups" => groups::groups(viewer),
        "availability_read_only_routing_lists" => groups::routing_lists(viewer),
        "availability_replicas" => groups::replicas(viewer),
        "backupmediafamily" => backups::media_families(viewer),
        "backupmediaset" => backups::media_sets(viewer),
        "backupset" => backups::sets(viewer),
        "certificates" => keys::certificates(viewer),
        "configurations" => configurations::configurations(viewer),
        "credentials" => Vec::new(),
        "database_files" => files::files(viewer, Some(viewer.database)),
        "database_mirroring" => databases::mirroring(viewer),
        "database_permissions" => permissions::in_database(viewer),
        "database_principals" => principals::in_database(viewer),
        "database_recovery_status" => databases::recovery_status(viewer),
        "database_role_members" => principals::role_members_in_database(viewer),
        "databases" => databases::databases(viewer),
        "dm_database_encryption_keys" => databases::encryption_keys(viewer),
        "dm_exec_connections" => sessions::connections(viewer),
        "dm_exec_requests" => sessions::requests(viewer),
        "dm_exec_sessions" => sessions::sessions(viewer),
        "dm_hadr_automatic_seeding" => seeding::automatic(viewer),
        "dm_hadr_availability_group_states" => states::groups(viewer),
        "dm_hadr_availability_replica_cluster_nodes" => cluster::replica_nodes(viewer),
        "dm_hadr_availability_replica_cluster_states" => states::in_cluster(viewer),
        "dm_hadr_availability_replica_states" => states::replicas(viewer),
        "dm_hadr_cluster" => cluster::cluster(viewer),
        "dm_hadr_cluster_members" => cluster::members(viewer),
        "dm_hadr_cluster_networks" => cluster::networks(viewer),
        "dm_hadr_database_replica_cluster_states" => states::databases_in_cluster(viewer),
        "dm_hadr_database_replica_states" => progress::database_states(viewer),
        "dm_hadr_instance_node_map" => cluster::instance_nodes(viewer),
        "dm_hadr_internal_availability_groups" => internal::groups(viewer),
        "dm_hadr_internal_availability_replicas" => internal::replicas(viewer),
        "dm_hadr_name_id_map" => cluster::names(viewer),
        "dm_hadr_physical_seeding_stats" => seeding::physical(viewer),
        "dm_os_host_info" => host::host_info(viewer),
        "dm_os_sys_info" => host::sys_info(viewer),
        "dm_os_windows_info" => host::windows_info(viewer),
        "dm_server_services" => host::services(viewer),
        "dm_tcp_listener_states" => endpoints::listeners(viewer),
        "dm_tran_persistent_version_store_stats" => databases::version_stores(viewer),
        "endpoints" => endpoints::all(viewer),
        "database_mirroring_endpoints" => endpoints::mirroring(viewer),
        "service_broker_endpoints" => Vec::new(),
        "tcp_endpoints" => endpoints::tcp(viewer),
        "filegroups" => files::filegroups(viewer),
        "key_encryptions" => keys::encryptions(viewer),
        "master_files" => files::files(viewer, None),
        "all_objects" | "system_objects" => objects::objects(viewer, view.name),
        "all_columns" | "system_columns" => objects::columns(viewer, view.name),
        "openkeys" => keys::open(viewer),
        "restorehistory" => backups::restores(viewer),
        "messages" => messages::messages(viewer),
        "schemas" => objects::schemas(),
        "server_permissions" => permissions::on_server(viewer),
        "server_principals" => principals::on_server(viewer),
        "server_role_members" => principals::role_members(viewer),
        "sql_logins" => principals::sql_logins(viewer),
        "symmetric_keys" => keys::symmetric(viewer),
        "syspolicy_configuration" => policies::configuration(),
        // No policy is on record as broken: there is none.
        "syspolicy_system_health_state" => Vec::new(),
        "tables" => Vec::new(),
        other => return Err(not_modelled(&format!("the rows of {}.{other}", view.schema))),
    })
}
