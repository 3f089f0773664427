//! The TDS client and the typed statements of links. Knows nothing of Terraform.
//!
//! | module | what |
//! | --- | --- |
//! | [`config`] | how a server is reached |
//! | [`server`] | one server: its sessions, its lock, its snapshot |
//! | [`snapshot`] | what is read of a server at once |
//! | [`catalog`] | the catalog views as typed rows, and their queries |
//! | [`instance`] | version, edition, identity, what the login may see |
//! | [`statement`] | every statement that changes a server |
//! | [`texts`] | a list of every other text that is sent |
//! | [`quote`] | the one place where a value becomes part of SQL text |
//! | [`error`], [`error_numbers`] | what can go wrong, and what to do about it |
//! | `connection`, `row` | one session over the TDS library; its rows |

pub mod catalog;
pub mod config;
mod connection;
pub mod error;
pub mod error_numbers;
pub mod instance;
pub mod quote;
mod row;
pub mod server;
pub mod snapshot;
pub mod statement;
pub mod texts;

pub use config::ServerConfig;
pub use error::Error;
pub use server::Server;
pub use snapshot::Snapshot;
pub use statement::Statement;
