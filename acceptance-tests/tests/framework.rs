//! The framework against Terraform's rules: a provider with odd schemas, driven in process by the framework's own
//! harness and as a plugin by the real Terraform.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

#[path = "framework/in_process.rs"]
mod in_process;
#[path = "framework/in_terraform.rs"]
mod in_terraform;
