//! What the two halves of a link say, and what that means.
//!
//! What a missing half means is decided here, never assumed, and nothing is ever re-linked silently. Warnings are given
//! once for each link and cause; they change no value, so that an unchanged world plans nothing.

use std::collections::BTreeSet;

use super::halves::Halves;
use super::{
    BROKEN, CUT_OVER, ESTABLISHED, GONE, INCOMPLETE, Link, LinkPrivate, MANAGED_INSTANCE, SQL_SERVER, id,
    mode,
};
use crate::arm::LinkId;
use crate::arm::instance::ManagedDatabase;
use crate::arm::link::LinkDatabase;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::State;
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Reading, first};
use crate::resources::preflight;
use crate::resources::reach;

/// How a link that does not work ends, for hints.
pub(super) const WAYS_OUT: &str = "nothing is planned; to seed anew, destroy the link (the primary's database stays), delete the copy that it \
                                   leaves on the instance, and create it again; or set `reseed = true`, apply, and `-replace` it";

/// Before a link is made: what is in its way is an error of the plan, not of an apply.
pub(super) async fn before_create(context: &Context<Clients>, planned: &Link) -> Result<(), Diagnostics> {
    let seen = reach::peek(context, &first(&planned.sql_servers)).await?;
    let from_instance = planned.initial_primary.as_str() == Some(MANAGED_INSTANCE);
    let id = match planned.id.as_str() {
        Some(_) => Some(id(planned)?),
        None => None,
    };
    // An interrupted making goes on: one of its halves is there, and perhaps the copy.
    if let (Some(seen), Some(id)) = (&seen, &id)
        && seen.snapshot.group(&id.name).is_ok_and(|group| group.is_some())
    {
        return Ok(());
    }
    if let Some(seen) = &seen {
        preflight::link_source(context, seen, from_instance)?;
    }
    let Some(id) = id else { return Ok(()) };
    if let Some((azure, _)) = reach::azure_for_read(context)?
        && let Ok(links) = azure.links(&id.instance).await
        && links.iter().any(|link| link.name.eq_ignore_ascii_case(&id.name))
    {
        return Ok(());
    }
    // A link from the instance takes a database that is there.
    let names: Vec<String> = match planned.databases.known() {
        Some(names) if !from_instance => names.iter().cloned().collect(),
        _ => Vec::new(),
    };
    let major = seen.as_ref().map(|seen| seen.snapshot.facts.version.major);
    let both_ways = from_instance || planned.failover_mode.as_str() == Some("Manual");
    preflight::link_target(context, &id, &names, major, both_ways).await
}

/// Reads both halves.
///
/// # Errors
/// A side that does not answer and is not to be kept, or that may not be asked.
pub(super) async fn read(
    context: &Context<Clients>,
    state: State<Link, LinkPrivate>,
) -> Result<Option<State<Link, LinkPrivate>>, Diagnostics> {
    let State { mut model, mut private } = state;
    let id = id(&model)?;
    let kept = |model, private| Ok(Some(State { model, private }));
    let Some((azure, keep)) = reach::azure_for_read(context)? else { return kept(model, private) };
    let doing = format!("read the link {}", id.name);
    let links = match azure.links(&id.instance).await {
        Ok(links) => links,
        Err(error) if error.is_unreachable() && keep => {
            reach::azure_kept(context, &error);
            return kept(model, private);
        }
        Err(error) => return Err(reach::arm_error(&doing, &error).into()),
    };
    let local = model.availability_group_name.as_str().map(str::to_owned);
    let nodes = Nodes::read(context, &model.sql_servers, &private.servers).await?;
    // The distributed group is where the local one is; an import knows only the link's own name.
    match nodes.reading(context, local.as_deref().unwrap_or(&id.name))? {
        Reading::Keep => return kept(model, private),
        Reading::Here(..) | Reading::Gone => {}
    }
    let halves = Halves::of(links, nodes.seen(), &model, &id)?;
    if halves.sql.is_none() {
        for seen in nodes.seen() {
            seen.prove_absence(&format!("the distributed availability group {}", id.name))?;
        }
    }
    private.servers = nodes.remember(&private.servers, local.as_deref().unwrap_or_default());
    let copy = if halves.arm.is_none() {
        match azure.databases(&id.instance).await {
            Ok(databases) => Copy::of(&databases, &model),
            Err(error) if error.is_unreachable() && keep => {
                reach::azure_kept(context, &error);
                return kept(model, private);
            }
            Err(error) => return Err(reach::arm_error(&doing, &error).into()),
        }
    } else {
        Copy::Linked
    };
    private.accepted |= halves.arm.is_some();
    private.contacted |= halves.in_contact()?;
    private.cut_over =
        halves.arm.is_none() && (private.cut_over || (private.contacted && copy == Copy::Independent));
    let gone = halves.arm.is_none() && halves.sql.is_none() && halves.strangers.is_empty();
    if gone && !private.cut_over && !(private.contacted && copy != Copy::None) {
        if let Some(clients) = context.client() {
            clients.hold(GONE, &id.to_string().to_lowercase());
        }
        return Ok(None);
    }
    fill(&mut model, &mut private, &halves);
    model.status = judge(context, &id, &model, &private, &halves, copy)?.into();
    model.complete = Field::Known(private.contacted);
    private.remember(&model);
    Ok(Some(State { model, private }))
}

/// What the instance has of the link's database while it has no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copy {
    /// Not asked: there is a link.
    Linked,
    /// Nothing.
    None,
    /// A database that was never recovered, or does not say that it is online.
    Unfinished,
    /// A database that is online: it lives on its own.
    Independent,
}

impl Copy {
    fn of(databases: &[ManagedDatabase], model: &Link) -> Self {
        let ours = model.databases.known().cloned().unwrap_or_default();
        let mut copies = databases
            .iter()
            .filter(|database| ours.iter().any(|ours| ours.eq_ignore_ascii_case(&database.name)))
            .peekable();
        if copies.peek().is_none() {
            return Self::None;
        }
        let online = |database: &ManagedDatabase| {
            database.properties.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("Online"))
        };
        if copies.all(online) { Self::Independent } else { Self::Unfinished }
    }
}

/// What both halves say, for the state.
pub(super) fn fill(model: &mut Link, private: &mut LinkPrivate, halves: &Halves) {
    if let Some(link) = &halves.arm {
        let properties = &link.properties;
        let unknown = |field: &Field<String>| field.as_str().is_none();
        if properties.instance_link_role.is_some() {
            let primary = if properties.instance_is_primary() { MANAGED_INSTANCE } else { SQL_SERVER };
            model.observed_primary = primary.into();
        }
        model.distributed_availability_group_id = properties.distributed_availability_group_id.clone().into();
        let fill = |field: &mut Field<String>, value: Option<&str>| {
            if unknown(field) {
                *field = value.map(str::to_owned).into();
            }
        };
        fill(
            &mut model.instance_availability_group_name,
            properties.instance_availability_group_name.as_deref(),
        );
        fill(&mut model.availability_group_name, properties.partner_availability_group_name.as_deref());
        fill(&mut model.partner_endpoint, properties.partner_endpoint.as_deref());
        fill(&mut model.seeding_mode, Some(properties.seeding_mode.as_deref().unwrap_or("Automatic")));
        // Some answers leave it out for a link without.
        fill(&mut model.failover_mode, Some(properties.failover_mode.as_deref().unwrap_or("None")));
        if model.databases.known().is_none() {
            let names: BTreeSet<String> =
                properties.databases.iter().map(|database| database.database_name.clone()).collect();
            model.databases = Field::Known(names);
        }
        mode::settle(model, private, halves);
    }
    if let Some((seen, group)) = &halves.sql {
        if model.sql_servers.known().is_none() {
            model.sql_servers = Field::Known(vec![seen.server.name().to_owned()]);
        }
        if model.fully_qualified_domain_name.as_str().is_none() {
            model.fully_qualified_domain_name = group.instance_host().map(str::to_owned).into();
        }
    }
}

/// What the halves mean together, with a word to the operator where it is not well.
fn judge(
    context: &Context<Clients>,
    id: &LinkId,
    model: &Link,
    private: &LinkPrivate,
    halves: &Halves,
    copy: Copy,
) -> Result<&'static str, Diagnostics> {
    let name = &id.name;
    let instance = &id.instance.name;
    let warn = |summary: &str, detail: String, hint: &str| {
        if context.client().is_some_and(|clients| clients.say_once(&format!("link {id} {summary}"))) {
            context.warn(Diagnostic::warning(summary, detail).hint(hint));
        }
    };
    if !halves.strangers.is_empty() {
        warn(
            "Another object bears a link's name",
            format!(
                "The link {name} is not what this resource made any more: there is {}.",
                halves.strangers.join("; and ")
            ),
            "nothing is planned, and a destroy leaves what is not this link's; remove the resource from the state (`terraform state rm`, \
             or a `removed` block) and import what is there",
        );
        return Ok(BROKEN);
    }
    match (&halves.arm, &halves.sql) {
        (None, _) if private.cut_over => {
            warn(
                "A link was cut over elsewhere",
                format!(
                    "The link {name} is gone from the managed instance {instance}, where its database lives on."
                ),
                "nothing is planned; when the migration is done, remove the resource from the configuration (a destroy drops what is \
                 left on SQL Server)",
            );
            Ok(CUT_OVER)
        }
        (None, Some(_)) if !private.contacted && copy == Copy::None => Ok(INCOMPLETE),
        (None, _) if copy == Copy::None => {
            warn(
                "A link is broken",
                format!("The link {name} and its database are gone from the managed instance {instance}."),
                "nothing is planned; destroy the resource and create it again to seed anew",
            );
            Ok(BROKEN)
        }
        (None, _) => {
            warn(
                "A link is broken",
                format!(
                    "The link {name} is not on the managed instance {instance}, which has a database of its name: the unfinished copy that \
                     it left, or another one."
                ),
                "nothing is planned; find out what the database is, delete or rename it there, destroy the resource and create it again",
            );
            Ok(BROKEN)
        }
        (Some(_), None) => {
            warn(
                "A link is broken",
                format!(
                    "The distributed availability group {name} is gone from SQL Server while the link in Azure is still there."
                ),
                WAYS_OUT,
            );
            Ok(BROKEN)
        }
        (Some(link), Some((seen, group))) => {
            // Before all else: what is said of a link with two primaries would lead to the wrong deed.
            let split = halves.sql_server_is_primary()? && link.properties.instance_is_primary();
            if split {
                warn(
                    "Both sides of a link are primary",
                    format!(
                        "SQL Server and the managed instance {instance} both take writes for the link {name}."
                    ),
                    "decide which side is right; back up the other, and make it secondary (SET (ROLE = SECONDARY)): what it alone has is lost",
                );
            }
            if let Some(database) = halves.databases().iter().find(|database| database.has_failed()) {
                let number =
                    database.most_recent_link_error.as_deref().and_then(|number| number.parse().ok());
                let cause = number.and_then(crate::sql::error_numbers::hint);
                warn(
                    "A link is broken",
                    format!("The link {name} failed: {}.", failure(database)),
                    &cause.map_or_else(|| WAYS_OUT.to_owned(), |cause| format!("{cause}; then: {WAYS_OUT}")),
                );
                return Ok(BROKEN);
            }
            if !split
                && let Some(database) = halves.databases().iter().find(|database| database.is_troubled())
            {
                warn(
                    "A link reports an error",
                    format!("The link {name} does not replicate: {}.", failure(database)),
                    "the primary keeps its log until the other side has it: watch its size; look at the network, the certificates, and \
                     whether a failover was forced",
                );
            }
            let remote = seen.need(seen.snapshot.remote_state(&group.id))?;
            if private.contacted && !split && remote.is_some_and(|state| state.connected == Some(0)) {
                let reason = remote.and_then(|state| state.last_error_text.clone()).unwrap_or_default();
                warn(
                    "A link is disconnected",
                    format!("The link {name} is disconnected. {reason}").trim_end().to_owned(),
                    "the primary keeps its log until the other side has it: watch its size",
                );
            }
            let declared = model.replication_mode.as_str();
            if private.roles_moved
                && mode::observed(halves, declared).is_some_and(|mode| Some(mode) != declared)
            {
                warn(
                    "A link has another commit mode than declared",
                    format!(
                        "A failover has put back the commit mode of the link {name}; declared is {}.",
                        declared.unwrap_or_default()
                    ),
                    "nothing is planned; to set it again, apply `replication_mode = \"Async\"` and then the mode that you want",
                );
            }
            Ok(if private.contacted { ESTABLISHED } else { INCOMPLETE })
        }
    }
}

/// What the service says of a database that is not well.
pub(super) fn failure(database: &LinkDatabase) -> String {
    format!(
        "the service reports {} for the database {}{}",
        database.replica_state.as_deref().unwrap_or("an error"),
        database.database_name,
        database
            .most_recent_link_error
            .as_deref()
            .map(|error| format!(", last error {error}"))
            .unwrap_or_default()
    )
}

/// Whether a group that a changed `sql_servers` names is the link's, as far as a plan can see.
///
/// # Errors
/// When the servers answer and none has it.
pub(super) fn follows_its_servers(nodes: &Nodes, model: &Link, id: &LinkId) -> Result<(), Diagnostics> {
    let halves = Halves::of(Vec::new(), nodes.seen(), model, id)?;
    if halves.sql.is_some() || nodes.seen().is_empty() {
        return Ok(());
    }
    Err(Diagnostic::error(
        "A link does not move",
        format!("None of the SQL Servers that `sql_servers` names has the distributed availability group of the link {}.", id.name),
    )
    .hint("name the replicas of the group that the link is made of; a link to another server is another link")
    .at("sql_servers")
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::instance::DatabaseProperties;

    fn database(name: &str, status: Option<&str>) -> ManagedDatabase {
        ManagedDatabase {
            name: name.to_owned(),
            properties: DatabaseProperties { status: status.map(str::to_owned) },
        }
    }

    #[test]
    fn only_a_copy_that_is_online_is_independent() {
        let model = Link { databases: Field::Known(BTreeSet::from(["Sales".to_owned()])), ..Link::default() };
        let of = |status| Copy::of(&[database("sales", status), database("Other", Some("Online"))], &model);
        assert_eq!(of(Some("Online")), Copy::Independent);
        assert_eq!(of(Some("Restoring")), Copy::Unfinished);
        assert_eq!(of(None), Copy::Unfinished);
        assert_eq!(Copy::of(&[database("Other", Some("Online"))], &model), Copy::None);
    }
}
