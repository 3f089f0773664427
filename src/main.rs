//! The provider's executable: nothing but the provider, served.

use std::process::ExitCode;

use terraform_provider_milink::plugin::{self, About};

mod empty_provider;

fn main() -> ExitCode {
    let about = About { name: "milink", source: "milink/milink", version: env!("CARGO_PKG_VERSION") };
    plugin::run(about, |_shutdown| empty_provider::EmptyProvider)
}
