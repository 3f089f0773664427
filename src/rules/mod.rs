//! The documented limitations: pure tables and checks, no I/O.
