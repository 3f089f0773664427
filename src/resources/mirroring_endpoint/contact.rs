//! Whether those who were connected through the endpoint are connected again after its listener restarted.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::reach::Seen;
use crate::sql::Snapshot;
use crate::sql::catalog::{GroupRow, ReplicaStateRow};
use crate::sql::snapshot::Section;

pub(super) const SETTLED: &str = "settled";
pub(super) const PENDING: &str = "pending";
/// How long connections are given to come back after a restart; they were seen to take up to a minute.
const RECONNECT: Duration = Duration::from_secs(180);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// Somebody who is connected through the endpoint: a replica of a group; the other side of a distributed one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Peer {
    /// Name of the group.
    pub(super) group: String,
    /// `replica_id`.
    pub(super) replica: String,
}

/// The other sides of all links, connected or not.
pub(super) fn links(snapshot: &Snapshot) -> Section<Vec<Peer>> {
    peers(snapshot, |group, _| group.is_distributed)
}

/// Who is connected, as this server tells it: a primary knows all its replicas, a secondary only itself.
pub(super) fn connected(snapshot: &Snapshot) -> Section<Vec<Peer>> {
    peers(snapshot, |_, state| state.connected == Some(1))
}

fn peers(snapshot: &Snapshot, wanted: impl Fn(&GroupRow, &ReplicaStateRow) -> bool) -> Section<Vec<Peer>> {
    let groups = snapshot.groups.as_ref().map_err(Arc::clone)?;
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let states = snapshot.replica_states.as_ref().map_err(Arc::clone)?;
    let mut peers: Vec<Peer> = states
        .iter()
        .filter(|state| !state.is_local)
        .filter_map(|state| {
            let group = groups.iter().find(|group| group.id == state.group_id)?;
            let peer = Peer { group: group.name.clone(), replica: state.replica_id.clone() };
            wanted(group, state).then_some(peer)
        })
        .collect();
    peers.sort();
    Ok(peers)
}

/// Of those that are awaited, who is still there and not connected. Whose group is gone is awaited no more.
pub(super) fn missing(snapshot: &Snapshot, awaited: &[Peer]) -> Section<Vec<Peer>> {
    if awaited.is_empty() {
        return Ok(Vec::new());
    }
    let now = connected(snapshot)?;
    let groups = snapshot.groups.as_ref().map_err(Arc::clone)?;
    let there = |peer: &&Peer| {
        let group = groups.iter().find(|group| group.name == peer.group);
        group.is_some_and(|group| group.replicas.iter().any(|replica| replica.id == peer.replica))
    };
    Ok(awaited.iter().filter(there).filter(|peer| !now.contains(peer)).cloned().collect())
}

/// Waits until all are connected again, and answers with who is not. A request to stop ends the waiting: who is missing
/// stays in state, and the next run goes on.
pub(super) async fn await_contact(context: &Context<Clients>, seen: &Seen, awaited: &[Peer]) -> Vec<Peer> {
    if awaited.is_empty() {
        return Vec::new();
    }
    // Time is left to write the state.
    let limit = context.remaining().map_or(RECONNECT, |left| RECONNECT.min(left.saturating_sub(LOOK)));
    let until = Instant::now() + limit;
    let mut absent = awaited.to_vec();
    let mut seen_once = false;
    loop {
        // One look is not enough: the view may still show the connections that the restart has just closed.
        tokio::select! {
            biased;
            () = context.cancellation().cancelled() => return absent,
            () = tokio::time::sleep(LOOK) => {}
        }
        // A server that does not answer for a moment has lost nobody for good.
        if let Ok(now) = seen.again().await
            && let Ok(still) = missing(&now.snapshot, awaited)
        {
            if still.is_empty() && seen_once {
                return still;
            }
            seen_once = still.is_empty();
            if !still.is_empty() {
                absent = still;
            }
        }
        if Instant::now() >= until {
            return absent;
        }
    }
}

/// The groups of some peers, each once.
pub(super) fn names(peers: &[Peer]) -> String {
    let mut names: Vec<&str> = peers.iter().map(|peer| peer.group.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// For a switch after which somebody is missing.
///
/// # Errors
/// Always: success would let Terraform go on and delete what they still need.
pub(super) fn not_connected(endpoint: &str, peers: &[Peer]) -> Diagnostics {
    Diagnostic::error("Links are not connected again", lost(endpoint, peers))
        .hint(HINT)
        .at("certificate")
        .into()
}

/// The same, where nothing is deleted after it.
pub(super) fn not_connected_yet(endpoint: &str, peers: &[Peer]) -> Diagnostic {
    Diagnostic::warning("Links are not connected again", lost(endpoint, peers)).hint(HINT)
}

fn lost(endpoint: &str, peers: &[Peer]) -> String {
    format!(
        "The listener of the endpoint {endpoint} has restarted, and {} was not seen connected since; until then `contact` is \"pending\".",
        names(peers)
    )
}

const HINT: &str = "does the other side have the certificate that the endpoint shows (milink_server_trust_certificate), and can it reach \
                    the port? The next apply looks again before it deletes what the old certificate needs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_once() {
        let peer = |group: &str, replica: &str| Peer { group: group.to_owned(), replica: replica.to_owned() };
        assert_eq!(names(&[peer("B", "1"), peer("A", "2"), peer("B", "3")]), "A, B");
    }
}
