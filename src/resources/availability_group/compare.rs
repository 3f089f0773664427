//! What a group has against what is written, and what of it goes into the state.

use std::collections::BTreeSet;

use super::words::{mode_word, preference_word};
use super::{AvailabilityGroup, GroupPrivate};
use crate::framework::model::Field;
use crate::resources::nodes::Nodes;
use crate::resources::reach::Seen;
use crate::sql::catalog::{GroupRow, ReplicaRow};
use crate::sql::quote::EndpointUrl;

/// One thing in which a group that was found differs from what is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// The argument.
    pub(super) at: &'static str,
    /// As part of a sentence: `its backup preference is none, not primary`.
    pub(super) text: String,
}

/// Every written and known argument against the group; nothing where they agree. What is not written is as it is.
pub(super) fn differences(group: &GroupRow, config: &AvailabilityGroup, seen: &Seen) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |at: &'static str, text: String| found.push(Difference { at, text });
    if group.is_distributed {
        differ("name", "it is a distributed group".to_owned());
        return found;
    }
    let facts = &seen.snapshot.facts;
    let replica = local_replica(group, seen);
    for database in config.databases.known().into_iter().flatten() {
        if !group.databases.iter().any(|has| facts.same_name(has, database)) {
            let has = if group.databases.is_empty() { "none".to_owned() } else { group.databases.join(", ") };
            differ("databases", format!("it does not hold the database {database}, but {has}"));
        }
    }
    if let (Some(wanted), Some(has)) =
        (config.endpoint_url.as_str(), replica.and_then(|replica| replica.endpoint_url.as_deref()))
        && !is_reached_at(group, wanted)
    {
        differ("endpoint_url", format!("its replica is reached at {has}, not {wanted}"));
    }
    let mut word = |at: &'static str, what: &str, wanted: &Field<String>, has: &str| {
        if let Some(wanted) = wanted.as_str()
            && wanted != has
        {
            differ(at, format!("its {what} is {has}, not {wanted}"));
        }
    };
    let preference = preference_word(group.backup_preference);
    word("backup_preference", "backup preference", &config.backup_preference, preference);
    word("availability_mode", "commit mode", &config.availability_mode, mode_word(replica));
    for (at, wanted, has) in [
        ("db_failover", &config.db_failover, group.db_failover),
        ("dtc_support", &config.dtc_support, group.dtc_support),
        ("basic", &config.basic, group.is_basic),
    ] {
        if let Some(wanted) = wanted.known()
            && *wanted != has
        {
            differ(at, format!("its {at} is {has}, not {wanted}"));
        }
    }
    found
}

/// All of them as one sentence's part.
pub(super) fn sentence(differences: &[Difference]) -> String {
    let texts: Vec<&str> = differences.iter().map(|difference| difference.text.as_str()).collect();
    texts.join("; ")
}

/// Names of `wanted` that `among` does not have, by the collation of who was asked last.
pub(super) fn without<'a>(
    wanted: &'a BTreeSet<String>,
    among: &BTreeSet<String>,
    private: &GroupPrivate,
) -> Vec<&'a String> {
    wanted.iter().filter(|name| !among.iter().any(|has| private.same_name(has, name))).collect()
}

/// What was planned as unknown is as it was found.
pub(super) fn fill(model: &mut AvailabilityGroup, group: &GroupRow, seen: &Seen, nodes: &Nodes) {
    model.group_id = Field::Known(group.id.clone());
    if model.sql_servers.known().is_none() {
        model.sql_servers = Field::Known(nodes.names());
    }
    if model.databases.is_unknown() {
        model.databases = databases_of(group);
    }
    let replica = local_replica(group, seen);
    if model.endpoint_url.is_unknown() {
        model.endpoint_url = replica.and_then(|replica| replica.endpoint_url.clone()).into();
    }
    if model.backup_preference.is_unknown() {
        model.backup_preference = preference_word(group.backup_preference).into();
    }
    if model.availability_mode.is_unknown() {
        model.availability_mode = mode_word(replica).into();
    }
    for (field, found) in [
        (&mut model.db_failover, group.db_failover),
        (&mut model.dtc_support, group.dtc_support),
        (&mut model.basic, group.is_basic),
    ] {
        if field.is_unknown() {
            *field = Field::Known(found);
        }
    }
}

/// The group as it is now, over what the state says. Spellings and lists of the state stay where they mean the same.
pub(super) fn refresh(model: &mut AvailabilityGroup, group: &GroupRow, seen: &Seen) {
    let facts = &seen.snapshot.facts;
    if !model.name.as_str().is_some_and(|known| facts.same_name(known, &group.name)) {
        model.name = Field::Known(group.name.clone());
    }
    model.group_id = Field::Known(group.id.clone());
    model.databases = match std::mem::take(&mut model.databases) {
        // What others put into the group is theirs.
        Field::Known(ours) => Field::Known(
            ours.into_iter()
                .filter(|ours| group.databases.iter().any(|has| facts.same_name(has, ours)))
                .collect(),
        ),
        Field::Null | Field::Unknown => databases_of(group),
    };
    let replica = local_replica(group, seen);
    // In a group of several nodes another may be primary now, and the URL of none has changed.
    if !model.endpoint_url.as_str().is_some_and(|known| is_reached_at(group, known))
        && let Some(url) = replica.and_then(|replica| replica.endpoint_url.clone())
    {
        model.endpoint_url = Field::Known(url);
    }
    model.backup_preference = preference_word(group.backup_preference).into();
    model.db_failover = Field::Known(group.db_failover);
    model.dtc_support = Field::Known(group.dtc_support);
    model.basic = Field::Known(group.is_basic);
    if model.availability_mode.known().is_none() {
        model.availability_mode = mode_word(replica).into();
    }
}

/// Whether one of its replicas has this URL.
fn is_reached_at(group: &GroupRow, url: &str) -> bool {
    let same = |has: &str| match EndpointUrl::parse(url) {
        Ok(url) => url.same(has),
        // SQL Server holds URLs that are never written here, as those with IPv6 addresses.
        Err(_) => url.eq_ignore_ascii_case(has),
    };
    group.replicas.iter().any(|replica| replica.endpoint_url.as_deref().is_some_and(same))
}

fn databases_of(group: &GroupRow) -> Field<BTreeSet<String>> {
    if group.databases.is_empty() {
        Field::Null
    } else {
        Field::Known(group.databases.iter().cloned().collect())
    }
}

fn local_replica<'a>(group: &'a GroupRow, seen: &Seen) -> Option<&'a ReplicaRow> {
    let own = &seen.snapshot.facts.server_name;
    group.replicas.iter().find(|replica| replica.server_name.eq_ignore_ascii_case(own))
}
