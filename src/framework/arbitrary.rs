//! Any type, any value of a type, any schema, any configuration of it: for property tests.

use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::body::{Body, TIMEOUTS, timeouts_block};
use super::engine::outcome::known_parts;
use super::engine::plan::each_object;
use super::schema::{Attribute, Block, Nesting, Replacement, Schema, Timeouts};
use super::types::{ObjectType, Type};
use super::value::{Dynamic, Number, Object, Unknown, Value};

/// Names of attributes; schemas hold static ones.
const NAMES: [&str; 8] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];

/// Any type, also of dynamic values.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    typed(true)
}

/// A type that an attribute may have: without tuples and dynamic values, whose conversions are Terraform's.
pub(crate) fn attribute_type() -> impl Strategy<Value = Type> {
    typed(false)
}

fn typed(dynamic: bool) -> BoxedStrategy<Type> {
    let leaf = if dynamic {
        prop_oneof![Just(Type::String), Just(Type::Number), Just(Type::Bool), Just(Type::Dynamic)].boxed()
    } else {
        prop_oneof![3 => Just(Type::String), 1 => Just(Type::Number), 1 => Just(Type::Bool)].boxed()
    };
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let object = btree_map(name(), inner.clone(), 0..3)
            .prop_map(|attributes| Type::Object(ObjectType { attributes, ..ObjectType::default() }))
            .boxed();
        let tuple = if dynamic {
            vec(inner.clone(), 0..3).prop_map(Type::Tuple).boxed()
        } else {
            object.clone().boxed()
        };
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.prop_map(Type::map),
            object,
            tuple,
        ]
    })
    .boxed()
}

/// A value of `ty`, with nulls, and with unknown parts if so.
pub(crate) fn value_of(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    let known = known_value_of(ty, unknowns);
    if unknowns {
        prop_oneof![2 => Just(Value::Null), 1 => Just(Value::UNKNOWN), 1 => Just(refined()), 12 => known]
            .boxed()
    } else {
        prop_oneof![1 => Just(Value::Null), 6 => known].boxed()
    }
}

/// Unknown, but not null: what Terraform says of most unknown values.
fn refined() -> Value {
    // {1: false} in MessagePack.
    Value::Unknown(Unknown { refinement: Some(Box::new([0x81, 0x01, 0xc2])) })
}

fn known_value_of(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    match ty {
        Type::String => "[a-c]{0,2}".prop_map(Value::String).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => number().prop_map(Value::Number).boxed(),
        Type::List(element) => vec(value_of(element, unknowns), 0..3).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(value_of(element, unknowns), 0..3).prop_map(distinct).boxed(),
        Type::Map(element) => {
            btree_map(name(), value_of(element, unknowns), 0..3).prop_map(Value::Map).boxed()
        }
        Type::Object(object) => {
            let members: Vec<_> = object
                .attributes
                .iter()
                .map(|(name, ty)| (Just(name.clone()), value_of(ty, unknowns)))
                .collect();
            members.prop_map(|members| Value::Object(members.into_iter().collect())).boxed()
        }
        Type::Tuple(types) => {
            let items: Vec<_> = types.iter().map(|ty| value_of(ty, unknowns)).collect();
            items.prop_map(Value::Tuple).boxed()
        }
        Type::Dynamic => any_type()
            .prop_filter("a dynamic value has a type", |ty| !matches!(ty, Type::Dynamic))
            .prop_flat_map(move |ty| (value_of(&ty, unknowns), Just(ty)))
            .prop_map(|(value, ty)| Value::Dynamic(Box::new(Dynamic { ty, value })))
            .boxed(),
    }
}

/// A number of any kind.
pub(crate) fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i8>().prop_map(|number| Number::Signed(number.into())),
        any::<i64>().prop_map(Number::Signed),
        (1u64 << 63..).prop_map(Number::Unsigned),
        "-?[1-9][0-9]{0,30}\\.[0-9]{0,20}[1-9]".prop_map(Number::Decimal),
        "-?0\\.[0-9]{0,20}[1-9]".prop_map(Number::Decimal),
        "-?[1-9][0-9]{20,40}".prop_map(Number::Decimal),
        any::<bool>().prop_map(|negative| Number::Infinity { negative }),
    ]
}

/// A schema with blocks of all nestings, sometimes with its `timeouts` among them.
pub(crate) fn schema() -> impl Strategy<Value = Schema> {
    (attributes(false, 6), blocks(2, false), any::<bool>()).prop_map(|(attributes, mut blocks, limited)| {
        let minute = Some(Duration::from_secs(60));
        let timeouts = limited.then(|| Timeouts { create: minute, delete: minute, ..Timeouts::default() });
        blocks.extend(timeouts.as_ref().map(timeouts_block));
        Schema { attributes, blocks, ..Schema::new("") }
    })
}

fn attributes(in_set: bool, most: usize) -> BoxedStrategy<Vec<Attribute>> {
    vec(attribute(in_set), 1..=most)
        .prop_map(|attributes| {
            let named = attributes.into_iter().zip(NAMES);
            named.map(|(attribute, name)| Attribute { name, ..attribute }).collect()
        })
        .boxed()
}

fn attribute(in_set: bool) -> BoxedStrategy<Attribute> {
    let replacement = prop_oneof![
        4 => Just(Replacement::Never),
        1 => Just(Replacement::Always),
        1 => Just(Replacement::WhenKnown),
    ];
    let ty = if in_set {
        attribute_type().boxed()
    } else {
        prop_oneof![7 => attribute_type(), 1 => Just(Type::Dynamic)].boxed()
    };
    (ty, 0..6u8, replacement, any::<bool>(), any::<bool>())
        .prop_flat_map(move |(ty, kind, replacement, stable, insensitive)| {
            known_value_of(&ty, false).prop_map(move |default| {
                let attribute = Attribute { replacement, ..Attribute::new("", ty.clone()) };
                // A dynamic value that is unknown has a type already. Were it computed in the end, no other value
                // could have that type: there is no right plan, and nobody should have such schemas.
                let kind = if matches!(ty, Type::Dynamic) && kind > 1 { 1 } else { kind };
                let attribute = match kind {
                    0 => attribute.required(),
                    1 => attribute.optional(),
                    2 => attribute.computed(),
                    3 => attribute.optional().computed(),
                    4 if in_set => attribute.optional(),
                    4 => attribute.optional().write_only(),
                    _ => attribute.default(default),
                };
                let attribute = if stable && attribute.computed { attribute.stable() } else { attribute };
                match (insensitive, &attribute.ty) {
                    (true, Type::String) => attribute.same(same_text),
                    _ => attribute,
                }
            })
        })
        .boxed()
}

/// Texts of equal length are the same: coarse enough to be met often.
fn same_text(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::String(a), Value::String(b)) if a.len() == b.len())
}

fn blocks(depth: u32, in_set: bool) -> BoxedStrategy<Vec<Block>> {
    let nesting = prop_oneof![
        Just(Nesting::Single),
        Just(Nesting::SingleRequired),
        Just(Nesting::Group),
        Just(Nesting::List { min: 0, max: 0 }),
        Just(Nesting::Set { min: 0, max: 0 }),
        Just(Nesting::Map),
    ];
    let block = nesting.prop_flat_map(move |nesting| {
        let in_set = in_set || matches!(nesting, Nesting::Set { .. });
        let inner = if depth > 1 { blocks(depth - 1, in_set) } else { Just(Vec::new()).boxed() };
        (attributes(in_set, 3), inner).prop_map(move |(attributes, blocks)| Block {
            attributes,
            blocks,
            ..Block::new("", nesting, "")
        })
    });
    vec(block, 0..3)
        .prop_map(|blocks| {
            let named = blocks.into_iter().zip(["one", "two", "three"]);
            named.map(|(block, name)| Block { name, ..block }).collect()
        })
        .boxed()
}

/// A configuration: what only the provider fills is null.
pub(crate) fn config_of(body: Body<'_>, unknowns: bool) -> BoxedStrategy<Object> {
    object_of(body, unknowns, true)
}

/// A state: wholly known, write-only values null.
pub(crate) fn state_of(body: Body<'_>) -> BoxedStrategy<Object> {
    object_of(body, false, false)
}

/// What an author might write: anything of the right form.
pub(crate) fn anything_of(body: Body<'_>) -> BoxedStrategy<Object> {
    object_of(body, true, false)
}

fn object_of(body: Body<'_>, unknowns: bool, config: bool) -> BoxedStrategy<Object> {
    let attributes: Vec<_> = body
        .attributes
        .iter()
        .map(|attribute| {
            let empty = if config {
                !attribute.required && !attribute.optional
            } else {
                attribute.write_only && !unknowns
            };
            let value = if empty {
                Just(Value::Null).boxed()
            } else if config && attribute.required {
                known_value_of(&attribute.ty, unknowns)
            } else {
                value_of(&attribute.ty, unknowns)
            };
            (Just(attribute.name.to_owned()), value)
        })
        .collect();
    let blocks: Vec<_> = body
        .blocks
        .iter()
        .map(|block| (Just(block.name.to_owned()), blocks_of(block, unknowns, config)))
        .collect();
    (attributes, blocks)
        .prop_map(|(attributes, blocks)| attributes.into_iter().chain(blocks).collect())
        .boxed()
}

fn blocks_of(block: &Block, unknowns: bool, config: bool) -> BoxedStrategy<Value> {
    let element = object_of(Body::from(block), unknowns, config).prop_map(Value::Object);
    let written = match block.nesting {
        Nesting::Single => prop_oneof![1 => Just(Value::Null), 2 => element].boxed(),
        Nesting::SingleRequired | Nesting::Group => element.boxed(),
        Nesting::List { .. } => vec(element, 0..3).prop_map(Value::List).boxed(),
        Nesting::Set { .. } => vec(element, 0..3).prop_map(distinct).boxed(),
        Nesting::Map => btree_map(name(), element, 0..3).prop_map(Value::Map).boxed(),
    };
    if !unknowns || block.name == TIMEOUTS {
        return written;
    }
    // A `dynamic` block with an unknown `for_each`: a collection is unknown as a whole, a single block is there with
    // nothing known of it.
    let unknown = match block.nesting {
        Nesting::Single => Value::Object(unknown_object(Body::from(block))),
        Nesting::SingleRequired | Nesting::Group => return written,
        Nesting::List { .. } | Nesting::Set { .. } | Nesting::Map => Value::UNKNOWN,
    };
    prop_oneof![6 => written, 1 => Just(unknown)].boxed()
}

fn unknown_object(body: Body<'_>) -> Object {
    let attributes = body.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::UNKNOWN));
    let blocks = body.blocks.iter().map(|block| {
        let value = match block.nesting {
            Nesting::Single | Nesting::SingleRequired | Nesting::Group => {
                Value::Object(unknown_object(Body::from(block)))
            }
            Nesting::List { .. } | Nesting::Set { .. } | Nesting::Map => Value::UNKNOWN,
        };
        (block.name.to_owned(), value)
    });
    attributes.chain(blocks).collect()
}

/// A schema, a configuration of it with unknown parts, the same known, a prior state, and what an author says
/// three times.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) schema: Schema,
    pub(crate) config: Object,
    pub(crate) known: Object,
    pub(crate) prior: Option<Object>,
    pub(crate) authors: Vec<Object>,
}

/// Any case.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    schema()
        .prop_flat_map(|schema| {
            let body = Body::from(&schema);
            let config = prop_oneof![config_of(body, false), config_of(body, true)];
            let prior = proptest::option::of(state_of(body));
            let authors = vec(anything_of(body), 3);
            (Just(schema.clone()), config, config_of(body, false), prior, authors)
        })
        .prop_map(|(schema, config, other, prior, authors)| {
            let known = made_known(&config, &other, Body::from(&schema));
            Case { schema, config, known, prior, authors }
        })
}

/// The configuration as it turns out to be: unknown parts from `other` where they fit, else null. Elements of a set
/// that turn out to be equal fall together.
fn made_known(config: &Object, other: &Object, body: Body<'_>) -> Object {
    let mut known = config.clone();
    for attribute in body.attributes {
        if let Some(value) = known.get_mut(attribute.name) {
            if attribute.computed && !attribute.optional {
                // Unknown only inside a block of which nothing is known.
                *value = Value::Null;
            } else if value.is_unknown() {
                *value = other.get(attribute.name).cloned().unwrap_or(Value::Null);
            } else if !value.is_wholly_known() {
                let whole = Object::from([(String::new(), value.clone())]);
                *value = known_parts(&whole).remove("").unwrap_or(Value::Null);
            }
        }
    }
    for block in body.blocks {
        if let Some(value) = known.get_mut(block.name) {
            if value.is_unknown() {
                *value = other.get(block.name).cloned().unwrap_or_else(|| block.empty());
            }
            let nothing = Body::from(block).empty();
            each_object(value, &mut |object| *object = made_known(object, &nothing, Body::from(block)));
            if let Value::Set(items) = value {
                *value = distinct(std::mem::take(items));
            }
        }
    }
    known
}

/// Whether no two elements of a set agree in everything that users write. Where two do, the same words fit both, and
/// nobody can say which is meant.
pub(crate) fn elements_differ(object: &Object, body: Body<'_>) -> bool {
    body.blocks.iter().all(|block| {
        let inner = Body::from(block);
        let Some(value) = object.get(block.name) else { return true };
        if let Value::Set(items) = value {
            let agree = |a: &Value, b: &Value| match (a, b) {
                (Value::Object(a), Value::Object(b)) => {
                    inner.attributes.iter().filter(|attribute| !attribute.computed).all(|attribute| {
                        let of = |object: &Object| object.get(attribute.name).cloned().unwrap_or(Value::Null);
                        let (a, b) = (of(a), of(b));
                        attribute.is_same(&a, &b) || !a.is_wholly_known() || !b.is_wholly_known()
                    })
                }
                _ => true,
            };
            let twice = items
                .iter()
                .enumerate()
                .any(|(position, item)| items.iter().skip(position + 1).any(|other| agree(item, other)));
            if twice {
                return false;
            }
        }
        let mut all = true;
        each_object(&mut value.clone(), &mut |object| all &= elements_differ(object, inner));
        all
    })
}

fn distinct(items: Vec<Value>) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.iter().any(|other| other.equals(&item)) {
            kept.push(item);
        }
    }
    Value::Set(kept)
}

fn name() -> impl Strategy<Value = String> {
    proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned)
}
