//! Certificates of `master`, with a private key and without: imports that plan nothing, takeovers that are told,
//! replacements that lose nothing, and grants of others that stay.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

#[path = "certificates/imported.rs"]
mod imported;
#[path = "certificates/own.rs"]
mod own;
