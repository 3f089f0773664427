//! EXEC, remote procedure calls, and the system procedures.

use std::time::Duration;

use rusqlite::types::Value;
use sqlparser::ast::Expr;

use super::super::ast::{Argument, Execute, Procedure};
use super::super::error::{self, SqlError, raise};
use super::super::query::{Column, Host as _};
use super::super::value::{self, Type};
use super::super::{ddl, parser};
use super::frame::{Frame, MOST_FRAMES};
use super::locks::{Mode, Owner, Resource};
use super::run::Flow;
use super::stop::Stop;
use super::undo::Parts;
use super::{Output, SqlSession, bind, wire};
use crate::tds::backend::{Event, Parameter, Verdict};
use crate::world::assumption;
use crate::world::collation::Collation;

/// How a call ended.
#[derive(Debug)]
struct Called {
    flow: Flow,
    /// What it returned.
    status: i64,
    /// What goes back to which variable.
    back: Vec<(String, Type, Value)>,
}

impl Called {
    fn returned(status: i64) -> Self {
        Self { flow: Flow::Next, status, back: Vec::new() }
    }
}

/// What `sp_getapplock` returns where it cannot be called so.
const INVALID: i64 = -999;

/// An argument as a procedure takes it.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// Name with `@`; nothing where it goes by position.
    name: Option<String>,
    pub(super) data_type: Type,
    pub(super) value: Value,
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
    pub(super) async fn execute(&mut self, call: &Execute, output: &mut Output<'_>) -> Result<Flow, Stop> {
        let procedure = match &call.procedure {
            Procedure::Named(name) => name.to_string(),
            Procedure::Variable(name) => self.text(&Expr::Identifier(name.clone()))?.unwrap_or_default(),
        };
        let procedure = self.shared.collation.lower(bare(&procedure));
        let mut given = Vec::new();
        for argument in &call.arguments {
            given.push(self.given(argument)?);
        }
        let Called { flow, status, back } = Box::pin(self.procedure(&procedure, given, output)).await?;
        for (name, data_type, value) in back {
            self.assign(&name, (data_type, value))?;
        }
        if let Some(result) = &call.result {
            self.assign(&result.value, (Type::Int, Value::Integer(status)))?;
        }
        Ok(flow)
    }

    fn given(&self, argument: &Argument) -> Result<Given, SqlError> {
        let (data_type, value) = match &argument.value {
            Some(value) => self.typed(value)?,
            None => (Type::Null, Value::Null),
        };
        let back_to = match &argument.value {
            Some(Expr::Identifier(name)) if argument.output => Some(name.value.clone()),
            _ => None,
        };
        Ok(Given { name: argument.name.as_ref().map(|name| name.value.clone()), data_type, value, back_to })
    }

    /// Runs a text in a frame of its own; the frame as it is afterwards. What the text did to the current database and
    /// the settings is undone.
    pub(super) async fn nested(
        &mut self,
        text: &str,
        frame: Frame,
        output: &mut Output<'_>,
    ) -> Result<(Flow, Frame), Stop> {
        if self.frames.len() > MOST_FRAMES {
            return Err(raise!(217, MOST_FRAMES).into());
        }
        let batch = parser::parse(text, self.shared.major).map_err(Stop::compile)?;
        let (database, options, depth) = (self.database.clone(), self.options, self.transaction.depth);
        let outer_tries = self.is_tried();
        self.frames.push(frame);
        let ended = match bind::bind(self, &batch.statements) {
            Ok(()) => self.statements(&batch.statements, output).await,
            Err(error) => Err(Stop::compile(error)),
        };
        let frame = self.frames.pop().unwrap_or_default();
        self.options = options;
        if self.database != database {
            let left = std::mem::replace(&mut self.database, database.clone());
            // ASSUMED 61: the client is told, as of any change of database.
            if !self.opposite(assumption::UNTOLD_DATABASE) {
                output.send(Event::Database(database, left)).await;
            }
        }
        let flow = match ended.map_err(Stop::for_caller)? {
            Flow::Cut => Flow::Cut,
            _ => Flow::Next,
        };
        let after = self.transaction.depth;
        // ASSUMED 62: not under XACT_ABORT.
        if after != depth && (!options.xact_abort || self.opposite(assumption::COUNT_ALWAYS_TOLD)) {
            let error = raise!(266, depth, after);
            if outer_tries {
                return Err(error.into());
            }
            self.last_error = error.number;
            output.error(&error).await;
        }
        Ok((flow, frame))
    }

    /// A frame of `sp_executesql`, `EXEC (text)` or a prepared statement, that many levels deeper.
    pub(super) fn inner_frame(&self, levels: u8) -> Frame {
        let level = self.frames.last().map_or(0, |frame| frame.level);
        Frame { level: level.saturating_add(levels), ..Frame::default() }
    }

    async fn procedure(
        &mut self,
        procedure: &str,
        given: Vec<Given>,
        output: &mut Output<'_>,
    ) -> Result<Called, Stop> {
        match procedure {
            "sp_executesql" => Box::pin(self.execute_sql(&given, output)).await,
            "sp_getapplock" => Box::pin(self.take_lock(&given, output)).await,
            "sp_releaseapplock" => self.release_lock(&given),
            "sp_configure" => {
                Box::pin(self.configure(&given, output)).await?;
                Ok(Called::returned(0))
            }
            "sp_describe_first_result_set" => Box::pin(self.describe(&given, output)).await,
            "sp_describe_undeclared_parameters" => Box::pin(self.deduce(&given, output)).await,
            "sp_reset_connection" => Ok(Called::returned(0)),
            _ => Box::pin(self.engine_procedure(procedure, given, output)).await,
        }
    }

    /// A procedure that works on the objects of the engine.
    async fn engine_procedure(
        &mut self,
        procedure: &str,
        given: Vec<Given>,
        output: &mut Output<'_>,
    ) -> Result<Called, Stop> {
        let arguments: Vec<ddl::issuer::Argument> =
            given.into_iter().map(|given| (given.name, given.value)).collect();
        let caller = self.caller();
        let open = self.transaction.depth > 0;
        let called = self.shared.world.with(|estate| {
            let before = if open { Parts::of(estate, &caller.engine) } else { None };
            let results = ddl::procedure::call(estate, &caller, procedure, &arguments)?;
            let change = before.and_then(|before| before.changed(estate, &caller.engine));
            Ok::<_, SqlError>((results, change))
        });
        let (results, change) = match called {
            Err(message) if message.is_no_error() => {
                output.error(&message).await;
                (Vec::new(), None)
            }
            other => other?,
        };
        self.transaction.changes.extend(change);
        // ASSUMED 115: what is asked of the switch comes as a row; else as what the procedure returns.
        if procedure == "sp_multidb_milink" && self.opposite(assumption::SWITCH_AS_STATUS) {
            let shown = results.first().and_then(|result| result.rows.first()?.first());
            let status = if let Some(Value::Integer(on)) = shown { *on } else { 0 };
            return Ok(Called::returned(status));
        }
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
            self.row_count = i64::try_from(result.rows.len()).unwrap_or(i64::MAX);
            output.result(&columns, result.rows).await;
        }
        Ok(Called::returned(0))
    }

    /// `sp_describe_first_result_set @tsql, @params, @browse_information_mode`.
    async fn describe(&mut self, given: &[Given], output: &mut Output<'_>) -> Result<Called, Stop> {
        const NAME: &str = "sp_describe_first_result_set";
        let collation = self.shared.collation;
        let argument = |place, name| find(collation, given, place, name).and_then(text_of);
        let text = argument(0, "@tsql").ok_or_else(|| error::missing_parameter(NAME, "@tsql"))?;
        let parameters = argument(1, "@params").unwrap_or_default();
        let browse = find(collation, given, 2, "@browse_information_mode");
        if browse.is_some_and(|given| !matches!(given.value, Value::Integer(0) | Value::Null)) {
            return Err(error::not_modelled("browse information").into());
        }
        let (columns, rows) = self.described_result(&text, &parameters)?;
        self.row_count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        output.result(&columns, rows).await;
        Ok(Called::returned(0))
    }

    /// `sp_describe_undeclared_parameters @tsql, @params`.
    async fn deduce(&mut self, given: &[Given], output: &mut Output<'_>) -> Result<Called, Stop> {
        const NAME: &str = "sp_describe_undeclared_parameters";
        let collation = self.shared.collation;
        let argument = |place, name| find(collation, given, place, name).and_then(text_of);
        let text = argument(0, "@tsql").ok_or_else(|| error::missing_parameter(NAME, "@tsql"))?;
        let declared = argument(1, "@params").unwrap_or_default();
        let (columns, rows) = self.undeclared_parameters(&text, &declared)?;
        self.row_count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        output.result(&columns, rows).await;
        Ok(Called::returned(0))
    }

    /// `sp_getapplock`: what stands in the way is a code and no error.
    async fn take_lock(&mut self, given: &[Given], output: &mut Output<'_>) -> Result<Called, Stop> {
        const NAME: &str = "sp_getapplock";
        let collation = self.shared.collation;
        let argument = |place, name| find(collation, given, place, name);
        let mode = argument(1, "@LockMode").ok_or_else(|| error::missing_parameter(NAME, "@LockMode"))?;
        let (mode, owner) = (text_of(mode).and_then(|mode| Mode::named(&mode)), owner(collation, given, 2));
        let Some(resource) = argument(0, "@Resource") else { return Ok(Called::returned(INVALID)) };
        let resource = self.lock_name(resource, argument(4, "@DbPrincipal"))?;
        let limit = match argument(3, "@LockTimeout").map(|given| &given.value) {
            Some(Value::Integer(limit)) => *limit,
            _ => self.options.lock_timeout,
        };
        if limit < -1 {
            return Err(raise!(1227, "xp_userlock").into());
        }
        let (Some(mode), Some(owner)) = (mode, owner) else { return Ok(Called::returned(INVALID)) };
        if owner == Owner::Transaction && self.transaction.depth == 0 {
            return Ok(Called::returned(INVALID));
        }
        let limit = u64::try_from(limit).ok().map(Duration::from_millis);
        let locks = self.shared.locks.clone();
        let taken = locks.take(&resource, (self.id, owner), mode, limit, output.attention).await;
        Ok(Called::returned(taken.code()))
    }

    /// `sp_releaseapplock`.
    fn release_lock(&mut self, given: &[Given]) -> Result<Called, Stop> {
        let collation = self.shared.collation;
        let Some(resource) = find(collation, given, 0, "@Resource") else {
            return Err(error::missing_parameter("sp_releaseapplock", "@Resource").into());
        };
        let resource = self.lock_name(resource, find(collation, given, 2, "@DbPrincipal"))?;
        let Some(owner) = owner(collation, given, 1) else { return Ok(Called::returned(INVALID)) };
        if self.shared.locks.release(&resource, self.id, owner) {
            return Ok(Called::returned(0));
        }
        Err(raise!(1223, resource.principal, resource.name).into())
    }

    /// What a lock is of. Names are cut, not refused.
    fn lock_name(&self, resource: &Given, principal: Option<&Given>) -> Result<Resource, SqlError> {
        let name = text_of(resource).ok_or_else(|| raise!(1224, "xp_userlock"))?;
        let principal = principal.and_then(text_of).unwrap_or_else(|| "public".to_owned());
        let found = self.host().call("DATABASE_PRINCIPAL_ID", &[Value::Text(principal.clone())])?;
        if found == Value::Null {
            return Err(raise!(1202, principal));
        }
        Ok(Resource::new(&self.database, &principal, &name))
    }

    /// `sp_executesql @stmt, @params, …`.
    async fn execute_sql(&mut self, given: &[Given], output: &mut Output<'_>) -> Result<Called, Stop> {
        // Its first two arguments are what they are by their place, whatever drivers call them.
        let text = wide_text(given, 0, "@statement")?
            .ok_or_else(|| error::missing_parameter("sp_executesql", "@statement"))?;
        let declared = wide_text(given, 1, "@params")?.unwrap_or_default();
        let rest = given.get(2..).unwrap_or_default();
        let (frame, back) = self.parameters(&declared, rest, &text)?;
        self.last_error = 0;
        let (flow, after) = Box::pin(self.nested(&text, frame, output)).await?;
        let back = back
            .into_iter()
            .filter_map(|(inner, outer)| {
                let (data_type, value) = after.scalars.get(&self.fold(&inner))?;
                Some((outer, *data_type, value.clone()))
            })
            .collect();
        // ASSUMED 63.
        let status = if self.opposite(assumption::TEXT_STATUS) {
            i64::from(self.last_error != 0)
        } else {
            self.last_error.into()
        };
        Ok(Called { flow, status, back })
    }

    /// The frame of a parameterised text, and which of its variables go back where.
    fn parameters(
        &self,
        declared: &str,
        given: &[Given],
        statement: &str,
    ) -> Result<(Frame, Vec<(String, String)>), SqlError> {
        // The procedure is one level, its text another.
        let mut frame = self.inner_frame(2);
        let mut back = Vec::new();
        let declared_parameters = parser::parse_parameters(declared)?;
        let collation = self.shared.collation;
        for one in given.iter().filter_map(|given| given.name.as_deref()) {
            if !declared_parameters.iter().any(|parameter| collation.equal(one, &parameter.name)) {
                return Err(error::not_a_parameter(one, ""));
            }
        }
        if given.len() > declared_parameters.len() {
            return Err(error::too_many_arguments(""));
        }
        for (place, parameter) in declared_parameters.into_iter().enumerate() {
            let data_type = Type::of(&parameter.data_type)?;
            let by_name = given.iter().find(|given| {
                given.name.as_deref().is_some_and(|name| collation.equal(name, &parameter.name))
            });
            let found = by_name.or_else(|| given.get(place).filter(|given| given.name.is_none()));
            let Some(found) = found else {
                return Err(error::missing_query_parameter(
                    &format!("({declared}){statement}"),
                    &parameter.name,
                ));
            };
            // What is of the type already keeps all that it has.
            let value = if found.data_type == data_type {
                found.value.clone()
            } else {
                value::convert(found.value.clone(), found.data_type, data_type, 0)?
            };
            frame.scalars.insert(self.fold(&parameter.name), (data_type, value));
            match &found.back_to {
                Some(_) if !parameter.output => return Err(raise!(8162, parameter.name)),
                Some(outer) => back.push((parameter.name.clone(), outer.clone())),
                None => {}
            }
        }
        Ok((frame, back))
    }

    /// A remote procedure call.
    pub(super) async fn call(
        &mut self,
        procedure: &str,
        parameters: Vec<Parameter>,
        output: &mut Output<'_>,
    ) -> Verdict {
        let procedure = self.shared.collation.lower(bare(procedure));
        self.frames = vec![Frame::default()];
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
            name if name.starts_with("sp_cursor") => Err(error::not_modelled("server cursors").into()),
            _ => self.procedure(&procedure, given, output).await,
        };
        match called {
            Ok(Called { flow: Flow::Cut, .. }) => Verdict::Cut,
            Ok(Called { status, back, .. }) => {
                output.send(Event::ReturnStatus(i32::try_from(status).unwrap_or(0))).await;
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
            Err(stop) => self.uncaught(stop, output).await,
        }
    }

    /// `sp_prepare @handle OUTPUT, @params, @stmt` and `sp_prepexec`, which runs it as well.
    async fn prepare(
        &mut self,
        procedure: &str,
        given: Vec<Given>,
        output: &mut Output<'_>,
    ) -> Result<Called, Stop> {
        let declared = placed(&given, 1).unwrap_or_default();
        let statement = placed(&given, 2).unwrap_or_default();
        parser::parse(&statement, self.shared.major)?;
        self.next_handle += 1;
        let handle = self.next_handle;
        self.prepared.insert(handle, (declared.clone(), statement.clone()));
        let mut called = Called::returned(0);
        if let Some(slot) = given.first().and_then(|given| given.back_to.clone()) {
            called.back.push((slot, Type::Int, Value::Integer(handle)));
        }
        if procedure == "sp_prepexec" {
            let rest = given.get(3..).unwrap_or_default();
            called.flow = self.run_text(&declared, &statement, rest, output).await?;
        }
        Ok(called)
    }

    async fn run_text(
        &mut self,
        declared: &str,
        statement: &str,
        given: &[Given],
        output: &mut Output<'_>,
    ) -> Result<Flow, Stop> {
        let (frame, _) = self.parameters(declared, given, statement)?;
        Box::pin(self.nested(statement, frame, output)).await.map(|(flow, _)| flow)
    }

    fn unprepare(&mut self, given: &[Given]) -> Result<Called, Stop> {
        let handle = handle(given);
        match self.prepared.remove(&handle) {
            Some(_) => Ok(Called::returned(0)),
            None => Err(no_handle(handle).into()),
        }
    }

    async fn run_prepared(&mut self, given: Vec<Given>, output: &mut Output<'_>) -> Result<Called, Stop> {
        let handle = handle(&given);
        let Some((declared, statement)) = self.prepared.get(&handle).cloned() else {
            return Err(no_handle(handle).into());
        };
        let rest = given.get(1..).unwrap_or_default();
        let flow = self.run_text(&declared, &statement, rest, output).await?;
        Ok(Called { flow, ..Called::returned(0) })
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
pub(super) fn find<'a>(
    collation: Collation,
    given: &'a [Given],
    place: usize,
    name: &str,
) -> Option<&'a Given> {
    let named =
        given.iter().find(|given| given.name.as_deref().is_some_and(|own| collation.equal(own, name)));
    named.or_else(|| given.get(place).filter(|given| given.name.is_none()))
}

/// The owner of a lock: the transaction where nothing is said, nothing where it is neither.
fn owner(collation: Collation, given: &[Given], place: usize) -> Option<Owner> {
    match find(collation, given, place, "@LockOwner") {
        Some(given) => text_of(given).and_then(|owner| Owner::named(&owner)),
        None => Some(Owner::Transaction),
    }
}

fn text_of(given: &Given) -> Option<String> {
    match &given.value {
        Value::Text(text) => Some(text.clone()),
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

/// A text argument that must be Unicode, as `sp_executesql` wants it (214).
fn wide_text(given: &[Given], place: usize, name: &str) -> Result<Option<String>, SqlError> {
    match given.get(place) {
        Some(Given { data_type: Type::NVarChar(_) | Type::NChar(_), value: Value::Text(text), .. }) => {
            Ok(Some(text.clone()))
        }
        Some(Given { value: Value::Null, .. }) | None => Ok(None),
        Some(_) => Err(error::wrong_parameter_type(name, "ntext/nchar/nvarchar")),
    }
}
