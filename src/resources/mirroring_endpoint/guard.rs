//! What a change of the endpoint disturbs: said in the plan, refused in the apply where it hurts.

use std::time::Duration;

use super::MirroringEndpoint;
use super::change::change;
use super::contact::{RECONNECT, SETTLED, await_contact, linked};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::sql::Statement;
use crate::sql::catalog::EndpointRow;

/// Changes what is written and differs. Answers with whether links are connected again.
pub(super) async fn alter(
    context: &Context<Clients>,
    seen: &Seen,
    row: &EndpointRow,
    config: &MirroringEndpoint,
) -> Result<&'static str, Diagnostics> {
    let change = change(row, config)?;
    if change.is_empty() {
        return Ok(SETTLED);
    }
    let uses = seen
        .server
        .endpoint_use()
        .await
        .map_err(|error| reach::sql_error("ask who uses the endpoint of", &seen.server, &error))?;
    if config.allow_listener_restart.known() != Some(&true) {
        let hurt = if uses.running_seedings > 0 {
            Some(format!("{} seedings run and would start anew", uses.running_seedings))
        } else if !uses.groups_that_need_secondaries.is_empty() {
            Some(format!("commits in {} would wait", uses.groups_that_need_secondaries.join(", ")))
        } else {
            None
        };
        if let Some(hurt) = hurt {
            return Err(Diagnostic::error(
                "A restart of the listener would hurt",
                format!("A change of the endpoint {} restarts its listener, and {hurt}.", row.name),
            )
            .hint("wait, or set `allow_listener_restart = true`")
            .at("allow_listener_restart")
            .into());
        }
    }
    let links = linked(seen)?;
    let switches = change.mirroring.is_some();
    let section = async {
        seen.execute(context, &Statement::AlterEndpoint(change)).await?;
        if switches && !links.is_empty() { await_contact(context, seen, &links).await } else { Ok(SETTLED) }
    };
    context.critical("the change of the endpoint", RECONNECT + Duration::from_secs(60), section).await
}

/// Names who shares the endpoint: every ALTER closes their connections.
pub(super) fn restart_warning(seen: &Seen, row: &EndpointRow) -> Diagnostic {
    let groups = seen.snapshot.groups.as_deref().unwrap_or_default();
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    let who = if names.is_empty() {
        "no availability group uses it now".to_owned()
    } else {
        format!("it interrupts {}", names.join(", "))
    };
    Diagnostic::warning(
        "The listener of an endpoint restarts",
        format!(
            "The endpoint {} of {} is changed, which restarts its listener; {who}.",
            row.name, seen.snapshot.facts.server_name
        ),
    )
}
