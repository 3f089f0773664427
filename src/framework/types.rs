//! Terraform's type system: the types that attributes, function parameters and dynamic values can have.
//!
//! Block structure is not a type but part of a [`super::schema::Schema`].

use std::collections::{BTreeMap, BTreeSet};

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A Unicode string, NFC-normalised by Terraform.
    String,
    /// A number of any size and precision.
    Number,
    /// A truth value.
    Bool,
    /// Any type, chosen by the value.
    Dynamic,
    /// An ordered sequence of equal type.
    List(Box<Type>),
    /// An unordered collection without duplicates.
    Set(Box<Type>),
    /// String keys, values of equal type.
    Map(Box<Type>),
    /// Named attributes, each with a type of its own.
    Object(ObjectType),
    /// A sequence with a type for each place; occurs inside dynamic values only.
    Tuple(Vec<Type>),
}

/// The attributes of an object type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectType {
    /// Name and type of each attribute.
    pub attributes: BTreeMap<String, Type>,
    /// The names that a user may leave out; they become null.
    pub optional: BTreeSet<String>,
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// An object whose attributes are all present.
    pub fn object<'a>(attributes: impl IntoIterator<Item = (&'a str, Type)>) -> Self {
        Self::Object(ObjectType {
            attributes: attributes.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect(),
            optional: BTreeSet::new(),
        })
    }
}
