//! A copy of a configuration to rehearse on.
//!
//! The user's folder and state are never touched: the configuration and every local module are copied below
//! `target/rehearsals/`, in the same places relative to each other, and an override file gives the copy a state of
//! its own. A `*_override.tf` with `backend "local"` wins over `backend` and `cloud` blocks alike.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::configuration::Configuration;

/// Terraform merges override files in the order of their names, and the last one counts: this one comes after letters.
const OVERRIDE_NAME: &str = "~milink_rehearsal_override.tf";

const OVERRIDE: &str = "# Written by the rehearsal: the copy keeps its state to itself.\n\
                        terraform {\n  backend \"local\" {}\n}\n";

/// A file could not be copied.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy to `{path}`: {source}")]
pub struct CopyError {
    path: PathBuf,
    source: io::Error,
}

/// Copies `configuration`, whose root module is in `root`, below `into`; answers with the copied root module's folder.
pub fn copy(configuration: &Configuration, root: &Path, into: &Path) -> Result<PathBuf, CopyError> {
    let above = common_ancestor(configuration);
    for folder in &configuration.folders {
        let relative = folder.strip_prefix(&above).unwrap_or(Path::new(""));
        copy_folder(folder, &into.join(relative), configuration)?;
    }
    // Through its components: joining nothing would leave a slash at the end.
    let copied: PathBuf =
        into.join(root.strip_prefix(&above).unwrap_or(Path::new(""))).components().collect();
    let path = copied.join(OVERRIDE_NAME);
    fs::write(&path, OVERRIDE).map_err(|source| CopyError { path, source })?;
    Ok(copied)
}

fn common_ancestor(configuration: &Configuration) -> PathBuf {
    let mut folders = configuration.folders.iter();
    let mut above = folders.next().cloned().unwrap_or_default();
    for folder in folders {
        while !folder.starts_with(&above) {
            if !above.pop() {
                break;
            }
        }
    }
    above
}

fn copy_folder(from: &Path, to: &Path, configuration: &Configuration) -> Result<(), CopyError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CopyError { path, source }
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let entry = entry.map_err(failed(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if is_left_out(&entry.file_name().to_string_lossy()) {
            continue;
        }
        // Templates and other files lie in folders beside the modules; modules have their own turn.
        if source.is_dir() {
            if !configuration.folders.contains(&source) {
                copy_folder(&source, &target, configuration)?;
            }
        } else {
            fs::copy(&source, &target).map_err(failed(&target))?;
        }
    }
    Ok(())
}

/// State, lock and caches belong to the original. A lock file would hold the hash of an older build of the provider.
fn is_left_out(name: &str) -> bool {
    name == ".terraform"
        || name == ".terraform.lock.hcl"
        || name == ".git"
        || name == "target"
        || name.ends_with(".tfstate")
        || name.contains(".tfstate.")
        || name == OVERRIDE_NAME
}

#[cfg(test)]
mod tests {
    use super::super::configuration;
    use super::*;

    #[test]
    fn state_and_backend_stay_behind_and_modules_keep_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (name, text) in [
            ("prod/main.tf", "terraform {\n  cloud {}\n}\nmodule \"m\" {\n  source = \"../m\"\n}\n"),
            ("prod/terraform.tfstate", "{}"),
            ("prod/.terraform.lock.hcl", ""),
            ("prod/.terraform/x", ""),
            ("prod/templates/a.tpl", "a"),
            ("m/main.tf", ""),
        ] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
        let prod = root.join("prod");
        let configuration = configuration::read(&prod).unwrap();
        let into = root.join("rehearsals/1");

        let copied = copy(&configuration, &prod, &into).unwrap();

        assert_eq!(copied, into.join("prod"));
        let mut names: Vec<_> = fs::read_dir(&copied)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["main.tf", "templates", OVERRIDE_NAME]);
        assert!(into.join("m/main.tf").exists());
        assert_eq!(fs::read_to_string(prod.join("terraform.tfstate")).unwrap(), "{}");
    }
}
