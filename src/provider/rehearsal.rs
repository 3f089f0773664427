//! Rehearsals: the address map that leads a user's unchanged configuration to a simulator.
//!
//! `MILINK_REHEARSAL` names a file that maps each `host:port` and `host\instance` to an address on this machine.
//! Loopback only, so that a stray file can never lead production credentials to another machine, and named in a warning
//! of every plan. What the file does not map does not exist.
//!
//! Loopback is not enough by itself: a tunnel to production may listen there, perhaps at a port that a simulator has
//! given back. So a SQL Server has to prove that it is the simulator's, whatever the configuration says about trust: by
//! a certificate for a name below `.invalid` (RFC 2606, section 2), for which no public or corporate authority vouches.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::sql::config::Port;

/// The environment variable that names the file.
pub const VARIABLE: &str = "MILINK_REHEARSAL";

/// The environment variable that holds the secret of [`Rehearsal::application`]. No file holds it.
pub const CLIENT_SECRET: &str = "MILINK_REHEARSAL_CLIENT_SECRET";

/// Where a rehearsal leads.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// From `host:port` or `host\instance`, as the configuration says it in lower case, to an address on this machine.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// The root that the simulator's certificates chain to, as PEM.
    pub ca_certificate: String,
    /// The name that the certificates of its SQL Servers bear, made up for this one rehearsal.
    pub server_name: String,
    /// Who signs in to the simulated Azure where the configuration names no secret: it counts on the Azure CLI, a
    /// managed identity or a federated token then, which are real and stay out of a rehearsal.
    #[serde(default)]
    pub application: Option<Application>,
}

/// An application of the simulated Entra ID.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its tenant.
    pub tenant_id: String,
    /// Its client id.
    pub client_id: String,
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
    /// Nothing by which the simulator could prove to be one.
    #[error("the rehearsal file `{path}` needs `ca_certificate`, and a `server_name` below `.invalid`")]
    NoProof {
        /// Which file.
        path: PathBuf,
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
        if rehearsal.ca_certificate.trim().is_empty() || !rehearsal.server_name.ends_with(".invalid") {
            return Err(RehearsalError::NoProof { path: path.to_owned() });
        }
        match rehearsal.addresses.iter().find(|(_, to)| !to.ip().is_loopback()) {
            Some((from, to)) => {
                Err(RehearsalError::NotLoopback { path: path.to_owned(), from: from.clone(), to: *to })
            }
            None => Ok(rehearsal),
        }
    }

    /// Where a server is; nothing where the map does not say, which then is nowhere: a rehearsal never leaves this
    /// machine.
    pub fn address(&self, host: &str, port: &Port) -> Option<SocketAddr> {
        self.addresses.get(&port.place(host).to_ascii_lowercase()).copied()
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
            read(
                r#"{"addresses": {"sql1.corp.example:1433": "127.0.0.1:9", "sql1.corp.example\\sales": "127.0.0.1:7"},
                    "ca_certificate": "PEM", "server_name": "x.invalid"}"#,
            )
            .unwrap();
        let sales = Port::Instance("SALES".to_owned());
        assert_eq!(
            rehearsal.address("SQL1.corp.example", &Port::Number(1433)),
            Some("127.0.0.1:9".parse().unwrap())
        );
        assert_eq!(rehearsal.address("sql1.Corp.example", &sales), Some("127.0.0.1:7".parse().unwrap()));
        assert_eq!(rehearsal.address("sql1.corp.example", &Port::Number(1434)), None);
        assert_eq!(rehearsal.address("sql2.corp.example", &sales), None);
    }

    #[test]
    fn nothing_leads_off_this_machine() {
        let error = read(
            r#"{"addresses": {"a:1": "10.0.0.4:1433"}, "ca_certificate": "PEM", "server_name": "x.invalid"}"#,
        )
        .unwrap_err();
        assert!(matches!(error, RehearsalError::NotLoopback { .. }), "{error}");
    }

    #[test]
    fn a_server_must_be_able_to_prove_that_it_is_simulated() {
        for text in [
            r#"{"addresses": {}, "ca_certificate": "", "server_name": "x.invalid"}"#,
            r#"{"addresses": {}, "ca_certificate": "PEM", "server_name": "sql1.corp.example"}"#,
        ] {
            let error = read(text).unwrap_err();
            assert!(matches!(error, RehearsalError::NoProof { .. }), "{error}");
        }
    }
}
