//! Logins, users, roles and permissions.
//!
//! Source: "Database Engine events and errors" 0-999, 4000-4999 and 15000-15999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(229, 14, "The %ls permission was denied on the object '%.*ls', database '%.*ls', schema '%.*ls'.")
        .state(5),
    raised(262, 14, "%ls permission denied in database '%.*ls'."),
    raised(297, 16, "The user does not have permission to perform this action."),
    raised(300, 14, "%ls permission was denied on object '%.*ls', database '%.*ls'."),
    injected(4606, 16, "Granted or revoked privilege %ls is not compatible with object."),
    raised(4610, 16, "You can only grant or revoke permissions on objects in the current database."),
    raised(4611, 16, "To revoke or deny grantable privileges, specify the CASCADE option."),
    raised(4613, 16, "Grantor does not have GRANT permission."),
    raised(4617, 16, "Cannot grant, deny or revoke permissions to or from special roles."),
    injected(
        4620,
        16,
        "All permissions in a grant/deny/revoke statement should be at the same scope (e.g., server or \
         database)",
    ),
    raised(
        4621,
        16,
        "Permissions at the server scope can only be granted when the current database is master",
    )
    .state(10),
    raised(
        4624,
        16,
        "Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or \
         yourself.",
    ),
    raised(
        4629,
        16,
        "Permissions on server scoped catalog views or system stored procedures or extended stored \
         procedures can be granted only when the current database is master.",
    )
    .state(10),
    raised(15007, 16, "'%s' is not a valid login or you do not have permission."),
    raised(
        15010,
        16,
        "The database '%s' does not exist. Supply a valid database name. To see available databases, use \
         sys.databases.",
    ),
    raised(15014, 16, "The role '%s' does not exist in the current database."),
    raised(15021, 16, "Invalid value given for parameter %s. Specify a valid parameter value."),
    raised(15023, 16, "User, group, or role '%s' already exists in the current database."),
    raised(15025, 16, "The server principal '%s' already exists."),
    raised(15063, 16, "The login already has an account under a different user name."),
    raised(15081, 16, "Membership of the public role cannot be changed."),
    raised(15099, 16, "The MUST_CHANGE option cannot be used when CHECK_EXPIRATION is OFF."),
    raised(
        15116,
        16,
        "Password validation failed. The password does not meet the operating system policy requirements \
         because it is too short.",
    ),
    raised(
        15118,
        16,
        "Password validation failed. The password does not meet the operating system policy requirements \
         because it is not complex enough.",
    ),
    raised(15122, 16, "The CHECK_EXPIRATION option cannot be used when CHECK_POLICY is OFF."),
    raised(
        15128,
        16,
        "The CHECK_POLICY and CHECK_EXPIRATION options cannot be turned OFF when MUST_CHANGE is ON.",
    ),
    raised(15138, 16, "The database principal owns a %S_MSG in the database, and cannot be dropped."),
    raised(15141, 16, "The server principal owns one or more %S_MSG(s) and cannot be dropped."),
    raised(15144, 16, "The role has members. It must be empty before it can be dropped."),
    raised(15150, 16, "Cannot %S_MSG the %S_MSG '%.*ls'."),
    raised(
        15151,
        16,
        "Cannot %S_MSG the %S_MSG '%.*ls', because it does not exist or you do not have permission.",
    ),
    raised(
        15174,
        16,
        "Login '%s' owns one or more database(s). Change the owner of the database(s) before dropping the \
         login.",
    ),
    raised(15247, 16, "User does not have permission to perform this action."),
    raised(15402, 11, "'%s' is not a fixed server role."),
    raised(15405, 11, "Cannot use the special principal '%s'."),
    raised(15407, 11, "'%s' is not a valid Windows NT name. Give the complete name: <domain\\username>."),
    raised(15410, 11, "User or role '%s' does not exist in this database."),
    raised(15413, 11, "Cannot make a role a member of itself."),
    raised(15419, 16, "Supplied parameter sid should be binary(16)."),
    raised(15421, 16, "The database principal owns a database role and cannot be dropped."),
    raised(15433, 16, "Supplied parameter sid is in use."),
    raised(15434, 16, "Could not drop login '%s' as the user is currently logged in."),
];
