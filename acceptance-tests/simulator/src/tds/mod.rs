//! The TDS face: SQL Server's wire protocol (MS-TDS), and nothing of T-SQL or the world.
//!
//! | module | what |
//! | --- | --- |
//! | [`server`] | the listener of one engine |
//! | `handshake` | a connection from PRELOGIN to LOGIN7, in each way of encrypting |
//! | `connection`, `answer` | a connection from its login to its end; what goes out on it |
//! | `packet`, `tls`, `old_suites` | packets; TLS inside them, and none for clients that have no suite in common |
//! | `login`, `rpc` | what clients send |
//! | `token`, `types`, `collation` | what they are answered; types, values and text |
//! | [`backend`] | the border to the engine behind it |

mod answer;
pub mod backend;
mod collation;
mod connection;
mod handshake;
mod login;
mod old_suites;
mod packet;
mod reader;
mod rpc;
pub mod server;
mod tls;
mod token;
mod types;

pub use server::TdsServer;
