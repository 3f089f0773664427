//! `estate`: the file that describes a simulated world, checked, and its format.

use std::path::PathBuf;

use milink_simulator::scene::{Scene, page as reference, schema};

use super::{Failure, page};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Name everything that is wrong with a file, each with its place.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Print the JSON schema of the file, for editors.
    Schema,
    /// Print a file that has every field.
    Example,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Check { file } => {
            let scene = Scene::read(file).map_err(Failure::from_error)?;
            let estate = &scene.estate;
            let links: usize = estate.managed_instances.iter().map(|managed| managed.links.len()).sum();
            page::say(&format!(
                "`{}` describes {}, {} and {}.",
                file.display(),
                count(estate.sql_servers.len(), "SQL Server"),
                count(estate.managed_instances.len(), "managed instance"),
                count(links, "link")
            ));
        }
        Command::Schema => page::say(&format!("{:#}", schema::schema())),
        Command::Example => page::say(reference::EXAMPLE),
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}
