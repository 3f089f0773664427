//! A database engine with everything that a fresh installation has, and what a file says beyond that.

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};

use super::description::{
    DatabaseDescription, EditionName, EncryptionName, LoginDescription, OperatingSystem, RecoveryModel,
    SqlServerDescription, Version,
};
use super::schema::Problem;
use super::{SceneError, Setting};
use crate::tsql::{self, bracket, quote};
use crate::world::Estate;
use crate::world::backups::BackupRecord;
use crate::world::build::Build;
use crate::world::database::{Database, DatabaseState};
use crate::world::instance::{Edition, EngineKey, SqlInstance};
use crate::world::log::LogPosition;
use crate::world::log_space::LogSpace;
use crate::world::names::Names;
use crate::world::security::{Login, LoginOptions, Password, Permission, Securable};
use crate::world::transport::{Encryption, Route, Suites, Transport};

const COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";

impl Version {
    fn major(self) -> u8 {
        match self {
            Self::V2016 => 13,
            Self::V2017 => 14,
            Self::V2019 => 15,
            Self::V2022 => 16,
            Self::V2025 => 17,
        }
    }
}

/// Adds a SQL Server to the world.
pub(super) fn sql_server(
    mut description: SqlServerDescription,
    setting: &mut Setting<'_>,
) -> Result<(), SceneError> {
    let at = setting.at.clone();
    let major = description.version.major();
    let build = build(&description, &at)?;
    let linux = description.os == Some(OperatingSystem::Linux);
    if linux && major < 14 {
        return Err(Problem::new(format!("{at}.os"), "SQL Server runs on Linux since 2017").into());
    }
    if linux && description.instance.is_some() {
        let what = "SQL Server on Linux has no named instances";
        return Err(Problem::new(format!("{at}.instance"), what).into());
    }
    let edition = match description.edition {
        None | Some(EditionName::Developer) => Edition::Developer,
        Some(EditionName::Enterprise) => Edition::Enterprise,
        Some(EditionName::Standard) => Edition::Standard,
        Some(EditionName::Express) => Edition::Express,
    };
    let now = setting.now();
    let collation = description.collation.as_deref().unwrap_or(COLLATION);
    let mut engine = fresh(&description.host, now, build, edition, collation, setting.estate);
    engine.aliases = description.aliases.iter().map(|alias| alias.to_lowercase()).collect();
    engine.instance_name = description.instance.as_ref().map(|name| name.to_uppercase());
    // Named instances get a port from the dynamic range, as installed.
    let dynamic = 49_172 + u16::try_from(setting.estate.sql_servers.len()).unwrap_or(0);
    let usual = if engine.instance_name.is_some() { dynamic } else { 1433 };
    engine.port = description.port.unwrap_or(usual);
    let same = |other: &SqlInstance| {
        other.answers_to(&engine.host) && (other.port == engine.port || other.key() == engine.key())
    };
    if setting.estate.sql_servers.iter().any(same) {
        let what = format!(
            "there are two SQL Servers `{}`, or another one on its host has port {}",
            engine.key(),
            engine.port
        );
        return Err(Problem::new(at, what).into());
    }
    engine.transport = transport(&description, &engine, &at)?;
    engine.linux = linux;
    engine.hadr_enabled = description.hadr_enabled.unwrap_or(true);
    engine.clustered = description.failover_cluster_instance;
    engine.clock_skew = description.clock_skew_seconds;
    engine.configuration = configuration(&description.configuration, major, &at)?;
    engine.startup_trace_flags = description.trace_flags.iter().copied().collect();
    engine.trace_flags.clone_from(&engine.startup_trace_flags);
    // 2016 knows no groups without a cluster: CLUSTER_TYPE came with 2017, and scripts for links leave it out there.
    // ["Configure link with scripts", 2025]
    engine.cluster = description.cluster.take().or_else(|| (major == 13).then(|| "WSFC".to_owned()));
    super::principals::install(&mut engine, now - Duration::days(30));
    let key = engine.key();
    setting.estate.sql_servers.push(engine);
    logins(std::mem::take(&mut description.logins), &key, setting)?;
    databases(&description.databases, &key, setting)?;
    objects(description, &key, setting)
}

/// Master key, certificates, endpoint and whatever else statements make.
fn objects(
    description: SqlServerDescription,
    key: &EngineKey,
    setting: &mut Setting<'_>,
) -> Result<(), SceneError> {
    if let Some(wanted) = description.master_key {
        let password = setting.secret(wanted.password, wanted.password_variable);
        setting.run(key, "master_key", &create_master_key(&password))?;
    }
    for (place, wanted) in description.certificates.iter().enumerate() {
        let expires = setting.now() + Duration::days(wanted.expires_in_days.unwrap_or(365));
        let text = create_certificate(&wanted.name, wanted.subject.as_ref().unwrap_or(&wanted.name), expires);
        setting.run(key, &format!("certificates[{place}]"), &text)?;
    }
    if let Some(wanted) = &description.endpoint {
        let text = create_endpoint(&wanted.name, wanted.port.unwrap_or(5022), &wanted.certificate);
        setting.run(key, "endpoint", &text)?;
    }
    for (place, text) in description.statements.iter().enumerate() {
        setting.run(key, &format!("statements[{place}]"), text)?;
    }
    Ok(())
}

fn transport(
    description: &SqlServerDescription,
    engine: &SqlInstance,
    at: &str,
) -> Result<Transport, SceneError> {
    let encryption = match description.encryption {
        Some(EncryptionName::Off) => Encryption::Off,
        None | Some(EncryptionName::Optional) => Encryption::Optional,
        Some(EncryptionName::Required) => Encryption::Required,
        Some(EncryptionName::Strict) if engine.speaks_tds_8() => Encryption::Strict,
        Some(EncryptionName::Strict) => {
            return Err(Problem::new(format!("{at}.encryption"), "SQL Server has TDS 8.0 since 2022").into());
        }
    };
    let route = |text: &String| {
        let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        parts.map(|(host, port)| Route { host: host.to_owned(), port }).ok_or_else(|| {
            SceneError::from(Problem::new(format!("{at}.routes_to"), format!("`{text}` is not HOST:PORT")))
        })
    };
    let route = description.routes_to.as_ref().map(route).transpose()?;
    let suites = description.cipher_suites.map(Suites::from).unwrap_or_default();
    Ok(Transport { encryption, suites, route, hidden: description.hidden })
}

/// Options of the version, by the names that it has for them.
fn configuration(
    wanted: &BTreeMap<String, i64>,
    major: u8,
    at: &str,
) -> Result<BTreeMap<String, i64>, SceneError> {
    let mut values = BTreeMap::new();
    for (name, value) in wanted {
        let problem = |what: String| Problem::new(format!("{at}.configuration.{name}"), what);
        let mut known = tsql::configuration_options(major);
        let option = known.find(|one| one.name.eq_ignore_ascii_case(name));
        let option = option.ok_or_else(|| problem("the version has no such option".to_owned()))?;
        // 0 means "as the server thinks fit" where the least value is larger.
        if *value != 0 && !(option.minimum..=option.maximum).contains(value) {
            let what = format!("`{value}` is not from {} to {}", option.minimum, option.maximum);
            return Err(problem(what).into());
        }
        values.insert(option.name.to_owned(), *value);
    }
    Ok(values)
}

fn build(description: &SqlServerDescription, at: &str) -> Result<Build, SceneError> {
    let major = description.version.major();
    let Some(build) = &description.build else { return Ok(Build::usual(major)) };
    let known = build.parse().ok().filter(|build: &Build| build.major == major);
    known.ok_or_else(|| {
        let example = Build::usual(major);
        let what = format!("`{build}` is no build of the version that is named, such as {example}");
        Problem::new(format!("{at}.build"), what).into()
    })
}

/// Adds logins to an engine of the world.
pub(super) fn logins(
    descriptions: Vec<LoginDescription>,
    key: &EngineKey,
    setting: &mut Setting<'_>,
) -> Result<(), SceneError> {
    for (place, wanted) in descriptions.into_iter().enumerate() {
        let password = (!wanted.entra).then(|| setting.secret(wanted.password, wanted.password_variable));
        let now = setting.now();
        let field = format!("logins[{place}]");
        let Some(engine) = setting.estate.engine_mut(key) else { continue };
        if engine.logins.iter().any(|one| engine.same_name(&one.name, &wanted.name)) {
            return Err(setting.problem(&field, format!("there are two logins `{}`", wanted.name)));
        }
        engine.next_id += 1;
        let id = engine.next_id;
        let roles = wanted.roles.unwrap_or_else(|| vec!["sysadmin".to_owned()]);
        engine.logins.push(Login {
            name: wanted.name.clone(),
            id,
            password: password.map(Password),
            kind: if wanted.entra { 'E' } else { 'S' },
            enabled: !wanted.disabled,
            roles: Vec::new(),
            options: LoginOptions::default(),
            created: now,
            modified: now,
        });
        engine.permissions.push(Permission {
            grantee: id,
            name: "CONNECT SQL".into(),
            securable: Securable::Server,
            denied: false,
            grant_option: false,
            grantor: 1,
        });
        for role in roles {
            let text = format!("ALTER SERVER ROLE {} ADD MEMBER {}", bracket(&role), bracket(&wanted.name));
            setting.run(key, &format!("{field}.roles"), &text)?;
        }
        for permission in wanted.permissions {
            let text = format!("GRANT {permission} TO {}", bracket(&wanted.name));
            setting.run(key, &format!("{field}.permissions"), &text)?;
        }
    }
    Ok(())
}

/// Adds databases to an engine of the world.
pub(super) fn databases(
    descriptions: &[DatabaseDescription],
    key: &EngineKey,
    setting: &mut Setting<'_>,
) -> Result<(), SceneError> {
    let now = setting.now();
    for (place, wanted) in descriptions.iter().enumerate() {
        let field = format!("databases[{place}]");
        let guid = setting.estate.fresh_guid();
        let Some(engine) = setting.estate.engine_mut(key) else { continue };
        if engine.database(&wanted.name).is_some() {
            return Err(setting.problem(&field, format!("there are two databases `{}`", wanted.name)));
        }
        let mut database = database(&wanted.name, engine, now, guid);
        database.size = wanted.size_gb.unwrap_or(1) << 30;
        database.activity = wanted.log_blocks_per_second.unwrap_or(1);
        database.recovery_model = match wanted.recovery_model {
            None | Some(RecoveryModel::Full) => 1,
            Some(RecoveryModel::BulkLogged) => 2,
            Some(RecoveryModel::Simple) => 3,
        };
        if let Some(collation) = &wanted.collation {
            database.collation.clone_from(collation);
        }
        if let Some(level) = wanted.compatibility_level {
            let highest = engine.build.major * 10;
            if level % 10 != 0 || !(100..=highest).contains(&level) {
                let what = format!("`{level}` is not one of 100, 110, … {highest}");
                return Err(setting.problem(&format!("{field}.compatibility_level"), what));
            }
            database.compatibility_level = level;
        }
        database.read_only = wanted.read_only;
        database.encrypted = wanted.encrypted;
        database.broker_enabled = wanted.broker_enabled;
        database.accelerated_recovery = wanted.accelerated_recovery;
        database.log_files = wanted.log_files.unwrap_or(1);
        database.data_files = wanted.data_files.unwrap_or(1);
        database.defunct_files = wanted.defunct_files;
        if database.data_files <= database.defunct_files {
            let what = "the first data file cannot be DEFUNCT".to_owned();
            return Err(setting.problem(&format!("{field}.defunct_files"), what));
        }
        if let Some(group) = &wanted.version_store_filegroup {
            database.special_filegroups.push((group.clone(), "FG".to_owned(), true));
            database.version_store = Some(group.clone());
        }
        for (there, kind) in [(wanted.filestream, "FD"), (wanted.memory_optimized, "FX")] {
            if there {
                database.special_filegroups.push((format!("{}_{kind}", wanted.name), kind.to_owned(), true));
            }
        }
        if wanted.full_backup.unwrap_or(true) {
            let finished = now - Duration::hours(6);
            let started = finished - Duration::minutes(5);
            database.backups.push(BackupRecord::full(started, finished, database.backed_up_lsn));
        }
        engine.databases.push(database);
    }
    Ok(())
}

/// An engine with its system databases and `sa`.
pub(super) fn fresh(
    host: &str,
    now: OffsetDateTime,
    build: Build,
    edition: Edition,
    collation: &str,
    estate: &mut Estate,
) -> SqlInstance {
    let host = host.to_lowercase();
    let mut engine = SqlInstance {
        machine_name: host.split('.').next().unwrap_or_default().to_uppercase(),
        host,
        aliases: Vec::new(),
        port: 1433,
        transport: Transport::default(),
        instance_name: None,
        build,
        edition,
        linux: false,
        hadr_enabled: true,
        clustered: false,
        cluster: None,
        collation: collation.to_owned(),
        clock_skew: 0,
        trace_flags: BTreeSet::new(),
        startup_trace_flags: BTreeSet::new(),
        files: BTreeMap::new(),
        configuration: BTreeMap::new(),
        configured: BTreeMap::new(),
        accepted: BTreeMap::new(),
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
            options: LoginOptions::default(),
            created: now,
            modified: now,
        }],
        users: Vec::new(),
        roles: Vec::new(),
        permissions: Vec::new(),
        next_id: 257,
        started: now - Duration::days(30),
        restarts: 0,
        database_names: Names::default(),
        group_names: Names::default(),
    };
    for name in ["master", "tempdb", "model", "msdb"] {
        let mut system = database(name, &engine, now, estate.fresh_guid());
        system.recovery_model = if name == "model" { 1 } else { 3 };
        system.broker_enabled = name == "msdb" || name == "tempdb";
        system.owner = "sa".into();
        engine.databases.push(system);
    }
    engine
}

fn database(name: &str, engine: &SqlInstance, now: OffsetDateTime, guid: String) -> Database {
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
        data_files: 1,
        defunct_files: 0,
        version_store: None,
        owner: "sa".into(),
        created: now - Duration::days(30),
        guid,
        group_database_id: None,
        group: None,
        hardened_lsn: LogPosition(1000),
        backed_up_lsn: LogPosition(900),
        activity: 0,
        log: LogSpace::beginning(LogPosition(1000)),
        backups: Vec::new(),
        restores: Vec::new(),
        restore: None,
        suspended: None,
        seeded_by: None,
    }
}

/// `CREATE MASTER KEY`.
pub(super) fn create_master_key(password: &str) -> String {
    format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = {}", quote(password))
}

/// `CREATE CERTIFICATE`, with a beginning that lies before its end.
pub(super) fn create_certificate(name: &str, subject: &str, expires: OffsetDateTime) -> String {
    let date = |moment: OffsetDateTime| {
        format!("'{:04}{:02}{:02}'", moment.year(), u8::from(moment.month()), moment.day())
    };
    format!(
        "CREATE CERTIFICATE {} WITH SUBJECT = {}, START_DATE = {}, EXPIRY_DATE = {}",
        bracket(name),
        quote(subject),
        date(expires - Duration::days(730)),
        date(expires)
    )
}

/// `CREATE ENDPOINT`, as the link's documentation writes it.
pub(super) fn create_endpoint(name: &str, port: u16, certificate: &str) -> String {
    format!(
        "CREATE ENDPOINT {} STATE = STARTED AS TCP (LISTENER_PORT = {port}, LISTENER_IP = ALL) FOR DATABASE_MIRRORING \
         (AUTHENTICATION = CERTIFICATE {}, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)",
        bracket(name),
        bracket(certificate)
    )
}

impl Setting<'_> {
    /// Runs a statement as `sa`, on behalf of a field.
    fn run(&mut self, key: &EngineKey, field: &str, text: &str) -> Result<(), SceneError> {
        tsql::administer(self.estate, key, "master", text)
            .map_err(|error| self.problem(field, error.to_string()))
    }
}
