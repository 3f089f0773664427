//! `sp_configure` and RECONFIGURE.
//!
//! Sources: learn.microsoft.com "sp_configure", "RECONFIGURE", "Server configuration options"; servers' own output for
//! 15123, 5812 and the message of a change.

use std::collections::BTreeMap;

use rusqlite::types::Value;

use super::super::catalog;
use super::super::ddl::permission;
use super::super::error::{self, SqlError, raise};
use super::super::query::Column;
use super::super::value::{self, Type};
use super::procedures::{Given, find};
use super::stop::Stop;
use super::{Output, SqlSession};

const ADVANCED: &str = "show advanced options";

impl SqlSession {
    /// `sp_configure [@configname] [, @configvalue]`.
    pub(super) async fn configure(&mut self, given: &[Given], output: &mut Output<'_>) -> Result<(), Stop> {
        let collation = self.shared.collation;
        let name = match find(collation, given, 0, "@configname").map(|given| &given.value) {
            Some(Value::Text(name)) => Some(name.clone()),
            _ => None,
        };
        let wanted = match find(collation, given, 1, "@configvalue") {
            Some(given) => value::convert(given.value.clone(), given.data_type, Type::BigInt, 0)?,
            None => Value::Null,
        };
        let shown = self.options_like(name.as_deref());
        let in_procedure = |mut error: SqlError| {
            error.procedure = Some("sp_configure".to_owned());
            error
        };
        let Some(name) = name else {
            output.result(&columns(), shown.iter().map(Shown::row).collect()).await;
            return Ok(());
        };
        // A beginning of the name will do where it fits one option.
        let exact = shown.iter().find(|one| collation.equal(one.name, &name));
        let Value::Integer(wanted) = wanted else {
            let found: Vec<&Shown> = exact.map_or_else(|| shown.iter().collect(), |one| vec![one]);
            return match found.as_slice() {
                [] => Err(in_procedure(raise!(15123, name)).into()),
                [one] => {
                    output.result(&columns(), vec![one.row()]).await;
                    Ok(())
                }
                _ => Err(in_procedure(raise!(15124, name)).into()),
            };
        };
        if !self.may_configure() {
            return Err(in_procedure(raise!(15247)).into());
        }
        let one = match (exact, shown.as_slice()) {
            (Some(one), _) | (None, [one]) => one,
            (None, []) => return Err(in_procedure(raise!(15123, name)).into()),
            (None, _) => return Err(in_procedure(raise!(15124, name)).into()),
        };
        // 0 means "as the server thinks fit" where the least value is larger.
        if !(one.minimum..=one.maximum).contains(&wanted) && wanted != 0 {
            return Err(in_procedure(raise!(15129, wanted, one.name)).into());
        }
        self.shared.world.with(|estate| {
            if let Some(engine) = estate.engine_mut(&self.shared.engine) {
                engine.configured.insert(one.name.to_owned(), wanted);
            }
        });
        output.error(&in_procedure(raise!(15457, one.name, one.configured, wanted))).await;
        Ok(())
    }

    /// RECONFIGURE: options that need no restart take effect.
    pub(super) fn reconfigure(&mut self) -> Result<(), SqlError> {
        if self.transaction.depth > 0 {
            return Err(error::not_inside_transaction("CONFIG"));
        }
        if !self.may_configure() {
            return Err(raise!(5812));
        }
        self.shared.world.with(|estate| {
            let Some(engine) = estate.engine_mut(&self.shared.engine) else { return };
            let at_once: BTreeMap<String, i64> = catalog::configuration_options(engine.build.major)
                .filter(|option| option.dynamic)
                .filter_map(|option| Some((option.name.to_owned(), *engine.configured.get(option.name)?)))
                .collect();
            engine.configured.retain(|name, _| !at_once.contains_key(name));
            engine.accepted.clone_from(&engine.configured);
            engine.configuration.extend(at_once);
        });
        Ok(())
    }

    fn may_configure(&self) -> bool {
        self.shared.world.with(|estate| {
            let engine = estate.engine(&self.shared.engine);
            engine.is_some_and(|engine| permission::on_server(engine, &self.login, &["ALTER SETTINGS"]))
        })
    }

    /// The options whose names begin so, advanced ones only where they are shown.
    fn options_like(&self, prefix: Option<&str>) -> Vec<Shown> {
        let collation = self.shared.collation;
        let wanted = prefix.map(|prefix| collation.fold(prefix));
        self.shared.world.with(|estate| {
            let Some(engine) = estate.engine(&self.shared.engine) else { return Vec::new() };
            let advanced = engine.configuration.get(ADVANCED).copied().unwrap_or_default() == 1;
            let mut shown: Vec<Shown> = catalog::configuration_options(engine.build.major)
                .filter(|option| advanced || !option.advanced)
                .filter(|option| {
                    wanted
                        .as_ref()
                        .is_none_or(|wanted| collation.fold(option.name).starts_with(wanted.as_str()))
                })
                .map(|option| {
                    let running = engine.configuration.get(option.name).copied().unwrap_or(option.installed);
                    let configured = engine.configured.get(option.name).copied().unwrap_or(running);
                    let (minimum, maximum) = (option.minimum, option.maximum);
                    Shown { name: option.name, minimum, maximum, configured, running }
                })
                .collect();
            shown.sort_by_key(|one| one.name.to_ascii_lowercase());
            shown
        })
    }
}

/// An option as `sp_configure` shows it.
#[derive(Debug)]
struct Shown {
    name: &'static str,
    minimum: i64,
    maximum: i64,
    configured: i64,
    running: i64,
}

impl Shown {
    fn row(&self) -> Vec<Value> {
        let numbers = [self.minimum, self.maximum, self.configured, self.running].map(Value::Integer);
        std::iter::once(Value::Text(self.name.to_owned())).chain(numbers).collect()
    }
}

fn columns() -> Vec<Column> {
    let column = |name: &str, data_type| Column { name: name.to_owned(), data_type, nullable: true };
    let mut columns = vec![column("name", Type::NVarChar(Some(35)))];
    columns.extend(["minimum", "maximum", "config_value", "run_value"].map(|name| column(name, Type::Int)));
    columns
}
