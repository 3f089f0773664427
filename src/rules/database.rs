//! A database that is to be linked, while it is in no group yet. Once it is, SQL Server has checked all of this.

use super::{Finding, Rule};

const OVERVIEW: &str = "Managed Instance link overview, \"Limitations\"";

/// It is not there, or not a user's.
pub static THERE: Rule = Rule::block("MIL0010", "errors 911 and 35249");
/// It is not online for everybody to read and write.
pub static USABLE: Rule = Rule::block("MIL0011", "errors 1466, 1467, 1469 and 1488");
/// Its recovery model is not FULL.
pub static RECOVERY: Rule = Rule::block("MIL0012", "error 1465; Prepare environment for a link");
/// It has no log chain.
pub static BACKUP: Rule = Rule::block("MIL0013", "error 1475; Prepare environment for a link");
/// It is in another group.
pub static OTHER_GROUP: Rule = Rule::block("MIL0014", "error 35280");
/// Transparent encryption needs its key on the other side first.
pub static ENCRYPTED: Rule = Rule::warn(
    "MIL0015",
    "Prepare environment for a link, \"Migrate a certificate of a TDE-protected database\"",
);
/// Change data capture is set up anew after a failover.
pub static CDC: Rule = Rule::warn("MIL0016", OVERVIEW);

/// The rules of this module.
pub static RULES: &[&Rule] = &[&THERE, &USABLE, &RECOVERY, &BACKUP, &OTHER_GROUP, &ENCRYPTED, &CDC];

/// What is known of the database.
#[derive(Clone, Copy, Debug)]
pub struct Database<'a> {
    /// Its name.
    pub name: &'a str,
    /// `state`: 0 is online.
    pub state: i64,
    /// `user_access`: 0 is everybody.
    pub user_access: i64,
    /// `is_read_only`.
    pub read_only: bool,
    /// `is_auto_close_on`.
    pub auto_close: bool,
    /// Whether it is a snapshot of another.
    pub snapshot: bool,
    /// `recovery_model`: 1 is FULL.
    pub recovery_model: i64,
    /// Whether a log backup could follow the last full one (`last_log_backup_lsn` is there). Nothing where the login
    /// may not see it.
    pub chain: Option<bool>,
    /// The group that it is in.
    pub in_group: bool,
    /// `is_encrypted`.
    pub encrypted: bool,
    /// `is_cdc_enabled`.
    pub cdc: bool,
}

/// System databases; no group takes them.
const SYSTEM: [&str; 4] = ["master", "model", "msdb", "tempdb"];

/// A database of this name is not on the server `server`.
pub fn absent(name: &str, server: &str) -> Finding {
    if SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(name)) {
        return THERE.broken(
            format!("The database {name} is a system database, which no group takes"),
            "name a user database",
        );
    }
    THERE.broken(format!("The database {name} is not on the SQL Server {server}"), "check its name")
}

/// Whether a new group can take the database.
pub fn joins_group(database: &Database<'_>) -> Vec<Finding> {
    let name = database.name;
    let mut findings = Vec::new();
    let mut unusable = |what: &str, hint| {
        findings.push(USABLE.broken(format!("The database {name} {what}"), hint));
    };
    if database.snapshot {
        unusable("is a database snapshot", "name the database itself");
        return findings;
    }
    if database.state != 0 {
        unusable("is not online", "bring it online");
        return findings;
    }
    if database.user_access != 0 {
        unusable("is not open to all users", "ALTER DATABASE … SET MULTI_USER");
    }
    if database.read_only {
        unusable("is read-only", "ALTER DATABASE … SET READ_WRITE");
    }
    if database.auto_close {
        unusable("has AUTO_CLOSE on", "ALTER DATABASE … SET AUTO_CLOSE OFF");
    }
    if database.in_group {
        findings.push(OTHER_GROUP.broken(
            format!("The database {name} is in another availability group already"),
            "take it out of that group, or import that group",
        ));
    }
    if database.recovery_model != 1 {
        findings.push(RECOVERY.broken(
            format!("The recovery model of the database {name} is not FULL"),
            "ALTER DATABASE … SET RECOVERY FULL, then a full backup",
        ));
    } else if database.chain == Some(false) && !database.in_group {
        findings.push(BACKUP.broken(
            format!("The database {name} has no full backup that a log backup could follow"),
            "take a full backup (not COPY_ONLY)",
        ));
    }
    if database.encrypted {
        findings.push(ENCRYPTED.broken(
            format!(
                "The database {name} is encrypted (TDE); whether the managed instance has its key cannot be checked from here"
            ),
            "bring the certificate or the Key Vault key to the instance before seeding",
        ));
    }
    if database.cdc {
        findings.push(CDC.broken(
            format!("The database {name} uses change data capture, which stops at a failover"),
            "set it up again on the new primary after each failover",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Database<'static> = Database {
        name: "Sales",
        state: 0,
        user_access: 0,
        read_only: false,
        auto_close: false,
        snapshot: false,
        recovery_model: 1,
        chain: Some(true),
        in_group: false,
        encrypted: false,
        cdc: false,
    };

    fn broken(database: Database<'_>) -> Vec<&'static str> {
        joins_group(&database).iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn each_property_breaks_its_rule_and_no_other() {
        assert_eq!(broken(GOOD), [""; 0]);
        assert_eq!(broken(Database { state: 1, ..GOOD }), ["MIL0011"]);
        assert_eq!(broken(Database { user_access: 1, ..GOOD }), ["MIL0011"]);
        assert_eq!(broken(Database { read_only: true, ..GOOD }), ["MIL0011"]);
        assert_eq!(broken(Database { auto_close: true, ..GOOD }), ["MIL0011"]);
        assert_eq!(broken(Database { snapshot: true, ..GOOD }), ["MIL0011"]);
        assert_eq!(broken(Database { recovery_model: 2, ..GOOD }), ["MIL0012"]);
        assert_eq!(broken(Database { recovery_model: 3, chain: Some(false), ..GOOD }), ["MIL0012"]);
        assert_eq!(broken(Database { chain: Some(false), ..GOOD }), ["MIL0013"]);
        assert_eq!(broken(Database { in_group: true, ..GOOD }), ["MIL0014"]);
        assert_eq!(broken(Database { encrypted: true, ..GOOD }), ["MIL0015"]);
        assert_eq!(broken(Database { cdc: true, ..GOOD }), ["MIL0016"]);
    }

    #[test]
    fn a_chain_that_cannot_be_seen_breaks_nothing() {
        assert_eq!(broken(Database { chain: None, ..GOOD }), [""; 0]);
    }

    #[test]
    fn system_databases_are_called_so() {
        assert!(absent("MSDB", "hq").message.contains("system database"));
        assert!(absent("Sale", "hq").message.contains("is not on the SQL Server hq"));
    }
}
