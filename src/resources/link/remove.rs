//! Removing a link: guards, and the three ways.
//!
//! Azure's half goes first: then the primary is untouched, the copy on the instance becomes independent, and the
//! distributed group on SQL Server is metadata that can be dropped.

use super::observe::{self, Halves};
use super::{CUT_OVER, INCOMPLETE, Link, MANAGED_INSTANCE, id};
use crate::arm::{self, LinkId};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Remembered};
use crate::resources::reach;
use crate::sql::Statement;
use crate::sql::quote::Identifier;

/// The guards, in the destroy plan and again in the apply.
///
/// # Errors
/// Protection, and an instance that is primary: whether its first full backup was made cannot be seen from here.
pub(super) fn check(model: &Link) -> Result<(), Diagnostics> {
    let name = model.name.as_str().unwrap_or_default();
    if model.deletion_protection.known() == Some(&true) {
        return Err(super::protected(name).into());
    }
    let ends = ending(model) != Ending::Abandon && model.status.as_str() != Some(CUT_OVER);
    if ends && model.observed_primary.as_str() == Some(MANAGED_INSTANCE) {
        return Err(Diagnostic::error(
            "The managed instance is primary",
            format!(
                "The link {name} is not removed while the managed instance is primary: before its first full backup of the database there, \
                 a removal can make the database unavailable, and whether that backup was made cannot be seen from here."
            ),
        )
        .hint(
            "fail over to SQL Server, or check msdb.dbo.backupset on the instance, delete the link in Azure yourself and set `on_destroy = \
             \"abandon\"`",
        )
        .at("on_destroy")
        .into());
    }
    Ok(())
}

/// What a destroy will do, for its plan.
pub(super) fn announce(model: &Link) -> Option<Diagnostic> {
    let name = model.name.as_str().unwrap_or_default();
    let databases: Vec<&str> = model.databases.known().into_iter().flatten().map(String::as_str).collect();
    let databases = databases.join(", ");
    Some(match ending(model) {
        Ending::Detach => Diagnostic::warning(
            "The replication of a link ends",
            format!(
                "The link {name} is removed: the primary of {databases} is untouched, and the copy on the managed instance stays as an \
                 independent database. A new link needs that copy gone, and seeds all of it again."
            ),
        ),
        Ending::Discard => Diagnostic::warning(
            "A database on the managed instance is deleted",
            format!(
                "The link {name} is removed, and then the copy of {databases} on the managed instance is deleted."
            ),
        ),
        Ending::Abandon => Diagnostic::warning(
            "A link is left as it is",
            format!("The link {name} goes on replicating; Terraform forgets it."),
        ),
    })
}

/// Removes it.
///
/// # Errors
/// What a side refuses; whatever was removed before stays removed, and the next destroy goes on.
pub(super) async fn run(context: &Context<Clients>, model: &Link, reseed: bool) -> Result<(), Diagnostics> {
    let ending = if reseed { Ending::Discard } else { ending(model) };
    if ending == Ending::Abandon {
        return Ok(());
    }
    let id = id(model)?;
    let azure = reach::azure(context)?;
    let local = model.availability_group_name.as_str().unwrap_or_default();
    let nodes = Nodes::look(context, &model.sql_servers, &Remembered::default(), local).await?;
    let halves = observe::look(&azure, nodes.seen(), &id).await?;
    // What proves that the copy on the instance is this link's secondary is gone together with the link.
    let stale = stale_copies(model, &halves);
    if halves.arm.is_some() || model.status.as_str() == Some(INCOMPLETE) {
        delete_arm_half(context, &azure, &id).await?;
    }
    if let Some((seen, _)) = &halves.sql {
        let unusable = |error: crate::sql::quote::QuoteError| {
            Diagnostic::error("A name that cannot be used", error.to_string())
        };
        let group = Identifier::parse("the name of the link", &id.name).map_err(unusable)?;
        let local = Identifier::parse("the name of the group", local).map_err(unusable)?;
        let statement = Statement::DropDistributedGroup { group, local };
        if let Err(error) = seen.server.execute(&statement, context.cancellation()).await {
            match seen.again().await?.snapshot.group(&id.name) {
                Ok(None) => {}
                _ => return Err(reach::statement_error(&seen.server, &statement, &error).into()),
            }
        }
    }
    if ending == Ending::Discard {
        for name in stale? {
            delete_copy(context, &azure, &id, &name).await?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Detach,
    Discard,
    Abandon,
}

fn ending(model: &Link) -> Ending {
    match model.on_destroy.as_str() {
        Some("discard") => Ending::Discard,
        Some("abandon") => Ending::Abandon,
        Some(_) => Ending::Detach,
        // What was found is released.
        None if model.adopted.known() == Some(&true) => Ending::Abandon,
        None => Ending::Detach,
    }
}

/// The copies that may be deleted: those of a link whose instance is secondary this very moment, so that nothing was
/// ever written to them but by this link.
fn stale_copies(model: &Link, halves: &Halves) -> Result<Vec<String>, Diagnostics> {
    let role = halves.arm.as_ref().and_then(|link| link.properties.instance_link_role.as_deref());
    if role != Some("Secondary") {
        return Err(Diagnostic::error(
            "The copy on the instance is not deleted",
            format!(
                "The link {} does not say any more that its copy on the managed instance is a secondary, so it may hold changes of its own.",
                model.name.as_str().unwrap_or_default()
            ),
        )
        .hint("make sure that nobody needs it, and delete it there")
        .into());
    }
    Ok(model.databases.known().into_iter().flatten().cloned().collect())
}

async fn delete_arm_half(
    context: &Context<Clients>,
    azure: &arm::Client,
    id: &LinkId,
) -> Result<(), Diagnostics> {
    let wait = reach::wait(context);
    let doing = format!("delete the link {}", id.name);
    let ended = match azure.delete_link(id, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    azure.forget();
    let links = azure.links(&id.instance).await.map_err(|error| reach::arm_error(&doing, &error))?;
    let there = links.iter().any(|link| link.name.eq_ignore_ascii_case(&id.name));
    match ended {
        _ if !there => Ok(()),
        Err(error) => Err(reach::arm_error(&doing, &error).into()),
        Ok(()) => Err(Diagnostic::error(
            "A link was not deleted",
            format!(
                "The managed instance {} still lists the link {} after its deletion.",
                id.instance.name, id.name
            ),
        )
        .into()),
    }
}

async fn delete_copy(
    context: &Context<Clients>,
    azure: &arm::Client,
    id: &LinkId,
    name: &str,
) -> Result<(), Diagnostics> {
    let wait = reach::wait(context);
    let doing = format!("delete the copy of {name} on the managed instance {}", id.instance.name);
    let there = azure.databases(&id.instance).await.map_err(|error| reach::arm_error(&doing, &error))?;
    if !there.iter().any(|database| database.name.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let ended = match azure.delete_database(&id.instance, name, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    ended.map_err(|error| reach::arm_error(&doing, &error).into())
}
