//! Instance failover groups: made, set, failed over, taken apart.
//!
//! Times are those of azure-cli's recording test_sql_instance_failover_group_mgmt (2022). What is refused, and with which
//! words, is the specification's list of 2023.

use time::Duration;

use super::deeds::{ready, start};
use super::keys::unknown_to_partner;
use super::refusals::refusal;
use crate::arm::backend::{Accepted, FailoverGroupRequest, FailoverGroupView, InstanceView, Refusal};
use crate::arm::failover_groups::same_region;
use crate::arm::path::{InstancePath, RegionPath};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::failover_group::FailoverGroup;
use crate::world::managed::{Effect, ManagedInstance, Operation};
use crate::world::replication::opposite;

const MAKING: Duration = Duration::seconds(144);
const SETTING: Duration = Duration::seconds(10);
const PLANNED: Duration = Duration::seconds(30);
const FORCED: Duration = Duration::seconds(20);
const DROPPING: Duration = Duration::seconds(30);

/// Each group twice: as either member sees it.
pub(super) fn views(estate: &Estate, subscription: &str) -> Vec<FailoverGroupView> {
    let mut views = Vec::new();
    for group in &estate.failover_groups {
        let FailoverGroup { name, members, settings, .. } = group;
        let (Some(primary), Some(secondary)) = (estate.managed(&members.0), estate.managed(&members.1))
        else {
            continue;
        };
        for (own, other, is_primary) in [(primary, secondary, true), (secondary, primary, false)] {
            views.push(FailoverGroupView {
                name: name.clone(),
                group: own.view.path.group.clone(),
                location: own.view.location.clone(),
                is_primary,
                settings: settings.clone(),
                partner_location: other.view.location.clone(),
                members: (primary.view.path.id(), secondary.view.path.id()),
            });
        }
    }
    views.retain(|view| {
        InstancePath::of_id(&view.members.0)
            .is_some_and(|path| path.subscription.eq_ignore_ascii_case(subscription))
    });
    views
}

/// `PUT` of a group: makes it, or sets what can be set of it.
pub(super) fn put(
    estate: &mut Estate,
    region: &RegionPath,
    name: &str,
    request: FailoverGroupRequest,
) -> Result<Accepted, Refusal> {
    let wanted = members(estate, region, &request)?;
    idle(estate, name)?;
    let known = estate.failover_groups.iter().find(|group| group.is_called(name));
    let copies = Vec::new();
    let settings = request.settings;
    let (operation, lasts, members) = match known {
        Some(group) if group.members.1.is(&wanted.0) => return Err(on_secondary()),
        Some(group) if !(group.members.0.is(&wanted.0) && group.members.1.is(&wanted.1)) => {
            return Err(refusal(
                400,
                "InstanceFailoverGroupCreateOrUpdateRequestReadOnlyPropertyModified",
                "The create or update instance failover group request body should not modify the read-only property \
                 'managedInstancePairs'.",
            ));
        }
        Some(group) => ("UpdateManagedFailoverGroup", SETTING, group.members.clone()),
        None => {
            let (primary, partner) = (ready(estate, &wanted.0)?, ready(estate, &wanted.1)?);
            let members = (primary.view.path.clone(), partner.view.path.clone());
            // ASSUMED 163: what they lack is told at once.
            match fit(estate, primary, partner, &request.partner_location) {
                Err(Refusal { code, message, .. })
                    if opposite(&estate.opposites, assumption::GROUP_REFUSALS) =>
                {
                    let effect = Effect::Fail(code, message);
                    let operation = "CreateManagedFailoverGroup";
                    return Ok(start(estate, &members.0, operation, None, Some(SETTING), effect));
                }
                fits => fits?,
            }
            ("CreateManagedFailoverGroup", MAKING, members)
        }
    };
    let path = members.0.clone();
    let effect = Effect::PutGroup(FailoverGroup { name: name.to_owned(), members, settings, copies });
    Ok(start(estate, &path, operation, None, Some(lasts), effect))
}

/// `POST …/failover` and `…/forceFailoverAllowDataLoss`, asked of who shall be primary.
pub(super) fn fail_over(
    estate: &mut Estate,
    region: &RegionPath,
    name: &str,
    forced: bool,
) -> Result<Accepted, Refusal> {
    let (group, own) = find(estate, region, name)?;
    if group.members.0.is(&own) {
        return Err(refusal(
            400,
            "InstanceFailoverGroupFailoverRequestOnPrimary",
            "The failover request should be initiated on the secondary server of instance failover group.",
        ));
    }
    let (primary, secondary) = (group.members.0.clone(), group.members.1.clone());
    idle(estate, name)?;
    ready(estate, &own)?;
    let format =
        |path: &InstancePath| estate.managed(path).map(|managed| managed.view.database_format.clone());
    if format(&primary) != format(&secondary) {
        return Err(refusal(
            400,
            "ManagedInstanceFailoverInFailoverGroupInstancesWithDifferentVersionEditions",
            "Failover operation cannot be performed because of database format mismatch between the instances in the \
             failover group. Consider upgrading the database format of the primary instance or deleting the failover group \
             to promote current secondary instance to a stand-alone instance. See \
             https://go.microsoft.com/fwlink/?linkid=2251601 for more details.",
        ));
    }
    let lasts = if forced { FORCED } else { PLANNED };
    let effect = Effect::FailOverGroup(name.to_owned());
    Ok(start(estate, &own, "FailoverManagedFailoverGroup", None, Some(lasts), effect))
}

/// `DELETE` of a group, asked of its primary.
pub(super) fn delete(estate: &mut Estate, region: &RegionPath, name: &str) -> Result<Accepted, Refusal> {
    let (group, own) = find(estate, region, name)?;
    if group.members.1.is(&own) {
        return Err(on_secondary());
    }
    idle(estate, name)?;
    ready(estate, &own)?;
    let effect = Effect::DropGroup(name.to_owned());
    Ok(start(estate, &own, "DropManagedFailoverGroup", None, Some(DROPPING), effect))
}

/// A group, with its member in a region.
fn find<'a>(
    estate: &'a Estate,
    region: &RegionPath,
    name: &str,
) -> Result<(&'a FailoverGroup, InstancePath), Refusal> {
    let group = estate.failover_groups.iter().find(|group| group.is_called(name));
    let found = group.and_then(|group| {
        let members = [&group.members.0, &group.members.1];
        let own = members
            .into_iter()
            .find(|path| estate.managed(path).is_some_and(|managed| is_in(&managed.view, region)))?;
        Some((group, own.clone()))
    });
    found.ok_or_else(|| {
        refusal(400, "InstanceFailoverGroupDoesNotExist", "Failover group does not exist on a server.")
    })
}

/// The instances that a request names, both of the subscription, the primary in the region that was asked.
fn members(
    estate: &Estate,
    region: &RegionPath,
    request: &FailoverGroupRequest,
) -> Result<(InstancePath, InstancePath), Refusal> {
    let invalid = |which: &str, field: &str| {
        refusal(
            400,
            &format!("InstanceFailoverGroupCreateOrUpdateRequestInvalid{which}"),
            format!(
                "The given {field} field in create or update instance failover group request body is empty or invalid."
            ),
        )
    };
    let path = |id: &str| InstancePath::of_id(id);
    let primary = path(&request.members.0).ok_or_else(|| invalid("Primary", "primary"))?;
    let partner = path(&request.members.1).ok_or_else(|| invalid("Partner", "partners"))?;
    if !primary.subscription.eq_ignore_ascii_case(&partner.subscription) {
        return Err(refusal(
            400,
            "InstanceFailoverGroupPartnerManagedInstanceFromDifferentSubscription",
            "Primary server and the partner server of failover group are from different subscriptions. Cross subscription for \
             servers of failover group is not allowed.",
        ));
    }
    // ASSUMED 163: this code of several that the specification has for an instance that is not there.
    let missing = || {
        if opposite(&estate.opposites, assumption::GROUP_REFUSALS) {
            return refusal(400, "ServerNotFound", "The requested server was not found.");
        }
        let message = "Specified server does not exist on the specified subscription.";
        refusal(404, "ServerNotInSubscription", message)
    };
    let first = estate.managed(&primary).ok_or_else(missing)?;
    estate.managed(&partner).ok_or_else(missing)?;
    if is_in(&first.view, region) { Ok((primary, partner)) } else { Err(invalid("Primary", "primary")) }
}

fn is_in(view: &InstanceView, region: &RegionPath) -> bool {
    view.path.subscription.eq_ignore_ascii_case(&region.subscription)
        && view.path.group.eq_ignore_ascii_case(&region.group)
        && same_region(&view.location, &region.location)
}

/// Whether two instances can form a group. [the specification's list; ASSUMED 163: the order of the checks]
fn fit(
    estate: &Estate,
    primary: &ManagedInstance,
    partner: &ManagedInstance,
    partner_location: &str,
) -> Result<(), Refusal> {
    let (one, other) = (&primary.view, &partner.view);
    let grouped = |managed: &ManagedInstance| estate.failover_group_of(&managed.view.path).is_some();
    let no = |status: u16, code: &str, message: &str| Err(refusal(status, code, message));
    if grouped(primary) || grouped(partner) {
        return no(
            409,
            "InstanceFailoverGroupAlreadyExists",
            "Failover group already exists on a given server.",
        );
    }
    if !primary.links.is_empty() || !partner.links.is_empty() {
        let message = "User tried to initiate operation that is not supported when managed instance has a hybrid link configured.";
        return no(409, "ManagedInstanceHasHybridLink", message);
    }
    if !same_region(&other.location, partner_location) {
        let message = "Partner region specified in Failover Group need to match the region of the partner managed instance indicated.";
        return no(400, "FailoverGroupRegionMismatch", message);
    }
    if same_region(&one.location, &other.location) {
        let message = "Servers specified in an Instance Failover Group need to reside in different regions to provide isolation.";
        return no(400, "InvalidFailoverGroupRegion", message);
    }
    if one.dns_zone != other.dns_zone {
        let message = "The DNSZone on the partner server is different from the DNSZone on the source server. This breaks \
                       InstanceFailoverGroup functionality.";
        return no(400, "DnsZoneMismatch", message);
    }
    if one.tier != other.tier {
        let message = "Edition must be the same as the primary server when creating a replica server.";
        return no(400, "ServerEditionMismatch", message);
    }
    if one.storage_gb != other.storage_gb {
        let message =
            "Primary managed instance and partner managed instance do not have the same storage size.";
        return no(400, "GeoDrInstanceSizeMismatch", message);
    }
    if age(&one.database_format) > age(&other.database_format) {
        return no(
            400,
            "ManagedInstanceEstablishingFailoverGroupGeoPrimaryWithNewerVersionEditionThanSecondary",
            "Failover group cannot be created because database format of the primary instance is not compatible with the \
             database format of the secondary instance. See https://go.microsoft.com/fwlink/?linkid=2251601 for more details.",
        );
    }
    if partner.engine.databases.iter().any(|one| one.id > 4) {
        let message = "Secondary managed instance has user databases. To create an instance failover group the secondary \
                       managed instance needs to be empty.";
        return no(400, "GeoDrSecondaryInstanceNotEmpty", message);
    }
    match &primary.protector.vault {
        Some(vault) if !partner.has_key(&vault.uri) => Err(unknown_to_partner()),
        _ => Ok(()),
    }
}

/// Order of update policies.
fn age(format: &str) -> u8 {
    match format {
        "SQLServer2022" => 1,
        "SQLServer2025" => 2,
        _ => 3,
    }
}

/// One operation on a group at a time.
fn idle(estate: &Estate, name: &str) -> Result<(), Refusal> {
    let about = |one: &&Operation| match &one.effect {
        Effect::PutGroup(group) => group.is_called(name),
        Effect::FailOverGroup(group) | Effect::DropGroup(group) => group.eq_ignore_ascii_case(name),
        _ => false,
    };
    if estate.operations.iter().filter(|one| one.outcome.is_none()).any(|one| about(&one)) {
        let message = "Instance failover group is busy with another operation.";
        return Err(refusal(409, "InstanceFailoverGroupBusy", message));
    }
    Ok(())
}

fn on_secondary() -> Refusal {
    refusal(
        400,
        "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary",
        "Modifications to the instance failover group are not allowed on a secondary server. Execute the request on the \
         primary server.",
    )
}
