//! What may be written of a certificate.

use super::found::{REST, SUBJECT_LIMIT};
use crate::framework::value::Value;
use crate::sql::quote::Identifier;

/// A name that SQL Server, a link and Azure take.
pub(super) fn certificate_name(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Value::String(text) if text.contains('\\') => {
            Err("must not contain a backslash: a link does not work with such a certificate; for a named instance write HOST_INSTANCE".to_owned())
        }
        Value::String(text) if text.starts_with("##") => {
            Err("must not begin with ##: SQL Server keeps such names for itself".to_owned())
        }
        Value::String(text) if Identifier::parse("the name", text).is_err() => {
            Err("must be a name in SQL Server: at most 128 characters, and no NUL among them".to_owned())
        }
        Value::String(text) if text.contains(['/', '%', '?', '#', '<', '>', '*', '&', ':']) => {
            Err("must not contain any of / % ? # < > * & : because the upload in Azure bears the same name".to_owned())
        }
        _ => Ok(()),
    }
}

/// As a name, with room for the rest of it.
pub(super) fn name_prefix(value: &Value) -> Result<(), String> {
    let longest = Identifier::LONGEST - REST;
    match value {
        Value::String(text) if text.encode_utf16().count() > longest => Err(format!(
            "must not be longer than {longest} characters: the rest of the name is {} more",
            REST
        )),
        value => certificate_name(value),
    }
}

/// A subject that SQL Server takes everywhere.
pub(super) fn subject(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Value::String(text) if text.chars().count() > SUBJECT_LIMIT => {
            Err("must have at most 64 characters: SQL Server on Linux takes no more".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_is_refused() {
        assert!(certificate_name(&Value::string("HOST\\SALES")).is_err());
        assert!(certificate_name(&Value::string("milink_")).is_ok());
    }

    #[test]
    fn a_prefix_leaves_room_for_the_rest() {
        let long = |length: usize| Value::string("x".repeat(length));
        assert!(name_prefix(&long(111)).is_ok());
        assert!(name_prefix(&long(112)).is_err());
        assert!(certificate_name(&long(128)).is_ok());
        assert!(certificate_name(&long(129)).is_err());
        assert!(certificate_name(&Value::string("##MS_AgentSigningCertificate##")).is_err());
    }
}
