//! The TDS face: SQL Server's wire protocol (MS-TDS), and nothing of T-SQL or the world.
//!
//! | module | what |
//! | --- | --- |
//! | [`server`] | the listener of one engine |
//! | `connection` | one connection, from PRELOGIN to its end |
//! | `packet`, `tls` | packets; TLS inside them |
//! | `login`, `rpc` | what clients send |
//! | `token`, `types` | what they are answered; types and values |
//! | [`backend`] | the border to the engine behind it |

pub mod backend;
mod connection;
mod login;
mod packet;
mod reader;
mod rpc;
pub mod server;
mod tls;
mod token;
mod types;

pub use server::TdsServer;
