//! Operations of the instance itself: stop, start, fail over, scale, cancel.
//!
//! Stopping takes about 5 minutes and starting about 20 ["Stop and start an instance", 2026], scaling compute up to an hour
//! and storage some minutes ["Management operations overview", 2026]. What is refused meanwhile is the specification's
//! list for links.

use time::Duration;

use super::deeds::{ready, start, unproven_name};
use super::refusals;
use crate::arm::backend::{Accepted, InstanceChange, InstanceSize, Refusal};
use crate::arm::path::InstancePath;
use crate::world::Estate;
use crate::world::assumption;
use crate::world::managed::{Effect, InstanceEffect, LinkPhase, ManagedInstance};
use crate::world::replication::opposite;

const STOPPING: Duration = Duration::minutes(5);
const STARTING: Duration = Duration::minutes(20);
const COMPUTE: Duration = Duration::minutes(60);
const STORAGE: Duration = Duration::minutes(5);
const FAILOVER: Duration = Duration::minutes(1);
const SETTING: Duration = Duration::seconds(30);

/// Begins an operation of the instance.
pub(super) fn change(
    estate: &mut Estate,
    path: &InstancePath,
    change: InstanceChange,
) -> Result<Accepted, Refusal> {
    // UpsertManagedServer is proven. [Az.Sql, Stop-AzSqlInstanceOperation]
    let (operation, lasts, state, effect) = match change {
        InstanceChange::Stop => {
            stoppable(ready(estate, path)?, estate.failover_group_of(path).is_some())?;
            let operation = unproven_name(estate, "StopManagedServer", "StopManagedInstance");
            (operation, STOPPING, "Stopping", InstanceEffect::Stop)
        }
        InstanceChange::Start => {
            let managed = estate.managed(path).ok_or_else(|| refusals::no_instance(&path.name))?;
            let operation = unproven_name(estate, "StartManagedServer", "StartManagedInstance");
            // ASSUMED 156: a start of what runs is refused.
            let idle = opposite(&estate.opposites, assumption::INSTANCE_OPERATIONS);
            if idle && managed.view.state == "Ready" {
                return Ok(start(estate, path, operation, None, Some(SETTING), Effect::None));
            }
            if managed.view.state != "Stopped" {
                return Err(refusals::not_stopped(&managed.view.state));
            }
            (operation, STARTING, "Starting", InstanceEffect::Start)
        }
        InstanceChange::FailOver => {
            let operation = unproven_name(estate, "FailoverManagedServer", "FailoverManagedInstance");
            quiet(ready(estate, path)?, operation)?;
            (operation, FAILOVER, "Ready", InstanceEffect::Restart)
        }
        InstanceChange::Scale(size) => {
            let managed = ready(estate, path)?;
            quiet(managed, "UpsertManagedServer")?;
            let lasts = if moves(managed, &size) { COMPUTE } else { STORAGE };
            ("UpsertManagedServer", lasts, "Updating", InstanceEffect::Scale(size))
        }
        InstanceChange::Passive(passive) => {
            quiet(ready(estate, path)?, "UpsertManagedServer")?;
            ("UpsertManagedServer", SETTING, "Ready", InstanceEffect::Passive(passive))
        }
    };
    let accepted = start(estate, path, operation, None, Some(lasts), Effect::Instance(effect));
    // ASSUMED 158: what the instance says of itself meanwhile.
    let silent = opposite(&estate.opposites, assumption::INSTANCE_STATE) && state == "Updating";
    if let Some(managed) = estate.managed_mut(path).filter(|_| !silent) {
        state.clone_into(&mut managed.view.state);
        if state != "Ready" {
            "InProgress".clone_into(&mut managed.view.provisioning_state);
        }
    }
    Ok(accepted)
}

/// Ends an operation that can be called off: a scaling that runs.
pub(super) fn cancel(estate: &mut Estate, path: &InstancePath, id: &str) -> Result<(), Refusal> {
    let own = path.id();
    let running = estate.operations.iter_mut().find(|one| {
        one.outcome.is_none()
            && one.instance.id().eq_ignore_ascii_case(&own)
            && one.id.eq_ignore_ascii_case(id)
    });
    let Some(operation) = running.filter(|one| one.is_cancellable()) else {
        return Err(refusals::not_cancellable());
    };
    operation.outcome = Some(Err(refusals::cancelled()));
    if let Some(managed) = estate.managed_mut(path) {
        managed.become_ready();
    }
    Ok(())
}

/// What cannot be stopped. ["Managed Instances - Stop", REST page of 2024]
fn stoppable(managed: &ManagedInstance, in_group: bool) -> Result<(), Refusal> {
    let (why, what) = if managed.view.tier != "GeneralPurpose" {
        ("NotSupportedOnSKU", "Stop operation is not supported on the given SKU.")
    } else if in_group {
        ("PartOfFailoverGroup", "Stop executed on the instance that is part of failover group.")
    } else if !managed.links.is_empty() {
        ("UsingMILink", "Stop executed on the instance that has Managed Instance link configured.")
    } else {
        return Ok(());
    };
    Err(refusals::not_stoppable(why, what))
}

/// No operation of the instance begins while a link is made.
fn quiet(managed: &ManagedInstance, operation: &str) -> Result<(), Refusal> {
    let making = |phase| matches!(phase, LinkPhase::Initiating | LinkPhase::Seeding);
    if managed.links.iter().any(|link| making(link.phase)) {
        return Err(refusals::link_in_creation(operation));
    }
    Ok(())
}

/// Whether the engine moves to other machines, and not its files alone grow.
fn moves(managed: &ManagedInstance, size: &InstanceSize) -> bool {
    let other = |wanted: &Option<String>, now: &str| wanted.as_ref().is_some_and(|wanted| wanted != now);
    size.v_cores.is_some_and(|cores| cores != managed.view.v_cores)
        || other(&size.sku, &managed.view.sku)
        || other(&size.tier, &managed.view.tier)
        || managed.view.tier == "BusinessCritical"
}
