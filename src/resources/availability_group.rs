//! `milink_availability_group`: the group on the SQL Server side that a link replicates.
//!
//! Made here it has one node and no cluster below it; a group of several nodes is taken over and never joined or
//! extended. Groups made here prefer the primary for backups, because with the server's default (prefer a secondary)
//! `sys.fn_hadr_backup_is_preferred_replica` answers 0 in a single-node group, and log backup jobs skip the database
//! in silence until its log is full.
//!
//! A group belongs to its replicas together: it is identified by its id, and each statement runs on the replica that
//! is primary at that moment. Dropping it on a secondary would leave the primary's databases restoring.

use crate::framework::checks::{not_empty, one_of};
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::model;
use crate::resources::shared;

model! {
    /// State of an availability group.
    pub struct AvailabilityGroup {
        /// The provider's blocks.
        pub sql_servers: Field<Vec<String>>,
        /// Its name.
        pub name: Field<String>,
        /// `sys.availability_groups.group_id`.
        pub group_id: Field<String>,
        /// The databases that this resource puts into it.
        pub databases: Field<std::collections::BTreeSet<String>>,
        /// Where peers reach the replica's endpoint.
        pub endpoint_url: Field<String>,
        /// `primary`, `secondary_only`, `secondary` or `none`.
        pub backup_preference: Field<String>,
        /// `synchronous_commit` or `asynchronous_commit`.
        pub availability_mode: Field<String>,
        /// Whether each database's health counts.
        pub db_failover: Field<bool>,
        /// Whether distributed transactions are supported for each database.
        pub dtc_support: Field<bool>,
        /// Whether it is a basic group.
        pub basic: Field<bool>,
        /// `drop` or `keep`.
        pub on_destroy: Field<String>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

fn schema() -> Schema {
    Schema::new(
        "The availability group on the SQL Server side. A new one has a single node and no cluster below it (on SQL Server 2016 a \
         Windows cluster node is needed all the same); an existing one, of one node or more, is taken over as it is.",
    )
    .attribute(shared::sql_servers())
    .attribute(Attribute::string("name").required().replaces().check(not_empty).describe("Its name: unique on the instance."))
    .attribute(Attribute::string("group_id").computed().stable().describe("`group_id` in `sys.availability_groups`."))
    .attribute(
        Attribute::string_set("databases").optional().computed().stable().describe(
            "The databases that it holds; one for a link of a single database. Each must be in full recovery with a full backup. \
             Databases that others put into the group are left in it. Left out, the list belongs to the link.",
        ),
    )
    .attribute(Attribute::string("endpoint_url").optional().computed().stable().describe(
        "Where peers reach the mirroring endpoint of a new group's replica, as `TCP://10.0.0.4:5022`. Needed to make a group.",
    ))
    .attribute(
        Attribute::string("backup_preference").optional().computed().stable().check(|value| one_of(value, &["primary", "secondary_only", "secondary", "none"])).describe(
            "Where backups are preferred: `primary` (default for a new group), `secondary`, `secondary_only` or `none`. With SQL Server's \
             own default, log backup jobs skip the databases of a single-node group without a word.",
        ),
    )
    .attribute(
        Attribute::string("availability_mode").optional().computed().stable().replaces().check(|value| one_of(value, &["synchronous_commit", "asynchronous_commit"])).describe(
            "Commit mode of a new group's replica: `synchronous_commit` (default) or `asynchronous_commit`. With one node it slows nothing.",
        ),
    )
    .attribute(Attribute::bool("db_failover").optional().computed().stable().describe("Whether the health of each database counts for failover (`DB_FAILOVER`)."))
    .attribute(Attribute::bool("dtc_support").optional().computed().stable().replaces().describe("Whether distributed transactions are supported for each database (`DTC_SUPPORT = PER_DB`)."))
    .attribute(Attribute::bool("basic").optional().computed().stable().replaces().describe(
        "Whether a new group is a basic one (`BASIC`). For Standard edition, where the plain statement is refused; not tried on a real one.",
    ))
    .attribute(shared::on_destroy(
        "`drop` or `keep`. Default: a group that was made here is dropped, one that was found is kept. A group with a distributed group \
         over it, with several replicas, with a listener or with databases of others is never dropped.",
    ))
    .attribute(shared::adopted())
}

fn identity_schema() -> IdentitySchema {
    IdentitySchema::new()
        .required("group_id", "group_id in sys.availability_groups")
        .optional("name", "name of the group")
}
