//! Tests of the engine as a whole: Microsoft's parsers on statements and trees, and batches run on a small world.

mod batches;
mod changes;
mod clauses;
mod decimals;
mod describe;
mod documents;
mod engine_opposites;
mod keys;
mod logins;
mod opposites;
mod parsers;
mod roles;
mod scripts;
mod sessions;
mod tables;
mod tools;
mod transactions;
mod walk;

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::arm::token::Tokens;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::tds::backend::{Backend as _, Credential, Event, Login, Parameter, Request, Session as _, Value};
use crate::tsql::engine::EngineBackend;
use crate::tsql::session::SqlSession;
use crate::world::World;
use crate::world::security::Password;
use crate::world::tests::Bench;

const SQL: &str = "sql1.corp.example";
const PASSWORD: &str = "Str0ng one!";

/// A server of that collation, and a way to sign in to it.
struct Server {
    backend: EngineBackend,
    world: World,
}

impl Server {
    fn new(collation: &str) -> Self {
        let bench = Bench::prepared();
        bench.world.with(|estate| {
            let engine = &mut estate.sql_servers[0];
            collation.clone_into(&mut engine.collation);
            let sa = &mut engine.logins[0];
            (sa.enabled, sa.password) = (true, Some(Password(PASSWORD.to_owned())));
        });
        Self::of(&bench.world, SQL)
    }

    /// A server of a world.
    fn of(world: &World, host: &str) -> Self {
        let clock = Arc::new(OffsetDateTime::now_utc);
        let tokens = Tokens::new(clock, Duration::HOUR, 1).unwrap();
        let (journal, faults) = (Journal::new(), Faults::new());
        let backend = EngineBackend::new(world, &host.into(), &journal, &faults, &tokens).unwrap();
        Self { backend, world: world.clone() }
    }

    /// A server whose collation is the usual one, and an administrator in it.
    async fn usual() -> (Self, SqlSession) {
        let server = Self::new("SQL_Latin1_General_CP1_CI_AS");
        let session = server.sign_in("sa", PASSWORD).await.unwrap();
        (server, session)
    }

    async fn sign_in(&self, user: &str, password: &str) -> Option<SqlSession> {
        let login = Login {
            credential: Credential::Password { user: user.to_owned(), password: password.to_owned().into() },
            database: String::new(),
            host_name: "desk".to_owned(),
            application: "tool".to_owned(),
            server_name: SQL.to_owned(),
            read_only_intent: false,
            encrypted: true,
            peer: "127.0.0.1:50000".parse().unwrap(),
        };
        self.backend.login(login).await.ok().map(|(session, _)| session)
    }
}

/// The numbers of a batch's errors and the values of its rows.
async fn run(session: &mut SqlSession, text: &str) -> (Vec<i32>, Vec<Value>) {
    let (sender, mut events) = mpsc::channel(1000);
    session.run(Request::Batch(text.to_owned()), &sender, &CancellationToken::new()).await;
    drop(sender);
    let (mut numbers, mut values) = (Vec::new(), Vec::new());
    while let Some(event) = events.recv().await {
        match event {
            Event::Message(message) if message.class > 10 => numbers.push(message.number),
            Event::Row(row) => values.extend(row),
            _ => {}
        }
    }
    (numbers, values)
}

/// Batches and what a client reads of them, each in the session that the one before it left.
async fn all(cases: &[(&str, &str)]) {
    let (_server, mut session) = Server::usual().await;
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let said = said(&mut session, text).await;
        if said != *expected {
            wrong.push(format!("{text}\n  said     {said}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a client reads of a batch, in order: values of rows as they are, `!number` for an error, `"text"` for a message.
async fn said(session: &mut SqlSession, text: &str) -> String {
    answer(session, Request::Batch(text.to_owned())).await
}

/// The texts of a batch's errors.
async fn errors(session: &mut SqlSession, text: &str) -> Vec<String> {
    let (sender, mut events) = mpsc::channel(1000);
    session.run(Request::Batch(text.to_owned()), &sender, &CancellationToken::new()).await;
    drop(sender);
    let mut texts = Vec::new();
    while let Some(event) = events.recv().await {
        if let Event::Message(message) = event
            && message.class > 10
        {
            texts.push(message.text);
        }
    }
    texts
}

/// The same of a remote procedure call; `=status` is what it returned, `@name=value` an output parameter.
async fn called(session: &mut SqlSession, procedure: &str, parameters: Vec<Parameter>) -> String {
    answer(session, Request::Rpc { procedure: procedure.to_owned(), parameters }).await
}

async fn answer(session: &mut SqlSession, request: Request) -> String {
    let (sender, mut events) = mpsc::channel(1000);
    session.run(request, &sender, &CancellationToken::new()).await;
    drop(sender);
    let mut said = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Message(message) if message.class > 10 => said.push(format!("!{}", message.number)),
            Event::Message(message) => said.push(format!("{:?}", message.text)),
            Event::Row(row) => said.extend(row.iter().map(shown)),
            Event::Database(new, _) => said.push(format!("in {new}")),
            Event::ReturnStatus(status) => said.push(format!("={status}")),
            Event::Output { name, value, .. } => said.push(format!("{name}={}", shown(&value))),
            Event::Columns(_) | Event::Done { .. } | Event::Transaction(_) | Event::Flush => {}
        }
    }
    said.join(" ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}
