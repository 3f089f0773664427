//! The T-SQL engine: parse, bind, execute on the world.

#![allow(dead_code)] // until the engine lands

mod ast;
mod ddl;
mod dialect;
mod error;
mod parser;

#[cfg(test)]
mod tests;
