//! Values as MessagePack, the form in which Terraform sends and wants them.
//!
//! Reading goes by type, not by what the bytes say: a number may come as an integer, a double or text, a type
//! says whether an array is a list or a set, and only a dynamic value names its own type. Writing gives every
//! attribute of an object, because Terraform counts them and cannot say which one is missing.

mod read;
mod write;

pub(crate) use read::{DecodeError, read_object, read_value};
pub(crate) use write::{write_object, write_value};

/// Null.
pub(crate) const NIL: u8 = 0xc0;

/// The extension code of a plain unknown value.
const PLAIN_UNKNOWN: i8 = 0;

/// The extension code of an unknown value about which something is known.
const REFINED_UNKNOWN: i8 = 12;

#[cfg(test)]
mod tests;
