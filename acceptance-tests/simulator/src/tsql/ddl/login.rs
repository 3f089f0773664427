//! Logins and users.

use super::super::ast::{self, CreateLogin, LoginPassword, LoginSource, Name, NewPassword};
use super::super::catalog;
use super::super::error::{SqlError, not_modelled, raise};
use super::refusal::{no_permission, not_found, password_policy};
use super::role::{in_database, lies_in};
use super::{Caller, Outcome, engine, engine_mut, next_id, permission, role};
use crate::world::instance::SqlInstance;
use crate::world::security::{Login, LoginOptions, Password, PasswordHash, Permission, Securable, User};
use crate::world::{Estate, assumption};

/// `CREATE LOGIN`.
pub(super) fn create_login(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateLogin,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let engine = manager(estate, caller)?;
    let name = statement.name.0.as_str();
    if permission::server_principal(engine, name).is_some() {
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

/// `ALTER LOGIN`: a login may change its own password and database where others may not, the password for the one that it
/// has. [learn.microsoft.com: "ALTER LOGIN", permissions; a user's trials of it: 15151 without the old one]
pub(super) fn alter_login(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    enable: Option<bool>,
    password: Option<&NewPassword>,
    options: &ast::LoginOptions,
) -> Result<Outcome, SqlError> {
    let here = engine(estate, caller)?;
    let missing = || not_found("alter", "login", name);
    let login = permission::login(here, name).ok_or_else(missing)?;
    let old = password.and_then(|new| new.old.as_ref());
    let plain = ast::LoginOptions { default_database: None, ..options.clone() };
    let plain = enable.is_none() && plain == ast::LoginOptions::default();
    let own = plain && here.same_name(&login.name, &caller.login);
    let unproven = password.is_some() && old.is_none();
    let may = permission::on_server(here, &caller.login, &["ALTER ANY LOGIN"]);
    if !may && (!own || unproven) {
        return Err(missing());
    }
    // Who controls the server is out of the reach of those who do not, but for who knows the password.
    let mighty = permission::on_server(here, &login.name, &[]);
    let strong = enable.is_some() || unproven || options.must_change;
    let strong = strong || options.check_policy.is_some() || options.check_expiration.is_some();
    if mighty && strong && !permission::on_server(here, &caller.login, &[]) {
        return Err(missing());
    }
    // ASSUMED 67.
    let wrong = old.is_some_and(|old| login.has_password(&old.0) == Some(false));
    if wrong {
        return Err(if estate.opposite(assumption::OLD_PASSWORD) {
            raise!(18456, name, "", "")
        } else {
            missing()
        });
    }
    let off = options.check_policy == Some(false) || options.check_expiration == Some(false);
    if login.options.must_change && off {
        return Err(raise!(15128));
    }
    let mut options = login_options(here, &login.options, options)?;
    let mut replaced = None;
    if let Some(NewPassword { password, .. }) = password {
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
    if here.roles.iter().any(|role| role.database.is_none() && role.owner == id) {
        return Err(raise!(15141, "server role"));
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
    if permission::user(here, &database, name).is_some() || role::named(here, name).is_some() {
        return Err(raise!(15023, name));
    }
    let mapped = |one: &User| one.database == database && one.login.is_some() && one.login == login;
    if here.users.iter().any(mapped) {
        return Err(raise!(15063));
    }
    let engine = engine_mut(estate, caller)?;
    let id = role::next_database_id(engine, &database);
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
    if here.roles.iter().any(|role| role.database.as_ref() == Some(&database) && role.owner == id) {
        return Err(raise!(15421));
    }
    let engine = engine_mut(estate, caller)?;
    engine.users.retain(|one| one.database != database || one.id != id);
    engine.permissions.retain(|one| !lies_in(&one.securable, &database) || one.grantee != id);
    Ok(Outcome::default())
}

fn may_alter_users(engine: &SqlInstance, caller: &Caller) -> bool {
    let database = Securable::Database(caller.database.clone());
    permission::Rights::of(engine, &caller.login).on(&database, "ALTER ANY USER")
}

fn manager<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if permission::on_server(engine, &caller.login, &["ALTER ANY LOGIN"]) {
        Ok(engine)
    } else {
        Err(no_permission())
    }
}
