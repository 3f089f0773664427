//! Logins, users, fixed server roles, permissions and owners.

use super::super::ast::{
    self, CreateLogin, LoginPassword, LoginSource, Name, PermissionVerb, SecurableClass,
};
use super::super::catalog;
use super::super::error::{SqlError, not_modelled, raise};
use super::permission::{Builtin, Class, PUBLIC};
use super::refusal::{no_permission, not_found, password_policy};
use super::{Caller, Outcome, engine, engine_mut, in_master, next_id, permission};
use crate::world::Estate;
use crate::world::instance::SqlInstance;
use crate::world::security::{Login, LoginOptions, Password, PasswordHash, Permission, Securable, User};

/// `principal_id` of `sa`.
const SA: i32 = 1;

/// `CREATE LOGIN`.
pub(super) fn create_login(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateLogin,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let engine = manager(estate, caller)?;
    let name = statement.name.0.as_str();
    if permission::login(engine, name).is_some() || permission::fixed_role(engine, name).is_some() {
        return Err(raise!(15025, name));
    }
    let mut options = login_options(engine, &LoginOptions::default(), &statement.options)?;
    let (kind, password) = match &statement.source {
        LoginSource::Password(password) => {
            let (plain, hash) = taken(estate, password, &options)?;
            options.password_hash = hash;
            ('S', plain)
        }
        LoginSource::Windows if !name.contains('\\') => {
            return Err(raise!(15407, name));
        }
        LoginSource::Windows => ('U', None),
        LoginSource::External => ('E', None),
        LoginSource::Certificate(certificate) => {
            let known = engine.certificate(&certificate.0);
            let known = known.ok_or_else(|| not_found("find", "certificate", &certificate.0))?;
            options.certificate = Some(known.id);
            ('C', None)
        }
    };
    let engine = engine_mut(estate, caller)?;
    let id = next_id(engine);
    let roles = Vec::new();
    engine.logins.push(Login {
        name: name.to_owned(),
        id,
        password,
        kind,
        enabled: true,
        roles,
        options,
        created: now,
        modified: now,
    });
    engine.permissions.push(may_connect(id));
    Ok(Outcome::default())
}

/// A password as a login keeps it: as it is, or its hash, which no policy can judge.
fn taken(
    estate: &Estate,
    password: &LoginPassword,
    options: &LoginOptions,
) -> Result<(Option<Password>, Option<PasswordHash>), SqlError> {
    match password {
        LoginPassword::Plain(password) => {
            if options.check_policy {
                password_policy(estate, &password.0)?;
            }
            Ok((Some(Password(password.0.clone())), None))
        }
        LoginPassword::Hashed(_) if options.must_change => Err(not_modelled("HASHED with MUST_CHANGE")),
        LoginPassword::Hashed(Some(hash)) => Ok((None, Some(hash.clone()))),
        LoginPassword::Hashed(None) => Err(raise!(15021, "PASSWORD")),
    }
}

/// The options of a login after a statement; 15010, 15099, 15122, 15419 and 15433 for those that cannot be.
fn login_options(
    engine: &SqlInstance,
    before: &LoginOptions,
    written: &ast::LoginOptions,
) -> Result<LoginOptions, SqlError> {
    let mut options = before.clone();
    if let Some(Name(name)) = &written.default_database {
        let database = engine.database(name).ok_or_else(|| raise!(15010, name))?;
        options.default_database.clone_from(&database.name);
    }
    if let Some(sid) = &written.sid {
        if sid.len() != 16 {
            return Err(raise!(15419));
        }
        if engine.logins.iter().any(|login| catalog::sid(login) == *sid) {
            return Err(raise!(15433));
        }
        options.sid = Some(sid.clone());
    }
    options.check_policy = written.check_policy.unwrap_or(options.check_policy);
    options.check_expiration = written.check_expiration.unwrap_or(options.check_expiration);
    options.must_change |= written.must_change;
    if written.must_change && !options.check_expiration {
        return Err(raise!(15099));
    }
    if options.check_expiration && !options.check_policy {
        return Err(raise!(15122));
    }
    Ok(options)
}

/// What every login is granted when it is made.
fn may_connect(login: i32) -> Permission {
    Permission {
        grantee: login,
        name: "CONNECT SQL".to_owned(),
        securable: Securable::Server,
        denied: false,
        grant_option: false,
        grantor: 1,
    }
}

/// `ALTER LOGIN`: a login may change its own password where others may not.
pub(super) fn alter_login(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    enable: Option<bool>,
    password: Option<&LoginPassword>,
    options: &ast::LoginOptions,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let missing = || not_found("alter", "login", name);
    let login = permission::login(here, name).ok_or_else(missing)?;
    let plain = *options == ast::LoginOptions::default();
    let own = enable.is_none() && plain && here.same_name(&login.name, &caller.login);
    if !own && !permission::on_server(here, &caller.login, &["ALTER ANY LOGIN"]) {
        return Err(missing());
    }
    let off = options.check_policy == Some(false) || options.check_expiration == Some(false);
    if login.options.must_change && off {
        return Err(raise!(15128));
    }
    let mut options = login_options(here, &login.options, options)?;
    let mut replaced = None;
    if let Some(password) = password {
        let (plain, hash) = taken(estate, password, &options)?;
        options.password_hash = hash;
        replaced = Some(plain);
        // One's own change is the one that was asked for.
        options.must_change &= !own;
    }
    let id = login.id;
    let now = estate.clock.now();
    let engine = engine_mut(estate, caller)?;
    for login in engine.logins.iter_mut().filter(|one| one.id == id) {
        login.modified = now;
        login.enabled = enable.unwrap_or(login.enabled);
        login.options.clone_from(&options);
        if let Some(password) = &replaced {
            login.password.clone_from(password);
        }
    }
    Ok(Outcome::default())
}

/// `DROP LOGIN`.
pub(super) fn drop_login(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let login = permission::login(here, name)
        .filter(|_| permission::on_server(here, &caller.login, &["ALTER ANY LOGIN"]))
        .ok_or_else(|| not_found("drop", "login", name))?;
    let id = login.id;
    if here.same_name(&login.name, &caller.login) {
        return Err(raise!(15434, name));
    }
    if here.endpoint.as_ref().is_some_and(|endpoint| endpoint.owner == id) {
        return Err(raise!(15141, "endpoint"));
    }
    if here.databases.iter().any(|database| here.same_name(&database.owner, name)) {
        return Err(raise!(15174, name));
    }
    let engine = engine_mut(estate, caller)?;
    engine.logins.retain(|one| one.id != id);
    engine.permissions.retain(|one| !to_login(one, id) && one.securable != Securable::Login(id));
    Ok(Outcome::default())
}

/// Whether a permission is a server principal's.
fn to_login(permission: &Permission, id: i32) -> bool {
    permission.grantee == id && !in_database(&permission.securable)
}

/// Whether a securable lies in a database.
fn in_database(securable: &Securable) -> bool {
    matches!(securable, Securable::Database(_) | Securable::Certificate(_) | Securable::Object(..))
}

/// `CREATE USER`, in the current database.
pub(super) fn create_user(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    login: Option<&Name>,
    without_login: bool,
) -> Result<Outcome, SqlError> {
    let created = estate.clock.now();
    let here = engine(estate, caller)?;
    let database = caller.database.clone();
    if !may_alter_users(here, caller) {
        return Err(no_permission());
    }
    let login = login.map_or(name, |login| login.0.as_str());
    let login = match (without_login, permission::login(here, login)) {
        (true, _) => None,
        (false, Some(found)) => Some(found.id),
        (false, None) => {
            return Err(raise!(15007, login));
        }
    };
    if permission::user(here, &database, name).is_some() {
        return Err(raise!(15023, name));
    }
    let mapped = |one: &User| one.database == database && one.login.is_some() && one.login == login;
    if here.users.iter().any(mapped) {
        return Err(raise!(15063));
    }
    let engine = engine_mut(estate, caller)?;
    let taken = engine.users.iter().filter(|one| one.database == database).map(|one| one.id).max();
    // 1 to 4 are the users that every database has.
    let id = taken.unwrap_or(4) + 1;
    engine.users.push(User {
        database: database.clone(),
        name: name.to_owned(),
        id,
        login,
        roles: Vec::new(),
        created,
    });
    engine.permissions.push(Permission {
        grantee: id,
        name: "CONNECT".to_owned(),
        securable: Securable::Database(database),
        denied: false,
        grant_option: false,
        grantor: 1,
    });
    Ok(Outcome::default())
}

/// `DROP USER`, in the current database.
pub(super) fn drop_user(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    if_exists: bool,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let database = caller.database.clone();
    let own = |one: &&User| one.database == database && here.same_name(&one.name, name);
    let Some(id) = here.users.iter().find(own).map(|one| one.id).filter(|_| may_alter_users(here, caller))
    else {
        return if if_exists { Ok(Outcome::default()) } else { Err(not_found("drop", "user", name)) };
    };
    let in_master = database == "master";
    if in_master && here.certificates.iter().any(|one| one.owner == id) {
        return Err(raise!(15138, "certificate"));
    }
    let engine = engine_mut(estate, caller)?;
    engine.users.retain(|one| one.database != database || one.id != id);
    engine.permissions.retain(|one| {
        let there = match &one.securable {
            Securable::Database(name) => *name == database,
            Securable::Certificate(_) => in_master,
            Securable::Object(place, _) => *place == database,
            _ => false,
        };
        !there || one.grantee != id
    });
    Ok(Outcome::default())
}

fn may_alter_users(engine: &SqlInstance, caller: &Caller) -> bool {
    let database = Securable::Database(caller.database.clone());
    permission::Rights::of(engine, &caller.login).on(&database, "ALTER ANY USER")
}

/// `ALTER SERVER ROLE … ADD | DROP MEMBER`.
pub(super) fn alter_server_role(
    estate: &mut Estate,
    caller: &Caller,
    role: &str,
    add: bool,
    member: &str,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let missing_role = || not_found("alter", "server role", role);
    let role =
        permission::fixed_role(here, role).filter(|role| role.id != PUBLIC).ok_or_else(missing_role)?.name;
    // Members of a fixed role may add to it.
    if !permission::in_role(here, &caller.login, role) {
        return Err(missing_role());
    }
    let missing = || not_found(if add { "add" } else { "drop" }, "server principal", member);
    let id = permission::login(here, member).ok_or_else(missing)?.id;
    if !add && id == SA {
        return Err(raise!(15405, member));
    }
    for login in engine_mut(estate, caller)?.logins.iter_mut().filter(|one| one.id == id) {
        login.roles.retain(|one| one != role);
        if add {
            login.roles.push(role.to_owned());
        }
    }
    Ok(Outcome::default())
}

/// `GRANT`, `DENY` and `REVOKE`.
pub(super) fn permission(
    estate: &mut Estate,
    caller: &Caller,
    statement: &ast::Permission,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let (login, words) = (caller.login.as_str(), statement.permissions.clone());
    let securable = match &statement.securable {
        None => implicit(here, caller, &words)?,
        Some((SecurableClass::Object, name)) => object(here, caller, &name.0)?,
        Some((class, name)) => find(here, *class, &name.0)?,
    };
    let kind = permission::class(&securable);
    if !in_database(&securable) && !in_master(caller) {
        return Err(raise!(4621));
    }
    let known = |name: &String| Builtin::find(kind, name, here.build.major).is_some();
    if !words.iter().all(known) {
        return Err(not_modelled("permissions that the securable's class, or this version, does not have"));
    }
    let grantor = own_id(here, caller, &securable);
    let held = |grantee: i32, name: &str| {
        let mut all = here.permissions.iter();
        all.find(|one| one.grantee == grantee && one.name == name && one.securable == securable)
    };
    let may_pass_on = |name: &String| {
        let own = grantor.and_then(|id| held(id, name));
        own.is_some_and(|one| one.grant_option && !one.denied)
    };
    if !may_grant(here, login, &securable) && !words.iter().all(may_pass_on) {
        return Err(raise!(4613));
    }
    let mut grantees = Vec::new();
    for Name(name) in &statement.principals {
        grantees.push(grantee(here, caller, &securable, name)?);
    }
    let takes = statement.verb != PermissionVerb::Grant;
    let grantable = |id: i32| words.iter().any(|name| held(id, name).is_some_and(|one| one.grant_option));
    if takes && !statement.cascade && grantees.iter().any(|&id| grantable(id)) {
        return Err(raise!(4611));
    }
    let engine = engine_mut(estate, caller)?;
    for grantee in grantees {
        for name in &words {
            if takes {
                revoke_passed_on(&mut engine.permissions, grantee, name, &securable);
            }
            let same =
                |one: &Permission| one.grantee == grantee && one.name == *name && one.securable == securable;
            if statement.grant_option_for {
                engine
                    .permissions
                    .iter_mut()
                    .filter(|one| same(one))
                    .for_each(|one| one.grant_option = false);
                continue;
            }
            engine.permissions.retain(|one| !same(one));
            if statement.verb != PermissionVerb::Revoke {
                engine.permissions.push(Permission {
                    grantee,
                    name: name.clone(),
                    securable: securable.clone(),
                    denied: statement.verb == PermissionVerb::Deny,
                    grant_option: statement.with_grant_option,
                    grantor: grantor.unwrap_or(permission::DBO),
                });
            }
        }
    }
    Ok(Outcome::default())
}

/// `CASCADE`: what a principal passed on of a permission goes with it, and so on.
fn revoke_passed_on(all: &mut Vec<Permission>, grantor: i32, name: &str, securable: &Securable) {
    let from = |one: &Permission| {
        one.grantor == grantor && one.grantee != grantor && one.name == name && one.securable == *securable
    };
    let passed_on: Vec<i32> = all.iter().filter(|one| from(one)).map(|one| one.grantee).collect();
    all.retain(|one| !from(one));
    for grantee in passed_on {
        revoke_passed_on(all, grantee, name, securable);
    }
}

/// The caller's `principal_id` where a securable's grantees are: its login, or its user in the database.
fn own_id(engine: &SqlInstance, caller: &Caller, securable: &Securable) -> Option<i32> {
    let database = match securable {
        Securable::Database(name) | Securable::Object(name, _) => name,
        Securable::Certificate(_) => "master",
        _ => return permission::login(engine, &caller.login).map(|login| login.id),
    };
    engine.database(database).and_then(|one| permission::user_in(engine, &caller.login, one))
}

/// The securable of a statement without ON: the server, or the current database.
fn implicit(engine: &SqlInstance, caller: &Caller, words: &[String]) -> Result<Securable, SqlError> {
    let version = engine.build.major;
    let on = |class| words.iter().all(|name| Builtin::find(class, name, version).is_some());
    if on(Class::Server) {
        Ok(Securable::Server)
    } else if on(Class::Database) {
        Ok(Securable::Database(caller.database.clone()))
    } else {
        Err(not_modelled("permissions of several kinds, or of a later version, in one statement"))
    }
}

/// A view, table or procedure of the current database; those of `sys` are granted in `master`.
fn object(engine: &SqlInstance, caller: &Caller, name: &str) -> Result<Securable, SqlError> {
    let collation = engine.comparing();
    let parts: Vec<String> = name.split('.').map(|part| collation.lower(part)).collect();
    let (database, schema, object) = match parts.as_slice() {
        [object] => (caller.database.as_str(), "dbo", object),
        [schema, object] => (caller.database.as_str(), schema.as_str(), object),
        [database, schema, object] => (database.as_str(), schema.as_str(), object),
        _ => return Err(not_found("find", "object", name)),
    };
    let schema = if schema.is_empty() { "dbo" } else { schema };
    if !engine.same_name(database, &caller.database) {
        return Err(raise!(4610));
    }
    if catalog::object_id(engine.build, &caller.database, (schema, object), None).is_none() {
        return Err(not_found("find", "object", object));
    }
    if schema == "sys" && !in_master(caller) {
        return Err(raise!(4629));
    }
    Ok(Securable::Object(caller.database.clone(), format!("{schema}.{object}")))
}

fn may_grant(engine: &SqlInstance, login: &str, securable: &Securable) -> bool {
    let right = match securable {
        Securable::Endpoint(_) => "ALTER ANY ENDPOINT",
        Securable::Group(_) => "ALTER ANY AVAILABILITY GROUP",
        Securable::Certificate(_) => "ALTER ANY CERTIFICATE",
        // Members of securityadmin grant permissions on the server too ("Server-level roles").
        Securable::Server | Securable::Login(_) => "ALTER ANY LOGIN",
        Securable::Database(_) | Securable::Object(..) => "CONTROL SERVER",
    };
    permission::on_object(engine, login, &[right], securable, &[])
}

/// The `principal_id` to which a permission is granted: a login, or a user where the securable lies in a database.
fn grantee(
    engine: &SqlInstance,
    caller: &Caller,
    securable: &Securable,
    name: &str,
) -> Result<i32, SqlError> {
    let refused = || Err(raise!(4624));
    let database = match securable {
        Securable::Database(name) => name.as_str(),
        Securable::Certificate(_) => "master",
        Securable::Object(database, _) => database.as_str(),
        _ => {
            if engine.same_name(name, "public") {
                return Ok(PUBLIC);
            }
            let grantee = permission::login(engine, name).ok_or_else(|| not_found("find", "login", name))?;
            let admin = grantee.roles.iter().any(|role| role == "sysadmin");
            return if admin || engine.same_name(&grantee.name, &caller.login) {
                refused()
            } else {
                Ok(grantee.id)
            };
        }
    };
    let id = permission::user(engine, database, name).ok_or_else(|| not_found("find", "user", name))?;
    let own = engine.database(database).and_then(|one| permission::user_in(engine, &caller.login, one));
    if matches!(id, 1 | 3 | 4) || own == Some(id) { refused() } else { Ok(id) }
}

/// `ALTER AUTHORIZATION ON class::name TO principal`; no principal is `SCHEMA OWNER`.
pub(super) fn alter_authorization(
    estate: &mut Estate,
    caller: &Caller,
    class: SecurableClass,
    name: &str,
    owner: Option<&Name>,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let Some(Name(owner)) = owner else {
        return Err(not_modelled("ALTER AUTHORIZATION … TO SCHEMA OWNER"));
    };
    if class == SecurableClass::Certificate {
        return certificate_owner(estate, caller, name, owner);
    }
    let to = permission::login(here, owner).ok_or_else(|| not_found("find", "login", owner))?;
    let (to_id, to_name) = (to.id, to.name.clone());
    let control = permission::on_server(here, &caller.login, &[]);
    if class == SecurableClass::Database {
        let database = here.database(name).ok_or_else(|| not_found("find", "database", name))?;
        if !control && !here.same_name(&database.owner, &caller.login) {
            return Err(not_found("find", "database", name));
        }
        let engine = engine_mut(estate, caller)?;
        engine.database_mut(name).into_iter().for_each(|database| database.owner.clone_from(&to_name));
        return Ok(Outcome::default());
    }
    let securable = find(here, class, name)?;
    if !permission::on_object(here, &caller.login, &[], &securable, &["TAKE OWNERSHIP"]) {
        return Err(not_found("find", word(class), name));
    }
    let engine = engine_mut(estate, caller)?;
    match securable {
        Securable::Endpoint(_) => engine.endpoint.iter_mut().for_each(|one| one.owner = to_id),
        // The world keeps no owner of a group; nothing in the subset reads one.
        Securable::Group(_) => {}
        _ => {
            return Err(not_modelled("ALTER AUTHORIZATION on this class"));
        }
    }
    Ok(Outcome::default())
}

/// A certificate's owner is a user of its database.
fn certificate_owner(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    owner: &str,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let to = permission::user(here, "master", owner).ok_or_else(|| not_found("find", "user", owner))?;
    let securable = find(here, SecurableClass::Certificate, name)?;
    let Securable::Certificate(id) = securable else { return Ok(Outcome::default()) };
    if !permission::on_object(here, &caller.login, &[], &securable, &["TAKE OWNERSHIP"]) {
        return Err(not_found("find", "certificate", name));
    }
    let engine = engine_mut(estate, caller)?;
    engine.certificates.iter_mut().filter(|one| one.id == id).for_each(|one| one.owner = to);
    Ok(Outcome::default())
}

/// The object of a class by name (15151).
fn find(engine: &SqlInstance, class: SecurableClass, name: &str) -> Result<Securable, SqlError> {
    let found = match class {
        SecurableClass::Server => Some(Securable::Server),
        SecurableClass::Endpoint => catalog::endpoint_id(engine, name).map(Securable::Endpoint),
        SecurableClass::AvailabilityGroup => engine.group(name).map(|one| Securable::Group(one.name.clone())),
        SecurableClass::Certificate => engine.certificate(name).map(|one| Securable::Certificate(one.id)),
        SecurableClass::Login => permission::login(engine, name).map(|one| Securable::Login(one.id)),
        SecurableClass::Object => return Err(not_modelled("owners of objects")),
        SecurableClass::Database => engine.database(name).map(|one| Securable::Database(one.name.clone())),
    };
    found.ok_or_else(|| not_found("find", word(class), name))
}

fn word(class: SecurableClass) -> &'static str {
    match class {
        SecurableClass::Server => "server",
        SecurableClass::Endpoint => "endpoint",
        SecurableClass::AvailabilityGroup => "availability group",
        SecurableClass::Database => "database",
        SecurableClass::Certificate => "certificate",
        SecurableClass::Login => "login",
        SecurableClass::Object => "object",
    }
}

fn manager<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if permission::on_server(engine, &caller.login, &["ALTER ANY LOGIN"]) {
        Ok(engine)
    } else {
        Err(no_permission())
    }
}
