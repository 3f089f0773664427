//! Cargo's `target` folder: the one place on disk where the simulator and the tests leave anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The `target` folder that this executable was built into; `target` below the working directory for one that was
/// copied elsewhere.
pub fn directory() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    of(&executable)
        .unwrap_or_else(|| std::path::absolute("target").unwrap_or_else(|_| PathBuf::from("target")))
}

/// `target/debug` of `target/debug/milink-simulator` and of `target/debug/deps/quickstart-0123`.
pub(crate) fn profile_folder(executable: &Path) -> PathBuf {
    let folder = executable.parent().unwrap_or(Path::new(""));
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("deps" | "examples") => folder.parent().unwrap_or(folder).to_owned(),
        _ => folder.to_owned(),
    }
}

/// The folder that the profile's is in. Cargo marks a `target` that it makes itself, and leaves its lock in the
/// profile's folder in one that was there already.
fn of(executable: &Path) -> Option<PathBuf> {
    let profile = profile_folder(executable);
    let target = profile.parent()?;
    let is_cargos = target.join("CACHEDIR.TAG").is_file()
        || [".cargo-lock", ".fingerprint"].iter().any(|name| profile.join(name).exists());
    is_cargos.then(|| target.to_owned())
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
    fn programs_and_tests_of_one_profile_lie_in_one_folder() {
        for executable in ["/t/debug/milink-simulator", "/t/debug/deps/rehearsal-01ab"] {
            assert_eq!(profile_folder(Path::new(executable)), Path::new("/t/debug"));
        }
    }

    #[test]
    fn a_target_is_known_with_and_without_cargos_mark() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("bin/milink-simulator");
        assert_eq!(of(&elsewhere), None);
        let unmarked = folder.path().join("a");
        fs::create_dir_all(unmarked.join("debug/deps")).unwrap();
        fs::write(unmarked.join("debug/.cargo-lock"), "").unwrap();
        for name in ["debug/milink-simulator", "debug/deps/rehearsal-01ab"] {
            assert_eq!(of(&unmarked.join(name)), Some(unmarked.clone()));
        }
        // Of a build for a named kind of machine, whose profiles lie one folder deeper.
        let marked = folder.path().join("b");
        fs::create_dir_all(marked.join("x86_64-unknown-linux-gnu/release")).unwrap();
        fs::write(marked.join("x86_64-unknown-linux-gnu/release/.cargo-lock"), "").unwrap();
        fs::write(marked.join("CACHEDIR.TAG"), "").unwrap();
        let program = marked.join("x86_64-unknown-linux-gnu/release/milink-simulator");
        assert_eq!(of(&program), Some(marked.join("x86_64-unknown-linux-gnu")));
    }

    #[test]
    fn folders_are_never_shared() {
        let parent = tempfile::tempdir().unwrap();
        let below = parent.path().join("a/b");
        assert_ne!(unique_folder(&below, "x").unwrap(), unique_folder(&below, "x").unwrap());
    }
}
