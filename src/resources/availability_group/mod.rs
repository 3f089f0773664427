//! `milink_availability_group`: the group on the SQL Server side that a link replicates.
//!
//! Made here it has one node and no cluster below it; a group of several nodes is taken over and never joined or
//! extended. Groups made here prefer the primary for backups, because with the server's default (prefer a secondary)
//! `sys.fn_hadr_backup_is_preferred_replica` answers 0 in a single-node group, and log backup jobs skip the database
//! in silence until its log is full.
//!
//! A group belongs to its replicas together: it is identified by its id, and each statement runs on the replica that
//! is primary at that moment. Dropping it on a secondary would leave the primary's databases restoring.
//!
//! | module | what |
//! | --- | --- |
//! | `plan` | what the plan says and refuses |
//! | `make` | makes it, takes it over, changes it, drops it |
//! | `compare` | what it has against what is written |
//! | `guard` | what keeps it from being dropped |
//! | `words` | the configuration's words for the server's numbers |

mod compare;
mod guard;
mod make;
mod plan;
mod words;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::framework::checks::{not_empty, one_of};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::types::Type;
use crate::framework::value::Value;
use crate::model;
use crate::provider::Clients;
use crate::resources::nodes::{GroupKey, Nodes, Reading, Remembered};
use crate::resources::shared;
use crate::sql::instance;
use crate::sql::quote::EndpointUrl;

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
        pub databases: Field<BTreeSet<String>>,
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
        Attribute::new("databases", Type::set(Type::String)).optional().computed().stable().describe(
            "The databases that it holds; one for a link of a single database. Each must be in full recovery with a full backup. \
             Databases that others put into the group are left in it, and so is one that was in it when the group was taken over or imported. \
             A name that leaves the list is taken out of the group only if this resource had put it in, and never while a link or a second \
             replica depends on it. Left out, the list belongs to the link.",
        ),
    )
    .attribute(Attribute::string("endpoint_url").optional().computed().stable().check(endpoint_url).describe(
        "Where peers reach the mirroring endpoint of a new group's replica, as `TCP://10.0.0.4:5022`. Needed to make a group. Of a group that \
             exists it is compared and never changed.",
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

model! {
    /// Identity of an availability group.
    pub struct AvailabilityGroupIdentity {
        /// `group_id`.
        pub group_id: Field<String>,
        /// Its name.
        pub name: Field<String>,
    }
}

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupPrivate {
    /// Its name, so that a replacement under the same name is recognised in its plan.
    name: String,
    /// Who was met, so that a read of another server does not call the group gone.
    nodes: Remembered,
    /// Databases that this resource put into it, and so may take out.
    added: BTreeSet<String>,
    /// Whether the list of databases was written when it was last applied: else a link owns it.
    listed: bool,
    /// Collation of the instance: whether two spellings are one name, for plans without a look.
    collation: String,
}

impl GroupPrivate {
    fn same_name(&self, left: &str, right: &str) -> bool {
        instance::same_name(&self.collation, left, right)
    }
}

/// Under which groups are remembered by their ids: those that a state has (what looks like a new object of that name makes
/// room for itself first, when it is tainted), and those that this run made or took over (the other half of a replacement
/// must not drop them).
const GROUPS: &str = "availability groups";

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct AvailabilityGroupResource;

#[async_trait]
impl Resource<Clients> for AvailabilityGroupResource {
    type Model = AvailabilityGroup;
    type Identity = AvailabilityGroupIdentity;
    type Private = GroupPrivate;

    const TYPE_NAME: &'static str = "milink_availability_group";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        identity_schema()
    }

    fn identity(model: &AvailabilityGroup) -> Option<AvailabilityGroupIdentity> {
        model
            .group_id
            .known()
            .map(|_| AvailabilityGroupIdentity { group_id: model.group_id.clone(), name: model.name.clone() })
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<AvailabilityGroup, GroupPrivate>,
    ) -> Result<(), Diagnostics> {
        plan::create(context, plan).await
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<AvailabilityGroup, GroupPrivate>,
    ) -> Result<(), Diagnostics> {
        plan::update(context, plan).await
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<AvailabilityGroup, GroupPrivate>,
    ) -> Result<(), Diagnostics> {
        plan::destroy(context, prior).await
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<AvailabilityGroup>,
    ) -> Result<State<AvailabilityGroup, GroupPrivate>, Failure<AvailabilityGroup, GroupPrivate>> {
        make::create(context, request).await.map_err(Failure::from)
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<AvailabilityGroup, GroupPrivate>,
    ) -> Result<Option<State<AvailabilityGroup, GroupPrivate>>, Diagnostics> {
        let State { mut model, private } = state;
        let name = model.name.as_str().unwrap_or_default().to_owned();
        let id = model.group_id.as_str().map(str::to_owned);
        if let (Some(clients), Some(id)) = (context.client(), &id) {
            clients.manage(GROUPS, id);
        }
        let key = GroupKey { name: &name, id: id.as_deref() };
        let nodes = Nodes::read(context, &model.sql_servers, &private.nodes).await?;
        let (seen, group) = match nodes.reading(context, key)? {
            Reading::Here(seen, group) if !group.is_distributed => (seen, group),
            // There is no state to keep in an import.
            Reading::Keep if id.is_none() || model.sql_servers.known().is_none() => {
                return Err(Diagnostic::error(
                    "Which availability group is not clear",
                    format!("Whether and where the availability group {name} exists cannot be told now."),
                )
                .hint("import it as <sql_server>/<name>, with the block of the server on which it is primary")
                .into());
            }
            Reading::Keep => return Ok(Some(State { model, private })),
            Reading::Here(..) | Reading::Gone => return Ok(None),
        };
        let private = GroupPrivate {
            name: group.name.clone(),
            nodes: nodes.remember(&private.nodes, key),
            collation: seen.snapshot.facts.collation.clone(),
            ..private
        };
        if model.sql_servers.known().is_none() {
            model.sql_servers = Field::Known(nodes.holders(key));
        }
        compare::refresh(&mut model, group, seen);
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<AvailabilityGroup, GroupPrivate>,
    ) -> Result<State<AvailabilityGroup, GroupPrivate>, Failure<AvailabilityGroup, GroupPrivate>> {
        make::update(context, request).await
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<AvailabilityGroup, GroupPrivate>,
    ) -> Result<(), Failure<AvailabilityGroup, GroupPrivate>> {
        make::delete(context, &request.prior, &request.private).await.map_err(Failure::from)
    }

    async fn import(
        &self,
        context: &Context<Clients>,
        request: Import<AvailabilityGroupIdentity>,
    ) -> Result<State<AvailabilityGroup, GroupPrivate>, Diagnostics> {
        let (sql_servers, name, group_id) = match request {
            Import::Id(id) => {
                // A name alone is looked for on all servers.
                let (server, name) = match id.contains('/') {
                    true => shared::import_id(context, &id)?,
                    false => (Field::Null, Field::Known(id)),
                };
                let servers =
                    server.into_known_value().map_or(Field::Null, |server| Field::Known(vec![server]));
                (servers, name, Field::Null)
            }
            Import::Identity(identity) => (Field::Null, identity.name, identity.group_id),
        };
        let model = AvailabilityGroup {
            sql_servers,
            name,
            group_id,
            databases: Field::Null,
            endpoint_url: Field::Null,
            backup_preference: Field::Null,
            availability_mode: Field::Null,
            db_failover: Field::Null,
            dtc_support: Field::Null,
            basic: Field::Null,
            on_destroy: Field::Null,
            // What was not made here is left by a destroy that says nothing else.
            adopted: Field::Known(true),
        };
        let name = model.name.as_str().unwrap_or_default().to_owned();
        // Read at once: the identity holds the group's id, which no name tells.
        let stub = State { model, private: GroupPrivate::default() };
        match self.read(context, stub).await? {
            Some(state) => Ok(state),
            None => Err(vanished(&name).into()),
        }
    }
}

/// Same form as in the statement, so that a plan refuses what an apply could not send.
fn endpoint_url(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => {
            EndpointUrl::parse(text).map(drop).map_err(|error| format!("must be usable: {error}"))
        }
        _ => Ok(()),
    }
}

fn vanished(name: &str) -> Diagnostic {
    Diagnostic::error(
        "An availability group is not there",
        format!("No server shows the availability group {name}."),
    )
}
