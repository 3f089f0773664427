//! A simulated engine of the same version, build, edition and platform as a real one.
//!
//! It is served like any other simulated engine and asked over TDS, so that what is compared is what clients see.

use serde_json::json;

use super::engine::{Facts, Kind};
use super::names::Secret;
use super::server::{Place, ResultSet, ServerTarget, Session, SignIn, SqlFailure, Trust};
use crate::scene::{Scene, SceneError};
use crate::simulator::{Simulator, StartError};
use crate::world::security::{Login, LoginOptions, Password};

/// The twin does not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum TwinFailure {
    /// No such engine can be described.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The same.
    #[error("its description is wrong: {0}")]
    Description(#[from] serde_json::Error),
    /// Its face.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It cannot be asked.
    #[error(transparent)]
    Sql(#[from] SqlFailure),
    /// It is not there.
    #[error("it has no engine")]
    Nothing,
}

/// A simulated engine with a session.
#[derive(Debug)]
pub(super) struct Twin {
    simulator: Simulator,
    session: Session,
}

const HOST: &str = "twin.invalid";
const USER: &str = "probe";

impl Twin {
    /// Starts a twin of an engine.
    ///
    /// # Errors
    /// When the simulator has no such engine.
    pub(super) async fn of(kind: Kind, facts: &Facts, policy: Option<&str>) -> Result<Self, TwinFailure> {
        let mut scene = Scene::new(serde_json::from_value(description(kind, facts, policy))?)?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let engines = scene.estate.managed_instances.iter_mut().map(|one| &mut one.engine);
        let engine = scene.estate.sql_servers.iter_mut().chain(engines).next().ok_or(TwinFailure::Nothing)?;
        engine.linux = facts.linux;
        engine.collation.clone_from(&facts.collation);
        engine.logins.push(Login {
            name: USER.to_owned(),
            id: 300,
            password: Some(Password(password.clone())),
            kind: 'S',
            enabled: true,
            roles: vec!["sysadmin".to_owned()],
            options: LoginOptions::default(),
            created: engine.started,
            modified: engine.started,
        });
        let place = format!("{}:{}", engine.host, engine.port);
        let name = engine.host.clone();
        let (estate, options) = scene.into_parts();
        let simulator = Simulator::start(estate, options).await?;
        let address = *simulator.addresses().get(&place).ok_or(TwinFailure::Nothing)?;
        let target = ServerTarget {
            host: address.ip().to_string(),
            place: Place::Port(address.port()),
            sign_in: SignIn::Login { user: USER.to_owned(), password: Secret::new(password) },
            trust: Trust {
                authorities: Some(simulator.ca_certificate()),
                name: Some(name),
                ..Trust::default()
            },
        };
        let mut session = Session::open(&target).await?;
        session.speaks(facts.major);
        Ok(Self { simulator, session })
    }

    /// Asks it.
    ///
    /// # Errors
    /// Its error.
    pub(super) async fn ask(&mut self, statement: &str) -> Result<ResultSet, SqlFailure> {
        self.session.ask(statement).await
    }

    /// Ends it.
    pub(super) async fn close(self) {
        drop(self.session);
        self.simulator.shutdown().await;
    }
}

fn description(kind: Kind, facts: &Facts, policy: Option<&str>) -> serde_json::Value {
    if kind == Kind::Instance {
        let id = "/subscriptions/0/resourceGroups/twin/providers/Microsoft.Sql/managedInstances/twin";
        // The format of an instance's databases tells how its catalog looks.
        let policy = policy.unwrap_or("AlwaysUpToDate");
        return json!({ "managed_instances": [{ "id": id, "update_policy": policy }] });
    }
    let edition = ["Enterprise", "Standard", "Express", "Developer"]
        .into_iter()
        .find(|edition| facts.edition.starts_with(edition))
        .unwrap_or("Developer"); // Evaluation and Web have the features of others
    let version = match facts.major {
        13 => "2016",
        14 => "2017",
        15 => "2019",
        16 => "2022",
        _ => "2025",
    };
    let mut server = json!({
        "host": HOST,
        "version": version,
        "build": facts.build.to_string(),
        "edition": edition.to_lowercase(),
        "hadr_enabled": facts.hadr,
    });
    if let (Some(_), Some(server)) = (&facts.cluster, server.as_object_mut()) {
        server.insert("cluster".to_owned(), "TWIN".into());
    }
    json!({ "sql_servers": [server] })
}
