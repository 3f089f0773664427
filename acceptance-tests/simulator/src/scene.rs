//! What there is in a simulated world before anybody acts, as a file says it: servers, instances, who may sign in.
//!
//! | module | what |
//! | --- | --- |
//! | `engine` | a database engine with everything that a fresh installation has |
//! | `managed` | a managed instance with its certificates |
//!
//! The format is for people who rehearse their own configuration: a few lines name the servers that the configuration
//! names, everything else is as a fresh installation has it. What is finer than that, a test sets on the
//! [`Estate`] itself.

mod engine;
mod managed;
mod principals;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use time::OffsetDateTime;

use crate::arm::Settings;
use crate::arm::directory::{Application, Directory, Role};
use crate::simulator::Options;
use crate::world::Estate;
use crate::world::clock::Clock;
use crate::world::estate::{Network, Subscription};

pub use engine::SqlServerDescription;
pub use managed::ManagedInstanceDescription;

/// How fast the world's clock runs by default: a link of a few gigabytes seeds within a second or two.
const SPEED: u32 = 60;

/// Bytes a second of world time: what a well-connected site gets.
const SEEDING_RATE: u64 = 100 << 20;

/// A world, who may sign in to it, and the variables of a configuration that hold their secrets.
#[derive(Debug)]
pub struct Scene {
    /// The world.
    pub estate: Estate,
    /// Applications of Entra ID.
    pub directory: Directory,
    /// Values for Terraform's variables, by name. Secret where the description left a password to be made up.
    pub variables: BTreeMap<String, String>,
    /// Everything that must not be shown.
    pub secrets: Vec<String>,
}

/// A scene as a file describes it. Passwords and secrets that are left out are made up, anew each time.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// How many times as fast as the host's clock the world's runs; 60 where it is left out.
    pub speed: Option<u32>,
    /// SQL Servers.
    pub sql_servers: Vec<SqlServerDescription>,
    /// Managed instances.
    pub managed_instances: Vec<ManagedInstanceDescription>,
    /// Applications that may sign in to Azure. The first signs in for configurations that name no secret; one is made
    /// up where there is none.
    pub applications: Vec<ApplicationDescription>,
    /// Values for Terraform's variables.
    pub variables: BTreeMap<String, String>,
    /// Further variables whose value is a made-up secret.
    pub made_up_secrets: Vec<String>,
}

/// An application of Entra ID. It has all rights in all subscriptions of the scene.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationDescription {
    /// Tenant, a UUID.
    pub tenant_id: String,
    /// Client id, a UUID.
    pub client_id: String,
    /// Client secret; made up where it is left out.
    pub client_secret: Option<String>,
    /// The variable of the configuration that takes the client secret.
    pub client_secret_variable: Option<String>,
}

impl ApplicationDescription {
    fn made_up() -> Self {
        Self {
            tenant_id: uuid::Uuid::new_v4().to_string(),
            client_id: uuid::Uuid::new_v4().to_string(),
            client_secret: None,
            client_secret_variable: None,
        }
    }
}

/// A scene that cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// The file.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its contents.
    #[error("`{path}` does not describe an estate: {source}")]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A value that means nothing.
    #[error("{what} `{value}` is not one that the simulator knows; it knows {known}")]
    Unknown {
        /// What kind of value.
        what: &'static str,
        /// The value.
        value: String,
        /// Those that would do.
        known: &'static str,
    },
    /// Two engines of one name or port on one host.
    #[error("there are two SQL Servers `{0}`, or another one on its host has its port")]
    Twice(String),
    /// Not a resource id.
    #[error("`{0}` is not the resource id of a managed instance")]
    NotAnInstance(String),
    /// A certificate of an instance.
    #[error("the certificates of `{instance}` could not be made")]
    Certificate {
        /// Whose.
        instance: String,
        /// Why.
        source: rcgen::Error,
    },
}

impl Scene {
    /// The world that `examples/quickstart` is written for: one SQL Server 2022, one database, one managed instance.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn demonstration() -> Result<Self, SceneError> {
        let text = include_str!("scene/demonstration.json");
        let path = PathBuf::from("demonstration.json");
        let description = serde_json::from_str(text).map_err(|source| SceneError::Json { path, source })?;
        Self::new(description)
    }

    /// Reads a description from a JSON file.
    ///
    /// # Errors
    /// When it cannot be read or says something that the simulator does not know.
    pub fn read(path: &Path) -> Result<Self, SceneError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SceneError::Io { path: path.to_owned(), source })?;
        let description = serde_json::from_str(&text)
            .map_err(|source| SceneError::Json { path: path.to_owned(), source })?;
        Self::new(description)
    }

    /// Sets the scene.
    ///
    /// # Errors
    /// When it says something that the simulator does not know.
    pub fn new(mut description: Description) -> Result<Self, SceneError> {
        if description.applications.is_empty() && !description.managed_instances.is_empty() {
            description.applications.push(ApplicationDescription::made_up());
        }
        let now = OffsetDateTime::now_utc();
        let mut scene = Self {
            estate: empty(now, description.speed.unwrap_or(SPEED)),
            directory: Directory::default(),
            variables: description.variables,
            secrets: Vec::new(),
        };
        for variable in description.made_up_secrets {
            scene.secret(None, Some(variable));
        }
        for server in description.sql_servers {
            let engine = engine::sql_server(server, &mut scene)?;
            scene.estate.sql_servers.push(engine);
        }
        let tenant = description.applications.first().map(|application| application.tenant_id.clone());
        for instance in description.managed_instances {
            let instance = managed::managed_instance(instance, &mut scene.estate)?;
            scene.note_subscription(&instance.view, tenant.as_deref().unwrap_or_default());
            scene.estate.managed_instances.push(instance);
        }
        for application in description.applications {
            scene.register(application);
        }
        Ok(scene)
    }

    /// The world, and how a simulator of it is set up.
    pub fn into_parts(self) -> (Estate, Options) {
        // The world's clock runs fast; polling at a real instance's pace would be most of a rehearsal's time.
        let arm = Settings { retry_after: 1, ..Settings::default() };
        (self.estate, Options { directory: self.directory, arm, journal: None, secrets: self.secrets })
    }

    /// A secret: the given one or a made-up one, remembered, and put into the variable that takes it.
    fn secret(&mut self, given: Option<String>, variable: Option<String>) -> String {
        // Looks like what people choose, with what quoting has to survive.
        let secret = given.unwrap_or_else(|| format!("Aa1'\"{{$]{}", uuid::Uuid::new_v4().simple()));
        if let Some(variable) = variable {
            self.variables.insert(variable, secret.clone());
        }
        self.secrets.push(secret.clone());
        secret
    }

    fn note_subscription(&mut self, view: &crate::arm::backend::InstanceView, tenant: &str) {
        let subscription =
            self.estate.subscriptions.entry(view.path.subscription.clone()).or_insert_with(|| Subscription {
                name: "Rehearsals".into(),
                tenant: tenant.to_owned(),
                groups: Vec::new(),
            });
        if !subscription.groups.iter().any(|(name, _)| name.eq_ignore_ascii_case(&view.path.group)) {
            subscription.groups.push((view.path.group.clone(), view.location.clone()));
        }
    }

    fn register(&mut self, application: ApplicationDescription) {
        let secret = self.secret(application.client_secret, application.client_secret_variable);
        let roles = self
            .estate
            .subscriptions
            .keys()
            .map(|id| (format!("/subscriptions/{id}"), Role::contributor()))
            .collect();
        self.directory.register(Application {
            tenant: application.tenant_id,
            object_id: uuid::Uuid::new_v4().to_string(),
            name: "terraform".into(),
            client_id: application.client_id,
            secrets: vec![secret],
            federated: Vec::new(),
            roles,
        });
    }
}

fn empty(now: OffsetDateTime, speed: u32) -> Estate {
    Estate {
        clock: Clock::new(now, speed),
        reached: now,
        sql_servers: Vec::new(),
        managed_instances: Vec::new(),
        subscriptions: BTreeMap::new(),
        operations: Vec::new(),
        network: Network::default(),
        opposites: std::collections::BTreeSet::new(),
        sequence: 0,
        seeding_rate: SEEDING_RATE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_has_what_the_quickstart_names() {
        let scene = Scene::demonstration().unwrap();
        assert!(scene.estate.engine("sql1.corp.example").unwrap().database("Sales").is_some());
        assert!(scene.estate.engine("10.0.0.4").is_some());
        let instance = &scene.estate.managed_instances[0];
        assert_eq!(instance.view.path.name, "mi-sales");
        let variables: Vec<_> = scene.variables.keys().map(String::as_str).collect();
        assert_eq!(variables, ["client_secret", "master_key_password", "sql_password"]);
    }

    #[test]
    fn a_host_carries_several_instances() {
        let server = |rest: &str| format!(r#"{{"host": "Sql1.example", "version": "2022"{rest}}}"#);
        let scene = |servers: &[String]| {
            let text = format!(r#"{{"sql_servers": [{}]}}"#, servers.join(","));
            Scene::new(serde_json::from_str(&text).unwrap())
        };
        let named = [server(""), server(r#", "instance": "SALES""#)];
        let estate = scene(&named).unwrap().estate;
        let names = ["sql1.example", r"SQL1.example\Sales"]
            .map(|key| estate.engine(key).map(|engine| (engine.server_name(), engine.port)));
        assert_eq!(names, [Some(("SQL1".into(), 1433)), Some((r"SQL1\SALES".into(), 49_173))]);
        assert!(estate.engine(r"sql1.example\other").is_none());
        for twice in [[server(""), server("")], [server(""), server(r#", "instance": "B", "port": 1433"#)]] {
            assert!(matches!(scene(&twice), Err(SceneError::Twice(_))), "{twice:?}");
        }
    }

    #[test]
    fn every_version_can_have_a_group() {
        for (version, cluster) in [
            ("2016", ""),
            ("2017", "WITH (CLUSTER_TYPE = NONE)"),
            ("2019", "WITH (CLUSTER_TYPE = NONE)"),
            ("2022", "WITH (CLUSTER_TYPE = NONE)"),
            ("2025", "WITH (CLUSTER_TYPE = NONE)"),
        ] {
            let text = format!(
                r#"{{"sql_servers": [{{"host": "h", "version": "{version}", "databases": [{{"name": "Sales"}}]}}]}}"#
            );
            let mut estate = Scene::new(serde_json::from_str(&text).unwrap()).unwrap().estate;
            for statement in [
                "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Str0ng and long!'",
                "CREATE CERTIFICATE own WITH SUBJECT = 'own'",
                "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION \
                 = CERTIFICATE own, ROLE = ALL)",
                &format!(
                    "CREATE AVAILABILITY GROUP ag {cluster} FOR DATABASE Sales REPLICA ON N'H' WITH (ENDPOINT_URL = \
                     N'TCP://h:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = \
                     AUTOMATIC)"
                ),
            ] {
                assert_eq!(
                    crate::tsql::run_ddl(&mut estate, "h", statement),
                    Ok(()),
                    "{version}: {statement}"
                );
            }
        }
    }

    #[test]
    fn a_build_belongs_to_its_version() {
        let scene = |build: &str| {
            let text =
                format!(r#"{{"sql_servers": [{{"host": "h", "version": "2022", "build": "{build}"}}]}}"#);
            Scene::new(serde_json::from_str(&text).unwrap())
        };
        let estate = scene("16.0.4295.3").unwrap().estate;
        assert!(estate.sql_servers[0].has(crate::world::build::Capability::MultiDatabase));
        assert!(scene("15.0.4312.2").is_err());
        assert!(scene("newest").is_err());
    }

    #[test]
    fn secrets_are_new_each_time() {
        let passwords = [Scene::demonstration(), Scene::demonstration()]
            .map(|scene| scene.unwrap().variables["sql_password"].clone());
        assert_ne!(passwords[0], passwords[1]);
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let error = serde_json::from_str::<Description>(r#"{"sqlservers": []}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field"), "{error}");
    }
}
