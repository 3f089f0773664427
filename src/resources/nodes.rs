//! The nodes of a group, and which of them is primary now.
//!
//! An object of a group names all its nodes and not the one that is primary, because that changes. One node that does
//! not answer holds nothing up while the primary is among those that do; what cannot be told (nobody who answers is
//! primary, or two are) is an error of a deed and leaves a read as it was.
//!
//! Who was met is remembered beside the state: `SERVERPROPERTY('ServerName')` of each block, and of every replica. A
//! block that points to a listener reaches another replica after a failover, which is right; whoever is neither is
//! another server, and would call everything gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use super::reach::{self, Absent, Expected, Seen, When};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::provider::Clients;
use crate::sql::catalog::GroupRow;

/// The argument that names them.
const ARGUMENT: &str = "sql_servers";
/// `sys.dm_hadr_availability_replica_states.role`.
const PRIMARY: i64 = 1;

/// Who was met, for the private state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// `SERVERPROPERTY('ServerName')` by the block's name.
    blocks: BTreeMap<String, String>,
    /// The same of all replicas of the group.
    replicas: BTreeSet<String>,
}

/// Which group is meant.
#[derive(Clone, Copy, Debug)]
pub struct GroupKey<'a> {
    /// Its name.
    pub name: &'a str,
    /// `group_id`, where it is known: then the name counts for nothing.
    pub id: Option<&'a str>,
}

impl<'a> From<&'a str> for GroupKey<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, id: None }
    }
}

/// The nodes at one moment.
#[derive(Debug)]
pub struct Nodes {
    seen: Vec<Seen>,
    /// What the object calls the block of each; in the order of `seen`.
    blocks: Vec<String>,
    missing: Vec<Missing>,
}

/// A block whose server is not at hand.
#[derive(Debug)]
struct Missing {
    block: Option<String>,
    why: Absent,
}

/// Where a group is.
#[derive(Debug)]
pub enum Place<'a> {
    /// Primary here.
    Primary(&'a Seen, &'a GroupRow),
    /// Several servers say that it is primary there.
    Several(Vec<&'a Seen>),
    /// Known here, and not primary with anybody who answers.
    NotPrimary(&'a Seen, &'a GroupRow),
    /// Unknown to everybody who answers.
    Nowhere,
}

/// What a read finds.
#[derive(Debug)]
pub enum Reading<'a> {
    /// The group, on the node that tells most of it.
    Here(&'a Seen, &'a GroupRow),
    /// It cannot be told now: the prior state stays.
    Keep,
    /// It is proven that no node knows it.
    Gone,
}

impl Nodes {
    /// For a read: shared with other reads of the plan. Where no block is named, all are searched.
    ///
    /// # Errors
    /// When another server answers than was met before, or no server is configured.
    pub async fn read(
        context: &Context<Clients>,
        blocks: &Field<Vec<String>>,
        remembered: &Remembered,
    ) -> Result<Self, Diagnostics> {
        Self::ask(context, blocks, remembered, When::Lately).await
    }

    /// For a deed on `group`: the nodes as they are now. A node that did not answer a moment ago is not waited for
    /// again while the primary is among the others.
    ///
    /// # Errors
    /// When another server answers than was met before, or no server is configured. Nodes that do not answer are none:
    /// [`Nodes::primary`] says whether they are missed.
    pub async fn look<'k>(
        context: &Context<Clients>,
        blocks: &Field<Vec<String>>,
        remembered: &Remembered,
        group: impl Into<GroupKey<'k>>,
    ) -> Result<Self, Diagnostics> {
        let nodes = Self::ask(context, blocks, remembered, When::NowUnlessSilent).await?;
        if nodes.missing.is_empty() || matches!(nodes.place(group), Ok(Place::Primary(..))) {
            return Ok(nodes);
        }
        Self::ask(context, blocks, remembered, When::Now).await
    }

    /// For a plan: those nodes that can be had. A server that does not answer is a warning, for planning never needs
    /// one; a block that is not there is an error.
    ///
    /// # Errors
    /// When a block is not configured.
    pub async fn peek(
        context: &Context<Clients>,
        blocks: &Field<Vec<String>>,
        remembered: &Remembered,
    ) -> Result<Self, Diagnostics> {
        if context.client().is_none() || blocks.is_unknown() {
            return Ok(Self { seen: Vec::new(), blocks: Vec::new(), missing: Vec::new() });
        }
        let nodes = Self::ask(context, blocks, remembered, When::Lately).await?;
        for missing in &nodes.missing {
            match &missing.why {
                Absent::Wrong(diagnostic) => return Err(diagnostic.clone().at(ARGUMENT).into()),
                why => reach::unlooked(context, why),
            }
        }
        Ok(nodes)
    }

    async fn ask(
        context: &Context<Clients>,
        blocks: &Field<Vec<String>>,
        remembered: &Remembered,
        when: When,
    ) -> Result<Self, Diagnostics> {
        let clients = reach::clients(context)?;
        let named: Vec<Option<String>> = match blocks.known() {
            Some(names) if !names.is_empty() => names.iter().cloned().map(Some).collect(),
            // Nobody said where it is (an import): whoever knows it says so.
            _ if clients.slots().len() > 1 => clients.slots().iter().map(|slot| slot.name.clone()).collect(),
            _ => vec![None],
        };
        let answers = join_all(named.iter().map(|block| {
            let expected = remembered.of(block.as_deref());
            async move { reach::ask(clients, block.as_deref(), &expected, when).await }
        }))
        .await;
        let mut nodes = Self { seen: Vec::new(), blocks: Vec::new(), missing: Vec::new() };
        for (block, answer) in named.into_iter().zip(answers) {
            match answer {
                Ok(seen) => {
                    nodes.blocks.push(block.unwrap_or_else(|| seen.server.name().to_owned()));
                    nodes.seen.push(seen);
                }
                Err(Absent::Another(diagnostic)) => return Err(diagnostic.at(ARGUMENT).into()),
                Err(why) => nodes.missing.push(Missing { block, why }),
            }
        }
        Ok(nodes)
    }

    /// The nodes that answered.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Whether every node answered.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Looks again at the nodes that answered; who stopped to answer since is missing.
    ///
    /// # Errors
    /// When no node answers any more.
    pub async fn again(&self) -> Result<Vec<Seen>, Diagnostics> {
        let mut seen = Vec::new();
        let mut error = None;
        for answer in join_all(self.seen.iter().map(Seen::again)).await {
            match answer {
                Ok(now) => seen.push(now),
                Err(failed) => error = Some(failed),
            }
        }
        match error {
            Some(error) if seen.is_empty() => Err(error),
            _ => Ok(seen),
        }
    }

    /// The first node, for a group that is made: all of them must answer, for one that does not may hold the group.
    ///
    /// # Errors
    /// When a node is missing.
    pub fn first(&self) -> Result<&Seen, Diagnostics> {
        if let Some(missing) = self.missing.first() {
            return Err(missing.why.diagnostic("look at", ARGUMENT).into());
        }
        self.seen.first().ok_or_else(|| {
            Diagnostic::error("No SQL Server is named", "A group needs a server in `sql_servers`.")
                .at(ARGUMENT)
                .into()
        })
    }

    /// Where a group is.
    ///
    /// # Errors
    /// When nobody says that it is primary and a node may not be asked about groups.
    pub fn place<'k>(&self, group: impl Into<GroupKey<'k>>) -> Result<Place<'_>, Diagnostics> {
        place(&self.seen, group.into())
    }

    /// The node on which the group is primary, for a deed.
    ///
    /// # Errors
    /// When nobody is, or two are; nodes that did not answer are named with the reason.
    pub fn primary<'k>(&self, group: impl Into<GroupKey<'k>>) -> Result<&Seen, Diagnostics> {
        let key = group.into();
        match self.place(key)? {
            Place::Primary(seen, _) => Ok(seen),
            Place::Several(several) => Err(two_primaries(key.name, &several).into()),
            Place::NotPrimary(..) | Place::Nowhere => {
                let roles: Vec<String> = self.seen.iter().filter_map(|seen| role_of(seen, key)).collect();
                let roles = if roles.is_empty() {
                    "unknown to every server that answers".to_owned()
                } else {
                    roles.join(", ")
                };
                let silent: Vec<String> =
                    self.missing.iter().map(|missing| missing.why.to_string()).collect();
                let silent = if silent.is_empty() {
                    String::new()
                } else {
                    format!(" Not asked: {}.", silent.join("; "))
                };
                Err(Diagnostic::error(
                    "The primary replica was not found",
                    format!("The availability group {} is {roles}.{silent}", key.name),
                )
                .hint("name all replicas in `sql_servers`, and run again when the primary answers")
                .at(ARGUMENT)
                .into())
            }
        }
    }

    /// What a read of a group finds. A node that did not answer is a warning while the primary is among the others; an
    /// error, or with `unreachable = "keep"` a reason to keep the prior state, where it may be the one that matters.
    ///
    /// # Errors
    /// When a node cannot be asked and matters, or cannot tell absent from hidden.
    pub fn reading<'k>(
        &self,
        context: &Context<Clients>,
        group: impl Into<GroupKey<'k>>,
    ) -> Result<Reading<'_>, Diagnostics> {
        let key = group.into();
        match self.place(key)? {
            Place::Primary(seen, row) => {
                for missing in &self.missing {
                    reach::unlooked(context, &missing.why);
                }
                Ok(Reading::Here(seen, row))
            }
            Place::Several(several) => {
                if context
                    .client()
                    .is_some_and(|clients| clients.say_once(&format!("two primaries {}", key.name)))
                {
                    let mut warning = two_primaries(key.name, &several);
                    warning.severity = crate::framework::diagnostic::Severity::Warning;
                    context.warn(warning);
                }
                Ok(Reading::Keep)
            }
            Place::NotPrimary(..) | Place::Nowhere if !self.missing.is_empty() => {
                for missing in &self.missing {
                    reach::kept_or_failed(context, &missing.why, ARGUMENT)?;
                }
                Ok(Reading::Keep)
            }
            Place::NotPrimary(seen, row) => Ok(Reading::Here(seen, row)),
            Place::Nowhere => {
                for seen in &self.seen {
                    seen.prove_absence(&format!("the availability group {}", key.name))?;
                }
                Ok(Reading::Gone)
            }
        }
    }

    /// The blocks of all nodes, as the object calls them.
    pub fn names(&self) -> Vec<String> {
        let missing = self.missing.iter().filter_map(|missing| missing.block.clone());
        self.blocks.iter().cloned().chain(missing).collect()
    }

    /// Whether none of the nodes is one that was met before; not while none was, or none answers.
    pub fn are_others_than(&self, before: &Remembered) -> bool {
        let met = |seen: &Seen| {
            let name = &seen.snapshot.facts.server_name;
            before.blocks.values().chain(&before.replicas).any(|known| known.eq_ignore_ascii_case(name))
        };
        self.is_complete() && !self.seen.is_empty() && !before.blocks.is_empty() && !self.seen.iter().any(met)
    }

    /// The blocks whose servers know the group, for a state that does not name any yet.
    pub fn holders<'k>(&self, group: impl Into<GroupKey<'k>>) -> Vec<String> {
        let key = group.into();
        self.seen
            .iter()
            .filter(|seen| matches!(row(seen, key), Ok(Some(_))))
            .map(|seen| seen.server.name().to_owned())
            .collect()
    }

    /// Who was met, for the private state: `before` stays for who did not answer.
    pub fn remember<'k>(&self, before: &Remembered, group: impl Into<GroupKey<'k>>) -> Remembered {
        let key = group.into();
        let mut now = Remembered::default();
        for (block, seen) in self.blocks.iter().zip(&self.seen) {
            now.blocks.insert(block.clone(), seen.snapshot.facts.server_name.clone());
            if let Ok(Some(row)) = row(seen, key) {
                now.add_replicas(row);
            }
        }
        for block in self.missing.iter().filter_map(|missing| missing.block.as_ref()) {
            if let Some(name) = before.blocks.get(block) {
                now.blocks.insert(block.clone(), name.clone());
            }
        }
        if now.replicas.is_empty() {
            now.replicas.clone_from(&before.replicas);
        }
        now
    }
}

impl Remembered {
    /// Adds the replicas of a local group, as one of them knows them.
    pub fn add_replicas(&mut self, group: &GroupRow) {
        if !group.is_distributed {
            self.replicas.extend(group.replicas.iter().map(|replica| replica.server_name.clone()));
        }
    }

    /// Who may answer under a block.
    fn of(&self, block: Option<&str>) -> Expected {
        let own = match block {
            Some(block) => self.blocks.get(block),
            // The only block was not named.
            None => self.blocks.values().next(),
        };
        match own {
            Some(own) => Expected { own: Some(own.clone()), others: self.replicas.clone() },
            None => Expected::default(),
        }
    }
}

/// The blocks that are named; the only one where none is.
pub fn blocks(field: &Field<Vec<String>>) -> Vec<Field<String>> {
    match field.known() {
        Some(names) if !names.is_empty() => names.iter().map(|name| Field::Known(name.clone())).collect(),
        _ => vec![Field::Null],
    }
}

/// The first block that is named.
pub fn first(field: &Field<Vec<String>>) -> Field<String> {
    if field.is_unknown() {
        return Field::Unknown;
    }
    blocks(field).into_iter().next().unwrap_or(Field::Null)
}

/// A group as one node knows it.
///
/// # Errors
/// When the node may not be asked about groups.
pub fn row<'s>(seen: &'s Seen, key: GroupKey<'_>) -> Result<Option<&'s GroupRow>, Diagnostics> {
    match key.id {
        None => seen.need(seen.snapshot.group(key.name)),
        Some(id) => {
            let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
            Ok(groups.iter().find(|group| group.id.eq_ignore_ascii_case(id)))
        }
    }
}

fn place<'s>(nodes: &'s [Seen], key: GroupKey<'_>) -> Result<Place<'s>, Diagnostics> {
    let mut primaries: Vec<(&Seen, &GroupRow)> = Vec::new();
    let mut holder = None;
    let mut denied = None;
    for seen in nodes {
        let known = row(seen, key).and_then(|found| match found {
            Some(group) => Ok(Some((group, seen.need(seen.snapshot.local_role(&group.id))?))),
            None => Ok(None),
        });
        match known {
            // Two blocks may lead to one server.
            Ok(Some((group, Some(PRIMARY)))) => {
                if !primaries.iter().any(|(other, _)| same_server(other, seen)) {
                    primaries.push((seen, group));
                }
            }
            Ok(Some((group, _))) => holder = holder.or(Some((seen, group))),
            Ok(None) => {}
            Err(error) => denied = denied.or(Some(error)),
        }
    }
    match (primaries.as_slice(), holder, denied) {
        ([(seen, group)], ..) => Ok(Place::Primary(seen, group)),
        ([], _, Some(error)) => Err(error),
        ([], Some((seen, group)), None) => Ok(Place::NotPrimary(seen, group)),
        ([], None, None) => Ok(Place::Nowhere),
        (several, ..) => Ok(Place::Several(several.iter().map(|(seen, _)| *seen).collect())),
    }
}

fn same_server(left: &Seen, right: &Seen) -> bool {
    left.snapshot.facts.server_name.eq_ignore_ascii_case(&right.snapshot.facts.server_name)
}

fn role_of(seen: &Seen, key: GroupKey<'_>) -> Option<String> {
    let group = row(seen, key).ok().flatten()?;
    let role = match seen.snapshot.local_role(&group.id).ok().flatten() {
        Some(2) => "secondary",
        Some(0) => "resolving",
        _ => "without a role",
    };
    Some(format!("{role} on {}", seen.server.name()))
}

/// A new group has one node: others are made and joined by whoever runs the cluster below them.
pub fn one_node(name: &str) -> Diagnostic {
    Diagnostic::error(
        "A new group has one node",
        format!("No server of `sql_servers` knows the availability group {name}, and on which of them to make it is not clear."),
    )
    .hint("name one server to make a group of one node; a group of several is made first, and taken over here")
    .at(ARGUMENT)
}

fn two_primaries(name: &str, several: &[&Seen]) -> Diagnostic {
    let servers: Vec<&str> = several.iter().map(|seen| seen.server.name()).collect();
    Diagnostic::error(
        "Two servers say that they are primary",
        format!("The availability group {name} is primary on {}.", servers.join(" and ")),
    )
    .hint(
        "where these are replicas of one group, decide which is right and make the other secondary; where they are groups of one name, \
         leave all but one out of `sql_servers`",
    )
    .at(ARGUMENT)
}
