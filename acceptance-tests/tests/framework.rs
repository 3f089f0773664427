//! The framework against Terraform's rules: a provider with odd schemas, driven in process by the framework's own
//! harness, as a process by a host that dies or sends signals, and as a plugin by the real Terraform.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

#[cfg(unix)]
#[path = "framework/as_process.rs"]
mod as_process;
#[path = "framework/in_process.rs"]
mod in_process;
#[path = "framework/in_terraform.rs"]
mod in_terraform;
