//! Endpoints.
//!
//! Source: "Database Engine events and errors" 7000-7999, 2022; the two blanks of 7862 as servers send them.

use super::{Message, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        7860,
        15,
        "An endpoint's transport or content cannot be changed through the ALTER ENDPOINT statement. Use \
         DROP ENDPOINT and execute the CREATE ENDPOINT statement to make these changes.",
    ),
    raised(7861, 15, "\"%.*ls\" endpoints can only be of the \"FOR %.*ls\" type."),
    raised(
        7862,
        16,
        "An endpoint of the requested type already exists.  Only one endpoint of this type is supported.  \
         Use ALTER ENDPOINT or DROP the existing endpoint and execute the CREATE ENDPOINT statement.",
    ),
    raised(
        7863,
        16,
        "The endpoint was not changed. The ALTER ENDPOINT statement did not contain any values to modify or \
         update.",
    ),
    raised(
        7869,
        16,
        "The endpoint name '%.*ls' is reserved for used by SQL. Endpoint names cannot begin with '%.*ls'.",
    ),
    raised(7870, 16, "The AFFINITY clause is not supported for endpoints of this type."),
    raised(
        7874,
        16,
        "An endpoint already exists with the bindings specified. Only one endpoint supported for a specific \
         binding. Use ALTER ENDPOINT or DROP the existing endpoint and execute the CREATE ENDPOINT \
         statement.",
    ),
    raised(7878, 16, "This \"%.*ls ENDPOINT\" statement is not supported on this edition of SQL Server."),
    raised(
        7890,
        16,
        "An error occurred while attempting to register the endpoint '%.*ls'. One or more of the ports \
         specified in the CREATE ENDPOINT statement may be bound to another process. Attempt the statement \
         again with a different port or use netstat to find the application currently using the port and \
         resolve the conflict.",
    ),
];
