//! The command line of the simulator: for people, and for scripts that want the same.
//!
//! | module | what |
//! | --- | --- |
//! | `rehearse` | runs a configuration with the real Terraform against the simulator |
//! | `estate` | checks an estate file, prints its schema |
//! | `serve` | serves a simulated estate until Ctrl-C |
//! | `probe` | asks real servers whether the simulator is right |
//! | `terraform` | installs a version of Terraform and prints its path |
//! | `remote` | `world`, `clock`, `fault`, `deed`, `journal`: look at a simulator that runs, and act on it |
//! | `interrupt` | Ctrl-C and termination |
//! | `page` | headings and paragraphs on a terminal |
//!
//! Only this module and those below print. Everything that they do is in the library, where tests reach it too.

mod estate;
mod interrupt;
mod page;
mod probe;
mod rehearse;
mod remote;
mod serve;
mod terraform;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// SQL Server, managed instances and Entra ID in one process, to rehearse Managed Instance links.
#[derive(Debug, Parser)]
#[command(name = "milink-simulator", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a configuration from plan to destroy, on a copy, with the real Terraform, against the simulator.
    ///
    /// The folder is only read. State, backend, provider and addresses of the copy are the rehearsal's own.
    Rehearse(rehearse::Arguments),
    /// Serve a simulated estate on this machine until Ctrl-C.
    Serve(serve::Arguments),
    /// Show what there is in a simulated world, and how its links stand.
    World(remote::World),
    /// Show the world's clock, or move it forward.
    Clock(remote::Clock),
    /// Let a statement or a call fail, wait, hang or break.
    Fault(remote::Fault),
    /// Do to the servers what Terraform does not expect.
    Deed(remote::Do),
    /// Print what the simulator was asked and what it answered, without secrets.
    Journal(remote::Journal),
    /// Check a description of a simulated world, or print its JSON schema.
    Estate(estate::Arguments),
    Probe(probe::Arguments),
    /// Install a version of Terraform below `target/` unless it is there, and print its path.
    Terraform(terraform::Arguments),
}

/// What every command that starts a simulator takes.
#[derive(Debug, clap::Args)]
struct EstateArguments {
    /// What there is in the simulated world, as JSON. Without it: the world that examples/quickstart is written for.
    #[arg(long, value_name = "FILE")]
    estate: Option<PathBuf>,
    /// Write what the simulator is asked to this file, one JSON object a line, without secrets.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Where the control API listens, on loopback; a free port of 127.0.0.1 where it is left out.
    #[arg(long, value_name = "ADDRESS:PORT")]
    control_address: Option<SocketAddr>,
}

impl EstateArguments {
    fn control_address(&self) -> SocketAddr {
        self.control_address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into())
    }
}

/// A command that did not end well.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// With this message.
    #[error("{0}")]
    Message(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// A probe found that the simulator is wrong.
    #[error("the simulator is contradicted")]
    Contradicted,
}

impl Failure {
    /// A failure whose message is the error with its causes.
    fn from_error(error: impl std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            // Many messages end with their cause already.
            let text = inner.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = inner.source();
        }
        Self::Message(message)
    }
}

/// Says that there is no runtime to run anything on.
pub(crate) fn cannot_start(error: &std::io::Error) -> ExitCode {
    page::error(&format!("the threads of the simulator could not be started: {error}"));
    ExitCode::FAILURE
}

/// Runs what the arguments ask for.
pub(crate) async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(shown) => {
            // Nobody may be reading. 2, the parser's own code, means that a probe found something.
            let _closed = shown.print();
            return if shown.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let done = match arguments.command {
        Command::Rehearse(arguments) => rehearse::run(arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::World(arguments) => remote::world(arguments).await,
        Command::Clock(arguments) => remote::clock(arguments).await,
        Command::Fault(arguments) => remote::fault(arguments).await,
        Command::Deed(arguments) => remote::deed(arguments).await,
        Command::Journal(arguments) => remote::journal(arguments).await,
        Command::Estate(arguments) => estate::run(&arguments),
        Command::Probe(arguments) => probe::run(arguments).await,
        Command::Terraform(arguments) => terraform::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Contradicted) => ExitCode::from(2), // the report says what
        Err(failure) => {
            page::error(&failure.to_string());
            match failure {
                Failure::Interrupted => ExitCode::from(130), // as shells report what Ctrl-C ended
                Failure::Message(_) | Failure::Contradicted => ExitCode::FAILURE,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
