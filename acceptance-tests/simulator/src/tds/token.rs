//! The tokens of an answer.

use super::backend::{
    Collation, Column, DataType, Federation, Greeting, Server, SqlMessage, TransactionChange, Value,
};
use super::reader::{put_short_text, put_text, put_utf16};
use super::types::{self, Mismatch};

/// Kinds of DONE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// Of a statement in a batch.
    Batch = 0xfd,
    /// Of a procedure.
    Procedure = 0xfe,
    /// Of a statement in a procedure.
    InProcedure = 0xff,
}

/// More results follow.
pub(super) const MORE: u16 = 0x01;
/// The statement failed.
pub(super) const ERROR: u16 = 0x02;
/// The count is one.
pub(super) const COUNT: u16 = 0x10;
/// The answer to an attention.
pub(super) const ATTENTION: u16 = 0x20;

pub(super) fn done(out: &mut Vec<u8>, kind: Done, status: u16, rows: u64) {
    out.push(kind as u8);
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&[0xc1, 0]); // SELECT; no client minds what it was
    out.extend_from_slice(&rows.to_le_bytes());
}

pub(super) fn message(out: &mut Vec<u8>, message: &SqlMessage, server: &str) {
    let mut body = Vec::new();
    body.extend_from_slice(&message.number.to_le_bytes());
    body.extend_from_slice(&[message.state, message.class]);
    put_text(&mut body, &message.text);
    put_short_text(&mut body, server);
    put_short_text(&mut body, &message.procedure);
    body.extend_from_slice(&message.line.to_le_bytes());
    sized(out, if message.class > 10 { 0xaa } else { 0xab }, &body);
}

pub(super) fn columns(out: &mut Vec<u8>, columns: &[Column], collation: Collation) {
    out.push(0x81);
    out.extend_from_slice(&u16::try_from(columns.len()).unwrap_or(u16::MAX).to_le_bytes());
    for column in columns {
        out.extend_from_slice(&0_u32.to_le_bytes());
        out.extend_from_slice(&u16::from(column.nullable).to_le_bytes());
        types::write_column_type(out, column, collation);
        put_short_text(out, &column.name);
    }
}

/// A row; nothing of it where a value is not one of its column.
///
/// # Errors
/// When a value is not one of its column.
pub(super) fn row(
    out: &mut Vec<u8>,
    columns: &[Column],
    values: &[Value],
    collation: Collation,
) -> Result<(), Mismatch> {
    let start = out.len();
    out.push(0xd1);
    for (place, column) in columns.iter().enumerate() {
        let value = values.get(place).unwrap_or(&Value::Null);
        if let Err(mismatch) = types::write_column_value(out, column, value, collation) {
            out.truncate(start);
            return Err(mismatch);
        }
    }
    Ok(())
}

pub(super) fn return_status(out: &mut Vec<u8>, status: i32) {
    out.push(0x79);
    out.extend_from_slice(&status.to_le_bytes());
}

/// An output parameter.
///
/// # Errors
/// When the value is not one of the type; nothing was written then.
pub(super) fn output(
    out: &mut Vec<u8>,
    ordinal: u16,
    name: &str,
    data_type: DataType,
    value: &Value,
    collation: Collation,
) -> Result<(), Mismatch> {
    let start = out.len();
    out.push(0xac);
    out.extend_from_slice(&ordinal.to_le_bytes());
    put_short_text(out, name);
    out.push(1);
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    types::write_type(out, data_type, collation);
    let written = types::write_value(out, data_type, value, collation);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// The current database changed: what drivers keep in mind, and the message for people.
pub(super) fn database(out: &mut Vec<u8>, new: &str, old: &str, state: u8, server: &str) {
    environment(out, 1, new, old);
    information(out, 5701, state, format!("Changed database context to '{new}'."), server);
}

fn information(out: &mut Vec<u8>, number: i32, state: u8, text: String, server: &str) {
    let procedure = String::new();
    message(out, &SqlMessage { number, state, class: 0, text, procedure, line: 1 }, server);
}

/// A transaction began or ended. There is one at a time, so its descriptor is always the same.
pub(super) fn transaction(out: &mut Vec<u8>, change: TransactionChange) {
    let descriptor = 1_u64.to_le_bytes();
    let (kind, new, old): (u8, &[u8], &[u8]) = match change {
        TransactionChange::Begun => (8, &descriptor, &[]),
        TransactionChange::Committed => (9, &[], &descriptor),
        TransactionChange::RolledBack => (10, &[], &descriptor),
    };
    let mut body = vec![kind];
    for part in [new, old] {
        body.push(u8::try_from(part.len()).unwrap_or(0));
        body.extend_from_slice(part);
    }
    sized(out, 0xe3, &body);
}

/// `FEDAUTHINFO`: where the client gets its token.
pub(super) fn federation(out: &mut Vec<u8>, federation: &Federation) {
    let texts = [(1_u8, &federation.authority), (2, &federation.resource)];
    let mut head = Vec::new();
    let mut data = Vec::new();
    // Offsets count from the number of entries on.
    let start = 4 + texts.len() * 9;
    head.extend_from_slice(&u32::try_from(texts.len()).unwrap_or(0).to_le_bytes());
    for (id, text) in texts {
        let offset = start + data.len();
        let before = data.len();
        put_utf16(&mut data, text);
        head.push(id);
        head.extend_from_slice(&u32::try_from(data.len() - before).unwrap_or(0).to_le_bytes());
        head.extend_from_slice(&u32::try_from(offset).unwrap_or(0).to_le_bytes());
    }
    out.push(0xee);
    out.extend_from_slice(&u32::try_from(head.len() + data.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(&data);
}

/// Acknowledges that the connection was reset.
pub(super) fn was_reset(out: &mut Vec<u8>) {
    sized(out, 0xe3, &[18, 0, 0]);
}

/// Everything that a client is told when it is in.
pub(super) fn greeting(
    out: &mut Vec<u8>,
    server: &Server,
    greeting: &Greeting,
    version: u32,
    packet_size: usize,
    features: &[(u8, Vec<u8>)],
) {
    database(out, &greeting.database, "master", 2, &server.name);
    let mut collation = vec![7, 5];
    collation.extend_from_slice(&greeting.collation.0);
    collation.push(0);
    sized(out, 0xe3, &collation);
    environment(out, 2, &greeting.language, "");
    let text = format!("Changed language setting to {}.", greeting.language);
    information(out, 5703, 1, text, &server.name);
    let mut acknowledged = vec![1];
    acknowledged.extend_from_slice(&version.to_be_bytes());
    put_short_text(&mut acknowledged, "Microsoft SQL Server");
    let (major, minor, build) = server.version;
    acknowledged.extend_from_slice(&[major, minor]);
    acknowledged.extend_from_slice(&build.to_be_bytes());
    sized(out, 0xad, &acknowledged);
    environment(out, 4, &packet_size.to_string(), "4096");
    if !features.is_empty() {
        out.push(0xae);
        for (id, data) in features {
            out.push(*id);
            out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(data);
        }
        out.push(0xff);
    }
    if let Some((host, port)) = &greeting.route {
        let mut route = vec![0];
        route.extend_from_slice(&port.to_le_bytes());
        put_text(&mut route, host);
        let mut body = vec![20];
        body.extend_from_slice(&u16::try_from(route.len()).unwrap_or(0).to_le_bytes());
        body.extend_from_slice(&route);
        body.extend_from_slice(&[0, 0]);
        sized(out, 0xe3, &body);
    }
}

fn environment(out: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    let mut body = vec![kind];
    put_short_text(&mut body, new);
    put_short_text(&mut body, old);
    sized(out, 0xe3, &body);
}

fn sized(out: &mut Vec<u8>, token: u8, body: &[u8]) {
    out.push(token);
    out.extend_from_slice(&u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(body);
}
