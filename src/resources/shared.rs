//! Arguments that several resources share, so that they are named, explained and planned alike.

use crate::arm::ManagedInstanceId;
use crate::framework::checks::one_of;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::path::AttributePath;
use crate::framework::schema::Attribute;
use crate::framework::value::Value;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};

/// Which SQL Server an object of an instance lives on.
///
/// Optional *and computed*: with a single `sql_server` block it may be left out, the plan fills the name in, and a
/// second block can be added later without touching what exists.
pub fn sql_server() -> Attribute {
    Attribute::string("sql_server").optional().computed().stable().describe(
        "Name of the provider's `sql_server` block. May be left out where there is only one. Another name for the same \
         instance is an update in place; another instance makes a new object.",
    )
}

/// The SQL Servers of an object that belongs to a group.
pub fn sql_servers() -> Attribute {
    Attribute::strings("sql_servers").optional().computed().stable().describe(
        "Names of the provider's `sql_server` blocks of all replicas of the group, or of one block that points to its \
         listener. Each statement runs on the replica that is primary at that moment. May be left out where there is \
         only one block.",
    )
}

/// `SERVERPROPERTY('ServerName')`, as state knows the instance.
pub fn server_name() -> Attribute {
    Attribute::string("server_name")
        .computed()
        .stable()
        .describe("`SERVERPROPERTY('ServerName')` of the instance that holds the object.")
}

/// Whether create found the object.
pub fn adopted() -> Attribute {
    Attribute::bool("adopted").computed().stable().describe(
        "Whether the object was there already when it was created here. What was found is released by a destroy, not \
         dropped, unless `on_destroy = \"drop\"`.",
    )
}

/// What destroy does.
pub fn on_destroy(description: &'static str) -> Attribute {
    Attribute::string("on_destroy")
        .optional()
        .check(|value| one_of(value, &["drop", "keep"]))
        .describe(description)
}

/// Whether destroy drops an object, by what was last applied.
pub fn drops(on_destroy: Option<&str>, adopted: bool) -> bool {
    match on_destroy {
        Some("drop") => true,
        Some(_) => false,
        None => !adopted,
    }
}

/// Another block for the same instance is an update in place; a block for another instance makes a new object.
pub async fn plan_server(
    context: &Context<Clients>,
    prior: &Field<String>,
    server_name: &Field<String>,
    planned: &Field<String>,
    replace: &mut Vec<AttributePath>,
) -> Result<(), Diagnostics> {
    if prior.as_str() == planned.as_str() || planned.as_str().is_none() {
        return Ok(());
    }
    if let Some(seen) = reach::peek(context, planned).await?
        && let Some(name) = server_name.as_str()
        && !name.eq_ignore_ascii_case(&seen.snapshot.facts.server_name)
    {
        replace.push(AttributePath::attribute("sql_server"));
    }
    Ok(())
}

/// After a read: the block's name and the server's, where state does not have them yet (an import).
pub fn settle_server(sql_server: &mut Field<String>, server_name: &mut Field<String>, seen: &Seen) {
    if sql_server.as_str().is_none() {
        *sql_server = Field::Known(seen.server.name().to_owned());
    }
    if server_name.as_str().is_none() {
        *server_name = Field::Known(seen.snapshot.facts.server_name.clone());
    }
}

/// "What create found and what equals the plan is taken over, with a warning."
pub fn taken_over(what: &str) -> Diagnostic {
    Diagnostic::warning(
        "An existing object was taken over",
        format!(
            "The object was there already and agrees with what is written: {what}. A destroy will leave it, unless \
             `on_destroy = \"drop\"`."
        ),
    )
}

/// In a destroy plan: what is left in place.
pub fn stays(what: &str) -> Diagnostic {
    Diagnostic::warning(
        "An object is left in place",
        format!(
            "Only Terraform forgets it: {what} stays as it is, because it was there already or `on_destroy = \"keep\"`."
        ),
    )
}

/// In a destroy plan: what is dropped, and what that costs.
pub fn dropped(what: &str, cost: &str) -> Diagnostic {
    Diagnostic::warning("An object is dropped", format!("The apply drops {what}: {cost}."))
}

/// What bears the name but differs.
pub fn differs(type_name: &str, what: &str, difference: &str, import: &str) -> Diagnostic {
    Diagnostic::error(
        "An object of that name exists and differs",
        format!("{what} exists already: {difference}."),
    )
    .hint(format!(
        "to manage the existing one: terraform import {type_name}.<name> '{import}'; else choose another name"
    ))
}

/// A removal that would hurt somebody.
pub fn in_use(what: &str, why: &str, hint: &str) -> Diagnostic {
    Diagnostic::error("Still in use", format!("Did not remove {what}: {why}.")).hint(hint)
}

/// The second half of a replacement under the same name would take over what its first half deletes a moment later.
pub fn same_key_replacement(what: &str, name: &str, hint: &str) -> Diagnostic {
    Diagnostic::error(
        "A replacement needs another name",
        format!("The plan would replace {what} \"{name}\" by one of the same name, and two cannot bear it at once."),
    )
    .hint(hint)
}

/// Two spellings of one ARM id: letter case counts for nothing.
pub fn same_arm_id(left: &Value, right: &Value) -> bool {
    matches!((left, right), (Value::String(left), Value::String(right)) if left.eq_ignore_ascii_case(right))
}

/// The text is the ARM id of a managed instance.
///
/// # Errors
/// What it should look like.
pub fn is_managed_instance_id(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => match ManagedInstanceId::parse(text) {
            Ok(_) => Ok(()),
            Err(_) => Err("must be the ARM id of a managed instance: /subscriptions/<uuid>/resourceGroups/<name>/providers/\
                           Microsoft.Sql/managedInstances/<name>"
                .to_owned()),
        },
        _ => Err("must be the ARM id of a managed instance".to_owned()),
    }
}

/// Splits an import id `<sql_server>/<name>` at its first slash. Where there is only one `sql_server` block its name may
/// be left out: what stands before the slash is then the block's name, or part of the object's.
///
/// # Errors
/// When a name is missing.
pub fn import_id(
    context: &Context<Clients>,
    id: &str,
) -> Result<(Field<String>, Field<String>), Diagnostics> {
    let slots = context.client().map(|clients| clients.slots()).unwrap_or_default();
    let only = if let [only] = slots { Some(only) } else { None };
    let (server, name) = match id.split_once('/') {
        Some((server, name)) if only.is_none_or(|only| only.is_called(server)) => (Some(server), name),
        None if only.is_none() => (Some(id), ""),
        _ => (None, id),
    };
    if name.is_empty() || server.is_some_and(str::is_empty) {
        return Err(Diagnostic::error(
            "An import id that is not one",
            format!("The id \"{id}\" does not have the form <sql_server>/<name>."),
        )
        .hint("<sql_server> is the name of a block `sql_server`; it may be left out where there is only one")
        .into());
    }
    let server = server.map_or(Field::Null, |server| Field::Known(server.to_owned()));
    Ok((server, Field::Known(name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::drops;

    #[test]
    fn what_was_found_is_left_unless_asked_otherwise() {
        assert!(drops(None, false));
        assert!(!drops(None, true));
        assert!(drops(Some("drop"), true));
        assert!(!drops(Some("keep"), false));
    }
}
