//! What functions of T-SQL ask the instance.
//!
//! | module | what |
//! | --- | --- |
//! | `server` | `SERVERPROPERTY` |
//! | `principals` | names and numbers of logins, users and roles |
//! | `rights` | `HAS_PERMS_BY_NAME` |
//! | `certificates`, `databases`, `objects` | functions about these |
//!
//! A function that finds nothing, or may not show it, is NULL.

mod certificates;
mod databases;
mod objects;
mod principals;
mod rights;
mod server;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use rusqlite::types::Value;
use time::OffsetDateTime;

use super::error::{SqlError, not_modelled, raise};
use super::query::Host;
use super::session::locks::{Locks, Mode, Owner, Resource};
use crate::world::World;
use crate::world::instance::{EngineKey, SqlInstance};

/// The instance, as one session sees it while a query runs.
#[derive(Debug, Clone)]
pub(crate) struct InstanceHost {
    pub(crate) world: World,
    pub(crate) engine: EngineKey,
    pub(crate) login: String,
    pub(crate) database: String,
    pub(crate) application: String,
    pub(crate) client: String,
    /// The error that a CATCH block handles.
    pub(crate) error: Option<SqlError>,
    pub(crate) transactions: u32,
    /// Whether the transaction can only be rolled back.
    pub(crate) doomed: bool,
    /// Address of the client.
    pub(crate) peer: Option<SocketAddr>,
    /// Temporary tables of the session, by name.
    pub(crate) temporary: Vec<String>,
    /// What the scope drew last of an identity column.
    pub(crate) identity: Option<i64>,
    pub(crate) context_info: Option<Vec<u8>>,
    pub(crate) arith_abort: bool,
    /// The session's number, and the application locks of the engine.
    pub(crate) session: u16,
    pub(crate) locks: Arc<Locks>,
}

/// The arguments of a function, converted to what it takes.
#[derive(Debug, Clone, Copy)]
struct Arguments<'a>(&'a [Value]);

impl<'a> Arguments<'a> {
    fn are_none(self) -> bool {
        self.0.is_empty()
    }

    fn has(self, place: usize) -> bool {
        self.0.len() > place
    }

    fn text(self, place: usize) -> Option<&'a str> {
        match self.0.get(place) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn whole(self, place: usize) -> Option<i64> {
        match self.0.get(place) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    fn bytes(self, place: usize) -> Option<&'a [u8]> {
        match self.0.get(place) {
            Some(Value::Blob(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

impl InstanceHost {
    fn engine<T>(&self, ask: impl FnOnce(&SqlInstance) -> Option<T>) -> Option<T> {
        // A query moves the world once, when it asks for the time that all of it happens at.
        self.world.glance(|estate| estate.engine(&self.engine).and_then(ask))
    }

    /// Asks as the session's login in its database.
    fn asked<T>(&self, ask: impl FnOnce(principals::Caller<'_>) -> Option<T>) -> Option<T> {
        let (login, database) = (self.login.as_str(), self.database.as_str());
        self.world.glance(|estate| {
            let engine = estate.engine(&self.engine)?;
            ask(principals::Caller { estate, engine, login, database })
        })
    }

    /// `APPLOCK_MODE(principal, name, owner)` and `APPLOCK_TEST(principal, name, mode, owner)`; NULL for words that are
    /// none.
    fn application_lock(&self, function: &str, arguments: Arguments<'_>) -> Result<Value, SqlError> {
        let (Some(principal), Some(name)) = (arguments.text(0), arguments.text(1)) else {
            return Ok(Value::Null);
        };
        if self.call("DATABASE_PRINCIPAL_ID", &[Value::Text(principal.to_owned())])? == Value::Null {
            return Err(raise!(1202, principal));
        }
        let resource = Resource::new(&self.database, principal, name);
        let owner = |place| arguments.text(place).and_then(Owner::named);
        if function == "APPLOCK_MODE" {
            let held = owner(2).map(|owner| self.locks.held(&resource, self.session, owner));
            return Ok(held.map_or(Value::Null, |mode| Value::Text(mode.to_owned())));
        }
        let mode = arguments.text(2).and_then(Mode::named);
        Ok(match (mode, owner(3)) {
            (Some(mode), Some(_)) => {
                Value::Integer(self.locks.would_grant(&resource, self.session, mode).into())
            }
            _ => Value::Null,
        })
    }

    /// `CONNECTIONPROPERTY`.
    fn connection_property(&self, name: &str) -> Value {
        let text = |text: &str| Value::Text(text.to_owned());
        match name.to_ascii_lowercase().as_str() {
            "net_transport" | "physical_net_transport" => text("TCP"),
            "protocol_type" => text("TSQL"),
            "auth_scheme" => text("SQL"),
            "local_tcp_port" => {
                self.engine(|engine| Some(Value::Integer(engine.port.into()))).unwrap_or(Value::Null)
            }
            "client_net_address" => self.peer.map_or(Value::Null, |peer| text(&peer.ip().to_string())),
            // Everything simulated is reached by the loopback.
            "local_net_address" => text("127.0.0.1"),
            _ => Value::Null,
        }
    }
}

/// `SESSIONPROPERTY`: the settings that the engine works by, which are those of the common drivers.
fn session_property(name: &str, arith_abort: bool) -> Value {
    match name.to_ascii_uppercase().as_str() {
        "ANSI_NULLS" | "ANSI_PADDING" | "ANSI_WARNINGS" | "CONCAT_NULL_YIELDS_NULL" | "QUOTED_IDENTIFIER" => {
            Value::Integer(1)
        }
        "ARITHABORT" => Value::Integer(arith_abort.into()),
        "NUMERIC_ROUNDABORT" => Value::Integer(0),
        _ => Value::Null,
    }
}

/// `FULLTEXTSERVICEPROPERTY`: full-text search is not installed; its settings are what they are without it.
/// ["FULLTEXTSERVICEPROPERTY", 2025]
fn full_text(property: &str) -> Option<i64> {
    match property.to_ascii_uppercase().as_str() {
        "ISFULLTEXTINSTALLED" | "RESOURCEUSAGE" | "CONNECTTIMEOUT" | "DATATIMEOUT" | "LOADOSRESOURCES" => {
            Some(0)
        }
        "VERIFYSIGNATURE" => Some(1),
        "UPGRADEOPTION" => Some(2),
        _ => None,
    }
}

impl Host for InstanceHost {
    fn server_property(&self, name: &str) -> Value {
        self.engine(|engine| server::property(engine, name)).unwrap_or(Value::Null)
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, SqlError> {
        let name = function.to_ascii_uppercase();
        let arguments = Arguments(arguments);
        let or_null = |found: Option<Value>| found.unwrap_or(Value::Null);
        let number = |found: Option<i64>| found.map_or(Value::Null, Value::Integer);
        let error = self.error.as_ref();
        Ok(match name.as_str() {
            "APP_NAME" => Value::Text(self.application.clone()),
            "HOST_NAME" => Value::Text(self.client.clone()),
            "SUSER_NAME"
            | "SUSER_SNAME"
            | "SUSER_ID"
            | "SUSER_SID"
            | "SID_BINARY"
            | "ORIGINAL_LOGIN"
            | "SYSTEM_USER"
            | "USER"
            | "CURRENT_USER"
            | "SESSION_USER"
            | "USER_NAME"
            | "USER_ID"
            | "DATABASE_PRINCIPAL_ID"
            | "SCHEMA_ID"
            | "SCHEMA_NAME"
            | "IS_SRVROLEMEMBER"
            | "IS_MEMBER"
            | "IS_ROLEMEMBER" => or_null(self.asked(|caller| principals::call(caller, &name, arguments))),
            "HAS_PERMS_BY_NAME" => number(self.asked(|caller| rights::has(caller, arguments)).map(i64::from)),
            "DB_NAME"
            | "DB_ID"
            | "HAS_DBACCESS"
            | "DATABASEPROPERTYEX"
            | "FN_HADR_IS_PRIMARY_REPLICA"
            | "FN_HADR_BACKUP_IS_PREFERRED_REPLICA" => {
                or_null(self.asked(|caller| databases::call(caller, &name, arguments)))
            }
            "CERT_ID" | "CERTENCODED" | "CERTPROPERTY" | "CERTPRIVATEKEY" => {
                let found = self.asked(|caller| Some(certificates::call(caller, &name, arguments)));
                found.unwrap_or(Ok(Value::Null))?
            }
            "OBJECT_ID" | "OBJECT_NAME" | "OBJECT_SCHEMA_NAME" | "COL_NAME" | "COL_LENGTH" => {
                or_null(self.asked(|caller| objects::call(caller, &name, arguments, &self.temporary)))
            }
            "CONNECTIONPROPERTY" => self.connection_property(arguments.text(0).unwrap_or_default()),
            "FULLTEXTSERVICEPROPERTY" => number(full_text(arguments.text(0).unwrap_or_default())),
            "SESSIONPROPERTY" => session_property(arguments.text(0).unwrap_or_default(), self.arith_abort),
            "XACT_STATE" if self.doomed => Value::Integer(-1),
            "XACT_STATE" => Value::Integer(i64::from(self.transactions > 0)),
            "APPLOCK_MODE" | "APPLOCK_TEST" => self.application_lock(function, arguments)?,
            "CONTEXT_INFO" => self.context_info.clone().map_or(Value::Null, Value::Blob),
            "SCOPE_IDENTITY" => self.identity.map_or(Value::Null, Value::Integer),
            "ERROR_NUMBER" => number(error.map(|error| error.number.into())),
            "ERROR_SEVERITY" => number(error.map(|error| error.severity.into())),
            "ERROR_STATE" => number(error.map(|error| error.state.into())),
            "ERROR_LINE" => number(error.map(|error| error.line.into())),
            "ERROR_MESSAGE" => or_null(error.map(|error| Value::Text(error.message.clone()))),
            "ERROR_PROCEDURE" => or_null(error.and_then(|error| error.procedure.clone()).map(Value::Text)),
            _ => return Err(not_modelled(&format!("the function {function}"))),
        })
    }

    fn now(&self) -> OffsetDateTime {
        self.world.with(|estate| {
            let skew = estate.engine(&self.engine).map_or(0, |engine| engine.clock_skew);
            estate.clock.now() + time::Duration::seconds(skew)
        })
    }
}

/// `SERVERPROPERTY('Edition')`.
pub(crate) fn edition(engine: &SqlInstance) -> &'static str {
    use crate::world::instance::Edition;
    match engine.edition {
        Edition::Enterprise => "Enterprise Edition: Core-based Licensing (64-bit)",
        Edition::Developer => "Developer Edition (64-bit)",
        Edition::Standard => "Standard Edition (64-bit)",
        Edition::Express => "Express Edition (64-bit)",
        Edition::Managed => "SQL Azure",
    }
}

/// A name without its brackets.
fn bare(name: &str) -> String {
    match name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.replace("]]", "]"),
        None => name.to_owned(),
    }
}
