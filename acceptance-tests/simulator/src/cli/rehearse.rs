//! `rehearse DIR`: a configuration from plan to destroy, on a copy, with the real Terraform, against the simulator.
//!
//! DIR is only read. Everything is made in a folder of its own below `target/rehearsals/`, so that rehearsals can run
//! side by side, and removed when all went well; what the simulator was asked stays, as a journal.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use milink_simulator::rehearsal::inventory::Inventory;
use milink_simulator::rehearsal::provider::{self, Progress};
use milink_simulator::rehearsal::{configuration, copy, mirror, status};
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::terraform::{self, Environment, Terraform};

use super::interrupt::Interrupts;
use super::serve::{export, scene, start, write_access};
use super::terraform::release;
use super::{EstateArguments, Failure, page};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder of the root module.
    directory: PathBuf,
    /// Leave everything running after the apply, until Ctrl-C, and print how to go on by hand.
    #[arg(long)]
    keep: bool,
    /// The Terraform to use: a path, or a version that can be installed (1.11.4, 1.15.5).
    #[arg(long, value_name = "PATH|VERSION")]
    terraform: Option<OsString>,
    /// Go on although the configuration uses other providers, provisioners, other states or remote modules. They act on
    /// the real world.
    #[arg(long)]
    with_other_providers: bool,
    #[command(flatten)]
    estate: EstateArguments,
}

/// The saved plan, in the copy.
const PLAN: &str = "rehearsal.tfplan";

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let interrupts = Interrupts::listen().map_err(Failure::from_error)?;
    let configuration = configuration::read(&arguments.directory).map_err(Failure::from_error)?;
    refuse_others(&configuration, arguments.with_other_providers)?;

    page::heading("Preparing");
    let scene = scene(&arguments.estate)?;
    let terraform = find_terraform(arguments.terraform.as_deref())?;
    let provider = provider::build(Progress::Shown).map_err(Failure::from_error)?;
    let root = std::fs::canonicalize(&arguments.directory).map_err(Failure::from_error)?;
    let stem = root.file_name().map_or("rehearsal".into(), |name| name.to_string_lossy().into_owned());
    let folder =
        target::unique_folder(&target::directory().join("rehearsals"), &stem).map_err(Failure::from_error)?;
    let copied = copy::copy(&configuration, &root, &folder.join("copy")).map_err(Failure::from_error)?;
    let cli_configuration =
        mirror::make(&folder, &provider, arguments.with_other_providers).map_err(Failure::from_error)?;
    let variables: Vec<_> =
        scene.variables.iter().map(|(name, value)| (format!("TF_VAR_{name}"), value.clone())).collect();
    let journal = arguments.estate.journal.clone().unwrap_or_else(|| folder.join("journal.jsonl"));
    // Whoever keeps the servers wants to do something with them.
    let control = arguments.keep.then(|| arguments.estate.control_address());
    let simulator = start(scene, journal.clone(), control).await?;
    let control = write_access(&simulator, &folder)?;
    let rehearsal_file = folder.join("rehearsal.json");
    simulator.write_rehearsal_file(&rehearsal_file).map_err(Failure::from_error)?;

    let mut exports = vec![
        ("TF_CLI_CONFIG_FILE".to_owned(), cli_configuration.display().to_string()),
        ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
    ];
    exports.extend(simulator.environment(&rehearsal_file));
    exports.extend(variables);
    let mut environment = terraform::environment(true);
    environment.extend(exports.iter().map(|(name, value)| (name.into(), value.into())));
    // For the user's shell alone: Terraform has no business with the world's controls.
    exports.extend(control.map(|(name, value)| (name.to_owned(), value)));

    page::fact("configuration", root.display());
    page::fact("copy", copied.display());
    page::fact("state", format_args!("{}, the copy's own", copied.join("terraform.tfstate").display()));
    page::fact("terraform", format_args!("{terraform} (`{}`)", terraform.binary.display()));
    page::fact(
        "servers",
        if configuration.other_providers.is_empty() && configuration.reaches.is_empty() {
            "simulated, all on this machine; nothing else is reached"
        } else {
            "simulated, all on this machine; what else the configuration uses is real"
        },
    );
    if let Some(names) = overridden(&exports) {
        page::fact("variables", format_args!("{names} of your shell do not count: the estate has its own"));
    }

    let mut rehearsal = Rehearsal { terraform, copied, environment, simulator, interrupts };
    let outcome = if arguments.keep { rehearsal.keep(&exports).await } else { rehearsal.whole().await };
    rehearsal.simulator.shutdown().await;
    match outcome {
        Ok(()) => {
            clean_up(&folder, &journal).map_err(Failure::from_error)?;
            page::say(&format!(
                "\nThe rehearsal went well. What the servers were asked: {}",
                journal.display()
            ));
            Ok(())
        }
        Err(failure) => {
            page::say(&format!("\nThe copy, its state and the journal stay in {}", folder.display()));
            Err(failure)
        }
    }
}

fn refuse_others(configuration: &configuration::Configuration, allowed: bool) -> Result<(), Failure> {
    if allowed || (configuration.other_providers.is_empty() && configuration.reaches.is_empty()) {
        return Ok(());
    }
    let providers = configuration.other_providers.iter().map(|name| format!("provider {name}"));
    let lines: Vec<_> =
        providers.chain(configuration.reaches.iter().cloned()).map(|line| format!("  {line}")).collect();
    Err(Failure::Message(format!(
        "the configuration would act on the real world:\n{}\n\
         If that is what you want, add --with-other-providers.",
        lines.join("\n")
    )))
}

/// The variables of the user's shell that the rehearsal gives other values: a real password opens no simulated server.
fn overridden(exports: &[(String, String)]) -> Option<String> {
    let names: Vec<_> = exports
        .iter()
        .filter(|(name, value)| {
            name.starts_with("TF_VAR_") && std::env::var_os(name).is_some_and(|own| own != value.as_str())
        })
        .map(|(name, _)| name.as_str())
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// A path, a version, or whatever is found.
fn find_terraform(asked: Option<&std::ffi::OsStr>) -> Result<Terraform, Failure> {
    let target = target::directory();
    let Some(asked) = asked else { return terraform::locate(&target).map_err(Failure::from_error) };
    let text = asked.to_string_lossy();
    let is_version = text.split('.').count() == 3 && text.split('.').all(|part| part.parse::<u32>().is_ok());
    let binary = if is_version {
        terraform::install(release(&text)?, &target).map_err(Failure::from_error)?
    } else {
        PathBuf::from(asked)
    };
    terraform::asked(&binary).map_err(Failure::from_error)
}

/// Everything but the journal.
fn clean_up(folder: &Path, journal: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path == journal {
            continue;
        }
        if path.is_dir() { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
    }
    Ok(())
}

struct Rehearsal {
    terraform: Terraform,
    copied: PathBuf,
    environment: Environment,
    simulator: Simulator,
    interrupts: Interrupts,
}

impl Rehearsal {
    /// Plan, apply, status, empty plan, destroy, last look.
    async fn whole(&mut self) -> Result<(), Failure> {
        let before = self.inventory();
        self.apply().await?;
        self.empty_plan().await?;
        self.step("destroy", &["destroy", "-auto-approve"]).await?;
        self.last_look(&before)
    }

    /// Plan, apply, status, empty plan; then serves until Ctrl-C.
    async fn keep(&mut self, exports: &[(String, String)]) -> Result<(), Failure> {
        self.apply().await?;
        self.empty_plan().await?;
        page::heading("Serving until Ctrl-C");
        page::say("To go on by hand, in another shell:");
        page::say(&format!("cd '{}'", self.copied.display().to_string().replace('\'', r"'\''")));
        for (name, value) in exports {
            page::say(&export(name, value));
        }
        // One that was installed here is on nobody's PATH.
        if let Some(folder) = self.terraform.binary.parent().filter(|folder| folder.is_absolute()) {
            page::say(&format!("{}:\"$PATH\"", export("PATH", &folder.display().to_string())));
        }
        page::say("\nCtrl-C here ends it, when a Terraform that runs in the copy is done.");
        self.interrupts.next().await;
        self.outlast_others().await;
        Ok(())
    }

    async fn apply(&mut self) -> Result<(), Failure> {
        self.step("init", &["init"]).await?;
        self.check_backend()?;
        let out = format!("-out={PLAN}");
        self.step("plan", &["plan", &out]).await?;
        self.step("apply", &["apply", PLAN]).await?;
        page::heading("How the links stand");
        let links = self.simulator.world().with(|estate| status::links(estate));
        if links.is_empty() {
            page::say("There is no link.");
        }
        for link in links {
            page::say(&link.to_string());
        }
        Ok(())
    }

    /// A second look at where the state is, before anything is written to it: the override must have won.
    fn check_backend(&self) -> Result<(), Failure> {
        let path = self.copied.join(".terraform/terraform.tfstate");
        let text = std::fs::read_to_string(&path).map_err(Failure::from_error)?;
        let initialized: serde_json::Value = serde_json::from_str(&text).map_err(Failure::from_error)?;
        match initialized.pointer("/backend/type").and_then(serde_json::Value::as_str) {
            Some("local") => Ok(()),
            other => Err(Failure::Message(format!(
                "the copy did not get a state of its own: Terraform was initialized with the backend {}",
                other.unwrap_or("(none)")
            ))),
        }
    }

    async fn empty_plan(&mut self) -> Result<(), Failure> {
        page::heading("terraform plan, which must find nothing to do");
        match self.run(&["plan", "-detailed-exitcode"]).await? {
            Some(0) => Ok(()),
            Some(2) => Err(Failure::Message("the plan after the apply is not empty".into())),
            code => Err(failed("plan", code)),
        }
    }

    async fn step(&mut self, name: &str, arguments: &[&str]) -> Result<(), Failure> {
        page::heading(&format!("terraform {name}"));
        match self.run(arguments).await? {
            Some(0) => Ok(()),
            code => Err(failed(name, code)),
        }
    }

    /// Runs Terraform in the copy, its output where ours goes; answers with its exit code. After an interrupt nothing
    /// more is started, and what ran has ended.
    async fn run(&mut self, arguments: &[&str]) -> Result<Option<i32>, Failure> {
        if self.interrupts.last().is_some() {
            return Err(Failure::Interrupted);
        }
        // Terraform colours whatever it writes to, also what is no terminal.
        let colourless = (!std::io::stdout().is_terminal()).then_some("-no-color");
        let mut child = tokio::process::Command::new(&self.terraform.binary)
            .args(arguments.first())
            .args(colourless)
            .args(arguments.iter().skip(1))
            .current_dir(&self.copied)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .spawn()
            .map_err(Failure::from_error)?;
        let ended = self.interrupts.outlast(&mut child).await.map_err(Failure::from_error)?;
        match self.interrupts.last() {
            Some(_) => Err(Failure::Interrupted),
            None => Ok(ended.code()),
        }
    }

    fn inventory(&self) -> Inventory {
        self.simulator.world().with(|estate| Inventory::of(estate))
    }

    fn last_look(&self, before: &Inventory) -> Result<(), Failure> {
        page::heading("A last look at both sides");
        let differences = before.compare(&self.inventory());
        if !differences.remaining.is_empty() {
            page::say("What remains, by design:");
        }
        for (item, reason) in &differences.remaining {
            page::say(&format!("  {item}: {reason}"));
        }
        if differences.is_clean() {
            let all = if differences.remaining.is_empty() { "Everything" } else { "Everything else" };
            page::say(&format!("{all} that Terraform made is gone, and what was there before is as it was."));
            return Ok(());
        }
        for (title, items) in [
            ("Terraform left behind:", &differences.left_behind),
            ("was there before and is gone:", &differences.missing),
            ("is not as it was before:", &differences.changed),
        ] {
            for item in items {
                page::say(&format!("  {title} {item}"));
            }
        }
        Err(Failure::Message("the destroy did not leave the servers as they were".into()))
    }

    /// Waits while somebody else's Terraform holds the copy's state; a second Ctrl-C ends the waiting.
    async fn outlast_others(&mut self) {
        let lock = self.copied.join(".terraform.tfstate.lock.info");
        if !lock.exists() {
            return;
        }
        page::say("A Terraform is still at work in the copy: waiting for it. Ctrl-C again stops at once.");
        let unlocked = async {
            // Terraform tells nobody when it is done, so its lock file is looked at.
            while lock.exists() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            () = unlocked => {}
            _ = self.interrupts.next() => {}
        }
    }
}

fn failed(step: &str, code: Option<i32>) -> Failure {
    Failure::Message(match code {
        Some(code) => format!("terraform {step} ended with exit code {code}"),
        None => format!("terraform {step} was killed"),
    })
}
