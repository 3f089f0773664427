//! The T-SQL engine: parse, bind, execute on the world.

mod ast;
mod catalog;
mod ddl;
mod dialect;
pub(crate) mod engine;
mod error;
mod host;
mod messages;
mod parser;
mod query;
mod schema;
mod session;
mod value;

#[cfg(test)]
mod tests;

/// Runs DDL as `sa` in `master`, for tests of what the world makes of it; the error's number where it is refused.
#[cfg(test)]
pub(crate) fn run_ddl(estate: &mut crate::world::Estate, host: &str, text: &str) -> Result<(), i32> {
    run_ddl_in(estate, host, "master", text)
}

/// The same in another database.
#[cfg(test)]
pub(crate) fn run_ddl_in(
    estate: &mut crate::world::Estate,
    host: &str,
    database: &str,
    text: &str,
) -> Result<(), i32> {
    let major = estate.engine(host).unwrap().build.major;
    let caller = ddl::Caller {
        engine: host.into(),
        login: "sa".to_owned(),
        database: database.to_owned(),
        master_key_open: false,
    };
    for statement in parser::parse(text, major).unwrap().statements {
        let ast::StatementKind::Ddl(statement) = statement.kind else { panic!("{text} is no DDL") };
        ddl::execute(estate, &caller, &statement).map_err(|error| error.number)?;
    }
    Ok(())
}
