//! Rehearsals: the address map that leads a user's unchanged configuration to a simulator.
//!
//! `MILINK_REHEARSAL` names a file that maps each `host:port` to an address on this machine. Loopback only, so that a
//! stray file can never lead production credentials to another machine, and named in a warning of every plan.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The environment variable that names the file.
pub const VARIABLE: &str = "MILINK_REHEARSAL";

/// Where a rehearsal leads.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// From `host:port`, as the configuration says it in lower case, to an address on this machine.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// The root that the simulator's certificates chain to, as PEM. Trusted beside the usual ones.
    pub ca_certificate: String,
}

/// A rehearsal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The file.
    #[error("cannot read the rehearsal file `{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its contents.
    #[error("the rehearsal file `{path}` is not valid: {source}")]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// An address elsewhere.
    #[error("the rehearsal file `{path}` leads `{from}` to {to}, which is not on this machine")]
    NotLoopback {
        /// Which file.
        path: PathBuf,
        /// What it maps.
        from: String,
        /// Where to.
        to: SocketAddr,
    },
}

impl Rehearsal {
    /// Reads `path`.
    pub fn read(path: &Path) -> Result<Self, RehearsalError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| RehearsalError::Io { path: path.to_owned(), source })?;
        let rehearsal: Self = serde_json::from_str(&text)
            .map_err(|source| RehearsalError::Json { path: path.to_owned(), source })?;
        match rehearsal.addresses.iter().find(|(_, to)| !to.ip().is_loopback()) {
            Some((from, to)) => {
                Err(RehearsalError::NotLoopback { path: path.to_owned(), from: from.clone(), to: *to })
            }
            None => Ok(rehearsal),
        }
    }

    /// Where `host:port` leads; nothing where the map does not say, which then leads nowhere: a rehearsal never
    /// leaves this machine.
    pub fn address(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.addresses.get(&format!("{}:{port}", host.to_ascii_lowercase())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rehearsal, RehearsalError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Rehearsal::read(file.path())
    }

    #[test]
    fn names_are_found_in_any_case() {
        let rehearsal =
            read(r#"{"addresses": {"sql1.corp.example:1433": "127.0.0.1:9"}, "ca_certificate": ""}"#)
                .unwrap();
        assert_eq!(rehearsal.address("SQL1.corp.example", 1433), Some("127.0.0.1:9".parse().unwrap()));
        assert_eq!(rehearsal.address("sql1.corp.example", 1434), None);
    }

    #[test]
    fn nothing_leads_off_this_machine() {
        let error = read(r#"{"addresses": {"a:1": "10.0.0.4:1433"}, "ca_certificate": ""}"#).unwrap_err();
        assert!(matches!(error, RehearsalError::NotLoopback { .. }), "{error}");
    }
}
