//! How a server's collation compares names and text.
//!
//! Only what an object's name can meet is modelled: case (or its being told apart), Turkish dotted and dotless i,
//! and trailing blanks, which no comparison of SQL Server sees. Accents count in every collation here.

use std::cmp::Ordering;

/// The comparing part of a collation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Collation {
    /// `…_CI_…`.
    #[default]
    CaseInsensitive,
    /// `Turkish_CI_…`: i pairs with İ, ı with I.
    TurkishCaseInsensitive,
    /// `…_CS_…`, `…_BIN`, `…_BIN2`.
    Exact,
}

impl Collation {
    /// Reads a collation's name, such as `SQL_Latin1_General_CP1_CI_AS`.
    pub(crate) fn named(name: &str) -> Self {
        let upper = name.to_ascii_uppercase();
        if upper.contains("_BIN") || upper.contains("_CS_") || upper.ends_with("_CS") {
            Self::Exact
        } else if upper.starts_with("TURKISH") {
            Self::TurkishCaseInsensitive
        } else {
            Self::CaseInsensitive
        }
    }

    /// The form in which equal texts are the same string.
    pub(crate) fn fold(self, text: &str) -> String {
        let text = text.trim_end_matches(' ');
        match self {
            Self::Exact => text.to_owned(),
            Self::CaseInsensitive => text.to_uppercase(),
            Self::TurkishCaseInsensitive => text
                .chars()
                .flat_map(|letter| {
                    let upper = match letter {
                        'i' => "İ".to_owned(),
                        'ı' => "I".to_owned(),
                        other => other.to_uppercase().to_string(),
                    };
                    upper.chars().collect::<Vec<_>>()
                })
                .collect(),
        }
    }

    pub(crate) fn equal(self, left: &str, right: &str) -> bool {
        self.compare(left, right) == Ordering::Equal
    }

    pub(crate) fn compare(self, left: &str, right: &str) -> Ordering {
        if left == right { Ordering::Equal } else { self.fold(left).cmp(&self.fold(right)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_where_the_collation_says_so() {
        let insensitive = Collation::named("SQL_Latin1_General_CP1_CI_AS");
        assert!(insensitive.equal("Sales", "SALES") && insensitive.equal("a", "a  "));
        let exact = Collation::named("Latin1_General_100_BIN2");
        assert!(!exact.equal("Sales", "SALES") && exact.equal("a", "a  "));
        let turkish = Collation::named("Turkish_CI_AS");
        assert!(!turkish.equal("i", "I") && turkish.equal("i", "İ") && turkish.equal("ı", "I"));
    }
}
