//! Statements about keys, certificates, logins and permissions.

use super::Name;
use crate::world::security::PasswordHash;

/// A password on its way to the world; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[derive(Debug, Clone)]
pub(crate) enum AlterMasterKey {
    AddServiceMasterKey,
    DropServiceMasterKey,
    AddPassword(Secret),
    DropPassword(Secret),
    Regenerate { password: Secret, force: bool },
}

#[derive(Debug, Clone)]
pub(crate) struct CreateCertificate {
    pub(crate) name: Name,
    pub(crate) authorization: Option<Name>,
    pub(crate) source: CertificateSource,
    pub(crate) active_for_begin_dialog: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum CertificateSource {
    /// Born in the server.
    Generated {
        password: Option<Secret>,
        subject: String,
        start_date: Option<String>,
        expiry_date: Option<String>,
    },
    /// `FROM BINARY = 0x…`.
    Binary { der: Vec<u8>, private_key: Option<PrivateKey> },
    /// `FROM [EXECUTABLE] FILE`, and `FROM ASSEMBLY`, whose name is no file.
    File { path: String },
}

/// `PRIVATE KEY (…)`.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrivateKey {
    /// `BINARY = 0x…`.
    pub(crate) binary: Option<KeyFile>,
    /// `FILE = '…'`.
    pub(crate) in_file: bool,
    pub(crate) passwords: KeyPasswords,
}

/// A private key on its way to the world; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyFile(pub(crate) Vec<u8>);

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyFile(…)")
    }
}

/// The passwords of a `PRIVATE KEY (…)`: the one that it is put under, and the one that it is under.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyPasswords {
    pub(crate) encryption: Option<Secret>,
    pub(crate) decryption: Option<Secret>,
}

#[derive(Debug, Clone)]
pub(crate) enum AlterCertificate {
    RemovePrivateKey,
    PrivateKey(PrivateKey),
    ActiveForBeginDialog(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecurableClass {
    Server,
    Endpoint,
    AvailabilityGroup,
    Database,
    Certificate,
    Login,
    /// A view, table or procedure; the name has its schema and perhaps its database, with points between.
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PermissionVerb {
    Grant,
    Deny,
    Revoke,
}

#[derive(Debug, Clone)]
pub(crate) struct Permission {
    pub(crate) verb: PermissionVerb,
    pub(crate) with_grant_option: bool,
    /// `REVOKE GRANT OPTION FOR`.
    pub(crate) grant_option_for: bool,
    pub(crate) cascade: bool,
    /// Upper-case, words joined by one blank: `CONNECT`, `VIEW SERVER STATE`.
    pub(crate) permissions: Vec<String>,
    pub(crate) securable: Option<(SecurableClass, Name)>,
    pub(crate) principals: Vec<Name>,
}

/// Whose a role is: the server's, or the current database's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleScope {
    Server,
    Database,
}

#[derive(Debug, Clone)]
pub(crate) enum AlterRole {
    AddMember(Name),
    DropMember(Name),
    Rename(Name),
}

#[derive(Debug, Clone)]
pub(crate) struct CreateLogin {
    pub(crate) name: Name,
    pub(crate) source: LoginSource,
    pub(crate) options: LoginOptions,
}

/// Options of a login; `None` was not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LoginOptions {
    pub(crate) default_database: Option<Name>,
    pub(crate) check_policy: Option<bool>,
    pub(crate) check_expiration: Option<bool>,
    pub(crate) must_change: bool,
    pub(crate) sid: Option<Vec<u8>>,
}

/// `WITH PASSWORD = … [OLD_PASSWORD = …]`.
#[derive(Debug, Clone)]
pub(crate) struct NewPassword {
    pub(crate) password: LoginPassword,
    pub(crate) old: Option<Secret>,
}

/// What a login gets as its password.
#[derive(Debug, Clone)]
pub(crate) enum LoginPassword {
    Plain(Secret),
    /// `0x… HASHED`; nothing where that is no hash.
    Hashed(Option<PasswordHash>),
}

#[derive(Debug, Clone)]
pub(crate) enum LoginSource {
    Password(LoginPassword),
    Windows,
    External,
    Certificate(Name),
}
