//! Roles that users make, of the server and of databases, and who is in them by way of others.

use time::OffsetDateTime;

use super::instance::SqlInstance;

/// A role that a statement made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its database, as the engine spells it; nothing for a role of the server.
    pub database: Option<String>,
    /// Name.
    pub name: String,
    /// `principal_id`, of the server or in the database.
    pub id: i32,
    /// `principal_id` of the owner, a principal of the same kind.
    pub owner: i32,
    /// Roles that it is in itself, fixed ones among them.
    pub roles: Vec<String>,
    /// Security identifier.
    pub sid: Vec<u8>,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it was last changed.
    pub modified: OffsetDateTime,
}

impl SqlInstance {
    /// The role of that name, of the server or of a database, that users made.
    pub fn role(&self, database: Option<&str>, name: &str) -> Option<&Role> {
        let there = |role: &&Role| role.database.as_deref() == database && self.same_name(&role.name, name);
        self.roles.iter().find(there)
    }

    /// All roles that a principal is in, fixed ones among them, given those that it is in itself.
    pub fn roles_of<'a>(&'a self, database: Option<&str>, own: &'a [String]) -> Vec<&'a str> {
        let mut found: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = own.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if found.contains(&name) {
                continue;
            }
            found.push(name);
            let made = self.role(database, name);
            open.extend(made.iter().flat_map(|role| &role.roles).map(String::as_str));
        }
        found
    }

    /// The `principal_id` of each of these roles that users made.
    pub fn role_ids(&self, database: Option<&str>, roles: &[&str]) -> Vec<i32> {
        roles.iter().filter_map(|name| self.role(database, name)).map(|role| role.id).collect()
    }
}
