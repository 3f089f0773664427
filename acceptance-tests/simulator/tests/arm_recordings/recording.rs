//! Reads recordings: the regular part of YAML that their recorders write, every value on a line of its own.

use std::path::Path;

use serde_json::Value;

/// A recorded session.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) entries: Vec<Entry>,
}

/// A recorded exchange.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) request: Option<Value>,
    pub(crate) status: u16,
    /// Names of the answer's headers, lower case.
    pub(crate) headers: Vec<String>,
    /// Polling URL in the answer.
    pub(crate) poll: Option<String>,
    /// `None` where the body was not read.
    pub(crate) body: Option<Value>,
    /// Whoever transcribed it says that a part was not read.
    pub(crate) partial: bool,
}

impl Recording {
    pub(crate) fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut entries: Vec<Entry> = Vec::new();
        let (mut answer, mut headers, mut polling) = (false, false, false);
        for line in text.lines() {
            let depth = line.len() - line.trim_start().len();
            if line == "- request:" {
                entries.push(Entry::default());
                (answer, headers) = (false, false);
                continue;
            }
            let (Some(entry), false) = (entries.last_mut(), line.starts_with('-')) else { continue };
            let (key, value) = line.trim_start().split_once(':').unwrap_or((line.trim_start(), ""));
            let value = value.trim_start();
            match (depth, key) {
                (2, "response") => answer = true,
                (2, "x-transcription-note") => entry.partial = true,
                (4, "method") => entry.method = value.to_owned(),
                (4, "uri") => entry.url = value.to_owned(),
                (4, "headers") => headers = answer,
                (4, "body") if !answer => entry.request = scalar(value),
                (4, _) => headers = false,
                (6, "code") => entry.status = value.parse().unwrap(),
                (6, "string") => entry.body = scalar(value),
                (6, _) if headers && !key.starts_with('-') => {
                    let name = key.to_ascii_lowercase();
                    polling = name == "azure-asyncoperation";
                    entry.headers.push(name);
                }
                (6, _) if polling => {
                    entry.poll = Some(line.trim_start().trim_start_matches("- ").to_owned());
                    polling = false;
                }
                _ => {}
            }
        }
        assert!(!entries.is_empty(), "{}", path.display());
        Self { entries }
    }

    /// Path of the managed instance that it is about.
    pub(crate) fn instance(&self) -> String {
        let (_, path) = self
            .entries
            .iter()
            .filter_map(|entry| entry.url.split_once("management.azure.com"))
            .find(|(_, path)| path.contains("/managedInstances/"))
            .unwrap();
        path.split('/').take(9).collect::<Vec<_>>().join("/").split('?').next().unwrap().to_owned()
    }
}

/// JSON in single quotes, or `null`.
fn scalar(text: &str) -> Option<Value> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(serde_json::from_str(&inner.replace("''", "'")).unwrap_or_else(|error| panic!("{error}: {inner}")))
}

/// Names of all recordings in the folder, `azure-cli/x.yaml`.
pub(crate) fn all(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for group in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let group = group.path();
        if !group.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&group).unwrap().map(Result::unwrap) {
            let name = file.path();
            if name.extension().is_some_and(|extension| extension == "yaml") {
                let part = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
                names.push(format!("{}/{}", part(&group), part(&name)));
            }
        }
    }
    names.sort();
    names
}
