//! Whether the other sides know the certificate that the endpoint is about to show, and whether a start of the endpoint
//! would connect two primaries.
//!
//! An instance is asked for its uploads, a peer that is configured here for its certificates. Whoever cannot be asked
//! counts as not knowing, unless `allow_listener_restart` says that the user has seen to it.

use std::sync::Arc;

use crate::arm;
use crate::arm::ManagedInstanceId;
use crate::certificate::Certificate;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::sql::catalog::{EndpointRow, EndpointUse, GroupRow, ReplicaRow};

/// The answer of one other side.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// Why it could not be asked.
    NotAsked(String),
}

/// # Errors
/// Where somebody who is connected by certificate does not have `name`, or cannot be asked for it without consent.
pub(super) async fn refuse_unknown(
    context: &Context<Clients>,
    seen: &Seen,
    row: &EndpointRow,
    name: &str,
    uses: &EndpointUse,
    allowed: bool,
) -> Result<(), Diagnostics> {
    let shown = seen.need(seen.snapshot.certificate(name))?.and_then(|found| found.der.clone());
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    let mut without = Vec::new();
    let mut unasked = Vec::new();
    // Behind Windows authentication (5 to 7) the certificate is tried second: who signs in as a Windows account does so
    // still. A managed instance knows no Windows account.
    let by_certificate = !matches!(row.connection_auth, 1..=3 | 5..=7);
    for group in groups.iter().filter(|group| group.is_distributed || by_certificate) {
        for other in others(seen, group) {
            let who = format!("{} ({})", other.server_name, group.name);
            let answer = match (&shown, group.is_distributed) {
                (None, _) => Answer::NotAsked(format!(
                    "the login may not read the public part of the certificate {name}"
                )),
                (Some(der), true) if is_instance(other) => match other.host() {
                    Some(host) => instance_has(context, host, der).await,
                    None => Answer::NotAsked("its URL names no host".to_owned()),
                },
                (Some(_), true) => Answer::NotAsked(
                    "the other side of a distributed group between SQL Servers is not known here".to_owned(),
                ),
                (Some(der), false) => server_has(context, &other.server_name, der).await,
            };
            match answer {
                Answer::Yes => {}
                Answer::No => without.push(who),
                Answer::NotAsked(why) => unasked.push(format!("{who}: {why}")),
            }
        }
    }
    if by_certificate && uses.mirroring_sessions > 0 {
        unasked.push("the partners of database mirroring sessions are not known here".to_owned());
    }
    if !without.is_empty() {
        return Err(Diagnostic::error(
            "The other side does not know the certificate",
            format!(
                "The endpoint {} was not switched to the certificate {name}, because {} would not know it and could not connect again.",
                row.name,
                without.join(", ")
            ),
        )
        .hint(
            "give the endpoint `depends_on` its milink_server_trust_certificate (for a peer replica: milink_imported_certificate), so that \
             the certificate is there first, and apply again",
        )
        .at("certificate")
        .into());
    }
    settle(context, row, &unasked, allowed, "knows the new certificate")
}

/// A started endpoint lets the sides of a link connect: somebody may have stopped it to keep two primaries apart.
///
/// # Errors
/// Where both sides are primary, or the other cannot be asked without consent.
pub(super) async fn refuse_two_primaries(
    context: &Context<Clients>,
    seen: &Seen,
    allowed: bool,
) -> Result<(), Diagnostics> {
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    let mut unasked = Vec::new();
    for group in groups.iter().filter(|group| group.is_link()) {
        if seen.need(seen.snapshot.local_role(&group.id))? != Some(1) {
            continue;
        }
        let host = group.instance_member().and_then(ReplicaRow::host).unwrap_or_default();
        match instance_is_primary(context, host, &group.name).await {
            Ok(false) => {}
            Ok(true) => {
                return Err(Diagnostic::error(
                    "Both sides of a link are primary",
                    format!(
                        "The endpoint of {} was not started: SQL Server and {host} are both primary of the link {}, and somebody may have \
                         stopped the endpoint to keep them apart.",
                        seen.snapshot.facts.server_name, group.name
                    ),
                )
                .hint("decide which side is right and make the other secondary first; until then leave `state` out")
                .at("state")
                .into());
            }
            Err(why) => unasked.push(format!("{} ({host}): {why}", group.name)),
        }
    }
    let row = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))?;
    match row {
        Some(row) => settle(context, row, &unasked, allowed, "is primary of the link too"),
        None => Ok(()),
    }
}

/// Those who could not be asked: a refusal, or a word where the user has seen to it.
fn settle(
    context: &Context<Clients>,
    row: &EndpointRow,
    unasked: &[String],
    allowed: bool,
    question: &str,
) -> Result<(), Diagnostics> {
    if unasked.is_empty() {
        return Ok(());
    }
    let who = unasked.join("; ");
    if allowed {
        context.warn(Diagnostic::warning(
            "The other side was not asked",
            format!(
                "The endpoint {} is changed, as `allow_listener_restart` says, without knowing whether the other side {question}: {who}.",
                row.name
            ),
        ));
        return Ok(());
    }
    Err(Diagnostic::error(
        "The other side cannot be asked",
        format!(
            "The endpoint {} was not changed: whether the other side {question} is not known here: {who}.",
            row.name
        ),
    )
    .hint("configure what it takes to ask, or make sure yourself and set `allow_listener_restart = true`")
    .at("allow_listener_restart")
    .into())
}

/// The members of a group that are not this server.
fn others<'a>(seen: &Seen, group: &'a GroupRow) -> Vec<&'a ReplicaRow> {
    let facts = &seen.snapshot.facts;
    let local_groups = seen.snapshot.groups.as_deref().unwrap_or_default();
    let is_here = |replica: &&ReplicaRow| {
        if group.is_distributed {
            local_groups
                .iter()
                .any(|local| !local.is_distributed && facts.same_name(&local.name, &replica.server_name))
        } else {
            replica.server_name.eq_ignore_ascii_case(&facts.server_name)
        }
    };
    group.replicas.iter().filter(|replica| !is_here(replica)).collect()
}

fn is_instance(member: &ReplicaRow) -> bool {
    member.endpoint_url.as_deref().is_some_and(|url| url.contains("Server="))
}

/// Whether the instance at this host has the certificate among its uploads.
async fn instance_has(context: &Context<Clients>, host: &str, der: &[u8]) -> Answer {
    let asked = async {
        let (azure, id) = instance(context, host).await?;
        azure.forget();
        azure.trust_certificates(&id).await.map_err(|error| error.to_string())
    };
    let sha1 = Certificate::from_der(der).map(|certificate| certificate.sha1()).ok();
    match asked.await {
        Ok(uploads) => {
            let same = |upload: &arm::trust_certificate::TrustCertificate| match &upload.der {
                Some(upload) => upload == der,
                None => upload.thumbprint.is_some() && upload.thumbprint == sha1,
            };
            if uploads.iter().any(same) { Answer::Yes } else { Answer::No }
        }
        Err(why) => Answer::NotAsked(why),
    }
}

/// Whether the instance at this host says that it is primary of the link; else why it cannot be asked.
async fn instance_is_primary(context: &Context<Clients>, host: &str, link: &str) -> Result<bool, String> {
    let (azure, id) = instance(context, host).await?;
    azure.forget();
    let links = azure.links(&id).await.map_err(|error| error.to_string())?;
    let link = links.iter().find(|found| found.name.eq_ignore_ascii_case(link));
    let role = link.and_then(|link| link.properties.instance_link_role.as_deref());
    Ok(role.is_some_and(|role| role.eq_ignore_ascii_case("Primary")))
}

/// The instance at this host, as Azure knows it.
async fn instance(
    context: &Context<Clients>,
    host: &str,
) -> Result<(Arc<arm::Client>, ManagedInstanceId), String> {
    let azure = reach::azure(context).map_err(|problems| {
        let first = problems.iter().next().map(|problem| problem.detail.clone());
        first.unwrap_or_else(|| "Azure is not configured".to_owned())
    })?;
    let subscription = context
        .client()
        .and_then(|clients| clients.subscription())
        .ok_or_else(|| "the provider block has no `azure.subscription_id` to look for it in".to_owned())?;
    let instances = azure.instances(subscription).await.map_err(|error| error.to_string())?;
    let found = instances
        .iter()
        .find(|instance| instance.properties.fully_qualified_domain_name.eq_ignore_ascii_case(host))
        .ok_or_else(|| "the configured subscription has no managed instance of that name".to_owned())?;
    let id = ManagedInstanceId::parse(&found.id).map_err(|error| format!("its id {error}"))?;
    Ok((azure, id))
}

/// Whether a SQL Server that is configured here has the certificate in `master`.
async fn server_has(context: &Context<Clients>, server_name: &str, der: &[u8]) -> Answer {
    for Seen { snapshot, .. } in reach::servers(context).await {
        if !snapshot.facts.server_name.eq_ignore_ascii_case(server_name) {
            continue;
        }
        return match &snapshot.certificates {
            Ok(rows) if rows.iter().any(|row| row.der.as_deref() == Some(der)) => Answer::Yes,
            Ok(_) if snapshot.facts.sees_definitions => Answer::No,
            Ok(_) => Answer::NotAsked("its login may not see every certificate".to_owned()),
            Err(error) => Answer::NotAsked(error.to_string()),
        };
    }
    Answer::NotAsked("no block `sql_server` that answers leads to it".to_owned())
}
