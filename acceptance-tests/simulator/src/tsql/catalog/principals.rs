//! Logins, users and roles.

use rusqlite::types::Value;
use time::OffsetDateTime;

use super::super::ddl::permission::{DBO, FIXED_ROLES, FixedRole, GUEST, PUBLIC};
use super::super::ddl::role::DATABASE_ROLES;
use super::{Row, Viewer, bit, moment, none_or, number, sid, text};
use crate::world::roles::Role;
use crate::world::security::{Login, Securable, User};

/// A login sees itself, the system's own and the fixed roles; others by a right on them. ["sys.server_principals", 2025]
fn shown(viewer: &Viewer<'_>, login: &Login) -> bool {
    login.id == 1
        || login.name.starts_with("##MS_")
        || viewer.rights.server("VIEW ANY SECURITY DEFINITION")
        || viewer.rights.sees(&Securable::Login(login.id))
}

fn kind(login: &Login) -> &'static str {
    match login.kind {
        'U' => "WINDOWS_LOGIN",
        'G' => "WINDOWS_GROUP",
        'E' => "EXTERNAL_LOGIN",
        'X' => "EXTERNAL_GROUP",
        'C' => "CERTIFICATE_MAPPED_LOGIN",
        _ => "SQL_LOGIN",
    }
}

fn login(login: &Login) -> Row {
    // Logins of certificates have no defaults.
    let of_certificate = login.kind == 'C';
    let default = |word: &str| if of_certificate { Value::Null } else { text(word) };
    Row::from([
        ("name", text(&login.name)),
        ("principal_id", number(login.id)),
        ("sid", Value::Blob(sid(login))),
        ("type", text(login.kind.to_string())),
        ("type_desc", text(kind(login))),
        ("is_disabled", bit(!login.enabled)),
        ("create_date", moment(login.created)),
        ("modify_date", moment(login.modified)),
        ("default_database_name", default(&login.options.default_database)),
        ("default_language_name", default("us_english")),
        ("is_fixed_role", bit(false)),
        // Of SQL logins alone.
        ("is_policy_checked", bit(login.options.check_policy)),
        ("is_expiration_checked", bit(login.options.check_expiration)),
        ("password_hash", Value::Null),
    ])
}

/// When the engine's makers made what every installation has.
const MADE: OffsetDateTime = time::macros::datetime!(2009-04-13 12:59:06.030 UTC);

/// The fixed roles of the engine's version.
fn fixed_roles(version: u8) -> impl Iterator<Item = &'static FixedRole> {
    FIXED_ROLES.iter().filter(move |role| role.first <= version)
}

pub(super) fn on_server(viewer: &Viewer<'_>) -> Vec<Row> {
    let role = |role: &FixedRole| {
        Row::from([
            ("name", text(role.name)),
            ("principal_id", number(role.id)),
            ("sid", Value::Blob(vec![u8::try_from(role.id).unwrap_or(0)])),
            ("type", text("R")),
            ("type_desc", text("SERVER_ROLE")),
            ("is_disabled", bit(false)),
            ("create_date", moment(MADE)),
            ("modify_date", moment(MADE)),
            ("owning_principal_id", number(1)),
            // `public` is none: what it may can be changed.
            ("is_fixed_role", bit(role.id != PUBLIC)),
        ])
    };
    let made = viewer.engine.roles.iter().filter(|one| role_shown(viewer, one)).map(|one| {
        Row::from([
            ("name", text(&one.name)),
            ("principal_id", number(one.id)),
            ("sid", Value::Blob(one.sid.clone())),
            ("type", text("R")),
            ("type_desc", text("SERVER_ROLE")),
            ("is_disabled", bit(false)),
            ("create_date", moment(one.created)),
            ("modify_date", moment(one.modified)),
            ("owning_principal_id", number(one.owner)),
            ("is_fixed_role", bit(false)),
        ])
    });
    let logins = viewer.engine.logins.iter().filter(|one| shown(viewer, one)).map(login);
    logins.chain(fixed_roles(viewer.engine.build.major).map(role)).chain(made).collect()
}

/// A role of the server that a user made is seen by its members and by who may alter roles or see definitions.
/// ["sys.server_principals", 2025]
fn role_shown(viewer: &Viewer<'_>, role: &Role) -> bool {
    let rights = &viewer.rights;
    role.database.is_none()
        && (rights.in_server_role(&role.name)
            || rights.login().is_some_and(|login| login.id == role.owner)
            || ["ALTER ANY SERVER ROLE", "VIEW ANY DEFINITION", "VIEW ANY SECURITY DEFINITION"]
                .iter()
                .any(|permission| rights.server(permission)))
}

pub(super) fn sql_logins(viewer: &Viewer<'_>) -> Vec<Row> {
    let sql = viewer.engine.logins.iter().filter(|one| one.kind == 'S' && shown(viewer, one));
    // Hashes are shown to CONTROL SERVER; the world keeps none, and shows none.
    sql.map(login).collect()
}

pub(super) fn role_members(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    let made: Vec<&Role> = engine.roles.iter().filter(|one| role_shown(viewer, one)).collect();
    let ids = |roles: &[String]| {
        let fixed = fixed_roles(engine.build.major).map(|role| (role.name, role.id));
        let all = fixed.chain(made.iter().map(|role| (role.name.as_str(), role.id)));
        all.filter(|(name, _)| roles.iter().any(|one| one == name)).map(|(_, id)| id).collect::<Vec<i32>>()
    };
    let logins = engine.logins.iter().map(|login| (login.id, &login.roles));
    logins
        .chain(made.iter().map(|role| (role.id, &role.roles)))
        .flat_map(|(member, roles)| ids(roles).into_iter().map(move |role| (role, member)))
        .map(|(role, member)| {
            Row::from([("role_principal_id", number(role)), ("member_principal_id", number(member))])
        })
        .collect()
}

/// A user sees itself, the system's own and the fixed roles; others by VIEW DEFINITION or ALTER ANY USER.
pub(super) fn in_database(viewer: &Viewer<'_>) -> Vec<Row> {
    let Some(database) = viewer.database_named(viewer.database) else { return Vec::new() };
    let securable = Securable::Database(database.name.clone());
    let all = ["VIEW DEFINITION", "ALTER ANY USER", "VIEW SECURITY DEFINITION"]
        .iter()
        .any(|permission| viewer.rights.on(&securable, permission));
    let me = viewer.rights.login().map(|login| login.id);
    let owner =
        viewer.engine.logins.iter().find(|login| viewer.engine.same_name(&login.name, &database.owner));
    let user = |name: &str, id: i32, kind: &str, words: &str, schema: Value, created| {
        Row::from([
            ("name", text(name)),
            ("principal_id", number(id)),
            ("type", text(kind)),
            ("type_desc", text(words)),
            ("default_schema_name", schema),
            ("create_date", moment(created)),
            ("modify_date", moment(created)),
            ("is_fixed_role", bit(false)),
            ("authentication_type", number(0)),
            ("authentication_type_desc", text("NONE")),
            ("allow_encrypted_value_modifications", bit(false)),
        ])
    };
    let mut rows = Vec::new();
    for (name, id, schema, sid) in [
        ("dbo", DBO, text("dbo"), owner.map_or(Value::Null, |owner| Value::Blob(sid(owner)))),
        ("guest", GUEST, text("guest"), Value::Blob(vec![0])),
        ("INFORMATION_SCHEMA", 3, Value::Null, Value::Null),
        ("sys", 4, Value::Null, Value::Null),
    ] {
        let mut row = user(name, id, "S", "SQL_USER", schema, MADE);
        row.insert("sid", sid);
        if id == DBO {
            row.insert("authentication_type", number(1));
            row.insert("authentication_type_desc", text("INSTANCE"));
        }
        rows.push(row);
    }
    let mine = |one: &&User| one.database == database.name && (all || one.login == me);
    for one in viewer.engine.users.iter().filter(mine) {
        let login = viewer.engine.logins.iter().find(|login| Some(login.id) == one.login);
        let (kind, words) = match login.map(|login| login.kind) {
            Some('U') => ("U", "WINDOWS_USER"),
            Some('G') => ("G", "WINDOWS_GROUP"),
            Some('E') => ("E", "EXTERNAL_USER"),
            Some('X') => ("X", "EXTERNAL_GROUP"),
            Some('C') => ("C", "CERTIFICATE_MAPPED_USER"),
            _ => ("S", "SQL_USER"),
        };
        let mut row = user(&one.name, one.id, kind, words, text("dbo"), one.created);
        row.insert("sid", none_or(login, |login| Value::Blob(sid(login))));
        if let Some(login) = login {
            let (code, words) = match login.kind {
                'U' | 'G' => (3, "WINDOWS"),
                'E' | 'X' => (4, "EXTERNAL"),
                _ => (1, "INSTANCE"),
            };
            row.insert("authentication_type", number(code));
            row.insert("authentication_type_desc", text(words));
        }
        rows.push(row);
    }
    let public = std::iter::once(("public", 0));
    for (name, id) in public.chain(DATABASE_ROLES.map(|(name, id, _)| (name, id))) {
        let mut row = user(name, id, "R", "DATABASE_ROLE", Value::Null, MADE);
        row.insert("owning_principal_id", number(DBO));
        row.insert("is_fixed_role", bit(id != 0));
        let mut own = vec![1, 5, 0, 0, 0, 0, 0, 9, 4, 0, 0, 0];
        own.extend([0; 12]);
        own.extend(id.to_le_bytes());
        row.insert("sid", Value::Blob(own));
        rows.push(row);
    }
    for one in viewer.engine.roles.iter().filter(|one| database_role_shown(viewer, one)) {
        let mut row = user(&one.name, one.id, "R", "DATABASE_ROLE", Value::Null, one.created);
        row.insert("modify_date", moment(one.modified));
        row.insert("owning_principal_id", number(one.owner));
        row.insert("sid", Value::Blob(one.sid.clone()));
        rows.push(row);
    }
    rows
}

/// The same of a role of the current database. ["sys.database_principals", 2025]
fn database_role_shown(viewer: &Viewer<'_>, role: &Role) -> bool {
    let securable = Securable::Database(viewer.database.to_owned());
    role.database.as_deref() == Some(viewer.database)
        && (viewer.rights.in_database_role(viewer.database, &role.name)
            || ["ALTER ANY ROLE", "VIEW DEFINITION", "VIEW SECURITY DEFINITION"]
                .iter()
                .any(|permission| viewer.rights.on(&securable, permission)))
}

/// `dbo`, and whom statements added.
pub(super) fn role_members_in_database(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |role: i32, member: i32| {
        Row::from([("role_principal_id", number(role)), ("member_principal_id", number(member))])
    };
    let made: Vec<&Role> =
        viewer.engine.roles.iter().filter(|one| database_role_shown(viewer, one)).collect();
    let users = viewer.engine.users.iter().filter(|user| user.database == viewer.database);
    let users = users.map(|user| (user.id, &user.roles));
    let members = users.chain(made.iter().map(|role| (role.id, &role.roles))).flat_map(|(member, roles)| {
        let fixed = DATABASE_ROLES.iter().map(|(name, id, _)| (*name, *id));
        let all = fixed.chain(made.iter().map(|role| (role.name.as_str(), role.id)));
        let own = all.filter(|(name, _)| roles.iter().any(|one| one == name));
        own.map(|(_, role)| (role, member)).collect::<Vec<_>>()
    });
    std::iter::once((16384, DBO)).chain(members).map(|(role, member)| row(role, member)).collect()
}
