//! Master key, certificates, issuer grants, logins and permissions.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA512, digest};
use time::OffsetDateTime;

/// The database master key of `master`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKey {
    /// `key_guid`.
    pub guid: String,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it was last changed.
    pub modified: OffsetDateTime,
    /// Whether the service master key opens it.
    pub by_service_master_key: bool,
    /// Passwords that open it; `None` on a managed instance without one.
    pub passwords: Vec<Password>,
}

/// A password, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// A certificate of `master`.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Name.
    pub name: String,
    /// `certificate_id`.
    pub id: i32,
    /// `principal_id` of the owner: 1 is `dbo`.
    pub owner: i32,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// How the private key is protected.
    pub private_key: PrivateKeyProtection,
    /// The private key, PKCS #8 DER; empty without one.
    pub key: Vec<u8>,
    /// The password that the private key is under.
    pub password: Option<Password>,
    /// `is_active_for_begin_dialog`.
    pub active_for_begin_dialog: bool,
    /// Subject as `sys.certificates` shows it.
    pub subject: String,
    /// Issuer as `sys.certificates` shows it.
    pub issuer: String,
    /// Serial number, hex.
    pub serial: String,
    /// SHA-1 of the DER.
    pub thumbprint: Vec<u8>,
    /// Valid from, UTC.
    pub not_before: OffsetDateTime,
    /// Valid until, UTC.
    pub not_after: OffsetDateTime,
    /// Key length, bits.
    pub key_length: i32,
    /// When the private key was last backed up.
    pub last_backup: Option<OffsetDateTime>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Certificate({}, id {}, {:?})", self.name, self.id, self.private_key)
    }
}

/// How a private key is protected (`pvt_key_encryption_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateKeyProtection {
    /// `NA`: no private key.
    None,
    /// `MK`: under the master key.
    MasterKey,
    /// `PW`: under a password.
    Password,
    /// `SK`: under the service master key.
    ServiceMasterKey,
}

/// What `sp_certificate_add_issuer` granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerGrant {
    /// The root's `certificate_id`.
    pub certificate: i32,
    /// DNS name or pattern that it may vouch for.
    pub dns: String,
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Name.
    pub name: String,
    /// `principal_id`.
    pub id: i32,
    /// Password; nothing for Windows, Entra and certificate logins.
    pub password: Option<Password>,
    /// Kind: `S` SQL, `U` Windows user, `G` Windows group, `E` Entra user, `X` Entra group, `C` certificate.
    pub kind: char,
    /// Whether it may log in.
    pub enabled: bool,
    /// Fixed server roles, lower case (`sysadmin`).
    pub roles: Vec<String>,
    /// What else was said of it.
    pub options: LoginOptions,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it was last changed.
    pub modified: OffsetDateTime,
}

impl Login {
    /// Whether that is its password; nothing where it has none.
    pub fn has_password(&self, password: &str) -> Option<bool> {
        match (&self.options.password_hash, &self.password) {
            (Some(hash), _) => Some(hash.is_of(password)),
            (None, Some(held)) => Some(held.0 == password),
            (None, None) => None,
        }
    }
}

/// Options of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOptions {
    /// `DEFAULT_DATABASE`.
    pub default_database: String,
    /// `CHECK_POLICY`.
    pub check_policy: bool,
    /// `CHECK_EXPIRATION`.
    pub check_expiration: bool,
    /// `MUST_CHANGE`, until the password was changed.
    pub must_change: bool,
    /// `SID`; nothing where the engine chose it.
    pub sid: Option<Vec<u8>>,
    /// `PASSWORD = … HASHED`: it stands for [`Login::password`].
    pub password_hash: Option<PasswordHash>,
    /// The certificate in `master` that a login of kind `C` is mapped to.
    pub certificate: Option<i32>,
}

impl Default for LoginOptions {
    fn default() -> Self {
        let default_database = "master".to_owned();
        Self {
            default_database,
            check_policy: true,
            check_expiration: false,
            must_change: false,
            sid: None,
            password_hash: None,
            certificate: None,
        }
    }
}

/// The hash of a password as `sys.sql_logins` has it: a version, four bytes of salt, and what SHA-1 (version 0x0100) or
/// SHA-512 (0x0200) makes of the password in UTF-16 and the salt. [learn.microsoft.com: "Transfer logins and passwords
/// between instances", `sp_help_revlogin`; descriptions of the field]
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Vec<u8>);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// Reads one; nothing where its version or length is none.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let known = matches!((bytes.first_chunk(), bytes.len()), (Some([1, 0]), 26) | (Some([2, 0]), 70));
        known.then_some(Self(bytes))
    }

    /// Whether it is that password's.
    pub fn is_of(&self, password: &str) -> bool {
        let (Some(salt), Some(expected)) = (self.0.get(2..6), self.0.get(6..)) else { return false };
        let mut text: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        text.extend(salt);
        let algorithm = if self.0.first() == Some(&1) { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA512 };
        digest(algorithm, &text).as_ref() == expected
    }
}

/// A user of a database, beyond those that every database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Database, as the engine spells it.
    pub database: String,
    /// Name.
    pub name: String,
    /// `principal_id` in the database.
    pub id: i32,
    /// `principal_id` of its login; nothing for a user without one.
    pub login: Option<i32>,
    /// Fixed database roles, lower case (`db_owner`).
    pub roles: Vec<String>,
    /// When it was made.
    pub created: OffsetDateTime,
}

/// A granted or denied permission on the server, a database, or one of their objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// `principal_id` of the server principal, or of the database principal where the securable lies in a database.
    pub grantee: i32,
    /// Words in upper case: `VIEW SERVER STATE`, `CONNECT`.
    pub name: String,
    /// On what.
    pub securable: Securable,
    /// Denied rather than granted.
    pub denied: bool,
    /// With grant option.
    pub grant_option: bool,
    /// `principal_id` of who granted or denied it, a principal of the same kind as the grantee.
    pub grantor: i32,
}

/// What a permission is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Securable {
    /// The server.
    Server,
    /// A database, by name.
    Database(String),
    /// An endpoint, by id.
    Endpoint(i32),
    /// An availability group, by name.
    Group(String),
    /// A certificate of `master`, by id.
    Certificate(i32),
    /// A view, table or procedure of the system: its database, its schema and name with a point between.
    Object(String, String),
    /// A login, by id.
    Login(i32),
}
