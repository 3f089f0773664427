//! The documented limitations: pure tables and checks, no I/O.
//!
//! A rule has a stable id, a severity and a source. It is asked when the making of something is planned, over facts
//! that were gathered before; a fact that is not known makes it silent, and whoever gathered says so. What keeps data
//! from being lost (roles, protection, use by others) is no rule: nothing switches that off.
//!
//! | module | asks about |
//! | --- | --- |
//! | [`server`] | a SQL Server as one side of a link |
//! | [`database`] | a database that is to be linked |
//! | [`instance`] | a managed instance as the other side |
//!
//! Prerequisites that the same plan may make (master key, endpoint, certificates) are no rules either: the link looks
//! for them when it is applied, and says which `depends_on` is missing.

pub mod database;
pub mod instance;
pub mod server;

/// What a broken rule does to the plan that makes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Microsoft does not support it, or it cannot work: the plan fails.
    Block,
    /// It works, with a consequence that somebody should know of.
    Warn,
}

/// A documented limitation.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `MIL0001`; never reused.
    pub id: &'static str,
    /// What a broken one does.
    pub severity: Severity,
    /// Where it is documented: a page of Microsoft's, or the error that SQL Server would raise.
    pub source: &'static str,
}

/// A broken rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub rule: &'static Rule,
    /// What is so, as a sentence that names the object.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

impl Rule {
    const fn block(id: &'static str, source: &'static str) -> Self {
        Self { id, severity: Severity::Block, source }
    }

    const fn warn(id: &'static str, source: &'static str) -> Self {
        Self { id, severity: Severity::Warn, source }
    }

    fn broken(&'static self, message: String, hint: &'static str) -> Finding {
        Finding { rule: self, message, hint }
    }
}

/// Every rule, by id.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    server::RULES.iter().chain(database::RULES).chain(instance::RULES).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_a_source() {
        let ids: Vec<_> = super::all().map(|rule| rule.id).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{ids:?}");
        for rule in super::all() {
            let number = rule.id.strip_prefix("MIL").unwrap_or_default();
            assert!(number.len() == 4 && number.bytes().all(|digit| digit.is_ascii_digit()), "{}", rule.id);
            assert!(!rule.source.is_empty(), "{}", rule.id);
        }
    }
}
