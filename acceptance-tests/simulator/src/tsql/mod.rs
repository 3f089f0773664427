//! The T-SQL engine: parse, bind, execute on the world.

mod ast;
mod catalog;
mod ddl;
mod dialect;
pub(crate) mod engine;
pub(crate) mod error;
mod host;
pub(crate) mod listener;
mod messages;
mod opening;
mod parser;
mod query;
pub(crate) mod read_only;
mod schema;
mod session;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use error::NOT_MODELLED;

use crate::world::Estate;
use crate::world::instance::EngineKey;

/// `[name]`.
pub(crate) fn bracket(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// `N'text'`.
pub(crate) fn quote(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

pub(crate) use catalog::configuration_options;
pub(crate) use ddl::procedure::MULTI_DATABASE;

/// Runs DDL as `sa`, as somebody at the server's own console does: no session, no journal, no faults.
///
/// # Errors
/// What SQL Server raises; 195 of what is no DDL. The statements before it were carried out.
pub(crate) fn administer(
    estate: &mut Estate,
    engine: &EngineKey,
    database: &str,
    text: &str,
) -> Result<(), error::SqlError> {
    let Some(major) = estate.engine(engine).map(|engine| engine.build.major) else {
        return Err(error::not_modelled("engines that are not there"));
    };
    let caller = ddl::Caller {
        engine: engine.clone(),
        login: "sa".to_owned(),
        database: database.to_owned(),
        master_key_open: false,
        ..ddl::Caller::default()
    };
    for statement in parser::parse(text, major)?.statements {
        let ast::StatementKind::Ddl(ddl) = statement.kind else {
            return Err(error::not_modelled("anything but DDL here"));
        };
        ddl::execute(estate, &caller, &ddl).map_err(|error| error.at_line(statement.line))?;
    }
    Ok(())
}

/// The text of a message of the engine with its arguments.
#[cfg(test)]
pub(crate) fn message(number: i32, arguments: &[&dyn std::fmt::Display]) -> Option<String> {
    messages::find(number).map(|message| message.text(arguments))
}

/// [`administer`] in `master`, for tests; the error's number where it is refused.
#[cfg(test)]
pub(crate) fn run_ddl(estate: &mut Estate, host: &str, text: &str) -> Result<(), i32> {
    run_ddl_in(estate, host, "master", text)
}

/// The same in another database.
#[cfg(test)]
pub(crate) fn run_ddl_in(estate: &mut Estate, host: &str, database: &str, text: &str) -> Result<(), i32> {
    administer(estate, &host.into(), database, text)
        .map_err(|error| error.before.first().map_or(error.number, |cause| cause.number))
}
