//! The whole suite on servers of another collation.
//!
//! `MILINK_SUITE_COLLATION=Turkish_CI_AS cargo test -p milink-acceptance-tests` runs every scenario on SQL Servers,
//! databases and managed instances of that collation: names that a binary collation tells apart, or letters that Turkish
//! does not hold for the same, then matter wherever a test goes. Without the variable a scene is as it is written.

use std::env;

use milink_simulator::world::Estate;
use milink_simulator::world::collation::Collation;

/// The variable that names the collation of a run.
pub const VARIABLE: &str = "MILINK_SUITE_COLLATION";

/// The collation that this run asks for; `None` leaves each scene its own.
pub fn asked() -> Option<String> {
    let name = env::var_os(VARIABLE)?.into_string().unwrap();
    assert!(Collation::exists(&name, false), "{VARIABLE}: `{name}` is no collation");
    Some(name)
}

/// `other`, another spelling of `name`, where the servers of this run hold it for the same name; else `name` itself.
pub fn spelt<'a>(name: &'a str, other: &'a str) -> &'a str {
    let collation = asked().map(|name| Collation::named(&name)).unwrap_or_default();
    if collation.equal(name, other) { other } else { name }
}

/// Gives every server, database and managed instance this collation.
pub fn impose(estate: &mut Estate, name: &str) {
    let managed = estate.managed_instances.iter_mut().map(|managed| {
        name.clone_into(&mut managed.view.collation);
        &mut managed.engine
    });
    for engine in estate.sql_servers.iter_mut().chain(managed) {
        name.clone_into(&mut engine.collation);
        engine.databases.iter_mut().for_each(|database| name.clone_into(&mut database.collation));
    }
}
