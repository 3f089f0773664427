//! The ARM face as its clients meet it over HTTPS, one resource type or subject a file.
//!
//! What is surprising in it is numbered in `src/arm/oddity.rs`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

mod arm_support;

#[path = "arm_face/certificates.rs"]
mod certificates;
#[path = "arm_face/codes.rs"]
mod codes;
#[path = "arm_face/failover_groups.rs"]
mod failover_groups;
#[path = "arm_face/instances.rs"]
mod instances;
#[path = "arm_face/keys.rs"]
mod keys;
#[path = "arm_face/links.rs"]
mod links;
#[path = "arm_face/locks.rs"]
mod locks;
#[path = "arm_face/protocol.rs"]
mod protocol;
