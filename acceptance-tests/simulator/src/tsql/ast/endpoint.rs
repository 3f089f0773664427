//! Statements about mirroring endpoints.

use super::Name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointState {
    Started,
    Stopped,
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointRole {
    Witness,
    Partner,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WindowsAuthentication {
    Ntlm,
    Kerberos,
    Negotiate,
}

/// `AUTHENTICATION = …`: at least one of the two; the order says which is tried first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authentication {
    Windows(WindowsAuthentication),
    Certificate(Name),
    WindowsThenCertificate(WindowsAuthentication, Name),
    CertificateThenWindows(Name, WindowsAuthentication),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Aes,
    Rc4,
    AesRc4,
    Rc4Aes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    Disabled,
    Supported(Option<Algorithm>),
    Required(Option<Algorithm>),
}

/// `AS TCP (…)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tcp {
    pub(crate) port: Option<i64>,
    /// `None`: not written; `Some(None)`: ALL.
    pub(crate) ip: Option<Option<String>>,
}

/// What stands inside `FOR DATABASE_MIRRORING (…)`; `None` was not written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mirroring {
    pub(crate) authentication: Option<Authentication>,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) role: Option<EndpointRole>,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateEndpoint {
    pub(crate) name: Name,
    pub(crate) authorization: Option<Name>,
    pub(crate) state: Option<EndpointState>,
    /// `AFFINITY` was written.
    pub(crate) affinity: bool,
    pub(crate) tcp: Tcp,
    pub(crate) mirroring: Mirroring,
}

#[derive(Debug, Clone)]
pub(crate) struct AlterEndpoint {
    pub(crate) name: Name,
    pub(crate) state: Option<EndpointState>,
    /// `AFFINITY` was written.
    pub(crate) affinity: bool,
    pub(crate) tcp: Option<Tcp>,
    pub(crate) mirroring: Option<Mirroring>,
    /// Another protocol or payload was written than those of mirroring endpoints.
    pub(crate) of_another_kind: bool,
}
