//! What a report does not say: secrets never, names only on request.
//!
//! A report is sent to people who have no business with the servers that it is about. Whatever the probe learns the name
//! of (hosts, databases, groups, links, certificates, logins, subscriptions) is written down here first, and every line
//! of a report passes through [`Names::hide`]. GUIDs and addresses are nobody's business either, known or not.

use std::net::IpAddr;

use zeroize::Zeroizing;

/// A password or a token.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes it over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for those who send it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Names that were learned, and secrets.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The name in lower case, by character, and what stands for it; the longest first.
    known: Vec<(Vec<char>, String)>,
    secrets: Vec<Secret>,
    /// Whether names are shown.
    shown: bool,
}

/// Names that everybody's server has.
const PUBLIC: [&str; 12] = [
    "master",
    "tempdb",
    "model",
    "msdb",
    "sa",
    "dbo",
    "sys",
    "public",
    "guest",
    "localhost",
    "none",
    "primary",
];

impl Names {
    /// Nothing is known yet. Names are shown if `shown`; secrets are not.
    pub(super) fn new(shown: bool) -> Self {
        Self { shown, ..Self::default() }
    }

    /// Something that is never shown.
    pub(super) fn secret(&mut self, secret: &Secret) {
        if !secret.expose().is_empty() {
            self.secrets.push(secret.clone());
        }
    }

    /// A name of somebody's, which `<kind>` stands for.
    pub(super) fn learn(&mut self, kind: &str, name: &str) {
        let name = name.trim();
        let public = name.is_empty()
            || name.starts_with("##")
            || PUBLIC.iter().any(|one| one.eq_ignore_ascii_case(name));
        let folded: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
        if public || self.known.iter().any(|(known, _)| *known == folded) {
            return;
        }
        self.known.push((folded, format!("<{kind}>")));
        self.known.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then(one.cmp(other)));
    }

    /// The text without secrets, and without names unless they are shown.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.expose(), "<secret>");
        }
        if self.shown { text } else { without_numbers(&without_accounts(&self.without_names(&text))) }
    }

    /// Names where they stand as words: `AG` in `AG_1` is no name.
    fn without_names(&self, text: &str) -> String {
        let characters: Vec<char> = text.chars().collect();
        let mut told = String::with_capacity(text.len());
        let mut rest = characters.as_slice();
        let mut before: Option<char> = None;
        while let Some((first, after)) = rest.split_first() {
            let starts = !before.is_some_and(is_word);
            let found = self.known.iter().filter(|_| starts).find_map(|(name, kind)| {
                let tail = stripped(rest, name)?;
                (!tail.first().copied().is_some_and(is_word)).then_some((tail, kind))
            });
            if let Some((tail, kind)) = found {
                told.push_str(kind);
                (rest, before) = (tail, Some('>'));
            } else {
                told.push(*first);
                (rest, before) = (after, Some(*first));
            }
        }
        told
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What follows a name, if the text begins with it in any case.
fn stripped<'a>(text: &'a [char], name: &[char]) -> Option<&'a [char]> {
    let mut rest = text;
    let mut wanted = name;
    while !wanted.is_empty() {
        let (first, after) = rest.split_first()?;
        for folded in first.to_lowercase() {
            let (next, others) = wanted.split_first()?;
            if *next != folded {
                return None;
            }
            wanted = others;
        }
        rest = after;
    }
    Some(rest)
}

/// Accounts of Entra ID go: `somebody@contoso.com`.
fn without_accounts(text: &str) -> String {
    let is_account = |word: &str| {
        word.split_once('@')
            .is_some_and(|(who, at)| !who.is_empty() && !at.starts_with('@') && at.contains('.'))
    };
    let within = |character: char| character.is_alphanumeric() || "@.-_+#".contains(character);
    let words = text.split_inclusive(|character| !within(character));
    words
        .map(|word| {
            let bare = word.trim_end_matches(|character| !within(character));
            if is_account(bare) { word.replacen(bare, "<account>", 1) } else { word.to_owned() }
        })
        .collect()
}

/// GUIDs and addresses go. Builds look like addresses and are none, since their parts are above 255.
fn without_numbers(text: &str) -> String {
    let part = |character: char| character.is_ascii_hexdigit() || matches!(character, '-' | '.' | ':');
    let mut told = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars().chain(['\0']) {
        if part(character) {
            word.push(character);
            continue;
        }
        told.push_str(&replaced(&word));
        word.clear();
        if character != '\0' {
            told.push(character);
        }
    }
    told
}

fn replaced(word: &str) -> String {
    let bare = word.trim_matches(|character| matches!(character, '.' | ':' | '-'));
    let (address, port) = bare.rsplit_once(':').unwrap_or((bare, ""));
    let stands = if bare.len() == 36 && uuid::Uuid::parse_str(bare).is_ok() {
        "<guid>".to_owned()
    } else if bare.len() > 6 && bare.parse::<IpAddr>().is_ok() {
        "<address>".to_owned()
    } else if address.len() > 6 && address.parse::<std::net::Ipv4Addr>().is_ok() {
        format!("<address>:{port}")
    } else {
        return word.to_owned();
    };
    word.replacen(bare, &stands, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::new(false);
        for (kind, name) in [
            ("server", "SQL1"),
            ("host", "sql1.corp.example"),
            ("database", "Sales"),
            ("database", "İstanbul"),
            ("group", "AG"),
            ("database", "master"),
        ] {
            names.learn(kind, name);
        }
        names.secret(&Secret::new("P4ss'word".to_owned()));
        names
    }

    #[test]
    fn names_go_as_whole_words_in_any_case() {
        for (text, told) in [
            ("cannot open SALES on SQL1.corp.example:1433", "cannot open <database> on <host>:1433"),
            ("[Sales], N'sales'", "[<database>], N'<database>'"),
            ("Salesman and Sales_2 of AGE", "Salesman and Sales_2 of AGE"),
            ("database 'master' of SQL1\\x", "database 'master' of <server>\\x"),
            ("in i̇stanbul now", "in <database> now"),
            ("", ""),
        ] {
            assert_eq!(names().hide(text), told);
        }
    }

    #[test]
    fn ids_and_addresses_go_and_builds_stay() {
        for (text, told) in [
            ("group 0b5a7c1e-5a1e-4000-8000-00000000000a.", "group <guid>."),
            ("TCP://10.0.0.4:5022 and 10.0.0.4", "TCP://<address>:5022 and <address>"),
            ("the client 'a.b@contoso.com' of @@VERSION", "the client '<account>' of @@VERSION"),
            ("from fe80::1cc0:3e8c:119f:c2e1", "from <address>"),
            (
                "16.0.4125.3 and 12.0.2000.8, 2026-11-29 18:00:00",
                "16.0.4125.3 and 12.0.2000.8, 2026-11-29 18:00:00",
            ),
        ] {
            assert_eq!(names().hide(text), told);
        }
    }

    #[test]
    fn secrets_go_even_where_names_are_shown() {
        let mut shown = Names::new(true);
        shown.learn("database", "Sales");
        let secret = Secret::new("P4ss'word".to_owned());
        shown.secret(&secret);
        assert_eq!(shown.hide("Sales: P4ss'word"), "Sales: <secret>");
        assert_eq!(names().hide("Sales: P4ss'word"), "<database>: <secret>");
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
