//! Whether a batch only reads: what may be sent to a server that is somebody's.
//!
//! Nothing is forbidden here; little is allowed, and everything else is refused. A batch of one statement that is a
//! `SELECT` from system views and from the history tables of msdb, or that runs a procedure known to change nothing. The
//! engine's own parser reads the text, so that what is judged is what was written and not what it looks like.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, ObjectName, Query, Select, SelectItem, TableFactor, Visit, Visitor};

use super::ast::{Execute, Procedure, StatementKind};
use super::parser;

/// Procedures that change nothing ("Configure link with scripts", 2025), and whether they may have arguments.
const PROCEDURES: [(&str, bool); 3] = [
    ("sp_certificate_issuers", false),
    ("sp_get_endpoint_certificate", true),
    // With an argument it is a switch.
    ("sp_multidb_milink", false),
];

/// Functions of a schema that only look.
const FUNCTIONS: [&str; 3] =
    ["fn_builtin_permissions", "fn_hadr_backup_is_preferred_replica", "fn_hadr_is_primary_replica"];

/// Why a batch is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is no T-SQL that is understood here.
    #[error("it cannot be read: {0}")]
    Unread(String),
    /// It may do something else than read.
    #[error("it may do more than read: {0}")]
    Acts(String),
}

/// Lets a batch pass that only reads.
///
/// # Errors
/// When it may do anything else, or cannot be judged.
pub(crate) fn check(text: &str, version: u8) -> Result<(), Refusal> {
    let batch = parser::parse(text, version).map_err(|error| Refusal::Unread(error.message))?;
    match batch.statements.as_slice() {
        [one] => match &one.kind {
            StatementKind::Query(query) => reads(query),
            StatementKind::Execute(execute) => looks(execute),
            _ => Err(Refusal::Acts("it is no SELECT and no EXECUTE".to_owned())),
        },
        other => Err(Refusal::Acts(format!("it has {} statements, not one", other.len()))),
    }
}

fn looks(execute: &Execute) -> Result<(), Refusal> {
    let Procedure::Named(name) = &execute.procedure else {
        return Err(Refusal::Acts("the procedure is named by a variable".to_owned()));
    };
    let parts = words(name);
    let known = match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sys", procedure] => PROCEDURES.iter().find(|(known, _)| known == procedure),
        _ => None,
    };
    match known {
        Some((_, arguments)) if *arguments || execute.arguments.is_empty() => Ok(()),
        _ => Err(Refusal::Acts(format!("EXECUTE {}", parts.join(".")))),
    }
}

fn reads(query: &Query) -> Result<(), Refusal> {
    let mut reader = Reader::default();
    match query.visit(&mut reader) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(what) => Err(Refusal::Acts(what)),
    }
}

/// Walks a query and stops at the first thing that is not allowed.
#[derive(Default)]
struct Reader {
    /// Names of common table expressions.
    defined: BTreeSet<String>,
}

impl Visitor for Reader {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        for common in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.defined.insert(common.alias.name.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        if select.into.is_some() {
            return ControlFlow::Break("SELECT … INTO".to_owned());
        }
        // `@a = 1` in a list of columns is read as `1 AS @a`, which says the same.
        let assigned = select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } if alias.value.starts_with('@') => Some(alias),
            _ => None,
        });
        if let Some(variable) = assigned {
            return ControlFlow::Break(variable.value.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match factor {
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => ControlFlow::Continue(()),
            TableFactor::Table { name, args, .. } => {
                let parts = words(name);
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                let allowed = match (parts.as_slice(), args.is_some()) {
                    ([one], false) => self.defined.contains(*one),
                    (["sys", _] | ["master" | "msdb", "sys", _] | ["msdb", "dbo", _], false) => true,
                    (["sys", function], true) => FUNCTIONS.contains(function),
                    _ => false,
                };
                if allowed { ControlFlow::Continue(()) } else { ControlFlow::Break(parts.join(".")) }
            }
            other => ControlFlow::Break(other.to_string()),
        }
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
        match expression {
            // Nothing here has variables; where one stands, it may be assigned to.
            Expr::Identifier(name) if name.value.starts_with('@') && !name.value.starts_with("@@") => {
                ControlFlow::Break(name.value.clone())
            }
            Expr::Function(Function { name, .. }) => {
                let parts = words(name);
                let allowed = match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    [_builtin] => true,
                    ["sys", function] => FUNCTIONS.contains(function),
                    _ => false,
                };
                if allowed { ControlFlow::Continue(()) } else { ControlFlow::Break(parts.join(".")) }
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn words(name: &ObjectName) -> Vec<String> {
    let part = |part: &sqlparser::ast::ObjectNamePart| {
        part.as_ident().map_or_else(|| part.to_string(), |word| word.value.clone()).to_lowercase()
    };
    name.0.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_reads_passes() {
        for text in [
            "SELECT 1",
            "SELECT @@VERSION AS v, SERVERPROPERTY('Edition'), OBJECT_ID('sys.x'), HAS_PERMS_BY_NAME(NULL, NULL, 'X')",
            "SELECT name FROM sys.databases AS d WHERE EXISTS (SELECT 1 FROM master.sys.master_files AS f)",
            "WITH own AS (SELECT 1 AS n) SELECT n FROM own UNION ALL SELECT database_id FROM sys.databases;",
            "SELECT d.name FROM (SELECT name FROM msdb.dbo.backupset) AS d JOIN sys.endpoints AS e ON e.name = d.name",
            "SELECT sys.fn_hadr_is_primary_replica(name) FROM sys.databases",
            "EXEC sys.sp_certificate_issuers",
            "EXEC sys.sp_get_endpoint_certificate @endpoint_type = 4",
            "EXEC sys.sp_multidb_milink",
            "SELECT 'DROP DATABASE x; EXEC y' AS text -- DELETE FROM z",
        ] {
            assert_eq!(check(text, 16), Ok(()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "SELECT 1 SELECT 2",
            "SELECT 1; DROP DATABASE x",
            "SELECT 1 DROP DATABASE x",
            "SELECT name INTO #t FROM sys.databases",
            "SELECT name INTO t FROM sys.databases",
            "SELECT @a = 1",
            "SELECT * FROM Sales.dbo.orders",
            "SELECT * FROM orders",
            "SELECT * FROM dbo.orders",
            "SELECT * FROM server.master.sys.databases",
            "SELECT * FROM sys.fn_something(1)",
            "SELECT * FROM OPENROWSET('a', 'b', 'c')",
            "SELECT * FROM OPENQUERY(remote, 'DROP DATABASE x')",
            "SELECT dbo.act(1)",
            "SELECT name FROM sys.databases WHERE 1 = (SELECT dbo.act(1))",
            "WITH own AS (SELECT * FROM dbo.orders) SELECT * FROM own",
            "DELETE FROM #t",
            "INSERT INTO #t EXEC sys.sp_certificate_issuers",
            "EXEC sys.sp_certificate_add_issuer 1, N'x'",
            "EXEC sys.sp_multidb_milink 1",
            "EXEC sp_certificate_issuers",
            "EXEC dbo.sp_certificate_issuers",
            "EXEC ('SELECT 1')",
            "EXEC sp_executesql N'DROP DATABASE x'",
            "DECLARE @p sysname = N'sp_who'; EXEC @p",
            "USE msdb",
            "SET LOCK_TIMEOUT 1",
            "WAITFOR DELAY '00:00:01'",
            "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'x'",
            "ALTER AVAILABILITY GROUP [x] FAILOVER",
            "DBCC TRACEON (1800, -1)",
            "BACKUP DATABASE x TO DISK = 'y'",
            "BEGIN TRANSACTION",
            "KILL 51",
            "SHUTDOWN",
        ] {
            assert!(check(text, 16).is_err(), "{text}");
        }
    }
}
