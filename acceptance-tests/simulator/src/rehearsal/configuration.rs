//! What a Terraform configuration uses: the local modules that it calls and the providers that it names.
//!
//! Read from the files as they stand, without running Terraform: a rehearsal has to know both before it copies or
//! starts anything.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use hcl::{Body, Expression};

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
    /// No configuration at all.
    #[error("`{path}` holds no .tf file")]
    Empty {
        /// Which folder.
        path: PathBuf,
    },
}

/// Reads the configuration in `folder` and in all local modules below it.
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
            let text =
                fs::read_to_string(&file).map_err(|source| ReadError::Io { path: file.clone(), source })?;
            let body = parse(&file, &text)?;
            note_providers(&body, &mut found.other_providers);
            waiting.extend(local_modules(&body).iter().map(|source| join(&folder, source)));
        }
    }
    Ok(found)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
        if path.is_file() && (name.ends_with(".tf") || name.ends_with(".tf.json")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// JSON syntax says the same things with objects instead of blocks; only blocks are looked at, so a `.tf.json` file is
/// read for being valid and its modules must be named in HCL.
fn parse(file: &Path, text: &str) -> Result<Body, ReadError> {
    if file.extension() == Some(OsStr::new("json")) {
        return Ok(Body::default());
    }
    hcl::parse(text).map_err(|source| ReadError::Hcl { path: file.to_owned(), source })
}

fn local_modules(body: &Body) -> Vec<String> {
    body.blocks()
        .filter(|block| block.identifier() == "module")
        .filter_map(|block| string(block.body(), "source"))
        .filter(|source| source.starts_with("./") || source.starts_with("../"))
        .collect()
}

fn note_providers(body: &Body, others: &mut BTreeSet<String>) {
    for block in body.blocks() {
        match block.identifier() {
            "resource" | "data" | "ephemeral" | "action" => {
                if let Some(label) = block.labels().first() {
                    note(label.as_str().split('_').next().unwrap_or_default(), others);
                }
            }
            "provider" => {
                if let Some(label) = block.labels().first() {
                    note(label.as_str(), others);
                }
            }
            "terraform" => {
                for required in
                    block.body().blocks().filter(|inner| inner.identifier() == "required_providers")
                {
                    for attribute in required.body().attributes() {
                        note(attribute.key(), others);
                    }
                }
            }
            _ => {}
        }
    }
}

fn note(name: &str, others: &mut BTreeSet<String>) {
    if name != OURS && name != BUILT_IN {
        others.insert(name.to_owned());
    }
}

fn string(body: &Body, key: &str) -> Option<String> {
    body.attributes().find(|attribute| attribute.key() == key).and_then(|attribute| match attribute.expr() {
        Expression::String(text) => Some(text.clone()),
        _ => None,
    })
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
            module "deep" { source = "./deep" }
        "#,
        );
        write(&root, "modules/link/deep/main.tf", "provider \"random\" {}");

        let found = read(&root.join("env/prod")).unwrap();

        let folders: Vec<_> =
            found.folders.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap()).collect();
        assert_eq!(folders, ["env/prod", "modules/link", "modules/link/deep"]);
        assert_eq!(
            found.other_providers.iter().map(String::as_str).collect::<Vec<_>>(),
            ["azurerm", "random"]
        );
    }

    #[test]
    fn a_folder_without_configuration_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(ReadError::Empty { .. })));
    }
}
