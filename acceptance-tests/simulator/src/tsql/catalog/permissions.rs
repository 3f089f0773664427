//! Grants and denials.

use super::super::ddl::permission::{self, Builtin, DBO, PUBLIC};
use super::{Row, Viewer, number, text};
use crate::world::security::{Permission, Securable};

fn row(viewer: &Viewer<'_>, permission: &Permission, (class, words, major): (i32, &str, i32)) -> Row {
    let kind = permission::class(&permission.securable);
    let code = Builtin::find(kind, &permission.name, viewer.engine.build.major).map_or("", |one| one.code);
    let (state, state_desc) = match (permission.denied, permission.grant_option) {
        (true, _) => ("D", "DENY"),
        (false, true) => ("W", "GRANT_WITH_GRANT_OPTION"),
        (false, false) => ("G", "GRANT"),
    };
    Row::from([
        ("class", number(class)),
        ("class_desc", text(words)),
        ("major_id", number(major)),
        ("minor_id", number(0)),
        ("grantee_principal_id", number(permission.grantee)),
        ("grantor_principal_id", number(permission.grantor)),
        ("type", text(format!("{code:<4}"))),
        ("permission_name", text(&permission.name)),
        ("state", text(state)),
        ("state_desc", text(state_desc)),
    ])
}

/// One sees one's own permissions and those of `public`; others by a right on the login, or on all.
/// ["sys.server_permissions", 2025]
pub(super) fn on_server(viewer: &Viewer<'_>) -> Vec<Row> {
    let me = viewer.rights.login().map(|login| login.id);
    let all = ["VIEW ANY SECURITY DEFINITION", "VIEW ANY DEFINITION", "ALTER ANY LOGIN"]
        .iter()
        .any(|permission| viewer.rights.server(permission));
    let shown = |id: i32| all || Some(id) == me || id == PUBLIC || viewer.rights.sees(&Securable::Login(id));
    let place = |permission: &Permission| match &permission.securable {
        Securable::Server => Some((100, "SERVER", 0)),
        Securable::Endpoint(id) => Some((105, "ENDPOINT", *id)),
        Securable::Login(id) => Some((101, "SERVER_PRINCIPAL", *id)),
        Securable::Group(name) => Some((108, "AVAILABILITY GROUP", viewer.metadata_id(name).unwrap_or(0))),
        Securable::Database(_) | Securable::Certificate(_) | Securable::Object(..) => None,
    };
    viewer
        .engine
        .permissions
        .iter()
        .filter(|permission| shown(permission.grantee))
        .filter_map(|permission| place(permission).map(|place| row(viewer, permission, place)))
        .collect()
}

/// In a database: its own, and those of its certificates.
pub(super) fn in_database(viewer: &Viewer<'_>) -> Vec<Row> {
    let Some(database) = viewer.database_named(viewer.database) else { return Vec::new() };
    let securable = Securable::Database(database.name.clone());
    let all = ["VIEW DEFINITION", "VIEW SECURITY DEFINITION", "ALTER ANY USER"]
        .iter()
        .any(|permission| viewer.rights.on(&securable, permission));
    let me = viewer.rights.login().and_then(|me| permission::user_in(viewer.engine, &me.name, database));
    let place = |permission: &Permission| match &permission.securable {
        one if *one == securable => Some((0, "DATABASE", 0)),
        Securable::Certificate(id) if database.name == "master" => Some((25, "CERTIFICATE", *id)),
        Securable::Object(place, name) if *place == database.name => {
            let id = super::object_id(viewer.equipment(), place, name.split_once('.')?, None)?;
            Some((1, "OBJECT_OR_COLUMN", id))
        }
        _ => None,
    };
    // dbo may connect, as to every database.
    let dbo = Permission {
        grantee: DBO,
        name: "CONNECT".to_owned(),
        securable: securable.clone(),
        denied: false,
        grant_option: false,
        grantor: 1,
    };
    std::iter::once(&dbo)
        .chain(&viewer.engine.permissions)
        .filter(|permission| all || permission.grantee == 0 || me == Some(permission.grantee))
        .filter_map(|permission| place(permission).map(|place| row(viewer, permission, place)))
        .collect()
}
