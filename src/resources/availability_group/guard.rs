//! What keeps a group from being dropped, and a database from being taken out of it, whoever made them.
//!
//! Each is asked in the plan, where it stops everything before anything is done, and again in the apply. In the plan of
//! a destroy only what no other resource of the same destroy can remove is refused: links go before their group.

use super::{AvailabilityGroup, GroupPrivate};
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::resources::reach::Seen;
use crate::resources::shared;
use crate::sql::catalog::GroupRow;

/// When it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Other resources of the same destroy have still to go.
    Plan,
    /// Whatever is to go before has gone.
    Apply,
}

/// Whether the group may be dropped.
///
/// # Errors
/// Why not; also when the login may not see what could stand in the way.
pub(super) fn drop(
    group: &GroupRow,
    prior: &AvailabilityGroup,
    private: &GroupPrivate,
    seen: &Seen,
    moment: Moment,
) -> Result<(), Diagnostics> {
    let what = format!("the availability group {}", group.name);
    // Nothing seen is no proof that nothing is there.
    seen.prove_sight(&what)?;
    let Some(why) = why_kept(group, prior, private, seen, moment)? else { return Ok(()) };
    let way_out = "remove that first, or set `on_destroy = \"keep\"`, apply, and destroy again";
    Err(shared::in_use(&what, &why, way_out).into())
}

fn why_kept(
    group: &GroupRow,
    prior: &AvailabilityGroup,
    private: &GroupPrivate,
    seen: &Seen,
    moment: Moment,
) -> Result<Option<String>, Diagnostics> {
    for over in seen.need(seen.snapshot.groups_over(&group.name))? {
        // A link may be a resource that goes first; nothing here removes a distributed group that is none.
        if moment == Moment::Apply || !over.is_link() {
            return Ok(Some(format!("the distributed availability group {} stands on it", over.name)));
        }
    }
    if group.replicas.len() > 1 {
        return Ok(Some(format!("it has {} replicas", group.replicas.len())));
    }
    if group.has_listener {
        return Ok(Some("a listener leads to it".to_owned()));
    }
    // Where no list was written, a link owned it and is gone; a link replicates one database.
    if !private.listed && group.databases.len() <= 1 {
        return Ok(None);
    }
    let is_ours = |name: &&String| {
        let mut ours = prior.databases.known().into_iter().flatten();
        private.listed && ours.any(|ours| seen.snapshot.facts.same_name(ours, name))
    };
    let foreign: Vec<&str> =
        group.databases.iter().filter(|name| !is_ours(name)).map(String::as_str).collect();
    if foreign.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!("it holds databases that are not declared here: {}", foreign.join(", "))))
}

/// Whether databases may be taken out of the group.
///
/// # Errors
/// While a link or a second replica depends on what is in it: their copies would be left restoring.
pub(super) fn removal(group: &GroupRow, databases: &[&String], seen: &Seen) -> Result<(), Diagnostics> {
    seen.prove_sight(&format!("databases of the availability group {}", group.name))?;
    let over = seen.need(seen.snapshot.groups_over(&group.name))?;
    let why = match over.first() {
        Some(over) => format!("the distributed availability group {} stands on it", over.name),
        None if group.replicas.len() > 1 => format!("it has {} replicas", group.replicas.len()),
        None => return Ok(()),
    };
    let names: Vec<&str> = databases.iter().map(|name| name.as_str()).collect();
    Err(Diagnostic::error(
        "A database is not taken out of its group",
        format!(
            "Taking {} out of the availability group {} would leave its copies without their source: {why}.",
            names.join(", "),
            group.name
        ),
    )
    .hint("leave it in `databases`, or remove what depends on it first")
    .at("databases")
    .into())
}

/// Databases that left the list and were put into the group by this resource: they are taken out.
pub(super) fn to_remove<'a>(
    prior: &'a AvailabilityGroup,
    planned: &AvailabilityGroup,
    private: &GroupPrivate,
) -> (Vec<&'a String>, Vec<&'a String>) {
    let (Some(before), Some(now)) = (prior.databases.known(), planned.databases.known()) else {
        return (Vec::new(), Vec::new());
    };
    super::compare::without(before, now, private)
        .into_iter()
        .partition(|name| private.added.iter().any(|added| private.same_name(added, name)))
}
