//! `DBCC TRACEON`, `TRACEOFF`, `TRACESTATUS` and `SQLPERF (LOGSPACE)`.

use std::collections::BTreeSet;

use super::super::ast::Dbcc;
use super::super::error::{SqlError, raise};
use super::super::value::Type;
use super::{Caller, Outcome, TextRows, engine, engine_mut, permission};
use crate::world::Estate;
use crate::world::instance::Edition;
use crate::world::log::BLOCK_KB;

/// Runs a DBCC statement.
///
/// A trace flag is on for the instance, or for the session that switched it on alone. [learn.microsoft.com: "DBCC
/// TRACESTATUS": what `Status`, `Global` and `Session` say, and which flags are shown]
pub(super) fn run(estate: &mut Estate, caller: &Caller, statement: &Dbcc) -> Result<Outcome, SqlError> {
    match statement {
        Dbcc::TraceOn { flags, .. } | Dbcc::TraceOff { flags, .. } if flags.is_empty() => Err(raise!(2583)),
        Dbcc::TraceOn { flags, global } => {
            require_sysadmin(estate, caller, "TRACEON")?;
            if *global {
                engine_mut(estate, caller)?.trace_flags.extend(flags);
                return Ok(completed(None));
            }
            if engine(estate, caller)?.edition == Edition::Managed {
                return Ok(Outcome::message(raise!(49512)));
            }
            let on = caller.trace_flags.iter().chain(flags).copied().collect();
            Ok(Outcome { trace_flags: Some(on), ..completed(None) })
        }
        Dbcc::TraceOff { flags, global } => {
            require_sysadmin(estate, caller, "TRACEOFF")?;
            if *global {
                engine_mut(estate, caller)?.trace_flags.retain(|flag| !flags.contains(flag));
                return Ok(completed(None));
            }
            let on = caller.trace_flags.iter().filter(|flag| !flags.contains(flag)).copied().collect();
            Ok(Outcome { trace_flags: Some(on), ..completed(None) })
        }
        Dbcc::TraceStatus { flags, global } => {
            let everywhere = &engine(estate, caller)?.trace_flags;
            let here: &BTreeSet<i64> = if *global { &BTreeSet::new() } else { &caller.trace_flags };
            let asked: Vec<i64> =
                if flags.is_empty() { everywhere.union(here).copied().collect() } else { flags.clone() };
            let shown = |on: bool| Some(if on { "1" } else { "0" }.to_owned());
            let rows = asked.iter().map(|flag| {
                let (global, session) = (everywhere.contains(flag), here.contains(flag));
                vec![Some(flag.to_string()), shown(global || session), shown(global), shown(session)]
            });
            let columns = ["TraceFlag", "Status", "Global", "Session"].map(|name| (name, Type::SmallInt));
            Ok(completed(Some((columns.to_vec(), rows.collect()))))
        }
        Dbcc::LogSpace => {
            let engine = engine(estate, caller)?;
            if !permission::on_server(
                engine,
                &caller.login,
                &["VIEW SERVER STATE", "VIEW SERVER PERFORMANCE STATE"],
            ) {
                return Err(raise!(297));
            }
            let rows = engine.databases.iter().map(|database| {
                #[allow(clippy::cast_precision_loss)] // a size to show
                let megabytes = (database.log_size() * BLOCK_KB) as f64 / 1024.0;
                vec![
                    Some(database.name.clone()),
                    Some(format!("{megabytes:.4}")),
                    Some(format!("{:.4}", database.log_used())),
                    Some("0".to_owned()),
                ]
            });
            let columns = vec![
                ("Database Name", Type::SYSNAME),
                ("Log Size (MB)", Type::Real),
                ("Log Space Used (%)", Type::Real),
                ("Status", Type::Int),
            ];
            Ok(completed(Some((columns, rows.collect()))))
        }
    }
}

/// 2571.
fn require_sysadmin(estate: &Estate, caller: &Caller, command: &str) -> Result<(), SqlError> {
    if permission::sysadmin(engine(estate, caller)?, &caller.login) {
        return Ok(());
    }
    Err(raise!(2571, caller.login, command))
}

/// Success with the message that every DBCC ends with.
fn completed(rows: Option<TextRows>) -> Outcome {
    Outcome { rows, ..Outcome::message(raise!(2528)) }
}
