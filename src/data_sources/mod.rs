//! Data sources, one a file.

pub mod endpoint_certificate;
