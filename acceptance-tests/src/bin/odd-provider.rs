//! Serves [`milink_acceptance_tests::odd_provider`] to the real Terraform.

use std::process::ExitCode;

use milink_acceptance_tests::odd_provider;
use terraform_provider_milink::plugin::{self, About};

fn main() -> ExitCode {
    let about = About { name: "odd", source: "test/odd", version: "1.0.0" };
    plugin::run(about, |shutdown| odd_provider::server(Some(shutdown)))
}
