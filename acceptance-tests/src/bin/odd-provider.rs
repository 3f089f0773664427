//! Serves [`milink_acceptance_tests::odd_provider`] to the real Terraform.

#![allow(clippy::expect_used, reason = "a surprise ends the process, and with it the test that started it")]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use milink_acceptance_tests::odd_provider;
use terraform_provider_milink::plugin::{self, About};

fn main() -> ExitCode {
    let about = About { name: "odd", source: "test/odd", version: "1.0.0" };
    plugin::run(about, |shutdown| {
        wait_to_be_let_go();
        odd_provider::server(Some(shutdown))
    })
}

/// A start that takes as long as a test wants, where a folder for it is named.
fn wait_to_be_let_go() {
    let Some(folder) = std::env::var_os("ODD_PROVIDER_WAITS").map(PathBuf::from) else { return };
    // Without the file the test waits for ever and says so; nothing is gained by ending here.
    let _ = fs::write(folder.join("waiting"), "");
    while !folder.join("go").exists() {
        std::thread::yield_now();
    }
}
