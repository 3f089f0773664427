//! How the links of the world stand: both halves side by side, as each side itself sees them.
//!
//! Taken from the world and not from Terraform's state, so that it shows what is true and not what was recorded.

use std::fmt::{self, Write as _};

use crate::world::Estate;
use crate::world::group::{AvailabilityGroup, Role};
use crate::world::instance::SqlInstance;
use crate::world::managed::{Link, LinkPhase, ManagedInstance};

/// A link with both halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// Its name: that of the link in Azure and of the distributed availability group.
    pub name: String,
    /// The half on SQL Server, where there is one.
    pub sql_server: Option<Half>,
    /// The half on the managed instance, where there is one.
    pub managed_instance: Option<Half>,
    /// Its databases.
    pub databases: Vec<DatabaseStatus>,
}

/// One half of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// Host name.
    pub host: String,
    /// The local availability group.
    pub group: String,
    /// `PRIMARY` or `SECONDARY`.
    pub role: &'static str,
    /// What this side says about the connection or the link's life.
    pub state: &'static str,
    /// Id by which this side knows the link's present incarnation.
    pub generation: String,
}

/// A database of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseStatus {
    /// Name.
    pub name: String,
    /// Percent of its bytes that the secondary has; nothing before seeding began.
    pub seeded: Option<u64>,
    /// How often seeding began: more than once means that something disturbed it.
    pub seedings: u32,
    /// Number of the last error.
    pub error: Option<i32>,
}

/// All links of `estate`, also those of which only one half exists.
pub fn links(estate: &Estate) -> Vec<LinkStatus> {
    let mut found: Vec<LinkStatus> = Vec::new();
    for managed in &estate.managed_instances {
        found.extend(managed.links.iter().map(|link| {
            let group = distributed_group(estate, link);
            LinkStatus {
                name: link.name.clone(),
                sql_server: group.map(|(server, group)| sql_server_half(server, group)),
                managed_instance: Some(managed_instance_half(managed, link)),
                databases: link.databases.iter().map(database_status).collect(),
            }
        }));
    }
    for server in &estate.sql_servers {
        for group in server.groups.iter().filter(|group| group.distributed) {
            let known = found
                .iter()
                .filter_map(|link| link.sql_server.as_ref())
                .any(|half| half.host == server.key().to_string() && half.generation == group.id);
            if !known {
                found.push(LinkStatus {
                    name: group.name.clone(),
                    sql_server: Some(sql_server_half(server, group)),
                    managed_instance: None,
                    databases: Vec::new(),
                });
            }
        }
    }
    found
}

fn distributed_group<'a>(
    estate: &'a Estate,
    link: &Link,
) -> Option<(&'a SqlInstance, &'a AvailabilityGroup)> {
    estate.sql_servers.iter().find_map(|server| {
        let group = server.groups.iter().find(|group| {
            group.distributed
                && server.same_name(&group.name, &link.name)
                && group
                    .replicas
                    .iter()
                    .any(|member| server.same_name(&member.server_name, &link.request.partner_group))
        })?;
        Some((server, group))
    })
}

fn sql_server_half(server: &SqlInstance, group: &AvailabilityGroup) -> Half {
    let local = group.replicas.iter().find(|member| server.group(&member.server_name).is_some());
    Half {
        host: server.key().to_string(),
        group: local.map(|member| member.server_name.clone()).unwrap_or_default(),
        role: match group.role {
            Role::Primary => "PRIMARY",
            Role::Secondary => "SECONDARY",
            Role::Resolving => "RESOLVING",
        },
        state: if group.link.connected { "CONNECTED" } else { "DISCONNECTED" },
        generation: group.id.clone(),
    }
}

fn managed_instance_half(managed: &ManagedInstance, link: &Link) -> Half {
    Half {
        host: managed.engine.host.clone(),
        group: link.request.instance_group.clone(),
        role: if link.instance_is_primary { "PRIMARY" } else { "SECONDARY" },
        state: match link.phase {
            LinkPhase::Initiating => "connecting",
            LinkPhase::Seeding => "seeding",
            LinkPhase::Synchronizing => "synchronizing",
            LinkPhase::FailingOver => "failing over",
            LinkPhase::InitError => "connecting failed",
            LinkPhase::CreationError => "seeding failed",
            LinkPhase::SynchronizationError => "replication failed",
        },
        generation: link.create_operation.clone(),
    }
}

fn database_status(database: &crate::world::managed::LinkDatabase) -> DatabaseStatus {
    DatabaseStatus {
        name: database.name.clone(),
        seeded: database.seeded.map(|(done, of)| {
            if of == 0 { 100 } else { u64::try_from(u128::from(done) * 100 / u128::from(of)).unwrap_or(100) }
        }),
        seedings: database.seedings,
        error: database.error,
    }
}

impl fmt::Display for LinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        type Show = fn(&Half) -> &str;

        let cell = |half: &Option<Half>, show: Show| {
            half.as_ref().map_or_else(|| "missing".to_owned(), |half| show(half).to_owned())
        };
        let rows: [(&str, Show); 4] = [
            ("host", |half| &half.host),
            ("group", |half| &half.group),
            ("role", |half| half.role),
            ("state", |half| half.state),
        ];
        let left: Vec<_> = rows.iter().map(|(_, show)| cell(&self.sql_server, *show)).collect();
        let width = left.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(10);
        writeln!(f, "link {}", self.name)?;
        writeln!(f, "  {:12}{:width$}  managed instance", "", "SQL Server")?;
        for ((title, show), left) in rows.iter().zip(&left) {
            writeln!(f, "  {title:12}{left:width$}  {}", cell(&self.managed_instance, *show))?;
        }
        for database in &self.databases {
            writeln!(f, "  {:12}{}: {}", "database", database.name, describe(database))?;
        }
        Ok(())
    }
}

fn describe(database: &DatabaseStatus) -> String {
    let mut text = match database.seeded {
        None => "not seeded yet".to_owned(),
        Some(percent) => format!("{percent} % seeded"),
    };
    // Writing to a String cannot fail.
    if database.seedings > 1 {
        let _infallible = write!(text, ", seeding began {} times", database.seedings);
    }
    if let Some(number) = database.error {
        let _infallible = write!(text, ", last error {number}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_half_is_shown_as_missing() {
        let half = Half {
            host: "sql1.corp.example".into(),
            group: "AG_Sales".into(),
            role: "PRIMARY",
            state: "DISCONNECTED",
            generation: "0f0f".into(),
        };
        let database = DatabaseStatus { name: "Sales".into(), seeded: Some(40), seedings: 2, error: None };
        let status = LinkStatus {
            name: "DAG_Sales".into(),
            sql_server: Some(half),
            managed_instance: None,
            databases: vec![database],
        };
        let text = status.to_string();
        assert!(text.contains("role        PRIMARY            missing"), "{text}");
        assert!(text.contains("Sales: 40 % seeded, seeding began 2 times"), "{text}");
    }
}
