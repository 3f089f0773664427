//! Takes secrets out of texts and leaves their length.
//!
//! Three nets, because each has holes: places that hold secrets by syntax (`PASSWORD = '…'` in T-SQL at any depth of
//! quoting, `client_secret=`, `"access_token":"…"`, the signature parameters of polling URLs), shapes that are secrets
//! wherever they stand (JSON web tokens), and values that the simulator knows (its own logins' passwords).
//! Too much is taken out rather than too little: a journal that lost half a statement is an annoyance, one that
//! holds a password is an incident.

/// T-SQL words after which `= '…'` holds a secret.
const SQL_WORDS: [&str; 4] = ["PASSWORD", "SECRET", "PWD", "OLD_PASSWORD"];

/// Names of form fields, query parameters and JSON members that hold secrets. `c`, `s` and `h` are the certificate,
/// signature and hash of ARM's signed polling URLs (recorded since 2024).
const NAMED_VALUES: [&str; 10] = [
    "client_secret",
    "client_assertion",
    "access_token",
    "refresh_token",
    "assertion",
    "administratorLoginPassword",
    "password",
    "c",
    "s",
    "h",
];

/// Shortest value that [`Redactor::hide`] takes; shorter ones would shred every text.
const SHORTEST_KNOWN: usize = 4;

/// Replaces secrets by `<secret:LENGTH>`.
#[derive(Debug, Default)]
pub struct Redactor {
    known: Known,
}

/// Known secrets; `Debug` shows how many, not which.
#[derive(Default)]
struct Known(Vec<String>);

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} known secrets", self.0.len())
    }
}

impl Redactor {
    /// Adds a value that is to be replaced wherever it stands, also with its quotes doubled.
    pub fn hide(&mut self, secret: &str) {
        if secret.chars().count() < SHORTEST_KNOWN || self.known.0.iter().any(|known| known == secret) {
            return;
        }
        self.known.0.push(secret.to_owned());
        // Longest first, or a secret that contains another would leave its tail.
        self.known.0.sort_by_key(|known| std::cmp::Reverse(known.len()));
    }

    /// `text` without its secrets.
    pub fn redact(&self, text: &str) -> String {
        let mut clean = tokens(&named_values(&sql_literals(text)));
        for secret in &self.known.0 {
            for form in [secret.clone(), secret.replace('\'', "''"), percent_encoded(secret)] {
                if clean.contains(&form) {
                    clean = clean.replace(&form, &placeholder(secret));
                }
            }
        }
        clean
    }
}

fn placeholder(secret: &str) -> String {
    format!("<secret:{}>", secret.chars().count())
}

/// Replaces literals after [`SQL_WORDS`] and an equals sign, whatever their depth of quoting: inside dynamic SQL the
/// same literal stands between two, four, … quotes.
fn sql_literals(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, literal, after)) = next_sql_literal(rest) {
        clean.push_str(before);
        clean.push_str(&placeholder(literal.value));
        rest = after;
    }
    clean.push_str(rest);
    clean
}

struct Literal<'a> {
    value: &'a str,
}

/// Splits at the first secret literal: the text up to and with its opening quotes, the literal, the rest from its
/// closing quotes on.
fn next_sql_literal(text: &str) -> Option<(&str, Literal<'_>, &str)> {
    let mut offset = 0;
    while let Some(equals) = text.get(offset..)?.find('=').map(|at| at + offset) {
        offset = equals + 1;
        let word = last_word(without_comments_at_end(text.get(..equals)?));
        if !SQL_WORDS.iter().any(|name| word.eq_ignore_ascii_case(name)) {
            continue;
        }
        let after = text.get(offset..)?;
        let mut value = without_comments_at_start(after);
        if let Some(unicode) = value.strip_prefix(['N', 'n']).filter(|rest| rest.starts_with('\'')) {
            value = unicode;
        }
        let start = text.len() - value.len();
        let length = match value.chars().next() {
            Some(quote @ ('\'' | '"')) => {
                let run = value.chars().take_while(|c| *c == quote).count();
                // The depth of quoting is the largest power of two that divides the run: the rest are quotes that
                // belong to the value.
                let depth = 1 << run.trailing_zeros();
                let body = value.get(depth..)?;
                let length = quoted_length(body, quote, depth);
                return Some((
                    text.get(..start + depth)?,
                    Literal { value: body.get(..length)? },
                    text.get(start + depth + length..)?,
                ));
            }
            Some('0') if value.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x")) => {
                value.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(value.len())
            }
            _ => continue,
        };
        return Some((
            text.get(..start)?,
            Literal { value: value.get(..length)? },
            text.get(start + length..)?,
        ));
    }
    None
}

/// Blanks and comments before the first word left out.
fn without_comments_at_start(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        let after = match (text.strip_prefix("/*"), text.strip_prefix("--")) {
            (Some(comment), _) => comment.split_once("*/"),
            (_, Some(comment)) => comment.split_once('\n'),
            _ => return text,
        };
        let Some((_, after)) = after else { return text };
        text = after.trim_start();
    }
}

/// Blanks and comments after the last word left out.
fn without_comments_at_end(text: &str) -> &str {
    let mut text = text.trim_end();
    loop {
        let block = text.strip_suffix("*/").and_then(|comment| comment.rsplit_once("/*"));
        let line = text.rsplit_once('\n').map_or(text, |(_, line)| line);
        let before = match (block, line.split_once("--")) {
            (Some((before, _)), _) => before,
            (None, Some((_, comment))) => text.get(..text.len() - comment.len() - 2).unwrap_or_default(),
            (None, None) => return text,
        };
        text = before.trim_end();
    }
}

/// Length of the literal that begins at `body`, up to its closing run of `depth` quotes.
fn quoted_length(body: &str, quote: char, depth: usize) -> usize {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes.iter().skip(at).take_while(|byte| **byte == quote as u8).count();
        if run % (2 * depth) != 0 {
            // Whole pairs are escaped quotes; what is left over closes the literal.
            return at + run - run % (2 * depth);
        }
        at += run.max(1);
    }
    body.len()
}

/// The word at the end of `text`, blanks after it left out.
fn last_word(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches([']', '"']);
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

/// Replaces `name=value` in forms and queries and `"name":"value"` in JSON, for the names in [`NAMED_VALUES`].
fn named_values(text: &str) -> String {
    let mut clean = text.to_owned();
    for name in NAMED_VALUES {
        clean = replace_after(&clean, &format!("{name}="), &['&', ' ', '"', '\n', '\r'], |before| {
            before.is_none_or(|c| matches!(c, '?' | '&' | '\n'))
                || (name.len() > 1 && before.is_some_and(|c| !c.is_alphanumeric() && c != '_'))
        });
        if name.len() > 1 {
            clean = json_member(&clean, name);
        }
    }
    clean
}

/// Replaces the string of a JSON member, up to the quote that ends it.
fn json_member(text: &str, name: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let quoted = format!("\"{name}\"");
    while let Some((before, after)) = rest.split_once(quoted.as_str()) {
        clean.push_str(before);
        clean.push_str(&quoted);
        rest = after;
        let value =
            after.trim_start().strip_prefix(':').and_then(|value| value.trim_start().strip_prefix('"'));
        let Some(value) = value.filter(|value| !value.starts_with("<secret:")) else { continue };
        let mut escaped = false;
        let end = value.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (value, tail) = value.split_at(end.unwrap_or(value.len()));
        clean.push_str(":\"");
        clean.push_str(&placeholder(value));
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

/// Replaces what follows each `prefix` up to one of `ends`, where the character before the prefix is acceptable.
fn replace_after(text: &str, prefix: &str, ends: &[char], accept: impl Fn(Option<char>) -> bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(prefix) {
        let previous = before.chars().next_back().or_else(|| clean.chars().next_back());
        clean.push_str(before);
        clean.push_str(prefix);
        rest = after;
        if accept(previous) {
            let length = after.find(ends).unwrap_or(after.len());
            let (value, tail) = after.split_at(length);
            if !value.is_empty() && !value.starts_with("<secret:") {
                clean.push_str(&placeholder(value));
                rest = tail;
            }
        }
    }
    clean.push_str(rest);
    clean
}

/// Replaces JSON web tokens, which all begin with the Base64 of `{"`.
fn tokens(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, candidate) = rest.split_at(at);
        clean.push_str(before);
        let length = candidate
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
            .unwrap_or(candidate.len());
        let (token, tail) = candidate.split_at(length);
        if token.contains('.') {
            clean.push_str(&placeholder(token));
        } else {
            clean.push_str(token);
        }
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> String {
        Redactor::default().redact(text)
    }

    #[test]
    fn password_literals_at_any_depth_of_quoting() {
        for (given, expected) in [
            (
                "CREATE LOGIN [x] WITH PASSWORD = N'a''b', CHECK_POLICY = OFF",
                "CREATE LOGIN [x] WITH PASSWORD = N'<secret:4>', CHECK_POLICY = OFF",
            ),
            (
                "ALTER LOGIN x WITH PASSWORD='new' OLD_PASSWORD = 'old'",
                "ALTER LOGIN x WITH PASSWORD='<secret:3>' OLD_PASSWORD = '<secret:3>'",
            ),
            (
                "EXEC(N'CREATE MASTER KEY ENCRYPTION BY PASSWORD = ''it''''s'';')",
                "EXEC(N'CREATE MASTER KEY ENCRYPTION BY PASSWORD = ''<secret:7>'';')",
            ),
            (
                "EXEC('OPEN MASTER KEY DECRYPTION BY PASSWORD=''p''')",
                "EXEC('OPEN MASTER KEY DECRYPTION BY PASSWORD=''<secret:1>''')",
            ),
            (
                "CREATE LOGIN x WITH PASSWORD = 0x0200AB HASHED",
                "CREATE LOGIN x WITH PASSWORD = <secret:8> HASHED",
            ),
            (
                "CREATE LOGIN x WITH PASSWORD /* a */ -- b\n = -- c\n/* d */ N'two words'",
                "CREATE LOGIN x WITH PASSWORD /* a */ -- b\n = -- c\n/* d */ N'<secret:9>'",
            ),
            ("CREATE LOGIN x WITH PASSWORD = 'unfinished", "CREATE LOGIN x WITH PASSWORD = '<secret:10>"),
            (
                "CREATE MASTER KEY ENCRYPTION BY PASSWORD = '''quoted'''",
                "CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<secret:10>'",
            ),
            (
                "SELECT name FROM sys.sql_logins WHERE name = 'sa'",
                "SELECT name FROM sys.sql_logins WHERE name = 'sa'",
            ),
            ("SET @password = @other", "SET @password = @other"),
        ] {
            assert_eq!(redact(given), expected);
        }
    }

    #[test]
    fn tokens_signatures_and_credentials_of_requests() {
        for (given, expected) in [
            (
                "grant_type=client_credentials&client_secret=s3cret%21&scope=x",
                "grant_type=client_credentials&client_secret=<secret:9>&scope=x",
            ),
            (
                "GET /op/1?api-version=2025-01-01&t=638&c=MIIH&s=abc&h=de",
                "GET /op/1?api-version=2025-01-01&t=638&c=<secret:4>&s=<secret:3>&h=<secret:2>",
            ),
            (r#"{"access_token":"abc","expires_in":1}"#, r#"{"access_token":"<secret:3>","expires_in":1}"#),
            (r#"{"password" : "a\"b", "x": "y"}"#, r#"{"password":"<secret:4>", "x": "y"}"#),
            ("Bearer eyJhbGciOi.eyJ0-_x.sig end", "Bearer <secret:22> end"),
            ("WHERE c=1 AND s='x'", "WHERE c=1 AND s='x'"),
        ] {
            assert_eq!(redact(given), expected);
        }
    }

    #[test]
    fn known_values_wherever_they_stand() {
        let mut redactor = Redactor::default();
        redactor.hide("it's+secret");
        redactor.hide("abc");
        assert_eq!(
            redactor.redact("DECLARE @p = 'it''s+secret'; -- it's+secret abc, it%27s%2Bsecret"),
            "DECLARE @p = '<secret:11>'; -- <secret:11> abc, <secret:11>"
        );
        assert!(!format!("{redactor:?}").contains("it's"));
    }
}
