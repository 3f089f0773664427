//! Whether those who were connected through the endpoint are connected again after its listener restarted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::framework::context::Context;
use crate::framework::diagnostic::Diagnostics;
use crate::provider::Clients;
use crate::resources::reach::Seen;

pub(super) const SETTLED: &str = "settled";

pub(super) const PENDING: &str = "pending";

/// How long links are given to connect again after a switch; they were seen to take up to a minute.
pub(super) const RECONNECT: Duration = Duration::from_secs(180);

/// Between two looks.
pub(super) const LOOK: Duration = Duration::from_secs(2);

/// Distributed groups of this server that were connected when it was looked at.
pub(super) fn linked(seen: &Seen) -> Result<Vec<String>, Diagnostics> {
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    let mut names = Vec::new();
    for group in groups.iter().filter(|group| group.is_distributed) {
        if seen.need(seen.snapshot.remote_state(&group.id))?.is_some_and(|state| state.connected == Some(1)) {
            names.push(group.name.clone());
        }
    }
    Ok(names)
}

pub(super) async fn await_contact(
    _context: &Context<Clients>,
    seen: &Seen,
    links: &[String],
) -> Result<&'static str, Diagnostics> {
    let until = Instant::now() + RECONNECT;
    while Instant::now() < until {
        let now = seen.again().await?;
        let connected = linked(&now)?;
        if links.iter().all(|link| connected.contains(link)) {
            return Ok(SETTLED);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(PENDING)
}
