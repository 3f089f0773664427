//! Which DNS names a root may vouch for, who granted them, and which links live by that.
//!
//! `sys.sp_certificate_issuers` and `sys.sp_certificate_drop_issuer` are documented nowhere (they are in every SQL
//! Server since 2017, and Microsoft's own log collector calls the first), so a list that cannot be read hides nothing
//! else, and a grant that cannot be taken back is a warning, after another look.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::identifier;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::{self, Statement};

/// Names and patterns. Letter case counts for nothing among them.
pub(super) type Names = BTreeSet<String>;

/// Whether `names` has `dns`.
pub(super) fn has(names: &Names, dns: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(dns))
}

/// What is in `names` and not in `others`.
pub(super) fn without(names: &Names, others: &Names) -> Names {
    names.iter().filter(|name| !has(others, name)).cloned().collect()
}

/// What is written; nothing where that is not known.
pub(super) fn written(field: &Field<Names>) -> Names {
    field.known().cloned().unwrap_or_default()
}

/// What the certificate of this id may vouch for; nothing where the server cannot list it or the login may not see it.
pub(super) fn of_certificate(seen: &Seen, id: i64) -> Option<Names> {
    let issuers = seen.snapshot.issuers.as_ref().ok()?.as_ref()?;
    Some(issuers.iter().filter(|grant| grant.certificate_id == id).map(|grant| grant.dns.clone()).collect())
}

/// Says once for each server that its grants cannot be read, where it has the procedure that lists them.
pub(super) fn unreadable(context: &Context<Clients>, seen: &Seen) {
    let Err(error) = &seen.snapshot.issuers else { return };
    let once = format!("issuers {}", seen.server.name());
    if context.client().is_some_and(|clients| clients.say_once(&once)) {
        context.warn(
            Diagnostic::warning(
                "Grants of roots cannot be read",
                format!(
                    "What `trusted_for_dns` says of certificates on the SQL Server \"{}\" keeps its last known state: {error}",
                    seen.server.name()
                ),
            )
            .hint("GRANT EXECUTE ON sys.sp_certificate_issuers to the login, or make it a member of sysadmin"),
        );
    }
}

/// Grants what is missing of `wanted`, and answers what that was. A server that says "already" has it.
pub(super) async fn grant(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
    wanted: &Names,
) -> Result<Names, Diagnostics> {
    let mut granted = Names::new();
    let Some(row) = seen.need(seen.snapshot.certificate(name))? else { return Ok(granted) };
    let there = of_certificate(seen, row.id).unwrap_or_default();
    for dns in without(wanted, &there) {
        let statement = Statement::AddIssuer { certificate: identifier(name)?, dns: dns.clone() };
        match seen.server.execute(&statement, context.cancellation()).await {
            Err(sql::Error::Server(error))
                if error.message.contains("already been added")
                    || error.message.contains("already added") => {}
            Err(error) => return Err(reach::statement_error(&seen.server, &statement, &error).into()),
            Ok(()) => drop(granted.insert(dns)),
        }
    }
    Ok(granted)
}

/// Takes back `names`, and answers which of them are there all the same.
pub(super) async fn take_back(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
    names: &Names,
) -> Result<Names, Diagnostics> {
    let mut failures = Vec::new();
    for dns in names {
        let statement = Statement::DropIssuer { certificate: identifier(name)?, dns: dns.clone() };
        match seen.server.execute(&statement, context.cancellation()).await {
            Ok(()) => {}
            Err(sql::Error::Cancelled) => {
                let stopped = sql::Error::Cancelled;
                return Err(reach::statement_error(&seen.server, &statement, &stopped).into());
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    if names.is_empty() {
        return Ok(Names::new());
    }
    let seen = seen.again().await?;
    let Some(row) = seen.need(seen.snapshot.certificate(name))? else { return Ok(Names::new()) };
    let there = match of_certificate(&seen, row.id) {
        Some(there) => names.iter().filter(|dns| has(&there, dns)).cloned().collect(),
        None if failures.is_empty() => Names::new(),
        None => names.clone(),
    };
    if !there.is_empty() {
        let reason = failures.first().cloned().unwrap_or_else(|| "the server lists it still".to_owned());
        context.warn(
            Diagnostic::warning(
                "A grant could not be taken back",
                format!(
                    "The certificate {name} on {} may vouch for {} as before: {reason}",
                    seen.snapshot.facts.server_name,
                    list(&there)
                ),
            )
            .hint("a sysadmin can take it back with sys.sp_certificate_drop_issuer"),
        );
    }
    Ok(there)
}

/// The link that lives by the certificate: its instance is the one of that name, or one that `gone` covers and `left`
/// does not.
pub(super) fn needed_by(
    seen: &Seen,
    name: Option<&str>,
    gone: &Names,
    left: &Names,
) -> Result<Option<String>, Diagnostics> {
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    let needs = |host: &str| {
        let covers = |names: &Names| names.iter().any(|pattern| matches_pattern(pattern, host));
        name.is_some_and(|name| host.eq_ignore_ascii_case(name)) || (covers(gone) && !covers(left))
    };
    Ok(groups
        .iter()
        .find(|group| {
            let url = group.instance_member().and_then(|member| member.endpoint_url.as_deref());
            url.and_then(host_of).is_some_and(needs)
        })
        .map(|group| group.name.clone()))
}

/// In a plan that takes names out: which go, which stay because others granted them, and which link lives by them.
pub(super) async fn say_what_goes(
    context: &Context<Clients>,
    sql_server: &Field<String>,
    name: &str,
    gone: &Names,
    granted: &Names,
) {
    let ours: Names = gone.iter().filter(|dns| has(granted, dns)).cloned().collect();
    let theirs = without(gone, &ours);
    if !theirs.is_empty() {
        context.warn(
            Diagnostic::warning(
                "A grant of others stays",
                format!(
                    "The certificate {name} may vouch for {} as before: this resource did not grant it.",
                    list(&theirs)
                ),
            )
            .hint("a sysadmin can take it back with sys.sp_certificate_drop_issuer")
            .at("trusted_for_dns"),
        );
    }
    if ours.is_empty() {
        return;
    }
    let seen = reach::peek(context, sql_server).await.ok().flatten();
    let row = seen
        .as_ref()
        .and_then(|seen| seen.snapshot.certificate(name).ok().flatten().map(|row| (seen, row.id)));
    let group = row.and_then(|(seen, id)| {
        let left = without(&of_certificate(seen, id)?, &ours);
        needed_by(seen, None, &ours, &left).ok().flatten()
    });
    let cost = group.map_or_else(String::new, |group| {
        format!(" The link {group} reaches its managed instance by it, and while it does the apply refuses.")
    });
    context.warn(
        Diagnostic::warning(
            "A root loses what it may vouch for",
            format!("The certificate {name} may no longer vouch for {}.{cost}", list(&ours)),
        )
        .at("trusted_for_dns"),
    );
}

/// Names that others let it vouch for are their use of it, which nothing that this configuration removes can end.
pub(super) fn refuse_foreign(what: &str, granted: Option<&Names>, known: &Names) -> Result<(), Diagnostics> {
    let foreign = granted.map(|granted| without(granted, known)).unwrap_or_default();
    if foreign.is_empty() {
        return Ok(());
    }
    Err(shared::in_use(
        what,
        &format!("others let it vouch for {}", list(&foreign)),
        "set `on_destroy = \"keep\"`, apply, and destroy again; or let a sysadmin take those names back with \
         sys.sp_certificate_drop_issuer",
    )
    .into())
}

/// Names for a message.
pub(super) fn list(names: &Names) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The host of `tcp://host:port;Server=[…]`.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split([':', ';', '/']).next()
}

fn matches_pattern(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.to_ascii_lowercase().ends_with(&format!(".{}", domain.to_ascii_lowercase())),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Names {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_host_of_a_listener_url() {
        assert_eq!(
            host_of("tcp://mi.zone.database.windows.net:5022;Server=[mi]"),
            Some("mi.zone.database.windows.net")
        );
        assert!(matches_pattern("*.database.windows.net", "mi.zone.database.windows.net"));
        assert!(!matches_pattern("*.database.windows.net", "database.windows.net.evil.example"));
    }

    #[test]
    fn another_letter_case_is_no_other_grant() {
        let (before, after) =
            (names(&["*.Database.Windows.Net", "a.example"]), names(&["*.database.windows.net"]));
        assert_eq!(without(&before, &after), names(&["a.example"]));
        assert!(has(&after, "*.DATABASE.windows.net"));
    }
}
