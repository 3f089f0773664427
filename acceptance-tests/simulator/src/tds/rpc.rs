//! Requests: the headers in front of them, remote procedure calls, and what the transaction manager asks.

use std::io;

use super::backend::{Parameter, Request};
use super::packet::malformed;
use super::reader::{Reader, utf16};
use super::types;

/// The text of a batch.
pub(super) fn batch(body: &[u8]) -> io::Result<Request> {
    Ok(Request::Batch(utf16(after_headers(body)?)?))
}

/// The calls of an RPC message.
pub(super) fn calls(body: &[u8]) -> io::Result<Vec<Request>> {
    let mut reader = Reader::new(after_headers(body)?);
    let mut calls = Vec::new();
    while !reader.is_empty() {
        let procedure = match reader.u16()? {
            0xffff => well_known(reader.u16()?)?.to_owned(),
            units => reader.utf16(units.into())?,
        };
        let _options = reader.u16()?;
        let mut parameters = Vec::new();
        while let Some(next) = reader.peek() {
            if next == 0xff || next == 0x80 || next == 0xfe {
                reader.u8()?;
                break;
            }
            let name = reader.short_text()?;
            let status = reader.u8()?;
            let (data_type, value) = types::read(&mut reader)?;
            parameters.push(Parameter { name, data_type, value, output: status & 1 != 0 });
        }
        calls.push(Request::Rpc { procedure, parameters });
    }
    Ok(calls)
}

/// What the transaction manager is asked.
pub(super) fn transaction(body: &[u8]) -> io::Result<Request> {
    let mut reader = Reader::new(after_headers(body)?);
    match reader.u16()? {
        5 => {
            let _isolation = reader.u8()?;
            Ok(Request::Begin { name: reader.short_text()? })
        }
        7 => Ok(Request::Commit),
        8 => Ok(Request::Rollback),
        _ => Err(malformed("a request of the transaction manager that is not supported")),
    }
}

/// `ALL_HEADERS` begin with their total length.
fn after_headers(body: &[u8]) -> io::Result<&[u8]> {
    let length = usize::try_from(Reader::new(body).u32()?).unwrap_or(usize::MAX);
    body.get(length..).ok_or_else(|| malformed("headers longer than the message"))
}

fn well_known(id: u16) -> io::Result<&'static str> {
    const NAMES: [&str; 15] = [
        "sp_cursor",
        "sp_cursoropen",
        "sp_cursorprepare",
        "sp_cursorexecute",
        "sp_cursorprepexec",
        "sp_cursorunprepare",
        "sp_cursorfetch",
        "sp_cursoroption",
        "sp_cursorclose",
        "sp_executesql",
        "sp_prepare",
        "sp_execute",
        "sp_prepexec",
        "sp_prepexecrpc",
        "sp_unprepare",
    ];
    let place = usize::from(id).checked_sub(1);
    place.and_then(|place| NAMES.get(place)).copied().ok_or_else(|| malformed("an unknown procedure id"))
}
