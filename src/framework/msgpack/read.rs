//! Reading MessagePack by type and schema.

use rmp::Marker;

use super::REFINED_UNKNOWN;
use crate::framework::body::Body;
use crate::framework::path::AttributePath;
use crate::framework::schema::{Block, Nesting};
use crate::framework::types::{ObjectType, Type};
use crate::framework::value::{Dynamic, Number, Object, Unknown, Value};

/// Levels of nesting beyond which a value is refused: a dynamic value can nest without end.
const DEEPEST: usize = 256;

/// Bytes that are not a value of the expected form. Terraform checks forms first, so a user sees this only when
/// a state file was edited by hand or the schemas of two versions are mixed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", if path.is_root() { "the value".to_owned() } else { format!("`{path}`") })]
pub(crate) struct DecodeError {
    pub(crate) path: AttributePath,
    pub(crate) problem: String,
}

/// Reads one value of type `ty`.
pub(crate) fn read_value(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    let mut reader = Reader { bytes, depth: 0 };
    let value = reader.value(ty, &AttributePath::root())?;
    reader.finish(value)
}

/// Reads an object of the form of `body`; null is `None`.
pub(crate) fn read_object(bytes: &[u8], body: Body<'_>) -> Result<Option<Object>, DecodeError> {
    let mut reader = Reader { bytes, depth: 0 };
    let root = AttributePath::root();
    let value = reader.body(body, &root)?;
    match reader.finish(value)? {
        Value::Object(object) => Ok(Some(object)),
        Value::Null => Ok(None),
        _ => Err(error(&root, "an unknown object where a known one belongs")),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    depth: usize,
}

/// What a marker announces; the payload of scalars is read already.
enum Item {
    Nil,
    Bool(bool),
    Number(Number),
    /// A string or binary.
    Bytes(Vec<u8>),
    Array(usize),
    Map(usize),
    Unknown(Unknown),
}

impl Reader<'_> {
    fn finish(&self, value: Value) -> Result<Value, DecodeError> {
        if self.bytes.is_empty() {
            Ok(value)
        } else {
            Err(error(&AttributePath::root(), "bytes after the end of the value"))
        }
    }

    fn value(&mut self, ty: &Type, path: &AttributePath) -> Result<Value, DecodeError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(error(path, "nested too deeply"));
        }
        let value = self.value_inside(ty, path);
        self.depth -= 1;
        value
    }

    fn value_inside(&mut self, ty: &Type, path: &AttributePath) -> Result<Value, DecodeError> {
        Ok(match (self.item(path)?, ty) {
            (Item::Nil, _) => Value::Null,
            (Item::Unknown(unknown), _) => Value::Unknown(unknown),
            (Item::Array(length), Type::Dynamic) => self.dynamic(length, path)?,
            (Item::Bool(flag), Type::Bool) => Value::Bool(flag),
            (Item::Number(number), Type::Number) => Value::Number(number),
            (Item::Bytes(text), Type::Number) => std::str::from_utf8(&text)
                .ok()
                .and_then(Number::parse)
                .map(Value::Number)
                .ok_or_else(|| error(path, "text that is no number"))?,
            (Item::Bytes(text), Type::String) => Value::String(utf8(text, path)?),
            (Item::Array(length), Type::List(element)) => Value::List(self.elements(length, element, path)?),
            (Item::Array(length), Type::Set(element)) => Value::Set(self.elements(length, element, path)?),
            (Item::Array(length), Type::Tuple(types)) => {
                if length != types.len() {
                    return Err(error(path, "a tuple of another length"));
                }
                let mut items = Vec::with_capacity(length.min(self.bytes.len()));
                for (position, element) in types.iter().enumerate() {
                    items.push(self.value(element, &path.index(position))?);
                }
                Value::Tuple(items)
            }
            (Item::Map(length), Type::Map(element)) => {
                let mut items = Object::new();
                for _ in 0..length {
                    let key = self.key(path)?;
                    let value = self.value(element, &path.key(&key))?;
                    items.insert(key, value);
                }
                Value::Map(items)
            }
            (Item::Map(length), Type::Object(object)) => {
                Value::Object(self.typed_object(length, object, path)?)
            }
            _ => return Err(error(path, "a value of another type than its schema says")),
        })
    }

    fn elements(
        &mut self,
        length: usize,
        element: &Type,
        path: &AttributePath,
    ) -> Result<Vec<Value>, DecodeError> {
        // A length is not believed before its bytes were seen.
        let mut items = Vec::with_capacity(length.min(self.bytes.len()));
        for position in 0..length {
            items.push(self.value(element, &path.index(position))?);
        }
        Ok(items)
    }

    fn typed_object(
        &mut self,
        length: usize,
        ty: &ObjectType,
        path: &AttributePath,
    ) -> Result<Object, DecodeError> {
        let mut object = Object::new();
        for _ in 0..length {
            let name = self.key(path)?;
            let Some(attribute) = ty.attributes.get(&name) else {
                return Err(error(path, format!("no attribute is called `{name}`")));
            };
            let value = self.value(attribute, &path.child(&name))?;
            object.insert(name, value);
        }
        for name in ty.attributes.keys() {
            object.entry(name.clone()).or_insert(Value::Null);
        }
        Ok(object)
    }

    fn dynamic(&mut self, length: usize, path: &AttributePath) -> Result<Value, DecodeError> {
        if length != 2 {
            return Err(error(path, "a dynamic value that is not a pair of type and value"));
        }
        let Item::Bytes(json) = self.item(path)? else {
            return Err(error(path, "a dynamic value without a type"));
        };
        let ty = Type::from_json_bytes(&json).map_err(|problem| error(path, problem.to_string()))?;
        let value = self.value(&ty, path)?;
        Ok(Value::Dynamic(Box::new(Dynamic { ty, value })))
    }

    fn body(&mut self, body: Body<'_>, path: &AttributePath) -> Result<Value, DecodeError> {
        let length = match self.item(path)? {
            Item::Nil => return Ok(Value::Null),
            Item::Unknown(unknown) => return Ok(Value::Unknown(unknown)),
            Item::Map(length) => length,
            _ => return Err(error(path, "something else where an object belongs")),
        };
        let mut object = Object::new();
        for _ in 0..length {
            let name = self.key(path)?;
            let at = path.child(&name);
            let value = if let Some(attribute) = body.attributes.iter().find(|known| known.name == name) {
                self.value(&attribute.ty, &at)?
            } else if let Some(block) = body.blocks.iter().find(|known| known.name == name) {
                self.blocks(block, &at)?
            } else {
                return Err(error(path, format!("no attribute or block is called `{name}`")));
            };
            object.insert(name, value);
        }
        if object.len() < body.len() {
            for (name, nothing) in body.empty() {
                object.entry(name).or_insert(nothing);
            }
        }
        Ok(Value::Object(object))
    }

    fn blocks(&mut self, block: &Block, path: &AttributePath) -> Result<Value, DecodeError> {
        let body = Body::from(block);
        match block.nesting {
            Nesting::Single | Nesting::SingleRequired => self.body(body, path),
            Nesting::Group => match self.body(body, path)? {
                Value::Null => Ok(block.empty()),
                group => Ok(group),
            },
            Nesting::List { .. } | Nesting::Set { .. } => {
                let length = match self.item(path)? {
                    Item::Nil => return Ok(block.empty()),
                    Item::Unknown(unknown) => return Ok(Value::Unknown(unknown)),
                    Item::Array(length) => length,
                    _ => return Err(error(path, "something else where blocks belong")),
                };
                let mut items = Vec::with_capacity(length.min(self.bytes.len()));
                for position in 0..length {
                    items.push(self.body(body, &path.index(position))?);
                }
                Ok(match block.nesting {
                    Nesting::Set { .. } => Value::Set(items),
                    _ => Value::List(items),
                })
            }
            Nesting::Map => {
                let length = match self.item(path)? {
                    Item::Nil => return Ok(block.empty()),
                    Item::Unknown(unknown) => return Ok(Value::Unknown(unknown)),
                    Item::Map(length) => length,
                    _ => return Err(error(path, "something else where blocks belong")),
                };
                let mut items = Object::new();
                for _ in 0..length {
                    let key = self.key(path)?;
                    let value = self.body(body, &path.key(&key))?;
                    items.insert(key, value);
                }
                Ok(Value::Map(items))
            }
        }
    }

    fn key(&mut self, path: &AttributePath) -> Result<String, DecodeError> {
        match self.item(path)? {
            Item::Bytes(text) => utf8(text, path),
            _ => Err(error(path, "a key that is no string")),
        }
    }

    fn item(&mut self, path: &AttributePath) -> Result<Item, DecodeError> {
        let marker = Marker::from_u8(u8::from_be_bytes(self.array(path)?));
        Ok(match marker {
            Marker::Null => Item::Nil,
            Marker::True => Item::Bool(true),
            Marker::False => Item::Bool(false),
            Marker::FixPos(number) => signed(number),
            Marker::FixNeg(number) => signed(number),
            Marker::U8 => signed(u8::from_be_bytes(self.array(path)?)),
            Marker::U16 => signed(u16::from_be_bytes(self.array(path)?)),
            Marker::U32 => signed(u32::from_be_bytes(self.array(path)?)),
            Marker::U64 => {
                let number = u64::from_be_bytes(self.array(path)?);
                Item::Number(i64::try_from(number).map_or(Number::Unsigned(number), Number::Signed))
            }
            Marker::I8 => signed(i8::from_be_bytes(self.array(path)?)),
            Marker::I16 => signed(i16::from_be_bytes(self.array(path)?)),
            Marker::I32 => signed(i32::from_be_bytes(self.array(path)?)),
            Marker::I64 => signed(i64::from_be_bytes(self.array(path)?)),
            Marker::F32 => double(f64::from(f32::from_be_bytes(self.array(path)?)), path)?,
            Marker::F64 => double(f64::from_be_bytes(self.array(path)?), path)?,
            Marker::FixStr(length) => self.text(usize::from(length), path)?,
            Marker::Str8 | Marker::Bin8 => {
                let length = self.length_8(path)?;
                self.text(length, path)?
            }
            Marker::Str16 | Marker::Bin16 => {
                let length = self.length_16(path)?;
                self.text(length, path)?
            }
            Marker::Str32 | Marker::Bin32 => {
                let length = self.length_32(path)?;
                self.text(length, path)?
            }
            Marker::FixArray(length) => Item::Array(usize::from(length)),
            Marker::Array16 => Item::Array(self.length_16(path)?),
            Marker::Array32 => Item::Array(self.length_32(path)?),
            Marker::FixMap(length) => Item::Map(usize::from(length)),
            Marker::Map16 => Item::Map(self.length_16(path)?),
            Marker::Map32 => Item::Map(self.length_32(path)?),
            Marker::FixExt1 => self.unknown(1, path)?,
            Marker::FixExt2 => self.unknown(2, path)?,
            Marker::FixExt4 => self.unknown(4, path)?,
            Marker::FixExt8 => self.unknown(8, path)?,
            Marker::FixExt16 => self.unknown(16, path)?,
            Marker::Ext8 => {
                let length = self.length_8(path)?;
                self.unknown(length, path)?
            }
            Marker::Ext16 => {
                let length = self.length_16(path)?;
                self.unknown(length, path)?
            }
            Marker::Ext32 => {
                let length = self.length_32(path)?;
                self.unknown(length, path)?
            }
            Marker::Reserved => return Err(error(path, "a byte that begins nothing")),
        })
    }

    /// Whatever extension comes is an unknown value; the one of refinements is kept, to be sent back as it is.
    fn unknown(&mut self, length: usize, path: &AttributePath) -> Result<Item, DecodeError> {
        let code = i8::from_be_bytes(self.array(path)?);
        let payload = self.take(length, path)?;
        Ok(Item::Unknown(Unknown { refinement: (code == REFINED_UNKNOWN).then(|| payload.into()) }))
    }

    fn text(&mut self, length: usize, path: &AttributePath) -> Result<Item, DecodeError> {
        Ok(Item::Bytes(self.take(length, path)?.to_vec()))
    }

    fn length_8(&mut self, path: &AttributePath) -> Result<usize, DecodeError> {
        Ok(usize::from(u8::from_be_bytes(self.array(path)?)))
    }

    fn length_16(&mut self, path: &AttributePath) -> Result<usize, DecodeError> {
        Ok(usize::from(u16::from_be_bytes(self.array(path)?)))
    }

    fn length_32(&mut self, path: &AttributePath) -> Result<usize, DecodeError> {
        usize::try_from(u32::from_be_bytes(self.array(path)?)).map_err(|_| error(path, "too long"))
    }

    fn array<const N: usize>(&mut self, path: &AttributePath) -> Result<[u8; N], DecodeError> {
        match self.bytes.split_first_chunk::<N>() {
            Some((chunk, rest)) => {
                self.bytes = rest;
                Ok(*chunk)
            }
            None => Err(error(path, "cut off")),
        }
    }

    fn take(&mut self, length: usize, path: &AttributePath) -> Result<&[u8], DecodeError> {
        match self.bytes.split_at_checked(length) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => Err(error(path, "cut off")),
        }
    }
}

fn signed(number: impl Into<i64>) -> Item {
    Item::Number(Number::Signed(number.into()))
}

fn double(number: f64, path: &AttributePath) -> Result<Item, DecodeError> {
    Number::from_f64(number).map(Item::Number).ok_or_else(|| error(path, "not a number"))
}

fn utf8(text: Vec<u8>, path: &AttributePath) -> Result<String, DecodeError> {
    String::from_utf8(text).map_err(|_| error(path, "text that is not UTF-8"))
}

fn error(path: &AttributePath, problem: impl Into<String>) -> DecodeError {
    DecodeError { path: path.clone(), problem: problem.into() }
}
