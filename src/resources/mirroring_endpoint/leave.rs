//! What a destroy does: leaves the endpoint, puts back the authentication that we changed, or drops it.
//!
//! The plan refuses what no other resource of the same destroy can release; what a sibling may release first is named,
//! and refused in the apply if it is still there.

use std::sync::Arc;

use super::contact::{await_contact, connected, not_connected_yet};
use super::guard::{counted, refuse_restart, sharers, uses};
use super::words::{authentication, encryption, identifier, role};
use super::{EndpointPrivate, MirroringEndpoint, Original};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::catalog::{EndpointRow, EndpointUse, GroupRow};
use crate::sql::statement::EndpointChange;

/// What is done with the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Leave,
    PutBack,
    Drop,
}

fn ending(model: &MirroringEndpoint, private: &EndpointPrivate) -> Ending {
    match model.on_destroy.as_str() {
        Some("drop") => Ending::Drop,
        Some(_) => Ending::Leave,
        None if private.written.is_some() => Ending::PutBack,
        None => Ending::Leave,
    }
}

/// The plan of a destroy.
///
/// # Errors
/// What nothing in the same destroy can release.
pub(super) async fn plan(
    context: &Context<Clients>,
    prior: &MirroringEndpoint,
    private: &EndpointPrivate,
) -> Result<(), Diagnostics> {
    let ending = ending(prior, private);
    if ending == Ending::Leave {
        return Ok(());
    }
    let Some(seen) = reach::peek_at(context, &prior.sql_server, &prior.server_name).await? else {
        return Ok(());
    };
    let Some(row) = seen.need(seen.snapshot.endpoint.clone())? else { return Ok(()) };
    let uses = uses(&seen).await?;
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    if ending == Ending::Drop {
        seen.prove_sight(&format!("the endpoint {}", row.name))?;
        if let Some(why) = lasting_use(groups, &uses) {
            return Err(in_use(&row, &why).into());
        }
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        let first = if names.is_empty() {
            String::new()
        } else {
            format!(" It is refused unless {} went before it.", names.join(", "))
        };
        context.warn(Diagnostic::warning(
            "An endpoint is dropped",
            format!(
                "The endpoint {} of {} is dropped, and nothing can replicate from or to the instance until there is another.{first}",
                row.name, seen.snapshot.facts.server_name
            ),
        ));
        return Ok(());
    }
    let Some(original) = to_put_back(&seen, &row, private)? else { return Ok(()) };
    if certificate_is_gone(&seen, original)? {
        context.warn(cannot_put_back(&row, original));
        return Ok(());
    }
    if let Some(group) = groups.iter().find(|group| group.is_distributed && !group.is_link()) {
        return Err(needs_certificate(&row, group).into());
    }
    // A seeding may be that of a link which goes first; a group that waits for its secondaries stays.
    let lasting = EndpointUse { running_seedings: 0, ..uses.clone() };
    refuse_restart(&seen, &row, &lasting, prior.allow_listener_restart.known() == Some(&true))?;
    let sharers = sharers(&seen, &uses)?;
    let who = if sharers.is_empty() {
        "nothing uses it now".to_owned()
    } else {
        format!("that interrupts {}", sharers.join(", "))
    };
    context.warn(Diagnostic::warning(
        "The listener of an endpoint restarts",
        format!(
            "The endpoint {} of {} gets the authentication back that it had when it was taken over, which restarts its listener; {who}.",
            row.name, seen.snapshot.facts.server_name
        ),
    ));
    Ok(())
}

/// The destroy itself.
///
/// # Errors
/// Whoever still needs the endpoint as it is.
pub(super) async fn run(
    context: &Context<Clients>,
    prior: &MirroringEndpoint,
    private: &EndpointPrivate,
) -> Result<(), Diagnostics> {
    let ending = ending(prior, private);
    if ending == Ending::Leave {
        return Ok(());
    }
    let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
    let Some(row) = seen.need(seen.snapshot.endpoint.clone())? else { return Ok(()) };
    let uses = uses(&seen).await?;
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    if ending == Ending::PutBack {
        let allowed = prior.allow_listener_restart.known() == Some(&true);
        return put_back(context, &seen, &row, private, groups, &uses, allowed).await;
    }
    seen.prove_sight(&format!("the endpoint {}", row.name))?;
    if let Some(why) = lasting_use(groups, &uses) {
        return Err(in_use(&row, &why).into());
    }
    if let Some(group) = groups.first() {
        return Err(in_use(&row, &format!("the availability group {} needs it", group.name)).into());
    }
    let statement = Statement::DropEndpoint { name: identifier("the name of the endpoint", &row.name)? };
    match seen.server.execute(&statement, context.cancellation()).await {
        Ok(()) => Ok(()),
        Err(error) => match seen.again().await?.snapshot.endpoint {
            Ok(None) => Ok(()),
            _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
        },
    }
}

/// Puts the authentication back that the endpoint had.
async fn put_back(
    context: &Context<Clients>,
    seen: &Seen,
    row: &EndpointRow,
    private: &EndpointPrivate,
    groups: &[GroupRow],
    uses: &EndpointUse,
    allowed: bool,
) -> Result<(), Diagnostics> {
    let Some(original) = to_put_back(seen, row, private)? else { return Ok(()) };
    if certificate_is_gone(seen, original)? {
        context.warn(cannot_put_back(row, original));
        return Ok(());
    }
    if let Some(group) = groups.iter().find(|group| group.is_distributed) {
        return Err(needs_certificate(row, group).into());
    }
    refuse_restart(seen, row, uses, allowed)?;
    let authentication = authentication(original.connection_auth, original.certificate.as_deref())?;
    let mut change = EndpointChange::of(identifier("the name of the endpoint", &row.name)?);
    change.mirroring = Some((authentication, encryption(row.encryption_algorithm), role(row.role)));
    let before = seen.need(connected(&seen.snapshot))?;
    seen.execute(context, &Statement::AlterEndpoint(change)).await?;
    context.warn(Diagnostic::warning(
        "The endpoint has its former authentication again",
        format!(
            "The endpoint {} of {} was taken over and is left as it was found; its listener has restarted.",
            row.name, seen.snapshot.facts.server_name
        ),
    ));
    let absent = await_contact(context, seen, &before).await;
    if !absent.is_empty() {
        context.warn(not_connected_yet(&row.name, &absent));
    }
    Ok(())
}

/// What is to be put back: only what we wrote, and only while nobody has changed it since.
fn to_put_back<'a>(
    seen: &Seen,
    row: &EndpointRow,
    private: &'a EndpointPrivate,
) -> Result<Option<&'a Original>, Diagnostics> {
    // Who sees no certificate sees an endpoint without one, and would take it for somebody's change.
    seen.prove_absence("every certificate and what uses the endpoint")?;
    let facts = &seen.snapshot.facts;
    let is = |one: &Original| {
        one.connection_auth == row.connection_auth
            && match (one.certificate.as_deref(), row.certificate.as_deref()) {
                (Some(one), Some(other)) => facts.same_name(one, other),
                (one, other) => one == other,
            }
    };
    let (Some(original), Some(written)) = (&private.original, &private.written) else { return Ok(None) };
    Ok((is(written) && !is(original)).then_some(original))
}

fn certificate_is_gone(seen: &Seen, original: &Original) -> Result<bool, Diagnostics> {
    match &original.certificate {
        Some(name) => Ok(seen.need(seen.snapshot.certificate(name))?.is_none()),
        None => Ok(false),
    }
}

/// A use that lasts through a destroy: no resource ends it.
fn lasting_use(groups: &[GroupRow], uses: &EndpointUse) -> Option<String> {
    if uses.mirroring_sessions > 0 {
        let verb = if uses.mirroring_sessions == 1 { "needs" } else { "need" };
        return Some(format!("{} {verb} it", counted(uses.mirroring_sessions, "database mirroring session")));
    }
    groups.iter().find_map(|group| {
        if group.is_distributed {
            (!group.is_link()).then(|| format!("the distributed availability group {} needs it", group.name))
        } else if group.replicas.len() > 1 {
            Some(format!(
                "the availability group {} with its {} replicas needs it",
                group.name,
                group.replicas.len()
            ))
        } else if group.has_listener {
            Some(format!("the availability group {}, to which a listener leads, needs it", group.name))
        } else {
            None
        }
    })
}

fn in_use(row: &EndpointRow, why: &str) -> Diagnostic {
    shared::in_use(
        &format!("the endpoint {}", row.name),
        why,
        "remove that first (a group that was taken over goes only with `on_destroy = \"drop\"`), or set `on_destroy = \"keep\"` here, apply, \
         and destroy again",
    )
}

fn needs_certificate(row: &EndpointRow, group: &GroupRow) -> Diagnostic {
    Diagnostic::error(
        "Still in use",
        format!(
            "Did not put back the authentication of the endpoint {}: the distributed availability group {} is connected by the certificate.",
            row.name, group.name
        ),
    )
    .hint("remove it first, or set `on_destroy = \"keep\"` here, apply, and destroy again: then the endpoint stays as it is")
}

fn cannot_put_back(row: &EndpointRow, original: &Original) -> Diagnostic {
    Diagnostic::warning(
        "The endpoint keeps its authentication",
        format!(
            "The endpoint {} showed the certificate {} when it was taken over, and that is gone, so it is left as it is.",
            row.name,
            original.certificate.as_deref().unwrap_or_default()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::catalog::ReplicaRow;

    fn group(name: &str, urls: &[&str], is_distributed: bool) -> GroupRow {
        let replica = |url: &&str| ReplicaRow {
            id: (*url).to_owned(),
            server_name: (*url).to_owned(),
            endpoint_url: Some((*url).to_owned()),
            availability_mode: 1,
        };
        GroupRow {
            id: name.to_owned(),
            name: name.to_owned(),
            is_distributed,
            is_basic: false,
            backup_preference: None,
            db_failover: false,
            dtc_support: false,
            has_listener: false,
            replicas: urls.iter().map(replica).collect(),
            databases: Vec::new(),
            age: None,
        }
    }

    #[test]
    fn a_plan_refuses_what_no_sibling_can_release() {
        let nothing = EndpointUse::default();
        let single = group("AG", &["TCP://n1:5022"], false);
        let link = group("L", &["TCP://n1:5022", "tcp://mi.x.database.windows.net:5022;Server=[mi]"], true);
        assert_eq!(lasting_use(&[single.clone(), link], &nothing), None);
        let two = group("AG2", &["TCP://n1:5022", "TCP://n2:5022"], false);
        assert!(lasting_use(&[single.clone(), two], &nothing).unwrap().contains("AG2"));
        let between = group("D", &["TCP://n1:5022", "TCP://n2:5022"], true);
        assert!(lasting_use(&[between], &nothing).unwrap().contains('D'));
        let listened = GroupRow { has_listener: true, ..single };
        assert!(lasting_use(&[listened], &nothing).unwrap().contains("listener"));
        let sessions = EndpointUse { mirroring_sessions: 1, ..nothing };
        assert_eq!(lasting_use(&[], &sessions).unwrap(), "1 database mirroring session needs it");
    }
}
