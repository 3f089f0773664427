//! The ARM and Entra face over HTTPS.
//!
//! | module | what |
//! | --- | --- |
//! | [`server`] | the listener: TLS, journal, faults |
//! | `face` | the way of a request through the gateway's checks to a handler |
//! | [`path`], [`api_version`], [`shape`] | what a path names, which versions exist, which property belongs to which |
//! | [`entra`], [`token`], [`directory`] | tokens, applications, roles, locks, policies |
//! | [`links`], [`server_trust_certificates`], [`endpoint_certificates`], [`managed_instances`], [`managed_databases`], [`kept_databases`], [`failover_groups`], [`instance_operations`], [`keys`], [`entra_only`], [`management_locks`] | one resource type a file |
//! | [`operations`], [`throttle`], [`metadata`], [`reply`], [`pairs`], [`tls`] | polling URLs, limits, cloud metadata, error bodies, pairs for the validator, certificates |
//! | [`backend`] | what the face needs of the world |
//!
//! What the real service does and nobody would expect is numbered in [`oddity`], with the tests that show it; how each of
//! its error codes comes about is in [`error_code`].
//!
//! The face has no state of the world: every answer is read from the [`backend::Backend`] at that moment.

pub mod api_version;
pub mod backend;
pub mod call;
pub mod directory;
pub mod endpoint_certificates;
pub mod entra;
pub mod entra_only;
pub mod error_code;
mod face;
pub mod failover_groups;
pub mod instance_operations;
pub mod kept_databases;
pub mod keys;
pub mod links;
pub mod managed_databases;
pub mod managed_instances;
pub mod management_locks;
pub mod metadata;
pub mod oddity;
pub mod operations;
pub mod pairs;
pub mod path;
pub mod reply;
pub mod server;
pub mod server_trust_certificates;
pub mod shape;
pub mod throttle;
pub mod tls;
pub mod token;

pub use server::{ArmServer, Settings, StartError};
