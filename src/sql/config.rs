//! How one SQL Server is reached.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::secret::Secret;

/// How one SQL Server is reached.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// What the provider block calls it: for messages.
    pub name: String,
    /// DNS name or address.
    pub host: String,
    /// Its port, or how to find it.
    pub port: Port,
    /// Who signs in.
    pub auth: SqlAuth,
    /// What is encrypted.
    pub encrypt: Encrypt,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// To connect and sign in.
    pub connect_timeout: Duration,
    /// Of a query.
    pub command_timeout: Duration,
    /// Connections at once, 1 or more.
    pub max_connections: usize,
    /// Try all addresses at once.
    pub multi_subnet_failover: bool,
    /// As `sys.dm_exec_sessions` shows it.
    pub application_name: String,
    /// In a rehearsal, where servers are: none but those that it names are reached.
    pub detour: Option<Detour>,
}

/// Where a host and a port or instance lead on this machine.
pub type Route = dyn Fn(&str, &Port) -> Option<SocketAddr> + Send + Sync;

/// Leads a host and a port or instance to an address on this machine; nothing where a rehearsal has no such server.
#[derive(Clone)]
pub struct Detour(pub Arc<Route>);

impl fmt::Debug for Detour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detour")
    }
}

/// The port of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one.
    Number(u16),
    /// SQL Browser knows it.
    Instance(String),
}

impl Port {
    /// `host:1433` or `host\SALES`, as people write it.
    pub fn place(&self, host: &str) -> String {
        match self {
            Self::Number(port) => format!("{host}:{port}"),
            Self::Instance(instance) => format!("{host}\\{instance}"),
        }
    }
}

/// Who signs in.
#[derive(Clone, Debug)]
pub enum SqlAuth {
    /// A SQL login.
    Login {
        /// Its name.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// Entra ID.
    Entra(Arc<dyn TokenSource>),
    /// Entra ID, while nobody has said where tokens come from: no session is opened.
    EntraPending,
}

/// Gives tokens for SQL Server when they are needed.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// A token that is valid now, or why there is none, in one sentence.
    async fn token(&self) -> Result<Secret, String>;
}

/// What is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encrypt {
    /// Everything (TDS 7.4).
    Mandatory,
    /// Everything, TLS first (TDS 8.0).
    Strict,
    /// The sign-in, and the rest if the server wants.
    Optional,
}

/// Whose certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// A root in PEM, beside the system's.
    pub ca_certificate: Option<String>,
    /// The name that the certificate must bear, when not the host's.
    pub host_name_in_certificate: Option<String>,
    /// Believe anybody.
    pub anybody: bool,
}
