//! Cargo's `target` folder: the one place on disk where the simulator and the tests leave anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The `target` folder that this executable was built into; `target` below the working directory for one that was
/// copied elsewhere.
pub fn directory() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    // Cargo marks the folder so that backups leave it out.
    let marked = executable.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").is_file());
    match marked {
        Some(folder) => folder.to_owned(),
        None => std::path::absolute("target").unwrap_or_else(|_| PathBuf::from("target")),
    }
}

/// Makes a folder below `parent` that nobody else has, also when several processes do so at once. Its name begins with
/// `stem`.
///
/// # Errors
/// When `parent` cannot be written to.
pub fn unique_folder(parent: &Path, stem: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(parent)?;
    for number in 0_u32.. {
        let folder = parent.join(format!("{stem}-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_built_into_target() {
        assert!(std::env::current_exe().unwrap().starts_with(directory()));
    }

    #[test]
    fn folders_are_never_shared() {
        let parent = tempfile::tempdir().unwrap();
        let below = parent.path().join("a/b");
        assert_ne!(unique_folder(&below, "x").unwrap(), unique_folder(&below, "x").unwrap());
    }
}
