//! Links as ARM shows them.

use aws_lc_rs::digest;
use time::{Duration, OffsetDateTime};

use crate::arm::backend::{LinkDatabaseView, LinkView, LogPoint};
use crate::arm::path::InstancePath;
use crate::world::Estate;
use crate::world::assumption;
use crate::world::connection::Address;
use crate::world::instance::SqlInstance;
use crate::world::log::{LogPosition, Mark};
use crate::world::managed::{Lingering, Link, LinkDatabase, LinkPhase, ManagedInstance};
use crate::world::replication::opposite;
use crate::world::trust;

/// How long GET says 404 of a new link. [15 to 60 s: recorded tests wait that long]
const HIDDEN: Duration = Duration::seconds(15);

/// The links that the service shows. ASSUMED 12: a new one after a while.
pub(super) fn links(estate: &Estate, path: &InstancePath) -> Vec<LinkView> {
    let now = estate.clock.now();
    let at_once = opposite(&estate.opposites, assumption::SHOWS_LATE);
    let Some(managed) = estate.managed(path) else { return Vec::new() };
    let known = |name: &str| managed.links.iter().any(|link| link.name.eq_ignore_ascii_case(name));
    let deleted = managed.lingering.iter().filter_map(|(one, until)| match one {
        Lingering::Link(link) if *until > now && !known(&link.name) => Some(&**link),
        _ => None,
    });
    let shown = managed.links.iter().filter(|link| at_once || now - link.created >= HIDDEN);
    shown.chain(deleted).map(|link| view(estate, managed, link)).collect()
}

fn view(estate: &Estate, managed: &ManagedInstance, link: &Link) -> LinkView {
    let sql = Address::parse(&link.request.partner_endpoint)
        .and_then(|partner| estate.engine_behind(partner.host, partner.port));
    LinkView {
        name: link.name.clone(),
        group_id: group_id(link),
        multi_database: link.request.multi_database,
        instance_is_primary: link.instance_is_primary,
        instance_group: link.request.instance_group.clone(),
        partner_group: link.request.partner_group.clone(),
        partner_endpoint: link.request.partner_endpoint.clone(),
        failover_mode: Some(failover_mode(link)),
        seeding_mode: link.request.seeding_mode.clone(),
        replication_mode: if link.synchronous { "Sync" } else { "Async" }.into(),
        databases: link.databases.iter().map(|one| database(estate, managed, sql, link, one)).collect(),
        error: link.error.clone().map(|(number, moment, text)| (number.to_string(), moment, text)),
        created: link.created,
    }
}

/// Where it was left out, a secondary says None and a primary Manual. [recording, specification's example]
fn failover_mode(link: &Link) -> String {
    let default = if link.request.instance_is_primary { "Manual" } else { "None" };
    link.request.failover_mode.clone().unwrap_or_else(|| default.to_owned())
}

fn database(
    estate: &Estate,
    managed: &ManagedInstance,
    sql: Option<&SqlInstance>,
    link: &Link,
    one: &LinkDatabase,
) -> LinkDatabaseView {
    let now = estate.clock.now();
    let error = one.error.or_else(|| link.error.as_ref().map(|(number, ..)| *number));
    let mut view = LinkDatabaseView {
        name: one.name.clone(),
        instance_replica: one.replicas.0.clone(),
        partner_replica: one.replicas.1.clone(),
        state: state(estate, link, one).to_owned(),
        // Gone when it is seeded. [recordings of 2024 and 2026]
        seeding_percent: one
            .seeded
            .filter(|(done, total)| done < total)
            .map(|(done, total)| percent(done, total)),
        error: error.map(|number| number.to_string()),
        ..LinkDatabaseView::default()
    };
    if link.joined.is_none() {
        return view;
    }
    let connected = link.session.is_some();
    let steady = matches!(link.phase, LinkPhase::Synchronizing | LinkPhase::FailingOver);
    // A link that reports an error of replication says HEALTHY as long as it is connected, and so does a secondary that
    // roles were forced away from. [recordings TestManagedInstanceLinkErrHandling, …MIPrimaryForcedFailover]
    let well = steady || link.phase == LinkPhase::SynchronizationError;
    let moves = !one.replication.suspended;
    let healthy =
        if link.reset && !connected { !link.instance_is_primary } else { connected && well && moves };
    view.health = Some(if healthy { "HEALTHY" } else { "NOT_HEALTHY" }.to_owned());
    view.connected = Some(if connected { "CONNECTED" } else { "DISCONNECTED" }.to_owned());
    let here = managed.engine.database(&one.name);
    let replication = &one.replication;
    let position = here.map_or(replication.hardened.position, |here| here.hardened_lsn);
    // 0 and 1 are what positions begin with, not progress. [recording]
    let flowing = |mark: Mark| {
        let text = if link.reset { "1".to_owned() } else { mark.position.last_block().numeric().to_string() };
        Some((text, Some(mark.at.unwrap_or(now))))
    };
    if link.instance_is_primary {
        view.sent = flowing(replication.sent);
    } else {
        view.received = flowing(replication.received);
    }
    view.hardened =
        point(if link.reset && link.instance_is_primary { LogPosition::ZERO } else { position }, now);
    // A secondary has committed what it has redone.
    let committed =
        if link.instance_is_primary { position } else { replication.redone.position.min(position) };
    view.committed = point(committed.last_block(), now);
    // Kept by a copy that was primary once. [recording TestManagedInstanceLinkMIPrimaryPlannedFailover]
    // ASSUMED 46.
    let primary_once = link.instance_is_primary || link.request.instance_is_primary;
    let kept = link.instance_is_primary || !estate.opposite(assumption::LAST_BACKUP);
    view.backed_up = here.filter(|_| primary_once && kept).and_then(|here| point(here.backed_up_lsn, now));
    view.partner_certificate = sql.and_then(trust::presented).and_then(|shown| {
        let uploaded = managed.trust_certificates.iter().find(|upload| upload.der == shown.der)?;
        Some((uploaded.name.clone(), shown.not_after))
    });
    let known = |lag: u64| if connected && steady { i64::try_from(lag).unwrap_or(i64::MAX) } else { -1 };
    // Nothing is sent by who gave the primary role away; all other lags of idle databases are 0. ASSUMED 45.
    let gave_away = link.request.instance_is_primary && !link.instance_is_primary;
    view.send_lag = Some(if gave_away && !estate.opposite(assumption::SEND_LAG) {
        -1
    } else {
        known(replication.send_lag)
    });
    view.redo_lag = Some(known(replication.lag));
    view
}

fn state(estate: &Estate, link: &Link, one: &LinkDatabase) -> &'static str {
    let seeded = one.seeded.is_some_and(|(done, total)| done >= total);
    match link.phase {
        LinkPhase::Initiating => "InitiatingLink",
        LinkPhase::Seeding if seeded => "LinkSynchronizing",
        // ASSUMED 11.
        LinkPhase::Seeding if opposite(&estate.opposites, assumption::SEEDING_WORD) => "CreatingLink",
        LinkPhase::Seeding => "LinkInitialSeeding",
        LinkPhase::Synchronizing => "LinkSynchronizing",
        LinkPhase::FailingOver => "LinkFailoverInProgress",
        LinkPhase::InitError => "LinkInitError",
        LinkPhase::CreationError => "LinkCreationError",
        LinkPhase::SynchronizationError => "LinkSynchronizationError",
    }
}

fn percent(done: u64, total: u64) -> u8 {
    u8::try_from(u128::from(done) * 100 / u128::from(total.max(1))).unwrap_or(100)
}

fn point(position: LogPosition, now: OffsetDateTime) -> LogPoint {
    Some((position.numeric().to_string(), Some(now)))
}

/// The same names give the same id, also months apart. [recordings]
fn group_id(link: &Link) -> String {
    let names = format!("{}|{}|{}", link.name, link.request.instance_group, link.request.partner_group);
    let hash = digest::digest(&digest::SHA256, names.to_lowercase().as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    uuid::Uuid::from_bytes(bytes).to_string()
}
