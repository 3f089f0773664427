//! `DBCC TRACEON`, `TRACEOFF`, `TRACESTATUS` and `SQLPERF (LOGSPACE)`.

use super::super::ast::Dbcc;
use super::super::error::{SqlError, raise};
use super::{Caller, Outcome, TextRows, engine, engine_mut, permission};
use crate::world::Estate;
use crate::world::instance::Edition;
use crate::world::log::BLOCK_KB;

/// Runs a DBCC statement. Trace flags of a session have no effect in the subset and are not kept.
pub(super) fn run(estate: &mut Estate, caller: &Caller, statement: &Dbcc) -> Result<Outcome, SqlError> {
    match statement {
        Dbcc::TraceOn { flags, global } => {
            require_sysadmin(estate, caller, "TRACEON")?;
            if !global && engine(estate, caller)?.edition == Edition::Managed {
                return Ok(Outcome::message(raise!(49512)));
            }
            if *global {
                engine_mut(estate, caller)?.trace_flags.extend(flags);
            }
            Ok(completed(None))
        }
        Dbcc::TraceOff { flags, global } => {
            require_sysadmin(estate, caller, "TRACEOFF")?;
            if *global {
                engine_mut(estate, caller)?.trace_flags.retain(|flag| !flags.contains(flag));
            }
            Ok(completed(None))
        }
        Dbcc::TraceStatus { flags, .. } => {
            let on = &engine(estate, caller)?.trace_flags;
            let asked: Vec<i64> = if flags.is_empty() { on.iter().copied().collect() } else { flags.clone() };
            let rows = asked.iter().map(|flag| {
                let status = if on.contains(flag) { "1" } else { "0" };
                vec![
                    Some(flag.to_string()),
                    Some(status.to_owned()),
                    Some(status.to_owned()),
                    Some("0".to_owned()),
                ]
            });
            let columns = ["TraceFlag", "Status", "Global", "Session"];
            Ok(completed(Some((columns.map(str::to_owned).to_vec(), rows.collect()))))
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
            let columns = ["Database Name", "Log Size (MB)", "Log Space Used (%)", "Status"];
            Ok(completed(Some((columns.map(str::to_owned).to_vec(), rows.collect()))))
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
