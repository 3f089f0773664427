//! What CREATE TABLE, DECLARE and CREATE INDEX make of a table of the session, and what they refuse.
//!
//! Source: learn.microsoft.com "CREATE TABLE", "DECLARE @local_variable", "CREATE INDEX" and the errors of 1000 to 2999 and
//! 8000 to 8999; names that servers give to constraints as reports of errors 2627 and 547 show them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, Query, Visit, Visitor};

use super::super::ast::{Constraint as Written, CreateIndex, KeyForm, Rule, TableDefinition};
use super::super::error::{self, SqlError, raise};
use super::super::query::{self, Column, Surroundings as _};
use super::super::value::{Family, Type};
use super::SqlSession;
use super::constraints::Candidates;
use super::tables::{Table, TableColumn, plain};
use crate::world::assumption;
use crate::world::collation::Collation;

/// What rows of a table keep to.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether somebody chose the name.
    named: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Key {
        form: KeyForm,
        clustered: bool,
        /// Places of its columns.
        columns: Vec<usize>,
        /// `IGNORE_DUP_KEY`.
        ignores: bool,
    },
    /// With the column that it is written behind.
    Check(Box<Expr>, Option<String>),
}

impl SqlSession {
    /// What DECLARE and CREATE TABLE say.
    ///
    /// # Errors
    /// 243, 448, 1750 after what it is about, 1909, 1911, 1919, 2705, 2714, 2744, 2749, 8110, 8111, 8112, 8147 and those of
    /// defaults and checks.
    pub(super) fn defined(&self, table: &str, definition: &TableDefinition) -> Result<Table, SqlError> {
        let collation = self.shared.collation;
        let mut columns: Vec<TableColumn> = Vec::new();
        for written in &definition.columns {
            let name = &written.name.value;
            if columns.iter().any(|each| collation.equal(&each.column.name, name)) {
                return Err(raise!(2705, name, table));
            }
            if let Some(named) = &written.collation {
                self.known_collation(&named.0)?;
            }
            let data_type = Type::of(&written.data_type)?;
            if let Some(default) = &written.default {
                if written.identity.is_some() {
                    return Err(after(raise!(1754, table, name)));
                }
                self.default_value(table, default)?;
            }
            if written.identity.is_some() {
                if columns.iter().any(|each| each.identity.is_some()) {
                    return Err(raise!(2744, table));
                }
                takes_identity(name, data_type, table, written.nullable)?;
            }
            columns.push(TableColumn {
                column: Column {
                    name: name.clone(),
                    data_type,
                    nullable: written.nullable.unwrap_or(written.identity.is_none()),
                },
                identity: written.identity,
                seed: written.identity,
                default: written.default.clone(),
            });
        }
        let mut made = Table { columns, ..Table::default() };
        for written in &definition.constraints {
            let refused_null = |place: &usize| {
                let named = definition.columns.get(*place);
                named.is_some_and(|column| column.nullable == Some(true))
            };
            let constraint = self.constraint(table, &made, written)?;
            if let Kind::Key { form: KeyForm::Primary, columns, .. } = &constraint.kind {
                if columns.iter().any(refused_null) {
                    return Err(after(raise!(8111, table)));
                }
                for place in columns {
                    if let Some(column) = made.columns.get_mut(*place) {
                        column.column.nullable = false;
                    }
                }
            }
            made.constraints.push(constraint);
        }
        Ok(made)
    }

    /// What CREATE INDEX adds to a table.
    pub(super) fn create_index(&mut self, create: &CreateIndex) -> Result<(), SqlError> {
        let name = create.table.to_string();
        let shown = plain(&name);
        let table = self.found_table(&name).map_err(|_| raise!(1088, shown))?;
        let constraint = self.constraint(&shown, table, &create.index)?;
        if let Some(duplicate) = self.first_duplicate(table, &constraint, &table.rows, &|_| true)? {
            return Err(raise!(1505, format!("dbo.{shown}"), constraint.name, duplicate.1));
        }
        self.local_table(&name)?.constraints.push(constraint);
        Ok(())
    }

    /// A constraint, if the table can have it.
    fn constraint(&self, shown: &str, table: &Table, written: &Written) -> Result<Constraint, SqlError> {
        let collation = self.shared.collation;
        let name = match &written.name {
            Some(name) => name.0.clone(),
            None => {
                let digits_alone = self.opposite(assumption::CONSTRAINTS);
                generated_name(shown, written, table.constraints.len(), digits_alone)
            }
        };
        let kind = match &written.rule {
            Rule::Check(condition) => {
                self.checked_condition(shown, table, condition, written.column.as_ref())?;
                Kind::Check(condition.clone(), written.column.as_ref().map(|column| column.value.clone()))
            }
            Rule::Key { form, clustered, columns, ignores } => {
                let places = places(collation, shown, table, columns)?;
                let keys = || {
                    table.constraints.iter().filter_map(|each| match &each.kind {
                        Kind::Key { form, clustered, .. } => Some((each, *form, *clustered)),
                        Kind::Check(..) => None,
                    })
                };
                if *form == KeyForm::Primary && keys().any(|(_, form, _)| form == KeyForm::Primary) {
                    return Err(raise!(8110, shown));
                }
                let taken = keys().find(|(_, _, clustered)| *clustered).map(|(each, ..)| &each.name);
                // A primary key is clustered where nothing else is and nobody says otherwise.
                let clustered = clustered.unwrap_or(*form == KeyForm::Primary && taken.is_none());
                match (clustered, taken, form) {
                    (true, Some(taken), KeyForm::Index(_)) => {
                        return Err(raise!(1902, "table", shown, taken));
                    }
                    (true, Some(_), _) => return Err(raise!(8112, shown)),
                    _ => {}
                }
                let same = keys().any(|(each, ..)| collation.equal(&each.name, &name));
                if same && matches!(form, KeyForm::Index(_)) {
                    return Err(raise!(1913, name, "table", shown));
                }
                Kind::Key { form: *form, clustered, columns: places, ignores: *ignores }
            }
        };
        let made = Constraint { name, kind, named: written.name.is_some() };
        if made.is_object() && made.named && self.has_object(&made.name, table) {
            return Err(after(raise!(2714, made.name).in_state(5)));
        }
        Ok(made)
    }

    /// Whether a table that this session sees, or that one, has a constraint of that name: all live in tempdb together.
    fn has_object(&self, name: &str, own: &Table) -> bool {
        let layers = self.frames.iter().map(|frame| &frame.temporary).chain(std::iter::once(&self.temporary));
        let tables = layers.flat_map(|layer| layer.values()).chain(std::iter::once(own));
        let collation = self.shared.collation;
        tables
            .flat_map(|table| &table.constraints)
            .any(|each| each.is_object() && collation.equal(&each.name, name))
    }

    fn known_collation(&self, name: &str) -> Result<(), SqlError> {
        let default = name.eq_ignore_ascii_case("database_default");
        let exists = self.has_collation(name);
        if default || (exists && Collation::named(name) == self.shared.collation) {
            return Ok(());
        }
        if !exists {
            return Err(raise!(448, name));
        }
        Err(error::not_modelled("columns that compare otherwise than the server does"))
    }

    /// Binds a default: it may name neither columns nor variables.
    fn default_value(&self, table: &str, default: &Expr) -> Result<(), SqlError> {
        if let Some(name) = names(default, false)? {
            return Err(if name.starts_with('@') { no_variables(table) } else { raise!(128, name) });
        }
        query::plan_expression(default, &Candidates::new(self, &[], &[])).map(drop)
    }

    /// Binds a check: it may name columns, of its own column alone if it is written behind one.
    fn checked_condition(
        &self,
        shown: &str,
        table: &Table,
        condition: &Expr,
        column: Option<&Ident>,
    ) -> Result<(), SqlError> {
        if names(condition, true)?.is_some() {
            return Err(no_variables(shown));
        }
        let mut shape = table.shape();
        let candidates = Candidates::new(self, &shape, &[]);
        candidates.violations(condition)?;
        if let Some(column) = column {
            shape.retain(|each| self.shared.collation.equal(&each.name, &column.value));
            let alone = Candidates::new(self, &shape, &[]).violations(condition);
            if alone.is_err() {
                return Err(after(raise!(8141, "CHECK", column.value, shown)));
            }
        }
        Ok(())
    }
}

impl Constraint {
    /// Constraints are objects of the database, with a name that nothing else there has; indexes are none.
    fn is_object(&self) -> bool {
        !matches!(self.kind, Kind::Key { form: KeyForm::Index(_), .. })
    }
}

/// 1750 behind its cause.
fn after(cause: SqlError) -> SqlError {
    raise!(1750).after(cause)
}

fn no_variables(table: &str) -> SqlError {
    if table.starts_with('@') {
        error::not_modelled("variables in the definition of a table variable")
    } else {
        raise!(112, "CREATE TABLE")
    }
}

/// The first variable of an expression, or, unless columns may stand there, the first name.
///
/// # Errors
/// 1046 for a subquery.
fn names(expression: &Expr, columns: bool) -> Result<Option<String>, SqlError> {
    struct Find {
        columns: bool,
    }
    impl Visitor for Find {
        type Break = Option<String>;
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<Option<String>> {
            ControlFlow::Break(None)
        }
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Option<String>> {
            match expression {
                Expr::Identifier(name) if query::is_variable(name) && !name.value.starts_with("@@") => {
                    ControlFlow::Break(Some(name.value.clone()))
                }
                Expr::Identifier(name) if !self.columns && !query::is_variable(name) => {
                    ControlFlow::Break(Some(name.value.clone()))
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match expression.visit(&mut Find { columns }) {
        ControlFlow::Break(None) => Err(raise!(1046)),
        ControlFlow::Break(found) => Ok(found),
        ControlFlow::Continue(()) => Ok(None),
    }
}

/// 2749 and 8147.
fn takes_identity(name: &str, data_type: Type, table: &str, nullable: Option<bool>) -> Result<(), SqlError> {
    let whole =
        matches!(data_type, Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt | Type::Numeric(_, 0));
    if !whole {
        return Err(raise!(2749, name));
    }
    if nullable == Some(true) { Err(raise!(8147, name, table)) } else { Ok(()) }
}

/// Where the columns of a key are.
fn places(
    collation: Collation,
    shown: &str,
    table: &Table,
    columns: &[Ident],
) -> Result<Vec<usize>, SqlError> {
    let mut places = Vec::new();
    for name in columns {
        let found = table.columns.iter().position(|each| collation.equal(&each.column.name, &name.value));
        let place = found.ok_or_else(|| after(raise!(1911, name.value)))?;
        if places.contains(&place) {
            return Err(after(raise!(1909, "index", name.value)));
        }
        let data_type = table.columns.get(place).map_or(Type::Null, |each| each.column.data_type);
        let endless =
            matches!(data_type.family(), Family::Text | Family::Binary) && data_type.length().is_none();
        if endless {
            return Err(after(raise!(1919, name.value, shown)));
        }
        places.push(place);
    }
    Ok(places)
}

/// The name of a table in tempdb: that of a temporary table is filled up with lines and digits, a table variable has one of
/// digits.
pub(super) fn name_in_tempdb(shown: &str) -> String {
    let mut hasher = DefaultHasher::new();
    shown.hash(&mut hasher);
    let digits = hasher.finish();
    match shown.strip_prefix('@') {
        Some(_) => format!("#{:08X}", digits >> 32),
        None => format!("{shown:_<116}{:012X}", digits >> 16),
    }
}

/// The name of a constraint that has none. ASSUMED 64: begins of the names of table and column, and digits; else digits
/// alone.
fn generated_name(shown: &str, written: &Written, place: usize, digits_alone: bool) -> String {
    let mut hasher = DefaultHasher::new();
    (shown, place).hash(&mut hasher);
    let digits = format!("{:016X}", hasher.finish());
    let table = name_in_tempdb(shown);
    let first = |count: usize| format!("{table}_").chars().take(count).collect::<String>();
    let short = digits.get(..8).unwrap_or(&digits);
    match &written.rule {
        _ if digits_alone => format!("#{short}"),
        Rule::Key { form: KeyForm::Primary, .. } => format!("PK__{}__{digits}", first(8)),
        Rule::Key { .. } => format!("UQ__{}__{digits}", first(8)),
        Rule::Check(_) => match &written.column {
            Some(column) => {
                let column: String = column.value.chars().take(5).collect();
                format!("CK__{}__{column}__{short}", first(9))
            }
            None => format!("CK__{}__{short}", first(9)),
        },
    }
}
