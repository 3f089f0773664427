//! What a change of the endpoint disturbs: said in the plan, refused in the apply where it hurts.
//!
//! Every ALTER restarts the listener and closes the connections of everything that shares the endpoint, whatever it
//! changes. (Microsoft's own SMO guards even a change of STATE for that reason.)

use std::sync::Arc;
use std::time::Duration;

use super::change::change;
use super::contact::{Peer, connected};
use super::words::words;
use super::{MirroringEndpoint, trust};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::sql::Statement;
use crate::sql::catalog::{EndpointRow, EndpointUse, GroupRow};
use crate::sql::statement::{EndpointChange, EndpointState};

/// How long an ALTER may take before Ctrl-C is no longer held up by it.
const ALTER: Duration = Duration::from_secs(300);

/// Changes what is written and differs, if that hurts nobody or is allowed. Answers with whether it changed how peers
/// authenticate, and with who was connected before.
///
/// # Errors
/// What is in the way; then nothing was changed.
pub(super) async fn alter(
    context: &Context<Clients>,
    seen: &Seen,
    row: &EndpointRow,
    config: &MirroringEndpoint,
    adopting: bool,
) -> Result<Altered, Diagnostics> {
    let facts = &seen.snapshot.facts;
    let wanted = change(row, config, facts)?;
    if wanted.is_empty() {
        return Ok(Altered::default());
    }
    let allowed = config.allow_listener_restart.known() == Some(&true);
    let uses = uses(seen).await?;
    refuse_restart(seen, row, &uses, allowed)?;
    if !allowed {
        refuse_disturbance(seen, row, config, &wanted, &uses, adopting)?;
    }
    if wanted.state == Some(EndpointState::Started) {
        trust::refuse_two_primaries(context, seen, allowed).await?;
    }
    let switches_to = config
        .certificate
        .as_str()
        .filter(|name| row.certificate.as_deref().is_none_or(|has| !facts.same_name(name, has)));
    if let Some(name) = switches_to {
        trust::refuse_unknown(context, seen, row, name, &uses, allowed).await?;
    }
    let before = seen.need(connected(&seen.snapshot))?;
    let authenticates_otherwise = wanted.mirroring.is_some();
    let statement = Statement::AlterEndpoint(wanted);
    let section = seen.server.execute(&statement, context.cancellation());
    if let Err(error) = context.critical("the change of the endpoint", ALTER, section).await {
        // The answer may be lost and the deed done.
        let done = error.is_outcome_unknown() && is_done(seen, config).await;
        if !done {
            return Err(reach::statement_error(&seen.server, &statement, &error).into());
        }
    }
    Ok(Altered { authenticates_otherwise, before })
}

/// What [`alter`] did.
#[derive(Debug, Default)]
pub(super) struct Altered {
    /// Whether it changed how peers authenticate.
    pub(super) authenticates_otherwise: bool,
    /// Who was connected before.
    pub(super) before: Vec<Peer>,
}

async fn is_done(seen: &Seen, config: &MirroringEndpoint) -> bool {
    let Ok(now) = seen.again().await else { return false };
    match &now.snapshot.endpoint {
        Ok(Some(row)) => change(row, config, &now.snapshot.facts).is_ok_and(|left| left.is_empty()),
        _ => false,
    }
}

/// What an ALTER would disturb.
pub(super) async fn uses(seen: &Seen) -> Result<EndpointUse, Diagnostics> {
    seen.server
        .endpoint_use()
        .await
        .map_err(|error| reach::sql_error("ask who uses the endpoint of", &seen.server, &error).into())
}

/// A restart that hurts whatever it is for.
///
/// # Errors
/// Without consent: a seeding that would start anew, and commits that would wait.
pub(super) fn refuse_restart(
    seen: &Seen,
    row: &EndpointRow,
    uses: &EndpointUse,
    allowed: bool,
) -> Result<(), Diagnostics> {
    if allowed {
        return Ok(());
    }
    // Who may not see the groups must not take the endpoint for unused.
    seen.prove_absence("everything that uses the endpoint")?;
    let hurt = if uses.running_seedings > 0 {
        format!("{} would start anew", counted(uses.running_seedings, "running seeding"))
    } else if !uses.groups_that_need_secondaries.is_empty() {
        format!(
            "commits in {} would wait, which needs synchronized secondaries to commit",
            uses.groups_that_need_secondaries.join(", ")
        )
    } else {
        return Ok(());
    };
    Err(refused(row, &hurt).into())
}

/// A change that peers have to follow, and the taking over of an endpoint that shows somebody's certificate.
fn refuse_disturbance(
    seen: &Seen,
    row: &EndpointRow,
    config: &MirroringEndpoint,
    wanted: &EndpointChange,
    uses: &EndpointUse,
    adopting: bool,
) -> Result<(), Diagnostics> {
    let sharers = sharers(seen, uses)?;
    if sharers.is_empty() {
        return Ok(());
    }
    let has = words(row);
    let changes = |wanted: &Field<String>, has: &Field<String>| {
        wanted.as_str().is_some_and(|wanted| Some(wanted) != has.as_str())
    };
    let moves = if wanted.listener.is_some() {
        Some("where it listens")
    } else if changes(&config.encryption, &has.encryption)
        || changes(&config.encryption_algorithm, &has.encryption_algorithm)
    {
        Some("its encryption")
    } else {
        None
    };
    if let Some(what) = moves {
        let hurt = format!(
            "{what} changes, which everybody who connects to it has to follow: {}",
            sharers.join(", ")
        );
        return Err(refused(row, &hurt).into());
    }
    if adopting && replaces_certificate(row, config, seen) {
        return Err(replaced_certificate(row, config, &sharers).into());
    }
    Ok(())
}

/// Whether the endpoint shows a certificate that is not the one written.
pub(super) fn replaces_certificate(row: &EndpointRow, config: &MirroringEndpoint, seen: &Seen) -> bool {
    match (row.certificate.as_deref(), config.certificate.as_str()) {
        (Some(has), Some(wanted)) => !seen.snapshot.facts.same_name(has, wanted),
        (Some(_), None) => config.certificate.is_unknown(),
        (None, _) => false,
    }
}

/// For an endpoint that is taken over with somebody's certificate.
pub(super) fn replaced_certificate(
    row: &EndpointRow,
    config: &MirroringEndpoint,
    sharers: &[String],
) -> Diagnostic {
    Diagnostic::error(
        "An endpoint shows somebody's certificate",
        format!(
            "The endpoint {} shows the certificate {} to {}. To take it over with {} changes by what they know it.",
            row.name,
            row.certificate.as_deref().unwrap_or_default(),
            sharers.join(", "),
            config.certificate.as_str().unwrap_or("another one"),
        ),
    )
    .hint("leave `certificate` out and manage that certificate instead (terraform import), or set `allow_listener_restart = true`")
    .at("certificate")
}

fn refused(row: &EndpointRow, hurt: &str) -> Diagnostic {
    Diagnostic::error(
        "A restart of the listener would hurt",
        format!("A change of the endpoint {} restarts its listener, and {hurt}.", row.name),
    )
    .hint("wait, or set `allow_listener_restart = true` and apply that")
    .at("allow_listener_restart")
}

/// Who shares the endpoint, as a plan names them.
pub(super) fn sharers(seen: &Seen, uses: &EndpointUse) -> Result<Vec<String>, Diagnostics> {
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    let mut sharers: Vec<String> =
        groups.iter().map(|group| described(group, &uses.groups_that_need_secondaries)).collect();
    if uses.mirroring_sessions > 0 {
        sharers.push(counted(uses.mirroring_sessions, "database mirroring session"));
    }
    if uses.running_seedings > 0 {
        sharers.push(format!("{} (starts anew)", counted(uses.running_seedings, "running seeding")));
    }
    Ok(sharers)
}

fn described(group: &GroupRow, needing: &[String]) -> String {
    let kind = match (group.is_link(), group.is_distributed) {
        (true, _) => "the link",
        (false, true) => "the distributed availability group",
        (false, false) => "the availability group",
    };
    let mode = if group.replicas.iter().any(|replica| replica.availability_mode == 1) {
        "synchronous commit"
    } else {
        "asynchronous commit"
    };
    let waits = if needing.contains(&group.name) { ", commits wait meanwhile" } else { "" };
    format!("{kind} {} ({mode}{waits})", group.name)
}

/// The warning of a plan that changes the endpoint.
pub(super) async fn restart_warning(seen: &Seen, row: &EndpointRow, arguments: &[&str]) -> Diagnostic {
    let who = match uses(seen).await.and_then(|uses| sharers(seen, &uses)) {
        Ok(sharers) if sharers.is_empty() => "nothing uses it now".to_owned(),
        Ok(sharers) => format!("that interrupts {}", sharers.join(", ")),
        Err(_) => "who uses it could not be asked".to_owned(),
    };
    Diagnostic::warning(
        "The listener of an endpoint restarts",
        format!(
            "The endpoint {} of {} is changed ({}), which restarts its listener; {who}.",
            row.name,
            seen.snapshot.facts.server_name,
            arguments.join(", ")
        ),
    )
}

/// `2 running seedings`.
pub(super) fn counted(number: i64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
