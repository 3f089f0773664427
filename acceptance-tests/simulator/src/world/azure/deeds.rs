//! What is asked of links, certificates and databases: refused at once, or accepted as an operation.

use std::collections::BTreeSet;

use time::Duration;

use super::groups::instance_groups;
use super::refusals::{self, Failure};
use crate::arm::backend::{Accepted, LinkRequest, LinkUpdate, Refusal, RoleChange};
use crate::arm::path::{ChildType, InstancePath};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::managed::{
    Effect, Link, LinkDatabase, LinkPhase, ManagedInstance, Operation, TrustCertificate,
};
use crate::world::operations::link_of;
use crate::world::replication::opposite;

/// Tiny databases and everything without data. [recordings: 10 to 24 s]
const SHORT: Duration = Duration::seconds(16);
// Of these, and of those about keys, instances and failover groups, not all are in recordings or on pages: ASSUMED 127.
const CERTIFICATE: Duration = Duration::seconds(10);
const DATABASE: Duration = Duration::seconds(20);

/// `PUT` of a link.
pub(super) fn create_link(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    request: LinkRequest,
) -> Result<Accepted, Refusal> {
    let managed = ready(estate, path)?;
    if let Some(system) = request.databases.iter().find(|one| is_system(one)) {
        return Err(refusals::reserved(system));
    }
    // ASSUMED 160.
    let late = opposite(&estate.opposites, assumption::REPLICA_REFUSED);
    let replicated = estate.failover_group_of(path).map(|_| refusals::has_replica());
    if let (Some(refusal), false) = (&replicated, late) {
        return Err(refusal.clone());
    }
    let operation = match (request.multi_database, request.instance_is_primary) {
        (true, _) => "CreateManagedFailoverGroup",
        (false, true) => "DistributedAvailabilityGroupsLinkCreateFromMI",
        (false, false) => "DistributedAvailabilityGroupsLinkCreate",
    };
    let child = Some((ChildType::Links, name.to_owned()));
    let exists = managed.links.iter().any(|link| link.name.eq_ignore_ascii_case(name));
    // ASSUMED 9.
    if exists && opposite(&estate.opposites, assumption::PUT_IS_CREATE) {
        return Ok(start(estate, path, operation, child, Some(SHORT), Effect::None));
    }
    if let Some(Refusal { code, message, .. }) = replicated {
        return Ok(start(estate, path, operation, child, Some(SHORT), Effect::Fail(code, message)));
    }
    let full = full(managed, &request.databases).filter(|_| !request.instance_is_primary);
    // ASSUMED 165: the operation says so.
    if let (Some((code, message)), true) = (&full, opposite(&estate.opposites, assumption::DATABASE_LIMIT)) {
        return Err(Refusal { status: 400, code: code.clone(), message: message.clone() });
    }
    let failure = unlinkable(managed, &request).or(full);
    if let Some((code, message)) = failure {
        let effect = Effect::Fail(code, message);
        return Ok(start(estate, path, operation, child, Some(SHORT), effect));
    }
    if exists {
        let (code, message) = refusals::name_in_use(&request.databases.join(", "));
        return Ok(start(estate, path, operation, child, Some(SHORT), Effect::Fail(code, message)));
    }
    let effect = Effect::FollowLink(name.to_owned());
    let accepted = start(estate, path, operation, child, None, effect);
    make_link(estate, path, name, request, &accepted);
    Ok(accepted)
}

/// `PATCH` of a link.
pub(super) fn update_link(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    change: LinkUpdate,
) -> Result<Accepted, Refusal> {
    established(estate, path, name)?;
    let child = Some((ChildType::Links, name.to_owned()));
    Ok(match change {
        LinkUpdate::Synchronous(on) => {
            let effect = Effect::SetSynchronous(name.to_owned(), on);
            start(estate, path, "DistributedAvailabilityGroupsLinkUpdate", child, Some(SHORT), effect)
        }
        LinkUpdate::Databases(databases) => {
            let full = estate.managed(path).and_then(|managed| full(managed, &databases));
            let effect = match full {
                Some((code, message)) => Effect::Fail(code, message),
                None => Effect::SetDatabases(name.to_owned(), databases),
            };
            start(estate, path, "UpdateManagedFailoverGroup", child, Some(SHORT), effect)
        }
    })
}

/// `POST …/failover` and `…/setRole`.
pub(super) fn fail_over_link(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    change: RoleChange,
) -> Result<Accepted, Refusal> {
    let changing = in_progress(estate, path, name).any(|one| matches!(one.effect, Effect::ChangeRole(..)));
    if changing && matches!(change, RoleChange::SetRole { .. }) {
        return Err(refusals::role(41968));
    }
    established(estate, path, name)?;
    let link = estate.link(path, name).ok_or_else(|| refusals::no_link(name))?;
    let (primary, phase) = (link.instance_is_primary, link.phase);
    match change {
        RoleChange::Planned if !primary => return Err(refusals::not_primary()),
        RoleChange::SetRole { primary: wanted, .. } if wanted == primary => {
            return Err(refusals::role(41965));
        }
        RoleChange::SetRole { primary: true, forced: false } => return Err(refusals::role(41970)),
        _ => {}
    }
    let child = Some((ChildType::Links, name.to_owned()));
    let effect = Effect::ChangeRole(name.to_owned(), change);
    let accepted =
        start(estate, path, "DistributedAvailabilityGroupsLinkFailover", child, Some(SHORT), effect);
    if let Some(link) = estate.managed_mut(path).and_then(|managed| link_of(managed, name))
        && phase == LinkPhase::Synchronizing
    {
        link.phase = LinkPhase::FailingOver;
    }
    Ok(accepted)
}

/// `DELETE` of a link; works while it is being made. [recording of 2022]
pub(super) fn delete_link(estate: &mut Estate, path: &InstancePath, name: &str) -> Result<Accepted, Refusal> {
    ready(estate, path)?;
    let multi = estate.link(path, name).is_some_and(|link| link.request.multi_database);
    let operation = if multi { "DropManagedFailoverGroup" } else { "DistributedAvailabilityGroupsDropLink" };
    if in_progress(estate, path, name).any(|one| !matches!(one.effect, Effect::FollowLink(_))) {
        return Err(refusals::busy(name));
    }
    let child = Some((ChildType::Links, name.to_owned()));
    let effect = Effect::DropLink(name.to_owned());
    Ok(start(estate, path, operation, child, Some(SHORT), effect))
}

/// `PUT` of a server trust certificate.
pub(super) fn upload(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    der: Vec<u8>,
) -> Result<Accepted, Refusal> {
    ready(estate, path)?;
    let child = Some((ChildType::ServerTrustCertificates, name.to_owned()));
    let effect = Effect::AddTrust(TrustCertificate { name: name.to_owned(), der });
    Ok(start(estate, path, "UploadManagedInstanceServerTrustCertificate", child, Some(CERTIFICATE), effect))
}

/// `DELETE` of a server trust certificate.
pub(super) fn remove_upload(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
) -> Result<Accepted, Refusal> {
    ready(estate, path)?;
    let child = Some((ChildType::ServerTrustCertificates, name.to_owned()));
    let effect = Effect::RemoveTrust(name.to_owned());
    Ok(start(estate, path, "DeleteManagedInstanceServerTrustCertificate", child, Some(CERTIFICATE), effect))
}

/// `DELETE` of a database. ASSUMED 24: one of a link stays.
pub(super) fn delete_database(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
) -> Result<Accepted, Refusal> {
    let managed = ready(estate, path)?;
    if linked(managed, name) && !opposite(&estate.opposites, assumption::LINKED_DATABASE) {
        return Err(refusals::in_replication(name));
    }
    let child = Some((ChildType::Databases, name.to_owned()));
    let effect = Effect::DropDatabase(name.to_owned());
    Ok(start(estate, path, "DropManagedDatabase", child, Some(DATABASE), effect))
}

/// The instance, if it takes changes now.
pub(super) fn ready<'a>(estate: &'a Estate, path: &InstancePath) -> Result<&'a ManagedInstance, Refusal> {
    let managed = estate.managed(path).ok_or_else(|| refusals::no_instance(&path.name))?;
    let scales = estate.operations.iter().any(|one| {
        one.outcome.is_none() && one.is_cancellable() && one.instance.id().eq_ignore_ascii_case(&path.id())
    });
    if scales {
        return Err(refusals::scaling(&managed.view.path.name));
    }
    match refusals::not_ready(&managed.view.state) {
        Some(refusal) => Err(refusal),
        None => Ok(managed),
    }
}

/// Refuses unless a link can be changed now.
fn established(estate: &Estate, path: &InstancePath, name: &str) -> Result<(), Refusal> {
    ready(estate, path)?;
    let link = estate.link(path, name).ok_or_else(|| refusals::no_link(name))?;
    let making = |one: &&Operation| matches!(one.effect, Effect::FollowLink(_));
    if in_progress(estate, path, name).any(|one| !making(&one)) {
        return Err(refusals::busy(name));
    }
    let young = matches!(link.phase, LinkPhase::Initiating | LinkPhase::Seeding);
    // ASSUMED 4.
    if young && !opposite(&estate.opposites, assumption::BUSY_WHILE_MADE) {
        let database = link.databases.first().map_or(name, |one| one.name.as_str());
        return Err(refusals::in_replication(database));
    }
    Ok(())
}

/// Operations on a link that run.
fn in_progress<'a>(
    estate: &'a Estate,
    path: &InstancePath,
    name: &str,
) -> impl Iterator<Item = &'a Operation> {
    let (instance, name) = (path.id(), name.to_owned());
    estate.operations.iter().filter(move |one| {
        one.outcome.is_none()
            && one.instance.id().eq_ignore_ascii_case(&instance)
            && matches!(&one.child, Some((ChildType::Links, link)) if link.eq_ignore_ascii_case(&name))
    })
}

fn unlinkable(managed: &ManagedInstance, request: &LinkRequest) -> Option<Failure> {
    request.databases.iter().find_map(|name| {
        let there = managed.engine.databases.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        if linked(managed, name) || (there && !request.instance_is_primary) {
            Some(refusals::name_in_use(name))
        } else if !there && request.instance_is_primary {
            Some(refusals::no_database(name))
        } else {
            None
        }
    })
}

/// What keeps the instance from having these databases beside its own: users' databases count, also those that links are
/// yet to bring. ["Resource limits", 2022; "Managed Instance link overview", 2026, for the next generation]
fn full(managed: &ManagedInstance, databases: &[String]) -> Option<Failure> {
    let view = &managed.view;
    let most = if view.general_purpose_v2 { 500 } else { 100 };
    let own = managed.engine.databases.iter().filter(|one| one.id > 4);
    let used: u64 = own.clone().map(|one| one.size).sum();
    let coming = managed.links.iter().flat_map(|link| &link.databases).map(|one| &one.name);
    let known: BTreeSet<String> =
        own.map(|one| &one.name).chain(coming).map(|name| name.to_lowercase()).collect();
    let added = databases.iter().filter(|name| !known.contains(&name.to_lowercase())).count();
    if added == 0 {
        None
    } else if known.len() + added > most {
        Some(refusals::too_many())
    } else {
        (used >= u64::from(view.storage_gb) << 30).then(|| refusals::no_space(view.storage_gb))
    }
}

fn linked(managed: &ManagedInstance, database: &str) -> bool {
    let mut databases = managed.links.iter().flat_map(|link| &link.databases);
    databases.any(|one| one.name.eq_ignore_ascii_case(database))
}

fn is_system(database: &str) -> bool {
    ["master", "model", "msdb", "tempdb"].iter().any(|one| one.eq_ignore_ascii_case(database))
}

/// The name of an operation that no recording has. ASSUMED 156.
pub(super) fn unproven_name(estate: &Estate, ours: &'static str, other: &'static str) -> &'static str {
    if opposite(&estate.opposites, assumption::INSTANCE_OPERATIONS) { other } else { ours }
}

/// Begins an operation.
pub(super) fn start(
    estate: &mut Estate,
    path: &InstancePath,
    operation: &str,
    child: Option<(ChildType, String)>,
    lasts: Option<Duration>,
    effect: Effect,
) -> Accepted {
    let started = estate.clock.now();
    // ASSUMED 127.
    let times = if estate.opposite(assumption::OPERATION_TIMES) { 10 } else { 1 };
    let id = estate.fresh_guid();
    let deletes = matches!(
        effect,
        Effect::DropLink(_)
            | Effect::RemoveTrust(_)
            | Effect::DropDatabase(_)
            | Effect::RemoveKey(_)
            | Effect::Revalidate
            | Effect::DropGroup(_)
    );
    let operation = Operation {
        id,
        operation: operation.to_owned(),
        instance: estate.managed(path).map_or_else(|| path.clone(), |managed| managed.view.path.clone()),
        child,
        deletes,
        started,
        ends: lasts.map(|lasts| started + lasts * times),
        outcome: None,
        effect,
    };
    let accepted = super::accepted(&operation);
    estate.operations.push(operation);
    accepted
}

/// The link, and its groups on the instance's engine. ASSUMED 23: they are there from now on.
fn make_link(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    request: LinkRequest,
    accepted: &Accepted,
) {
    let now = accepted.started;
    let databases: Vec<LinkDatabase> = request
        .databases
        .iter()
        .map(|database| LinkDatabase::new(database, (estate.fresh_guid(), estate.fresh_guid())))
        .collect();
    let groups = instance_groups(estate, path, name, &request);
    let late = estate.opposite(assumption::LATE_GROUPS);
    let Some(managed) = estate.managed_mut(path) else { return };
    let primary = request.instance_is_primary;
    if primary {
        for database in &mut managed.engine.databases {
            if request.databases.iter().any(|one| one.eq_ignore_ascii_case(&database.name)) {
                database.group = Some(request.instance_group.clone());
                database.group_database_id = Some(database.guid.clone());
            }
        }
    }
    let (there, unborn_groups) = if late { (Vec::new(), groups) } else { (groups, Vec::new()) };
    managed.engine.groups.extend(there);
    managed.links.push(Link {
        name: name.to_owned(),
        instance_is_primary: primary,
        synchronous: false,
        phase: LinkPhase::Initiating,
        create_operation: accepted.id.clone(),
        databases,
        unborn_groups,
        created: now,
        error: None,
        session: None,
        joined: None,
        next_attempt: now + Duration::seconds(10),
        tried: None,
        noted_primary: primary,
        reset: false,
        request,
    });
}
