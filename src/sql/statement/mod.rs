//! Every statement that changes a server, as typed values.
//!
//! Rendering knows the server's version; nothing else does. Each is one statement and one batch: endpoint and group DDL
//! is refused inside transactions, and some of it inside blocks. A [`SqlText`] prints as what it does to which object,
//! never as its text, because that may hold a password; [`Statement::masked`] is the text that people may see.

mod endpoint;
mod group;

use std::fmt;

use time::Date;

pub use endpoint::{
    Authentication, AuthenticationWay, CreateEndpoint, Encryption, EncryptionAlgorithm, EndpointChange,
    EndpointRole, EndpointState, ListenerIp, Windows,
};
pub use group::{
    AvailabilityMode, BackupPreference, CreateAvailabilityGroup, DistributedGroup, DistributedMember,
    MemberUrl, SeedingMode,
};

use super::quote::{Binary, Identifier, Literal};
use crate::secret::Secret;

/// A major version of SQL Server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MajorVersion {
    /// 13.x.
    Sql2016,
    /// 14.x.
    Sql2017,
    /// 15.x.
    Sql2019,
    /// 16.x.
    Sql2022,
    /// 17.x and whatever follows it.
    Sql2025,
}

/// A statement that changes a server.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `CREATE MASTER KEY`.
    CreateMasterKey {
        /// What opens it besides the service master key.
        password: Secret,
    },
    /// `ALTER MASTER KEY ADD ENCRYPTION BY PASSWORD`.
    AddMasterKeyPassword {
        /// The further password.
        password: Secret,
    },
    /// `ALTER MASTER KEY DROP ENCRYPTION BY PASSWORD`.
    DropMasterKeyPassword {
        /// The password that opens it no longer.
        password: Secret,
    },
    /// `OPEN MASTER KEY … ; ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY`.
    AddServiceMasterKey {
        /// A password that opens it.
        password: Secret,
    },
    /// `DROP MASTER KEY`.
    DropMasterKey,
    /// `CREATE CERTIFICATE … WITH SUBJECT`: a self-signed one, its private key under the master key.
    CreateCertificate {
        /// Its name.
        name: Identifier,
        /// Its subject.
        subject: String,
        /// First day (UTC).
        start: Date,
        /// Last day (UTC).
        expiry: Date,
    },
    /// `CREATE CERTIFICATE … FROM BINARY`.
    ImportCertificate {
        /// Its name.
        name: Identifier,
        /// The certificate.
        der: Vec<u8>,
    },
    /// `DROP CERTIFICATE`.
    DropCertificate {
        /// Its name.
        name: Identifier,
    },
    /// `sp_certificate_add_issuer`.
    AddIssuer {
        /// The name of the root in `master`.
        certificate: Identifier,
        /// What it may vouch for.
        dns: String,
    },
    /// `sp_certificate_drop_issuer`.
    DropIssuer {
        /// The name of the root in `master`.
        certificate: Identifier,
        /// What it may vouch for no longer.
        dns: String,
    },
    /// `CREATE ENDPOINT`.
    CreateEndpoint(CreateEndpoint),
    /// `ALTER ENDPOINT`: restarts the listener.
    AlterEndpoint(EndpointChange),
    /// `DROP ENDPOINT`.
    DropEndpoint {
        /// Its name.
        name: Identifier,
    },
    /// `CREATE AVAILABILITY GROUP`.
    CreateAvailabilityGroup(CreateAvailabilityGroup),
    /// `ALTER AVAILABILITY GROUP … SET (AUTOMATED_BACKUP_PREFERENCE = …)`.
    SetBackupPreference {
        /// The group.
        group: Identifier,
        /// Where backups are preferred.
        preference: BackupPreference,
    },
    /// `ALTER AVAILABILITY GROUP … SET (DB_FAILOVER = …)`.
    SetDbFailover {
        /// The group.
        group: Identifier,
        /// On or off.
        on: bool,
    },
    /// `ALTER AVAILABILITY GROUP … GRANT CREATE ANY DATABASE`.
    GrantCreateAnyDatabase {
        /// The group.
        group: Identifier,
    },
    /// `ALTER AVAILABILITY GROUP … ADD DATABASE`.
    AddDatabase {
        /// The group.
        group: Identifier,
        /// The database.
        database: Identifier,
    },
    /// `ALTER AVAILABILITY GROUP … REMOVE DATABASE`.
    RemoveDatabase {
        /// The group.
        group: Identifier,
        /// The database.
        database: Identifier,
    },
    /// `DROP AVAILABILITY GROUP` of a local group.
    DropAvailabilityGroup {
        /// The group.
        group: Identifier,
    },
    /// `DROP AVAILABILITY GROUP` of a distributed group.
    DropDistributedGroup {
        /// The distributed group.
        group: Identifier,
        /// The local group that it stands on.
        local: Identifier,
    },
    /// `CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED)`.
    CreateDistributedGroup(DistributedGroup),
    /// `ALTER AVAILABILITY GROUP … JOIN AVAILABILITY GROUP ON`.
    JoinDistributedGroup(DistributedGroup),
    /// `ALTER AVAILABILITY GROUP … MODIFY AVAILABILITY GROUP ON … AVAILABILITY_MODE` for both members.
    SetDistributedMode {
        /// The distributed group.
        group: Identifier,
        /// The local group that it stands on.
        local: Identifier,
        /// Its members.
        members: [Identifier; 2],
        /// Their commit mode.
        mode: AvailabilityMode,
    },
}

/// The text of a statement. Prints as what it does, never as itself.
pub struct SqlText {
    text: String,
    kind: &'static str,
    object: String,
}

/// What stands for a password.
#[derive(Clone, Copy)]
enum Passwords {
    /// The password: for the server.
    Shown,
    /// [`Statement::MASK`]: for everybody else.
    Masked,
}

impl SqlText {
    /// The text, for the connection.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SqlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.object)
    }
}

impl Statement {
    /// What stands in place of a password in [`Statement::masked`].
    pub const MASK: &str = "***";

    /// What it does: `CREATE CERTIFICATE`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateMasterKey { .. } => "CREATE MASTER KEY",
            Self::AddMasterKeyPassword { .. }
            | Self::DropMasterKeyPassword { .. }
            | Self::AddServiceMasterKey { .. } => "ALTER MASTER KEY",
            Self::DropMasterKey => "DROP MASTER KEY",
            Self::CreateCertificate { .. } | Self::ImportCertificate { .. } => "CREATE CERTIFICATE",
            Self::DropCertificate { .. } => "DROP CERTIFICATE",
            Self::AddIssuer { .. } => "sp_certificate_add_issuer",
            Self::DropIssuer { .. } => "sp_certificate_drop_issuer",
            Self::CreateEndpoint(_) => "CREATE ENDPOINT",
            Self::AlterEndpoint(_) => "ALTER ENDPOINT",
            Self::DropEndpoint { .. } => "DROP ENDPOINT",
            Self::CreateAvailabilityGroup(_) | Self::CreateDistributedGroup(_) => "CREATE AVAILABILITY GROUP",
            Self::DropAvailabilityGroup { .. } | Self::DropDistributedGroup { .. } => {
                "DROP AVAILABILITY GROUP"
            }
            Self::SetBackupPreference { .. }
            | Self::SetDbFailover { .. }
            | Self::GrantCreateAnyDatabase { .. }
            | Self::AddDatabase { .. }
            | Self::RemoveDatabase { .. }
            | Self::JoinDistributedGroup(_)
            | Self::SetDistributedMode { .. } => "ALTER AVAILABILITY GROUP",
        }
    }

    /// The object that it is about.
    pub fn object(&self) -> &str {
        match self {
            Self::CreateMasterKey { .. }
            | Self::AddMasterKeyPassword { .. }
            | Self::DropMasterKeyPassword { .. }
            | Self::AddServiceMasterKey { .. }
            | Self::DropMasterKey => "master",
            Self::CreateCertificate { name, .. }
            | Self::ImportCertificate { name, .. }
            | Self::DropCertificate { name }
            | Self::AddIssuer { certificate: name, .. }
            | Self::DropIssuer { certificate: name, .. }
            | Self::DropEndpoint { name } => name.as_str(),
            Self::CreateEndpoint(endpoint) => endpoint.name.as_str(),
            Self::AlterEndpoint(change) => change.name.as_str(),
            Self::CreateAvailabilityGroup(group) => group.name.as_str(),
            Self::CreateDistributedGroup(group) | Self::JoinDistributedGroup(group) => group.name.as_str(),
            Self::SetBackupPreference { group, .. }
            | Self::SetDbFailover { group, .. }
            | Self::GrantCreateAnyDatabase { group }
            | Self::AddDatabase { group, .. }
            | Self::RemoveDatabase { group, .. }
            | Self::DropAvailabilityGroup { group }
            | Self::DropDistributedGroup { group, .. }
            | Self::SetDistributedMode { group, .. } => group.as_str(),
        }
    }

    /// The local group that must be primary here for it: the caller asks the server on the same session right before
    /// (a DROP on a secondary leaves the primary's databases restoring). For a distributed group that is the local
    /// group which it stands on: a distributed group itself is secondary while the other side is primary.
    pub fn needs_primary(&self) -> Option<&Identifier> {
        match self {
            Self::CreateDistributedGroup(group) | Self::JoinDistributedGroup(group) => group.local(),
            Self::DropDistributedGroup { local, .. } | Self::SetDistributedMode { local, .. } => Some(local),
            Self::SetBackupPreference { group, .. }
            | Self::SetDbFailover { group, .. }
            | Self::GrantCreateAnyDatabase { group }
            | Self::AddDatabase { group, .. }
            | Self::RemoveDatabase { group, .. }
            | Self::DropAvailabilityGroup { group } => Some(group),
            Self::CreateMasterKey { .. }
            | Self::AddMasterKeyPassword { .. }
            | Self::DropMasterKeyPassword { .. }
            | Self::AddServiceMasterKey { .. }
            | Self::DropMasterKey
            | Self::CreateCertificate { .. }
            | Self::ImportCertificate { .. }
            | Self::DropCertificate { .. }
            | Self::AddIssuer { .. }
            | Self::DropIssuer { .. }
            | Self::CreateEndpoint(_)
            | Self::AlterEndpoint(_)
            | Self::DropEndpoint { .. }
            | Self::CreateAvailabilityGroup(_) => None,
        }
    }

    /// The statement as text for a server of this version.
    pub fn text(&self, version: MajorVersion) -> SqlText {
        let text = self.render(version, Passwords::Shown);
        SqlText { text, kind: self.kind(), object: self.object().to_owned() }
    }

    /// The text for a server of this version, with [`Statement::MASK`] in place of each password: it is still T-SQL,
    /// and may be shown and kept.
    pub fn masked(&self, version: MajorVersion) -> String {
        self.render(version, Passwords::Masked)
    }

    fn render(&self, version: MajorVersion, passwords: Passwords) -> String {
        match self {
            Self::CreateMasterKey { password } => {
                format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = {}", passwords.literal(password))
            }
            Self::AddMasterKeyPassword { password } => {
                format!("ALTER MASTER KEY ADD ENCRYPTION BY PASSWORD = {}", passwords.literal(password))
            }
            Self::DropMasterKeyPassword { password } => {
                format!("ALTER MASTER KEY DROP ENCRYPTION BY PASSWORD = {}", passwords.literal(password))
            }
            Self::AddServiceMasterKey { password } => format!(
                "OPEN MASTER KEY DECRYPTION BY PASSWORD = {}; \
                 ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY; CLOSE MASTER KEY",
                passwords.literal(password)
            ),
            Self::DropMasterKey => "DROP MASTER KEY".to_owned(),
            Self::CreateCertificate { name, subject, start, expiry } => format!(
                "CREATE CERTIFICATE {name} WITH SUBJECT = {}, START_DATE = '{}', EXPIRY_DATE = '{}'",
                Literal::new(subject),
                day(*start),
                day(*expiry)
            ),
            Self::ImportCertificate { name, der } => {
                format!("CREATE CERTIFICATE {name} FROM BINARY = {}", Binary::new(der))
            }
            Self::DropCertificate { name } => format!("DROP CERTIFICATE {name}"),
            Self::AddIssuer { certificate, dns } => issuer("sp_certificate_add_issuer", certificate, dns),
            Self::DropIssuer { certificate, dns } => issuer("sp_certificate_drop_issuer", certificate, dns),
            Self::CreateEndpoint(endpoint) => endpoint.render(),
            Self::AlterEndpoint(change) => change.render(),
            Self::DropEndpoint { name } => format!("DROP ENDPOINT {name}"),
            Self::CreateAvailabilityGroup(group) => group.render(version),
            Self::SetBackupPreference { group, preference } => format!(
                "ALTER AVAILABILITY GROUP {group} SET (AUTOMATED_BACKUP_PREFERENCE = {})",
                preference.keyword()
            ),
            Self::SetDbFailover { group, on } => {
                format!(
                    "ALTER AVAILABILITY GROUP {group} SET (DB_FAILOVER = {})",
                    if *on { "ON" } else { "OFF" }
                )
            }
            Self::GrantCreateAnyDatabase { group } => {
                format!("ALTER AVAILABILITY GROUP {group} GRANT CREATE ANY DATABASE")
            }
            Self::AddDatabase { group, database } => {
                format!("ALTER AVAILABILITY GROUP {group} ADD DATABASE {database}")
            }
            Self::RemoveDatabase { group, database } => {
                format!("ALTER AVAILABILITY GROUP {group} REMOVE DATABASE {database}")
            }
            Self::DropAvailabilityGroup { group } | Self::DropDistributedGroup { group, .. } => {
                format!("DROP AVAILABILITY GROUP {group}")
            }
            Self::CreateDistributedGroup(group) => group.render_create(),
            Self::JoinDistributedGroup(group) => group.render_join(),
            Self::SetDistributedMode { group, members, mode, .. } => {
                group::render_mode(group, members, *mode)
            }
        }
    }
}

impl Passwords {
    fn literal(self, password: &Secret) -> Literal<'_> {
        match self {
            Self::Shown => Literal::new(password.expose()),
            Self::Masked => Literal::new(Statement::MASK),
        }
    }
}

/// A day as every language setting of a session reads it.
fn day(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}

/// The procedures take the certificate's id, by position.
fn issuer(procedure: &str, certificate: &Identifier, dns: &str) -> String {
    format!(
        "DECLARE @certificate int = CERT_ID({}); EXEC sys.{procedure} @certificate, {}",
        Literal::new(certificate.as_str()),
        Literal::new(dns)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_text_is_the_text_without_its_password() {
        let password = || Secret::new("it's [hid]den\n'");
        let holders = [
            Statement::CreateMasterKey { password: password() },
            Statement::AddMasterKeyPassword { password: password() },
            Statement::DropMasterKeyPassword { password: password() },
            Statement::AddServiceMasterKey { password: password() },
        ];
        for statement in holders {
            let text = statement.text(MajorVersion::Sql2022);
            let (before, after) = text.expose().split_once("N'it''s [hid]den\n'''").unwrap();
            assert_eq!(statement.masked(MajorVersion::Sql2022), format!("{before}N'***'{after}"));
        }
    }
}
