//! What can go wrong between here and a SQL Server.

use std::io;
use std::time::Duration;

/// A failed statement, query or connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers at the address.
    #[error("{host}:{port} does not answer: {source}")]
    Unreachable {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// SQL Browser does not know the instance.
    #[error("SQL Browser on {host} does not name the port of instance {instance}: {reason}")]
    Browser {
        /// The host.
        host: String,
        /// The instance.
        instance: String,
        /// Why.
        reason: String,
    },
    /// A rehearsal reaches its own servers only.
    #[error("the rehearsal has no server {server}")]
    NotInRehearsal {
        /// `host:port` or `host\instance`.
        server: String,
    },
    /// TLS could not be agreed on, or the server's certificate is not believed.
    #[error("no TLS with {host}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// No token to sign in with.
    #[error("no token to sign in to {host} with: {reason}")]
    Token {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The server answered with an error.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// No answer in time. What a statement did is not known.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The connection broke. What a statement did is not known.
    #[error("the connection broke: {0}")]
    ConnectionLost(String),
    /// The server said something that makes no sense.
    #[error("the server's answer cannot be read: {0}")]
    Protocol(String),
    /// Somebody else is changing this server.
    #[error("another run holds the lock `{resource}` on this server and did not release it within {} s", .waited.as_secs())]
    Locked {
        /// The application lock.
        resource: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Terraform asked to stop.
    #[error("stopped on request")]
    Cancelled,
    /// The group is not primary on the node that was asked.
    #[error("the availability group {group} is not primary on {server}: it is {role} there")]
    NotPrimary {
        /// The group.
        group: String,
        /// The server.
        server: String,
        /// Its role there.
        role: String,
    },
}

/// An error that SQL Server sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Msg {number}, Level {class}, State {state}, Line {line}: {message}")]
pub struct ServerError {
    /// `sys.messages.message_id`.
    pub number: u32,
    /// Tells apart places that raise one number.
    pub state: u8,
    /// Severity, 11 to 25.
    pub class: u8,
    /// Line in the batch.
    pub line: u32,
    /// The server's words.
    pub message: String,
}

impl Error {
    /// The server's number, where the server answered.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Server(error) => Some(error.number),
            _ => None,
        }
    }

    /// Whether the server could not be asked at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Browser { .. }
                | Self::NotInRehearsal { .. }
                | Self::TimedOut(_)
                | Self::ConnectionLost(_)
        )
    }

    /// The same once more, for who did not ask himself: a server that did not answer a moment ago.
    pub(super) fn repeated(&self) -> Self {
        match self {
            Self::Unreachable { host, port, source } => Self::Unreachable {
                host: host.clone(),
                port: *port,
                source: io::Error::new(source.kind(), source.to_string()),
            },
            Self::Browser { host, instance, reason } => {
                Self::Browser { host: host.clone(), instance: instance.clone(), reason: reason.clone() }
            }
            Self::NotInRehearsal { server } => Self::NotInRehearsal { server: server.clone() },
            Self::TimedOut(limit) => Self::TimedOut(*limit),
            Self::ConnectionLost(reason) => Self::ConnectionLost(reason.clone()),
            other => Self::Protocol(other.to_string()),
        }
    }

    /// Whether what a statement did is not known: whoever sent it has to look.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::TimedOut(_) | Self::ConnectionLost(_))
    }

    /// What to do about it, for known causes.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Server(error) => super::error_numbers::hint(error.number),
            Self::Unreachable { .. } => Some(
                "check the host, the port and the firewall between; `unreachable = \"keep\"` keeps the last known state of what cannot \
                 be read",
            ),
            Self::Browser { .. } => {
                Some("is the SQL Server Browser service running, and UDP 1434 open? Else give `port`")
            }
            Self::NotInRehearsal { .. } => Some(
                "describe it in the estate (`rehearse DIR --estate FILE`) with the host and port or instance that the configuration says",
            ),
            Self::Tls { reason, .. } if reason.contains("CaUsedAsEndEntity") => Some(
                "the server's certificate is a CA certificate, which rustls refuses as a server's; give the server a leaf certificate, or \
                 set `trust_server_certificate` for a test",
            ),
            Self::Tls { reason, .. } if reason.contains("HandshakeFailure") => Some(
                "a server that offers CBC cipher suites only (Windows Server 2012) needs an ECDSA certificate: rustls has no such suite, \
                 and this version no other TLS",
            ),
            Self::Tls { .. } => Some(
                "set `ca_certificate` to the root that the server's certificate chains to, or `host_name_in_certificate` where its name \
                 differs",
            ),
            Self::Locked { .. } => {
                Some("another Terraform run is changing this server; run again when it is done")
            }
            _ => None,
        }
    }
}
