//! Rows by column name, and the forms in which the engine keeps values.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rusqlite::types::Value;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::super::schema::ViewColumn;
use super::super::value::{self, Type};
use crate::world::log::LogPosition;
use crate::world::security::Login;

/// A row by column name; a column that is not there is NULL.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row(Vec<(&'static str, Value)>);

impl<const N: usize> From<[(&'static str, Value); N]> for Row {
    fn from(columns: [(&'static str, Value); N]) -> Self {
        Self(columns.into())
    }
}

impl Row {
    /// Adds a column, or puts another value into it.
    pub(crate) fn insert(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// This row and another that has none of its columns.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for (name, value) in other.0 {
            self.insert(name, value);
        }
    }
}

/// The rows with a value for each column, in the columns' order.
///
/// Rows of one view are made alike: where a column was in the last row, it is looked for first.
pub(super) fn in_order<'a>(rows: Vec<Row>, columns: impl Iterator<Item = &'a ViewColumn>) -> Vec<Vec<Value>> {
    let names: Vec<&'static str> = columns.map(|column| column.name).collect();
    let mut places = vec![0; names.len()];
    rows.into_iter()
        .map(|mut row| {
            names
                .iter()
                .zip(&mut places)
                .map(|(name, place)| {
                    if row.0.get(*place).is_none_or(|(known, _)| known != name) {
                        let found = row.0.iter().position(|(known, _)| known == name);
                        let Some(found) = found else { return Value::Null };
                        *place = found;
                    }
                    row.0
                        .get_mut(*place)
                        .map_or(Value::Null, |(_, value)| std::mem::replace(value, Value::Null))
                })
                .collect()
        })
        .collect()
}

pub(crate) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

pub(crate) fn maybe(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.clone()))
}

/// A value, or NULL.
pub(crate) fn none_or<T>(value: Option<T>, form: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, form)
}

pub(crate) fn number(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}

pub(crate) fn large(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A position as `numeric(25,0)`.
pub(crate) fn lsn(position: LogPosition) -> Value {
    large(position.numeric())
}

pub(crate) fn bit(flag: bool) -> Value {
    Value::Integer(i64::from(flag))
}

pub(crate) fn guid(guid: &str) -> Value {
    Value::Text(guid.to_ascii_uppercase())
}

pub(crate) fn moment(moment: OffsetDateTime) -> Value {
    moment_as(moment, Type::DateTime)
}

/// A moment in the form of another type.
pub(crate) fn moment_as(moment: OffsetDateTime, data_type: Type) -> Value {
    let utc = moment.to_offset(time::UtcOffset::UTC);
    Value::Text(value::format_moment(PrimitiveDateTime::new(utc.date(), utc.time()), data_type))
}

/// A GUID of something that the world keeps without one: always the same for the same words.
pub(crate) fn derived_guid(words: &[&str]) -> Value {
    let digest = digest(&SHA256, words.join("\u{0}").as_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|place| digest.as_ref().get(place).copied().unwrap_or(0));
    let guid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Value::Text(format!("{:X}", guid.hyphenated()))
}

/// SHA-1, as the engine's thumbprints are.
pub(super) fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// `sid` of a login: 0x01 of `sa`, 16 bytes of a SQL or Entra login, the system's own where Windows keeps it.
///
/// Those of service accounts follow from their names, as Windows derives them: S-1-5-80 and the SHA-1 of the name in
/// capitals as UTF-16.
pub(crate) fn sid(login: &Login) -> Vec<u8> {
    if login.id == 1 {
        return vec![1];
    }
    if let Some(chosen) = &login.options.sid {
        return chosen.clone();
    }
    let upper = login.name.to_uppercase();
    let hash = |text: &str| {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        sha1(&bytes)
    };
    match (login.kind, upper.split_once('\\')) {
        ('U' | 'G', Some(("NT AUTHORITY", "SYSTEM"))) => vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0],
        ('U' | 'G', Some(("BUILTIN", "ADMINISTRATORS"))) => {
            vec![1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0]
        }
        ('U' | 'G', Some(("NT SERVICE", service))) => {
            let mut sid = vec![1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0];
            sid.extend(hash(service));
            sid
        }
        ('U' | 'G', _) => {
            // An account of a domain: S-1-5-21, three numbers of the domain, one of the account.
            let domain = upper.split_once('\\').map_or("", |(domain, _)| domain);
            let mut sid = vec![1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0];
            sid.extend(hash(domain).into_iter().take(12));
            sid.extend(login.id.to_le_bytes());
            sid
        }
        ('C', _) => certificate_sid(&hash(&upper)),
        _ => hash(&format!("{upper}\u{0}{}", login.id)).into_iter().take(16).collect(),
    }
}

/// `sid` of a certificate's login: S-1-9-1 and the thumbprint.
pub(crate) fn certificate_sid(thumbprint: &[u8]) -> Vec<u8> {
    let mut sid = vec![1, 6, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0];
    sid.extend(thumbprint.iter().take(20));
    sid
}

/// A security identifier in words: `S-1-9-1-…`.
pub(crate) fn sid_text(sid: &[u8]) -> String {
    let revision = sid.first().copied().unwrap_or(1);
    let authority =
        sid.get(2..8).unwrap_or_default().iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut words = format!("S-{revision}-{authority}");
    for part in sid.get(8..).unwrap_or_default().chunks_exact(4) {
        let number = part.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        words.push_str(&format!("-{number}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::security::LoginOptions;

    #[test]
    fn identifiers_of_services_are_those_that_windows_derives() {
        let login = Login {
            name: r"NT SERVICE\MSSQLSERVER".to_owned(),
            id: 262,
            password: None,
            kind: 'U',
            enabled: true,
            roles: Vec::new(),
            options: LoginOptions::default(),
            created: OffsetDateTime::UNIX_EPOCH,
            modified: OffsetDateTime::UNIX_EPOCH,
        };
        // The well-known identifier of the default instance's service.
        assert_eq!(sid_text(&sid(&login)), "S-1-5-80-3880718306-3832830129-1677859214-2598158968-1052248003");
    }

    #[test]
    fn columns_keep_their_order_whatever_the_rows_is() {
        let column = |name| ViewColumn { name, data_type: Type::Int, nullable: true, first: 11 };
        let columns = [column("a"), column("b"), column("c")];
        let rows = vec![
            Row::from([("b", number(1)), ("a", number(2))]),
            Row::from([("a", number(3))]),
            Row::from([("c", number(4)), ("b", number(5)), ("a", number(6))]),
        ];
        let value = |number: i64| if number == 0 { Value::Null } else { Value::Integer(number) };
        let expected = [[2, 1, 0], [3, 0, 0], [6, 5, 4]].map(|row| row.map(value).to_vec());
        assert_eq!(in_order(rows, columns.iter()), expected);
    }
}
