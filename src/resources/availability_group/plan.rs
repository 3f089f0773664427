//! What the plan of a group says and refuses. It needs no server: what could not be looked at is said once, and the
//! apply asks again.

use super::guard::{self, Moment};
use super::{AvailabilityGroup, GROUPS, GroupPrivate, compare};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::resource::{CreatePlan, State, UpdatePlan};
use crate::provider::Clients;
use crate::resources::nodes::{self, GroupKey, Nodes, Place, Remembered};
use crate::resources::reach::Seen;
use crate::resources::{preflight, reach, shared};
use crate::sql::catalog::GroupRow;
use crate::sql::quote::EndpointUrl;

/// A new object: the group is made, or the one of that name is taken over if it is as written.
pub(super) async fn create(
    context: &Context<Clients>,
    plan: &mut CreatePlan<AvailabilityGroup, GroupPrivate>,
) -> Result<(), Diagnostics> {
    reach::settle_servers(context, &plan.config.sql_servers, &mut plan.planned.sql_servers)?;
    let Some(name) = plan.config.name.as_str() else { return Ok(()) };
    let nodes = Nodes::peek(context, &plan.planned.sql_servers, &Remembered::default()).await?;
    if let Some(replaced) = &plan.replaced
        && replaced.same_name(&replaced.name, name)
        && !nodes.are_others_than(&replaced.nodes)
    {
        return Err(shared::same_key_replacement(
            "the availability group",
            name,
            "change the name as well, or leave the argument as it was",
        )
        .into());
    }
    match nodes.place(name)? {
        Place::Primary(seen, group) | Place::NotPrimary(seen, group) => {
            take_over(context, &plan.config, seen, group)
        }
        // The apply refuses it; a plan may be made while it lasts.
        Place::Several(_) => Ok(()),
        Place::Nowhere => make(context, &nodes, plan),
    }
}

fn take_over(
    context: &Context<Clients>,
    config: &AvailabilityGroup,
    seen: &Seen,
    group: &GroupRow,
) -> Result<(), Diagnostics> {
    // Tainted, it makes room for itself before it is made again.
    if context.client().is_some_and(|clients| clients.is_managed(GROUPS, &group.id)) {
        return Ok(());
    }
    refuse_differences(config, seen, group)?;
    let told = format!("group to be taken over {}", group.id);
    if context.client().is_some_and(|clients| clients.say_once(&told)) {
        context.warn(Diagnostic::warning(
            "An existing object is taken over",
            format!(
                "The availability group {} is on the SQL Server \"{}\" already and equals what is written. It is not made but taken over, \
                 and a destroy will leave it.",
                group.name,
                seen.server.name()
            ),
        ));
    }
    warn_of_name(context, seen);
    Ok(())
}

/// What bears the name but differs is never taken over.
pub(super) fn refuse_differences(
    config: &AvailabilityGroup,
    seen: &Seen,
    group: &GroupRow,
) -> Result<(), Diagnostics> {
    let differences = compare::differences(group, config, seen);
    let Some(first) = differences.first() else { return Ok(()) };
    let name = &group.name;
    Err(shared::differs(
        "milink_availability_group",
        &format!("The availability group {name}"),
        &compare::sentence(&differences),
        &format!("{}/{name}", seen.server.name()),
    )
    .at(first.at)
    .into())
}

fn make(
    context: &Context<Clients>,
    nodes: &Nodes,
    plan: &CreatePlan<AvailabilityGroup, GroupPrivate>,
) -> Result<(), Diagnostics> {
    let config = &plan.config;
    let named = plan.planned.sql_servers.known().map_or(0, Vec::len);
    // Nobody knows the group, and everybody was asked.
    if named > 1 && nodes.is_complete() && nodes.seen().len() == named {
        return Err(nodes::one_node(config.name.as_str().unwrap_or_default()).into());
    }
    if config.endpoint_url.is_null() && nodes.is_complete() && !nodes.seen().is_empty() {
        return Err(needs_url(config.name.as_str().unwrap_or_default()).into());
    }
    let [seen] = nodes.seen() else { return Ok(()) };
    warn_of_name(context, seen);
    let Some(databases) = plan.planned.databases.known() else {
        return Ok(());
    };
    preflight::group(context, seen, &databases.iter().cloned().collect::<Vec<_>>())
}

/// Of a group that does not exist.
pub(super) fn needs_url(name: &str) -> Diagnostic {
    Diagnostic::error(
        "A new group needs an endpoint URL",
        format!(
            "The availability group {name} does not exist, and to make it `endpoint_url` must be written."
        ),
    )
    .at("endpoint_url")
}

/// `@@SERVERNAME` that is not the instance's name breaks what compares the two: `REPLICA ON`, and the function that
/// backup jobs ask, in which letter case alone is enough (Ola Hallengren's sql-server-maintenance-solution, issue 619).
fn warn_of_name(context: &Context<Clients>, seen: &Seen) {
    let facts = &seen.snapshot.facts;
    if facts.at_server_name.as_ref() == Some(&facts.server_name) {
        return;
    }
    if context
        .client()
        .is_some_and(|clients| clients.say_once(&format!("@@SERVERNAME of {}", facts.server_name)))
    {
        context.warn(
            Diagnostic::warning(
                "A SQL Server bears two names",
                format!(
                    "On the SQL Server \"{}\" @@SERVERNAME is {}, but the instance is {}: backup jobs that ask for the preferred replica may \
                     skip databases in a group.",
                    seen.server.name(),
                    facts.at_server_name.as_deref().unwrap_or("null"),
                    facts.server_name
                ),
            )
            .hint("sp_dropserver the old name, sp_addserver '<the instance>', 'local', and restart the instance in a quiet hour"),
        );
    }
}

/// A change: what is left alone, what is refused, and what is taken out of the group.
pub(super) async fn update(
    context: &Context<Clients>,
    plan: &mut UpdatePlan<AvailabilityGroup, GroupPrivate>,
) -> Result<(), Diagnostics> {
    let UpdatePlan { prior, planned, private, .. } = plan;
    let known_name = prior.name.as_str().unwrap_or_default().to_owned();
    if planned.name.as_str().is_some_and(|wanted| private.same_name(wanted, &known_name)) {
        planned.name = prior.name.clone();
    }
    if let (Some(wanted), Some(has)) = (planned.databases.known(), prior.databases.known())
        && wanted.len() == has.len()
        && compare::without(wanted, has, private).is_empty()
    {
        planned.databases = prior.databases.clone();
    }
    if let (Some(wanted), Some(has)) = (planned.endpoint_url.as_str(), prior.endpoint_url.as_str())
        && wanted != has
    {
        if !EndpointUrl::parse(wanted).is_ok_and(|url| url.same(has)) {
            // No error: Terraform makes this plan before a destroy as well.
            context.warn(
                Diagnostic::warning(
                    "The endpoint URL of a group is fixed",
                    format!(
                        "The replica of the availability group {known_name} is reached at {has}; it is not changed to {wanted}, because that \
                         interrupts whoever is connected."
                    ),
                )
                .hint("change it with ALTER AVAILABILITY GROUP … MODIFY REPLICA in a quiet hour; the next plan takes the new URL over")
                .at("endpoint_url"),
            );
        }
        planned.endpoint_url = prior.endpoint_url.clone();
    }
    let (removed, left) = guard::to_remove(prior, planned, private);
    if !left.is_empty() {
        context.warn(
            Diagnostic::warning(
                "A database stays in its group",
                format!(
                    "{} left `databases` of the availability group {known_name}, but was not put into it by this resource, and stays in it.",
                    list(&left)
                ),
            )
            .at("databases"),
        );
    }
    if removed.is_empty() {
        return Ok(());
    }
    context.warn(
        Diagnostic::warning(
            "A database is taken out of its group",
            format!("{} is taken out of the availability group {known_name}.", list(&removed)),
        )
        .at("databases"),
    );
    let key = GroupKey { name: &known_name, id: prior.group_id.as_str() };
    let nodes = Nodes::peek(context, &prior.sql_servers, &private.nodes).await?;
    match nodes.place(key)? {
        Place::Primary(seen, group) => guard::removal(group, &removed, seen),
        _ => Ok(()),
    }
}

/// A destroy: refuses what nothing else in it can release, and says what will be dropped.
pub(super) async fn destroy(
    context: &Context<Clients>,
    prior: &State<AvailabilityGroup, GroupPrivate>,
) -> Result<(), Diagnostics> {
    let State { model, private } = prior;
    if !shared::drops(model.on_destroy.as_str(), model.adopted.known() == Some(&true)) {
        return Ok(());
    }
    let name = model.name.as_str().unwrap_or_default();
    let nodes = Nodes::peek(context, &model.sql_servers, &private.nodes).await?;
    let key = GroupKey { name, id: model.group_id.as_str() };
    let Place::Primary(seen, group) = nodes.place(key)? else { return Ok(()) };
    guard::drop(group, model, private, seen, Moment::Plan)?;
    let databases =
        if group.databases.is_empty() { "no database".to_owned() } else { group.databases.join(", ") };
    context.warn(Diagnostic::warning(
        "An availability group is dropped",
        format!(
            "The availability group {name} on the SQL Server \"{}\" is dropped. It holds {databases}; databases stay on the server.",
            seen.server.name()
        ),
    ));
    Ok(())
}

fn list(names: &[&String]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}
