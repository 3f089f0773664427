//! Removing a link: guards, and the three ways.
//!
//! Azure's half goes first: then the primary is untouched, the copy on the instance becomes independent, and the
//! distributed group on SQL Server is metadata that can be dropped. What could be refused is refused before the first
//! deed, by the roles of this very moment and not by those of the last refresh.

use tokio::time::Instant;

use super::establish::APPEAR;
use super::halves::{self, Halves};
use super::{BROKEN, CUT_OVER, INCOMPLETE, Link, MANAGED_INSTANCE, id};
use crate::arm::{self, LinkId};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Remembered, first};
use crate::resources::reach::{self, Seen};
use crate::sql::Statement;
use crate::sql::quote::Identifier;

/// The guards that state can answer, in the destroy plan and again in the apply.
///
/// # Errors
/// Protection, and an instance that is primary: whether its first full backup was made cannot be seen from here.
pub(super) fn check(model: &Link) -> Result<(), Diagnostics> {
    let name = model.name.as_str().unwrap_or_default();
    if model.deletion_protection.known() == Some(&true) {
        return Err(super::protected_link(name).into());
    }
    if ends(model) && model.observed_primary.as_str() == Some(MANAGED_INSTANCE) {
        return Err(instance_is_primary(name).into());
    }
    Ok(())
}

fn instance_is_primary(name: &str) -> Diagnostic {
    Diagnostic::error(
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
}

/// Whether a destroy ends a replication: not where it is only forgotten, or has ended already.
fn ends(model: &Link) -> bool {
    ending(model) != Ending::Abandon && model.status.as_str() != Some(CUT_OVER)
}

/// What a destroy will do, for its plan: victims and cost.
pub(super) async fn announce(context: &Context<Clients>, model: &Link) -> Diagnostic {
    let name = model.name.as_str().unwrap_or_default();
    let databases = databases(model);
    let instance = instance(model);
    let status = model.status.as_str();
    if ending(model) == Ending::Abandon {
        let detail = match status {
            Some(CUT_OVER | BROKEN) => format!(
                "Terraform forgets the link {name}. What is left of it on SQL Server stays; a distributed group without a link keeps the \
                 primary's log from being reused."
            ),
            _ => format!("The link {name} goes on replicating; Terraform forgets it."),
        };
        return Diagnostic::warning("A link is left as it is", detail);
    }
    if status == Some(CUT_OVER) {
        return Diagnostic::warning(
            "What is left of a link is dropped",
            format!(
                "The distributed availability group {name} is dropped on SQL Server, if it is there. The database {databases} on the \
                 managed instance {instance} is untouched; where SQL Server was secondary, its own copy stays RESTORING."
            ),
        );
    }
    let size = match size(context, model).await {
        Some(size) => format!("all of it again ({size})"),
        None => "all of it again".to_owned(),
    };
    match ending(model) {
        Ending::Discard => Diagnostic::warning(
            "A database on the managed instance is deleted",
            format!(
                "The link {name} is removed, and then the copy of {databases} on the managed instance {instance} is deleted. A new link \
                 seeds {size}."
            ),
        ),
        _ => Diagnostic::warning(
            "The replication of a link ends",
            format!(
                "The link {name} is removed: the primary of {databases} is untouched, and the copy on the managed instance {instance} \
                 stays as an independent database that can be written to. A new link needs that copy gone, and seeds {size}."
            ),
        ),
    }
}

/// What a replacement costs, for its plan.
pub(super) async fn announce_reseed(context: &Context<Clients>, model: &Link) -> Diagnostic {
    let detail = format!(
        "The link {} is deleted, {}.",
        model.name.as_str().unwrap_or_default(),
        cost_of_reseeding(context, model).await
    );
    Diagnostic::warning("A link is seeded anew", detail)
}

/// The same as long as the consent stands: whatever replaces the link is not asked about again.
pub(super) async fn announce_consent(context: &Context<Clients>, model: &Link) -> Diagnostic {
    let detail = format!(
        "Whatever replaces the link {} now (`-replace`, a taint, a change that the product cannot make) deletes it: {}.",
        model.name.as_str().unwrap_or_default(),
        cost_of_reseeding(context, model).await
    );
    Diagnostic::warning("A link may be seeded anew", detail).hint("set `reseed = false` when this is done")
}

async fn cost_of_reseeding(context: &Context<Clients>, model: &Link) -> String {
    let size = match size(context, model).await {
        Some(size) => format!("all of its data ({size})"),
        None => "all of its data".to_owned(),
    };
    format!(
        "the copy of {} on the managed instance {} is deleted, and {size} is seeded again",
        databases(model),
        instance(model)
    )
}

fn databases(model: &Link) -> String {
    let names: Vec<&str> = model.databases.known().into_iter().flatten().map(String::as_str).collect();
    names.join(", ")
}

fn instance(model: &Link) -> String {
    id(model).map(|id| id.instance.name).unwrap_or_default()
}

/// The size of the link's databases, where SQL Server can be asked without ado.
async fn size(context: &Context<Clients>, model: &Link) -> Option<String> {
    let seen = reach::peek(context, &first(&model.sql_servers)).await.ok()??;
    let rows = seen.snapshot.databases.as_ref().ok()?;
    let ours = model.databases.known()?;
    let mut bytes: i64 = 0;
    for name in ours {
        bytes += rows.iter().find(|row| seen.snapshot.facts.same_name(&row.name, name))?.bytes?;
    }
    Some(in_words(bytes))
}

/// Bytes as people read them: three digits that count.
fn in_words(bytes: i64) -> String {
    let mut amount = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if amount < 1024.0 {
            return if amount < 10.0 && unit != "bytes" {
                format!("{amount:.1} {unit}")
            } else {
                format!("{amount:.0} {unit}")
            };
        }
        amount /= 1024.0;
    }
    format!("{amount:.1} TiB")
}

/// Removes it.
///
/// # Errors
/// What a side refuses; whatever was removed before stays removed, and the next destroy goes on.
pub(super) async fn run(
    context: &Context<Clients>,
    model: &Link,
    servers: &Remembered,
    reseed: bool,
) -> Result<(), Diagnostics> {
    let ending = if reseed { Ending::Discard } else { ending(model) };
    if ending == Ending::Abandon {
        return Ok(());
    }
    let id = id(model)?;
    let azure = reach::azure(context)?;
    let local = model.availability_group_name.as_str().unwrap_or_default();
    let nodes = Nodes::look(context, &model.sql_servers, servers, local).await?;
    let halves = halves::look(&azure, &nodes, model, &id).await?;
    if ends(model) && halves.arm.as_ref().is_some_and(|link| link.properties.instance_is_primary()) {
        return Err(instance_is_primary(&id.name).into());
    }
    // With one side down the other half can still go; this resource stays until both are gone.
    let silent = halves.sql.is_none() && !nodes.is_complete();
    if silent {
        // An error, but where the configuration says that such a side is done without.
        nodes.reading(context, local)?;
    } else if halves.sql.is_none() {
        for seen in nodes.seen() {
            seen.prove_absence(&format!("the distributed availability group {}", id.name))?;
        }
    }
    // What proves that the copy is this link's secondary is gone together with the link: it is asked before.
    let stale = match ending {
        Ending::Discard => stale_copies(&azure, &id, model, &halves).await?,
        _ => Vec::new(),
    };
    for stranger in &halves.strangers {
        context.warn(Diagnostic::warning(
            "An object that bears a link's name was left",
            format!("It is not what this resource made: {stranger}."),
        ));
    }
    // A link that was asked for a moment ago need not show itself yet.
    let unseen = halves.strangers.is_empty() && model.status.as_str() == Some(INCOMPLETE);
    if halves.arm.is_some() || unseen {
        delete_arm_half(context, &azure, &id, halves.arm.is_some()).await?;
    } else if ending == Ending::Discard {
        context.warn(
            Diagnostic::warning(
                "A copy may be left on the managed instance",
                format!(
                    "The link {} is gone already, so nothing proves any more that the database {} on the managed instance {} is only its \
                     copy. It was not deleted.",
                    id.name,
                    databases(model),
                    id.instance.name
                ),
            )
            .hint("make sure that nobody needs it, and delete it there: a new link needs its name"),
        );
    }
    if let Some((seen, _)) = &halves.sql {
        drop_group(context, seen, &id, local).await?;
    }
    if silent {
        return Err(Diagnostic::error(
            "Half of a link is left",
            format!(
                "The link {} is gone from the managed instance {}. A SQL Server that may have its distributed availability group does not \
                 answer, so the resource stays in the state.",
                id.name, id.instance.name
            ),
        )
        .hint("destroy again when the server answers; or drop the group there yourself, and `terraform state rm` the link")
        .at("sql_servers")
        .into());
    }
    for name in stale {
        delete_copy(context, &azure, &id, &name).await?;
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

async fn drop_group(
    context: &Context<Clients>,
    seen: &Seen,
    id: &LinkId,
    local: &str,
) -> Result<(), Diagnostics> {
    let unusable = |error: crate::sql::quote::QuoteError| {
        Diagnostic::error("A name that cannot be used", error.to_string())
    };
    let group = Identifier::parse("the name of the link", &id.name).map_err(unusable)?;
    let local = Identifier::parse("the name of the group", local).map_err(unusable)?;
    let statement = Statement::DropDistributedGroup { group, local };
    let Err(error) = seen.server.execute(&statement, context.cancellation()).await else { return Ok(()) };
    match seen.again().await?.snapshot.group(&id.name) {
        Ok(None) => Ok(()),
        _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
    }
}

/// The copies on the instance that may be deleted: databases of the link as it is this moment, of which it is proven that
/// they are its secondaries and not ahead. Either they follow SQL Server, which is primary and in contact, and have
/// hardened nothing that it has not; or they were never complete, so that nobody can have written to them. That the service
/// calls a database Restoring is no proof of that by itself: no source says what it calls a copy that follows, and one that
/// was primary before may hold what is nowhere else.
async fn stale_copies(
    azure: &arm::Client,
    id: &LinkId,
    model: &Link,
    halves: &Halves,
) -> Result<Vec<String>, Diagnostics> {
    let Some(link) = &halves.arm else { return Ok(Vec::new()) };
    let doing = format!("list the databases of the managed instance {}", id.instance.name);
    let there = azure.databases(&id.instance).await.map_err(|error| reach::arm_error(&doing, &error))?;
    let mut copies = Vec::new();
    for database in &link.properties.databases {
        let name = &database.database_name;
        let ours = model.databases.known().into_iter().flatten().any(|ours| ours.eq_ignore_ascii_case(name));
        let Some(copy) = there.iter().find(|copy| copy.name.eq_ignore_ascii_case(name)) else { continue };
        let unfinished = database.was_never_seeded()
            && copy
                .properties
                .status
                .as_deref()
                .is_some_and(|status| status.eq_ignore_ascii_case("Restoring"));
        let behind = database.is_connected()
            && database.is_healthy()
            && halves.sql_server_is_primary()?
            && !is_ahead(halves, name, database.last_hardened_lsn.as_deref());
        let proven = ours && link.properties.instance_is_secondary() && (unfinished || behind);
        if !proven {
            return Err(Diagnostic::error(
                "The copy on the instance is not deleted",
                format!(
                    "Nothing proves that the database {name} on the managed instance {} is only the copy that the link {} keeps: SQL \
                     Server has to be primary, in contact and level with it. It may hold changes of its own, so nothing was removed.",
                    id.instance.name, id.name
                ),
            )
            .hint("wait until the link is healthy; or set `on_destroy = \"detach\"`, apply and destroy, and delete the database there yourself")
            .at("on_destroy")
            .into());
        }
        copies.push(copy.name.clone());
    }
    Ok(copies)
}

/// Whether the instance has hardened more than SQL Server, where both say how far they are. (An asynchronous primary says
/// nothing of itself: `last_hardened_lsn` is NULL in its own row.)
fn is_ahead(halves: &Halves, database: &str, theirs: Option<&str>) -> bool {
    let Some(theirs) = theirs.and_then(|digits| digits.parse::<i128>().ok()) else { return false };
    let Some((seen, group)) = &halves.sql else { return false };
    let Ok(rows) = &seen.snapshot.database_states else { return false };
    rows.iter()
        .filter(|row| row.is_local && row.group_id == group.id)
        .filter(|row| {
            row.database.as_deref().is_some_and(|name| seen.snapshot.facts.same_name(name, database))
        })
        .filter_map(|row| row.last_hardened_lsn)
        .any(|ours| theirs > ours)
}

/// Deletes Azure's half and waits until it is not listed any more.
async fn delete_arm_half(
    context: &Context<Clients>,
    azure: &arm::Client,
    id: &LinkId,
    shown: bool,
) -> Result<(), Diagnostics> {
    let wait = reach::wait(context);
    let doing = format!("delete the link {}", id.name);
    let ended = match azure.delete_link(id, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    // The list lags behind the operation.
    let until = Instant::now() + APPEAR;
    loop {
        azure.forget();
        let links = azure.links(&id.instance).await.map_err(|error| reach::arm_error(&doing, &error))?;
        let there = links.iter().any(|link| link.name.eq_ignore_ascii_case(&id.name));
        match &ended {
            Ok(()) if !there => return Ok(()),
            // Somebody else's removal came first.
            Err(_) if !there && shown => return Ok(()),
            Err(error) => return Err(reach::arm_error(&doing, error).into()),
            Ok(()) if Instant::now() > until || context.cancellation().is_cancelled() => {
                return Err(Diagnostic::error(
                    "A link was not deleted",
                    format!(
                        "The managed instance {} still lists the link {} after its deletion.",
                        id.instance.name, id.name
                    ),
                )
                .into());
            }
            Ok(()) => wait
                .sleep(std::time::Duration::from_secs(3), &doing)
                .await
                .map_err(|error| reach::arm_error(&doing, &error))?,
        }
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
    let ended = match azure.delete_database(&id.instance, name, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    ended.map_err(|error| {
        reach::arm_error(&doing, &error)
            .hint("the link is gone; make sure that nobody uses the database by now, and delete it there")
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::model::Field;

    #[test]
    fn what_was_found_is_released() {
        let mut link = Link { adopted: Field::Known(true), ..Link::default() };
        assert_eq!(ending(&link), Ending::Abandon);
        link.on_destroy = "detach".into();
        assert_eq!(ending(&link), Ending::Detach);
        link.on_destroy = Field::Null;
        link.adopted = Field::Known(false);
        assert_eq!(ending(&link), Ending::Detach);
    }

    #[test]
    fn bytes_are_said_as_people_read_them() {
        assert_eq!(in_words(512), "512 bytes");
        assert_eq!(in_words(8 * 1024 * 1024), "8.0 MiB");
        assert_eq!(in_words(12_884_901_888), "12 GiB");
        assert_eq!(in_words(5 * 1024_i64.pow(4)), "5.0 TiB");
    }
}
