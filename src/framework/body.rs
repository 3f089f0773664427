//! What a schema, a block and an identity have in common: attributes and nested blocks. The engine walks these.

use super::schema::{Attribute, Block, IdentitySchema, Nesting, Schema, Timeouts};
use super::types::Type;
use super::value::{Object, Value};

/// The name of the block that the engine keeps by itself.
pub(crate) const TIMEOUTS: &str = "timeouts";

/// The attributes and blocks of one level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) attributes: &'a [Attribute],
    pub(crate) blocks: &'a [Block],
}

impl<'a> From<&'a Schema> for Body<'a> {
    fn from(schema: &'a Schema) -> Self {
        Self { attributes: &schema.attributes, blocks: &schema.blocks }
    }
}

impl<'a> From<&'a Block> for Body<'a> {
    fn from(block: &'a Block) -> Self {
        Self { attributes: &block.attributes, blocks: &block.blocks }
    }
}

impl<'a> Body<'a> {
    /// How many names an object of this form has.
    pub(crate) fn len(self) -> usize {
        self.attributes.len() + self.blocks.len()
    }

    /// The names of all attributes and blocks.
    pub(crate) fn names(self) -> impl Iterator<Item = &'a str> {
        let attributes = self.attributes.iter().map(|attribute| attribute.name);
        attributes.chain(self.blocks.iter().map(|block| block.name))
    }

    /// The attribute or block of this name.
    pub(crate) fn member(self, name: &str) -> Option<Member<'a>> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .map(Member::Attribute)
            .or_else(|| self.blocks.iter().find(|block| block.name == name).map(Member::Block))
    }

    /// An object of this form with nothing in it: nulls, no blocks.
    pub(crate) fn empty(self) -> Object {
        let attributes = self.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null));
        let blocks = self.blocks.iter().map(|block| (block.name.to_owned(), block.empty()));
        attributes.chain(blocks).collect()
    }
}

/// One name of a [`Body`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Member<'a> {
    /// An attribute.
    Attribute(&'a Attribute),
    /// A block.
    Block(&'a Block),
}

impl Block {
    /// What stands in state where no such block is written.
    pub(crate) fn empty(&self) -> Value {
        match self.nesting {
            Nesting::Single | Nesting::SingleRequired => Value::Null,
            Nesting::Group => Value::Object(Body::from(self).empty()),
            Nesting::List { .. } => Value::List(Vec::new()),
            Nesting::Set { .. } => Value::Set(Vec::new()),
            Nesting::Map => Value::Map(Object::new()),
        }
    }
}

impl Attribute {
    /// Whether `a` and `b` are spellings of one value.
    pub(crate) fn is_same(&self, a: &Value, b: &Value) -> bool {
        a.equals(b)
            || self.same.is_some_and(|same| {
                !a.is_absent() && !b.is_absent() && a.is_wholly_known() && b.is_wholly_known() && same(a, b)
            })
    }
}

/// The `timeouts` block of a schema that has time limits.
pub(crate) fn timeouts_block(timeouts: &Timeouts) -> Block {
    let limits = [
        ("create", timeouts.create),
        ("read", timeouts.read),
        ("update", timeouts.update),
        ("delete", timeouts.delete),
    ];
    let mut block = Block::new(TIMEOUTS, Nesting::Single, "How long operations may take.");
    for (name, _) in limits.iter().filter(|(_, limit)| limit.is_some()) {
        block = block.attribute(
            Attribute::string(name)
                .optional()
                .check(super::checks::duration)
                .describe("A duration such as `30m` or `1h30m`."),
        );
    }
    block
}

/// The attributes of an identity, in the form of a schema's.
pub(crate) fn identity_attributes(identity: &IdentitySchema) -> Vec<Attribute> {
    identity
        .attributes
        .iter()
        .map(|attribute| {
            let ty: Type = attribute.ty.clone();
            Attribute::new(attribute.name, ty).optional().computed().describe(attribute.description)
        })
        .collect()
}
