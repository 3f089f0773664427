//! The two halves of a link as they are now, and which of the objects that bear its name are its own.
//!
//! A name proves nothing: somebody may have removed the link and made another of that name, for another server or
//! another instance. What is not the link's own is a *stranger*: it is named to the user and never touched.

use crate::arm;
use crate::arm::LinkId;
use crate::arm::link::{Link as ArmLink, LinkDatabase};
use crate::framework::diagnostic::Diagnostics;
use crate::resources::nodes::Nodes;
use crate::resources::reach::{self, Seen};
use crate::sql::catalog::GroupRow;
use crate::sql::quote::EndpointUrl;

use super::Link;

/// Both halves at one moment.
pub(super) struct Halves {
    /// Azure's.
    pub(super) arm: Option<ArmLink>,
    /// SQL Server's, with the node that showed it: the one that is primary, where it can be told.
    pub(super) sql: Option<(Seen, GroupRow)>,
    /// What bears the link's name and is not this link's, as sentences.
    pub(super) strangers: Vec<String>,
}

impl Halves {
    /// Finds the halves of `model` among what both sides show. `nodes` are the replicas of its group.
    pub(super) fn of(
        links: Vec<ArmLink>,
        nodes: &[Seen],
        model: &Link,
        id: &LinkId,
    ) -> Result<Self, Diagnostics> {
        let mut strangers = Vec::new();
        let mut arm = links.into_iter().find(|link| link.name.eq_ignore_ascii_case(&id.name));
        if let Some(link) = &arm {
            let differences = of_link(link, model);
            if !differences.is_empty() {
                let what = format!("the link {} of the managed instance {}", id.name, id.instance.name);
                strangers.push(format!("{what}: {}", differences.join("; ")));
                arm = None;
            }
        }
        let mut sql: Option<(Seen, GroupRow)> = None;
        for seen in nodes {
            let Some(group) = seen.need(seen.snapshot.group(&id.name))? else { continue };
            if let Some(difference) = of_group(seen, group, model) {
                strangers.push(format!(
                    "the availability group {} on the SQL Server \"{}\": {difference}",
                    group.name,
                    seen.server.name()
                ));
                continue;
            }
            if sql.is_none() || leads(seen, model)? {
                sql = Some((seen.clone(), group.clone()));
            }
        }
        Ok(Self { arm, sql, strangers })
    }

    /// The databases that Azure's half says it has.
    pub(super) fn databases(&self) -> &[LinkDatabase] {
        self.arm.as_ref().map_or(&[], |link| &link.properties.databases)
    }

    /// Whether the two sides see each other now. SQL Server alone may be in contact with a link that ends this moment.
    pub(super) fn in_contact(&self) -> Result<bool, Diagnostics> {
        if self.arm.is_none() {
            return Ok(false);
        }
        if self.databases().iter().any(|database| database.is_connected() || database.follows()) {
            return Ok(true);
        }
        match &self.sql {
            Some((seen, group)) => Ok(seen
                .need(seen.snapshot.remote_state(&group.id))?
                .is_some_and(|state| state.connected == Some(1))),
            None => Ok(false),
        }
    }

    /// Whether SQL Server is primary of the distributed group, by its own word.
    pub(super) fn sql_server_is_primary(&self) -> Result<bool, Diagnostics> {
        match &self.sql {
            Some((seen, group)) => Ok(seen.need(seen.snapshot.local_role(&group.id))? == Some(1)),
            None => Ok(false),
        }
    }
}

/// Both halves as they are now, for deeds.
pub(super) async fn look(
    azure: &arm::Client,
    nodes: &Nodes,
    model: &Link,
    id: &LinkId,
) -> Result<Halves, Diagnostics> {
    azure.forget();
    let links = azure
        .links(&id.instance)
        .await
        .map_err(|error| reach::arm_error(&format!("look for the link {}", id.name), &error))?;
    Halves::of(links, &nodes.again().await?, model, id)
}

/// In what a link of this name differs from the state or plan, as phrases; nothing that is not known is compared. What
/// is compared cannot be changed in the service, so a link that differs is another one.
pub(super) fn of_link(link: &ArmLink, model: &Link) -> Vec<String> {
    let properties = &link.properties;
    let mut differences = Vec::new();
    let mut compare = |what: &str, ours: Option<&str>, has: Option<&str>| {
        if let (Some(ours), Some(has)) = (ours, has)
            && !ours.eq_ignore_ascii_case(has)
        {
            differences.push(format!("{what} is {has}, not {ours}"));
        }
    };
    compare(
        "its group on SQL Server",
        model.availability_group_name.as_str(),
        properties.partner_availability_group_name.as_deref(),
    );
    compare(
        "its group on the instance",
        model.instance_availability_group_name.as_str(),
        properties.instance_availability_group_name.as_deref(),
    );
    if let (Some(ours), Some(has)) = (model.partner_endpoint.as_str(), properties.partner_endpoint.as_deref())
        && EndpointUrl::parse(ours).is_ok_and(|url| !url.same(has))
    {
        differences.push(format!("its partner endpoint is {has}, not {ours}"));
    }
    let names: Vec<&str> =
        properties.databases.iter().map(|database| database.database_name.as_str()).collect();
    for ours in model.databases.known().into_iter().flatten() {
        if !names.is_empty() && !names.iter().any(|has| has.eq_ignore_ascii_case(ours)) {
            differences.push(format!("its databases are {}, without {ours}", names.join(", ")));
        }
    }
    differences
}

/// In what a group of this name is not this link's; its addresses may have been changed since.
fn of_group(seen: &Seen, group: &GroupRow, model: &Link) -> Option<String> {
    if !group.is_distributed {
        return Some("it is not a distributed group".to_owned());
    }
    let same = |left: &str, right: &str| seen.snapshot.facts.same_name(left, right);
    for ours in [&model.availability_group_name, &model.instance_availability_group_name] {
        if let Some(ours) = ours.as_str()
            && !group.replicas.iter().any(|member| same(&member.server_name, ours))
        {
            return Some(format!("it has no member {ours}"));
        }
    }
    let Some(host) = group.instance_host() else {
        return Some("none of its members is a managed instance".to_owned());
    };
    match model.fully_qualified_domain_name.as_str() {
        Some(ours) if !ours.eq_ignore_ascii_case(host) => {
            Some(format!("it leads to the managed instance {host}, not to {ours}"))
        }
        _ => None,
    }
}

/// Whether the local group of the link is primary on this node.
fn leads(seen: &Seen, model: &Link) -> Result<bool, Diagnostics> {
    let Some(local) = model.availability_group_name.as_str() else { return Ok(false) };
    let Some(group) = seen.need(seen.snapshot.group(local))? else { return Ok(false) };
    Ok(seen.need(seen.snapshot.local_role(&group.id))? == Some(1))
}
