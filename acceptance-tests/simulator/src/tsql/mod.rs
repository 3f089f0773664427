//! The T-SQL engine: parse, bind, execute on the world.

mod ast;
mod dialect;
mod error;
mod parser;

#[cfg(test)]
mod tests;
