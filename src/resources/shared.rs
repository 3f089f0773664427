//! Arguments that several resources share, so that they are named, explained and planned alike.

use crate::framework::checks::one_of;
use crate::framework::schema::Attribute;

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
