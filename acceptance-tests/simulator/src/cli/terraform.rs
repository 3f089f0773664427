//! `terraform VERSION`: for scripts that test on several versions.

use milink_simulator::target;
use milink_simulator::terraform::{Release, install, probe};

use super::{Failure, page};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A version that can be installed: 1.11.4 or 1.15.5.
    version: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let release = release(&arguments.version)?;
    let binary = install(release, &target::directory()).map_err(Failure::from_error)?;
    let found = probe(&binary)
        .filter(|found| found.version.to_string() == release.terraform)
        .ok_or_else(|| Failure::Message(format!("`{}` does not run", binary.display())))?;
    page::say(&found.binary.display().to_string());
    Ok(())
}

/// The release of this version, if it is one that can be installed.
pub(super) fn release(version: &str) -> Result<Release, Failure> {
    let known = [Release::OLDEST, Release::NEWEST];
    known.into_iter().find(|release| release.terraform == version).ok_or_else(|| {
        let versions = known.map(|release| release.terraform).join(" and ");
        Failure::Message(format!(
            "Terraform {version} cannot be installed from here, only {versions}; any other can be named by its path"
        ))
    })
}
