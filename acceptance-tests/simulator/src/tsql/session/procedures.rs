//! System procedures, called by EXEC and by RPC.

use std::time::Duration;

use rusqlite::types::Value;

use super::super::ast::{Argument, Execute, Procedure};
use super::super::error::{self, SqlError, raise};
use super::super::query::Column;
use super::super::value::Type;
use super::super::{ddl, parser};
use super::bind;
use super::run::Flow;
use super::{Output, SqlSession, Variables, wire};
use crate::tds::backend::{Event, Parameter, Verdict};
use crate::world::collation::Collation;

/// Where a call leads, what it returned, and what goes back to which variable.
type Called = Result<(Flow, Option<i64>, Vec<(String, Type, Value)>), SqlError>;

/// An argument as a procedure takes it.
#[derive(Debug, Clone)]
struct Given {
    /// Name with `@`; nothing where it goes by position.
    name: Option<String>,
    data_type: Type,
    value: Value,
    /// Variable that the value goes back to.
    back_to: Option<String>,
}

/// What the journal calls a procedure: its name in lower case without its schema.
pub(super) fn name(procedure: &Procedure) -> String {
    match procedure {
        Procedure::Named(name) => bare(&name.to_string()).to_ascii_lowercase(),
        Procedure::Variable(name) => name.value.clone(),
    }
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name).trim_matches(['[', ']', '"'])
}

impl SqlSession {
    /// `EXEC [@result =] procedure …`.
    pub(super) async fn execute(
        &mut self,
        call: &Execute,
        variables: &mut Variables,
        output: &mut Output<'_>,
        _in_try: bool,
    ) -> Result<Flow, SqlError> {
        let procedure = match &call.procedure {
            Procedure::Named(name) => name.to_string(),
            Procedure::Variable(name) => {
                self.text(&sqlparser::ast::Expr::Identifier(name.clone()), variables)?
            }
        };
        let procedure = self.shared.collation.lower(bare(&procedure));
        let mut given = Vec::new();
        for argument in &call.arguments {
            given.push(self.given(argument, variables)?);
        }
        let (flow, status, back) = self.procedure(&procedure, given, output).await?;
        for (name, data_type, value) in back {
            self.assign(&name, (data_type, value), variables)?;
        }
        if let (Some(result), Some(status)) = (&call.result, status) {
            self.assign(&result.value, (Type::Int, Value::Integer(status)), variables)?;
        }
        Ok(flow)
    }

    fn given(&self, argument: &Argument, variables: &Variables) -> Result<Given, SqlError> {
        let (data_type, value) = match &argument.value {
            Some(value) => self.typed(value, variables)?,
            None => (Type::Null, Value::Null),
        };
        let back_to = match &argument.value {
            Some(sqlparser::ast::Expr::Identifier(name)) if argument.output => Some(name.value.clone()),
            _ => None,
        };
        Ok(Given { name: argument.name.as_ref().map(|name| name.value.clone()), data_type, value, back_to })
    }

    /// Runs a text in a scope of its own.
    pub(super) async fn nested(
        &mut self,
        text: &str,
        mut variables: Variables,
        output: &mut Output<'_>,
    ) -> Result<(Flow, Variables), SqlError> {
        let batch = parser::parse(text, self.shared.major)?;
        bind::bind(self, &variables, &batch.statements)?;
        let flow = self.statements(&batch.statements, &mut variables, output, true).await?;
        Ok((if matches!(flow, Flow::Cut) { flow } else { Flow::Next }, variables))
    }

    async fn procedure(&mut self, procedure: &str, given: Vec<Given>, output: &mut Output<'_>) -> Called {
        match procedure {
            "sp_executesql" => {
                let (flow, back) = self.execute_sql(&given, output).await?;
                Ok((flow, Some(0), back))
            }
            "sp_getapplock" => {
                let resource = text(self.shared.collation, &given, 0, "@Resource").unwrap_or_default();
                let mode = text(self.shared.collation, &given, 1, "@LockMode").unwrap_or_default();
                if !mode.eq_ignore_ascii_case("Exclusive") {
                    return Err(error::not_modelled("application locks that are not exclusive"));
                }
                let limit =
                    match find(self.shared.collation, &given, 3, "@LockTimeout").map(|given| &given.value) {
                        Some(Value::Integer(limit)) => *limit,
                        _ => self.lock_timeout,
                    };
                let limit = u64::try_from(limit).ok().map(Duration::from_millis);
                let taken = self.shared.locks.clone();
                let taken = taken.take(&resource, self.id, limit, output.attention).await;
                Ok((Flow::Next, Some(taken.code()), Vec::new()))
            }
            "sp_releaseapplock" => {
                let resource = text(self.shared.collation, &given, 0, "@Resource").unwrap_or_default();
                if self.shared.locks.release(&resource, self.id) {
                    return Ok((Flow::Next, Some(0), Vec::new()));
                }
                Err(raise!(1223, "public", resource))
            }
            "sp_configure" => Err(error::not_modelled("sp_configure")),
            "sp_reset_connection" => Ok((Flow::Next, Some(0), Vec::new())),
            _ => {
                let arguments: Vec<ddl::issuer::Argument> =
                    given.into_iter().map(|given| (given.name, given.value)).collect();
                let caller = self.caller();
                let results = self
                    .shared
                    .world
                    .with(|estate| ddl::procedure::call(estate, &caller, procedure, &arguments))?;
                for result in results {
                    let columns: Vec<Column> = result
                        .columns
                        .iter()
                        .map(|(name, data_type)| Column {
                            name: (*name).to_owned(),
                            data_type: Type::parse(data_type).unwrap_or(Type::Variant),
                            nullable: true,
                        })
                        .collect();
                    output.send(Event::Columns(columns.iter().map(wire::column).collect())).await;
                    let count = result.rows.len() as u64;
                    for row in result.rows {
                        let values = row
                            .iter()
                            .zip(&columns)
                            .map(|(value, column)| wire::value(value, column.data_type));
                        output.send(Event::Row(values.collect())).await;
                    }
                    output.send(Event::Done { rows: Some(count), error: false }).await;
                }
                Ok((Flow::Next, Some(0), Vec::new()))
            }
        }
    }

    /// `sp_executesql @stmt, @params, …`.
    async fn execute_sql(
        &mut self,
        given: &[Given],
        output: &mut Output<'_>,
    ) -> Result<(Flow, Vec<(String, Type, Value)>), SqlError> {
        // Its first two arguments are what they are by their place, whatever drivers call them.
        let Some(text) = placed(given, 0) else {
            return Err(error::missing_parameter("sp_executesql", "@statement"));
        };
        let declared = placed(given, 1).unwrap_or_default();
        let rest = given.get(2..).unwrap_or_default();
        let (variables, back) = self.parameters(&declared, rest, &text)?;
        let (flow, after) = self.nested(&text, variables, output).await?;
        let back = back
            .into_iter()
            .filter_map(|(inner, outer)| {
                let (data_type, value) = after.scalars.get(&self.fold(&inner))?;
                Some((outer, *data_type, value.clone()))
            })
            .collect();
        Ok((flow, back))
    }

    /// The variables of a parameterised text, and which of them go back where.
    fn parameters(
        &self,
        declared: &str,
        given: &[Given],
        statement: &str,
    ) -> Result<(Variables, Vec<(String, String)>), SqlError> {
        let mut variables = Variables::default();
        let mut back = Vec::new();
        for (place, parameter) in parser::parse_parameters(declared)?.into_iter().enumerate() {
            let data_type = Type::of(&parameter.data_type)?;
            let by_name = given.iter().find(|given| {
                given.name.as_deref().is_some_and(|name| self.shared.collation.equal(name, &parameter.name))
            });
            let found = by_name.or_else(|| given.get(place).filter(|given| given.name.is_none()));
            let Some(found) = found else {
                return Err(error::missing_query_parameter(
                    &format!("({declared}){statement}"),
                    &parameter.name,
                ));
            };
            let value = bind::assigned(found.value.clone(), found.data_type, data_type)?;
            variables.scalars.insert(self.fold(&parameter.name), (data_type, value));
            if let Some(outer) = &found.back_to
                && parameter.output
            {
                back.push((parameter.name.clone(), outer.clone()));
            }
        }
        Ok((variables, back))
    }

    /// A remote procedure call.
    pub(super) async fn call(
        &mut self,
        procedure: &str,
        parameters: Vec<Parameter>,
        output: &mut Output<'_>,
    ) -> Verdict {
        let procedure = self.shared.collation.lower(bare(procedure));
        let mut outputs: Vec<(u16, String, crate::tds::backend::DataType)> = Vec::new();
        let mut given: Vec<Given> = Vec::new();
        for (place, parameter) in parameters.iter().enumerate() {
            let own = Some(parameter.name.clone()).filter(|name| !name.is_empty());
            let slot = format!("@{place}");
            if parameter.output {
                outputs.push((
                    u16::try_from(place).unwrap_or(0),
                    parameter.name.clone(),
                    parameter.data_type,
                ));
            }
            given.push(Given {
                name: own,
                data_type: wire::type_of(parameter.data_type),
                value: wire::parameter(&parameter.value, parameter.data_type),
                back_to: parameter.output.then_some(slot),
            });
        }
        let called = match procedure.as_str() {
            "sp_prepare" | "sp_prepexec" => self.prepare(&procedure, given, output).await,
            "sp_execute" => self.run_prepared(given, output).await,
            "sp_unprepare" => self.unprepare(&given),
            name if name.starts_with("sp_cursor") => Err(error::not_modelled("server cursors")),
            _ => self.procedure(&procedure, given, output).await,
        };
        match called {
            Ok((Flow::Cut, ..)) => Verdict::Cut,
            Ok((_, status, back)) => {
                output.send(Event::ReturnStatus(i32::try_from(status.unwrap_or(0)).unwrap_or(0))).await;
                for (ordinal, name, data_type) in outputs {
                    let slot = format!("@{ordinal}");
                    let found = back.iter().find(|(outer, ..)| *outer == slot);
                    let value = found.map_or(crate::tds::backend::Value::Null, |(_, from, value)| {
                        wire::value(value, *from)
                    });
                    output.send(Event::Output { ordinal, name, data_type, value }).await;
                }
                Verdict::Continue
            }
            Err(error) => {
                self.last_error = error.number;
                output.error(&error).await;
                if error.severity >= 20 { Verdict::Close } else { Verdict::Continue }
            }
        }
    }

    /// `sp_prepare @handle OUTPUT, @params, @stmt` and `sp_prepexec`, which runs it as well.
    async fn prepare(&mut self, procedure: &str, given: Vec<Given>, output: &mut Output<'_>) -> Called {
        let declared = placed(&given, 1).unwrap_or_default();
        let statement = placed(&given, 2).unwrap_or_default();
        parser::parse(&statement, self.shared.major)?;
        self.next_handle += 1;
        let handle = self.next_handle;
        self.prepared.insert(handle, (declared.clone(), statement.clone()));
        let mut back: Vec<(String, Type, Value)> = Vec::new();
        if let Some(slot) = given.first().and_then(|given| given.back_to.clone()) {
            back.push((slot, Type::Int, Value::Integer(handle)));
        }
        if procedure == "sp_prepare" {
            return Ok((Flow::Next, Some(0), back));
        }
        let (variables, _) = self.parameters(&declared, given.get(3..).unwrap_or_default(), &statement)?;
        let (flow, _) = self.nested(&statement, variables, output).await?;
        Ok((flow, Some(0), back))
    }

    fn unprepare(&mut self, given: &[Given]) -> Called {
        let handle = handle(given);
        match self.prepared.remove(&handle) {
            Some(_) => Ok((Flow::Next, Some(0), Vec::new())),
            None => Err(no_handle(handle)),
        }
    }

    async fn run_prepared(&mut self, given: Vec<Given>, output: &mut Output<'_>) -> Called {
        let handle = handle(&given);
        let Some((declared, statement)) = self.prepared.get(&handle).cloned() else {
            return Err(no_handle(handle));
        };
        let (variables, _) = self.parameters(&declared, given.get(1..).unwrap_or_default(), &statement)?;
        let (flow, _) = self.nested(&statement, variables, output).await?;
        Ok((flow, Some(0), Vec::new()))
    }
}

/// The handle that a call begins with.
fn handle(given: &[Given]) -> i64 {
    match given.first().map(|given| &given.value) {
        Some(Value::Integer(handle)) => *handle,
        _ => 0,
    }
}

/// 8179.
fn no_handle(handle: i64) -> SqlError {
    raise!(8179, handle)
}

/// An argument by its name, else by its place.
fn find<'a>(collation: Collation, given: &'a [Given], place: usize, name: &str) -> Option<&'a Given> {
    let named =
        given.iter().find(|given| given.name.as_deref().is_some_and(|own| collation.equal(own, name)));
    named.or_else(|| given.get(place).filter(|given| given.name.is_none()))
}

fn text(collation: Collation, given: &[Given], place: usize, name: &str) -> Option<String> {
    match find(collation, given, place, name).map(|given| &given.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// A text argument by its place alone.
fn placed(given: &[Given], place: usize) -> Option<String> {
    match given.get(place).map(|given| &given.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}
