//! A server of constants.

use std::sync::{Arc, Mutex};

use rusqlite::types::Value;

use super::super::super::error::{self, SqlError};
use super::super::super::schema::View;
use super::super::super::value::Type;
use super::super::{Column, Data, Host, Names, Surroundings};
use crate::world::collation::Collation;

pub(super) struct Server {
    pub(super) version: u8,
    pub(super) collation: Collation,
    /// The views that a query asked for.
    pub(super) filled: Mutex<Vec<&'static str>>,
}

impl Default for Server {
    fn default() -> Self {
        Self { version: 16, collation: Collation::default(), filled: Mutex::default() }
    }
}

impl Surroundings for Server {
    fn version(&self) -> u8 {
        self.version
    }
    fn collation(&self) -> Collation {
        self.collation
    }
    fn has_collation(&self, name: &str) -> bool {
        Collation::exists(name, false)
    }
    fn totals_nothing(&self) -> bool {
        false
    }
    fn has_no_xml_of_nulls(&self) -> bool {
        false
    }
    fn numbers_blanks(&self) -> bool {
        false
    }
    fn database(&self) -> &str {
        "master"
    }
    fn find_database(&self, name: &str) -> Option<String> {
        ["master", "msdb", "sales"]
            .iter()
            .find(|each| self.collation.equal(each, name))
            .map(|name| (*name).to_owned())
    }
}

impl Names for Server {
    fn around(&self) -> &dyn Surroundings {
        self
    }
    fn variable(&self, name: &str) -> Option<Type> {
        match name {
            "@db" | "@dag" | "@P1" => Some(Type::SYSNAME),
            "@n" => Some(Type::Int),
            _ => None,
        }
    }
    fn table(&self, name: &str) -> Option<Vec<Column>> {
        let column = |name: &str, data_type| Column { name: name.to_owned(), data_type, nullable: true };
        (name == "@t").then(|| vec![column("id", Type::Int), column("word", Type::NVarChar(Some(20)))])
    }
}

impl Data for Server {
    fn variable(&self, name: &str) -> Result<Value, SqlError> {
        Ok(match name {
            "@n" => Value::Integer(7),
            "@@SERVERNAME" => Value::Text("SQL1".into()),
            _ => Value::Text("dag".into()),
        })
    }
    fn table_rows(&self, _: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        let row = |id, word: &str| vec![Value::Integer(id), Value::Text(word.into())];
        Ok(vec![row(1, "one"), row(2, "Two"), row(3, "two"), vec![Value::Integer(4), Value::Null]])
    }
    fn view_rows(&self, view: &'static View, _: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        self.filled.lock().unwrap().push(view.name);
        let columns: Vec<&str> = view.columns_of(self.version).map(|column| column.name).collect();
        let rows = rows(view.name).into_iter().map(|row| {
            let value = |name: &&str| {
                let found = row.iter().find(|(column, _)| column == name);
                found.map_or(Value::Null, |(_, value)| value.clone())
            };
            columns.iter().map(value).collect()
        });
        Ok(rows.collect())
    }
    fn host(&self) -> Arc<dyn Host> {
        Arc::new(FakeHost)
    }
}

type Row = Vec<(&'static str, Value)>;

fn rows(view: &str) -> Vec<Row> {
    let text = |value: &str| Value::Text(value.to_owned());
    let number = Value::Integer;
    let group = |id: &str, name: &str, distributed| -> Row {
        vec![
            ("group_id", text(id)),
            ("name", text(name)),
            ("is_distributed", number(distributed)),
            ("basic_features", number(0)),
        ]
    };
    let replica = |group: &str, server: &str, url: &str| -> Row {
        vec![
            ("replica_id", text(&format!("{server}-{group}"))),
            ("group_id", text(group)),
            ("replica_server_name", text(server)),
            ("endpoint_url", text(url)),
        ]
    };
    match view {
        "availability_groups" => vec![group("G2", "dag", 1), group("G1", "ag", 0)],
        "availability_replicas" => vec![
            replica("G2", "mi", "tcp://mi.example:5022;Server=[mi]"),
            replica("G2", "ag", "tcp://sql1.example:5022"),
            replica("G1", "SQL1", "TCP://sql1.example:5022"),
        ],
        "databases" => vec![
            vec![
                ("name", text("master")),
                ("database_id", number(1)),
                ("recovery_model", number(3)),
                ("recovery_model_desc", text("SIMPLE")),
            ],
            vec![("name", text("sales")), ("database_id", number(5)), ("recovery_model", number(1))],
        ],
        _ => Vec::new(),
    }
}

struct FakeHost;

impl Host for FakeHost {
    fn server_property(&self, name: &str) -> Value {
        match name {
            "ProductVersion" => Value::Text("16.0.4100.1".into()),
            "EngineEdition" => Value::Integer(3),
            _ => Value::Null,
        }
    }
    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, SqlError> {
        match (function, arguments) {
            ("OBJECT_ID", [Value::Text(name)]) if name == "sys.sp_certificate_add_issuer" => {
                Ok(Value::Integer(-1))
            }
            ("DB_NAME", []) => Ok(Value::Text("master".into())),
            ("CERTPROPERTY", _) => Err(error::unknown_database("gone")),
            _ => Ok(Value::Null),
        }
    }
    fn now(&self) -> time::OffsetDateTime {
        time::macros::datetime!(2026-11-23 15:30:00.125 UTC)
    }
}
