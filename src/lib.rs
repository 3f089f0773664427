//! Terraform provider for the Azure SQL Managed Instance link.
//!
//! A map, from the outside in; dependencies point downwards only (`tests/layers.rs` reads the imports):
//!
//! | module | what |
//! | --- | --- |
//! | [`plugin`] | the process: handshake, mutual TLS, logging, shutdown |
//! | [`framework`] | Terraform's semantics: values, schemas, plans, diagnostics, the traits of objects |
//! | [`provider`] | the provider block, the registry of objects, the lazy clients |
//! | [`resources`], [`data_sources`], [`functions`], [`actions`], [`list_resources`] | one Terraform object a file |
//! | [`rules`] | documented limitations, as pure checks |
//! | [`sql`] | SQL Server over TDS |
//! | [`arm`] | Azure Resource Manager |
//! | [`credential`], [`http`] | tokens for Azure, and the HTTPS client of both |
//! | [`certificate`], [`secret`] | the two kinds of value that everything above handles |

pub mod actions;
pub mod arm;
pub mod certificate;
pub mod credential;
pub mod data_sources;
pub mod framework;
pub mod functions;
pub mod http;
pub mod list_resources;
pub mod plugin;
pub mod provider;
pub mod resources;
pub mod rules;
pub mod secret;
pub mod sql;
