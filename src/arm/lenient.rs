//! Readers for properties that the service writes in more than one form. A status answer must never be lost because one
//! property of it is new or null.

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// Null, or nothing, is the default.
pub(super) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text, or a number or flag as text; anything else is nothing.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Json::deserialize(deserializer)? {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "null_is_default")]
        list: Vec<u8>,
        #[serde(deserialize_with = "text")]
        error: Option<String>,
    }

    fn read(text: &str) -> Sample {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(read("{}"), Sample::default());
        assert_eq!(read(r#"{ "list": null, "error": null }"#), Sample::default());
        assert_eq!(
            read(r#"{ "list": [1], "error": 1412 }"#),
            Sample { list: vec![1], error: Some("1412".to_owned()) }
        );
        assert_eq!(read(r#"{ "error": "1412" }"#).error.as_deref(), Some("1412"));
        assert_eq!(read(r#"{ "error": {} }"#).error, None);
    }
}
