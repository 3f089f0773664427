//! How an engine takes connections of clients: what of them is encrypted, and where it sends them.
//!
//! The settings are those of SQL Server Configuration Manager ("Force Encryption", "Force Strict Encryption") as the
//! protocol knows them (MS-TDS 2.2.6.5).

use super::instance::SqlInstance;

/// How an engine takes connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transport {
    /// What is encrypted.
    pub encryption: Encryption,
    /// Which cipher suites its TLS has.
    pub suites: Suites,
    /// Whoever signs in is sent there instead.
    pub route: Option<Route>,
    /// SQL Server Browser does not tell about it ("Hide Instance").
    pub hidden: bool,
}

/// What a server asks of connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encryption {
    /// It has no TLS at all.
    Off,
    /// The login is encrypted where the client can, the rest where the client wants it: a SQL Server as installed.
    #[default]
    Optional,
    /// Everything is encrypted ("Force Encryption"); a managed instance as it is.
    Required,
    /// TDS 8.0 alone ("Force Strict Encryption").
    Strict,
}

/// Cipher suites that a server's TLS has.
///
/// Those with CBC alone are what Windows Server 2012 and 2012 R2 have for RSA certificates, and what a policy may leave
/// elsewhere. ["TLS Cipher Suites in Windows 8.1", 2023]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Suites {
    /// Those of today.
    #[default]
    Current,
    /// With CBC alone.
    Cbc,
}

/// Where clients are sent when they have signed in (a listener's read-only routing, a managed instance's redirect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Host, as clients will call it.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl SqlInstance {
    /// Whether it speaks TDS 8.0, which came with SQL Server 2022.
    ///
    /// ["TDS 8.0" and "Connect with strict encryption": 2022 and later, Azure SQL Managed Instance]
    pub fn speaks_tds_8(&self) -> bool {
        self.transport.encryption != Encryption::Off && self.build.major >= 16
    }
}
