//! Whether a link authenticates with an upload.
//!
//! Azure names the certificate that SQL Server presented (`partnerAuthCertValidity`), but leaves it out often enough. So
//! the configured SQL Servers are asked as well what their endpoints show. Where neither says it, the upload counts as
//! used: without it the link would not come back after its next loss of connection.

use crate::arm::TrustCertificateId;
use crate::arm::link::Link;
use crate::arm::trust_certificate::TrustCertificate;
use crate::resources::reach::Seen;
use crate::sql::Snapshot;
use crate::sql::catalog::{GroupRow, ReplicaRow};

/// What a SQL Server that holds a link's distributed group says.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    /// `SERVERPROPERTY('ServerName')`.
    server: String,
    /// Whether its endpoint shows the upload; nothing where that cannot be seen.
    shows_it: Option<bool>,
    /// Whether the link is connected there.
    connected: bool,
    /// How many replicas the local group below has.
    replicas: usize,
}

/// Why an upload must stay, if it must.
pub(super) fn needed(
    id: &TrustCertificateId,
    upload: &TrustCertificate,
    uploads: usize,
    links: &[Link],
    servers: &[Seen],
) -> Option<String> {
    links
        .iter()
        .find_map(|link| {
            let holders: Vec<Holder> =
                servers.iter().filter_map(|seen| holder(&seen.snapshot, link, id, upload)).collect();
            let why = reason(&upload.name, &presented(link), &holders)?;
            Some(format!("the link {} {why}", link.name))
        })
        .or_else(|| {
            let link = links.first().filter(|_| uploads == 1)?;
            Some(format!(
                "it is the only one that the instance has, and the link {} is still there",
                link.name
            ))
        })
}

/// A link that authenticates with an upload and has its distributed group on no configured server: nothing in this
/// configuration can remove it.
pub(super) fn foreign_link<'a>(
    name: &str,
    links: &'a [Link],
    servers: &[Seen],
    configured: usize,
) -> Option<&'a str> {
    let all_tell = servers.len() == configured
        && servers.iter().all(|seen| seen.snapshot.facts.sees_definitions && seen.snapshot.groups.is_ok());
    let nowhere = |link: &&Link| {
        servers.iter().all(|seen| seen.snapshot.group(&link.name).is_ok_and(|group| group.is_none()))
    };
    let says = |link: &&Link| presented(link).iter().any(|presented| presented.eq_ignore_ascii_case(name));
    links.iter().filter(says).find(|link| all_tell && nowhere(link)).map(|link| link.name.as_str())
}

/// The names by which Azure knows what SQL Server presented.
fn presented(link: &Link) -> Vec<String> {
    let databases = link.properties.databases.iter();
    databases
        .filter_map(|database| database.partner_auth_cert_validity.as_ref()?.certificate_name.clone())
        .collect()
}

fn reason(name: &str, presented: &[String], holders: &[Holder]) -> Option<String> {
    if let Some(holder) = holders.iter().find(|holder| holder.shows_it == Some(true)) {
        return Some(format!("authenticates with it: the endpoint of {} shows it", holder.server));
    }
    // Every replica of the local group may be the one that shows it after a failover.
    let replicas = holders.iter().map(|holder| holder.replicas).max().unwrap_or(1);
    let none_shows_it =
        holders.len() >= replicas && holders.iter().all(|holder| holder.shows_it == Some(false));
    if presented.iter().any(|presented| presented.eq_ignore_ascii_case(name)) {
        // Azure may lag behind a switch; a link that is connected is so by what the endpoint shows now.
        let is_over_it = none_shows_it && holders.iter().any(|holder| holder.connected);
        return (!is_over_it).then(|| "authenticates with it".to_owned());
    }
    if none_shows_it || !presented.is_empty() {
        return None;
    }
    Some("does not say with which certificate it authenticates, and no SQL Server that is configured here tells".to_owned())
}

fn holder(
    snapshot: &Snapshot,
    link: &Link,
    id: &TrustCertificateId,
    upload: &TrustCertificate,
) -> Option<Holder> {
    let group = snapshot.group(&link.name).ok()?.filter(|group| leads_to(group, &id.instance.name))?;
    let shown = snapshot.shown_certificate().ok().flatten();
    let shows_it = match (shown.and_then(|row| row.der.as_ref()), &upload.der) {
        (Some(shown), Some(upload)) => Some(shown == upload),
        _ => None,
    };
    let state = snapshot.remote_state(&group.id).ok().flatten();
    let below = group.replicas.iter().find_map(|member| snapshot.group(&member.server_name).ok().flatten());
    Some(Holder {
        server: snapshot.facts.server_name.clone(),
        shows_it,
        connected: state.is_some_and(|state| state.connected == Some(1)),
        replicas: below.map_or(1, |group| group.replicas.len()),
    })
}

/// Whether a distributed group is a link with this instance: the first label of the FQDN is its name.
fn leads_to(group: &GroupRow, instance: &str) -> bool {
    let host = group.instance_member().and_then(ReplicaRow::host);
    host.and_then(|host| host.split('.').next()).is_some_and(|label| label.eq_ignore_ascii_case(instance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(shows_it: Option<bool>, connected: bool, replicas: usize) -> Holder {
        Holder { server: "N1".to_owned(), shows_it, connected, replicas }
    }

    fn needed(presented: &[&str], holders: &[Holder]) -> bool {
        let presented: Vec<String> = presented.iter().map(|name| (*name).to_owned()).collect();
        reason("old", &presented, holders).is_some()
    }

    #[test]
    fn what_an_endpoint_shows_is_needed_whatever_azure_says() {
        assert!(needed(&[], &[holder(Some(true), true, 1)]));
        assert!(needed(&["new"], &[holder(Some(true), true, 1)]));
    }

    #[test]
    fn what_azure_names_is_needed_until_the_endpoint_has_left_it_and_is_connected() {
        assert!(needed(&["OLD"], &[]));
        assert!(needed(&["old"], &[holder(Some(false), false, 1)]));
        assert!(!needed(&["old"], &[holder(Some(false), true, 1)]));
    }

    #[test]
    fn where_nobody_says_it_is_needed() {
        assert!(needed(&[], &[]));
        assert!(needed(&[], &[holder(None, true, 1)]));
        assert!(needed(&[], &[holder(Some(false), true, 2)]), "the other replica may show it");
        assert!(!needed(&[], &[holder(Some(false), true, 1)]));
        assert!(!needed(&["new"], &[]));
    }
}
