//! The one place where a value becomes part of SQL text.
//!
//! DDL takes no parameters, so names, URLs and passwords stand in the text as literals. Each is parsed into a type
//! first; the types know how they are written, and nothing else in this crate concatenates SQL from values.

use std::fmt;

/// A value that cannot stand in SQL text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {reason}")]
pub struct QuoteError {
    what: &'static str,
    reason: String,
}

/// The name of an object: `sysname`, 1 to 128 UTF-16 code units without NUL. Displays in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

/// Text as a national string literal. Displays as `N'…'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal<'a>(&'a str);

/// Bytes as a binary constant. Displays as `0x…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary<'a>(&'a [u8]);

impl Identifier {
    /// Longest name, in UTF-16 code units (`sysname`).
    pub const LONGEST: usize = 128;

    /// Parses a name. `what` begins the error: "the name of the certificate".
    pub fn parse(what: &'static str, name: &str) -> Result<Self, QuoteError> {
        let refuse = |reason: &str| Err(QuoteError { what, reason: reason.to_owned() });
        if name.is_empty() {
            return refuse("must not be empty");
        }
        if name.encode_utf16().count() > Self::LONGEST {
            return refuse("must not be longer than 128 characters");
        }
        if name.contains('\0') {
            return refuse("must not contain a NUL character");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0.replace(']', "]]"))
    }
}

impl<'a> Literal<'a> {
    /// Any text. (A NUL ends no string in T-SQL, and nothing that reaches here comes from elsewhere than parsed types.)
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "N'{}'", self.0.replace('\'', "''"))
    }
}

impl<'a> Binary<'a> {
    /// Any bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Binary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// Where a SQL Server's mirroring endpoint is reached: `TCP://host:port`.
///
/// The grammar is narrow on purpose: a `;` or `[` would let `;Server=[…]` be smuggled into a listener URL, and an
/// address of this very machine leads an instance nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl {
    host: String,
    port: u16,
}

impl EndpointUrl {
    /// Parses `TCP://host:port`, in any case of the scheme.
    pub fn parse(text: &str) -> Result<Self, QuoteError> {
        let refuse = |reason: &str| Err(QuoteError { what: "an endpoint URL", reason: reason.to_owned() });
        let Some((scheme, rest)) = text.split_once("://") else {
            return refuse("has the form TCP://host:port");
        };
        if !scheme.eq_ignore_ascii_case("tcp") {
            return refuse("begins with TCP://");
        }
        let Some((host, port)) = rest.rsplit_once(':') else {
            return refuse("ends with the port of the mirroring endpoint, as in TCP://10.0.0.4:5022");
        };
        let Some(port) = port.parse::<u16>().ok().filter(|port| *port != 0) else {
            return refuse("ends with a port from 1 to 65535");
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
        if host.is_empty() || host.len() > 253 || !host.chars().all(plain) {
            return refuse("names a host by its DNS name or its IPv4 address");
        }
        let address = host.parse::<std::net::Ipv4Addr>();
        let nowhere = address.is_ok_and(|ip| ip.is_loopback() || ip.is_link_local() || ip.is_unspecified());
        if nowhere || host.eq_ignore_ascii_case("localhost") {
            return refuse("names a host that the other side can reach, not this machine itself");
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether `text` is the same URL; scheme and host compare without case.
    pub fn same(&self, text: &str) -> bool {
        Self::parse(text)
            .is_ok_and(|other| other.port == self.port && other.host.eq_ignore_ascii_case(&self.host))
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TCP://{}:{}", self.host, self.port)
    }
}

/// Where a managed instance's side of a link is reached: `tcp://<fqdn>:5022;Server=[<instance>]`, with
/// `;Database=[…]` behind it in the JOIN of a link that begins on the instance. The port on Azure's side is fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceUrl {
    fqdn: String,
    instance: String,
    database: Option<String>,
}

impl InstanceUrl {
    /// The instance called `instance` at `fqdn`.
    pub fn new(fqdn: &str, instance: &str) -> Result<Self, QuoteError> {
        let refuse = |what, reason: &str| Err(QuoteError { what, reason: reason.to_owned() });
        let short = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if instance.is_empty() || instance.len() > 63 || !instance.chars().all(short) {
            return refuse("the name of a managed instance", "consists of a-z, 0-9 and hyphens, at most 63");
        }
        if fqdn.is_empty()
            || fqdn.len() > 253
            || !fqdn.chars().all(|c| short(c.to_ascii_lowercase()) || c == '.')
        {
            return refuse("the FQDN of a managed instance", "is a DNS name");
        }
        Ok(Self { fqdn: fqdn.to_owned(), instance: instance.to_owned(), database: None })
    }

    /// For the JOIN of a link that begins on the instance.
    pub fn with_database(mut self, database: &str) -> Result<Self, QuoteError> {
        if database.is_empty() || database.contains(['[', ']', ';', '\'', '\0']) {
            let reason = "must not hold [ ] ; ' in a listener URL".to_owned();
            return Err(QuoteError { what: "the name of a database", reason });
        }
        self.database = Some(database.to_owned());
        Ok(self)
    }

    /// The FQDN.
    pub fn fqdn(&self) -> &str {
        &self.fqdn
    }
}

impl fmt::Display for InstanceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp://{}:5022;Server=[{}]", self.fqdn, self.instance)?;
        match &self.database {
            Some(database) => write!(f, ";Database=[{database}]"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a bracketed name back as SQL Server's lexer does; the rest must be empty.
    fn read_bracketed(text: &str) -> Option<String> {
        let mut rest = text.strip_prefix('[')?.chars().peekable();
        let mut name = String::new();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                (']', Some(']')) => name.push(rest.next()?),
                (']', None) => return Some(name),
                (']', Some(_)) => return None,
                (other, _) => name.push(other),
            }
        }
        None
    }

    fn read_literal(text: &str) -> Option<String> {
        let mut rest = text.strip_prefix("N'")?.chars().peekable();
        let mut value = String::new();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('\'', Some('\'')) => value.push(rest.next()?),
                ('\'', None) => return Some(value),
                ('\'', Some(_)) => return None,
                (other, _) => value.push(other),
            }
        }
        None
    }

    #[test]
    fn hostile_names_stay_inside_their_quotes() {
        let long = "\u{10000}".repeat(64);
        for name in
            ["a]b", "]]", "a'; DROP DATABASE x --", "line\nbreak", "\u{202e}rtl", "[x]", long.as_str()]
        {
            let identifier = Identifier::parse("the name", name).unwrap();
            assert_eq!(read_bracketed(&identifier.to_string()).as_deref(), Some(name));
            assert_eq!(read_literal(&Literal::new(name).to_string()).as_deref(), Some(name));
        }
    }

    #[test]
    fn names_that_sql_server_cannot_hold_are_refused() {
        for name in ["", "a\0b", "\u{10000}".repeat(65).as_str(), "x".repeat(129).as_str()] {
            assert!(Identifier::parse("the name", name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_name_it_reads_back(name in "\\PC{1,60}") {
            let identifier = Identifier::parse("the name", &name).unwrap();
            prop_assert_eq!(read_bracketed(&identifier.to_string()), Some(name.clone()));
            prop_assert_eq!(read_literal(&Literal::new(&name).to_string()), Some(name));
        }
    }

    #[test]
    fn endpoint_urls_are_narrow() {
        let url = EndpointUrl::parse("tcp://SQL1.corp.example:5022").unwrap();
        assert_eq!(url.to_string(), "TCP://SQL1.corp.example:5022");
        assert!(url.same("TCP://sql1.CORP.example:5022"));
        assert!(!url.same("TCP://sql1.corp.example:5023"));
        for refused in [
            "10.0.0.4:5022",
            "http://10.0.0.4:5022",
            "TCP://10.0.0.4",
            "TCP://10.0.0.4:0",
            "TCP://10.0.0.4:99999",
            "TCP://127.0.0.1:5022",
            "TCP://169.254.1.1:5022",
            "TCP://0.0.0.0:5022",
            "TCP://localhost:5022",
            "TCP://(local):5022",
            "TCP://h;Server=[other]:5022",
            "TCP://h:5022;Server=[other]",
        ] {
            assert!(EndpointUrl::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn instance_urls_are_written_as_documented() {
        let url = InstanceUrl::new("mi1.abc123.database.windows.net", "mi1").unwrap();
        assert_eq!(url.to_string(), "tcp://mi1.abc123.database.windows.net:5022;Server=[mi1]");
        let joined = url.with_database("Sales").unwrap();
        assert_eq!(
            joined.to_string(),
            "tcp://mi1.abc123.database.windows.net:5022;Server=[mi1];Database=[Sales]"
        );
        assert!(InstanceUrl::new("mi1.abc", "mi1]").is_err());
    }

    #[test]
    fn bytes_are_written_in_full() {
        assert_eq!(Binary::new(&[0x30, 0x82, 0x00]).to_string(), "0x308200");
    }
}
