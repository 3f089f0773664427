//! The face of SQL Server Browser: where the named instances of a host listen, over UDP (MC-SQLR).
//!
//! | module | what |
//! | --- | --- |
//! | [`message`] | what clients ask, and what they are answered |
//! | [`server`] | the socket of one host |

pub mod message;
pub mod server;

pub use message::Instance;
pub use server::{Browser, Directory, PORT};
