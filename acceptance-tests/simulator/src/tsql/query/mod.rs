//! Queries: bound against the catalog of the server's version, lowered to SQLite, run there.
//!
//! Binding is our own work, because names, types, versions and refusals are what a simulated server must get right:
//! every name is resolved here and none reaches SQLite, which sees only tables `s0`, `s1`, … with columns `c0`, `c1`,
//! …, parameters, and functions of ours. SQLite in turn does what it is best at: joins, subqueries, grouping,
//! windows, sorting. Only views that a query names are filled.
//!
//! What it is not: a T-SQL optimiser or a store. Nothing outlives the query.

mod aggregate;
mod builtin;
mod change;
mod condition;
mod dates;
mod decimals;
mod document;
mod expression;
mod from;
mod functions;
mod grouping;
mod json;
mod lateral;
mod math;
mod parsing;
mod recursive;
mod run;
mod scalar;
mod select;
mod set;
mod texts;
mod xml;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use rusqlite::types::Value;
use sqlparser::ast::{Expr, Query};

use super::error::SqlError;
use super::schema::View;
use super::value::{Type, decimal};
use crate::world::collation::Collation;
pub(crate) use change::{ChangePlan, Changes, changed_table, plan_change, plan_output};
use document::Document;
pub(crate) use document::{Writer, refuse};
pub(crate) use run::{evaluate, run};
pub(crate) use select::is_variable;

/// The server and the database in which a query stands, whatever it stands in beside.
pub(crate) trait Surroundings {
    /// The server's major version.
    fn version(&self) -> u8;
    /// The server's collation.
    fn collation(&self) -> Collation;
    /// Whether that is the name of a collation.
    fn has_collation(&self, name: &str) -> bool;
    /// Whether grouping sets have a total over no rows. ASSUMED 121: no.
    fn totals_nothing(&self) -> bool;
    /// Whether `FOR XML PATH('')` of rows that are all NULL is NULL. ASSUMED 122: no.
    fn has_no_xml_of_nulls(&self) -> bool;
    /// Whether FOR XML writes the numbers of blanks that stand alone. ASSUMED 123: no.
    fn numbers_blanks(&self) -> bool;
    /// The current database.
    fn database(&self) -> &str;
    /// The true name of a database of this instance.
    fn find_database(&self, name: &str) -> Option<String>;
}

/// What names mean where a query stands.
pub(crate) trait Names {
    /// What is around.
    fn around(&self) -> &dyn Surroundings;
    /// The type of a scalar variable, if it is declared.
    fn variable(&self, name: &str) -> Option<Type>;
    /// Whether a variable that nobody declared is a parameter whose type is asked for.
    fn deduces(&self) -> bool {
        false
    }
    /// The columns of a table variable (`@t`) or temporary table (`#t`).
    fn table(&self, name: &str) -> Option<Vec<Column>>;
}

/// What a query takes from the outside while it runs.
pub(crate) trait Data {
    /// The value of a variable or of a global such as `@@ROWCOUNT`.
    fn variable(&self, name: &str) -> Result<Value, SqlError>;
    /// The rows of a table variable or temporary table.
    fn table_rows(&self, name: &str) -> Result<Vec<Vec<Value>>, SqlError>;
    /// The rows of a view in a database, with the columns of this version in their order.
    fn view_rows(&self, view: &'static View, database: &str) -> Result<Vec<Vec<Value>>, SqlError>;
    /// The rows of `sys.dm_exec_describe_first_result_set`.
    fn described(&self, _text: &str, _parameters: &str) -> Result<Vec<Vec<Value>>, SqlError> {
        Err(super::error::not_modelled("the description of a text here"))
    }
    /// What functions ask the server.
    fn host(&self) -> std::sync::Arc<dyn Host>;
}

/// What functions of T-SQL ask the instance. Answers are values, so that `NULL` is "no such thing".
pub(crate) trait Host: Send + Sync + std::panic::RefUnwindSafe {
    /// `SERVERPROPERTY(name)`.
    fn server_property(&self, name: &str) -> Value;
    /// A function with a name of `functions::HOSTED` and its converted arguments.
    ///
    /// # Errors
    /// What the server would raise.
    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, SqlError>;
    /// The time of the server, UTC.
    fn now(&self) -> time::OffsetDateTime;
}

/// A column of a result or of a table of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: Type,
    pub(crate) nullable: bool,
}

/// A query that is bound and lowered.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    sql: String,
    pub(crate) columns: Vec<Column>,
    sources: Vec<Source>,
    parameters: Vec<Parameter>,
    types: Vec<Type>,
    functions: BTreeSet<&'static str>,
    collation: Collation,
    /// `SELECT @a = …`: the variables by column; such a query returns no rows.
    pub(crate) assignments: Vec<String>,
    /// `SELECT … INTO #t`.
    pub(crate) into: Option<String>,
    /// `FOR XML` and `FOR JSON`, wherever they stand.
    documents: Vec<Document>,
    /// The statement itself returns such a text.
    is_document: bool,
    /// What the places of undeclared variables say of their types.
    pub(crate) deduced: Vec<(String, Type)>,
}

#[derive(Debug, Clone)]
enum Source {
    View {
        view: &'static View,
        database: String,
        columns: usize,
    },
    Local {
        name: String,
        columns: usize,
    },
    /// `sys.dm_exec_describe_first_result_set(text, parameters, …)`.
    Described {
        text: Given,
        parameters: Given,
        columns: usize,
    },
}

impl Source {
    /// How many columns it has.
    fn columns(&self) -> usize {
        match self {
            Self::View { columns, .. } | Self::Local { columns, .. } | Self::Described { columns, .. } => {
                *columns
            }
        }
    }
}

/// An argument of a function that returns a table.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Text(String),
    Variable(String),
    Null,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Parameter {
    Variable(String),
    Literal(LiteralText),
}

/// Text of a literal, bound as a parameter so that no text of a user is ever part of SQLite's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LiteralText(String);

impl Plan {
    /// Whether it reads a temporary table.
    pub(crate) fn reads_temporary_table(&self) -> bool {
        self.sources
            .iter()
            .any(|source| matches!(source, Source::Local { name, .. } if name.starts_with('#')))
    }

    /// Whether it reads a view or a table.
    pub(crate) fn reads_tables(&self) -> bool {
        !self.sources.is_empty()
    }
}

/// Binds a query.
///
/// # Errors
/// 207, 195, 208 and their kin. 208 alone may be forgiven until the statement is reached.
pub(crate) fn plan(query: &Query, names: &dyn Names) -> Result<Plan, SqlError> {
    let mut compiler = Compiler::new(names);
    let body = compiler.top_query(query)?;
    Ok(compiler.finish(body))
}

/// Binds one expression; its plan returns one row with one column.
///
/// # Errors
/// As [`plan`].
pub(crate) fn plan_expression(expression: &Expr, names: &dyn Names) -> Result<Plan, SqlError> {
    let mut compiler = Compiler::new(names);
    let lowered = compiler.expression(expression)?;
    let columns =
        vec![Column { name: String::new(), data_type: lowered.data_type, nullable: lowered.nullable }];
    Ok(compiler.finish((format!("SELECT {}", lowered.text), columns)))
}

/// Binds one condition; its plan returns 1 where it is true, else 0.
///
/// # Errors
/// As [`plan`].
pub(crate) fn plan_condition(expression: &Expr, names: &dyn Names) -> Result<Plan, SqlError> {
    let mut compiler = Compiler::new(names);
    let lowered = compiler.condition(expression)?;
    let columns = vec![Column { name: String::new(), data_type: Type::Bit, nullable: false }];
    Ok(compiler.finish((format!("SELECT CASE WHEN {lowered} THEN 1 ELSE 0 END"), columns)))
}

/// One query on its way to SQLite.
struct Compiler<'a> {
    names: &'a dyn Names,
    sources: Vec<Source>,
    parameters: Vec<Parameter>,
    types: Vec<Type>,
    functions: BTreeSet<&'static str>,
    scopes: Vec<SelectScope>,
    common_tables: Vec<HashMap<String, CommonTable>>,
    aliases: usize,
    assignments: Vec<String>,
    into: Option<String>,
    documents: Vec<Document>,
    is_document: bool,
    /// A query with FOR JSON is being read.
    in_json: bool,
    deduced: Vec<(String, Type)>,
    /// How deep recursions may go.
    max_recursion: String,
    /// SQLite's name of the recursive table in the FROM that was read last.
    recursion: Option<String>,
}

/// The tables that one SELECT sees.
#[derive(Debug, Default)]
struct SelectScope {
    tables: Vec<ScopeTable>,
    /// Text of the grouping expressions, where the select groups.
    grouped: Option<Vec<String>>,
    in_aggregate: bool,
    /// Text of the grouping expressions that the rows at hand are totals over, and so are NULL there.
    totals: Vec<String>,
}

#[derive(Debug, Clone)]
struct ScopeTable {
    /// Folded alias or table name, and schema and database where no alias hides them.
    name: String,
    display: String,
    schema: Option<String>,
    database: Option<String>,
    columns: Vec<ScopeColumn>,
}

#[derive(Debug, Clone)]
struct ScopeColumn {
    name: String,
    folded: String,
    data_type: Type,
    nullable: bool,
    /// How SQLite names it.
    text: String,
    /// Of the catalog's own words; the server's where it is none.
    collation: Option<Collation>,
}

#[derive(Debug, Clone)]
struct CommonTable {
    text: String,
    columns: Vec<Column>,
    /// It is being defined, and named within its definition.
    in_recursion: bool,
}

/// A lowered expression.
#[derive(Debug, Clone)]
struct Lowered {
    text: String,
    data_type: Type,
    nullable: bool,
    /// `COLLATE`; the server's where it is none.
    collation: Option<Collation>,
}

impl Lowered {
    fn new(text: impl Into<String>, data_type: Type) -> Self {
        Self { text: text.into(), data_type, nullable: true, collation: None }
    }
}

impl<'a> Compiler<'a> {
    fn new(names: &'a dyn Names) -> Self {
        Self {
            names,
            sources: Vec::new(),
            parameters: Vec::new(),
            types: Vec::new(),
            functions: BTreeSet::new(),
            scopes: Vec::new(),
            common_tables: Vec::new(),
            aliases: 0,
            assignments: Vec::new(),
            into: None,
            documents: Vec::new(),
            is_document: false,
            in_json: false,
            deduced: Vec::new(),
            max_recursion: recursive::MAXIMUM.to_string(),
            recursion: None,
        }
    }

    fn finish(self, (sql, columns): (String, Vec<Column>)) -> Plan {
        Plan {
            sql,
            columns,
            sources: self.sources,
            parameters: self.parameters,
            types: self.types,
            functions: self.functions,
            collation: self.names.around().collation(),
            assignments: self.assignments,
            into: self.into,
            documents: self.documents,
            is_document: self.is_document,
            deduced: self.deduced,
        }
    }

    fn fold(&self, name: &str) -> String {
        self.names.around().collation().fold(name)
    }

    /// A name that SQLite has not seen in this query.
    fn alias(&mut self, prefix: char) -> String {
        self.aliases += 1;
        format!("{prefix}{}", self.aliases)
    }

    /// The number of a parameter, as SQLite writes it.
    fn parameter(&mut self, parameter: Parameter) -> String {
        let position = match self.parameters.iter().position(|each| *each == parameter) {
            Some(position) => position,
            None => {
                self.parameters.push(parameter);
                self.parameters.len() - 1
            }
        };
        format!("?{}", position + 1)
    }

    fn literal(&mut self, text: &str) -> String {
        self.parameter(Parameter::Literal(LiteralText(text.to_owned())))
    }

    /// The number under which the run-time functions find a type.
    fn type_number(&mut self, data_type: Type) -> usize {
        match self.types.iter().position(|each| *each == data_type) {
            Some(position) => position,
            None => {
                self.types.push(data_type);
                self.types.len() - 1
            }
        }
    }

    /// A call of one of our functions.
    fn call(&mut self, function: &'static str, arguments: &[&str]) -> String {
        self.functions.insert(function);
        format!("f_{function}({})", arguments.join(", "))
    }

    /// A key to sort by: text by its collation, decimals as numbers.
    fn sorted(&mut self, lowered: &Lowered) -> String {
        if !is_long_decimal(lowered.data_type) {
            return collated(lowered);
        }
        let number = self.type_number(lowered.data_type).to_string();
        self.call("decimal_key", &[&number, &lowered.text])
    }

    /// Notes that a value is of a type, if it is a variable that nobody declared.
    fn deduce(&mut self, value: &Lowered, data_type: Type) {
        if value.data_type != Type::Null || data_type == Type::Null || !self.names.deduces() {
            return;
        }
        let place = value.text.strip_prefix('?').and_then(|place| place.parse::<usize>().ok());
        if let Some(Parameter::Variable(name)) = place.and_then(|place| self.parameters.get(place - 1)) {
            self.deduced.push((name.clone(), data_type));
        }
    }

    /// The same of both operands: each is of the type of the other.
    fn deduce_both(&mut self, left: &Lowered, right: &Lowered, narrowed: fn(Type) -> Type) {
        self.deduce(left, narrowed(right.data_type));
        self.deduce(right, narrowed(left.data_type));
    }

    /// `lowered` as a value of `to`, where that needs a conversion.
    fn converted(&mut self, lowered: Lowered, to: Type) -> Lowered {
        if lowered.data_type == to || to == Type::Null || lowered.data_type == Type::Null {
            return Lowered { data_type: if to == Type::Null { lowered.data_type } else { to }, ..lowered };
        }
        self.cast(lowered, to, "0", false)
    }

    fn cast(&mut self, lowered: Lowered, to: Type, style: &str, is_try: bool) -> Lowered {
        self.deduce(&lowered, to);
        let (from, target) = (self.type_number(lowered.data_type), self.type_number(to));
        let function = if is_try { "try_cast" } else { "cast" };
        let text = self.call(function, &[&lowered.text, &from.to_string(), &target.to_string(), style]);
        Lowered { text, data_type: to, nullable: lowered.nullable || is_try, collation: lowered.collation }
    }
}

/// Whether values of a type may be more than a float holds, so that SQLite has texts among them, which it cannot order.
fn is_long_decimal(data_type: Type) -> bool {
    data_type.decimal().is_some_and(|(precision, _)| precision > decimal::IN_FLOAT)
}

/// The type of an undeclared parameter that is not simply of the type of something: no lengths, and one of each kind.
/// [learn.microsoft.com: "sp_describe_undeclared_parameters", general deduction]
pub(crate) fn general_type(of: Type) -> Type {
    match of {
        Type::Numeric(..) => Type::Numeric(38, 19),
        Type::VarChar(Some(_)) | Type::Char(_) => Type::VarChar(Some(8000)),
        Type::NVarChar(Some(_)) | Type::NChar(_) => Type::NVarChar(Some(4000)),
        Type::VarBinary(Some(_)) | Type::Binary(_) => Type::VarBinary(Some(8000)),
        Type::Time(_) => Type::Time(7),
        Type::DateTime2(_) => Type::DateTime2(7),
        Type::DateTimeOffset(_) => Type::DateTimeOffset(7),
        other => other,
    }
}

/// Text compares by the server's collation.
fn collated(lowered: &Lowered) -> String {
    if matches!(lowered.data_type.family(), super::value::Family::Text | super::value::Family::Variant) {
        let name = lowered.collation.map_or("", |collation| match collation {
            Collation::CaseInsensitive => "_0",
            Collation::TurkishCaseInsensitive => "_1",
            Collation::Exact => "_2",
        });
        format!("{} COLLATE tsql{name}", lowered.text)
    } else {
        lowered.text.clone()
    }
}
