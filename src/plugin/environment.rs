//! What the host tells its plugin, all of it by environment variables, parsed once.
//!
//! Read here and passed on as a value, so that the rest of the module can be tested without changing the
//! environment of the test process. The variables for logging are `log`'s.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The variable that tells a plugin it was started by Terraform and not by a person, and its value. It is no
/// secret: it protects people, not the plugin.
pub const MAGIC_COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// The major protocol version that is served.
pub const PROTOCOL_VERSION: u32 = 5;

/// The host's side of the contract.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub(super) magic_cookie: Option<String>,
    pub(super) protocol_versions: Vec<u32>,
    pub(super) client_certificate: Option<String>,
    pub(super) ports: Option<RangeInclusive<u16>>,
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no sockets"))]
    pub(super) socket_directories: Vec<PathBuf>,
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no sockets"))]
    pub(super) socket_group: Option<String>,
    pub(super) multiplexing_wanted: bool,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::read(|name| std::env::var_os(name))
    }

    /// Reads the variables through `lookup`. An empty variable counts as absent, as it does for go-plugin.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let raw = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let text = |name: &str| raw(name).map(|value| value.to_string_lossy().into_owned());
        let port = |name: &str| text(name).and_then(|value| value.parse::<u16>().ok());

        // The first that is set is where the socket belongs; the last resort is for the case that its path gets
        // too long there, which happens on build machines with deep temporary directories.
        let preferred = raw("PLUGIN_UNIX_SOCKET_DIR").or_else(|| raw("TMPDIR")).map(PathBuf::from);
        let mut socket_directories: Vec<PathBuf> = preferred.into_iter().collect();
        socket_directories.push(PathBuf::from("/tmp"));
        socket_directories.dedup();

        Self {
            magic_cookie: text(MAGIC_COOKIE.0),
            protocol_versions: text("PLUGIN_PROTOCOL_VERSIONS")
                .map(|list| list.split(',').filter_map(|version| version.trim().parse().ok()).collect())
                .unwrap_or_default(),
            client_certificate: text("PLUGIN_CLIENT_CERT"),
            ports: port("PLUGIN_MIN_PORT").zip(port("PLUGIN_MAX_PORT")).map(|(min, max)| min..=max),
            socket_directories,
            socket_group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            multiplexing_wanted: raw("PLUGIN_MULTIPLEX_GRPC").is_some(),
        }
    }

    /// Whether a host started this process.
    pub fn cookie_matches(&self) -> bool {
        self.magic_cookie.as_deref() == Some(MAGIC_COOKIE.1)
    }

    /// Whether the host speaks [`PROTOCOL_VERSION`]. Where it does not, the plugin still answers with its own
    /// version: the host reports the mismatch better than the plugin can.
    pub fn offers_our_protocol(&self) -> bool {
        self.protocol_versions.contains(&PROTOCOL_VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_cookie_must_be_right_to_the_letter() {
        assert!(read(&[MAGIC_COOKIE]).cookie_matches());
        assert!(!read(&[]).cookie_matches());
        assert!(!read(&[(MAGIC_COOKIE.0, "")]).cookie_matches());
        assert!(!read(&[(MAGIC_COOKIE.0, "d602bf8f")]).cookie_matches());
    }

    #[test]
    fn protocol_versions_come_in_any_order() {
        assert!(read(&[("PLUGIN_PROTOCOL_VERSIONS", "6,5")]).offers_our_protocol());
        assert!(read(&[("PLUGIN_PROTOCOL_VERSIONS", "5")]).offers_our_protocol());
        assert!(!read(&[("PLUGIN_PROTOCOL_VERSIONS", "6,55")]).offers_our_protocol());
        assert!(!read(&[]).offers_our_protocol());
    }

    #[test]
    fn sockets_go_where_the_host_says_then_to_the_temporary_directory() {
        let directories = |variables: &[(&str, &str)]| read(variables).socket_directories;
        assert_eq!(directories(&[]), [PathBuf::from("/tmp")]);
        assert_eq!(directories(&[("TMPDIR", "/tmp")]), [PathBuf::from("/tmp")]);
        assert_eq!(directories(&[("TMPDIR", "/a")]), [PathBuf::from("/a"), PathBuf::from("/tmp")]);
        assert_eq!(
            directories(&[("TMPDIR", "/a"), ("PLUGIN_UNIX_SOCKET_DIR", "/b")]),
            [PathBuf::from("/b"), PathBuf::from("/tmp")]
        );
    }

    #[test]
    fn ports_are_a_range_or_left_to_the_system() {
        assert_eq!(
            read(&[("PLUGIN_MIN_PORT", "10000"), ("PLUGIN_MAX_PORT", "25000")]).ports,
            Some(10000..=25000)
        );
        assert_eq!(read(&[("PLUGIN_MIN_PORT", "10000")]).ports, None);
        assert_eq!(read(&[("PLUGIN_MIN_PORT", "10000"), ("PLUGIN_MAX_PORT", "no")]).ports, None);
    }
}
