//! Availability groups, local and distributed.

use time::OffsetDateTime;

use super::Estate;

/// An availability group as one instance knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityGroup {
    /// Name.
    pub name: String,
    /// `group_id`, a GUID in lower case.
    pub id: String,
    /// `resource_id`, a GUID.
    pub resource_id: String,
    /// Whether it is distributed: its replicas are groups.
    pub distributed: bool,
    /// Basic group (Standard edition).
    pub basic: bool,
    /// Contained group (2022).
    pub contained: bool,
    /// 0 WSFC, 1 EXTERNAL, 2 NONE.
    pub cluster_type: u8,
    /// 0 PRIMARY, 1 SECONDARY_ONLY, 2 SECONDARY, 3 NONE.
    pub backup_preference: u8,
    /// 1 to 5.
    pub failure_condition_level: i32,
    /// Milliseconds.
    pub health_check_timeout: i32,
    /// `DB_FAILOVER`.
    pub db_failover: bool,
    /// `DTC_SUPPORT = PER_DB`.
    pub dtc_support: bool,
    /// `REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT`.
    pub required_synchronized_secondaries: i32,
    /// Fewer secondaries are synchronized than that: commits wait on this primary.
    pub commits_wait: bool,
    /// Replicas; the two members of a distributed group.
    pub replicas: Vec<Replica>,
    /// Databases of a local group, by name.
    pub databases: Vec<String>,
    /// Listener of a local group.
    pub listener: Option<Listener>,
    /// `GRANT CREATE ANY DATABASE` was given.
    pub create_any_database: bool,
    /// The login that gave it last: the owner of databases that are seeded here.
    pub grantor: Option<String>,
    /// Role of this instance (local group), or of this instance's local group (distributed group).
    pub role: Role,
    /// What a distributed group knows of the other side; the state machine of the link writes it.
    pub link: LinkSide,
    /// When it was made.
    pub created: OffsetDateTime,
    /// `sequence_number`.
    pub sequence: u64,
}

impl AvailabilityGroup {
    /// A local group with nothing said about it, made now, whose primary is here.
    ///
    /// [the defaults of CREATE AVAILABILITY GROUP]
    pub(crate) fn blank(estate: &mut Estate, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: estate.fresh_guid(),
            resource_id: estate.fresh_guid(),
            distributed: false,
            basic: false,
            contained: false,
            cluster_type: 0,
            backup_preference: 2,
            failure_condition_level: 3,
            health_check_timeout: 30_000,
            db_failover: false,
            dtc_support: false,
            required_synchronized_secondaries: 0,
            commits_wait: false,
            replicas: Vec::new(),
            databases: Vec::new(),
            listener: None,
            create_any_database: false,
            grantor: None,
            role: Role::Primary,
            link: LinkSide::default(),
            created: estate.clock.now(),
            sequence: 1,
        }
    }
}

/// Role in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 0.
    Resolving,
    /// 1.
    Primary,
    /// 2.
    Secondary,
}

/// A replica of a local group, or a member of a distributed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// `replica_id`, a GUID.
    pub id: String,
    /// Server; in a distributed group the member group's name.
    pub server_name: String,
    /// `ENDPOINT_URL`; in a distributed group the `LISTENER_URL`.
    pub url: String,
    /// Synchronous commit.
    pub synchronous: bool,
    /// 0 AUTOMATIC, 1 MANUAL, 2 EXTERNAL.
    pub failover_mode: u8,
    /// 0 AUTOMATIC, 1 MANUAL.
    pub seeding_mode: u8,
    /// Seconds.
    pub session_timeout: i32,
    /// 0 to 100.
    pub backup_priority: i32,
    /// 2 ALL, 3 READ_WRITE.
    pub primary_connections: u8,
    /// 0 NO, 1 READ_ONLY, 2 ALL.
    pub secondary_connections: u8,
    /// `READ_ONLY_ROUTING_URL`.
    pub read_only_routing_url: Option<String>,
    /// `READ_ONLY_ROUTING_LIST`: servers, in sets of which each has its turn.
    pub read_only_routing_list: Vec<Vec<String>>,
    /// `READ_WRITE_ROUTING_URL`.
    pub read_write_routing_url: Option<String>,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it was changed.
    pub modified: OffsetDateTime,
}

/// Listener of a local group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// `listener_id`, a GUID.
    pub id: String,
    /// DNS name.
    pub dns_name: String,
    /// Client port.
    pub port: i32,
    /// Addresses with subnet masks.
    pub addresses: Vec<(String, Option<String>)>,
}

/// One side's view of the connection of a distributed group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkSide {
    /// Whether the other side is connected now.
    pub connected: bool,
    /// Whether it ever was: a group that never connected can be dropped without loss.
    pub ever_connected: bool,
    /// Last connection error: number, text, moment.
    pub last_error: Option<(i32, String, OffsetDateTime)>,
    /// Synchronization health of the remote member: 0, 1, 2.
    pub health: u8,
}
