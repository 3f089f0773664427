//! Which system views there are, with their columns, types, and the version in which each one came.
//!
//! The table is data (`catalog_columns.txt`), read once. Binding against it is what makes a query for a column of
//! 2017 fail on 2016 as a whole (207), reached or not.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::value::Type;

/// Where a view's rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// The same in every database.
    Server,
    /// Those of the database that is current or named.
    Database,
    /// A table of msdb.
    Msdb,
}

/// A system view.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) schema: &'static str,
    pub(crate) name: &'static str,
    pub(crate) scope: Scope,
    /// First major version that has it.
    pub(crate) first: u8,
    pub(crate) columns: Vec<ViewColumn>,
}

/// A column of a system view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ViewColumn {
    pub(crate) name: &'static str,
    pub(crate) data_type: Type,
    pub(crate) nullable: bool,
    pub(crate) first: u8,
}

impl View {
    /// The columns that a server of this version has, in order.
    pub(crate) fn columns_of(&self, version: u8) -> impl Iterator<Item = &ViewColumn> {
        self.columns.iter().filter(move |column| column.first <= version)
    }
}

/// Every view of every version.
pub(crate) fn views() -> impl Iterator<Item = &'static View> {
    VIEWS.values()
}

/// The view of exactly that name (lower case, as Microsoft spells them), whatever the version.
pub(crate) fn view(schema: &str, name: &str) -> Option<&'static View> {
    views().find(|view| view.schema == schema && view.name == name)
}

/// Views of `sys` that every server has and the simulator does not: a query for one is refused as not modelled, since 208
/// would be a lie.
const NOT_MODELLED: [&str; 43] = [
    "all_parameters",
    "all_sql_modules",
    "all_views",
    "assemblies",
    "availability_groups_cluster",
    "check_constraints",
    "columns",
    "computed_columns",
    "data_spaces",
    "database_audit_specifications",
    "database_scoped_configurations",
    "default_constraints",
    "dm_db_file_space_usage",
    "dm_db_log_info",
    "dm_db_mirroring_connections",
    "dm_exec_query_stats",
    "dm_hadr_auto_page_repair",
    "dm_io_virtual_file_stats",
    "dm_os_cluster_nodes",
    "dm_os_cluster_properties",
    "dm_os_memory_clerks",
    "dm_os_performance_counters",
    "dm_os_schedulers",
    "dm_os_wait_stats",
    "dm_tran_active_transactions",
    "dm_tran_locks",
    "foreign_keys",
    "identity_columns",
    "indexes",
    "linked_logins",
    "objects",
    "parameters",
    "partitions",
    "procedures",
    "server_audits",
    "server_triggers",
    "servers",
    "sql_modules",
    "synonyms",
    "sysprocesses",
    "system_views",
    "types",
    "views",
];

/// Whether a view of `sys` exists on servers and is left out here.
pub(crate) fn is_left_out(name: &str) -> bool {
    NOT_MODELLED.contains(&name)
}

static TEXT: &str = include_str!("catalog_columns.txt");

static VIEWS: LazyLock<HashMap<(&'static str, &'static str), View>> = LazyLock::new(|| {
    let mut views: HashMap<_, View> = HashMap::new();
    let mut current = None;
    for line in TEXT.lines() {
        let line = line.split('#').next().unwrap_or("");
        let mut words = line.split_whitespace();
        match words.next() {
            Some("view") => {
                let Some((schema, name)) = words.next().and_then(|name| name.split_once('.')) else {
                    continue;
                };
                let scope = match words.next() {
                    Some("database") => Scope::Database,
                    Some("msdb") => Scope::Msdb,
                    _ => Scope::Server,
                };
                let first = words.next().and_then(|word| word.parse().ok()).unwrap_or(OLDEST);
                current = Some((schema, name));
                views.insert((schema, name), View { schema, name, scope, first, columns: Vec::new() });
            }
            Some(name) => {
                let Some(view) = current.and_then(|key| views.get_mut(&key)) else { continue };
                let Some(data_type) = words.next().and_then(Type::parse) else { continue };
                let mut column = ViewColumn { name, data_type, nullable: true, first: view.first };
                for word in words {
                    match word.parse() {
                        Ok(first) => column.first = first,
                        Err(_) => column.nullable = false,
                    }
                }
                view.columns.push(column);
            }
            None => {}
        }
    }
    views
});

/// 2012: no column is traced further back.
const OLDEST: u8 = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        let lines = TEXT.lines().map(|line| line.split('#').next().unwrap_or("").trim_end());
        let columns = lines.filter(|line| line.starts_with("  ")).count();
        let read: usize = views().map(|view| view.columns.len()).sum();
        assert_eq!(read, columns);
        assert!(views().all(|view| !view.columns.is_empty()));
    }

    #[test]
    fn columns_appear_with_their_version() {
        let groups = view("sys", "availability_groups").expect("a view");
        let has = |version, name| groups.columns_of(version).any(|column| column.name == name);
        assert!(!has(13, "cluster_type") && has(14, "cluster_type"));
        assert!(!has(16, "cluster_connection_options") && has(17, "cluster_connection_options"));
        assert_eq!(view("sys", "dm_os_host_info").map(|view| view.first), Some(14));
    }
}
