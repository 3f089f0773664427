//! What the two halves of a link say, and what that means.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{BROKEN, CUT_OVER, ESTABLISHED, INCOMPLETE, Link, LinkPrivate, MANAGED_INSTANCE, SQL_SERVER, id};
use crate::arm::LinkId;
use crate::arm::link::Link as ArmLink;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::State;
use crate::provider::Clients;
use crate::resources::nodes::{blocks, first};
use crate::resources::preflight;
use crate::resources::reach::{self, Seen};
use crate::sql::catalog::GroupRow;

/// Both halves at one moment.
pub(super) struct Halves {
    /// Azure's.
    pub(super) arm: Option<ArmLink>,
    /// SQL Server's, with the node that showed it.
    pub(super) sql: Option<(Seen, GroupRow)>,
    /// Whether a database of the link is on the instance.
    pub(super) database_there: bool,
}

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
pub(super) async fn read(
    context: &Context<Clients>,
    state: State<Link, LinkPrivate>,
) -> Result<Option<State<Link, LinkPrivate>>, Diagnostics> {
    let State { mut model, mut private } = state;
    let id = id(&model)?;
    let Some((azure, keep)) = reach::azure_for_read(context)? else {
        return Ok(Some(State { model, private }));
    };
    let doing = format!("read the link {}", id.name);
    let links = match azure.links(&id.instance).await {
        Ok(links) => links,
        Err(error) if error.is_unreachable() && keep => {
            reach::azure_kept(context, &error);
            return Ok(Some(State { model, private }));
        }
        Err(error) => return Err(reach::arm_error(&doing, &error).into()),
    };
    let arm = links.into_iter().find(|link| link.name.eq_ignore_ascii_case(&id.name));
    let mut sql = None;
    for block in blocks(&model.sql_servers) {
        let Some(seen) = reach::read(context, &block, &Field::Null).await? else {
            return Ok(Some(State { model, private }));
        };
        let group = seen.need(seen.snapshot.group(&id.name))?.cloned();
        match group {
            Some(group) => {
                sql = Some((seen, group));
                break;
            }
            None => seen.prove_absence(&format!("the distributed availability group {}", id.name))?,
        }
    }
    let database_there = if arm.is_none() {
        let databases = azure
            .databases(&id.instance)
            .await
            .map_err(|error| Diagnostics::from(reach::arm_error(&doing, &error)))?;
        let ours = model.databases.known().cloned().unwrap_or_default();
        databases.iter().any(|database| ours.iter().any(|ours| ours.eq_ignore_ascii_case(&database.name)))
    } else {
        true
    };
    let halves = Halves { arm, sql, database_there };
    if halves.arm.is_none() && halves.sql.is_none() && !(private.contacted && halves.database_there) {
        return Ok(None);
    }
    private.accepted |= halves.arm.is_some();
    private.contacted |= in_contact(&halves)?;
    fill(&mut model, &private, &halves);
    model.status = judge(context, &id, &private, &halves)?.into();
    model.complete = Field::Known(model.status.as_str() != Some(INCOMPLETE));
    Ok(Some(State { model, private }))
}

/// Whether the two sides see each other now.
pub(super) fn in_contact(halves: &Halves) -> Result<bool, Diagnostics> {
    if let Some(link) = &halves.arm
        && link
            .properties
            .databases
            .iter()
            .any(|database| database.is_connected() || database.is_synchronizing())
    {
        return Ok(true);
    }
    match &halves.sql {
        Some((seen, group)) => Ok(seen
            .need(seen.snapshot.remote_state(&group.id))?
            .is_some_and(|state| state.connected == Some(1))),
        None => Ok(false),
    }
}

/// What both halves say, for the state.
pub(super) fn fill(model: &mut Link, private: &LinkPrivate, halves: &Halves) {
    if let Some(link) = &halves.arm {
        let properties = &link.properties;
        let unknown = |field: &Field<String>| field.as_str().is_none();
        if let Some(role) = &properties.instance_link_role {
            let primary = if role.eq_ignore_ascii_case("Primary") { MANAGED_INSTANCE } else { SQL_SERVER };
            model.observed_primary = primary.into();
        }
        model.distributed_availability_group_id = properties.distributed_availability_group_id.clone().into();
        if unknown(&model.instance_availability_group_name) {
            model.instance_availability_group_name =
                properties.instance_availability_group_name.clone().into();
        }
        if unknown(&model.availability_group_name) {
            model.availability_group_name = properties.partner_availability_group_name.clone().into();
        }
        if unknown(&model.partner_endpoint) {
            model.partner_endpoint = properties.partner_endpoint.clone().into();
        }
        if model.databases.known().is_none() {
            let names: BTreeSet<String> =
                properties.databases.iter().map(|database| database.database_name.clone()).collect();
            model.databases = Field::Known(names);
        }
        if unknown(&model.seeding_mode) {
            model.seeding_mode =
                properties.seeding_mode.clone().unwrap_or_else(|| "Automatic".to_owned()).as_str().into();
        }
        // After a change of roles the service puts the mode back by itself: no drift.
        let roles_as_written = private
            .mode_written_under
            .as_deref()
            .is_none_or(|written| model.observed_primary.as_str() == Some(written));
        if let Some(mode) = &properties.replication_mode
            && (roles_as_written || unknown(&model.replication_mode))
        {
            model.replication_mode = mode.as_str().into();
        }
    }
    if let Some((seen, group)) = &halves.sql {
        if model.sql_servers.known().is_none() {
            model.sql_servers = Field::Known(vec![seen.server.name().to_owned()]);
        }
        if let Some(url) = group.instance_member().and_then(|member| member.endpoint_url.as_deref())
            && model.fully_qualified_domain_name.as_str().is_none()
        {
            let host = url.split_once("://").map_or(url, |(_, rest)| rest).split([':', ';']).next();
            model.fully_qualified_domain_name = host.map(str::to_owned).into();
        }
    }
}

/// What the halves mean together, with a word to the operator where it is not well.
fn judge(
    context: &Context<Clients>,
    id: &LinkId,
    private: &LinkPrivate,
    halves: &Halves,
) -> Result<&'static str, Diagnostics> {
    let name = &id.name;
    let warn = |summary: &str, detail: String, hint: &str| {
        if context.client().is_some_and(|clients| clients.say_once(&format!("link {id} {summary}"))) {
            context.warn(Diagnostic::warning(summary, detail).hint(hint));
        }
    };
    match (&halves.arm, &halves.sql) {
        (None, _) if halves.database_there && (private.contacted || halves.sql.is_none()) => {
            warn(
                "A link was cut over elsewhere",
                format!(
                    "The link {name} is gone from the managed instance {}, where its database lives on.",
                    id.instance.name
                ),
                "nothing is planned; when the migration is done, remove the resource from the configuration (a destroy drops what is \
                 left on SQL Server)",
            );
            Ok(CUT_OVER)
        }
        (None, Some(_)) if !private.contacted => Ok(INCOMPLETE),
        (None, _) => {
            warn(
                "A link is broken",
                format!(
                    "The link {name} and its database are gone from the managed instance {}.",
                    id.instance.name
                ),
                "nothing is planned; destroy the resource and create it again to seed anew",
            );
            Ok(BROKEN)
        }
        (Some(_), None) => {
            warn(
                "A link is broken",
                format!(
                    "The distributed availability group {name} is gone from SQL Server while the link in Azure is still there."
                ),
                "nothing is planned; destroy the resource (the database stays) and create it again to seed anew",
            );
            Ok(BROKEN)
        }
        (Some(link), Some((seen, group))) => {
            let failed = link.properties.databases.iter().find(|database| database.has_failed());
            if let Some(database) = failed {
                warn(
                    "A link is broken",
                    format!(
                        "The link {name} reports {} for the database {}{}.",
                        database.replica_state.as_deref().unwrap_or("an error"),
                        database.database_name,
                        database
                            .most_recent_link_error
                            .as_deref()
                            .map(|error| format!(", last error {error}"))
                            .unwrap_or_default()
                    ),
                    error_hint(database.most_recent_link_error.as_deref()),
                );
                return Ok(if private.contacted { BROKEN } else { INCOMPLETE });
            }
            let local = seen.need(seen.snapshot.local_role(&group.id))?;
            if local == Some(1) && link.properties.instance_link_role.as_deref() == Some("Primary") {
                warn(
                    "Both sides of a link are primary",
                    format!(
                        "SQL Server and the managed instance {} both take writes for the link {name}.",
                        id.instance.name
                    ),
                    "decide which side is right, and make the other secondary (SET (ROLE = SECONDARY) after a backup)",
                );
            }
            let remote = seen.need(seen.snapshot.remote_state(&group.id))?;
            if private.contacted && remote.is_some_and(|state| state.connected == Some(0)) {
                let reason = remote.and_then(|state| state.last_error_text.clone()).unwrap_or_default();
                warn(
                    "A link is disconnected",
                    format!("The link {name} is disconnected. {reason}").trim_end().to_owned(),
                    "the primary keeps its log until the other side has it: watch its size",
                );
            }
            Ok(if private.contacted { ESTABLISHED } else { INCOMPLETE })
        }
    }
}

fn error_hint(number: Option<&str>) -> &'static str {
    number
        .and_then(|number| number.parse().ok())
        .and_then(crate::sql::error_numbers::hint)
        .unwrap_or("destroy the resource and create it again when the cause is removed")
}

/// Both halves as they are now, for deeds.
pub(super) async fn look(
    azure: &crate::arm::Client,
    nodes: &[Seen],
    id: &LinkId,
) -> Result<Halves, Diagnostics> {
    let doing = format!("look for the link {}", id.name);
    azure.forget();
    let links = azure.links(&id.instance).await.map_err(|error| reach::arm_error(&doing, &error))?;
    let arm = links.into_iter().find(|link| link.name.eq_ignore_ascii_case(&id.name));
    let mut sql = None;
    for node in nodes {
        let seen = node.again().await?;
        if let Some(group) = seen.need(seen.snapshot.group(&id.name))?.cloned() {
            sql = Some((seen, group));
            break;
        }
    }
    Ok(Halves { arm, sql, database_there: false })
}

/// The endpoint's certificate, the instance's certificate, and the roots: what is missing for the two sides to trust
/// each other, as sentences that name the resource to depend on.
pub(super) async fn missing_trust(
    azure: &crate::arm::Client,
    seen: &Seen,
    id: &LinkId,
    fqdn: &str,
) -> Result<Vec<String>, Diagnostics> {
    let doing = format!("read what the managed instance {} trusts", id.instance.name);
    let mut missing = Vec::new();
    let endpoint = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))?;
    match endpoint {
        None => missing
            .push("SQL Server has no database mirroring endpoint (milink_mirroring_endpoint)".to_owned()),
        Some(endpoint) if endpoint.state != 0 => {
            missing
                .push(format!("the endpoint {} is not started (milink_mirroring_endpoint)", endpoint.name));
        }
        Some(endpoint) => match &endpoint.certificate {
            None => missing.push(format!(
                "the endpoint {} authenticates without a certificate (milink_mirroring_endpoint)",
                endpoint.name
            )),
            Some(name) => {
                let shown = seen.need(seen.snapshot.certificate(name))?.and_then(|row| row.der.clone());
                let trusted = azure
                    .trust_certificates(&id.instance)
                    .await
                    .map_err(|error| reach::arm_error(&doing, &error))?;
                if let Some(shown) = shown
                    && !trusted.iter().any(|certificate| certificate.der.as_deref() == Some(&shown))
                {
                    missing.push(format!(
                        "the managed instance does not have the certificate {name} that the endpoint shows \
                         (milink_server_trust_certificate)"
                    ));
                }
            }
        },
    }
    if seen.need(seen.snapshot.certificate(fqdn))?.is_none() {
        missing.push(format!("SQL Server has no certificate named {fqdn} (milink_imported_certificate)"));
    }
    if let Some(issuers) = seen.need(seen.snapshot.issuers.as_ref().map_err(Arc::clone))? {
        let covers = |pattern: &str| match pattern.strip_prefix('*') {
            Some(suffix) => fqdn.to_ascii_lowercase().ends_with(&suffix.to_ascii_lowercase()),
            None => pattern.eq_ignore_ascii_case(fqdn),
        };
        if !issuers.iter().any(|grant| covers(&grant.dns)) {
            missing.push(format!(
                "no root on SQL Server may vouch for {fqdn} (milink_imported_certificate with trusted_for_dns)"
            ));
        }
    }
    Ok(missing)
}
