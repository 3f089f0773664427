//! Managed resources, one a file, named as Terraform names them.
//!
//! The order inside a file never varies: head, model, schema, validate, plan, create, read, update, delete, import,
//! private helpers, tests.

pub mod availability_group;
pub mod certificate;
pub mod imported_certificate;
pub mod link;
pub mod link_synchronization;
pub mod master_key;
pub mod mirroring_endpoint;
pub mod nodes;
pub mod preflight;
pub mod reach;
pub mod server_trust_certificate;
pub mod shared;
