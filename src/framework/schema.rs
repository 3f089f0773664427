//! How an object looks to Terraform, declared in one readable place per object.
//!
//! ```
//! use terraform_provider_milink::framework::schema::{Attribute, Schema};
//!
//! let schema = Schema::new("The endpoint certificate of an instance.")
//!     .attribute(Attribute::string("name").optional().computed().replaces().describe("Its name in `master`."))
//!     .attribute(Attribute::string("thumbprint").computed().stable().describe("SHA-1, upper-case hex."));
//! assert_eq!(schema.attributes.len(), 2);
//! ```

use std::time::Duration;

use super::types::Type;
use super::value::Value;

/// The schema of a resource, data source, action, list resource or of the provider block.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Counts up with each change that old states cannot be read with; 0 at first.
    pub version: u32,
    /// Markdown.
    pub description: &'static str,
    /// Why it should no longer be used, and what to use instead.
    pub deprecation: Option<&'static str>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// The nested blocks.
    pub blocks: Vec<Block>,
    /// The operations with a time limit that users may change, with their defaults.
    pub timeouts: Option<Timeouts>,
}

/// Default time limits. An operation without one has no entry in the `timeouts` block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Of create.
    pub create: Option<Duration>,
    /// Of read.
    pub read: Option<Duration>,
    /// Of update.
    pub update: Option<Duration>,
    /// Of delete.
    pub delete: Option<Duration>,
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Lower case, digits and underscores.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Must be written.
    pub required: bool,
    /// May be written.
    pub optional: bool,
    /// The provider fills it when it is not written.
    pub computed: bool,
    /// Redacted where Terraform prints values.
    pub sensitive: bool,
    /// Reaches the provider only, never state or plan.
    pub write_only: bool,
    /// Markdown.
    pub description: &'static str,
    /// Why it should no longer be used, and what to use instead.
    pub deprecation: Option<&'static str>,
    /// The value when nothing is written (implies optional and computed).
    pub default: Option<Value>,
    /// When a change of it makes a new object.
    pub replacement: Replacement,
    /// A computed value that stays as it is through updates (plans keep the prior value).
    pub stable: bool,
    /// Two spellings of one value: where they are equal by this, the prior one is kept.
    pub same: Option<fn(&Value, &Value) -> bool>,
    /// Checks of one known, non-null value; each answers with what is wrong, as a sentence without a full stop.
    pub checks: Vec<Check>,
}

/// Checks a known value; the answer on failure is the second half of a sentence: "must be …".
pub type Check = fn(&Value) -> Result<(), String>;

/// When the change of an attribute replaces the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replacement {
    /// Never: it is updated in place.
    #[default]
    Never,
    /// Whenever the planned value differs from the prior one, or is unknown.
    Always,
    /// Only when it is known to differ: an unknown value plans an update. For contents that come from data
    /// sources, which `depends_on` can defer: a replacement would throw away what will turn out to be the same.
    WhenKnown,
}

/// A nested block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name.
    pub name: &'static str,
    /// How often it may be written.
    pub nesting: Nesting,
    /// Markdown.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Blocks inside it.
    pub blocks: Vec<Block>,
}

/// How often a block may be written, and whether it bears a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most once.
    Single,
    /// Exactly once.
    SingleRequired,
    /// Always there, with nulls when it is not written.
    Group,
    /// In order.
    List {
        /// Fewest.
        min: u32,
        /// Most; 0 is no limit.
        max: u32,
    },
    /// Without order. Its elements cannot be addressed in diagnostics.
    Set {
        /// Fewest.
        min: u32,
        /// Most; 0 is no limit.
        max: u32,
    },
    /// By label.
    Map,
}

impl Schema {
    /// A schema of version 0 without attributes.
    pub fn new(description: &'static str) -> Self {
        Self {
            version: 0,
            description,
            deprecation: None,
            attributes: Vec::new(),
            blocks: Vec::new(),
            timeouts: None,
        }
    }

    /// With this attribute.
    pub fn attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// With these attributes, for those that several objects share.
    pub fn attributes(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.attributes.extend(attributes);
        self
    }

    /// With this block.
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// With a `timeouts` block. The framework keeps it: it is no part of the author's model.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Of this version.
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
}

impl Attribute {
    /// An attribute of type `ty`: say next whether it is required, optional or computed.
    pub fn new(name: &'static str, ty: Type) -> Self {
        Self {
            name,
            ty,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            description: "",
            deprecation: None,
            default: None,
            replacement: Replacement::Never,
            stable: false,
            same: None,
            checks: Vec::new(),
        }
    }

    /// A string.
    pub fn string(name: &'static str) -> Self {
        Self::new(name, Type::String)
    }

    /// A truth value.
    pub fn bool(name: &'static str) -> Self {
        Self::new(name, Type::Bool)
    }

    /// A number.
    pub fn number(name: &'static str) -> Self {
        Self::new(name, Type::Number)
    }

    /// A list of strings.
    pub fn strings(name: &'static str) -> Self {
        Self::new(name, Type::list(Type::String))
    }

    /// A set of strings.
    pub fn string_set(name: &'static str) -> Self {
        Self::new(name, Type::set(Type::String))
    }

    /// Must be written.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// May be written.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The provider fills it when it is not written.
    pub fn computed(mut self) -> Self {
        self.computed = true;
        self
    }

    /// Redacted where Terraform prints values.
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Never stored.
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// What it takes and means, in Markdown.
    pub fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Optional, with this value when it is not written.
    pub fn default(mut self, value: Value) -> Self {
        self.optional = true;
        self.computed = true;
        self.default = Some(value);
        self
    }

    /// Optional, `text` when it is not written.
    pub fn default_string(self, text: &'static str) -> Self {
        self.default(Value::String(text.to_owned()))
    }

    /// Optional, `flag` when it is not written.
    pub fn default_bool(self, flag: bool) -> Self {
        self.default(Value::Bool(flag))
    }

    /// Optional, `number` when it is not written.
    pub fn default_number(self, number: i64) -> Self {
        self.default(Value::Number(number.into()))
    }

    /// A change makes a new object.
    pub fn replaces(mut self) -> Self {
        self.replacement = Replacement::Always;
        self
    }

    /// A change that is known makes a new object.
    pub fn replaces_when_known(mut self) -> Self {
        self.replacement = Replacement::WhenKnown;
        self
    }

    /// Computed once: plans of updates keep the prior value.
    pub fn stable(mut self) -> Self {
        self.stable = true;
        self
    }

    /// Equal by `same`: the prior spelling is kept.
    pub fn same(mut self, same: fn(&Value, &Value) -> bool) -> Self {
        self.same = Some(same);
        self
    }

    /// One of these words.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Why it should no longer be used, and what to use instead.
    pub fn deprecated(mut self, message: &'static str) -> Self {
        self.deprecation = Some(message);
        self
    }
}

impl Block {
    /// A block without attributes.
    pub fn new(name: &'static str, nesting: Nesting, description: &'static str) -> Self {
        Self { name, nesting, description, attributes: Vec::new(), blocks: Vec::new() }
    }

    /// With this attribute.
    pub fn attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// With this block inside.
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

/// What tells one object from all others of its type, and what it can be imported by (Terraform 1.12).
#[derive(Clone, Debug)]
pub struct IdentitySchema {
    /// Counts up with each change that old identities cannot be read with.
    pub version: u32,
    /// The attributes: primitives, or lists of primitives.
    pub attributes: Vec<IdentityAttribute>,
}

/// One attribute of an identity.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether an import needs it; otherwise an import may leave it out.
    pub required_for_import: bool,
    /// Plain text.
    pub description: &'static str,
}

impl IdentitySchema {
    /// An identity of version 0 without attributes.
    pub fn new() -> Self {
        Self { version: 0, attributes: Vec::new() }
    }

    /// Of this version.
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// With a string that an import needs.
    pub fn required(mut self, name: &'static str, description: &'static str) -> Self {
        self.attributes.push(IdentityAttribute {
            name,
            ty: Type::String,
            required_for_import: true,
            description,
        });
        self
    }

    /// With an attribute of any kind.
    pub fn attribute(mut self, attribute: IdentityAttribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// With a string that an import may leave out.
    pub fn optional(mut self, name: &'static str, description: &'static str) -> Self {
        self.attributes.push(IdentityAttribute {
            name,
            ty: Type::String,
            required_for_import: false,
            description,
        });
        self
    }
}

impl Default for IdentitySchema {
    fn default() -> Self {
        Self::new()
    }
}
