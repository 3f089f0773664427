//! A database engine with everything that a fresh installation has.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::{Scene, SceneError};
use crate::world::Estate;
use crate::world::build::Build;
use crate::world::database::{BackupRecord, Database, DatabaseState};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::log::LogPosition;
use crate::world::names::Names;
use crate::world::security::{Login, Password, Permission, Securable};

/// A SQL Server: the default instance of its host, or a named one beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlServerDescription {
    /// Host name, as the configuration says it.
    pub host: String,
    /// Further names and addresses of the host.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// TCP port; where it is left out 1433, or one of its own for a named instance.
    pub port: Option<u16>,
    /// Instance name, where it is not the default instance; several instances may have one host.
    pub instance: Option<String>,
    /// `2016`, `2017`, `2019`, `2022` or `2025`.
    pub version: String,
    /// `16.0.4125.3`; one that supports the link where it is left out.
    pub build: Option<String>,
    /// `enterprise`, `developer`, `standard` or `express`; developer where it is left out.
    pub edition: Option<String>,
    /// Whether Always On availability groups are enabled; yes where it is left out.
    pub hadr_enabled: Option<bool>,
    /// Name of the Windows failover cluster that it is a node of. Where it is left out there is none, but for 2016, which
    /// has no availability groups without one.
    pub cluster: Option<String>,
    /// SQL logins, all members of `sysadmin`.
    #[serde(default)]
    pub logins: Vec<LoginDescription>,
    /// Databases in the full recovery model, with a full backup.
    #[serde(default)]
    pub databases: Vec<DatabaseDescription>,
}

/// A SQL login.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginDescription {
    /// Name.
    pub name: String,
    /// Password; made up where it is left out.
    pub password: Option<String>,
    /// The variable of the configuration that takes the password.
    pub password_variable: Option<String>,
}

/// A database.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseDescription {
    /// Name.
    pub name: String,
    /// Size, gigabytes; 1 where it is left out.
    pub size_gb: Option<u64>,
}

const VERSIONS: [(&str, u8); 5] = [("2016", 13), ("2017", 14), ("2019", 15), ("2022", 16), ("2025", 17)];

const COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";

/// The engine of a SQL Server.
pub(super) fn sql_server(
    description: SqlServerDescription,
    scene: &mut Scene,
) -> Result<SqlInstance, SceneError> {
    let (_, major) =
        VERSIONS.into_iter().find(|(version, ..)| *version == description.version).ok_or_else(|| {
            SceneError::Unknown {
                what: "the version",
                value: description.version.clone(),
                known: "2016, 2017, 2019, 2022 and 2025",
            }
        })?;
    let build = match &description.build {
        None => Build::usual(major),
        Some(build) => build.parse().ok().filter(|build: &Build| build.major == major).ok_or_else(|| {
            SceneError::Unknown {
                what: "the build",
                value: build.clone(),
                known: "builds of the version that is named, such as 16.0.4125.3",
            }
        })?,
    };
    let edition = match description.edition.as_deref() {
        None | Some("developer") => Edition::Developer,
        Some("enterprise") => Edition::Enterprise,
        Some("standard") => Edition::Standard,
        Some("express") => Edition::Express,
        Some(other) => {
            return Err(SceneError::Unknown {
                what: "the edition",
                value: other.to_owned(),
                known: "enterprise, developer, standard and express",
            });
        }
    };
    let now = scene.estate.clock.now();
    let mut engine = fresh(&description.host, now, build, edition, &mut scene.estate);
    engine.aliases = description.aliases.iter().map(|alias| alias.to_lowercase()).collect();
    engine.instance_name = description.instance.map(|name| name.to_uppercase());
    // Named instances get a port from the dynamic range, as installed.
    let dynamic = 49_172 + u16::try_from(scene.estate.sql_servers.len()).unwrap_or(0);
    let usual = if engine.instance_name.is_some() { dynamic } else { 1433 };
    engine.port = description.port.unwrap_or(usual);
    let same = |other: &SqlInstance| {
        other.answers_to(&engine.host) && (other.port == engine.port || other.key() == engine.key())
    };
    if scene.estate.sql_servers.iter().any(same) {
        return Err(SceneError::Twice(engine.key().to_string()));
    }
    engine.hadr_enabled = description.hadr_enabled.unwrap_or(true);
    // 2016 knows no groups without a cluster: CLUSTER_TYPE came with 2017, and scripts for links leave it out there.
    // ["Configure link with scripts", 2025]
    engine.cluster = description.cluster.or_else(|| (major == 13).then(|| "WSFC".to_owned()));
    super::principals::install(&mut engine, now - Duration::days(30));
    for login in description.logins {
        let password = scene.secret(login.password, login.password_variable);
        let id = next_id(&mut engine);
        engine.logins.push(Login {
            name: login.name,
            id,
            password: Some(Password(password)),
            kind: 'S',
            enabled: true,
            roles: vec!["sysadmin".into()],
            created: now,
            modified: now,
        });
        engine.permissions.push(Permission {
            grantee: id,
            name: "CONNECT SQL".into(),
            securable: Securable::Server,
            denied: false,
            grant_option: false,
        });
    }
    for wanted in description.databases {
        let mut database = database(&wanted.name, &engine, now, &mut scene.estate);
        database.size = wanted.size_gb.unwrap_or(1) << 30;
        database.activity = 1;
        let finished = now - Duration::hours(6);
        database.backups.push(BackupRecord {
            kind: 'D',
            copy_only: false,
            started: finished - Duration::minutes(5),
            finished,
        });
        engine.databases.push(database);
    }
    Ok(engine)
}

/// An engine with its system databases and `sa`.
pub(super) fn fresh(
    host: &str,
    now: OffsetDateTime,
    build: Build,
    edition: Edition,
    estate: &mut Estate,
) -> SqlInstance {
    let host = host.to_lowercase();
    let mut engine = SqlInstance {
        machine_name: host.split('.').next().unwrap_or_default().to_uppercase(),
        host,
        aliases: Vec::new(),
        port: 1433,
        instance_name: None,
        build,
        edition,
        linux: false,
        hadr_enabled: true,
        clustered: false,
        cluster: None,
        collation: COLLATION.to_owned(),
        clock_skew: 0,
        trace_flags: BTreeSet::new(),
        configuration: BTreeMap::new(),
        databases: Vec::new(),
        master_key: None,
        certificates: Vec::new(),
        issuers: Vec::new(),
        endpoint: None,
        groups: Vec::new(),
        logins: vec![Login {
            name: "sa".into(),
            id: 1,
            password: None,
            kind: 'S',
            enabled: false,
            roles: vec!["sysadmin".into()],
            created: now,
            modified: now,
        }],
        users: Vec::new(),
        permissions: Vec::new(),
        next_id: 257,
        started: now - Duration::days(30),
        database_names: Names::default(),
        group_names: Names::default(),
    };
    for name in ["master", "tempdb", "model", "msdb"] {
        let mut system = database(name, &engine, now, estate);
        system.recovery_model = if name == "model" { 1 } else { 3 };
        system.broker_enabled = name == "msdb" || name == "tempdb";
        system.owner = "sa".into();
        engine.databases.push(system);
    }
    engine
}

fn database(name: &str, engine: &SqlInstance, now: OffsetDateTime, estate: &mut Estate) -> Database {
    Database {
        name: name.to_owned(),
        id: i32::try_from(engine.databases.len()).unwrap_or(i32::MAX - 1) + 1,
        state: DatabaseState::Online,
        recovery_model: 1,
        compatibility_level: engine.build.major * 10,
        collation: engine.collation.clone(),
        read_only: false,
        encrypted: false,
        accelerated_recovery: false,
        broker_enabled: false,
        auto_close: false,
        user_access: 0,
        size: 16 << 20,
        special_filegroups: Vec::new(),
        log_files: 1,
        owner: "sa".into(),
        created: now - Duration::days(30),
        guid: estate.fresh_guid(),
        group_database_id: None,
        group: None,
        hardened_lsn: LogPosition(1000),
        backed_up_lsn: LogPosition(900),
        activity: 0,
        log_used: 5.0,
        backups: Vec::new(),
        suspended: None,
        seeded_by: None,
    }
}

fn next_id(engine: &mut SqlInstance) -> i32 {
    engine.next_id += 1;
    engine.next_id
}
