//! The provider block, the registry of objects and the lazy clients.

pub mod block;
pub mod rehearsal;
