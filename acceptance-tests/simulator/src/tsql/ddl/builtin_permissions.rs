//! The permissions that the engine knows, and what each fixed server role brings.
//!
//! A permission is implied by the one that covers it in its class, and by one of the class above, as
//! `sys.fn_builtin_permissions` lists it ("Permissions (Database Engine)", "Server-level roles", 2025). Only the classes of
//! which the world has objects.

/// A class of securables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Server,
    Endpoint,
    Login,
    ServerRole,
    AvailabilityGroup,
    Database,
    Certificate,
    Object,
}

impl Class {
    /// The class of that name, as `HAS_PERMS_BY_NAME` takes it, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        const ALL: [(&str, Class); 8] = [
            ("SERVER", Class::Server),
            ("ENDPOINT", Class::Endpoint),
            ("LOGIN", Class::Login),
            ("SERVER ROLE", Class::ServerRole),
            ("AVAILABILITY GROUP", Class::AvailabilityGroup),
            ("DATABASE", Class::Database),
            ("CERTIFICATE", Class::Certificate),
            ("OBJECT", Class::Object),
        ];
        ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, class)| *class)
    }
}

/// A permission of a class.
#[derive(Debug)]
pub(crate) struct Builtin {
    pub(crate) class: Class,
    pub(crate) name: &'static str,
    /// The four letters of `sys.server_permissions.type`.
    pub(crate) code: &'static str,
    /// What implies it in its own class.
    pub(crate) covered_by: Option<&'static str>,
    /// What implies it in the class above.
    pub(crate) above: Option<&'static str>,
    /// First major version that has it.
    pub(crate) first: u8,
}

impl Builtin {
    /// The permission of a class, where that version has it.
    pub(crate) fn find(class: Class, name: &str, version: u8) -> Option<&'static Self> {
        BUILTIN.iter().find(|one| one.class == class && one.name == name && one.first <= version)
    }

    /// The permissions of a class.
    pub(crate) fn of(class: Class, version: u8) -> impl Iterator<Item = &'static Self> {
        BUILTIN.iter().filter(move |one| one.class == class && one.first <= version)
    }
}

const fn on(
    class: Class,
    name: &'static str,
    code: &'static str,
    covered_by: Option<&'static str>,
    above: Option<&'static str>,
) -> Builtin {
    Builtin { class, name, code, covered_by, above, first: 11 }
}

const fn server(name: &'static str, code: &'static str, covered_by: &'static str) -> Builtin {
    on(Class::Server, name, code, Some(covered_by), None)
}

const fn database(
    name: &'static str,
    code: &'static str,
    covered_by: &'static str,
    above: &'static str,
) -> Builtin {
    on(Class::Database, name, code, Some(covered_by), Some(above))
}

const fn since(builtin: Builtin, first: u8) -> Builtin {
    Builtin { first, ..builtin }
}

const ALL: &str = "CONTROL SERVER";

/// Letters of those of 2022: of databases "Permissions (Database Engine)", 2025; of the server `sys.fn_builtin_permissions`
/// of a 2025 as the project `sql-server-simulator` publishes it.
static BUILTIN: &[Builtin] = &[
    on(Class::Server, ALL, "CL", None, None),
    server("ADMINISTER BULK OPERATIONS", "ADBO", ALL),
    server("ALTER ANY AVAILABILITY GROUP", "ALAG", ALL),
    server("ALTER ANY CONNECTION", "ALCO", ALL),
    server("ALTER ANY CREDENTIAL", "ALCD", ALL),
    server("ALTER ANY DATABASE", "ALDB", ALL),
    server("ALTER ANY ENDPOINT", "ALHE", ALL),
    server("ALTER ANY EVENT NOTIFICATION", "ALES", ALL),
    server("ALTER ANY EVENT SESSION", "AAES", ALL),
    server("ALTER ANY LINKED SERVER", "ALLS", ALL),
    server("ALTER ANY LOGIN", "ALLG", ALL),
    server("ALTER ANY SERVER AUDIT", "ALAA", ALL),
    server("ALTER ANY SERVER ROLE", "ALSR", ALL),
    server("ALTER RESOURCES", "ALRS", ALL),
    server("ALTER SERVER STATE", "ALSS", ALL),
    server("ALTER SETTINGS", "ALST", ALL),
    server("ALTER TRACE", "ALTR", ALL),
    server("AUTHENTICATE SERVER", "AUTH", ALL),
    since(server("CONNECT ANY DATABASE", "CADB", ALL), 12),
    server("CONNECT SQL", "COSQ", ALL),
    server("CREATE ANY DATABASE", "CRDB", "ALTER ANY DATABASE"),
    server("CREATE AVAILABILITY GROUP", "CRAC", "ALTER ANY AVAILABILITY GROUP"),
    server("CREATE DDL EVENT NOTIFICATION", "CRDE", "ALTER ANY EVENT NOTIFICATION"),
    server("CREATE ENDPOINT", "CRHE", "ALTER ANY ENDPOINT"),
    since(server("CREATE LOGIN", "CRLG", "ALTER ANY LOGIN"), 16),
    server("CREATE SERVER ROLE", "CRSR", "ALTER ANY SERVER ROLE"),
    server("CREATE TRACE EVENT NOTIFICATION", "CRTE", "ALTER ANY EVENT NOTIFICATION"),
    server("EXTERNAL ACCESS ASSEMBLY", "XA", "UNSAFE ASSEMBLY"),
    since(server("IMPERSONATE ANY LOGIN", "IAL", ALL), 12),
    since(server("SELECT ALL USER SECURABLES", "SUS", ALL), 12),
    server("SHUTDOWN", "SHDN", ALL),
    server("UNSAFE ASSEMBLY", "XU", ALL),
    server("VIEW ANY DATABASE", "VWDB", "VIEW ANY DEFINITION"),
    server("VIEW ANY DEFINITION", "VWAD", ALL),
    since(server("VIEW ANY PERFORMANCE DEFINITION", "VAP", "VIEW ANY DEFINITION"), 16),
    since(server("VIEW ANY SECURITY DEFINITION", "VAS", "VIEW ANY DEFINITION"), 16),
    since(server("VIEW SERVER PERFORMANCE STATE", "VSP", "VIEW SERVER STATE"), 16),
    since(server("VIEW SERVER SECURITY STATE", "VSS", "VIEW SERVER STATE"), 16),
    server("VIEW SERVER STATE", "VWSS", "ALTER SERVER STATE"),
    on(Class::Endpoint, "CONTROL", "CL", None, Some(ALL)),
    on(Class::Endpoint, "ALTER", "AL", Some("CONTROL"), Some("ALTER ANY ENDPOINT")),
    on(Class::Endpoint, "CONNECT", "CO", Some("CONTROL"), Some(ALL)),
    on(Class::Endpoint, "TAKE OWNERSHIP", "TO", Some("CONTROL"), Some(ALL)),
    on(Class::Endpoint, "VIEW DEFINITION", "VW", Some("CONTROL"), Some("VIEW ANY DEFINITION")),
    on(Class::Login, "CONTROL", "CL", None, Some(ALL)),
    on(Class::Login, "ALTER", "AL", Some("CONTROL"), Some("ALTER ANY LOGIN")),
    on(Class::Login, "IMPERSONATE", "IM", Some("CONTROL"), Some(ALL)),
    on(Class::Login, "VIEW DEFINITION", "VW", Some("CONTROL"), Some("VIEW ANY DEFINITION")),
    on(Class::ServerRole, "CONTROL", "CL", None, Some(ALL)),
    on(Class::ServerRole, "ALTER", "AL", Some("CONTROL"), Some("ALTER ANY SERVER ROLE")),
    on(Class::ServerRole, "TAKE OWNERSHIP", "TO", Some("CONTROL"), Some(ALL)),
    on(Class::ServerRole, "VIEW DEFINITION", "VW", Some("CONTROL"), Some("VIEW ANY DEFINITION")),
    on(Class::AvailabilityGroup, "CONTROL", "CL", None, Some(ALL)),
    on(Class::AvailabilityGroup, "ALTER", "AL", Some("CONTROL"), Some("ALTER ANY AVAILABILITY GROUP")),
    on(Class::AvailabilityGroup, "TAKE OWNERSHIP", "TO", Some("CONTROL"), Some(ALL)),
    on(Class::AvailabilityGroup, "VIEW DEFINITION", "VW", Some("CONTROL"), Some("VIEW ANY DEFINITION")),
    on(Class::Database, "CONTROL", "CL", None, Some(ALL)),
    database("ALTER", "AL", "CONTROL", "ALTER ANY DATABASE"),
    database("ALTER ANY CERTIFICATE", "ALCF", "ALTER", ALL),
    database("ALTER ANY ROLE", "ALRL", "ALTER", ALL),
    database("ALTER ANY USER", "ALUS", "ALTER", ALL),
    database("AUTHENTICATE", "AUTH", "CONTROL", "AUTHENTICATE SERVER"),
    database("BACKUP DATABASE", "BADB", "CONTROL", ALL),
    database("BACKUP LOG", "BALO", "CONTROL", ALL),
    database("CONNECT", "CO", "CONTROL", "CONNECT ANY DATABASE"),
    database("CREATE CERTIFICATE", "CRCF", "ALTER ANY CERTIFICATE", ALL),
    database("CREATE DATABASE", "CRDB", "CONTROL", "CREATE ANY DATABASE"),
    database("CREATE ROLE", "CRRL", "ALTER ANY ROLE", ALL),
    database("DELETE", "DL", "CONTROL", ALL),
    database("EXECUTE", "EX", "CONTROL", ALL),
    database("INSERT", "IN", "CONTROL", ALL),
    database("REFERENCES", "RF", "CONTROL", ALL),
    database("SELECT", "SL", "CONTROL", "SELECT ALL USER SECURABLES"),
    database("TAKE OWNERSHIP", "TO", "CONTROL", ALL),
    database("UPDATE", "UP", "CONTROL", ALL),
    since(
        database(
            "VIEW DATABASE PERFORMANCE STATE",
            "VDP",
            "VIEW DATABASE STATE",
            "VIEW SERVER PERFORMANCE STATE",
        ),
        16,
    ),
    since(
        database("VIEW DATABASE SECURITY STATE", "VDS", "VIEW DATABASE STATE", "VIEW SERVER SECURITY STATE"),
        16,
    ),
    database("VIEW DATABASE STATE", "VWDS", "CONTROL", "VIEW SERVER STATE"),
    database("VIEW DEFINITION", "VW", "CONTROL", "VIEW ANY DEFINITION"),
    since(
        database("VIEW PERFORMANCE DEFINITION", "VWP", "VIEW DEFINITION", "VIEW ANY PERFORMANCE DEFINITION"),
        16,
    ),
    since(database("VIEW SECURITY DEFINITION", "VWS", "VIEW DEFINITION", "VIEW ANY SECURITY DEFINITION"), 16),
    on(Class::Certificate, "CONTROL", "CL", None, Some("CONTROL")),
    on(Class::Certificate, "ALTER", "AL", Some("CONTROL"), Some("ALTER ANY CERTIFICATE")),
    on(Class::Certificate, "REFERENCES", "RF", Some("CONTROL"), Some("REFERENCES")),
    on(Class::Certificate, "TAKE OWNERSHIP", "TO", Some("CONTROL"), Some("CONTROL")),
    on(Class::Certificate, "VIEW DEFINITION", "VW", Some("CONTROL"), Some("VIEW DEFINITION")),
    on(Class::Object, "CONTROL", "CL", None, Some("CONTROL")),
    on(Class::Object, "ALTER", "AL", Some("CONTROL"), Some("ALTER")),
    on(Class::Object, "DELETE", "DL", Some("CONTROL"), Some("DELETE")),
    on(Class::Object, "EXECUTE", "EX", Some("CONTROL"), Some("EXECUTE")),
    on(Class::Object, "INSERT", "IN", Some("CONTROL"), Some("INSERT")),
    on(Class::Object, "REFERENCES", "RF", Some("CONTROL"), Some("REFERENCES")),
    on(Class::Object, "SELECT", "SL", Some("CONTROL"), Some("SELECT")),
    on(Class::Object, "TAKE OWNERSHIP", "TO", Some("CONTROL"), Some("CONTROL")),
    on(Class::Object, "UPDATE", "UP", Some("CONTROL"), Some("UPDATE")),
    on(Class::Object, "VIEW DEFINITION", "VW", Some("CONTROL"), Some("VIEW DEFINITION")),
];

/// A fixed server role.
#[derive(Debug)]
pub(crate) struct FixedRole {
    pub(crate) name: &'static str,
    /// `principal_id`.
    pub(crate) id: i32,
    /// First major version that has it.
    pub(crate) first: u8,
    /// The permissions on the server that it brings.
    pub(crate) grants: &'static [&'static str],
}

/// `principal_id` of `public`, the role of every login.
pub(crate) const PUBLIC: i32 = 2;

/// The fixed server roles. What `public` has are grants that can be revoked, so they are in the world and not here.
pub(crate) static FIXED_ROLES: &[FixedRole] = &[
    role("public", PUBLIC, 11, &[]),
    role("sysadmin", 3, 11, &[ALL]),
    role("securityadmin", 4, 11, &["ALTER ANY LOGIN"]),
    role(
        "serveradmin",
        5,
        11,
        &[
            "ALTER ANY ENDPOINT",
            "ALTER RESOURCES",
            "ALTER SERVER STATE",
            "ALTER SETTINGS",
            "SHUTDOWN",
            "VIEW SERVER STATE",
        ],
    ),
    role("setupadmin", 6, 11, &["ALTER ANY LINKED SERVER"]),
    role("processadmin", 7, 11, &["ALTER ANY CONNECTION", "ALTER SERVER STATE"]),
    role("diskadmin", 8, 11, &["ALTER RESOURCES"]),
    role("dbcreator", 9, 11, &["CREATE ANY DATABASE", "ALTER ANY DATABASE"]),
    role("bulkadmin", 10, 11, &["ADMINISTER BULK OPERATIONS"]),
    role("##MS_ServerStateReader##", 11, 16, &["VIEW SERVER STATE"]),
    role("##MS_ServerStateManager##", 12, 16, &["ALTER SERVER STATE"]),
    role(
        "##MS_DefinitionReader##",
        13,
        16,
        &["VIEW ANY DATABASE", "VIEW ANY DEFINITION", "VIEW ANY PERFORMANCE DEFINITION"],
    ),
    role("##MS_DatabaseConnector##", 14, 16, &["CONNECT ANY DATABASE"]),
    role("##MS_DatabaseManager##", 15, 16, &["CREATE ANY DATABASE", "ALTER ANY DATABASE"]),
    role("##MS_LoginManager##", 16, 16, &["CREATE LOGIN", "ALTER ANY LOGIN"]),
    role("##MS_SecurityDefinitionReader##", 17, 16, &["VIEW ANY SECURITY DEFINITION"]),
    role("##MS_PerformanceDefinitionReader##", 18, 16, &["VIEW ANY PERFORMANCE DEFINITION"]),
    role("##MS_ServerSecurityStateReader##", 19, 16, &["VIEW SERVER SECURITY STATE"]),
    role("##MS_ServerPerformanceStateReader##", 20, 16, &["VIEW SERVER PERFORMANCE STATE"]),
];

const fn role(name: &'static str, id: i32, first: u8, grants: &'static [&'static str]) -> FixedRole {
    FixedRole { name, id, first, grants }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_implies_a_permission_is_one_itself() {
        for one in BUILTIN {
            let above = match one.class {
                Class::Certificate | Class::Object => Class::Database,
                _ => Class::Server,
            };
            let known = |class, name: &str| Builtin::find(class, name, 17).is_some();
            assert!(one.covered_by.is_none_or(|name| known(one.class, name)), "{one:?}");
            assert!(one.above.is_none_or(|name| known(above, name)), "{one:?}");
            assert_eq!(one.covered_by.is_none(), one.name.starts_with("CONTROL"), "{one:?}");
        }
        for role in FIXED_ROLES {
            assert!(role.grants.iter().all(|name| Builtin::find(Class::Server, name, role.first).is_some()));
        }
    }
}
