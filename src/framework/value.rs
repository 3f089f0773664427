//! Values as Terraform sends them, without loss: numbers of any size, refined unknowns, nulls.
//!
//! A [`Value`] carries no type for null and unknown; the schema or a [`super::types::Type`] beside it says what
//! they would be.

use std::collections::BTreeMap;

use super::path::{AttributePath, Step};
use super::types::Type;

/// A value of any type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent.
    Null,
    /// Known only after apply.
    Unknown(Unknown),
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// A list, or the blocks of a list-nested block.
    List(Vec<Value>),
    /// A set, or the blocks of a set-nested block. Its order means nothing.
    Set(Vec<Value>),
    /// A map, or the blocks of a map-nested block.
    Map(BTreeMap<String, Value>),
    /// An object or a block.
    Object(Object),
    /// A tuple (inside dynamic values only).
    Tuple(Vec<Value>),
    /// A value that brings its type along.
    Dynamic(Box<Dynamic>),
}

/// The attributes and blocks of an object, by name.
pub type Object = BTreeMap<String, Value>;

/// An unknown value; Terraform 1.6 and later may say something about it already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// The refinement (for example "not null, begins with `pre-`") as the MessagePack map that Terraform sent.
    pub refinement: Option<Box<[u8]>>,
}

/// A dynamic value and its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Dynamic {
    /// What it is.
    pub ty: Type,
    /// The value.
    pub value: Value,
}

/// A number, kept as exact as it came. Each number has one form only, so equality is that of the forms; the
/// decoders see to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// Fits 64 bits with a sign.
    Signed(i64),
    /// Beyond `i64`, fits 64 bits without one.
    Unsigned(u64),
    /// Anything else, as plain decimal text without exponent, leading or trailing zeros; never an integer that
    /// fits the variants above.
    Decimal(String),
    /// Positive (`false`) or negative (`true`) infinity.
    Infinity {
        /// Whether it is negative.
        negative: bool,
    },
}

impl Value {
    /// The unknown value, unrefined.
    pub const UNKNOWN: Self = Self::Unknown(Unknown { refinement: None });

    /// A string.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this very value is unknown (its parts may be, even if it is not).
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether neither this value nor any part of it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().all(Self::is_wholly_known)
            }
            Self::Map(items) | Self::Object(items) => items.values().all(Self::is_wholly_known),
            Self::Dynamic(dynamic) => dynamic.value.is_wholly_known(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
        }
    }
}

/// What stands at `path`. An index leads into sets too, in the order in which they came.
pub(crate) fn value_at<'a>(object: &'a Object, path: &AttributePath) -> Option<&'a Value> {
    let (Step::Attribute(first), rest) = path.steps().split_first()? else { return None };
    rest.iter().try_fold(object.get(first)?, |value, step| match (step, value) {
        (Step::Attribute(name), Value::Object(members)) => members.get(name),
        (Step::Key(key), Value::Map(items) | Value::Object(items)) => items.get(key),
        (Step::Index(index), Value::List(items) | Value::Set(items)) => {
            items.get(usize::try_from(*index).ok()?)
        }
        _ => None,
    })
}

/// As [`value_at`], to be changed.
pub(crate) fn value_at_mut<'a>(object: &'a mut Object, path: &AttributePath) -> Option<&'a mut Value> {
    let (Step::Attribute(first), rest) = path.steps().split_first()? else { return None };
    rest.iter().try_fold(object.get_mut(first)?, |value, step| match (step, value) {
        (Step::Attribute(name), Value::Object(members)) => members.get_mut(name),
        (Step::Key(key), Value::Map(items) | Value::Object(items)) => items.get_mut(key),
        (Step::Index(index), Value::List(items) | Value::Set(items)) => {
            items.get_mut(usize::try_from(*index).ok()?)
        }
        _ => None,
    })
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Signed(number)
    }
}
