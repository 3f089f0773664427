//! `serve`: a simulated estate until Ctrl-C, for whatever client.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use milink_simulator::control::VARIABLE;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;

use super::interrupt::Interrupts;
use super::{EstateArguments, Failure, page};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    estate: EstateArguments,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut interrupts = Interrupts::listen().map_err(Failure::from_error)?;
    let scene = scene(&arguments.estate)?;
    let folder = target::unique_folder(&target::directory().join("rehearsals"), "serve")
        .map_err(Failure::from_error)?;
    let variables = scene.variables.clone();
    let journal = arguments.estate.journal.clone().unwrap_or_else(|| folder.join("journal.jsonl"));
    let started = start(scene, journal, Some(arguments.estate.control_address())).await;
    let simulator = started.inspect_err(|_| {
        // What it says is why it did not start.
        let _leftover = std::fs::remove_dir_all(&folder);
    })?;
    let control = write_access(&simulator, &folder)?;
    let file = folder.join("rehearsal.json");
    simulator.write_rehearsal_file(&file).map_err(Failure::from_error)?;

    page::heading("Serving until Ctrl-C");
    for (name, address) in simulator.addresses() {
        page::say(&format!("  {name} -> {address}"));
    }
    for browser in simulator.browsers().iter().filter(|one| one.service.is_ok()) {
        page::say(&format!("  {}", browser.line()));
    }
    page::heading("In the shell where Terraform runs");
    for (name, value) in simulator.environment(&file) {
        page::say(&export(&name, &value));
    }
    for (name, value) in &variables {
        page::say(&export(&format!("TF_VAR_{name}"), value));
    }
    if let Some((name, value)) = &control {
        page::heading("In the shell of `milink-simulator world`, `clock`, `fault`, `deed` and `journal`");
        page::say(&export(name, value));
    }
    interrupts.next().await;

    simulator.shutdown().await;
    std::fs::remove_dir_all(&folder).map_err(Failure::from_error)
}

/// The world that the arguments ask for.
pub(super) fn scene(arguments: &EstateArguments) -> Result<Scene, Failure> {
    match &arguments.estate {
        Some(path) => Scene::read(path),
        None => Scene::demonstration(),
    }
    .map_err(Failure::from_error)
}

/// A simulator of the scene whose journal goes to a file.
pub(super) async fn start(
    scene: Scene,
    journal: PathBuf,
    control: Option<SocketAddr>,
) -> Result<Simulator, Failure> {
    let (estate, mut options) = scene.into_parts();
    options.journal = Some(journal);
    options.control = control;
    let simulator = Simulator::start(estate, options).await.map_err(Failure::from_error)?;
    for browser in simulator.browsers().iter().filter(|one| one.service.is_err()) {
        page::say(&browser.line());
    }
    Ok(simulator)
}

/// Writes the file that opens the control API, if there is one; the variable that names the file to other commands.
pub(super) fn write_access(
    simulator: &Simulator,
    folder: &Path,
) -> Result<Option<(&'static str, String)>, Failure> {
    let Some(control) = simulator.control() else { return Ok(None) };
    let path = folder.join("control.json");
    control.access().write(&path).map_err(Failure::from_error)?;
    Ok(Some((VARIABLE, path.display().to_string())))
}

/// A line for a POSIX shell.
pub(super) fn export(name: &str, value: &str) -> String {
    format!("export {name}='{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::export;

    #[test]
    fn values_are_quoted_for_shells() {
        assert_eq!(export("A", "it's $HOME"), r"export A='it'\''s $HOME'");
    }
}
