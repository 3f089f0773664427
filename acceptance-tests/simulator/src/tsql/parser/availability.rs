//! `CREATE`, `ALTER` and `DROP AVAILABILITY GROUP`, local and distributed.
//!
//! Grammar: learn.microsoft.com CREATE/ALTER/DROP AVAILABILITY GROUP (2026) and the link's scripts. Which words a
//! version knows is checked at the end ([`check_version`]): 2016 has no `CLUSTER_TYPE`, for instance.

use sqlparser::tokenizer::Token;

use super::super::ast::{
    AllowConnections, AlterAvailabilityGroup, AvailabilityMode, BackupPreference, Batch, ClusterType,
    CreateAvailabilityGroup, Ddl, FailoverMode, GroupForm, GroupOptions, Listener, ReplicaOptions,
    SeedingMode, Statement, StatementKind,
};
use super::super::error::{self, SqlError};
use super::cursor::Cursor;

/// `CREATE AVAILABILITY GROUP name [WITH (…)] {FOR … REPLICA ON … | AVAILABILITY GROUP ON …}`.
pub(super) fn create(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["AVAILABILITY", "GROUP"])?;
    let name = cursor.name()?;
    let options = if cursor.eat("WITH") { group_options(cursor, true)? } else { GroupOptions::default() };
    let form = if cursor.eat("AVAILABILITY") {
        cursor.expect_all(&["GROUP", "ON"])?;
        GroupForm::Distributed { members: cursor.list(member)? }
    } else {
        cursor.expect("FOR")?;
        let databases = if cursor.eat("DATABASE") { cursor.names()? } else { Vec::new() };
        cursor.expect_all(&["REPLICA", "ON"])?;
        let replicas = cursor.list(new_replica)?;
        let listener = if cursor.eat("LISTENER") { Some(listener(cursor)?) } else { None };
        GroupForm::Local { databases, replicas, listener }
    };
    Ok(Ddl::CreateAvailabilityGroup(CreateAvailabilityGroup { name, options, form }))
}

pub(super) fn drop(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["AVAILABILITY", "GROUP"])?;
    Ok(Ddl::DropAvailabilityGroup { name: cursor.name()? })
}

/// `ALTER AVAILABILITY GROUP name …`.
pub(super) fn alter(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["AVAILABILITY", "GROUP"])?;
    let name = cursor.name()?;
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    use AlterAvailabilityGroup as Change;
    let change = match word.as_str() {
        "SET" => set(cursor)?,
        "ADD" | "MODIFY" | "REMOVE" | "RESTART" => change_part(cursor)?,
        "JOIN" => join(cursor)?,
        "FAILOVER" => {
            cursor.advance();
            Change::Failover
        }
        "FORCE_FAILOVER_ALLOW_DATA_LOSS" => {
            cursor.advance();
            Change::ForceFailover
        }
        "OFFLINE" => {
            cursor.advance();
            Change::Offline
        }
        "GRANT" => {
            cursor.advance();
            cursor.expect_all(&["CREATE", "ANY", "DATABASE"])?;
            Change::GrantCreateAnyDatabase
        }
        "DENY" => {
            cursor.advance();
            cursor.expect_all(&["CREATE", "ANY", "DATABASE"])?;
            Change::DenyCreateAnyDatabase
        }
        _ => return Err(cursor.unexpected()),
    };
    Ok(Ddl::AlterAvailabilityGroup { name, change })
}

fn set(cursor: &mut Cursor) -> Result<AlterAvailabilityGroup, SqlError> {
    cursor.expect("SET")?;
    if matches!(cursor.peek(), Token::LParen) && cursor.peek_nth_word(1).as_deref() == Some("ROLE") {
        cursor.expect_token(&Token::LParen)?;
        cursor.expect("ROLE")?;
        cursor.expect_equals()?;
        cursor.expect("SECONDARY")?;
        cursor.expect_token(&Token::RParen)?;
        return Ok(AlterAvailabilityGroup::SetRoleSecondary);
    }
    group_options(cursor, false).map(AlterAvailabilityGroup::Set)
}

/// ASSUMED 120: several databases, replicas and options at a time.
fn change_part(cursor: &mut Cursor) -> Result<AlterAvailabilityGroup, SqlError> {
    use AlterAvailabilityGroup as Change;
    if cursor.eat_all(&["ADD", "DATABASE"]) {
        return cursor.names().map(Change::AddDatabases);
    }
    if cursor.eat_all(&["REMOVE", "DATABASE"]) {
        return cursor.names().map(Change::RemoveDatabases);
    }
    if cursor.eat_all(&["ADD", "REPLICA", "ON"]) {
        return cursor.list(new_replica).map(Change::AddReplicas);
    }
    if cursor.eat_all(&["MODIFY", "REPLICA", "ON"]) {
        return cursor.list(replica).map(Change::ModifyReplicas);
    }
    if cursor.eat_all(&["REMOVE", "REPLICA", "ON"]) {
        return cursor.list(Cursor::string).map(Change::RemoveReplicas);
    }
    if cursor.eat_all(&["MODIFY", "AVAILABILITY", "GROUP", "ON"]) {
        return cursor.list(member).map(Change::ModifyDistributed);
    }
    if cursor.eat_all(&["ADD", "LISTENER"]) {
        return listener(cursor).map(Change::AddListener);
    }
    if cursor.eat_all(&["REMOVE", "LISTENER"]) {
        return cursor.string().map(Change::RemoveListener);
    }
    if cursor.eat_all(&["RESTART", "LISTENER"]) {
        return cursor.string().map(Change::RestartListener);
    }
    if cursor.eat_all(&["MODIFY", "LISTENER"]) {
        return modify_listener(cursor);
    }
    cursor.advance();
    Err(cursor.unexpected())
}

fn join(cursor: &mut Cursor) -> Result<AlterAvailabilityGroup, SqlError> {
    cursor.expect("JOIN")?;
    if cursor.eat("AVAILABILITY") {
        cursor.expect_all(&["GROUP", "ON"])?;
        return cursor.list(member).map(AlterAvailabilityGroup::JoinDistributed);
    }
    let mut kind = None;
    if cursor.eat("WITH") {
        cursor.expect_token(&Token::LParen)?;
        cursor.expect("CLUSTER_TYPE")?;
        cursor.expect_equals()?;
        kind = Some(cluster_type(cursor)?);
        cursor.expect_token(&Token::RParen)?;
    }
    Ok(AlterAvailabilityGroup::Join { cluster_type: kind })
}

fn cluster_type(cursor: &mut Cursor) -> Result<ClusterType, SqlError> {
    cursor.one_of(&[
        ("WSFC", ClusterType::Wsfc),
        ("EXTERNAL", ClusterType::External),
        ("NONE", ClusterType::None),
    ])
}

/// `(OPTION [= value], …)`. `creating` admits the options that only CREATE knows.
fn group_options(cursor: &mut Cursor, creating: bool) -> Result<GroupOptions, SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let mut options = GroupOptions::default();
    loop {
        group_option(cursor, creating, &mut options)?;
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(options)
}

fn group_option(cursor: &mut Cursor, creating: bool, options: &mut GroupOptions) -> Result<(), SqlError> {
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    let flag = match word.as_str() {
        "DISTRIBUTED" => Some(&mut options.distributed),
        "BASIC" => Some(&mut options.basic),
        "CONTAINED" => Some(&mut options.contained),
        "REUSE_SYSTEM_DATABASES" => Some(&mut options.reuse_system_databases),
        _ => None,
    };
    if let Some(flag) = flag {
        if !creating || *flag {
            return Err(cursor.unexpected());
        }
        cursor.advance();
        *flag = true;
        return Ok(());
    }
    let known = matches!(
        word.as_str(),
        "AUTOMATED_BACKUP_PREFERENCE"
            | "FAILURE_CONDITION_LEVEL"
            | "HEALTH_CHECK_TIMEOUT"
            | "DB_FAILOVER"
            | "DTC_SUPPORT"
            | "REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT"
            | "CLUSTER_TYPE"
    );
    if !known || (word == "CLUSTER_TYPE" && !creating) {
        return Err(cursor.unexpected());
    }
    cursor.advance();
    cursor.expect_equals()?;
    match word.as_str() {
        "AUTOMATED_BACKUP_PREFERENCE" => {
            options.backup_preference = Some(cursor.one_of(&[
                ("PRIMARY", BackupPreference::Primary),
                ("SECONDARY_ONLY", BackupPreference::SecondaryOnly),
                ("SECONDARY", BackupPreference::Secondary),
                ("NONE", BackupPreference::None),
            ])?);
        }
        "FAILURE_CONDITION_LEVEL" => options.failure_condition_level = Some(cursor.integer()?),
        "HEALTH_CHECK_TIMEOUT" => options.health_check_timeout = Some(cursor.integer()?),
        "DB_FAILOVER" => options.db_failover = Some(cursor.on_off()?),
        "DTC_SUPPORT" => options.dtc_support = Some(cursor.one_of(&[("PER_DB", true), ("NONE", false)])?),
        "REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT" => {
            options.required_synchronized_secondaries = Some(cursor.integer()?);
        }
        _ => options.cluster_type = Some(cluster_type(cursor)?),
    }
    Ok(())
}

/// A replica that is created must say where it listens and how it commits and fails over.
///
/// 35236, 41198 and 41197 are severity 15 in the error table: raised while the statement is read.
fn new_replica(cursor: &mut Cursor) -> Result<ReplicaOptions, SqlError> {
    let line = cursor.line();
    let replica = replica(cursor)?;
    if replica.url.is_none() {
        return Err(error::endpoint_url_missing(&replica.name, line));
    }
    if replica.failover_mode.is_none()
        && replica.availability_mode != Some(AvailabilityMode::ConfigurationOnly)
    {
        return Err(error::failover_mode_missing(&replica.name, line));
    }
    if replica.availability_mode.is_none() {
        return Err(error::availability_mode_missing(&replica.name, line));
    }
    Ok(replica)
}

fn replica(cursor: &mut Cursor) -> Result<ReplicaOptions, SqlError> {
    member_with(cursor, "ENDPOINT_URL")
}

fn member(cursor: &mut Cursor) -> Result<ReplicaOptions, SqlError> {
    member_with(cursor, "LISTENER_URL")
}

/// `N'name' WITH (option, …)`; the name must be a string.
fn member_with(cursor: &mut Cursor, url_word: &str) -> Result<ReplicaOptions, SqlError> {
    let mut replica = ReplicaOptions::new(cursor.string()?);
    cursor.expect("WITH")?;
    cursor.expect_token(&Token::LParen)?;
    loop {
        replica_option(cursor, url_word, &mut replica)?;
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(replica)
}

fn replica_option(cursor: &mut Cursor, url_word: &str, replica: &mut ReplicaOptions) -> Result<(), SqlError> {
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    let distributed = url_word == "LISTENER_URL";
    if distributed && matches!(word.as_str(), "BACKUP_PRIORITY" | "PRIMARY_ROLE" | "SECONDARY_ROLE") {
        return Err(cursor.unexpected());
    }
    match word.as_str() {
        "PRIMARY_ROLE" | "SECONDARY_ROLE" => {
            cursor.advance();
            return role_options(cursor, word == "PRIMARY_ROLE", replica);
        }
        "AVAILABILITY_MODE" | "FAILOVER_MODE" | "SEEDING_MODE" | "BACKUP_PRIORITY" | "SESSION_TIMEOUT" => {}
        word if word == url_word => {}
        _ => return Err(cursor.unexpected()),
    }
    cursor.advance();
    cursor.expect_equals()?;
    match word.as_str() {
        "AVAILABILITY_MODE" => {
            replica.availability_mode = Some(cursor.one_of(&[
                ("SYNCHRONOUS_COMMIT", AvailabilityMode::Synchronous),
                ("ASYNCHRONOUS_COMMIT", AvailabilityMode::Asynchronous),
                ("CONFIGURATION_ONLY", AvailabilityMode::ConfigurationOnly),
            ])?);
        }
        "FAILOVER_MODE" => {
            replica.failover_mode = Some(cursor.one_of(&[
                ("AUTOMATIC", FailoverMode::Automatic),
                ("MANUAL", FailoverMode::Manual),
                ("EXTERNAL", FailoverMode::External),
            ])?);
        }
        "SEEDING_MODE" => {
            replica.seeding_mode = Some(
                cursor.one_of(&[("AUTOMATIC", SeedingMode::Automatic), ("MANUAL", SeedingMode::Manual)])?,
            );
        }
        "BACKUP_PRIORITY" => replica.backup_priority = Some(cursor.integer()?),
        "SESSION_TIMEOUT" => replica.session_timeout = Some(cursor.integer()?),
        _ => replica.url = Some(cursor.string()?),
    }
    Ok(())
}

/// `(ALLOW_CONNECTIONS = …, READ_ONLY_ROUTING_URL = '…', READ_ONLY_ROUTING_LIST = ('…', …), …)`.
fn role_options(cursor: &mut Cursor, primary: bool, replica: &mut ReplicaOptions) -> Result<(), SqlError> {
    cursor.expect_token(&Token::LParen)?;
    loop {
        match (cursor.peek_word().as_deref(), primary) {
            (Some("ALLOW_CONNECTIONS"), true) => {
                cursor.advance();
                cursor.expect_equals()?;
                replica.primary_connections = Some(cursor.one_of(&[
                    ("READ_WRITE", AllowConnections::ReadWrite),
                    ("ALL", AllowConnections::All),
                ])?);
            }
            (Some("ALLOW_CONNECTIONS"), false) => {
                cursor.advance();
                cursor.expect_equals()?;
                replica.secondary_connections = Some(cursor.one_of(&[
                    ("NO", AllowConnections::No),
                    ("READ_ONLY", AllowConnections::ReadOnly),
                    ("ALL", AllowConnections::All),
                ])?);
            }
            (Some("READ_ONLY_ROUTING_LIST"), true) => {
                cursor.advance();
                cursor.expect_equals()?;
                replica.read_only_routing_list = Some(routing_list(cursor)?);
            }
            (Some("READ_WRITE_ROUTING_URL"), true) => {
                cursor.advance();
                cursor.expect_equals()?;
                replica.read_write_routing_url = Some(url_or_none(cursor)?);
            }
            (Some("READ_ONLY_ROUTING_URL"), false) => {
                cursor.advance();
                cursor.expect_equals()?;
                replica.read_only_routing_url = Some(url_or_none(cursor)?);
            }
            _ => return Err(cursor.unexpected()),
        }
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)
}

fn url_or_none(cursor: &mut Cursor) -> Result<Option<String>, SqlError> {
    if cursor.eat("NONE") { Ok(None) } else { cursor.string().map(Some) }
}

fn routing_list(cursor: &mut Cursor) -> Result<Vec<Vec<String>>, SqlError> {
    if cursor.eat("NONE") {
        return Ok(Vec::new());
    }
    cursor.expect_token(&Token::LParen)?;
    if cursor.eat("NONE") {
        cursor.expect_token(&Token::RParen)?;
        return Ok(Vec::new());
    }
    let sets = cursor.list(|cursor| {
        if !cursor.eat_token(&Token::LParen) {
            return cursor.string().map(|name| vec![name]);
        }
        let names = cursor.list(Cursor::string)?;
        cursor.expect_token(&Token::RParen)?;
        Ok(names)
    })?;
    cursor.expect_token(&Token::RParen)?;
    Ok(sets)
}

/// `'dns_name' (WITH {DHCP [ON (…)] | IP ((…), …) [, PORT = n]})`.
fn listener(cursor: &mut Cursor) -> Result<Listener, SqlError> {
    let dns_name = cursor.string()?;
    cursor.expect_token(&Token::LParen)?;
    cursor.expect("WITH")?;
    let mut listener = Listener { dns_name, addresses: Vec::new(), dhcp: false, subnet: None, port: None };
    if cursor.eat("DHCP") {
        listener.dhcp = true;
        if cursor.eat("ON") {
            listener.subnet = Some(address(cursor)?);
        }
    } else {
        cursor.expect("IP")?;
        cursor.expect_token(&Token::LParen)?;
        listener.addresses = cursor.list(address)?;
        cursor.expect_token(&Token::RParen)?;
    }
    if cursor.eat_token(&Token::Comma) {
        cursor.expect("PORT")?;
        cursor.expect_equals()?;
        listener.port = Some(cursor.integer()?);
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(listener)
}

/// `('10.0.0.4', '255.255.255.0')` or `('::1')`.
fn address(cursor: &mut Cursor) -> Result<(String, Option<String>), SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let ip = cursor.string()?;
    let mask = if cursor.eat_token(&Token::Comma) { Some(cursor.string()?) } else { None };
    cursor.expect_token(&Token::RParen)?;
    Ok((ip, mask))
}

/// `'dns_name' (ADD IP (…) | PORT = n)`.
fn modify_listener(cursor: &mut Cursor) -> Result<AlterAvailabilityGroup, SqlError> {
    let dns_name = cursor.string()?;
    cursor.expect_token(&Token::LParen)?;
    let (mut port, mut add_ip) = (None, None);
    if cursor.eat_all(&["ADD", "IP"]) {
        add_ip = Some(address(cursor)?);
    } else {
        cursor.expect("PORT")?;
        cursor.expect_equals()?;
        port = Some(cursor.integer()?);
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(AlterAvailabilityGroup::ModifyListener { dns_name, port, add_ip })
}

/// Refuses options that a version's grammar lacks: they fail the whole batch, whether reached or not.
///
/// `CLUSTER_TYPE` and `REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT` came with 2017, `CONTAINED` with 2022
/// (learn.microsoft.com CREATE AVAILABILITY GROUP); distributed groups and `SEEDING_MODE` with 2016.
pub(super) fn check_version(batch: &Batch, version: u8) -> Result<(), SqlError> {
    batch.statements.iter().try_for_each(|statement| check_statement(statement, version))
}

fn check_statement(statement: &Statement, version: u8) -> Result<(), SqlError> {
    let all =
        |statements: &[Statement]| statements.iter().try_for_each(|each| check_statement(each, version));
    match &statement.kind {
        StatementKind::If { then, otherwise, .. } => {
            check_statement(then, version)?;
            otherwise.as_ref().map_or(Ok(()), |otherwise| check_statement(otherwise, version))
        }
        StatementKind::While { body, .. } => check_statement(body, version),
        StatementKind::Block(statements) => all(statements),
        StatementKind::TryCatch { attempt, handler } => {
            all(attempt)?;
            all(handler)
        }
        StatementKind::Ddl(ddl) => check_ddl(ddl, version, statement.line),
        _ => Ok(()),
    }
}

fn check_ddl(ddl: &Ddl, version: u8, line: u32) -> Result<(), SqlError> {
    let options = match ddl {
        Ddl::CreateAvailabilityGroup(create) => Some(&create.options),
        Ddl::AlterAvailabilityGroup { change: AlterAvailabilityGroup::Set(options), .. } => Some(options),
        Ddl::AlterAvailabilityGroup {
            change: AlterAvailabilityGroup::Join { cluster_type: Some(_) },
            ..
        } if version < 14 => {
            return Err(error::syntax("WITH", true, line));
        }
        _ => None,
    };
    let Some(options) = options else { return Ok(()) };
    let too_new = [
        (options.cluster_type.is_some(), 14, "CLUSTER_TYPE"),
        (
            options.required_synchronized_secondaries.is_some(),
            14,
            "REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT",
        ),
        (options.contained, 16, "CONTAINED"),
        (options.reuse_system_databases, 16, "REUSE_SYSTEM_DATABASES"),
    ];
    match too_new.iter().find(|(written, first, _)| *written && version < *first) {
        Some((_, _, word)) => Err(error::syntax(word, false, line)),
        None => Ok(()),
    }
}
