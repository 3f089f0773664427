//! Instance failover groups: two instances of different regions, all of whose databases are copied from one to the other.

use super::estate::Estate;
use super::managed::ManagedInstance;
use crate::arm::backend::FailoverGroupSettings;
use crate::arm::path::InstancePath;

/// Databases with smaller ids are the system's.
const LAST_SYSTEM_DATABASE: i32 = 4;

/// A failover group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverGroup {
    /// Name.
    pub name: String,
    /// Primary and secondary.
    pub members: (InstancePath, InstancePath),
    /// What can be set.
    pub settings: FailoverGroupSettings,
    /// Databases that were copied.
    pub copies: Vec<String>,
}

impl FailoverGroup {
    /// Whether that is its name.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether an instance is a member.
    pub fn has(&self, path: &InstancePath) -> bool {
        self.members.0.is(path) || self.members.1.is(path)
    }

    /// The other member.
    pub fn partner(&self, path: &InstancePath) -> &InstancePath {
        if self.members.0.is(path) { &self.members.1 } else { &self.members.0 }
    }
}

impl Estate {
    /// The group that an instance is in: there is one at most.
    pub fn failover_group_of(&self, path: &InstancePath) -> Option<&FailoverGroup> {
        self.failover_groups.iter().find(|group| group.has(path))
    }

    pub(super) fn put_group(&mut self, wanted: &FailoverGroup) {
        let known = self
            .failover_groups
            .iter_mut()
            .find(|group| group.is_called(&wanted.name) && group.has(&wanted.members.0));
        match known {
            Some(group) => group.settings = wanted.settings.clone(),
            None => self.failover_groups.push(wanted.clone()),
        }
    }

    /// A member becomes primary, whoever was.
    pub(super) fn fail_over_group(&mut self, primary: &InstancePath, name: &str) {
        for group in &mut self.failover_groups {
            if group.is_called(name) && group.members.1.is(primary) {
                std::mem::swap(&mut group.members.0, &mut group.members.1);
            }
        }
    }

    /// Secondaries get the databases of their primaries, and lose what these have lost.
    ///
    /// What the copies hold and how far they lag is not modelled: a copy is there as soon as its source is.
    pub(super) fn mirror_groups(&mut self) {
        let Self { failover_groups, managed_instances, .. } = self;
        for group in failover_groups {
            let place = |path: &InstancePath| managed_instances.iter().position(|one| one.view.path.is(path));
            let (Some(from), Some(to)) = (place(&group.members.0), place(&group.members.1)) else { continue };
            let Ok([source, secondary]) = managed_instances.get_disjoint_mut([from, to]) else { continue };
            mirror(source, secondary, &mut group.copies);
        }
    }
}

fn mirror(source: &ManagedInstance, secondary: &mut ManagedInstance, copies: &mut Vec<String>) {
    let there = |managed: &ManagedInstance, name: &str| managed.engine.database(name).is_some();
    copies.retain(|name| {
        let kept = there(source, name);
        if !kept {
            secondary.engine.databases.retain(|one| !one.name.eq_ignore_ascii_case(name));
        }
        kept
    });
    for database in source.engine.databases.iter().filter(|one| one.id > LAST_SYSTEM_DATABASE) {
        if there(secondary, &database.name) {
            continue;
        }
        let mut copy = database.clone();
        copy.id = secondary.engine.databases.iter().map(|one| one.id).max().unwrap_or(0) + 1;
        copy.activity = 0;
        secondary.engine.databases.push(copy);
        copies.push(database.name.clone());
    }
}
