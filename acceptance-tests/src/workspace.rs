//! A folder with a configuration and its state, in which Terraform is run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use milink_simulator::rehearsal::mirror;
use milink_simulator::terraform::{self, Environment, Terraform};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Child;

use crate::opposites;
use crate::output::Output;
use crate::secrets::Secrets;

/// A configuration, its state, and Terraform. Each run writes its TRACE log into the folder and is searched for
/// secrets, with everything else that is there.
#[derive(Debug)]
pub struct Workspace {
    /// Holds the configuration, the mirror and the logs.
    folder: PathBuf,
    configuration: PathBuf,
    terraform: PathBuf,
    environment: Environment,
    secrets: Secrets,
    runs: AtomicU32,
}

impl Workspace {
    pub(crate) fn new(
        folder: PathBuf,
        terraform: &Terraform,
        provider: &Path,
        rehearsal: &Path,
        variables: &BTreeMap<String, String>,
        secrets: Secrets,
    ) -> Self {
        let configuration = folder.join("configuration");
        fs::create_dir_all(&configuration).unwrap();
        fs::create_dir_all(folder.join("logs")).unwrap();
        let cli_configuration = mirror::make(&folder, provider, false).unwrap();
        let mut environment = terraform::environment(false);
        environment.insert("TF_CLI_CONFIG_FILE".into(), cli_configuration.into());
        environment.insert("MILINK_REHEARSAL".into(), rehearsal.into());
        environment.insert("TF_LOG".into(), "TRACE".into());
        for (name, value) in variables {
            environment.insert(format!("TF_VAR_{name}").into(), value.into());
        }
        let terraform = terraform.binary.clone();
        Self { folder, configuration, terraform, environment, secrets, runs: AtomicU32::new(0) }
    }

    /// Where the configuration is.
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// Writes a file of the configuration, as it has to be for the servers that this run asks for.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.configuration.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, opposites::configuration(text)).unwrap();
    }

    /// Replaces `from`, which must be there, by `to` in a file of the configuration.
    #[track_caller]
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let path = self.configuration.join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} does not hold `{from}`");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Sets an environment variable of all later runs.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    /// `terraform init`.
    pub async fn init(&self) -> Output {
        self.run(&["init"]).await
    }

    /// `terraform plan` into a file, [`Self::PLAN`].
    pub async fn plan(&self) -> Output {
        self.run(&["plan", "-out", Self::PLAN]).await
    }

    /// `terraform plan -detailed-exitcode` with more arguments: 0 for no changes, 2 for changes.
    pub async fn plan_detailed_exitcode(&self, more: &[&str]) -> Output {
        self.run(&[&["plan", "-detailed-exitcode"], more].concat()).await
    }

    /// `terraform apply` without a saved plan.
    pub async fn apply(&self) -> Output {
        self.run(&["apply", "-auto-approve"]).await
    }

    /// `terraform apply` of what [`Self::plan`] saved.
    pub async fn apply_plan(&self) -> Output {
        self.run(&["apply", Self::PLAN]).await
    }

    /// `terraform destroy`.
    pub async fn destroy(&self) -> Output {
        self.run(&["destroy", "-auto-approve"]).await
    }

    /// `terraform show -json` of the state.
    pub async fn show_json(&self) -> Value {
        json(&self.run(&["show", "-json"]).await.succeeded())
    }

    /// `terraform show -json` of what [`Self::plan`] saved.
    pub async fn show_plan_json(&self) -> Value {
        json(&self.run(&["show", "-json", Self::PLAN]).await.succeeded())
    }

    /// What the saved plan would do: each address with its actions, those that do nothing left out.
    pub async fn planned_changes(&self) -> Vec<(String, Vec<String>)> {
        let plan = self.show_plan_json().await;
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        changes
            .iter()
            .map(|change| {
                let actions = change["change"]["actions"].as_array().into_iter().flatten();
                (text(&change["address"]), actions.map(text).collect::<Vec<_>>())
            })
            .filter(|(_, actions)| actions != &["no-op"] && actions != &["read"])
            .collect()
    }

    /// The attributes of a managed resource in the root module, as the state has them; null when it is not there.
    pub async fn state(&self, address: &str) -> Value {
        let shown = self.show_json().await;
        let resources = shown.pointer("/values/root_module/resources").and_then(Value::as_array);
        let found = resources.into_iter().flatten().find(|resource| resource["address"] == address);
        found.map_or(Value::Null, |resource| resource["values"].clone())
    }

    /// Addresses of everything in the state, in Terraform's order.
    pub async fn addresses(&self) -> Vec<String> {
        let listed = self.run(&["state", "list"]).await.succeeded();
        listed.stdout.lines().map(str::to_owned).collect()
    }

    /// `terraform taint`.
    pub async fn taint(&self, address: &str) -> Output {
        self.run(&["taint", address]).await
    }

    /// `terraform import`.
    pub async fn import(&self, address: &str, id: &str) -> Output {
        self.run(&["import", address, id]).await
    }

    /// The file of a saved plan.
    pub const PLAN: &str = "test.tfplan";

    /// Runs Terraform to its end and looks for secrets.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).end().await
    }

    /// Starts Terraform.
    pub fn start(&self, arguments: &[&str]) -> Running<'_> {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.join(format!("logs/{number:03}-{}.log", arguments[0]));
        // `state list` and its like take the flag after the second word.
        let words = if matches!(arguments[0], "state" | "workspace") { 2 } else { 1 };
        let has_colour = !matches!(arguments[0], "state" | "workspace");
        let mut command = tokio::process::Command::new(&self.terraform);
        command.args(&arguments[..words]);
        if has_colour {
            command.arg("-no-color");
        }
        let child = command
            .args(&arguments[words..])
            .current_dir(&self.configuration)
            .env_clear()
            .envs(&self.environment)
            .env("TF_LOG_PATH", &log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Running { workspace: self, child, command: arguments.join(" "), log }
    }

    #[track_caller]
    fn search(&self, output: &Output, log: &Path) {
        self.secrets.assert_absent(output.stdout.as_bytes(), "standard output");
        self.secrets.assert_absent(output.stderr.as_bytes(), "standard error");
        self.secrets.assert_absent_below(&self.configuration);
        let text = fs::read(log).unwrap_or_default();
        self.secrets.assert_absent(&text, &log.display().to_string());
        // A search of nothing finds nothing. These commands start the provider, unless they were ended before they could.
        let starts =
            ["plan ", "apply ", "destroy ", "import "].iter().any(|word| output.command.starts_with(word));
        if starts && output.status.code().is_some() && uses_provider(&self.configuration) {
            let text = String::from_utf8_lossy(&text);
            assert!(
                text.contains("provider.terraform-provider-milink"),
                "no line of the provider is in {}: {output}",
                log.display()
            );
        }
    }
}

/// Whether a configuration has an object of this provider.
fn uses_provider(configuration: &Path) -> bool {
    let files = fs::read_dir(configuration).unwrap().flatten().map(|entry| entry.path());
    let mut sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    sources.any(|path| fs::read_to_string(path).unwrap_or_default().contains("\"milink_"))
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

/// A run that has not ended.
#[derive(Debug)]
pub struct Running<'a> {
    workspace: &'a Workspace,
    child: Child,
    command: String,
    log: PathBuf,
}

impl Running<'_> {
    /// Waits for the end and looks for secrets.
    pub async fn end(self) -> Output {
        let output = self.child.wait_with_output().await.unwrap();
        let output = Output {
            command: self.command,
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        self.workspace.search(&output, &self.log);
        output
    }

    /// What Ctrl-C sends to Terraform. Its providers, which a terminal would tell too, ignore it by themselves.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Ends Terraform without a chance to clean up.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Something that ends Terraform without a chance to clean up, for a fault to call.
    pub fn killer(&self) -> impl Fn() + Send + Sync + use<> {
        let pid = self.pid();
        move || {
            // It may have ended at this very moment.
            let _gone = pid.map(|pid| kill_process(pid, Signal::KILL));
        }
    }

    /// Something that ends this run's providers at once, without a chance to clean up. It is a value of its own so
    /// that a fault can call it.
    pub fn provider_killer(&self) -> impl Fn() + Send + Sync + use<> {
        let terraform = self.child.id();
        move || {
            for pid in terraform.into_iter().flat_map(children) {
                // It may have ended at this very moment.
                let _gone = kill_process(pid, Signal::KILL);
            }
        }
    }

    fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid().expect("the run has not been waited for"), signal).unwrap();
    }
}

/// The processes that a process has started, as Linux tells.
fn children(parent: u32) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbered = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let of_parent = numbered.filter(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        line.and_then(|id| id.trim().parse::<u32>().ok()) == Some(parent)
    });
    of_parent.filter_map(Pid::from_raw).collect()
}
