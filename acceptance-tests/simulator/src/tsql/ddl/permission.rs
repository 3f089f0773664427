//! What a login may do: membership in roles, ownership, grants and denials, and what they imply.
//!
//! A permission is held where it, or one that implies it, was granted to the login, to one of its roles or to `public`,
//! and none of them was denied to any of these. Members of `sysadmin` and owners are not asked. ["Permissions (Database
//! Engine)", "Permissions hierarchy (Database Engine)"]
//!
//! What it is not: statements that change permissions are in [`super::security`].

use crate::world::Estate;
use crate::world::assumption;
use crate::world::database::Database;
use crate::world::instance::SqlInstance;
use crate::world::security::{Login, Permission, Securable};

use super::role::{DATABASE_ROLES, DatabaseRole};

pub(crate) use super::builtin_permissions::{Builtin, Class, FIXED_ROLES, FixedRole, PUBLIC};

/// `principal_id` of `dbo` in every database.
pub(crate) const DBO: i32 = 1;
/// `principal_id` of `guest` in every database.
pub(crate) const GUEST: i32 = 2;

/// The login of that name.
pub(crate) fn login<'a>(engine: &'a SqlInstance, name: &str) -> Option<&'a Login> {
    engine.logins.iter().find(|login| engine.same_name(&login.name, name))
}

/// The fixed server role of that name, where the engine's version has it.
pub(crate) fn fixed_role(engine: &SqlInstance, name: &str) -> Option<&'static FixedRole> {
    let there = |role: &&FixedRole| role.first <= engine.build.major && engine.same_name(role.name, name);
    FIXED_ROLES.iter().find(there)
}

/// The `principal_id` of the login or role of that name.
pub(crate) fn server_principal(engine: &SqlInstance, name: &str) -> Option<i32> {
    let login = login(engine, name).map(|login| login.id);
    let fixed = || fixed_role(engine, name).map(|role| role.id);
    login.or_else(fixed).or_else(|| engine.role(None, name).map(|role| role.id))
}

/// Whether the login is a member of a fixed server role, by the role's own spelling, or of `sysadmin`.
pub(crate) fn in_role(engine: &SqlInstance, name: &str, role: &str) -> bool {
    let roles = login(engine, name).map(|login| engine.roles_of(None, &login.roles));
    roles.unwrap_or_default().iter().any(|one| *one == role || *one == "sysadmin")
}

/// Whether the login is a `sysadmin`.
pub(crate) fn sysadmin(engine: &SqlInstance, name: &str) -> bool {
    in_role(engine, name, "sysadmin")
}

/// Whether the login holds one of the permissions on the server, or in `master` where it is one of databases.
pub(crate) fn on_server(engine: &SqlInstance, name: &str, permissions: &[&str]) -> bool {
    let rights = Rights::of(engine, name);
    if permissions.is_empty() {
        return rights.server("CONTROL SERVER");
    }
    permissions.iter().any(|permission| match Builtin::find(Class::Server, permission, engine.build.major) {
        Some(_) => rights.server(permission),
        None => rights.on(&Securable::Database("master".to_owned()), permission),
    })
}

/// Whether the login holds one of `server` on the server, or one of `object` (or CONTROL) on the object.
pub(crate) fn on_object(
    engine: &SqlInstance,
    name: &str,
    server: &[&str],
    securable: &Securable,
    object: &[&str],
) -> bool {
    if *securable == Securable::Server {
        return on_server(engine, name, server);
    }
    let rights = Rights::of(engine, name);
    // A denial on the object counts against what is granted above it.
    let denied = |permission: &&str| rights.denied(securable, permission);
    if object.iter().any(denied) && !rights.unlimited(securable) {
        return false;
    }
    let above = |permission: &&str| on_server(engine, name, &[permission]);
    rights.on(securable, "CONTROL")
        || object.iter().any(|permission| rights.on(securable, permission))
        || server.iter().any(above)
}

/// The `principal_id` that the login has in a database; nothing where it may not enter.
///
/// `sysadmin` and the database's owner are `dbo`. `guest` may enter the system databases alone, as installed.
pub(crate) fn user_in(engine: &SqlInstance, name: &str, database: &Database) -> Option<i32> {
    let login = login(engine, name)?;
    if sysadmin(engine, name) || engine.same_name(&database.owner, name) {
        return Some(DBO);
    }
    let own = engine.users.iter().find(|user| user.login == Some(login.id) && user.database == database.name);
    match own {
        Some(user) => Some(user.id),
        None if ["master", "tempdb", "msdb"].contains(&database.name.as_str()) => Some(GUEST),
        None => Rights::of(engine, name).server("CONNECT ANY DATABASE").then_some(GUEST),
    }
}

/// The `principal_id` of a database principal by name.
pub(crate) fn user(engine: &SqlInstance, database: &str, name: &str) -> Option<i32> {
    let fixed = [("public", 0), ("dbo", DBO), ("guest", GUEST), ("INFORMATION_SCHEMA", 3), ("sys", 4)];
    let system = fixed.iter().find(|(known, _)| engine.same_name(known, name)).map(|(_, id)| *id);
    let own =
        || engine.users.iter().find(|one| one.database == database && engine.same_name(&one.name, name));
    let role = || engine.role(Some(database), name).map(|role| role.id);
    system.or_else(|| own().map(|user| user.id)).or_else(role)
}

/// What one login may do, gathered once for many questions.
#[derive(Debug, Clone)]
pub(crate) struct Rights<'a> {
    engine: &'a SqlInstance,
    login: Option<&'a Login>,
    sysadmin: bool,
    /// The roles of the server that it is in.
    roles: Vec<&'a str>,
    /// Grants and denials to the login, its roles and `public`; and to its users in databases and their roles.
    given: Vec<&'a Permission>,
    /// Whether any permission shows a securable, though VIEW DEFINITION is denied.
    any_shows: bool,
}

impl<'a> Rights<'a> {
    pub(crate) fn of(engine: &'a SqlInstance, name: &str) -> Self {
        let login = login(engine, name);
        let roles = login.map(|login| engine.roles_of(None, &login.roles)).unwrap_or_default();
        let sysadmin = roles.contains(&"sysadmin");
        let mut rights = Self { engine, login, sysadmin, roles, given: Vec::new(), any_shows: false };
        if let Some(login) = login {
            let mut users: Vec<(&str, i32)> = Vec::new();
            for user in engine.users.iter().filter(|user| user.login == Some(login.id)) {
                let place = user.database.as_str();
                users.push((place, user.id));
                let roles = engine.roles_of(Some(place), &user.roles);
                users.extend(engine.role_ids(Some(place), &roles).into_iter().map(|id| (place, id)));
            }
            let mut own = engine.role_ids(None, &rights.roles);
            own.extend([login.id, PUBLIC]);
            rights.given = engine.permissions.iter().filter(|one| concerns(one, &own, &users)).collect();
        }
        rights
    }

    /// The same in a world in which the opposites are in force that it has.
    pub(crate) fn in_world(self, estate: &Estate) -> Self {
        Self { any_shows: estate.opposite(assumption::HIDING_DENIALS), ..self }
    }

    /// The login, if there is one.
    pub(crate) fn login(&self) -> Option<&'a Login> {
        self.login
    }

    /// Whether it holds a permission on the server.
    pub(crate) fn server(&self, permission: &str) -> bool {
        self.on(&Securable::Server, permission)
    }

    /// Whether it holds a permission on a securable. One that the version does not know is held by nobody.
    pub(crate) fn on(&self, securable: &Securable, permission: &str) -> bool {
        if self.unlimited(securable) {
            return true;
        }
        let implying = self.implying(securable, permission);
        let mut granted = implying.iter().any(|(place, name)| match place {
            Securable::Server => self.roles().any(|role| role.grants.contains(name)),
            Securable::Database(database) => self.by_database_role(database, name),
            _ => false,
        });
        for one in &self.given {
            if implying.iter().any(|(place, name)| *place == one.securable && *name == one.name) {
                if one.denied {
                    return false;
                }
                granted = true;
            }
        }
        granted
    }

    /// Whether the permission, or one that implies it, is denied.
    pub(crate) fn denied(&self, securable: &Securable, permission: &str) -> bool {
        let implying = self.implying(securable, permission);
        !self.unlimited(securable)
            && self.given.iter().any(|one| {
                one.denied
                    && implying.iter().any(|(place, name)| *place == one.securable && *name == one.name)
            })
    }

    /// Whether the securable's metadata is shown: to its owner and to whoever holds any permission on it.
    ///
    /// ASSUMED 71: a denial of VIEW DEFINITION hides it whatever else is held.
    pub(crate) fn sees(&self, securable: &Securable) -> bool {
        if self.unlimited(securable) {
            return true;
        }
        let version = self.engine.build.major;
        (self.any_shows || !self.denied(securable, "VIEW DEFINITION"))
            && Builtin::of(class(securable), version).any(|one| self.on(securable, one.name))
    }

    /// `sysadmin`, or the owner.
    fn unlimited(&self, securable: &Securable) -> bool {
        self.sysadmin || self.login.is_some_and(|login| self.owns(login, securable))
    }

    fn owns(&self, login: &Login, securable: &Securable) -> bool {
        let engine = self.engine;
        match securable {
            Securable::Endpoint(id) => {
                engine.endpoint.as_ref().is_some_and(|one| one.id == *id && one.owner == login.id)
            }
            Securable::Certificate(id) => {
                let user = |one: &&crate::world::security::User| {
                    one.login == Some(login.id) && one.database == "master"
                };
                let users: Vec<i32> = engine.users.iter().filter(user).map(|one| one.id).collect();
                engine.certificate_by_id(*id).is_some_and(|one| users.contains(&one.owner))
            }
            Securable::Database(name) => {
                engine.database(name).is_some_and(|one| engine.same_name(&one.owner, &login.name))
            }
            Securable::Login(id) => login.id == *id,
            Securable::Server | Securable::Group(_) | Securable::Object(..) => false,
        }
    }

    /// Whether one of its users' roles in a database comes with a permission on the database.
    fn by_database_role(&self, database: &str, permission: &str) -> bool {
        let Some(login) = self.login else { return false };
        let mut users = self.engine.users.iter();
        let own = users.find(|user| user.login == Some(login.id) && user.database == database);
        let roles = own.map(|user| self.engine.roles_of(Some(database), &user.roles)).unwrap_or_default();
        let comes_with =
            |(name, _, grants): &DatabaseRole| roles.contains(name) && grants.contains(&permission);
        DATABASE_ROLES.iter().any(comes_with)
    }

    fn roles(&self) -> impl Iterator<Item = &'static FixedRole> {
        FIXED_ROLES.iter().filter(|role| self.roles.contains(&role.name))
    }

    /// Whether it is in a role of the server, by way of others too.
    pub(crate) fn in_server_role(&self, name: &str) -> bool {
        self.roles.contains(&name)
    }

    /// Whether its user in a database is in a role there, by way of others too.
    pub(crate) fn in_database_role(&self, database: &str, name: &str) -> bool {
        let Some(login) = self.login else { return false };
        let mut users = self.engine.users.iter();
        let own = users.find(|user| user.login == Some(login.id) && user.database == database);
        own.is_some_and(|user| self.engine.roles_of(Some(database), &user.roles).contains(&name))
    }

    /// The permission and all that imply it, each with the securable on which it does.
    fn implying(&self, securable: &Securable, permission: &str) -> Vec<(Securable, &'static str)> {
        let version = self.engine.build.major;
        let mut found: Vec<(Securable, &'static str)> = Vec::new();
        let mut open = vec![(securable.clone(), permission.to_owned())];
        while let Some((place, name)) = open.pop() {
            let Some(one) = Builtin::find(class(&place), &name, version) else { continue };
            if found.iter().any(|(known, name)| *known == place && *name == one.name) {
                continue;
            }
            open.extend(one.covered_by.map(|name| (place.clone(), name.to_owned())));
            open.extend(one.above.map(|name| (above(&place), name.to_owned())));
            found.push((place, one.name));
        }
        found
    }
}

/// Whether a grant or denial is to one of these principals of the server, or to one of those of databases.
fn concerns(permission: &Permission, own: &[i32], users: &[(&str, i32)]) -> bool {
    let database = match &permission.securable {
        Securable::Database(name) => name.as_str(),
        // Certificates are kept in `master`.
        Securable::Certificate(_) => "master",
        Securable::Object(database, _) => database.as_str(),
        _ => return own.contains(&permission.grantee),
    };
    // 0 is the database's `public`.
    let of_users = |(place, id): &(&str, i32)| *place == database && *id == permission.grantee;
    permission.grantee == 0 || users.iter().any(of_users)
}

/// The class of a securable.
pub(crate) fn class(securable: &Securable) -> Class {
    match securable {
        Securable::Server => Class::Server,
        Securable::Endpoint(_) => Class::Endpoint,
        Securable::Login(_) => Class::Login,
        Securable::Group(_) => Class::AvailabilityGroup,
        Securable::Database(_) => Class::Database,
        Securable::Certificate(_) => Class::Certificate,
        Securable::Object(..) => Class::Object,
    }
}

fn above(securable: &Securable) -> Securable {
    match securable {
        Securable::Certificate(_) => Securable::Database("master".to_owned()),
        Securable::Object(database, _) => Securable::Database(database.clone()),
        _ => Securable::Server,
    }
}
