//! A provider that uses every corner of the framework, and breaks its rules when a configuration asks for it.
//!
//! Its objects are files in a folder that the provider block names, and every verb leaves a line in the folder's
//! journal; so a test sees what was called, with what, by whichever process. No server is needed: what is under
//! test is the framework and its understanding of Terraform.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use async_trait::async_trait;
use terraform_provider_milink::framework::ProviderServer;
use terraform_provider_milink::framework::diagnostic::{Diagnostic, Diagnostics};
use terraform_provider_milink::framework::model::Field;
use terraform_provider_milink::framework::provider::{Configure, Provider};
use terraform_provider_milink::framework::schema::{Attribute, Schema};
use terraform_provider_milink::model;
use terraform_provider_milink::plugin::Shutdown;

mod legacy;
mod nest;
mod others;
mod thing;

pub use legacy::Legacy;
pub use nest::Nest;
pub use thing::Thing;

/// The provider with all of its objects.
pub fn server(shutdown: Option<&Shutdown>) -> ProviderServer<Odd> {
    let builder = ProviderServer::builder(Odd)
        .resource(Thing)
        .resource(Legacy)
        .resource(Nest)
        .data_source(others::Lookup)
        .list_resource(others::Things)
        .action(others::Ring)
        .function(others::Shout);
    match shutdown {
        Some(shutdown) => builder.until(shutdown).build(),
        None => builder.build(),
    }
}

/// The provider.
#[derive(Debug)]
pub struct Odd;

model! {
    /// The provider block.
    pub struct Settings {
        /// The folder of its objects.
        pub folder: Field<String>,
    }
}

/// The folder of the objects.
#[derive(Debug)]
pub struct Folder {
    /// Nothing while it is not known.
    path: Option<PathBuf>,
}

#[async_trait]
impl Provider for Odd {
    type Model = Settings;
    type Client = Folder;
    const NAME: &'static str = "odd";

    fn schema() -> Schema {
        Schema::new("Objects that are files.")
            .attribute(Attribute::string("folder").required().describe("Where the files are."))
    }

    async fn configure(&self, request: Configure<Settings>) -> Result<Folder, Diagnostics> {
        Ok(Folder { path: request.config.folder.into_known_value().map(PathBuf::from) })
    }
}

impl Folder {
    /// The path, or an error that says why there is none.
    pub(crate) fn path(&self) -> Result<&PathBuf, Diagnostics> {
        self.path.as_ref().ok_or_else(|| {
            Diagnostic::error("Folder is not known yet", "The provider's `folder` is known after the apply")
                .into()
        })
    }

    /// Adds a line to the journal.
    pub(crate) fn journal(&self, line: &str) {
        if let Some(path) = &self.path {
            let mut file =
                fs::OpenOptions::new().create(true).append(true).open(path.join("journal")).unwrap();
            writeln!(file, "{line}").unwrap();
        }
    }

    /// An object's file, as text.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, Diagnostics> {
        Ok(fs::read_to_string(self.path()?.join(format!("{name}.json"))).ok())
    }

    /// Writes an object's file.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Diagnostics> {
        fs::write(self.path()?.join(format!("{name}.json")), text).unwrap();
        Ok(())
    }

    /// Removes an object's file.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Diagnostics> {
        let _gone_already = fs::remove_file(self.path()?.join(format!("{name}.json")));
        Ok(())
    }

    /// The names of all objects.
    pub(crate) fn names(&self) -> Result<Vec<String>, Diagnostics> {
        let files = fs::read_dir(self.path()?).unwrap().flatten();
        let names = files.filter_map(|file| {
            file.file_name().to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned)
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(names)
    }
}
