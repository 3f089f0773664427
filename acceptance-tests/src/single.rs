//! Single objects in a world of their own, driven through the provider in this process by core's rules.
//!
//! For what a test of one resource needs: a plan, an import, a destroy, somebody else's statement in between, and each
//! call in a provider that knows nothing of the calls before, as Terraform's are.

use std::collections::BTreeMap;
use std::sync::Arc;

use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::world::Estate;
use milink_simulator::world::instance::SqlInstance;
use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::diagnostic::Diagnostics;
use terraform_provider_milink::framework::harness::{Harness, Stored};
use terraform_provider_milink::framework::types::Type;
use terraform_provider_milink::framework::value::{Object, Value};
use terraform_provider_milink::provider::{Milink, rehearsal, server_of};

use crate::foreign::SqlClient;
use crate::suite;

/// The quickstart's SQL Server.
pub const SERVER: &str = "sql1.corp.example";

/// A world of its own.
#[derive(Debug)]
pub struct World {
    simulator: Simulator,
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl World {
    /// The quickstart's world.
    pub async fn new() -> Self {
        Self::changed(|_estate| ()).await
    }

    /// The quickstart's world after a change.
    pub async fn changed(change: impl FnOnce(&mut Estate)) -> Self {
        let scene = Scene::demonstration().unwrap();
        let variables = scene.variables.clone();
        let (mut estate, options) = suite::parts(scene);
        change(&mut estate);
        let simulator = Simulator::start(estate, options).await.unwrap();
        let folder = tempfile::tempdir_in(target::directory()).unwrap();
        simulator.write_rehearsal_file(&folder.path().join("rehearsal.json")).unwrap();
        Self { simulator, folder, variables }
    }

    /// The simulator: world, journal, faults.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Looks at the world or changes it.
    pub fn world<T>(&self, act: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(act)
    }

    /// Looks at the SQL Server or changes it.
    pub fn server<T>(&self, act: impl FnOnce(&mut SqlInstance) -> T) -> T {
        self.world(|estate| act(&mut estate.sql_servers[0]))
    }

    /// Somebody else runs a batch.
    pub async fn they(&self, sql: &str) {
        let password = &self.variables["sql_password"];
        let mut them = SqlClient::connect(&self.simulator, SERVER, "terraform", password).await;
        them.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// A master key, as certificates need it.
    pub async fn master_key(&self) {
        self.they("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Theirs-and-not-ours-1'").await;
    }

    /// A provider that was just started, with the block `hq`.
    pub async fn provider(&self) -> Harness<Milink> {
        self.provider_with(&["hq"]).await
    }

    /// A provider that was just started, with blocks of these names that all lead to the same server.
    pub async fn provider_with(&self, blocks: &[&str]) -> Harness<Milink> {
        let file = self.folder.path().join("rehearsal.json").to_str().unwrap().to_owned();
        let provider = Milink::with_environment(Arc::new(move |name| {
            (name == rehearsal::VARIABLE).then(|| file.clone())
        }));
        let harness = Harness::new(server_of(provider, None));
        let login = json!({ "username": "terraform", "password": self.variables["sql_password"] });
        let block = |name: &&str| json!({ "name": name, "host": SERVER, "sql_login": login });
        let servers: Vec<Json> = blocks.iter().map(block).collect();
        harness.configure(json!({ "sql_server": servers })).await.unwrap();
        harness
    }

    /// What a provider that was just started plans, applies and keeps.
    pub async fn settle(&self, type_name: &str, prior: Option<&Stored>, config: Json) -> Stored {
        let provider = self.provider().await;
        let config = provider.config(type_name, config).unwrap();
        provider.settle(type_name, prior, &config).await.unwrap()
    }

    /// Statements of these kinds since `mark`.
    pub fn statements(&self, mark: u64, kinds: &[&str]) -> Vec<String> {
        let entries = self.simulator.journal().since(mark);
        let chosen =
            entries.iter().filter(|entry| kinds.iter().any(|kind| entry.kind.eq_ignore_ascii_case(kind)));
        chosen.map(|entry| format!("{} {}", entry.kind, entry.object)).collect()
    }

    /// Where the journal is now.
    pub fn mark(&self) -> u64 {
        self.simulator.journal().mark()
    }

    /// Ends the world.
    pub async fn finish(self) {
        self.simulator.shutdown().await;
    }
}

/// The text of an attribute; empty where it is none.
pub fn text(stored: &Stored, name: &str) -> String {
    match stored.value(name) {
        Value::String(text) => text.clone(),
        _ => String::new(),
    }
}

/// Everything that was said, as a user reads it.
pub fn said(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(|one| format!("{} ({}): {}\n", one.summary, one.path, one.full_detail())).collect()
}

/// The roots of Azure, by their keys.
pub async fn roots(provider: &Harness<Milink>) -> BTreeMap<String, Object> {
    let texts = ["name", "certificate", "subject", "thumbprint", "not_after", "key_algorithm"];
    let members = texts.map(|name| (name, Type::String)).into_iter().chain([("retired", Type::Bool)]);
    let result = Type::Map(Box::new(Type::object(members)));
    let roots = provider.call_function("azure_root_certificates", &[], &result).await.unwrap().unwrap();
    let Value::Map(roots) = roots else { panic!("{roots:?}") };
    let object = |(key, root)| match root {
        Value::Object(root) => (key, root),
        other => panic!("{other:?}"),
    };
    roots.into_iter().map(object).collect()
}
