//! Diagnostics: what a user reads when something is wrong or worth knowing.
//!
//! A *summary* is a title that is constant for its kind: Terraform folds warnings with equal summaries, so it
//! holds no object name and no full stop. The *detail* says what was being done to which object, in the
//! server's own words where there are any; a *hint* says what to do about it.

use super::path::AttributePath;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Stops what was being done.
    Error,
    /// Is shown and stops nothing.
    Warning,
}

/// One message to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The title, constant for its kind.
    pub summary: String,
    /// What happened to which object.
    pub detail: String,
    /// What to do, without the word `hint:`.
    pub hint: Option<String>,
    /// The argument at fault; the root when no single one is.
    pub path: AttributePath,
}

/// Several messages, in the order in which they arose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostic {
    /// An error.
    pub fn error(summary: &str, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary, detail.into())
    }

    /// A warning.
    pub fn warning(summary: &str, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary, detail.into())
    }

    /// With the argument at fault.
    pub fn at(mut self, path: impl Into<AttributePath>) -> Self {
        self.path = path.into();
        self
    }

    /// With what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The detail as it is shown: with the hint on a line of its own.
    pub fn full_detail(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}\n\nhint: {hint}", self.detail),
            None => self.detail.clone(),
        }
    }

    fn new(severity: Severity, summary: &str, detail: String) -> Self {
        Self { severity, summary: summary.to_owned(), detail, hint: None, path: AttributePath::root() }
    }
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the very same is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.items.contains(&diagnostic) {
            self.items.push(diagnostic);
        }
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { items: vec![diagnostic] }
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        let mut collected = Self::new();
        collected.extend(diagnostics);
        collected
    }
}
