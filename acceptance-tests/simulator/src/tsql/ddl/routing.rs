//! Read-only routing: what a replica's URL and list may say.

use super::super::ast::ReplicaOptions;
use super::super::error::{SqlError, raise};
use super::replica::address;
use crate::world::group::AvailabilityGroup;

/// 19401.
pub(super) fn url(options: &ReplicaOptions) -> Result<(), SqlError> {
    match &options.read_only_routing_url {
        Some(Some(url)) if address(url).is_none_or(|(_, _, rest)| !rest.is_empty()) => {
            Err(raise!(19401, url, options.name))
        }
        _ => Ok(()),
    }
}

/// The lists of a group as they are now: 19402, 19403 and 19404.
pub(super) fn lists(group: &AvailabilityGroup, same: &dyn Fn(&str, &str) -> bool) -> Result<(), SqlError> {
    for replica in &group.replicas {
        let names: Vec<&String> = replica.read_only_routing_list.iter().flatten().collect();
        for (place, name) in names.iter().enumerate() {
            let earlier = names.get(..place).unwrap_or_default();
            if earlier.iter().any(|one| same(one, name)) {
                return Err(raise!(19402, name, replica.server_name));
            }
            let Some(target) = group.replicas.iter().find(|one| same(&one.server_name, name)) else {
                return Err(raise!(19403, name, replica.server_name, group.name));
            };
            if target.read_only_routing_url.is_none() {
                return Err(raise!(19404, name, replica.server_name));
            }
        }
    }
    Ok(())
}
