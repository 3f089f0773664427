//! Executables of the workspace, built from the same sources and into the same `target` folder as this program.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::target;

const PROVIDER: &str = "terraform-provider-milink";

/// Whether Cargo says what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// On standard error, as `cargo build` does.
    Shown,
    /// Errors only.
    Quiet,
}

/// There is no executable to run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its sources do not compile.
    #[error("{program} could not be built: cargo ended with {status}")]
    Cargo {
        /// What was to be built.
        program: String,
        /// How cargo ended.
        status: ExitStatus,
    },
    /// Neither sources and Cargo nor an executable.
    #[error("there is neither a Cargo to build with nor `{path}`")]
    Nothing {
        /// Where an executable was looked for.
        path: PathBuf,
    },
    /// Where this program lies is not known.
    #[error("the path of this program is not known")]
    NoExecutable(#[from] io::Error),
}

/// Builds the provider in the profile in which this program was built and answers with the executable's path. Where
/// there is no Cargo or no source, the executable beside this one has to do.
///
/// # Errors
/// When it does not compile, or there is nothing to compile and nothing beside this program.
pub fn build(progress: Progress) -> Result<PathBuf, BuildError> {
    build_program(PROVIDER, progress)
}

/// The same for any executable of the workspace.
///
/// # Errors
/// As [`build`].
pub fn build_program(program: &str, progress: Progress) -> Result<PathBuf, BuildError> {
    let folder = target::profile_folder(&std::env::current_exe()?);
    let binary = folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let built = manifest.is_file().then(|| cargo(program, &manifest, &folder, progress)).and_then(Result::ok);
    match built {
        Some(status) if !status.success() => Err(BuildError::Cargo { program: program.to_owned(), status }),
        _ if binary.is_file() => Ok(binary),
        _ => Err(BuildError::Nothing { path: binary }),
    }
}

fn cargo(name: &str, manifest: &Path, folder: &Path, progress: Progress) -> io::Result<ExitStatus> {
    // `cargo run` and `cargo test` name themselves, so that the same toolchain is used again.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut command = Command::new(program);
    // Of the whole workspace, whose features are united then: no third-party crate is compiled a second time.
    command.args(["build", "--workspace", "--bin", name, "--profile", profile]);
    command.arg("--manifest-path").arg(manifest);
    command.arg("--target-dir").arg(target::directory());
    if progress == Progress::Quiet {
        command.arg("--quiet");
    }
    // What Cargo told this program about its own package is not true of the one that is built now.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).status()
}
