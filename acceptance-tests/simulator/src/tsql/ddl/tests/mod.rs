//! What statements do, from their text: refusals with the numbers of the facts, and what a success leaves behind.
//!
//! A refusal is checked together with its promise: the world looks afterwards as it did before.

mod certificates;
mod databases;
mod endpoints;
mod groups;
mod permissions;

use std::collections::{BTreeMap, BTreeSet};

use time::macros::datetime;

use super::{Caller, Outcome, execute};
use crate::tsql::ast::StatementKind;
use crate::tsql::error::SqlError;
use crate::tsql::parser::parse;
use crate::world::Estate;
use crate::world::clock::Clock;
use crate::world::estate::Network;
use crate::world::instance::{Edition, SqlInstance};
use crate::world::names::Names;
use crate::world::security::{Login, LoginOptions};

const PASSWORD: &str = "Str0ng and long!";

/// One SQL Server, `sa` and what a test does to them.
struct Bench {
    estate: Estate,
    caller: Caller,
}

impl Bench {
    /// A SQL Server 2022 named `SQL1` with the feature on, no cluster, a database `sales` that is ready for a group.
    fn new() -> Self {
        let now = datetime!(2026-06-01 12:00 UTC);
        let login = |name: &str, id, roles: &[&str]| Login {
            name: name.to_owned(),
            id,
            password: None,
            kind: 'S',
            enabled: true,
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            options: LoginOptions::default(),
            created: now,
            modified: now,
        };
        let engine = SqlInstance {
            host: "sql1.corp.example".to_owned(),
            aliases: vec!["10.0.0.4".to_owned()],
            port: 1433,
            transport: crate::world::transport::Transport::default(),
            machine_name: "SQL1".to_owned(),
            instance_name: None,
            build: "16.0.4150.1".parse().unwrap(),
            edition: Edition::Enterprise,
            linux: false,
            hadr_enabled: true,
            clustered: false,
            cluster: None,
            collation: "SQL_Latin1_General_CP1_CI_AS".to_owned(),
            clock_skew: 0,
            trace_flags: BTreeSet::new(),
            startup_trace_flags: BTreeSet::new(),
            files: BTreeMap::new(),
            configuration: BTreeMap::new(),
            configured: BTreeMap::new(),
            accepted: BTreeMap::new(),
            databases: Vec::new(),
            master_key: None,
            certificates: Vec::new(),
            issuers: Vec::new(),
            endpoint: None,
            groups: Vec::new(),
            logins: vec![login("sa", 1, &["sysadmin"]), login("app", 260, &[])],
            users: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            next_id: 261,
            started: now,
            restarts: 0,
            database_names: Names::default(),
            group_names: Names::default(),
        };
        let estate = Estate {
            browsers: BTreeMap::new(),
            listeners_made: std::sync::Arc::default(),
            stirred: std::sync::Arc::default(),
            clock: Clock::new(now, 0),
            reached: now,
            sql_servers: vec![engine],
            managed_instances: Vec::new(),
            failover_groups: Vec::new(),
            subscriptions: BTreeMap::new(),
            operations: Vec::new(),
            pairs: Vec::new(),
            network: Network::default(),
            media: BTreeMap::new(),
            opposites: BTreeSet::new(),
            sequence: 0,
            seeding_rate: 1 << 20,
            log_rates: crate::world::flow::LogRates::default(),
        };
        let caller = Caller {
            engine: "sql1.corp.example".into(),
            login: "sa".to_owned(),
            database: "master".to_owned(),
            ..Caller::default()
        };
        let mut bench = Self { estate, caller };
        bench.run("CREATE DATABASE sales");
        bench.run("BACKUP DATABASE sales TO DISK = N'NUL'");
        bench
    }

    /// With master key, certificate `endpoint_cert` and a started endpoint on port 5022.
    fn with_endpoint() -> Self {
        let mut bench = Self::new();
        bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
        bench.run(
            "CREATE CERTIFICATE endpoint_cert WITH SUBJECT = N'SQL1 endpoint', EXPIRY_DATE = '20300101'",
        );
        bench.run(
            "CREATE ENDPOINT [hadr] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) FOR \
             DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [endpoint_cert], ENCRYPTION = REQUIRED ALGORITHM AES, \
             ROLE = ALL)",
        );
        bench
    }

    fn engine(&mut self) -> &mut SqlInstance {
        &mut self.estate.sql_servers[0]
    }

    fn attempt(&mut self, text: &str) -> Result<Outcome, SqlError> {
        let version = self.engine().build.major;
        let batch = parse(text, version).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let mut last = Outcome::default();
        for statement in batch.statements {
            let StatementKind::Ddl(ddl) = statement.kind else { panic!("{text} is no DDL") };
            last = execute(&mut self.estate, &self.caller, &ddl)?;
            if let Some(open) = last.master_key_open {
                self.caller.master_key_open = open;
            }
        }
        Ok(last)
    }

    /// Runs what must succeed.
    #[track_caller]
    fn run(&mut self, text: &str) -> Outcome {
        match self.attempt(text) {
            Ok(outcome) => outcome,
            Err(error) => panic!("{text}: {} {}", error.number, error.message),
        }
    }

    /// Runs what must be refused with this number and change nothing.
    #[track_caller]
    fn refused(&mut self, text: &str, number: i32) -> SqlError {
        let before = format!("{:?}", self.engine());
        let error = match self.attempt(text) {
            Ok(_) => panic!("{text} was not refused"),
            Err(error) => error,
        };
        let error = error.before.first().cloned().unwrap_or(error);
        assert_eq!(error.number, number, "{text}: {}", error.message);
        assert_eq!(before, format!("{:?}", self.engine()), "{text} was refused and changed something");
        error
    }
}
