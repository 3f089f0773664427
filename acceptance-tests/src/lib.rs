//! Harness that drives the real Terraform against the built provider and the simulator.
//!
//! | module | what |
//! | --- | --- |
//! | [`scenario`] | a simulated world in operation, in process |
//! | [`workspace`] | a folder with a configuration and its state, in which Terraform is run |
//! | [`output`] | what a run of Terraform said |
//! | [`secrets`] | looks for secrets in everything that a run left behind |
//! | [`suite`] | what the whole suite can be asked to run on |
//! | [`collation`], [`opposites`] | servers of another collation; servers that do the opposite of what is believed |
//! | [`core`] | the quickstart in this process, without Terraform, for sweeps |
//! | [`swept`] | a world of its own for each attempt of a sweep |
//! | [`deeds`] | what was done to the servers, out of all that they were asked |
//! | [`foreign`] | somebody else at the same servers: a TDS and an ARM client |
//! | [`odd_provider`] | a provider that uses every corner of the framework |
//!
//! A test says what the world is, what the configuration is, and what must be true afterwards. Whatever it runs is
//! searched for secrets, each time. What the harness itself cannot do (write a file, start a process) ends the test on
//! the spot: there is nothing to handle.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_panics_doc,
    reason = "a surprise ends the test that it happened in"
)]

pub mod collation;
pub mod core;
pub mod deeds;
pub mod foreign;
pub mod odd_provider;
pub mod opposites;
pub mod output;
pub mod scenario;
pub mod secrets;
pub mod single;
pub mod suite;
pub mod swept;
pub mod workspace;

pub use output::Output;
pub use scenario::Scenario;
pub use workspace::Workspace;
