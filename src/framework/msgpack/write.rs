//! Writing MessagePack by schema. Values have the form of their schema by now (`conform`), so writing cannot
//! fail; what a hand-made value lacks is written as null.

use rmp::encode;

use super::{NIL, PLAIN_UNKNOWN, REFINED_UNKNOWN};
use crate::framework::body::Body;
use crate::framework::schema::{Block, Nesting};
use crate::framework::value::{Dynamic, Number, Object, Unknown, Value};

/// Writes one value.
pub(crate) fn write_value(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, value);
    bytes
}

/// Writes an object with every attribute and block of `body`; `None` is null.
pub(crate) fn write_object(object: Option<&Object>, body: Body<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match object {
        Some(object) => put_body(&mut bytes, object, body),
        None => bytes.push(NIL),
    }
    bytes
}

fn put_body(bytes: &mut Vec<u8>, object: &Object, body: Body<'_>) {
    map_header(bytes, body.len());
    for attribute in body.attributes {
        text(bytes, attribute.name);
        put(bytes, object.get(attribute.name).unwrap_or(&Value::Null));
    }
    for block in body.blocks {
        text(bytes, block.name);
        match object.get(block.name) {
            Some(value) => put_blocks(bytes, value, block),
            None => put_blocks(bytes, &block.empty(), block),
        }
    }
}

fn put_blocks(bytes: &mut Vec<u8>, value: &Value, block: &Block) {
    let body = Body::from(block);
    match value {
        Value::Object(object) => put_body(bytes, object, body),
        Value::List(items) | Value::Set(items) => {
            array_header(bytes, items.len());
            for item in items {
                put_element(bytes, item, body);
            }
        }
        Value::Map(items) => {
            map_header(bytes, items.len());
            for (key, item) in items {
                text(bytes, key);
                put_element(bytes, item, body);
            }
        }
        Value::Null if !matches!(block.nesting, Nesting::Single | Nesting::SingleRequired) => {
            put_blocks(bytes, &block.empty(), block);
        }
        other => put(bytes, other),
    }
}

fn put_element(bytes: &mut Vec<u8>, value: &Value, body: Body<'_>) {
    match value {
        Value::Object(object) => put_body(bytes, object, body),
        other => put(bytes, other),
    }
}

fn put(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(NIL),
        Value::Unknown(unknown) => put_unknown(bytes, unknown),
        Value::Bool(flag) => bytes.push(if *flag { 0xc3 } else { 0xc2 }),
        Value::Number(number) => put_number(bytes, number),
        Value::String(string) => text(bytes, string),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            array_header(bytes, items.len());
            for item in items {
                put(bytes, item);
            }
        }
        Value::Map(items) | Value::Object(items) => {
            map_header(bytes, items.len());
            for (key, item) in items {
                text(bytes, key);
                put(bytes, item);
            }
        }
        Value::Dynamic(dynamic) => put_dynamic(bytes, dynamic),
    }
}

fn put_dynamic(bytes: &mut Vec<u8>, dynamic: &Dynamic) {
    array_header(bytes, 2);
    let ty = dynamic.ty.to_json_bytes();
    infallible(encode::write_bin(bytes, &ty));
    put(bytes, &dynamic.value);
}

fn put_unknown(bytes: &mut Vec<u8>, unknown: &Unknown) {
    match &unknown.refinement {
        Some(refinement) => {
            let length = u32::try_from(refinement.len()).unwrap_or(u32::MAX);
            infallible(encode::write_ext_meta(bytes, length, REFINED_UNKNOWN));
            bytes.extend_from_slice(refinement);
        }
        None => {
            infallible(encode::write_ext_meta(bytes, 1, PLAIN_UNKNOWN));
            bytes.push(0);
        }
    }
}

/// Integers as integers; everything else as text, which Terraform reads with 512 bits, where a double would
/// round (`0.1` does not equal its double to Terraform).
fn put_number(bytes: &mut Vec<u8>, number: &Number) {
    match number {
        Number::Signed(number) => infallible(encode::write_sint(bytes, *number)),
        Number::Unsigned(number) => infallible(encode::write_uint(bytes, *number)),
        Number::Decimal(number) => text(bytes, number),
        Number::Infinity { negative } => {
            let infinity = if *negative { f64::NEG_INFINITY } else { f64::INFINITY };
            infallible(encode::write_f64(bytes, infinity));
        }
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    infallible(encode::write_str(bytes, text));
}

fn array_header(bytes: &mut Vec<u8>, length: usize) {
    infallible(encode::write_array_len(bytes, u32::try_from(length).unwrap_or(u32::MAX)));
}

fn map_header(bytes: &mut Vec<u8>, length: usize) {
    infallible(encode::write_map_len(bytes, u32::try_from(length).unwrap_or(u32::MAX)));
}

/// Writing to memory does not fail; `rmp` cannot know that.
fn infallible<T, E>(written: Result<T, E>) {
    let _written_to_memory = written.is_ok();
}
