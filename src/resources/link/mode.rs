//! The commit mode of a link: what it is, when another one is drift, and how it is set.
//!
//! Both sides have to say the same: SQL Server's distributed group and Azure's link. Every link begins asynchronous, and
//! Azure takes another mode only when the link replicates; a declared `Sync` is pending until then. A failover puts the
//! mode back by itself, which is no drift.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::halves::{self, Halves};
use super::{Link, LinkPrivate, establish, id};
use crate::arm;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Remembered};
use crate::resources::reach::{self, Seen};
use crate::sql::statement::AvailabilityMode;

/// How a link begins.
pub(super) const ASYNC: &str = "Async";
/// Each commit waits for the other side.
pub(super) const SYNC: &str = "Sync";
/// How long setting both sides, or taking the first back, may take.
const BOTH_SIDES: Duration = Duration::from_secs(10 * 60);

/// The mode of the link, for the state. Where the two sides differ (a change was cut off between them) it is the one that
/// is not declared, so that a plan shows a change and the apply sets both.
pub(super) fn observed(halves: &Halves, declared: Option<&str>) -> Option<&'static str> {
    let azure = halves.arm.as_ref().and_then(|link| match link.properties.replication_mode.as_deref() {
        Some(mode) if mode.eq_ignore_ascii_case(SYNC) => Some(SYNC),
        Some(mode) if mode.eq_ignore_ascii_case(ASYNC) => Some(ASYNC),
        _ => None,
    })?;
    let Some((_, group)) = &halves.sql else { return Some(azure) };
    let wanted = i64::from(azure == SYNC);
    if group.replicas.iter().all(|member| member.availability_mode == wanted) {
        return Some(azure);
    }
    Some(if declared == Some(SYNC) { ASYNC } else { SYNC })
}

/// What the state says of the mode after a read.
pub(super) fn settle(model: &mut Link, private: &mut LinkPrivate, halves: &Halves) {
    match &private.mode_written_under {
        None => private.mode_written_under = model.observed_primary.as_str().map(str::to_owned),
        Some(written) if model.observed_primary.as_str().is_some_and(|now| now != written) => {
            private.roles_moved = true;
        }
        Some(_) => {}
    }
    let declared = model.replication_mode.as_str();
    let seeded =
        !halves.databases().is_empty() && halves.databases().iter().all(arm::link::LinkDatabase::is_seeded);
    let stands = declared.is_some() && (private.roles_moved || (private.mode_pending && !seeded));
    if let Some(mode) = observed(halves, declared)
        && !stands
    {
        model.replication_mode = mode.into();
    }
}

/// Sets the mode on both sides: SQL Server first, because a side that waits for nobody hurts nobody. What does not
/// succeed on both is taken back, so that a production database is not left waiting for each commit.
///
/// # Errors
/// A link that does not replicate yet, and what a side refuses.
pub(super) async fn set(
    context: &Context<Clients>,
    planned: &Link,
    servers: &Remembered,
    mode: &str,
) -> Result<(), Diagnostics> {
    let id = id(planned)?;
    let azure = reach::azure(context)?;
    let local = planned.availability_group_name.as_str().unwrap_or_default();
    let nodes = Nodes::look(context, &planned.sql_servers, servers, local).await?;
    let halves = halves::look(&azure, &nodes, planned, &id).await?;
    let seen = nodes.primary(local)?;
    let refuse = |detail: String, hint: &str| {
        Err(Diagnostics::from(
            Diagnostic::error("The commit mode was not changed", detail).hint(hint).at("replication_mode"),
        ))
    };
    let (Some((_, group)), false) = (&halves.sql, halves.databases().is_empty()) else {
        return refuse(
            format!("The link {} has only one of its halves.", id.name),
            "see the warnings of the plan",
        );
    };
    if let Some(database) = halves.databases().iter().find(|database| !database.is_seeded()) {
        return refuse(
            format!(
                "The link {} does not replicate yet: the database {} is {}.",
                id.name,
                database.database_name,
                database.replica_state.as_deref().unwrap_or("without a state")
            ),
            "apply again when it is seeded; milink_link_synchronization waits for that",
        );
    }
    let before = if group.replicas.iter().any(|member| member.availability_mode == 1) {
        AvailabilityMode::Synchronous
    } else {
        AvailabilityMode::Asynchronous
    };
    let wanted = if mode == SYNC { AvailabilityMode::Synchronous } else { AvailabilityMode::Asynchronous };
    let both = both_sides(&azure, seen, planned, mode, wanted, before);
    context.critical("setting the commit mode of a link", BOTH_SIDES, both).await
}

async fn both_sides(
    azure: &arm::Client,
    seen: &Seen,
    planned: &Link,
    mode: &str,
    wanted: AvailabilityMode,
    before: AvailabilityMode,
) -> Result<(), Diagnostics> {
    let id = id(planned)?;
    // Terraform's wish to stop waits until both sides are the same again.
    let unstoppable = CancellationToken::new();
    let statement = establish::set_distributed_mode(planned, &id, wanted)?;
    if let Err(error) = seen.server.execute(&statement, &unstoppable).await {
        // A lost answer says nothing; the server does.
        let done = error.is_outcome_unknown() && has_mode(seen, &id.name, wanted).await;
        if !done {
            take_back(seen, planned, before).await;
            return Err(reach::statement_error(&seen.server, &statement, &error).into());
        }
    }
    let wait = arm::Wait {
        cancellation: unstoppable.clone(),
        deadline: tokio::time::Instant::now().checked_add(BOTH_SIDES / 2),
    };
    let changed = match azure.set_replication_mode(&id, mode, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    let Err(error) = changed else { return Ok(()) };
    if azure_has_mode(azure, &id, mode).await {
        return Ok(());
    }
    let mut diagnostic = reach::arm_error(&format!("set the commit mode of the link {}", id.name), &error)
        .at("replication_mode");
    if !take_back(seen, planned, before).await {
        let command = establish::set_distributed_mode(planned, &id, before)
            .map(|statement| statement.kind().to_owned());
        diagnostic = diagnostic.hint(format!(
            "SQL Server could not be put back either and has the new mode now; the next apply tries again, or run {} there",
            command.unwrap_or_default()
        ));
    }
    Err(diagnostic.into())
}

/// Whether SQL Server is as it was before, now.
async fn take_back(seen: &Seen, planned: &Link, before: AvailabilityMode) -> bool {
    let Ok(id) = id(planned) else { return false };
    let Ok(statement) = establish::set_distributed_mode(planned, &id, before) else { return false };
    match seen.server.execute(&statement, &CancellationToken::new()).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!("the commit mode of the link {} could not be put back: {error}", id.name);
            has_mode(seen, &id.name, before).await
        }
    }
}

async fn has_mode(seen: &Seen, name: &str, mode: AvailabilityMode) -> bool {
    let wanted = i64::from(mode == AvailabilityMode::Synchronous);
    match seen.again().await {
        Ok(now) => matches!(
            now.snapshot.group(name),
            Ok(Some(group)) if group.replicas.iter().all(|member| member.availability_mode == wanted)
        ),
        Err(_) => false,
    }
}

async fn azure_has_mode(azure: &arm::Client, id: &arm::LinkId, mode: &str) -> bool {
    azure.forget();
    match azure.links(&id.instance).await {
        Ok(links) => links.iter().any(|link| {
            link.name.eq_ignore_ascii_case(&id.name)
                && link
                    .properties
                    .replication_mode
                    .as_deref()
                    .is_some_and(|has| has.eq_ignore_ascii_case(mode))
        }),
        Err(_) => false,
    }
}
