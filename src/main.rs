//! The provider's executable: nothing but the provider, served.

use std::process::ExitCode;

use terraform_provider_milink::plugin::{self, About};
use terraform_provider_milink::provider;

fn main() -> ExitCode {
    let about = About { name: "milink", source: "milink/milink", version: env!("CARGO_PKG_VERSION") };
    plugin::run(about, |shutdown| provider::server(Some(shutdown)))
}
