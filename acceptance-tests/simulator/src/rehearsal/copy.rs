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
    fs::create_dir_all(into).map_err(|source| CopyError { path: into.to_owned(), source })?;
    let into = &fs::canonicalize(into).map_err(|source| CopyError { path: into.to_owned(), source })?;
    for folder in &configuration.folders {
        let relative = folder.strip_prefix(&above).unwrap_or(Path::new(""));
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
        Copying { configuration, into }.folder(folder, &into.join(relative), &[real])?;
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

/// What is copied where, and where not to.
struct Copying<'a> {
    /// Modules, each of which has its own turn.
    configuration: &'a Configuration,
    /// The folder that everything is copied into: it may lie inside of what is copied.
    into: &'a Path,
}

impl Copying<'_> {
    /// `above` are the folders that `from` is in, by their real paths, itself included.
    fn folder(&self, from: &Path, to: &Path, above: &[PathBuf]) -> Result<(), CopyError> {
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
            // Links are followed. One that leads nowhere is left out, as Terraform does not see it either.
            let Ok(real) = fs::canonicalize(&source) else { continue };
            if real.is_dir() {
                let has_own_turn = self.configuration.folders.contains(&source);
                let leads_back_up = above.iter().any(|folder| folder.starts_with(&real));
                if !has_own_turn && !leads_back_up && real != self.into && !is_cache(&real) {
                    // Templates and other files lie in folders beside the modules.
                    self.folder(&source, &target, &[above, &[real]].concat())?;
                }
            } else if real.is_file() {
                fs::copy(&source, &target).map_err(failed(&target))?;
            }
        }
        Ok(())
    }
}

/// State, lock and caches belong to the original. A lock file would hold the hash of an older build of the provider.
fn is_left_out(name: &str) -> bool {
    name == ".terraform"
        || name == ".terraform.lock.hcl"
        || name == ".git"
        || name.ends_with(".tfstate")
        || name.contains(".tfstate.")
        || name == OVERRIDE_NAME
}

/// Whether a folder says of itself that it need not be copied, as Cargo's `target` does (bford.info/cachedir).
fn is_cache(folder: &Path) -> bool {
    folder.join("CACHEDIR.TAG").is_file()
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

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let prod = root.join("prod");
        for name in ["prod/main.tf", "prod/target/notes.txt", "prod/build/CACHEDIR.TAG", "shared/a.tpl"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "").unwrap();
        }
        symlink(".", prod.join("circle")).unwrap();
        symlink("../..", prod.join("up")).unwrap();
        symlink("nowhere", prod.join("dangling")).unwrap();
        symlink("../shared", prod.join("templates")).unwrap();
        symlink("../shared/a.tpl", prod.join("b.tpl")).unwrap();
        let configuration = configuration::read(&prod).unwrap();

        // Inside of what is copied, as for somebody who rehearses the root of a repository.
        let copied = copy(&configuration, &prod, &prod.join("copies/1")).unwrap();

        let mut names: Vec<_> = fs::read_dir(&copied)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["b.tpl", "copies", "main.tf", "target", "templates", OVERRIDE_NAME]);
        assert!(copied.join("templates/a.tpl").is_file() && copied.join("target/notes.txt").is_file());
        assert_eq!(fs::read_dir(copied.join("copies")).unwrap().count(), 0, "the copy copied itself");
    }
}
