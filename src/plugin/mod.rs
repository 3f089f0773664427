//! The go-plugin process contract: handshake, mutual TLS, controller, stdio, hclog lines, shutdown, reattach.

pub mod proto;
