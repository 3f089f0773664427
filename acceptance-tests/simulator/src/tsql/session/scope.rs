//! What names mean to a query of the innermost frame, and what they hold.

use rusqlite::types::Value;

use super::super::catalog;
use super::super::error::{self, SqlError};
use super::super::opening::may_open;
use super::super::query::{Column, Data, Host, Names, Surroundings};
use super::super::schema::View;
use super::super::value::Type;
use super::SqlSession;
use crate::world::assumption;
use crate::world::collation::Collation;

/// A session, seen from its innermost frame.
pub(super) struct Scope<'a>(pub(super) &'a SqlSession);

impl Surroundings for SqlSession {
    fn version(&self) -> u8 {
        self.shared.major
    }

    fn collation(&self) -> Collation {
        self.shared.collation
    }

    fn has_collation(&self, name: &str) -> bool {
        Collation::exists(name, self.opposite(assumption::COLLATIONS))
    }

    fn totals_nothing(&self) -> bool {
        self.opposite(assumption::TOTAL_OF_NOTHING)
    }

    fn has_no_xml_of_nulls(&self) -> bool {
        self.opposite(assumption::XML_OF_NULLS)
    }

    fn numbers_blanks(&self) -> bool {
        self.opposite(assumption::XML_OF_BLANKS)
    }

    fn database(&self) -> &str {
        &self.database
    }

    fn find_database(&self, name: &str) -> Option<String> {
        let shared = &self.shared;
        shared.world.glance(|estate| {
            estate
                .engine(&shared.engine)
                .and_then(|engine| engine.database(name))
                .map(|database| database.name.clone())
        })
    }
}

impl Names for Scope<'_> {
    fn around(&self) -> &dyn Surroundings {
        self.0
    }

    fn variable(&self, name: &str) -> Option<Type> {
        self.0.scalar(name).map(|(data_type, _)| *data_type)
    }

    fn table(&self, name: &str) -> Option<Vec<Column>> {
        self.0.table(name).map(super::tables::Table::shape)
    }
}

impl Scope<'_> {
    fn global(&self, name: &str) -> Option<Value> {
        let session = self.0;
        Some(match name.to_ascii_uppercase().as_str() {
            "@@ROWCOUNT" => Value::Integer(session.row_count),
            "@@ERROR" => Value::Integer(session.last_error.into()),
            "@@TRANCOUNT" => Value::Integer(session.transaction.depth.into()),
            "@@NESTLEVEL" => Value::Integer(session.frames.last().map_or(0, |frame| frame.level).into()),
            "@@SPID" => Value::Integer(session.id.into()),
            "@@SERVERNAME" => Value::Text(session.shared.server_name.clone()),
            "@@SERVICENAME" => Value::Text(session.shared.service_name.clone()),
            "@@VERSION" => Value::Text(session.shared.version_text.clone()),
            "@@MICROSOFTVERSION" => Value::Integer(session.shared.microsoft_version),
            "@@LANGUAGE" => Value::Text("us_english".to_owned()),
            "@@LOCK_TIMEOUT" => Value::Integer(session.options.lock_timeout),
            "@@OPTIONS" => Value::Integer(session.options.bits()),
            "@@TEXTSIZE" => Value::Integer(session.options.text_size_shown().into()),
            "@@DATEFIRST" => Value::Integer(7),
            "@@MAX_PRECISION" => Value::Integer(38),
            "@@FETCH_STATUS" | "@@PROCID" => Value::Integer(0),
            "@@MAX_CONNECTIONS" => Value::Integer(32767),
            "@@IDENTITY" => session.last_identity.map_or(Value::Null, Value::Integer),
            _ => return None,
        })
    }
}

impl Data for Scope<'_> {
    fn variable(&self, name: &str) -> Result<Value, SqlError> {
        if name.starts_with("@@") {
            return self.global(name).ok_or_else(|| error::undeclared_variable(name));
        }
        self.0.scalar(name).map(|(_, value)| value.clone()).ok_or_else(|| error::undeclared_variable(name))
    }

    fn table_rows(&self, name: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        self.0.found_table(name).map(|table| table.rows.clone())
    }

    fn view_rows(&self, view: &'static View, database: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        let shared = &self.0.shared;
        shared.sessions.note(self.0.info());
        let sessions = shared.sessions.all();
        let caller = catalog::Caller {
            login: &self.0.login,
            session: self.0.id,
            sessions: &sessions,
            master_key_opened: self.0.master_key_opened,
        };
        // All views of a query are of the moment to which it moved the world.
        shared.world.glance(|estate| {
            let engine = estate.engine(&shared.engine);
            if let Some((engine, wanted)) =
                engine.and_then(|engine| Some((engine, engine.database(database)?)))
            {
                may_open(engine, wanted, self.0.read_only)?;
            }
            catalog::rows(estate, &shared.engine, &caller, view, database)
        })
    }

    fn described(&self, text: &str, parameters: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        Ok(self.0.described_rows(text, parameters))
    }

    fn host(&self) -> std::sync::Arc<dyn Host> {
        std::sync::Arc::new(self.0.host())
    }
}
