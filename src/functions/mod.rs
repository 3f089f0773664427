//! Provider functions, one a file. Pure: no connection, no clock.

pub mod azure_root_certificates;
