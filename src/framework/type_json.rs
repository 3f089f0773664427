//! Types as JSON, the form in which schemas, dynamic values and states name them: `"string"`,
//! `["list", "number"]`, `["object", {"name": "string"}, ["name"]]`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::types::{ObjectType, Type};

/// A type constraint that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a type")]
pub struct NotAType(String);

impl Type {
    /// As JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Self::String => json!("string"),
            Self::Number => json!("number"),
            Self::Bool => json!("bool"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Tuple(elements) => json!(["tuple", elements.iter().map(Self::to_json).collect::<Vec<_>>()]),
            Self::Object(object) => {
                let attributes: serde_json::Map<String, Json> =
                    object.attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                if object.optional.is_empty() {
                    json!(["object", attributes])
                } else {
                    json!(["object", attributes, object.optional])
                }
            }
        }
    }

    /// As the bytes that a schema carries.
    pub fn to_json_bytes(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// Reads JSON.
    pub fn from_json(json: &Json) -> Result<Self, NotAType> {
        let refused = || NotAType(json.to_string());
        match json {
            Json::String(name) => match name.as_str() {
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(refused()),
            },
            Json::Array(parts) => match parts.as_slice() {
                [Json::String(kind), element] if kind == "list" => Ok(Self::list(Self::from_json(element)?)),
                [Json::String(kind), element] if kind == "set" => Ok(Self::set(Self::from_json(element)?)),
                [Json::String(kind), element] if kind == "map" => Ok(Self::map(Self::from_json(element)?)),
                [Json::String(kind), Json::Array(elements)] if kind == "tuple" => {
                    Ok(Self::Tuple(elements.iter().map(Self::from_json).collect::<Result<_, _>>()?))
                }
                [Json::String(kind), Json::Object(attributes), rest @ ..] if kind == "object" => {
                    let attributes = attributes
                        .iter()
                        .map(|(name, ty)| Ok((name.clone(), Self::from_json(ty)?)))
                        .collect::<Result<BTreeMap<_, _>, NotAType>>()?;
                    let optional = match rest {
                        [] => BTreeSet::new(),
                        [names] => serde_json::from_value(names.clone()).map_err(|_| refused())?,
                        _ => return Err(refused()),
                    };
                    Ok(Self::Object(ObjectType { attributes, optional }))
                }
                _ => Err(refused()),
            },
            _ => Err(refused()),
        }
    }

    /// Reads the bytes that a dynamic value carries.
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Self, NotAType> {
        let json: Json = serde_json::from_slice(bytes)
            .map_err(|_| NotAType(String::from_utf8_lossy(bytes).chars().take(100).collect()))?;
        Self::from_json(&json)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::framework::arbitrary;

    #[test]
    fn as_terraform_writes_them() {
        let cases = [
            (Type::String, r#""string""#),
            (Type::list(Type::Number), r#"["list","number"]"#),
            (Type::map(Type::set(Type::Bool)), r#"["map",["set","bool"]]"#),
            (Type::object([("a", Type::Dynamic)]), r#"["object",{"a":"dynamic"}]"#),
            (Type::Tuple(vec![Type::String, Type::Bool]), r#"["tuple",["string","bool"]]"#),
        ];
        for (ty, text) in cases {
            assert_eq!(String::from_utf8(ty.to_json_bytes()).expect("UTF-8"), text);
            assert_eq!(Type::from_json_bytes(text.as_bytes()), Ok(ty));
        }
        let with_optional = Type::from_json_bytes(br#"["object",{"a":"string","b":"bool"},["b"]]"#);
        let Ok(Type::Object(object)) = &with_optional else { panic!("{with_optional:?}") };
        assert_eq!(object.optional.iter().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn what_is_no_type() {
        for text in [r#""strings""#, "1", "[]", r#"["list"]"#, r#"["list","string","string"]"#, "{", ""] {
            assert!(Type::from_json_bytes(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(ty in arbitrary::any_type()) {
            prop_assert_eq!(Type::from_json_bytes(&ty.to_json_bytes()), Ok(ty));
        }
    }
}
