//! Requests: the headers in front of them, remote procedure calls, and what the transaction manager asks.

use std::io;

use super::backend::{Opposites, Parameter, Request, SqlMessage};
use super::packet::malformed;
use super::reader::{Reader, utf16};
use super::types::{self, ReadError};

/// What becomes of a part of a message.
#[derive(Debug, PartialEq)]
pub(super) enum Call {
    /// The session runs it.
    Run(Request),
    /// It is well formed and cannot be done.
    Refuse(SqlMessage),
    /// The client sent it so that it is not run.
    Skip,
}

/// The text of a batch.
pub(super) fn batch(body: &[u8]) -> io::Result<Call> {
    Ok(Call::Run(Request::Batch(utf16(after_headers(body)?)?)))
}

/// The calls of an RPC message. After one that cannot be read nothing says where the next begins: it is the last.
pub(super) fn calls(body: &[u8], opposites: Opposites) -> io::Result<Vec<Call>> {
    /// Between calls.
    const NEXT: u8 = 0xff;
    /// Between calls, the one before it not being run. (0x80, which TDS 7.1 has, is the length of a name here.)
    const NEXT_UNRUN: u8 = 0xfe;
    let mut reader = Reader::new(after_headers(body)?);
    let mut calls = Vec::new();
    while !reader.is_empty() {
        let procedure = match reader.u16()? {
            u16::MAX => well_known(reader.u16()?)?.to_owned(),
            units => reader.utf16(units.into())?,
        };
        let _options = reader.u16()?;
        let mut parameters = Vec::new();
        let mut runs = true;
        while let Some(next) = reader.peek() {
            if matches!(next, NEXT | NEXT_UNRUN) {
                reader.u8()?;
                runs = next == NEXT;
                break;
            }
            let name = reader.short_text()?;
            let status = reader.u8()?;
            match types::read(&mut reader) {
                Ok((data_type, value)) => {
                    parameters.push(Parameter { name, data_type, value, output: status & 1 != 0 });
                }
                Err(ReadError::Malformed(error)) => return Err(error),
                Err(error) => {
                    calls.push(Call::Refuse(unreadable(&error, parameters.len() + 1, &name, opposites)));
                    return Ok(calls);
                }
            }
        }
        calls.push(if runs { Call::Run(Request::Rpc { procedure, parameters }) } else { Call::Skip });
    }
    if calls.is_empty() { Err(malformed("a call of nothing")) } else { Ok(calls) }
}

/// What the transaction manager is asked.
pub(super) fn transaction(body: &[u8]) -> io::Result<Call> {
    let mut reader = Reader::new(after_headers(body)?);
    let request = match reader.u16()? {
        5 => {
            let _isolation = reader.u8()?;
            Request::Begin { name: name(&mut reader)? }
        }
        7 => Request::Commit { begins_next: ends(&mut reader)?.1 },
        8 => {
            let (name, begins_next) = ends(&mut reader)?;
            Request::Rollback { name, begins_next }
        }
        9 => match name(&mut reader)? {
            name if name.is_empty() => return Err(malformed("a savepoint without a name")),
            name => Request::Save { name },
        },
        0 | 1 | 6 => return Ok(refusal("distributed transactions")),
        _ => return Err(malformed("a request that the transaction manager does not know")),
    };
    Ok(Call::Run(request))
}

/// A bulk load, which nothing that links are made of needs.
pub(super) fn bulk() -> Call {
    refusal("bulk loads")
}

/// Name of a transaction: unlike other names its length counts bytes (`B_VARBYTE`).
fn name(reader: &mut Reader<'_>) -> io::Result<String> {
    let length = reader.u8()?;
    utf16(reader.bytes(length.into())?)
}

/// How a transaction ends: its name, and whether another begins.
fn ends(reader: &mut Reader<'_>) -> io::Result<(String, bool)> {
    let name = name(reader)?;
    // Some clients end the message here.
    Ok((name, !reader.is_empty() && reader.u8()? & 1 != 0))
}

fn unreadable(error: &ReadError, ordinal: usize, name: &str, opposites: Opposites) -> SqlMessage {
    let start =
        "The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect.";
    let (number, text) = match error {
        ReadError::Unknown(token) => {
            (8009, format!("{start} Parameter {ordinal} (\"{name}\"): Data type 0x{token:02X} is unknown."))
        }
        // ASSUMED 50.
        ReadError::NoSuchType(_) if opposites.missing_types => {
            (2724, format!("Parameter or variable '{name}' has an invalid data type."))
        }
        ReadError::NoSuchType(data_type) => {
            (2715, format!("Column, parameter, or variable #{ordinal}: Cannot find data type {data_type}."))
        }
        ReadError::Invalid(data_type) => (
            8023,
            format!(
                "{start} Parameter {ordinal} (\"{name}\"): The supplied value is not a valid instance of data type \
                 {data_type}. Check the source data for invalid values. An example of an invalid value is data of \
                 numeric type with scale greater than precision."
            ),
        ),
        ReadError::NotModelled(what) => return not_modelled(what),
        // The caller ends the connection instead.
        ReadError::Malformed(_) => (8009, start.to_owned()),
    };
    let state = if number == 2715 { 3 } else { 1 };
    SqlMessage { number, state, class: 16, text, procedure: String::new(), line: 1 }
}

fn refusal(what: &str) -> Call {
    Call::Refuse(not_modelled(what))
}

/// As the engine refuses what it does not model: no server has this number.
fn not_modelled(what: &str) -> SqlMessage {
    let text = format!("The simulator does not model {what}.");
    SqlMessage { number: 49999, state: 1, class: 16, text, procedure: String::new(), line: 1 }
}

/// `ALL_HEADERS` begin with their total length, themselves included.
fn after_headers(body: &[u8]) -> io::Result<&[u8]> {
    let length = usize::try_from(Reader::new(body).u32()?).unwrap_or(usize::MAX);
    if length < 4 {
        return Err(malformed("headers shorter than their length"));
    }
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

#[cfg(test)]
mod tests {
    use super::super::backend::{DataType, Request, Value};
    use super::{Call, calls, transaction};
    use crate::tds::reader::{put_short_text, put_utf16};

    /// A call of `p` with what comes after its name and options.
    fn message(rest: &[u8]) -> Vec<u8> {
        let mut body = vec![4, 0, 0, 0, 1, 0];
        put_utf16(&mut body, "p");
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(rest);
        body
    }

    fn parameter(name: &str, of: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_short_text(&mut bytes, name);
        bytes.push(0);
        bytes.extend_from_slice(of);
        bytes
    }

    fn read_calls(body: &[u8]) -> std::io::Result<Vec<Call>> {
        calls(body, crate::tds::backend::Opposites::default())
    }

    #[test]
    fn a_name_of_128_characters_is_no_end_of_the_call() {
        let name = format!("@{}", "n".repeat(127));
        let read = read_calls(&message(&parameter(&name, &[0x38, 7, 0, 0, 0]))).unwrap();
        let [Call::Run(Request::Rpc { parameters, .. })] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((parameters[0].name.as_str(), &parameters[0].value), (name.as_str(), &Value::Int(7)));
    }

    #[test]
    fn calls_follow_each_other_and_one_can_be_sent_unrun() {
        let mut body = message(&[0xfe]);
        body.extend_from_slice(&message(&[])[4..]);
        let read = read_calls(&body).unwrap();
        assert!(matches!(read.as_slice(), [Call::Skip, Call::Run(_)]), "{read:?}");
    }

    #[test]
    fn what_cannot_be_had_is_refused_by_number() {
        for (of, number) in [
            (&[0xf3, 0, 0, 1, b't', 0][..], 2715),               // table
            (&[0xf0], 49999),                                    // CLR
            (&[0x99], 8009),                                     // no type at all
            (&[0x3e, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f], 8023),       // infinity
            (&[0x6c, 17, 5, 9, 0], 8023),                        // scale greater than precision
            (&[0x3d, 0, 0, 0, 0, 0x00, 0x82, 0x8b, 0x01], 8023), // a tick after the last of the day
        ] {
            let read = read_calls(&message(&parameter("@a", of))).unwrap();
            let [Call::Refuse(message)] = read.as_slice() else { panic!("{of:x?}: {read:?}") };
            assert_eq!(message.number, number, "{of:x?}");
        }
    }

    #[test]
    fn long_types_of_old_and_variants_are_read() {
        let text = [&[0x23, 255, 0, 0, 0, 0x09, 0x04, 0xd0, 0, 0x34, 2, 0, 0, 0][..], &[0xe9, b'!']].concat();
        let wide = [&[0x63, 255, 0, 0, 0, 0x09, 0x04, 0xd0, 0, 0x34, 2, 0, 0, 0][..], &[0xe9, 0]].concat();
        let image = [0x22, 255, 0, 0, 0, 2, 0, 0, 0, 1, 2];
        let no_image = [0x22, 255, 0, 0, 0, 255, 255, 255, 255];
        let variant = [0x62, 0x49, 0x1f, 0, 0, 6, 0, 0, 0, 0x38, 0, 7, 0, 0, 0];
        for (of, data_type, value) in [
            (&text[..], DataType::VarChar(None), Value::Text("é!".to_owned())),
            (&wide, DataType::NVarChar(None), Value::Text("é".to_owned())),
            (&image, DataType::VarBinary(None), Value::Bytes(vec![1, 2])),
            (&no_image, DataType::VarBinary(None), Value::Null),
            (&variant, DataType::Int, Value::Int(7)),
        ] {
            let read = read_calls(&message(&parameter("@a", of))).unwrap();
            let [Call::Run(Request::Rpc { parameters, .. })] = read.as_slice() else { panic!("{read:?}") };
            assert_eq!((parameters[0].data_type, &parameters[0].value), (data_type, &value));
        }
    }

    #[test]
    fn a_transaction_ends_with_or_without_the_next() {
        let body = |rest: &[u8]| [&[4, 0, 0, 0][..], rest].concat();
        let run = |request| Call::Run(request);
        assert_eq!(transaction(&body(&[7, 0, 0, 0])).unwrap(), run(Request::Commit { begins_next: false }));
        assert_eq!(
            transaction(&body(&[8, 0, 0, 1, 2, 0])).unwrap(),
            run(Request::Rollback { name: String::new(), begins_next: true })
        );
        assert_eq!(
            transaction(&body(&[8, 0, 2, b's', 0, 0])).unwrap(),
            run(Request::Rollback { name: "s".to_owned(), begins_next: false })
        );
        assert_eq!(
            transaction(&body(&[9, 0, 2, b's', 0])).unwrap(),
            run(Request::Save { name: "s".to_owned() })
        );
        assert!(transaction(&body(&[9, 0, 0])).is_err());
        assert!(matches!(transaction(&body(&[6, 0])).unwrap(), Call::Refuse(_)));
        assert!(transaction(&body(&[99, 0])).is_err());
    }
}
