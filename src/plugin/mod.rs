//! The go-plugin process contract: how Terraform starts, reaches, logs and ends this process.
//!
//! Terraform runs the provider as a child process, which answers with one line on standard output (where it
//! listens, and its TLS certificate), then serves gRPC until it is told to end. Everything of that is here and
//! nothing of what the provider does: [`run`] serves any [`Provider`].
//!
//! | module | what |
//! | --- | --- |
//! | `cli` | arguments, and what a person who starts the program by hand is told |
//! | `environment` | what the host put into the environment, parsed |
//! | `listener`, `tls`, `connection` | the socket, mutual TLS with pinned certificates, what gRPC reads from |
//! | `handshake` | the line on standard output, and the variable that `--debug` prints |
//! | `server` | the gRPC server: the provider and go-plugin's services beside it |
//! | `controller`, `stdio`, `broker` | go-plugin's services |
//! | [`shutdown`], `signals`, `host` | when the process ends, and what it still finishes before |
//! | [`log`], [`panic`](mod@panic) | standard error, in the two forms that Terraform recognises |
//! | [`proto`] | the generated wire types |
//!
//! There is no crate for this: the one that exists for providers authenticates no client (`docs/design`).

use std::io::{self, Write};
use std::process::ExitCode;

use proto::tfplugin5::provider_server::Provider;

use self::cli::Command;
use self::environment::Environment;
use self::handshake::Mode;
pub use self::server::{Options, ServeError, serve};
pub use self::shutdown::{Hold, Shutdown};

mod broker;
mod cli;
mod connection;
mod controller;
pub mod environment;
pub mod handshake;
mod host;
mod listener;
pub mod log;
pub mod panic;
pub mod proto;
mod server;
pub mod shutdown;
mod signals;
mod stdio;
mod tls;

/// Threads that poll calls. Calls wait for servers nearly all of their time; the second thread lets `Stop`
/// through while the first computes.
const WORKER_THREADS: usize = 2;

/// What the process says about itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The provider's name as in the type names of its resources, for example `milink`.
    pub name: &'static str,
    /// The source address as written in `required_providers`, for example `milink/milink`.
    pub source: &'static str,
    /// The version of this build.
    pub version: &'static str,
}

/// The whole life of the process, from the arguments to the exit code.
///
/// `service` makes the provider. It is called once, after logging works and before the handshake, so it must
/// neither block nor do I/O; it gets the handle that tells when the process is about to end and that can hold
/// the end up for a critical section.
///
/// The code is 0 after a proper end, 1 if the process was not started by a host or could not serve, 2 for
/// arguments that it does not know.
pub fn run<S: Provider>(about: About, service: impl FnOnce(&Shutdown) -> S) -> ExitCode {
    let environment = Environment::of_process();
    let mode = match cli::parse(std::env::args_os().skip(1)) {
        Command::Serve if environment.cookie_matches() => Mode::Host,
        Command::Serve => return answer(&mut io::stderr(), &cli::by_hand(&about), 1),
        Command::Debug => Mode::Debug,
        Command::Version => return answer(&mut io::stdout(), &cli::version(&about), 0),
        Command::Help => return answer(&mut io::stdout(), &cli::help(&about), 0),
        Command::Unknown(argument) => return answer(&mut io::stderr(), &cli::unknown(&about, &argument), 2),
    };

    log::install(log::level(about.name, |name| std::env::var(name).ok()));
    panic::install();

    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(WORKER_THREADS).enable_all().build()
        {
            Ok(runtime) => runtime,
            Err(error) => return answer(&mut io::stderr(), &format!("[ERROR] no runtime: {error}\n"), 1),
        };
    let shutdown = Shutdown::new();
    // Before anything that takes time: until then a Ctrl-C, which is the host's business, ends the process.
    let handled = {
        let _in_runtime = runtime.enter();
        signals::handle(mode, &shutdown)
    };
    if let Err(error) = handled {
        return answer(&mut io::stderr(), &format!("[ERROR] cannot handle signals: {error}\n"), 1);
    }
    let service = service(&shutdown);
    let served = runtime.block_on(serve(service, Options { about, environment, mode, shutdown }));
    // What still runs is given up here: whoever wanted time to finish had held the shutdown.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => answer(&mut io::stderr(), &format!("[ERROR] {}: {}\n", about.name, chain(&error)), 1),
    }
}

/// Writes `text` and gives the exit code. A stream that is closed changes nothing.
fn answer(stream: &mut dyn Write, text: &str, code: u8) -> ExitCode {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    ExitCode::from(code)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
