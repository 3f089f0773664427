//! How a server's collation compares names and text.
//!
//! On a case-sensitive server names of objects, columns, variables, procedures and logins are told apart by case
//! (documented with error 207); on a Turkish one `i` and `I` are two letters. So everything that looks up a name asks
//! the server's collation, and never compares as ASCII does. Keywords and the names of built-in functions are no names
//! in this sense.
//!
//! Only what an object's name can meet is modelled: case (or its being told apart), Turkish dotted and dotless i,
//! and trailing blanks, which no comparison of SQL Server sees. Accents count in every collation here.

use std::cmp::Ordering;

/// The comparing part of a collation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collation {
    /// `…_CI_…`.
    #[default]
    CaseInsensitive,
    /// `Turkish_CI_…`: i pairs with İ, ı with I.
    TurkishCaseInsensitive,
    /// `…_CS_…`, `…_BIN`, `…_BIN2`.
    Exact,
}

impl Collation {
    /// Reads a collation's name, such as `SQL_Latin1_General_CP1_CI_AS`. It is read for every name that is looked up, so
    /// nothing is made for that.
    pub fn named(name: &str) -> Self {
        let is = |word: Option<&str>, known: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(known));
        let mut words = name.split('_');
        let language = words.next();
        if words.clone().any(|word| ["BIN", "BIN2", "CS"].into_iter().any(|exact| is(Some(word), exact))) {
            Self::Exact
        } else if is(language, "Turkish") || (is(language, "Azeri") && is(words.next(), "Latin")) {
            Self::TurkishCaseInsensitive
        } else {
            Self::CaseInsensitive
        }
    }

    /// Whether that is the name of a collation, as far as its form says: a language or code page, then what it tells
    /// apart. ASSUMED 113: every name of that form is one; else, with `accents_said`, none that says nothing about accents.
    pub fn exists(name: &str, accents_said: bool) -> bool {
        let upper = name.to_ascii_uppercase();
        let mut words = upper.split('_').skip(1);
        let form = |word: &str| matches!(word, "CI" | "CS" | "BIN" | "BIN2");
        let accents = |word: &str| matches!(word, "AI" | "AS" | "BIN" | "BIN2");
        upper.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
            && (!accents_said || words.clone().any(accents))
            && words.any(form)
    }

    /// The form in which equal texts are the same string.
    pub fn fold(self, text: &str) -> String {
        let text = text.trim_end_matches(' ');
        match self {
            Self::Exact => text.to_owned(),
            Self::CaseInsensitive if text.is_ascii() => text.to_ascii_uppercase(),
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

    /// The form in which a name is looked up among names that the server's makers spell in lower case (system
    /// procedures, views, columns): it is found if and only if the collation takes the two for the same.
    pub fn lower(self, name: &str) -> String {
        let name = name.trim_end_matches(' ');
        match self {
            Self::Exact => name.to_owned(),
            Self::CaseInsensitive => name.to_lowercase(),
            Self::TurkishCaseInsensitive => name
                .chars()
                .map(|letter| match letter {
                    'İ' => "i".to_owned(),
                    'I' => "ı".to_owned(),
                    other => other.to_lowercase().to_string(),
                })
                .collect(),
        }
    }

    /// Whether the two are the same name.
    pub fn equal(self, left: &str, right: &str) -> bool {
        let (left, right) = (left.trim_end_matches(' '), right.trim_end_matches(' '));
        // Lists of thousands of names are searched, and most names that are alike differ at their end.
        let mut ends = left.bytes().rev().zip(right.bytes().rev());
        let known = ends.find_map(|(one, other)| match one.is_ascii() && other.is_ascii() {
            true if self.key(one) == self.key(other) => None,
            true => Some(false),
            false => Some(self.fold(left) == self.fold(right)),
        });
        known.unwrap_or(left.len() == right.len())
    }

    /// What an ASCII letter counts as.
    fn key(self, byte: u8) -> u16 {
        match (self, byte) {
            (Self::Exact, byte) => u16::from(byte),
            (Self::TurkishCaseInsensitive, b'i') => 0x130,
            (_, byte) => u16::from(byte.to_ascii_uppercase()),
        }
    }

    /// The order of two texts.
    pub fn compare(self, left: &str, right: &str) -> Ordering {
        let (left, right) = (left.trim_end_matches(' '), right.trim_end_matches(' '));
        if left == right {
            return Ordering::Equal;
        }
        if !left.is_ascii() || !right.is_ascii() {
            return self.fold(left).cmp(&self.fold(right));
        }
        // What almost all names are like is compared without making new texts.
        let key = |byte: u8| self.key(byte);
        left.bytes().map(key).cmp(right.bytes().map(key))
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
        for (name, collation) in [
            ("SQL_Latin1_General_CP1_CS_AS", Collation::Exact),
            ("turkish_100_bin", Collation::Exact),
            ("Turkish_100_CI_AI_SC", Collation::TurkishCaseInsensitive),
            ("Azeri_Latin_100_CI_AS", Collation::TurkishCaseInsensitive),
            ("Azeri_Cyrillic_100_CI_AS", Collation::CaseInsensitive),
            ("Serbian_Latin_100_CI_AS", Collation::CaseInsensitive),
        ] {
            assert_eq!(Collation::named(name), collation, "{name}");
        }
        let turkish = Collation::named("Turkish_CI_AS");
        assert!(!turkish.equal("i", "I") && turkish.equal("i", "İ") && turkish.equal("ı", "I"));
    }

    #[test]
    fn a_name_has_the_form_of_one_and_may_have_to_say_more() {
        for (name, form, more) in [
            ("Latin1_General_100_CI_AS_SC_UTF8", true, true),
            ("Latin1_General_BIN2", true, true),
            ("Latin1_General_CI", true, false),
            ("Latin1_General", false, false),
            ("no collation_CI_AS", false, false),
        ] {
            assert_eq!(
                (Collation::exists(name, false), Collation::exists(name, true)),
                (form, more),
                "{name}"
            );
        }
    }

    #[test]
    fn names_compare_as_their_folded_forms_do() {
        let names = [
            "", "a", "A ", "ab", "AB", "i", "I", "İ", "ı", "zi", "zI", "z\u{130}", "Straße", "STRASSE",
            "trasse", "[", "_",
        ];
        for collation in [Collation::CaseInsensitive, Collation::TurkishCaseInsensitive, Collation::Exact] {
            for left in names {
                for right in names {
                    let folded = collation.fold(left).cmp(&collation.fold(right));
                    assert_eq!(collation.compare(left, right), folded, "{left:?} {right:?} {collation:?}");
                    assert_eq!(
                        collation.equal(left, right),
                        folded.is_eq(),
                        "{left:?} {right:?} {collation:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_system_name_is_found_if_the_collation_takes_it_for_the_same() {
        let known = "sp_certificate_issuers";
        for (collation, names) in [
            ("SQL_Latin1_General_CP1_CI_AS", [true, true, true]),
            ("Latin1_General_100_BIN2", [true, false, false]),
            // No letter of the second is an i: it is the same; the third has a capital I.
            ("Turkish_CI_AS", [true, true, false]),
        ] {
            let collation = Collation::named(collation);
            for (name, found) in [known, "SP_CERTiFiCATE_iSSUERS", "SP_CERTIFICATE_ISSUERS"].iter().zip(names)
            {
                assert_eq!(collation.lower(name) == known, found, "{name} under {collation:?}");
                assert_eq!(collation.equal(name, known), found, "{name} under {collation:?}");
            }
        }
    }
}
