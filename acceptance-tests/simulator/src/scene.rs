//! What there is in a simulated world before anybody acts, as a file says it: servers, instances, who may sign in.
//!
//! | module | what |
//! | --- | --- |
//! | [`description`] | the format of the file, field by field |
//! | [`schema`] | its JSON schema, and what of a file does not fit it |
//! | [`page`] | its reference for people |
//! | `engine` | a database engine with everything that a fresh installation has, and what the file says beyond |
//! | `groups` | availability groups of several nodes |
//! | `managed` | a managed instance with its certificates |
//! | `links` | links that are there at the start |
//! | `principals` | the logins that every installation has |
//!
//! The format is for people who rehearse their own configuration: a few lines name the servers that the configuration
//! names, everything else is as a fresh installation has it. What is finer than that, a test sets on the
//! [`Estate`] itself.

pub mod description;
mod engine;
mod groups;
mod links;
mod managed;
pub mod page;
mod principals;
pub mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::{OffsetDateTime, UtcOffset};

use crate::arm::Settings;
use crate::arm::directory::{Application, Directory, Role};
use crate::simulator::Options;
use crate::world::Estate;
use crate::world::assumption::ASSUMPTIONS;
use crate::world::clock::Clock;
use crate::world::estate::Subscription;
use description::{
    ApplicationDescription, NetworkDescription, OperatingSystem, RoleName, SqlServerDescription,
    SubscriptionDescription,
};

pub use description::Description;
pub use schema::Problem;

/// How fast the world's clock runs by default: a link of a few gigabytes seeds within a second or two.
const SPEED: u32 = 60;

/// Display name of all applications.
const APPLICATION: &str = "terraform";

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
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Syntax(serde_json::Error),
    /// It says what means nothing.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// A certificate of an instance.
    #[error("the certificates of `{instance}` could not be made")]
    Certificate {
        /// Whose.
        instance: String,
        /// Why.
        source: rcgen::Error,
    },
    /// Any of these, of a file.
    #[error("`{path}` does not describe an estate: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<SceneError>,
    },
}

impl From<Problem> for SceneError {
    fn from(problem: Problem) -> Self {
        Self::Invalid(vec![problem])
    }
}

fn lines(problems: &[Problem]) -> String {
    match problems {
        [one] => one.to_string(),
        several => several.iter().map(|one| format!("\n  {one}")).collect(),
    }
}

/// What is being set, on behalf of one entry of the file.
struct Setting<'a> {
    estate: &'a mut Estate,
    variables: &'a mut BTreeMap<String, String>,
    secrets: &'a mut Vec<String>,
    /// The entry: `sql_servers[0]`.
    at: String,
}

impl Setting<'_> {
    fn now(&self) -> OffsetDateTime {
        self.estate.clock.now()
    }

    /// A problem of a field of the entry.
    fn problem(&self, field: &str, what: impl Into<String>) -> SceneError {
        Problem::new(format!("{}.{field}", self.at), what).into()
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
}

impl Scene {
    /// The world that `examples/quickstart` is written for: one SQL Server 2022, one database, one managed instance.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn demonstration() -> Result<Self, SceneError> {
        Self::parse(include_str!("scene/demonstration.json"))
    }

    /// Reads a description from a JSON file.
    ///
    /// # Errors
    /// When it cannot be read or says something that the simulator does not know.
    pub fn read(path: &Path) -> Result<Self, SceneError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SceneError::Io { path: path.to_owned(), source })?;
        Self::parse(&text)
            .map_err(|source| SceneError::File { path: path.to_owned(), source: Box::new(source) })
    }

    /// Reads a description from JSON.
    ///
    /// # Errors
    /// Everything in it that the simulator does not know, each with its place.
    pub fn parse(text: &str) -> Result<Self, SceneError> {
        let file: serde_json::Value = serde_json::from_str(text).map_err(SceneError::Syntax)?;
        let problems = schema::problems(&file);
        if !problems.is_empty() {
            return Err(SceneError::Invalid(problems));
        }
        let description = serde_path_to_error::deserialize(file).map_err(|error| {
            let at = error.path().to_string();
            Problem::new(at, error.into_inner().to_string())
        })?;
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
        let starts = description.starts_at.unwrap_or_else(OffsetDateTime::now_utc).to_offset(UtcOffset::UTC);
        let speed = description.speed.unwrap_or(SPEED);
        // Links of the start are made before it, on a clock that is moved by hand.
        let lead = if description.links.is_empty() { time::Duration::ZERO } else { links::LEAD };
        let standing = if description.links.is_empty() { speed } else { 0 };
        let mut scene = Self {
            estate: Estate::empty(starts - lead, standing),
            directory: Directory::default(),
            variables: description.variables,
            secrets: Vec::new(),
        };
        if let Some(rate) = description.seeding_mb_per_second {
            scene.estate.seeding_rate = u64::from(rate) << 20;
        }
        scene.put_opposites_in_force(&description.opposites)?;
        for (place, variable) in description.made_up_secrets.into_iter().enumerate() {
            scene.setting(format!("made_up_secrets[{place}]")).secret(None, Some(variable));
        }
        scene.start_browsers(&description.sql_servers)?;
        for (place, server) in description.sql_servers.into_iter().enumerate() {
            engine::sql_server(server, &mut scene.setting(format!("sql_servers[{place}]")))?;
        }
        for (place, group) in description.availability_groups.into_iter().enumerate() {
            groups::add(group, &mut scene.setting(format!("availability_groups[{place}]")))?;
        }
        let tenant = description.applications.first().map(|application| application.tenant_id.clone());
        let tenant = tenant.unwrap_or_default();
        for (place, instance) in description.managed_instances.into_iter().enumerate() {
            managed::managed_instance(instance, &mut scene.setting(format!("managed_instances[{place}]")))?;
        }
        scene.note_subscriptions(description.subscriptions, &tenant);
        if !description.links.is_empty() {
            let prepared = std::mem::replace(&mut scene.estate, Estate::empty(starts, 0));
            scene.estate = links::make(prepared, &description.links, starts)?;
            scene.estate.clock = Clock::new(starts, speed);
        }
        scene.part(&description.network)?;
        for (place, application) in description.applications.into_iter().enumerate() {
            scene.register(application, format!("applications[{place}]"));
        }
        Ok(scene)
    }

    /// The world, and how a simulator of it is set up.
    pub fn into_parts(self) -> (Estate, Options) {
        // The world's clock runs fast; polling at a real instance's pace would be most of a rehearsal's time.
        let arm = Settings { retry_after: 1, ..Settings::default() };
        (self.estate, Options { directory: self.directory, arm, secrets: self.secrets, ..Options::default() })
    }

    fn setting(&mut self, at: String) -> Setting<'_> {
        let Self { estate, variables, secrets, .. } = self;
        Setting { estate, variables, secrets, at }
    }

    fn put_opposites_in_force(&mut self, numbers: &[u16]) -> Result<(), SceneError> {
        for (place, number) in numbers.iter().enumerate() {
            if !ASSUMPTIONS.iter().any(|one| one.number == *number && one.switchable) {
                let what = format!(
                    "assumption {number} has no switch; docs/design/assumptions.md lists those that have"
                );
                return Err(Problem::new(format!("opposites[{place}]"), what).into());
            }
            self.estate.opposites.insert(*number);
        }
        Ok(())
    }

    /// Starts SQL Server Browser on the hosts that have it: set-up does where it installs a named instance.
    fn start_browsers(&mut self, servers: &[SqlServerDescription]) -> Result<(), SceneError> {
        let mut said: BTreeMap<String, bool> = BTreeMap::new();
        for (place, server) in servers.iter().enumerate() {
            let Some(runs) = server.browser else { continue };
            let problem = |what: &str| Problem::new(format!("sql_servers[{place}].browser"), what);
            if runs && server.os == Some(OperatingSystem::Linux) {
                return Err(problem("SQL Server on Linux has no SQL Server Browser").into());
            }
            if *said.entry(server.host.to_lowercase()).or_insert(runs) != runs {
                return Err(problem("another instance of its host says the opposite").into());
            }
        }
        let named = servers.iter().filter(|server| server.instance.is_some());
        for host in named.map(|server| server.host.to_lowercase()) {
            said.entry(host).or_insert(true);
        }
        self.estate.browsers = said;
        Ok(())
    }

    fn note_subscriptions(&mut self, descriptions: Vec<SubscriptionDescription>, tenant: &str) {
        let Estate { subscriptions, managed_instances, .. } = &mut self.estate;
        let mut note = |id: &str, name: Option<String>, group: Option<(String, String)>| {
            let subscription = subscriptions.entry(id.to_owned()).or_insert_with(|| Subscription {
                name: "Rehearsals".into(),
                tenant: tenant.to_owned(),
                groups: Vec::new(),
            });
            if let Some(name) = name {
                subscription.name = name;
            }
            if let Some((group, location)) = group
                && !subscription.groups.iter().any(|(known, _)| known.eq_ignore_ascii_case(&group))
            {
                subscription.groups.push((group, location));
            }
        };
        for managed in managed_instances {
            let path = &managed.view.path;
            note(&path.subscription, None, Some((path.group.clone(), managed.view.location.clone())));
        }
        for description in descriptions {
            note(&description.id, description.name, None);
            for group in description.resource_groups {
                note(&description.id, None, Some(group));
            }
        }
    }

    /// Takes sites down and cuts the network between them.
    fn part(&mut self, network: &NetworkDescription) -> Result<(), SceneError> {
        let site = |at: String, name: &str| {
            self.estate.site(name).ok_or_else(|| {
                SceneError::from(Problem::new(
                    at,
                    format!("`{name}` is neither a SQL Server's host nor a managed instance"),
                ))
            })
        };
        let mut down = Vec::new();
        for (place, name) in network.down.iter().enumerate() {
            down.push(site(format!("network.down[{place}]"), name)?);
        }
        let mut cut = Vec::new();
        for (place, [one, other]) in network.cut.iter().enumerate() {
            let at = format!("network.cut[{place}]");
            cut.push((site(format!("{at}[0]"), one)?, site(format!("{at}[1]"), other)?));
        }
        let mut blocked = Vec::new();
        for (place, [from, to]) in network.blocked.iter().enumerate() {
            let at = format!("network.blocked[{place}]");
            blocked.push((site(format!("{at}[0]"), from)?, site(format!("{at}[1]"), to)?));
        }
        let mut slow = Vec::new();
        for (place, way) in network.slow.iter().enumerate() {
            let at = format!("network.slow[{place}].between");
            let [one, other] = &way.between;
            let sites = (site(format!("{at}[0]"), one)?, site(format!("{at}[1]"), other)?);
            slow.push((sites, way.blocks_per_second));
        }
        let network = &mut self.estate.network;
        network.down.extend(down);
        network.blocked.extend(blocked);
        for (one, other) in cut {
            network.cut_between(&one, &other);
        }
        for ((one, other), blocks) in slow {
            network.slow_down(&one, &other, blocks);
        }
        Ok(())
    }

    fn register(&mut self, application: ApplicationDescription, at: String) {
        let given = application.client_secret;
        let secret = self.setting(at).secret(given, application.client_secret_variable);
        let role = match application.role {
            None | Some(RoleName::Contributor) => Role::contributor(),
            Some(RoleName::Reader) => Role::reader(),
            Some(RoleName::ManagedInstanceContributor) => Role::managed_instance_contributor(),
            Some(RoleName::Link) => Role::documented_link_role(),
        };
        let roles = self
            .estate
            .subscriptions
            .keys()
            .map(|id| (format!("/subscriptions/{id}"), role.clone()))
            .collect();
        self.directory.register(Application {
            tenant: application.tenant_id,
            object_id: uuid::Uuid::new_v4().to_string(),
            name: APPLICATION.into(),
            client_id: application.client_id,
            secrets: vec![secret],
            federated: Vec::new(),
            roles,
        });
    }
}

impl ApplicationDescription {
    fn made_up() -> Self {
        Self {
            tenant_id: uuid::Uuid::new_v4().to_string(),
            client_id: uuid::Uuid::new_v4().to_string(),
            client_secret: None,
            client_secret_variable: None,
            role: None,
        }
    }
}
