//! Roles of servers and databases: the fixed ones, those that users make, and who is in them.
//! ["Server-level roles", "Database-level roles", "CREATE ROLE", "ALTER ROLE", "DROP ROLE" and the same of SERVER ROLE, 2025]

use aws_lc_rs::digest::{SHA256, digest};

use super::super::ast::RoleScope;
use super::super::error::{SqlError, raise};
use super::permission::{self, DBO, Rights};
use super::refusal::{no_permission, not_found};
use super::{Caller, Outcome, engine, engine_mut, next_id};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::instance::SqlInstance;
use crate::world::roles::Role;
use crate::world::security::{Permission, Securable};

/// `principal_id` of `sa`.
const SA: i32 = 1;

/// A fixed role: its name, its `principal_id`, and the permissions on the database that it comes with.
pub(crate) type DatabaseRole = (&'static str, i32, &'static [&'static str]);

/// All but `public`.
pub(crate) const DATABASE_ROLES: [DatabaseRole; 9] = [
    ("db_owner", 16384, &["CONTROL"]),
    ("db_accessadmin", 16385, &["ALTER ANY USER", "CONNECT"]),
    ("db_securityadmin", 16386, &["ALTER ANY ROLE", "CREATE ROLE", "VIEW DEFINITION"]),
    ("db_ddladmin", 16387, &[]),
    ("db_backupoperator", 16389, &["BACKUP DATABASE", "BACKUP LOG"]),
    ("db_datareader", 16390, &["SELECT"]),
    ("db_datawriter", 16391, &[]),
    ("db_denydatareader", 16392, &[]),
    ("db_denydatawriter", 16393, &[]),
];

/// The fixed role of that name in databases.
pub(crate) fn named(engine: &SqlInstance, name: &str) -> Option<&'static DatabaseRole> {
    DATABASE_ROLES.iter().find(|(known, ..)| engine.same_name(known, name))
}

/// The next `principal_id` of a database: users and roles share them.
pub(super) fn next_database_id(engine: &SqlInstance, database: &str) -> i32 {
    let users = engine.users.iter().filter(|one| one.database == database).map(|one| one.id);
    let roles = engine.roles.iter().filter(|one| one.database.as_deref() == Some(database));
    // 1 to 4 are the users that every database has.
    users.chain(roles.map(|one| one.id)).max().unwrap_or(4) + 1
}

/// A role that is named, where it stands.
struct Place<'a> {
    scope: RoleScope,
    /// The current database, for its roles.
    database: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(caller: &'a Caller, scope: RoleScope) -> Self {
        Self { scope, database: (scope == RoleScope::Database).then_some(caller.database.as_str()) }
    }

    fn word(&self) -> &'static str {
        if self.scope == RoleScope::Server { "server role" } else { "role" }
    }

    /// The spelling of a fixed role, `public` among them.
    fn fixed(&self, engine: &SqlInstance, name: &str) -> Option<&'static str> {
        match self.scope {
            RoleScope::Server => permission::fixed_role(engine, name).map(|role| role.name),
            RoleScope::Database if engine.same_name("public", name) => Some("public"),
            RoleScope::Database => named(engine, name).map(|(name, ..)| *name),
        }
    }

    fn principal(&self, engine: &SqlInstance, name: &str) -> Option<i32> {
        match self.database {
            None => permission::server_principal(engine, name),
            Some(database) => {
                permission::user(engine, database, name).or_else(|| named(engine, name).map(|(_, id, _)| *id))
            }
        }
    }

    /// Whether the caller holds a permission where roles of this kind are made.
    fn may(&self, engine: &SqlInstance, caller: &Caller, [server, database]: [&str; 2]) -> bool {
        match self.database {
            None => permission::on_server(engine, &caller.login, &[server]),
            Some(name) => {
                Rights::of(engine, &caller.login).on(&Securable::Database(name.to_owned()), database)
            }
        }
    }

    /// Whether the caller may change a role that users made: its owner, and whoever may alter any.
    fn may_alter(&self, engine: &SqlInstance, caller: &Caller, role: &Role) -> bool {
        let own = match self.database {
            None => permission::login(engine, &caller.login).map(|login| login.id),
            Some(name) => {
                let database = engine.database(name);
                database.and_then(|database| permission::user_in(engine, &caller.login, database))
            }
        };
        own == Some(role.owner) || self.may(engine, caller, ["ALTER ANY SERVER ROLE", "ALTER ANY ROLE"])
    }
}

/// A security identifier for a role. ASSUMED 68: of the server like a login's, of a database with the authority of the fixed
/// ones and sixteen bytes of its own.
fn identifier(place: &Place<'_>, name: &str, id: i32) -> Vec<u8> {
    let hash = digest(&SHA256, format!("{:?} {name} {id}", place.database).as_bytes());
    let own = hash.as_ref().get(..16).unwrap_or_default();
    match place.scope {
        RoleScope::Server => own.to_vec(),
        RoleScope::Database => [&[1, 5, 0, 0, 0, 0, 0, 9, 4, 0, 0, 0], own].concat(),
    }
}

/// `CREATE [SERVER] ROLE`.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    scope: RoleScope,
    name: &str,
    owner: Option<&str>,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let here = engine(estate, caller)?;
    let place = Place::of(caller, scope);
    if !place.may(here, caller, ["CREATE SERVER ROLE", "CREATE ROLE"]) {
        return Err(no_permission());
    }
    if place.principal(here, name).is_some() {
        return Err(if scope == RoleScope::Server { raise!(15025, name) } else { raise!(15023, name) });
    }
    let owner = match owner {
        Some(owner) => place.principal(here, owner).ok_or_else(|| {
            not_found(
                "find",
                if scope == RoleScope::Server { "server principal" } else { "principal" },
                owner,
            )
        })?,
        // Without a word it is the one who makes it; in a database that is its user there.
        None => match place.database {
            None => permission::login(here, &caller.login).map_or(SA, |login| login.id),
            Some(database) => {
                let database = here.database(database);
                database.and_then(|one| permission::user_in(here, &caller.login, one)).unwrap_or(DBO)
            }
        },
    };
    let id = match place.database {
        Some(database) => next_database_id(here, database),
        None => next_id(engine_mut(estate, caller)?),
    };
    let sid = identifier(&place, name, id);
    let database = place.database.map(str::to_owned);
    let role = Role {
        database,
        name: name.to_owned(),
        id,
        owner,
        roles: Vec::new(),
        sid,
        created: now,
        modified: now,
    };
    engine_mut(estate, caller)?.roles.push(role);
    Ok(Outcome::default())
}

/// `ALTER [SERVER] ROLE … ADD | DROP MEMBER`.
///
/// To a fixed role of the server its own members may add, to one of a database who controls the database.
pub(super) fn membership(
    estate: &mut Estate,
    caller: &Caller,
    scope: RoleScope,
    role: &str,
    add: bool,
    member: &str,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let here = engine(estate, caller)?;
    let place = Place::of(caller, scope);
    let missing_role = || not_found("alter", place.word(), role);
    let name = match (place.fixed(here, role), here.role(place.database, role)) {
        (Some("public"), _) if scope == RoleScope::Database => return Err(raise!(15081)),
        (Some("public"), _) => return Err(missing_role()),
        (Some(fixed), _) => {
            let may = match place.database {
                None => permission::in_role(here, &caller.login, fixed),
                Some(_) => place.may(here, caller, ["CONTROL SERVER", "CONTROL"]),
            };
            if !may {
                return Err(missing_role());
            }
            fixed.to_owned()
        }
        (None, Some(made)) if place.may_alter(here, caller, made) => made.name.clone(),
        (None, _) => return Err(missing_role()),
    };
    let noun = if scope == RoleScope::Server { "server principal" } else { "principal" };
    let missing = || not_found(if add { "add" } else { "drop" }, noun, member);
    if place.fixed(here, member).is_some() {
        return Err(if scope == RoleScope::Server { missing() } else { raise!(15405, member) });
    }
    if let Some(inner) = here.role(place.database, member) {
        let within = here.role(place.database, &name);
        let around = within.map(|role| here.roles_of(place.database, &role.roles)).unwrap_or_default();
        if add && (inner.name == name || around.contains(&inner.name.as_str())) {
            return Err(raise!(15413));
        }
        let (inner, database) = (inner.name.clone(), place.database.map(str::to_owned));
        for one in engine_mut(estate, caller)?.roles.iter_mut() {
            if one.database == database && one.name == inner {
                set(&mut one.roles, &name, add);
                one.modified = now;
            }
        }
        return Ok(Outcome::default());
    }
    match place.database {
        None => {
            let id = permission::login(here, member).ok_or_else(missing)?.id;
            if !add && id == SA {
                return Err(raise!(15405, member));
            }
            let logins = &mut engine_mut(estate, caller)?.logins;
            logins.iter_mut().filter(|one| one.id == id).for_each(|one| set(&mut one.roles, &name, add));
        }
        Some(database) => {
            let id = permission::user(here, database, member).ok_or_else(missing)?;
            // dbo is in db_owner, always; the others of the system are in no role.
            if matches!(id, DBO | 3 | 4) {
                return Err(raise!(15405, member));
            }
            let users = &mut engine_mut(estate, caller)?.users;
            let own = users.iter_mut().filter(|user| user.database == caller.database && user.id == id);
            own.for_each(|user| set(&mut user.roles, &name, add));
        }
    }
    Ok(Outcome::default())
}

fn set(roles: &mut Vec<String>, name: &str, add: bool) {
    roles.retain(|one| one != name);
    if add {
        roles.push(name.to_owned());
    }
}

/// `ALTER [SERVER] ROLE … WITH NAME = …`: members stay, owners and permissions too.
pub(super) fn rename(
    estate: &mut Estate,
    caller: &Caller,
    scope: RoleScope,
    name: &str,
    new: &str,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let here = engine(estate, caller)?;
    let place = Place::of(caller, scope);
    if place.fixed(here, name).is_some() {
        return Err(raise!(15150, "alter", place.word(), name));
    }
    let made = here.role(place.database, name).filter(|role| place.may_alter(here, caller, role));
    let made = made.ok_or_else(|| not_found("alter", place.word(), name))?;
    if place.principal(here, new).is_some_and(|id| id != made.id) {
        return Err(if scope == RoleScope::Server { raise!(15025, new) } else { raise!(15023, new) });
    }
    let (old, database) = (made.name.clone(), made.database.clone());
    let engine = engine_mut(estate, caller)?;
    let renamed = |roles: &mut Vec<String>| {
        roles.iter_mut().filter(|one| **one == old).for_each(|one| new.clone_into(one));
    };
    for role in engine.roles.iter_mut().filter(|role| role.database == database) {
        renamed(&mut role.roles);
        if role.name == old {
            new.clone_into(&mut role.name);
            role.modified = now;
        }
    }
    match &database {
        None => engine.logins.iter_mut().for_each(|login| renamed(&mut login.roles)),
        Some(database) => {
            let users = engine.users.iter_mut().filter(|user| user.database == *database);
            users.for_each(|user| renamed(&mut user.roles));
        }
    }
    Ok(Outcome::default())
}

/// `DROP [SERVER] ROLE`: what was granted to it goes with it.
pub(super) fn drop(
    estate: &mut Estate,
    caller: &Caller,
    scope: RoleScope,
    name: &str,
    if_exists: bool,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let place = Place::of(caller, scope);
    if place.fixed(here, name).is_some() {
        return Err(raise!(15150, "drop", place.word(), name));
    }
    let made = here.role(place.database, name).filter(|role| place.may_alter(here, caller, role));
    let Some(made) = made else {
        return if if_exists { Ok(Outcome::default()) } else { Err(not_found("drop", place.word(), name)) };
    };
    let is_in = |roles: &[String]| roles.contains(&made.name);
    let in_roles = here.roles.iter().any(|one| one.database == made.database && is_in(&one.roles));
    let members = match place.database {
        None => here.logins.iter().any(|login| is_in(&login.roles)),
        Some(name) => here.users.iter().any(|user| user.database == name && is_in(&user.roles)),
    };
    if members || in_roles {
        return Err(raise!(15144));
    }
    if here.roles.iter().any(|one| one.database == made.database && one.owner == made.id) {
        return Err(if scope == RoleScope::Server { raise!(15141, "server role") } else { raise!(15421) });
    }
    let (id, database) = (made.id, made.database.clone());
    let granted = |one: &Permission| {
        let there = match &database {
            None => !in_database(&one.securable),
            Some(database) => lies_in(&one.securable, database),
        };
        there && one.grantee == id
    };
    // ASSUMED 68: what was granted to it goes with it.
    if estate.opposite(assumption::GRANTS_OF_ROLES) && here.permissions.iter().any(granted) {
        return Err(if scope == RoleScope::Server {
            raise!(15141, "permission")
        } else {
            raise!(15138, "permission")
        });
    }
    let engine = engine_mut(estate, caller)?;
    engine.roles.retain(|one| one.database != database || one.id != id);
    engine.permissions.retain(|one| !granted(one));
    Ok(Outcome::default())
}

/// Whether a securable lies in a database.
pub(super) fn in_database(securable: &Securable) -> bool {
    matches!(securable, Securable::Database(_) | Securable::Certificate(_) | Securable::Object(..))
}

/// Whether a securable lies in that database; certificates are kept in `master`.
pub(super) fn lies_in(securable: &Securable, database: &str) -> bool {
    match securable {
        Securable::Database(name) | Securable::Object(name, _) => name == database,
        Securable::Certificate(_) => database == "master",
        _ => false,
    }
}
