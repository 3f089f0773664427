//! The TDS face: SQL Server's wire protocol, and nothing of T-SQL or the world.

pub mod backend;
