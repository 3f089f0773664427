//! What a Terraform configuration uses: the local modules that it calls, the providers that it names, and whatever else
//! would reach the real world.
//!
//! Read from the files as they stand, without running Terraform: a rehearsal has to know all of it before it copies or
//! starts anything. Both syntaxes are read, HCL and JSON.

mod syntax;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use self::syntax::Block;

/// Prefix of this provider's types.
const OURS: &str = "milink";
/// Prefix of the types that are built into Terraform.
const BUILT_IN: &str = "terraform";

/// What a configuration uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The folder of the root module and of every local module that is called, each once.
    pub folders: BTreeSet<PathBuf>,
    /// Local names of the providers that are neither ours nor built in.
    pub other_providers: BTreeSet<String>,
    /// What else reaches out of the copy, as people call it: provisioners, states of other configurations, and modules
    /// whose files are not here to be read.
    pub reaches: BTreeSet<String>,
}

/// A configuration that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not HCL.
    #[error("`{path}` is not valid HCL: {source}")]
    Hcl {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: hcl::Error,
    },
    /// Not JSON.
    #[error("`{path}` is not valid JSON: {source}")]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// No configuration at all.
    #[error("`{path}` holds no .tf file")]
    Empty {
        /// Which folder.
        path: PathBuf,
    },
}

/// Reads the configuration in `folder` and in all local modules that it calls.
///
/// # Errors
/// When a file cannot be read, or is not what its name says.
pub fn read(folder: &Path) -> Result<Configuration, ReadError> {
    let mut found = Configuration::default();
    let root =
        fs::canonicalize(folder).map_err(|source| ReadError::Io { path: folder.to_owned(), source })?;
    let mut waiting = vec![root.clone()];
    while let Some(folder) = waiting.pop() {
        if !found.folders.insert(folder.clone()) {
            continue;
        }
        let files = files_of(&folder)?;
        if files.is_empty() && folder == root {
            return Err(ReadError::Empty { path: folder });
        }
        for file in files {
            for block in parse(&file)? {
                note_providers(&block, &mut found.other_providers);
                note_reaches(&block, &mut found.reaches);
                waiting.extend(local_source(&block).map(|source| join(&folder, source)));
            }
        }
    }
    Ok(found)
}

/// Terraform's files, and OpenTofu's own.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
        let is_configuration =
            [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|ending| name.ends_with(ending));
        if is_configuration && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn parse(file: &Path) -> Result<Vec<Block>, ReadError> {
    let text = fs::read_to_string(file).map_err(|source| ReadError::Io { path: file.to_owned(), source })?;
    if file.extension() == Some(OsStr::new("json")) {
        return syntax::json(&text).map_err(|source| ReadError::Json { path: file.to_owned(), source });
    }
    syntax::hcl(&text).map_err(|source| ReadError::Hcl { path: file.to_owned(), source })
}

fn source(block: &Block) -> Option<&str> {
    if block.kind != "module" {
        return None;
    }
    block.arguments.get("source").and_then(|source| source.as_deref())
}

fn local_source(block: &Block) -> Option<&str> {
    source(block).filter(|source| source.starts_with("./") || source.starts_with("../"))
}

fn note_providers(block: &Block, others: &mut BTreeSet<String>) {
    let mut note = |name: &str| {
        if name != OURS && name != BUILT_IN {
            others.insert(name.to_owned());
        }
    };
    match block.kind.as_str() {
        "resource" | "data" | "ephemeral" | "action" => {
            if let Some(label) = block.labels.first() {
                note(label.split('_').next().unwrap_or_default());
            }
        }
        "provider" => block.labels.first().map(String::as_str).into_iter().for_each(note),
        "required_providers" => block.arguments.keys().map(String::as_str).for_each(note),
        _ => {}
    }
    for inner in &block.blocks {
        note_providers(inner, others);
    }
}

fn note_reaches(block: &Block, reaches: &mut BTreeSet<String>) {
    let labels = block.labels.join(".");
    match block.kind.as_str() {
        "data" if block.labels.first().is_some_and(|kind| kind == "terraform_remote_state") => {
            reaches.insert(format!("data.{labels} reads the state of another configuration"));
        }
        "module" if local_source(block).is_none() => {
            let from = source(block).unwrap_or("elsewhere");
            reaches.insert(format!("module.{labels} comes from {from} and cannot be looked into"));
        }
        _ => {}
    }
    for inner in &block.blocks {
        if inner.kind == "provisioner" {
            let whose = if labels.is_empty() { "a removed resource" } else { &labels };
            let kind = inner.labels.first().map(String::as_str).unwrap_or_default();
            reaches.insert(format!("{whose} has a provisioner \"{kind}\""));
        }
        note_reaches(inner, reaches);
    }
}

/// `folder/relative` without `..`, which would name one folder in two ways.
fn join(folder: &Path, relative: &str) -> PathBuf {
    let mut joined = folder.to_owned();
    for component in Path::new(relative).components() {
        match component {
            Component::ParentDir => {
                joined.pop();
            }
            Component::Normal(name) => joined.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn strings(found: &BTreeSet<String>) -> Vec<&str> {
        found.iter().map(String::as_str).collect()
    }

    #[test]
    fn modules_are_followed_and_other_providers_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        write(
            &root,
            "env/prod/main.tf",
            r#"
            terraform {
                    required_providers {
                        milink = { source = "milink/milink" }
                    }
                }
            module "link" { source = "../../modules/link" }
            module "far" { source = "example/far/any" }
            resource "terraform_data" "x" {}
            provider "milink" {}
        "#,
        );
        write(
            &root,
            "modules/link/main.tf",
            r#"
            resource "milink_link" "x" {}
            data "azurerm_mssql_managed_instance" "x" {}
            check "up" {
                data "http" "x" {}
            }
            module "deep" { source = "./deep" }
        "#,
        );
        write(&root, "modules/link/deep/main.tf", "provider \"random\" {}");

        let found = read(&root.join("env/prod")).unwrap();

        let folders: Vec<_> =
            found.folders.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap()).collect();
        assert_eq!(folders, ["env/prod", "modules/link", "modules/link/deep"]);
        assert_eq!(strings(&found.other_providers), ["azurerm", "http", "random"]);
        assert_eq!(
            strings(&found.reaches),
            ["module.far comes from example/far/any and cannot be looked into"]
        );
    }

    #[test]
    fn what_is_built_in_and_yet_reaches_out_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            "main.tf",
            r#"
            data "terraform_remote_state" "network" { backend = "azurerm" }
            resource "terraform_data" "x" {
                provisioner "local-exec" { command = "az group delete" }
            }
            removed {
                from = milink_link.x
                provisioner "remote-exec" { when = destroy }
            }
        "#,
        );
        let found = read(folder.path()).unwrap();
        assert_eq!(
            strings(&found.reaches),
            [
                "a removed resource has a provisioner \"remote-exec\"",
                "data.terraform_remote_state.network reads the state of another configuration",
                "terraform_data.x has a provisioner \"local-exec\"",
            ]
        );
        assert_eq!(strings(&found.other_providers), [""; 0]);
    }

    #[test]
    fn json_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        write(
            &root,
            "a/main.tf.json",
            r#"{
                "terraform": [{"required_providers": {"milink": {}, "time": {"source": "hashicorp/time"}}}],
                "provider": {"random": [{}, {"alias": "x"}]},
                "module": {"m": {"source": "../m"}},
                "data": [{"terraform_remote_state": {"network": {"backend": "local"}}}],
                "resource": {
                    "terraform_data": {"x": {"data": {"null": {}}, "provisioner": [{"local-exec": {"command": "x"}}]}},
                    "azurerm_resource_group": {"x": {"provider": "azurerm.west"}}
                },
                "check": {"up": {"data": {"http": {"x": {}}}}},
                "removed": {"from": "milink_link.x", "provisioner": {"remote-exec": {}}}
            }"#,
        );
        write(&root, "m/main.tf.json", r#"{"ephemeral": {"vault_token": {"x": {}}}}"#);

        let found = read(&root.join("a")).unwrap();

        assert_eq!(found.folders, [root.join("a"), root.join("m")].into());
        assert_eq!(strings(&found.other_providers), ["azurerm", "http", "random", "time", "vault"]);
        assert_eq!(
            strings(&found.reaches),
            [
                "a removed resource has a provisioner \"remote-exec\"",
                "data.terraform_remote_state.network reads the state of another configuration",
                "terraform_data.x has a provisioner \"local-exec\"",
            ]
        );
        write(&root, "a/b.tf.json", "{");
        assert!(matches!(read(&root.join("a")), Err(ReadError::Json { .. })));
    }

    #[test]
    fn a_folder_without_configuration_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(ReadError::Empty { .. })));
    }
}
