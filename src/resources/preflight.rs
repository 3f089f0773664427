//! What a plan that makes something says of the limitations: gathers what the rules ask about, and reports what they
//! find as the provider's `preflight` wants it.
//!
//! What cannot be read here is left out of account: the apply meets it. Nothing is asked of what exists already.

use super::reach::{self, Seen};
use crate::arm::id::LinkId;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::provider::settings::Preflight;
use crate::rules::{Finding, Severity, database, instance, server};
use crate::sql::catalog::DatabaseRow;

/// A new availability group for these databases.
///
/// # Errors
/// What is documented not to work.
pub fn group(context: &Context<Clients>, seen: &Seen, databases: &[String]) -> Result<(), Diagnostics> {
    // What a link asks of the server as well: a group is made for one.
    let server = facts(seen);
    let broken = server::group(&server).into_iter().chain(server::link(&server, false));
    let mut findings: Vec<(Finding, &'static str)> = broken.map(|finding| (finding, "sql_servers")).collect();
    if let Ok(rows) = &seen.snapshot.databases {
        for name in databases {
            let same = |row: &&DatabaseRow| seen.snapshot.facts.same_name(&row.name, name);
            let found = match rows.iter().find(same) {
                Some(row) => database::joins_group(&of_row(row)),
                None if seen.snapshot.facts.sees_definitions => {
                    vec![database::absent(name, seen.server.name())]
                }
                None => Vec::new(),
            };
            findings.extend(found.into_iter().map(|finding| (finding, "databases")));
        }
    }
    report(context, findings)
}

/// A new link, as seen from SQL Server.
///
/// # Errors
/// What is documented not to work.
pub fn link_source(context: &Context<Clients>, seen: &Seen, from_instance: bool) -> Result<(), Diagnostics> {
    let findings = server::link(&facts(seen), from_instance);
    report(context, findings.into_iter().map(|finding| (finding, "sql_servers")).collect())
}

/// A new link, as seen from the managed instance. `major` is SQL Server's version, where it is known.
///
/// # Errors
/// What is documented not to work.
pub async fn link_target(
    context: &Context<Clients>,
    id: &LinkId,
    databases: &[String],
    major: Option<u32>,
    both_ways: bool,
) -> Result<(), Diagnostics> {
    if context.client().is_none_or(|clients| clients.preflight() == Preflight::Off) {
        return Ok(());
    }
    let Some((azure, _)) = reach::azure_for_read(context)? else { return Ok(()) };
    let (Ok(target), Ok(there)) = (azure.instance(&id.instance).await, azure.databases(&id.instance).await)
    else {
        return Ok(());
    };
    let facts = instance::Instance {
        name: &target.name,
        state: target.properties.state.as_deref(),
        database_format: target.properties.database_format.as_deref(),
    };
    let mut findings: Vec<(Finding, &'static str)> = Vec::new();
    if let Some(major) = major {
        let found = instance::link(&facts, instance::Wish { major, both_ways });
        findings.extend(found.into_iter().map(|finding| (finding, "managed_instance_id")));
    }
    for name in databases {
        if there.iter().any(|database| database.name.eq_ignore_ascii_case(name)) {
            findings.push((instance::name_taken(&target.name, name), "databases"));
        }
    }
    report(context, findings)
}

fn report(context: &Context<Clients>, findings: Vec<(Finding, &'static str)>) -> Result<(), Diagnostics> {
    let Some(clients) = context.client() else { return Ok(()) };
    let preflight = clients.preflight();
    let mut errors = Diagnostics::new();
    for (Finding { rule, message, hint }, at) in findings {
        let detail = format!("{message} ({}: {}).", rule.id, rule.source);
        match (preflight, rule.severity) {
            (Preflight::Off, _) => {}
            (Preflight::Error, Severity::Block) => {
                errors.push(Diagnostic::error("A limitation of the link", detail).hint(hint).at(at));
            }
            (Preflight::Warn, Severity::Block) | (_, Severity::Warn) => {
                if clients.say_once(&detail) {
                    context.warn(Diagnostic::warning("A limitation of the link", detail).hint(hint).at(at));
                }
            }
        }
    }
    if errors.has_errors() { Err(errors) } else { Ok(()) }
}

fn facts(seen: &Seen) -> server::Server<'_> {
    let facts = &seen.snapshot.facts;
    let version = facts.version;
    server::Server {
        name: seen.server.name(),
        version: [version.major, version.minor, version.build, version.revision],
        engine_edition: facts.engine_edition,
        edition: &facts.edition,
        hadr_enabled: facts.hadr_enabled,
        knows_links: facts.knows_links,
    }
}

fn of_row(row: &DatabaseRow) -> database::Database<'_> {
    database::Database {
        name: &row.name,
        state: row.state,
        user_access: row.user_access,
        read_only: row.read_only,
        auto_close: row.auto_close,
        snapshot: row.snapshot,
        recovery_model: row.recovery_model,
        chain: row.chain,
        in_group: row.in_group,
        encrypted: row.encrypted,
        cdc: row.cdc,
    }
}
