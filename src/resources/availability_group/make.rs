//! Making, taking over, changing and dropping a group.

use std::time::Duration;

use tokio::time::Instant;

use super::guard::{self, Moment};
use super::words::{identifier, mode, preference, preference_word};
use super::{AvailabilityGroup, GROUPS, GroupPrivate, compare, plan, vanished};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{Create, Failure, State, Update};
use crate::provider::Clients;
use crate::resources::nodes::{self, GroupKey, Nodes, Place, Remembered};
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::catalog::GroupRow;
use crate::sql::quote::EndpointUrl;
use crate::sql::statement::{BackupPreference, CreateAvailabilityGroup};

type Stored = State<AvailabilityGroup, GroupPrivate>;

/// How long a new group may take until it is primary here.
const BECOME_PRIMARY: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes the group, or takes over the one that is there and as written.
pub(super) async fn create(
    context: &Context<Clients>,
    request: Create<AvailabilityGroup>,
) -> Result<Stored, Diagnostics> {
    let Create { config, planned } = request;
    let name = planned.name.as_str().unwrap_or_default().to_owned();
    let nodes = Nodes::look(context, &planned.sql_servers, &Remembered::default(), name.as_str()).await?;
    if matches!(nodes.place(name.as_str())?, Place::Nowhere) {
        return make(context, config, planned, &nodes).await;
    }
    let seen = nodes.primary(name.as_str())?;
    let group = seen.need(seen.snapshot.group(&name))?.ok_or_else(|| vanished(&name))?;
    plan::refuse_differences(&config, seen, group)?;
    context.warn(shared::taken_over(&format!("the availability group {name}")));
    let model = AvailabilityGroup { adopted: Field::Known(true), ..planned };
    Ok(stored(context, model, &config, seen, group, &nodes).await)
}

async fn make(
    context: &Context<Clients>,
    config: AvailabilityGroup,
    planned: AvailabilityGroup,
    nodes: &Nodes,
) -> Result<Stored, Diagnostics> {
    let name = planned.name.as_str().unwrap_or_default();
    let seen = nodes.first()?;
    if nodes.seen().len() > 1 {
        return Err(nodes::one_node(name).into());
    }
    seen.prove_absence(&format!("the availability group {name}"))?;
    let statement = Statement::CreateAvailabilityGroup(new_group(&config, name, seen)?);
    if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
        && !failed.is_outcome_unknown()
    {
        return Err(reach::statement_error(&seen.server, &statement, &failed).into());
    }
    let (seen, group) = await_primary(context, seen, name).await?;
    let model = AvailabilityGroup { adopted: Field::Known(false), ..planned };
    let mut stored = stored(context, model, &config, &seen, &group, nodes).await;
    stored.private.added = config.databases.known().cloned().unwrap_or_default();
    Ok(stored)
}

/// What is stored of a group that was made or taken over.
async fn stored(
    context: &Context<Clients>,
    mut model: AvailabilityGroup,
    config: &AvailabilityGroup,
    seen: &Seen,
    group: &GroupRow,
    nodes: &Nodes,
) -> Stored {
    if let Some(clients) = context.client() {
        clients.hold(GROUPS, &group.id);
    }
    warn_of_backups(context, seen, group).await;
    compare::fill(&mut model, group, seen, nodes);
    let mut met = nodes.remember(&Remembered::default(), group.name.as_str());
    met.add_replicas(group);
    let private = GroupPrivate {
        name: group.name.clone(),
        nodes: met,
        listed: config.databases.known().is_some(),
        collation: seen.snapshot.facts.collation.clone(),
        ..GroupPrivate::default()
    };
    State { model, private }
}

/// Asks the function that backup jobs ask. In a group of several nodes another may be the preferred one.
async fn warn_of_backups(context: &Context<Clients>, seen: &Seen, group: &GroupRow) {
    if group.replicas.len() != 1 {
        return;
    }
    for database in &group.databases {
        match seen.server.is_preferred_for_backups(database).await {
            Ok(false) => context.warn(
                Diagnostic::warning(
                    "Backup jobs will skip a database",
                    format!(
                        "sys.fn_hadr_backup_is_preferred_replica says no for the database {database} in the availability group {} on the \
                         SQL Server \"{}\": jobs that heed it make no log backups, and the log grows until it is full.",
                        group.name,
                        seen.server.name()
                    ),
                )
                .hint("set `backup_preference = \"primary\"`; where it is so already, compare @@SERVERNAME with SERVERPROPERTY('ServerName')"),
            ),
            Ok(true) => {}
            Err(error) => tracing::debug!(%error, database, "whether backups are preferred here"),
        }
    }
}

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
        let over = Instant::now() > until || context.cancellation().is_cancelled();
        match (group, role) {
            (Some(group), Some(1)) => return Ok((now, group)),
            // It is there and will settle; the link's create asks again.
            (Some(group), _) if over => return Ok((now, group)),
            (None, _) if over => return Err(vanished(name).into()),
            _ => tokio::select! {
                () = context.cancellation().cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            },
        }
    }
}

fn new_group(
    config: &AvailabilityGroup,
    name: &str,
    seen: &Seen,
) -> Result<CreateAvailabilityGroup, Diagnostics> {
    let url = config.endpoint_url.as_str().ok_or_else(|| plan::needs_url(name))?;
    let endpoint_url = EndpointUrl::parse(url).map_err(|error| {
        Diagnostic::error("An endpoint URL that cannot be used", error.to_string()).at("endpoint_url")
    })?;
    let databases = config.databases.known().into_iter().flatten();
    let databases =
        databases.map(|name| identifier("the name of the database", name)).collect::<Result<Vec<_>, _>>()?;
    let basic = config.basic.known() == Some(&true);
    Ok(CreateAvailabilityGroup {
        name: identifier("the name of the group", name)?,
        server_name: seen.snapshot.facts.server_name.clone(),
        endpoint_url,
        databases,
        backup_preference: config.backup_preference.as_str().map_or(BackupPreference::Primary, preference),
        availability_mode: mode(config.availability_mode.as_str()),
        db_failover: config.db_failover.known() == Some(&true),
        dtc_support: config.dtc_support.known() == Some(&true),
        basic,
        // Neither Standard edition nor a basic group of any edition has readable secondaries.
        readable_secondary: !basic && !seen.snapshot.facts.is_standard(),
    })
}

/// Changes what differs. Where nothing on the servers is to change, none is asked: a destroy of what is left after a
/// disaster begins with an apply of `on_destroy`.
pub(super) async fn update(
    context: &Context<Clients>,
    request: Update<AvailabilityGroup, GroupPrivate>,
) -> Result<Stored, Failure<AvailabilityGroup, GroupPrivate>> {
    let Update { config, prior, planned, mut private } = request;
    private.listed = config.databases.known().is_some();
    if !touches_servers(&prior, &planned) {
        let model = AvailabilityGroup { adopted: prior.adopted, group_id: prior.group_id, ..planned };
        return Ok(State { model, private });
    }
    let name = prior.name.as_str().unwrap_or_default().to_owned();
    let key = GroupKey { name: &name, id: prior.group_id.as_str() };
    let nodes = Nodes::look(context, &planned.sql_servers, &private.nodes, key).await?;
    let seen = nodes.primary(key)?;
    let group = nodes::row(seen, key)?.ok_or_else(|| vanished(&name))?;
    // What was done is remembered although something after it fails: else a later run takes it for another's.
    let before = private.clone();
    let done = change(context, &config, &prior, &planned, &mut private, seen, group).await;
    let private = GroupPrivate { nodes: nodes.remember(&private.nodes, key), ..private };
    if let Err(diagnostics) = done {
        let state = (private != before).then(|| State { model: prior.clone(), private });
        return Err(Failure { diagnostics, state });
    }
    let seen = seen.again().await?;
    let group = nodes::row(&seen, key)?.ok_or_else(|| vanished(&name))?;
    let mut model =
        AvailabilityGroup { adopted: prior.adopted.clone(), group_id: prior.group_id.clone(), ..planned };
    compare::fill(&mut model, group, &seen, &nodes);
    Ok(State { model, private })
}

fn touches_servers(prior: &AvailabilityGroup, planned: &AvailabilityGroup) -> bool {
    prior.sql_servers != planned.sql_servers
        || prior.databases != planned.databases
        || prior.endpoint_url != planned.endpoint_url
        || prior.backup_preference != planned.backup_preference
        || prior.db_failover != planned.db_failover
}

async fn change(
    context: &Context<Clients>,
    config: &AvailabilityGroup,
    prior: &AvailabilityGroup,
    planned: &AvailabilityGroup,
    private: &mut GroupPrivate,
    seen: &Seen,
    group: &GroupRow,
) -> Result<(), Diagnostics> {
    let facts = &seen.snapshot.facts;
    private.collation.clone_from(&facts.collation);
    let (removed, _left) = guard::to_remove(prior, planned, private);
    let has = |name: &str| group.databases.iter().any(|database| facts.same_name(database, name));
    let removed: Vec<String> = removed.into_iter().filter(|name| has(name)).cloned().collect();
    if !removed.is_empty() {
        // Before anything is changed.
        guard::removal(group, &removed.iter().collect::<Vec<_>>(), seen)?;
    }
    let identifier_of_group = identifier("the name of the group", &group.name)?;
    let of_group = || identifier_of_group.clone();
    if let Some(word) = config.backup_preference.as_str()
        && preference_word(group.backup_preference) != word
    {
        let preference = preference(word);
        seen.execute(context, &Statement::SetBackupPreference { group: of_group(), preference }).await?;
    }
    if let Some(on) = config.db_failover.known().copied()
        && on != group.db_failover
    {
        seen.execute(context, &Statement::SetDbFailover { group: of_group(), on }).await?;
    }
    for name in config.databases.known().into_iter().flatten().filter(|name| !has(name)) {
        let database = identifier("the name of the database", name)?;
        // Noted first: an outcome that is not known may be a success.
        private.added.insert(name.clone());
        seen.execute(context, &Statement::AddDatabase { group: of_group(), database }).await?;
    }
    for name in &removed {
        let database = identifier("the name of the database", name)?;
        seen.execute(context, &Statement::RemoveDatabase { group: of_group(), database }).await?;
        let collation = private.collation.clone();
        private.added.retain(|added| !crate::sql::instance::same_name(&collation, added, name));
    }
    Ok(())
}

/// Drops the group where it is primary, if nothing needs it.
pub(super) async fn delete(
    context: &Context<Clients>,
    prior: &AvailabilityGroup,
    private: &GroupPrivate,
) -> Result<(), Diagnostics> {
    if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
        return Ok(());
    }
    let name = prior.name.as_str().unwrap_or_default();
    let id = prior.group_id.as_str();
    if let (Some(clients), Some(id)) = (context.client(), id)
        && clients.is_held(GROUPS, id)
    {
        // `create_before_destroy`: the new object is this very group, taken over a moment ago.
        context.warn(Diagnostic::warning(
            "A group was not dropped",
            format!("The availability group {name} was taken over by its own successor in this run, so it was not dropped."),
        ));
        return Ok(());
    }
    // By its id: where somebody dropped ours and made another of the same name, ours is gone.
    let key = GroupKey { name, id };
    let nodes = Nodes::look(context, &prior.sql_servers, &private.nodes, key).await?;
    if nodes.is_complete() && matches!(nodes.place(key)?, Place::Nowhere) {
        for seen in nodes.seen() {
            seen.prove_absence(&format!("the availability group {name}"))?;
        }
        return Ok(());
    }
    let seen = nodes.primary(key)?;
    let group = nodes::row(seen, key)?.ok_or_else(|| vanished(name))?;
    guard::drop(group, prior, private, seen, Moment::Apply)?;
    let statement =
        Statement::DropAvailabilityGroup { group: identifier("the name of the group", &group.name)? };
    let Err(error) = seen.server.execute(&statement, context.cancellation()).await else { return Ok(()) };
    match nodes::row(&seen.again().await?, key) {
        Ok(None) => Ok(()),
        _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
    }
}
