//! How an object looks to its author: a struct with one [`Field`] per attribute.
//!
//! ```
//! use terraform_provider_milink::framework::model::{Field, Model};
//! use terraform_provider_milink::framework::model;
//!
//! model! {
//!     /// A certificate.
//!     pub struct Certificate {
//!         /// Its name.
//!         pub name: Field<String>,
//!         /// Days before its end.
//!         pub days: Field<i64>,
//!     }
//! }
//! assert_eq!(Certificate::NAMES, ["name", "days"]);
//! ```
//!
//! A struct and not a map of values, because at the twentieth object `plan.name` is read, renamed and checked by
//! the compiler where `plan["name"]` is not. The names are held against the schema when the provider is built.

use std::collections::{BTreeMap, BTreeSet};

use super::path::AttributePath;
use super::value::{Number, Object, Value};

/// An attribute's value as its author sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Absent.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
    /// There.
    Known(T),
}

/// A block that may occur several times; unknown as a whole under a `dynamic` block with an unknown `for_each`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocks<T> {
    /// How many there are is not known yet.
    Unknown,
    /// These.
    Known(Vec<T>),
}

/// A value that a model cannot hold. Terraform checks the types of a schema before it calls; models are narrower in
/// two ways, which their users are told of as mistakes in a configuration: whole numbers, and collections without
/// null elements. In a state it is a fault of its author, or the file was edited by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not {expected}")]
pub struct Mismatch {
    /// Where.
    pub path: AttributePath,
    /// What it should have been.
    pub expected: &'static str,
}

/// A struct with a field for each attribute and block; made by [`model!`](crate::framework::model!).
pub trait Model: Clone + Send + Sync + Sized + 'static {
    /// The names of all attributes and blocks, in the order of the struct.
    const NAMES: &'static [&'static str];

    /// The names of the blocks' models, where a field is one.
    fn nested() -> Vec<(&'static str, Names)> {
        Vec::new()
    }

    /// Reads an object; a name that is missing is null.
    fn from_object(object: &Object, path: &AttributePath) -> Result<Self, Mismatch>;

    /// Writes an object with every name.
    fn into_object(self) -> Object;
}

/// The names of a model, all the way down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Its own.
    pub names: Vec<&'static str>,
    /// Those of its blocks' models; a block that is kept as a raw [`Value`] has none.
    pub nested: Vec<(&'static str, Names)>,
}

impl Names {
    /// The names of `M`.
    pub fn of<M: Model>() -> Self {
        Self { names: M::NAMES.to_vec(), nested: M::nested() }
    }
}

/// What can stand as a field of a [`Model`].
pub trait FieldValue: Sized {
    /// The names of the model of a block; nothing for what is no block.
    fn names() -> Option<Names> {
        None
    }

    /// Reads it; `value` is null when the object has no such name.
    fn from_value(value: &Value, path: &AttributePath) -> Result<Self, Mismatch>;

    /// Writes it.
    fn into_value(self) -> Value;
}

/// What can stand inside a [`Field`].
pub trait Scalar: Sized {
    /// What it is called in errors: "a string".
    const EXPECTED: &'static str;

    /// Reads a known value.
    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch>;

    /// Writes it.
    fn into_known(self) -> Value;
}

/// Declares a model: a struct whose fields are attributes ([`Field`]), blocks ([`Blocks`], `Option<Block>`), or
/// raw [`Value`]s.
#[macro_export]
macro_rules! model {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_visibility:vis $field:ident : $ty:ty),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $visibility struct $name {
            $($(#[$field_meta])* $field_visibility $field: $ty,)*
        }

        impl $crate::framework::model::Model for $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn nested() -> ::std::vec::Vec<(&'static str, $crate::framework::model::Names)> {
                let names: &[(&'static str, ::std::option::Option<$crate::framework::model::Names>)] =
                    &[$((stringify!($field), <$ty as $crate::framework::model::FieldValue>::names()),)*];
                names.iter().filter_map(|(name, names)| ::std::option::Option::Some((*name, names.clone()?))).collect()
            }

            fn from_object(
                object: &$crate::framework::value::Object,
                path: &$crate::framework::path::AttributePath,
            ) -> ::std::result::Result<Self, $crate::framework::model::Mismatch> {
                let _unused_without_fields = (object, path);
                Ok(Self {
                    $($field: $crate::framework::model::FieldValue::from_value(
                        object.get(stringify!($field)).unwrap_or(&$crate::framework::value::Value::Null),
                        &path.child(stringify!($field)),
                    )?,)*
                })
            }

            fn into_object(self) -> $crate::framework::value::Object {
                #[allow(unused_mut, reason = "a model may be empty")]
                let mut object = $crate::framework::value::Object::new();
                $(object.insert(
                    stringify!($field).to_owned(),
                    $crate::framework::model::FieldValue::into_value(self.$field),
                );)*
                object
            }
        }
    };
}

impl<T> Field<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value, where it is known.
    pub fn into_known_value(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is absent.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is known only after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl Field<String> {
    /// The text, where it is known.
    pub fn as_str(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl From<&str> for Field<String> {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl<T> Blocks<T> {
    /// The blocks, where they are known; none otherwise.
    pub fn known(&self) -> &[T] {
        match self {
            Self::Unknown => &[],
            Self::Known(blocks) => blocks,
        }
    }
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self::Known(Vec::new())
    }
}

impl<T: Scalar> FieldValue for Field<T> {
    fn from_value(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::Null),
            // A list with one unknown element is unknown to an author; the engine keeps what was written.
            partly if !partly.is_wholly_known() => Ok(Self::Unknown),
            known => T::from_known(known, path).map(Self::Known),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::UNKNOWN,
            Self::Known(value) => value.into_known(),
        }
    }
}

impl FieldValue for Value {
    fn from_value(value: &Value, _path: &AttributePath) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }

    fn into_value(self) -> Value {
        self
    }
}

impl<T: Model> FieldValue for Option<T> {
    fn names() -> Option<Names> {
        Some(Names::of::<T>())
    }

    fn from_value(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            Value::Object(object) => T::from_object(object, path).map(Some),
            _ => Err(Mismatch { path: path.clone(), expected: "a block" }),
        }
    }

    fn into_value(self) -> Value {
        self.map_or(Value::Null, |block| Value::Object(block.into_object()))
    }
}

impl<T: Model> FieldValue for Blocks<T> {
    fn names() -> Option<Names> {
        Some(Names::of::<T>())
    }

    fn from_value(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Unknown(_) => Ok(Self::Unknown),
            Value::List(items) | Value::Set(items) => items
                .iter()
                .enumerate()
                .map(|(position, item)| match item {
                    Value::Object(object) => T::from_object(object, &path.index(position)),
                    _ => Err(Mismatch { path: path.index(position), expected: "a block" }),
                })
                .collect::<Result<_, _>>()
                .map(Self::Known),
            _ => Err(Mismatch { path: path.clone(), expected: "a list of blocks" }),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Unknown => Value::UNKNOWN,
            Self::Known(blocks) => {
                Value::List(blocks.into_iter().map(|block| Value::Object(block.into_object())).collect())
            }
        }
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a string";

    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(mismatch::<Self>(path)),
        }
    }

    fn into_known(self) -> Value {
        Value::String(self)
    }
}

impl Scalar for bool {
    const EXPECTED: &'static str = "a bool";

    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(mismatch::<Self>(path)),
        }
    }

    fn into_known(self) -> Value {
        Value::Bool(self)
    }
}

impl Scalar for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::Number(Number::Signed(number)) => Ok(*number),
            _ => Err(mismatch::<Self>(path)),
        }
    }

    fn into_known(self) -> Value {
        Value::Number(Number::Signed(self))
    }
}

impl<T: Scalar> Scalar for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(position, item)| T::from_known(item, &path.index(position)))
                .collect(),
            Value::Set(items) => elements_of_set(items, path),
            _ => Err(mismatch::<Self>(path)),
        }
    }

    fn into_known(self) -> Value {
        Value::List(self.into_iter().map(T::into_known).collect())
    }
}

impl<T: Scalar + Ord> Scalar for BTreeSet<T> {
    const EXPECTED: &'static str = "a set";

    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::List(items) | Value::Set(items) => elements_of_set(items, path),
            _ => Err(mismatch::<Self>(path)),
        }
    }

    fn into_known(self) -> Value {
        Value::Set(self.into_iter().map(T::into_known).collect())
    }
}

impl<T: Scalar> Scalar for BTreeMap<String, T> {
    const EXPECTED: &'static str = "a map";

    fn from_known(value: &Value, path: &AttributePath) -> Result<Self, Mismatch> {
        match value {
            Value::Map(items) | Value::Object(items) => items
                .iter()
                .map(|(key, item)| Ok((key.clone(), T::from_known(item, &path.key(key))?)))
                .collect(),
            _ => Err(mismatch::<Self>(path)),
        }
    }

    fn into_known(self) -> Value {
        Value::Map(self.into_iter().map(|(key, item)| (key, item.into_known())).collect())
    }
}

/// The elements of a set have no places that could be named.
fn elements_of_set<T: Scalar, C: FromIterator<T>>(
    items: &[Value],
    path: &AttributePath,
) -> Result<C, Mismatch> {
    if items.iter().any(Value::is_absent) {
        return Err(Mismatch { path: path.clone(), expected: "a set without null elements" });
    }
    items.iter().map(|item| T::from_known(item, path)).collect()
}

fn mismatch<T: Scalar>(path: &AttributePath) -> Mismatch {
    Mismatch { path: path.clone(), expected: T::EXPECTED }
}
