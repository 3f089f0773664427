//! The client of Azure Resource Manager against a server that answers over HTTPS, as a rehearsal's does.
//!
//! | module | what |
//! | --- | --- |
//! | `recordings` | every recorded answer of the real service goes through the client |
//! | `doubt` | lost answers, throttling, refused tokens, failed operations |
//! | `server`, `bench` | the other side, and the client before it |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do, and say what they skip"
)]

mod bench;
mod doubt;
mod recordings;
mod server;
