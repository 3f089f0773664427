//! The T-SQL engine: parse, bind, execute on the world.
