//! `milink_availability_group`: the group on the SQL Server side that a link replicates.
//!
//! Made here it has one node and no cluster below it; a group of several nodes is taken over and never joined or
//! extended. Groups made here prefer the primary for backups, because with the server's default (prefer a secondary)
//! `sys.fn_hadr_backup_is_preferred_replica` answers 0 in a single-node group, and log backup jobs skip the database
//! in silence until its log is full.
//!
//! A group belongs to its replicas together: it is identified by its id, and each statement runs on the replica that
//! is primary at that moment. Dropping it on a secondary would leave the primary's databases restoring.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::framework::checks::{not_empty, one_of};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::types::Type;
use crate::model;
use crate::provider::Clients;
use crate::resources::nodes::{GroupKey, Nodes, Place, Reading, Remembered, first};
use crate::resources::preflight;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::catalog::{GroupRow, ReplicaRow};
use crate::sql::quote::{EndpointUrl, Identifier};
use crate::sql::statement::{AvailabilityMode, BackupPreference, CreateAvailabilityGroup};

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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupPrivate {
    /// Its name, so that a replacement under the same name is recognised in its plan.
    name: String,
    /// Who was met, so that a read of another server does not call the group gone.
    nodes: Remembered,
}

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
        reach::fill_servers(context, &mut plan.planned.sql_servers);
        if let (Some(replaced), Some(name)) = (&plan.replaced, plan.config.name.as_str())
            && replaced.name == name
        {
            return Err(shared::same_key_replacement(
                "the availability group",
                name,
                "change the name as well, or leave the argument as it was",
            )
            .into());
        }
        let planned = &plan.planned;
        let Some(seen) = reach::peek(context, &first(&planned.sql_servers)).await? else { return Ok(()) };
        let (Some(name), Some(databases)) = (planned.name.as_str(), planned.databases.known()) else {
            return Ok(());
        };
        // What is there is taken over as it is.
        if seen.need(seen.snapshot.group(name))?.is_some() {
            return Ok(());
        }
        preflight::group(context, &seen, &databases.iter().cloned().collect::<Vec<_>>())
    }

    async fn plan_update(
        &self,
        _context: &Context<Clients>,
        plan: &mut UpdatePlan<AvailabilityGroup, GroupPrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { prior, planned, .. } = plan;
        if let (Some(wanted), Some(has)) = (planned.endpoint_url.as_str(), prior.endpoint_url.as_str())
            && wanted != has
            && EndpointUrl::parse(wanted).is_ok_and(|url| !url.same(has))
        {
            return Err(Diagnostic::error(
                "The endpoint URL of a group is fixed",
                format!(
                    "The replica of the availability group {} is reached at {has}; another URL interrupts whoever is connected.",
                    prior.name.as_str().unwrap_or_default()
                ),
            )
            .hint("change it with ALTER AVAILABILITY GROUP … MODIFY REPLICA in a quiet hour; the next plan takes the new URL over")
            .at("endpoint_url")
            .into());
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<AvailabilityGroup>,
    ) -> Result<State<AvailabilityGroup, GroupPrivate>, Failure<AvailabilityGroup, GroupPrivate>> {
        let Create { config, planned } = request;
        let name = planned.name.as_str().unwrap_or_default().to_owned();
        let nodes = Nodes::look(context, &planned.sql_servers, &Remembered::default(), name.as_str()).await?;
        let private = |nodes: &Nodes| GroupPrivate {
            name: name.clone(),
            nodes: nodes.remember(&Remembered::default(), name.as_str()),
        };
        if !matches!(nodes.place(name.as_str())?, Place::Nowhere) {
            let seen = nodes.primary(name.as_str())?;
            let group = seen.need(seen.snapshot.group(&name))?.cloned().ok_or_else(|| vanished(&name))?;
            equals(&group, &config, seen)?;
            context.warn(shared::taken_over(&format!("the availability group {name}")));
            let mut model = AvailabilityGroup { adopted: Field::Known(true), ..planned };
            fill(&mut model, &group, seen);
            return Ok(State { model, private: private(&nodes) });
        }
        let seen = nodes.first()?;
        let statement = Statement::CreateAvailabilityGroup(new_group(&config, &name, seen)?);
        if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
            && !failed.is_outcome_unknown()
        {
            return Err(reach::statement_error(&seen.server, &statement, &failed).into());
        }
        let (seen, group) = await_primary(context, seen, &name).await?;
        let mut model = AvailabilityGroup { adopted: Field::Known(false), ..planned };
        fill(&mut model, &group, &seen);
        Ok(State { model, private: private(&nodes) })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<AvailabilityGroup, GroupPrivate>,
    ) -> Result<Option<State<AvailabilityGroup, GroupPrivate>>, Diagnostics> {
        let State { mut model, private } = state;
        let name = model.name.as_str().unwrap_or_default().to_owned();
        let id = model.group_id.as_str().map(str::to_owned);
        let key = GroupKey { name: &name, id: id.as_deref() };
        let nodes = Nodes::read(context, &model.sql_servers, &private.nodes).await?;
        let (seen, group) = match nodes.reading(context, key)? {
            Reading::Here(seen, group) if !group.is_distributed => (seen, group),
            Reading::Keep => return Ok(Some(State { model, private })),
            Reading::Here(..) | Reading::Gone => return Ok(None),
        };
        let private = GroupPrivate { name: group.name.clone(), nodes: nodes.remember(&private.nodes, key) };
        if model.sql_servers.known().is_none() {
            model.sql_servers = Field::Known(nodes.holders(key));
        }
        model.name = Field::Known(group.name.clone());
        model.group_id = Field::Known(group.id.clone());
        let actual: BTreeSet<String> = group.databases.iter().cloned().collect();
        model.databases = match model.databases {
            // What others put into the group is theirs.
            Field::Known(ours) => Field::Known(
                ours.into_iter()
                    .filter(|ours| actual.iter().any(|has| seen.snapshot.facts.same_name(has, ours)))
                    .collect(),
            ),
            _ if actual.is_empty() => Field::Null,
            _ => Field::Known(actual),
        };
        let url = local_replica(group, seen).and_then(|replica| replica.endpoint_url.clone());
        if let Some(url) = url {
            let same = model
                .endpoint_url
                .as_str()
                .is_some_and(|known| EndpointUrl::parse(known).is_ok_and(|known| known.same(&url)));
            if !same {
                model.endpoint_url = Field::Known(url);
            }
        }
        model.backup_preference = preference_word(group.backup_preference).into();
        model.db_failover = Field::Known(group.db_failover);
        model.dtc_support = Field::Known(group.dtc_support);
        model.basic = Field::Known(group.is_basic);
        if model.availability_mode.known().is_none() {
            model.availability_mode = mode_word(local_replica(group, seen)).into();
        }
        if model.adopted.is_null() {
            model.adopted = Field::Known(false);
        }
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<AvailabilityGroup, GroupPrivate>,
    ) -> Result<State<AvailabilityGroup, GroupPrivate>, Failure<AvailabilityGroup, GroupPrivate>> {
        let Update { config, prior, planned, private, .. } = request;
        let name = prior.name.as_str().unwrap_or_default().to_owned();
        let nodes = Nodes::look(context, &planned.sql_servers, &private.nodes, name.as_str()).await?;
        let seen = nodes.primary(name.as_str())?;
        let group = seen.need(seen.snapshot.group(&name))?.ok_or_else(|| vanished(&name))?;
        let identifier = identifier("the name of the group", &name)?;
        if let Some(word) = config.backup_preference.as_str()
            && preference_word(group.backup_preference) != word
        {
            let preference = preference(word);
            seen.execute(context, &Statement::SetBackupPreference { group: identifier.clone(), preference })
                .await?;
        }
        if let Some(on) = config.db_failover.known().copied()
            && on != group.db_failover
        {
            seen.execute(context, &Statement::SetDbFailover { group: identifier.clone(), on }).await?;
        }
        let has =
            |name: &str| group.databases.iter().any(|database| seen.snapshot.facts.same_name(database, name));
        for database in config.databases.known().into_iter().flatten().filter(|name| !has(name)) {
            let database = self::identifier("the name of the database", database)?;
            seen.execute(context, &Statement::AddDatabase { group: identifier.clone(), database }).await?;
        }
        // Only what this resource had put in is taken out.
        if let (Some(before), Some(now)) = (prior.databases.known(), config.databases.known()) {
            for database in before.iter().filter(|name| !now.contains(*name) && has(name)) {
                let database = self::identifier("the name of the database", database)?;
                seen.execute(context, &Statement::RemoveDatabase { group: identifier.clone(), database })
                    .await?;
            }
        }
        let seen = seen.again().await?;
        let group = seen.need(seen.snapshot.group(&name))?.cloned().ok_or_else(|| vanished(&name))?;
        let mut model = AvailabilityGroup { adopted: prior.adopted, group_id: prior.group_id, ..planned };
        fill(&mut model, &group, &seen);
        Ok(State { model, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<AvailabilityGroup, GroupPrivate>,
    ) -> Result<(), Failure<AvailabilityGroup, GroupPrivate>> {
        let prior = request.prior;
        if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
            return Ok(());
        }
        let name = prior.name.as_str().unwrap_or_default().to_owned();
        let nodes = Nodes::look(context, &prior.sql_servers, &request.private.nodes, name.as_str()).await?;
        if nodes.is_complete() && matches!(nodes.place(name.as_str())?, Place::Nowhere) {
            return Ok(());
        }
        let seen = nodes.primary(name.as_str())?;
        let group = seen.need(seen.snapshot.group(&name))?.ok_or_else(|| vanished(&name))?;
        if prior.group_id.as_str().is_some_and(|id| !id.eq_ignore_ascii_case(&group.id)) {
            // Somebody dropped ours and made another of the same name.
            return Ok(());
        }
        if let Some(why) = hold(group, &prior.databases, seen)? {
            return Err(shared::in_use(
                &format!("the availability group {name}"),
                &why,
                "remove that first, or set `on_destroy = \"keep\"`, apply, and destroy again",
            )
            .into());
        }
        let statement =
            Statement::DropAvailabilityGroup { group: identifier("the name of the group", &name)? };
        match seen.server.execute(&statement, context.cancellation()).await {
            Ok(()) => Ok(()),
            Err(error) => match seen.again().await?.snapshot.group(&name) {
                Ok(None) => Ok(()),
                _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
            },
        }
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<AvailabilityGroupIdentity>,
    ) -> Result<State<AvailabilityGroup, GroupPrivate>, Diagnostics> {
        let (sql_servers, name, group_id) = match request {
            Import::Id(id) => {
                let (server, name) = shared::split_import(&id)?;
                (Field::Known(vec![server]), Field::Known(name), Field::Null)
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
            adopted: Field::Known(false),
        };
        Ok(State { model, private: GroupPrivate::default() })
    }
}

/// How long a new group may take until it is primary here.
const BECOME_PRIMARY: Duration = Duration::from_secs(60);

async fn await_primary(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
) -> Result<(Seen, GroupRow), Diagnostics> {
    let until = Instant::now() + BECOME_PRIMARY;
    loop {
        let now = seen.again().await?;
        let group = now.need(now.snapshot.group(name))?.cloned();
        let role = match &group {
            Some(group) => now.need(now.snapshot.local_role(&group.id))?,
            None => None,
        };
        match (group, role) {
            (Some(group), Some(1)) => return Ok((now, group)),
            // It is there and will settle; the link's create asks again.
            (Some(group), _) if Instant::now() > until || context.cancellation().is_cancelled() => {
                return Ok((now, group));
            }
            (None, _) if Instant::now() > until || context.cancellation().is_cancelled() => {
                return Err(vanished(name).into());
            }
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Why a group must not be dropped.
fn hold(
    group: &GroupRow,
    ours: &Field<BTreeSet<String>>,
    seen: &Seen,
) -> Result<Option<String>, Diagnostics> {
    if let Some(over) = seen.need(seen.snapshot.groups_over(&group.name))?.first() {
        return Ok(Some(format!("the distributed availability group {} stands on it", over.name)));
    }
    if group.replicas.len() > 1 {
        return Ok(Some(format!("it has {} replicas", group.replicas.len())));
    }
    if group.has_listener {
        return Ok(Some("a listener leads to it".to_owned()));
    }
    let is_ours = |name: &String| {
        ours.known().into_iter().flatten().any(|ours| seen.snapshot.facts.same_name(ours, name))
    };
    let foreign: Vec<&str> =
        group.databases.iter().filter(|name| !is_ours(name)).map(String::as_str).collect();
    // Where no list is written, the link owned it, and the link is gone.
    if !foreign.is_empty() && ours.known().is_some() {
        return Ok(Some(format!("it holds databases that are not declared here: {}", foreign.join(", "))));
    }
    Ok(None)
}

/// Whether a group that bears the name is what the configuration says.
fn equals(group: &GroupRow, config: &AvailabilityGroup, seen: &Seen) -> Result<(), Diagnostics> {
    let name = &group.name;
    let import = format!("{}/{name}", seen.server.name());
    let differs = |difference: String, at: &'static str| {
        Err(shared::differs(
            "milink_availability_group",
            &format!("The availability group {name}"),
            &difference,
            &import,
        )
        .at(at)
        .into())
    };
    if group.is_distributed {
        return differs("it is a distributed group".to_owned(), "name");
    }
    for database in config.databases.known().into_iter().flatten() {
        if !group.databases.iter().any(|has| seen.snapshot.facts.same_name(has, database)) {
            let has = if group.databases.is_empty() { "none".to_owned() } else { group.databases.join(", ") };
            return differs(format!("it does not hold the database {database}, but {has}"), "databases");
        }
    }
    if let Some(word) = config.backup_preference.as_str()
        && preference_word(group.backup_preference) != word
    {
        let has = preference_word(group.backup_preference);
        return differs(format!("its backup preference is {has}"), "backup_preference");
    }
    if let (Some(wanted), Some(has)) = (
        config.endpoint_url.as_str(),
        local_replica(group, seen).and_then(|replica| replica.endpoint_url.as_deref()),
    ) && EndpointUrl::parse(wanted).is_ok_and(|wanted| !wanted.same(has))
    {
        return differs(format!("its replica is reached at {has}"), "endpoint_url");
    }
    Ok(())
}

fn new_group(
    config: &AvailabilityGroup,
    name: &str,
    seen: &Seen,
) -> Result<CreateAvailabilityGroup, Diagnostics> {
    let Some(url) = config.endpoint_url.as_str() else {
        return Err(Diagnostic::error(
            "A new group needs an endpoint URL",
            format!(
                "The availability group {name} does not exist, and to make it `endpoint_url` must be written."
            ),
        )
        .at("endpoint_url")
        .into());
    };
    let endpoint_url = EndpointUrl::parse(url).map_err(|error| {
        Diagnostic::error("An endpoint URL that cannot be used", error.to_string()).at("endpoint_url")
    })?;
    let databases = config.databases.known().into_iter().flatten();
    let databases =
        databases.map(|name| identifier("the name of the database", name)).collect::<Result<Vec<_>, _>>()?;
    Ok(CreateAvailabilityGroup {
        name: identifier("the name of the group", name)?,
        server_name: seen.snapshot.facts.server_name.clone(),
        endpoint_url,
        databases,
        backup_preference: config.backup_preference.as_str().map_or(BackupPreference::Primary, preference),
        availability_mode: match config.availability_mode.as_str() {
            Some("asynchronous_commit") => AvailabilityMode::Asynchronous,
            _ => AvailabilityMode::Synchronous,
        },
        db_failover: config.db_failover.known() == Some(&true),
        dtc_support: config.dtc_support.known() == Some(&true),
        basic: config.basic.known() == Some(&true),
        readable_secondary: !seen.snapshot.facts.is_standard(),
    })
}

/// What was not written is as it was found.
fn fill(model: &mut AvailabilityGroup, group: &GroupRow, seen: &Seen) {
    model.group_id = Field::Known(group.id.clone());
    if model.sql_servers.is_unknown() {
        model.sql_servers = Field::Known(vec![seen.server.name().to_owned()]);
    }
    if model.databases.is_unknown() {
        model.databases = if group.databases.is_empty() {
            Field::Null
        } else {
            Field::Known(group.databases.iter().cloned().collect())
        };
    }
    if model.endpoint_url.is_unknown() {
        model.endpoint_url =
            local_replica(group, seen).and_then(|replica| replica.endpoint_url.clone()).into();
    }
    if model.backup_preference.is_unknown() {
        model.backup_preference = preference_word(group.backup_preference).into();
    }
    if model.availability_mode.is_unknown() {
        model.availability_mode = mode_word(local_replica(group, seen)).into();
    }
    for (field, found) in [
        (&mut model.db_failover, group.db_failover),
        (&mut model.dtc_support, group.dtc_support),
        (&mut model.basic, group.is_basic),
    ] {
        if field.is_unknown() {
            *field = Field::Known(found);
        }
    }
}

fn local_replica<'a>(group: &'a GroupRow, seen: &Seen) -> Option<&'a ReplicaRow> {
    group
        .replicas
        .iter()
        .find(|replica| replica.server_name.eq_ignore_ascii_case(&seen.snapshot.facts.server_name))
}

fn preference(word: &str) -> BackupPreference {
    match word {
        "secondary" => BackupPreference::Secondary,
        "secondary_only" => BackupPreference::SecondaryOnly,
        "none" => BackupPreference::None,
        _ => BackupPreference::Primary,
    }
}

fn preference_word(code: Option<i64>) -> &'static str {
    match code {
        Some(1) => "secondary_only",
        Some(2) => "secondary",
        Some(3) => "none",
        _ => "primary",
    }
}

fn mode_word(replica: Option<&ReplicaRow>) -> &'static str {
    match replica.map(|replica| replica.availability_mode) {
        Some(0) => "asynchronous_commit",
        _ => "synchronous_commit",
    }
}

fn identifier(what: &'static str, name: &str) -> Result<Identifier, Diagnostics> {
    Identifier::parse(what, name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).into())
}

fn vanished(name: &str) -> Diagnostic {
    Diagnostic::error(
        "An availability group is not there",
        format!("No server shows the availability group {name}."),
    )
}
