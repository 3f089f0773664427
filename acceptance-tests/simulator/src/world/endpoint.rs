//! The database mirroring endpoint.

/// The one database mirroring endpoint of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name.
    pub name: String,
    /// `endpoint_id`, from 65536.
    pub id: i32,
    /// `principal_id` of the owner.
    pub owner: i32,
    /// State.
    pub state: State,
    /// `LISTENER_PORT`.
    pub port: u16,
    /// `LISTENER_IP`; nothing for all.
    pub ip: Option<String>,
    /// Role.
    pub role: Role,
    /// How partners prove who they are.
    pub authentication: Authentication,
    /// Encryption.
    pub encryption: Encryption,
    /// How often the listener was (re)started: an ALTER that touches it closes all mirroring connections.
    pub starts: u64,
}

/// State of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 0.
    Started,
    /// 1: listens, but returns errors to connections.
    Stopped,
    /// 2.
    Disabled,
}

/// Role of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 1.
    Partner,
    /// 2.
    Witness,
    /// 3.
    All,
}

/// Windows authentication of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// NTLM.
    Ntlm,
    /// Kerberos.
    Kerberos,
    /// Negotiate.
    Negotiate,
}

/// Authentication of an endpoint (`connection_auth` 1 to 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentication {
    /// Windows, if it takes part.
    pub windows: Option<Windows>,
    /// Certificate in `master` by id, if it takes part.
    pub certificate: Option<i32>,
    /// Whether the certificate is tried first.
    pub certificate_first: bool,
}

impl Authentication {
    /// `connection_auth`: 1 NTLM, 2 KERBEROS, 3 NEGOTIATE, 4 CERTIFICATE, 5 to 7 Windows then certificate, 8 to 10
    /// certificate then Windows.
    pub fn code(self) -> u8 {
        let windows = match self.windows {
            Some(Windows::Ntlm) => 1,
            Some(Windows::Kerberos) => 2,
            Some(Windows::Negotiate) => 3,
            None => return 4,
        };
        match (self.certificate, self.certificate_first) {
            (None, _) => windows,
            (Some(_), false) => windows + 4,
            (Some(_), true) => windows + 7,
        }
    }
}

/// Encryption of an endpoint (`encryption_algorithm` 0 to 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    /// 0 disabled, 1 supported, 2 required.
    pub level: u8,
    /// Algorithm.
    pub algorithm: Algorithm,
}

/// Algorithm of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RC4 (removed in newer versions).
    Rc4,
    /// AES.
    Aes,
    /// AES, then RC4.
    AesRc4,
    /// RC4, then AES.
    Rc4Aes,
}
