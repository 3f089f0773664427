//! The path of an attribute, as diagnostics and replacements name it.

use std::fmt;

/// A path from the root of an object to one attribute, block or element.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributePath {
    steps: Vec<Step>,
}

/// One step of an [`AttributePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An attribute or a block, by name.
    Attribute(String),
    /// An element of a map, or a map-nested block.
    Key(String),
    /// An element of a list, or a list-nested block; from 0.
    Index(i64),
}

impl AttributePath {
    /// The path of the whole object.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of a root attribute or block.
    pub fn attribute(name: &str) -> Self {
        Self::root().then(Step::Attribute(name.to_owned()))
    }

    /// This path, one attribute deeper.
    pub fn child(&self, name: &str) -> Self {
        self.clone().then(Step::Attribute(name.to_owned()))
    }

    /// This path, at the element `index`.
    pub fn index(&self, index: usize) -> Self {
        self.clone().then(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// This path, at the element `key`.
    pub fn key(&self, key: &str) -> Self {
        self.clone().then(Step::Key(key.to_owned()))
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether this is the path of the whole object.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// As Terraform's users write it: `sql_server[0].host`.
impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => write!(f, "{name}")?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl From<&str> for AttributePath {
    fn from(name: &str) -> Self {
        Self::attribute(name)
    }
}
