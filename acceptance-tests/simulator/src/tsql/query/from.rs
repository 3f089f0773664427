//! FROM: what tables, joins and APPLY mean, and what names stand for tables.

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableAlias,
    TableFactor, TableWithJoins,
};

use super::super::error::{self, SqlError, raise};
use super::super::schema::{self, Scope, View};
use super::select::{is_variable, returns_one_row_at_most};
use super::{Column, Compiler, Given, ScopeColumn, ScopeTable, Source};
use crate::world::collation::Collation;

impl Compiler<'_> {
    /// FROM. Row-wise conditions that a rewritten APPLY needs are added to `filters`.
    pub(super) fn from(
        &mut self,
        tables: &[TableWithJoins],
        filters: &mut Vec<String>,
    ) -> Result<String, SqlError> {
        let mut parts = Vec::new();
        for table in tables {
            parts.push(self.joined(table, filters)?);
        }
        Ok(parts.join(" CROSS JOIN "))
    }

    fn joined(&mut self, table: &TableWithJoins, filters: &mut Vec<String>) -> Result<String, SqlError> {
        let mut text = self.factor(&table.relation)?;
        for join in &table.joins {
            use JoinOperator as J;
            if matches!(join.join_operator, J::CrossApply | J::OuterApply) {
                let outer = matches!(join.join_operator, J::OuterApply);
                text.push_str(&self.apply(&join.relation, outer, filters)?);
                continue;
            }
            let (word, constraint) = match &join.join_operator {
                J::Join(constraint) | J::Inner(constraint) => ("JOIN", constraint),
                J::Left(constraint) | J::LeftOuter(constraint) => ("LEFT JOIN", constraint),
                J::Right(constraint) | J::RightOuter(constraint) => ("RIGHT JOIN", constraint),
                J::FullOuter(constraint) => ("FULL JOIN", constraint),
                J::CrossJoin(JoinConstraint::None) => ("CROSS JOIN", &JoinConstraint::None),
                _ => return Err(error::syntax("JOIN", true, 0)),
            };
            let before = self.scopes.last().map_or(0, |scope| scope.tables.len());
            let right = self.factor(&join.relation)?;
            // Rows that an outer join fills up are NULL in every column.
            self.make_nullable(word, before);
            let on = match constraint {
                JoinConstraint::On(condition) => format!(" ON {}", self.condition(condition)?),
                JoinConstraint::None if word == "CROSS JOIN" => String::new(),
                _ => return Err(error::syntax(";", false, 0)),
            };
            text = format!("{text} {word} {right}{on}");
        }
        Ok(text)
    }

    fn make_nullable(&mut self, word: &str, before: usize) {
        let Some(scope) = self.scopes.last_mut() else { return };
        for (position, table) in scope.tables.iter_mut().enumerate() {
            let filled = match word {
                "LEFT JOIN" => position >= before,
                "RIGHT JOIN" => position < before,
                "FULL JOIN" => true,
                _ => false,
            };
            if filled {
                table.columns.iter_mut().for_each(|column| column.nullable = true);
            }
        }
    }

    /// CROSS and OUTER APPLY. A derived table that sees nothing to its left is a plain join; one that does becomes
    /// a subquery for each column that is used, which is the same where it cannot return two rows.
    fn apply(
        &mut self,
        factor: &TableFactor,
        outer: bool,
        filters: &mut Vec<String>,
    ) -> Result<String, SqlError> {
        let before = self.scopes.last().map_or(0, |scope| scope.tables.len());
        let parameters = self.parameters.len();
        match self.factor(factor) {
            Ok(text) if outer => {
                self.make_nullable("LEFT JOIN", before);
                return Ok(format!(" LEFT JOIN {text} ON 1"));
            }
            Ok(text) => return Ok(format!(" CROSS JOIN {text}")),
            Err(cause) if matches!(cause.number, 207 | 4104) => {
                self.parameters.truncate(parameters);
                if let Some(scope) = self.scopes.last_mut() {
                    scope.tables.truncate(before);
                }
            }
            Err(cause) => return Err(cause),
        }
        let TableFactor::Derived { subquery, alias: Some(alias), .. } = factor else {
            return Err(error::not_modelled("APPLY of this kind"));
        };
        if let Some(text) = self.lateral(subquery, alias, outer)? {
            return Ok(text);
        }
        if !returns_one_row_at_most(subquery) {
            return Err(error::not_modelled("a correlated APPLY that can return several rows"));
        }
        let (_, columns) = self.query(subquery)?;
        let columns = renamed(columns, alias)?;
        let mut scope_columns = Vec::new();
        for (position, column) in columns.into_iter().enumerate() {
            let (text, _) = self.query(subquery)?;
            scope_columns.push(ScopeColumn {
                folded: self.fold(&column.name),
                name: column.name,
                data_type: column.data_type,
                nullable: true,
                text: format!("(SELECT c{position} FROM ({text}))"),
                collation: None,
            });
        }
        if !outer {
            let (text, _) = self.query(subquery)?;
            filters.push(format!("EXISTS ({text})"));
        }
        self.add_table(alias.name.value.clone(), None, None, scope_columns)?;
        Ok(String::new())
    }

    fn factor(&mut self, factor: &TableFactor) -> Result<String, SqlError> {
        match factor {
            TableFactor::Table {
                name, alias, args: None, with_hints, sample: None, version: None, ..
            } => {
                hints(with_hints)?;
                self.named_table(name, alias.as_ref())
            }
            TableFactor::Table { name, alias, args: Some(call), .. } => match old_hints(&call.args) {
                Some(found) if !found.is_empty() => {
                    hints(&found)?;
                    self.named_table(name, alias.as_ref())
                }
                _ => self.table_function(name, &call.args, alias.as_ref()),
            },
            TableFactor::Table { sample: Some(_), .. } => Err(raise!(494)),
            TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None } => {
                // A derived table sees what encloses the select, not its neighbours.
                let scope = self.scopes.pop();
                let result = self.query(subquery);
                self.scopes.extend(scope);
                let (text, columns) = result?;
                let columns = renamed(columns, alias)?;
                let name = self.alias('t');
                let columns = self.scope_columns(&name, columns)?;
                self.add_table(alias.name.value.clone(), None, None, columns)?;
                Ok(format!("({text}) AS {name}"))
            }
            TableFactor::Derived { alias: None, .. } => Err(error::syntax(")", false, 0)),
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                let mut filters = Vec::new();
                let text = self.joined(table_with_joins, &mut filters)?;
                if filters.is_empty() {
                    Ok(format!("({text})"))
                } else {
                    Err(error::not_modelled("APPLY inside a join"))
                }
            }
            _ => Err(error::not_modelled("this kind of table source")),
        }
    }

    /// A function that returns a table: there is one.
    fn table_function(
        &mut self,
        name: &ObjectName,
        arguments: &[FunctionArg],
        alias: Option<&TableAlias>,
    ) -> Result<String, SqlError> {
        const NAME: &str = "dm_exec_describe_first_result_set";
        let (parts, collation) = (parts(name)?, self.names.around().collation());
        let known = match parts.as_slice() {
            [schema, function] | [_, schema, function] => {
                collation.equal(schema, "sys") && collation.equal(function, NAME)
            }
            _ => false,
        };
        if !known {
            return Err(error::invalid_object(&parts.join(".")));
        }
        let given = arguments.iter().map(given).collect::<Result<Vec<Given>, _>>()?;
        let [text, parameters, _] = given.as_slice() else {
            return Err(raise!(313, format!("sys.{NAME}")));
        };
        let columns = super::super::session::function_columns();
        let (text, parameters) = (text.clone(), parameters.clone());
        let table = self.source(Source::Described { text, parameters, columns: columns.len() });
        let exposed = alias.map_or_else(|| NAME.to_owned(), |alias| alias.name.value.clone());
        let sql_name = self.alias('t');
        let columns = self.scope_columns(&sql_name, columns)?;
        self.add_table(exposed, None, None, columns)?;
        Ok(format!("{table} AS {sql_name}"))
    }

    pub(super) fn named_table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
    ) -> Result<String, SqlError> {
        let parts = parts(name)?;
        if alias.is_some_and(|alias| !alias.columns.is_empty()) {
            return Err(error::syntax("(", false, 0));
        }
        let (text, columns, database, schema) = self.resolve_table(&parts)?;
        let exposed =
            alias.map_or_else(|| parts.last().cloned().unwrap_or_default(), |alias| alias.name.value.clone());
        let sql_name = self.alias('t');
        if self.is_in_recursion(&parts) {
            self.recursion = Some(sql_name.clone());
        }
        let mut columns = self.scope_columns(&sql_name, columns)?;
        if database.is_some() {
            columns.iter_mut().filter(|column| is_keyword(column)).for_each(|column| {
                column.collation = Some(Collation::CaseInsensitive);
            });
        }
        let qualifiers = if alias.is_some() { (None, None) } else { (schema, database) };
        self.add_table(exposed, qualifiers.0, qualifiers.1, columns)?;
        Ok(format!("{text} AS {sql_name}"))
    }

    /// Whether a name is that of the common table that is being defined.
    fn is_in_recursion(&self, parts: &[String]) -> bool {
        let [name] = parts else { return false };
        let folded = self.fold(name);
        let found = self.common_tables.iter().rev().find_map(|tables| tables.get(&folded));
        found.is_some_and(|table| table.in_recursion)
    }

    /// What a table's name means: a common table, a table of the session, or a view.
    #[expect(clippy::type_complexity, reason = "used in one place")]
    fn resolve_table(
        &mut self,
        parts: &[String],
    ) -> Result<(String, Vec<Column>, Option<String>, Option<String>), SqlError> {
        let last = parts.last().map(String::as_str).unwrap_or_default();
        if parts.len() == 1 {
            let folded = self.fold(last);
            if let Some(table) = self.common_tables.iter().rev().find_map(|tables| tables.get(&folded)) {
                return Ok((table.text.clone(), table.columns.clone(), None, None));
            }
        }
        if last.starts_with('@') || last.starts_with('#') {
            let columns = self.names.table(last).ok_or_else(|| {
                if last.starts_with('@') {
                    error::undeclared_table_variable(last)
                } else {
                    error::invalid_object(last)
                }
            })?;
            let source = Source::Local { name: last.to_owned(), columns: columns.len() };
            return Ok((self.source(source), columns, None, None));
        }
        let (view, database) = self.resolve_view(parts).ok_or_else(|| self.missing(parts))?;
        let columns: Vec<Column> = view
            .columns_of(self.names.around().version())
            .map(|column| Column {
                name: column.name.to_owned(),
                data_type: column.data_type,
                nullable: column.nullable,
            })
            .collect();
        let text = self.source(Source::View { view, database: database.clone(), columns: columns.len() });
        Ok((text, columns, Some(self.fold(&database)), Some(self.fold(view.schema))))
    }

    /// 208, but for views that servers have and the simulator does not.
    fn missing(&self, parts: &[String]) -> SqlError {
        let collation = self.names.around().collation();
        match parts {
            [.., schema, name]
                if collation.equal(schema, "sys") && schema::is_left_out(&collation.lower(name)) =>
            {
                error::not_modelled(&format!("the view sys.{name}"))
            }
            _ => error::invalid_object(&parts.join(".")),
        }
    }

    /// A system view by its name of two or three parts; `master.sys.x`, `msdb.dbo.y`, `db..z` (schema dbo).
    fn resolve_view(&self, parts: &[String]) -> Option<(&'static View, String)> {
        let (database, schema, name) = match parts {
            [schema, name] => (self.names.around().database().to_owned(), schema.as_str(), name),
            [database, schema, name] => (self.names.around().find_database(database)?, schema.as_str(), name),
            [name] => (self.names.around().database().to_owned(), "dbo", name),
            _ => return None,
        };
        let schema = if schema.is_empty() { "dbo" } else { schema };
        let collation = self.names.around().collation();
        let view = schema::views().find(|view| {
            collation.equal(view.name, name)
                && collation.equal(view.schema, schema)
                && view.first <= self.names.around().version()
        })?;
        if view.scope == Scope::Msdb && database != "msdb" {
            return None;
        }
        Some((view, database))
    }

    /// The name of the SQLite table that holds a source.
    pub(super) fn source(&mut self, source: Source) -> String {
        let same = |each: &Source| match (each, &source) {
            (Source::View { view, database, .. }, Source::View { view: other, database: elsewhere, .. }) => {
                std::ptr::eq(*view, *other) && database == elsewhere
            }
            (Source::Local { name, .. }, Source::Local { name: other, .. }) => name == other,
            (
                Source::Described { text, parameters, .. },
                Source::Described { text: other, parameters: others, .. },
            ) => text == other && parameters == others,
            _ => false,
        };
        let position = match self.sources.iter().position(same) {
            Some(position) => position,
            None => {
                self.sources.push(source);
                self.sources.len() - 1
            }
        };
        format!("s{position}")
    }

    pub(super) fn scope_columns(
        &self,
        table: &str,
        columns: Vec<Column>,
    ) -> Result<Vec<ScopeColumn>, SqlError> {
        Ok(columns
            .into_iter()
            .enumerate()
            .map(|(position, column)| ScopeColumn {
                folded: self.fold(&column.name),
                name: column.name,
                data_type: column.data_type,
                nullable: column.nullable,
                text: format!("{table}.c{position}"),
                collation: None,
            })
            .collect())
    }

    pub(super) fn add_table(
        &mut self,
        display: String,
        schema: Option<String>,
        database: Option<String>,
        columns: Vec<ScopeColumn>,
    ) -> Result<(), SqlError> {
        let name = self.fold(&display);
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        let taken = scope
            .tables
            .iter()
            .any(|table| table.name == name && table.schema == schema && table.database == database);
        if taken {
            return Err(error::duplicate_alias(&display));
        }
        scope.tables.push(ScopeTable { name, display, schema, database, columns });
        Ok(())
    }
}

/// Whether a column of a view holds words of the engine's makers: descriptions and letter codes keep
/// `Latin1_General_CI_AS_KS_WS` on every server, while names compare as the server's do. [scripts of the field that have to
/// write it out; a probe of SQL Server 2022]
fn is_keyword(column: &ScopeColumn) -> bool {
    column.name.ends_with("_desc") || matches!(column.data_type, super::super::value::Type::Char(_))
}

/// The parts of a name, outermost first.
pub(super) fn parts(name: &ObjectName) -> Result<Vec<String>, SqlError> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(identifier) => Ok(identifier.value.clone()),
            ObjectNamePart::Function(_) => Err(error::syntax("(", false, 0)),
        })
        .collect()
}

/// Column names that an alias gives: `AS q (a, b)`.
pub(super) fn renamed(mut columns: Vec<Column>, alias: &TableAlias) -> Result<Vec<Column>, SqlError> {
    if alias.columns.is_empty() {
        if let Some(position) = columns.iter().position(|column| column.name.is_empty()) {
            return Err(error::unnamed_column(position + 1, &alias.name.value));
        }
        return Ok(columns);
    }
    if alias.columns.len() != columns.len() {
        return Err(error::alias_columns(&alias.name.value, alias.columns.len() < columns.len()));
    }
    for (column, alias) in columns.iter_mut().zip(&alias.columns) {
        column.name.clone_from(&alias.name.value);
    }
    Ok(columns)
}

/// Table hints: who waits for whom, and how rows are found, changes no result where nobody else writes.
/// [learn.microsoft.com: "Table hints (Transact-SQL)"]
const HINTS: [&str; 20] = [
    "FORCESCAN",
    "FORCESEEK",
    "HOLDLOCK",
    "KEEPDEFAULTS",
    "KEEPIDENTITY",
    "NOEXPAND",
    "NOLOCK",
    "NOWAIT",
    "PAGLOCK",
    "READCOMMITTED",
    "READCOMMITTEDLOCK",
    "READPAST",
    "READUNCOMMITTED",
    "REPEATABLEREAD",
    "ROWLOCK",
    "SERIALIZABLE",
    "SNAPSHOT",
    "TABLOCK",
    "TABLOCKX",
    "UPDLOCK",
];

fn hints(hints: &[Expr]) -> Result<(), SqlError> {
    for hint in hints {
        let text = hint.to_string().to_ascii_uppercase();
        let name = text.split(['(', ' ', '=']).next().unwrap_or_default();
        match name {
            "XLOCK" => {}
            // They change what is inserted, or need an index that views of the catalog do not have.
            "FORCESCAN"
            | "FORCESEEK"
            | "INDEX"
            | "KEEPDEFAULTS"
            | "KEEPIDENTITY"
            | "NOEXPAND"
            | "SPATIAL_WINDOW_MAX_CELLS" => {
                return Err(error::not_modelled(&format!("the hint {name}")));
            }
            _ if HINTS.contains(&text.as_str()) => {}
            _ => return Err(error::not_a_hint(&text)),
        }
    }
    Ok(())
}

/// A constant or variable, which is all that such a function takes here.
fn given(argument: &FunctionArg) -> Result<Given, SqlError> {
    use sqlparser::ast::Value;
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) = argument else {
        return Err(error::syntax("*", false, 0));
    };
    match expression {
        Expr::Identifier(name) if is_variable(name) => Ok(Given::Variable(name.value.clone())),
        Expr::Identifier(name) if name.value.eq_ignore_ascii_case("default") => Ok(Given::Null),
        Expr::Value(value) => Ok(match &value.value {
            Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => Given::Text(text.clone()),
            Value::Null => Given::Null,
            other => Given::Text(other.to_string()),
        }),
        _ => Err(error::not_modelled("expressions as arguments of functions that return tables")),
    }
}

/// The hints of `FROM t (NOLOCK)`, which looks like a call.
fn old_hints(arguments: &[FunctionArg]) -> Option<Vec<Expr>> {
    arguments
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(hint @ Expr::Identifier(name)))
                if HINTS.contains(&name.value.to_ascii_uppercase().as_str()) =>
            {
                Some(hint.clone())
            }
            _ => None,
        })
        .collect()
}
