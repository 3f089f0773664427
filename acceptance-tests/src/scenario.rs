//! A simulated world in operation, and everything that it takes to run Terraform against it.
//!
//! The simulator runs in the process of the test, so that a test can look at the world, change it behind Terraform's
//! back and break what it likes, at the very moment that it means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use milink_simulator::rehearsal::inventory::Inventory;
use milink_simulator::rehearsal::provider::{self, Progress};
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::terraform::{self, Terraform};
use milink_simulator::world::Estate;

use crate::foreign::{ArmClient, SqlClient};
use crate::secrets::Secrets;
use crate::suite;
use crate::workspace::Workspace;

/// A world in operation.
#[derive(Debug)]
pub struct Scenario {
    simulator: Simulator,
    terraform: Terraform,
    provider: PathBuf,
    /// Folder of this scenario below `target/acceptance`.
    folder: PathBuf,
    variables: BTreeMap<String, String>,
    secrets: Secrets,
}

impl Scenario {
    /// The world of the quickstart. `name` is the test's, for the folder below `target/acceptance`.
    pub async fn quickstart(name: &str) -> Self {
        Self::start(name, Scene::demonstration().unwrap()).await
    }

    /// The world of the quickstart after a change.
    pub async fn changed(name: &str, change: impl FnOnce(&mut Scene)) -> Self {
        let mut scene = Scene::demonstration().unwrap();
        change(&mut scene);
        Self::start(name, scene).await
    }

    /// Any world.
    pub async fn start(name: &str, scene: Scene) -> Self {
        let (terraform, provider) = tokio::task::spawn_blocking(tools).await.unwrap();
        let folder = target::unique_folder(&target::directory().join("acceptance"), name).unwrap();
        let variables = scene.variables.clone();
        let secrets = Secrets::of(&scene);
        let (estate, mut options) = suite::parts(scene);
        options.journal = Some(folder.join("journal.jsonl"));
        let simulator = Simulator::start(estate, options).await.unwrap();
        simulator.write_rehearsal_file(&folder.join("rehearsal.json")).unwrap();
        Self { simulator, terraform, provider, folder, variables, secrets }
    }

    /// The simulator: world, journal, faults.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Looks at the world or changes it.
    pub fn world<T>(&self, act: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(act)
    }

    /// What there is now.
    pub fn inventory(&self) -> Inventory {
        self.world(|estate| Inventory::of(estate))
    }

    /// A made-up secret of the scene, by the variable that takes it.
    pub fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// A workspace with these files, initialized.
    pub async fn workspace(&self, files: &[(&str, &str)]) -> Workspace {
        let workspace = self.empty_workspace();
        for (name, text) in files {
            workspace.write(name, text);
        }
        workspace.init().await.succeeded();
        workspace
    }

    /// A workspace with a copy of the quickstart, initialized.
    pub async fn quickstart_workspace(&self) -> Workspace {
        let workspace = self.empty_workspace();
        let quickstart = repository().join("examples/quickstart");
        for entry in std::fs::read_dir(&quickstart).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.ends_with(".tf") {
                workspace.write(name, &std::fs::read_to_string(&path).unwrap());
            }
        }
        workspace.init().await.succeeded();
        workspace
    }

    fn empty_workspace(&self) -> Workspace {
        let folder = target::unique_folder(&self.folder, "workspace").unwrap();
        Workspace::new(
            folder,
            &self.terraform,
            &self.provider,
            &self.folder.join("rehearsal.json"),
            &self.variables,
            self.secrets.clone(),
        )
    }

    /// Somebody else at a SQL Server, with the rights of the quickstart's login.
    pub async fn sql_client(&self, host: &str) -> SqlClient {
        SqlClient::connect(&self.simulator, host, "terraform", self.variable("sql_password")).await
    }

    /// Somebody else in Azure, with the rights of the quickstart's application.
    pub async fn arm_client(&self) -> ArmClient {
        ArmClient::connect(&self.simulator, self.variable("client_secret")).await
    }

    /// Asserts that `bytes` hold no secret of this scene.
    #[track_caller]
    pub fn assert_no_secret_in(&self, bytes: &[u8], place: &str) {
        self.secrets.assert_absent(bytes, place);
    }

    /// Asserts that no file below `folder` holds a secret of this scene.
    #[track_caller]
    pub fn assert_no_secret_below(&self, folder: &Path) {
        self.secrets.assert_absent_below(folder);
    }

    /// Stops the simulator after a last look for secrets in its journal. What ARM was asked and answered stays in
    /// `target/pairs/suite`, for Microsoft's validator.
    pub async fn finish(self) {
        self.leave_pairs();
        self.simulator.shutdown().await;
        self.secrets.assert_absent_below(&self.folder);
        std::fs::remove_dir_all(&self.folder).unwrap();
    }

    fn leave_pairs(&self) {
        let pairs = self.simulator.arm().pairs();
        if pairs.all().is_empty() {
            return;
        }
        // Kept by the name of the scenario's own folder; a later one of that name gets a folder of its own.
        let name = self.folder.file_name().unwrap().to_str().unwrap();
        let suite = target::unique_folder(&target::directory().join("pairs/suite"), name).unwrap();
        pairs.write(&suite.join(format!("{name}.json"))).unwrap();
        self.secrets.assert_absent_below(&suite);
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Terraform and the provider, found or built once in a process.
fn tools() -> (Terraform, PathBuf) {
    static TOOLS: OnceLock<(Terraform, PathBuf)> = OnceLock::new();
    let tools = || {
        let terraform = terraform::locate(&target::directory()).unwrap_or_else(|error| panic!("{error}"));
        let provider = provider::build(Progress::Quiet).unwrap_or_else(|error| panic!("{error}"));
        (terraform, provider)
    };
    TOOLS.get_or_init(tools).clone()
}
