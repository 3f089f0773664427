//! `CREATE ENDPOINT` and `ALTER ENDPOINT … FOR DATABASE_MIRRORING`.
//!
//! ALTER keeps what it does not mention, but restarts the listener whatever it says, so only real differences are
//! rendered. ROLE is always repeated: the documented grammar leaves it unbracketed.

use crate::sql::quote::Identifier;

/// A new endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateEndpoint {
    /// Its name.
    pub name: Identifier,
    /// Whether it listens.
    pub state: EndpointState,
    /// TCP port.
    pub port: u16,
    /// What it listens on.
    pub ip: ListenerIp,
    /// How peers authenticate.
    pub authentication: Authentication,
    /// Whether traffic is encrypted.
    pub encryption: Encryption,
    /// Which peers it takes.
    pub role: EndpointRole,
}

/// A change of an existing endpoint: what is absent stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    /// Its name.
    pub name: Identifier,
    /// Whether it listens.
    pub state: Option<EndpointState>,
    /// Port and address go together: the grammar has no way to give one of them.
    pub listener: Option<(u16, ListenerIp)>,
    /// How peers authenticate, how traffic is encrypted, and which peers it takes; repeated together.
    pub mirroring: Option<(Authentication, Encryption, EndpointRole)>,
}

/// `sys.endpoints.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// 0: listens.
    Started,
    /// 1: refuses.
    Stopped,
    /// 2: does not answer.
    Disabled,
}

/// What an endpoint listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenerIp {
    /// Everything.
    All,
    /// One address.
    Address(std::net::IpAddr),
}

/// How peers authenticate: in this order, the first is tried first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// First way.
    pub first: AuthenticationWay,
    /// Second way, of the other kind.
    pub second: Option<AuthenticationWay>,
}

/// One way to authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationWay {
    /// As a Windows account.
    Windows(Windows),
    /// By this certificate.
    Certificate(Identifier),
}

/// The protocol of Windows authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// NTLM.
    Ntlm,
    /// Kerberos.
    Kerberos,
    /// Kerberos, else NTLM.
    Negotiate,
}

/// Whether traffic is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    Disabled,
    /// When the peer wants.
    Supported(EncryptionAlgorithm),
    /// Always.
    Required(EncryptionAlgorithm),
}

/// The ciphers, the preferred one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionAlgorithm {
    /// AES.
    Aes,
    /// RC4 (deprecated).
    Rc4,
    /// AES, else RC4.
    AesRc4,
    /// RC4, else AES.
    Rc4Aes,
}

/// `sys.database_mirroring_endpoints.role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointRole {
    /// 1.
    Partner,
    /// 2.
    Witness,
    /// 3.
    All,
}

impl CreateEndpoint {
    pub(super) fn render(&self) -> String {
        format!(
            "CREATE ENDPOINT {} STATE = {} AS TCP ({}) FOR DATABASE_MIRRORING ({})",
            self.name,
            self.state.keyword(),
            listener(self.port, &self.ip),
            mirroring(&self.authentication, self.encryption, self.role)
        )
    }
}

impl EndpointChange {
    /// No change of the endpoint `name` yet.
    pub fn of(name: Identifier) -> Self {
        Self { name, state: None, listener: None, mirroring: None }
    }

    /// Whether nothing is to be changed: then no statement is sent.
    pub fn is_empty(&self) -> bool {
        self.state.is_none() && self.listener.is_none() && self.mirroring.is_none()
    }

    pub(super) fn render(&self) -> String {
        let mut text = format!("ALTER ENDPOINT {}", self.name);
        if let Some(state) = self.state {
            text.push_str(&format!(" STATE = {}", state.keyword()));
        }
        if let Some((port, ip)) = &self.listener {
            text.push_str(&format!(" AS TCP ({})", listener(*port, ip)));
        }
        if let Some((authentication, encryption, role)) = &self.mirroring {
            text.push_str(&format!(
                " FOR DATABASE_MIRRORING ({})",
                mirroring(authentication, *encryption, *role)
            ));
        }
        text
    }
}

impl EndpointState {
    fn keyword(self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::Stopped => "STOPPED",
            Self::Disabled => "DISABLED",
        }
    }
}

fn listener(port: u16, ip: &ListenerIp) -> String {
    match ip {
        ListenerIp::All => format!("LISTENER_PORT = {port}, LISTENER_IP = ALL"),
        ListenerIp::Address(std::net::IpAddr::V4(ip)) => {
            format!("LISTENER_PORT = {port}, LISTENER_IP = ({ip})")
        }
        ListenerIp::Address(std::net::IpAddr::V6(ip)) => {
            format!("LISTENER_PORT = {port}, LISTENER_IP = ('{ip}')")
        }
    }
}

fn mirroring(authentication: &Authentication, encryption: Encryption, role: EndpointRole) -> String {
    let role = match role {
        EndpointRole::Partner => "PARTNER",
        EndpointRole::Witness => "WITNESS",
        EndpointRole::All => "ALL",
    };
    let first = way(&authentication.first);
    let second = authentication.second.as_ref().map(|second| format!(" {}", way(second))).unwrap_or_default();
    format!("AUTHENTICATION = {first}{second}, ENCRYPTION = {}, ROLE = {role}", encryption_clause(encryption))
}

fn way(way: &AuthenticationWay) -> String {
    match way {
        AuthenticationWay::Windows(Windows::Ntlm) => "WINDOWS NTLM".to_owned(),
        AuthenticationWay::Windows(Windows::Kerberos) => "WINDOWS KERBEROS".to_owned(),
        AuthenticationWay::Windows(Windows::Negotiate) => "WINDOWS NEGOTIATE".to_owned(),
        AuthenticationWay::Certificate(name) => format!("CERTIFICATE {name}"),
    }
}

fn encryption_clause(encryption: Encryption) -> String {
    let (word, algorithm) = match encryption {
        Encryption::Disabled => return "DISABLED".to_owned(),
        Encryption::Supported(algorithm) => ("SUPPORTED", algorithm),
        Encryption::Required(algorithm) => ("REQUIRED", algorithm),
    };
    let algorithm = match algorithm {
        EncryptionAlgorithm::Aes => "AES",
        EncryptionAlgorithm::Rc4 => "RC4",
        EncryptionAlgorithm::AesRc4 => "AES RC4",
        EncryptionAlgorithm::Rc4Aes => "RC4 AES",
    };
    format!("{word} ALGORITHM {algorithm}")
}
