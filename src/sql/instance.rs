//! What an instance is: version, edition, identity, and what this login may see.

use super::error::Error;
use super::row::Row;
use super::statement::MajorVersion;

/// Facts about an instance that do not change while Terraform runs.
#[derive(Clone, Debug)]
pub struct InstanceFacts {
    /// `SERVERPROPERTY('ProductVersion')`.
    pub version: ProductVersion,
    /// `SERVERPROPERTY('Edition')`.
    pub edition: String,
    /// `SERVERPROPERTY('EngineEdition')`.
    pub engine_edition: i64,
    /// `SERVERPROPERTY('ServerName')`: how state knows the instance.
    pub server_name: String,
    /// `@@SERVERNAME`: null or another name after a machine was renamed by half.
    pub at_server_name: Option<String>,
    /// `SERVERPROPERTY('IsHadrEnabled')`.
    pub hadr_enabled: bool,
    /// `SERVERPROPERTY('IsClustered')`.
    pub clustered: bool,
    /// `SERVERPROPERTY('Collation')`.
    pub collation: String,
    /// Whether `sys.sp_certificate_issuers` is there.
    pub lists_issuers: bool,
    /// Whether the link's procedures are there (`sys.sp_certificate_add_issuer`).
    pub knows_links: bool,
    /// Whether the login may see every definition: without it "absent" is no proof.
    pub sees_definitions: bool,
    /// Whether the login may see server state.
    pub sees_state: bool,
}

/// `major.minor.build.revision`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProductVersion {
    /// 13 to 17.
    pub major: u32,
    /// Always 0 so far.
    pub minor: u32,
    /// Build.
    pub build: u32,
    /// Revision.
    pub revision: u32,
}

/// Reads [`InstanceFacts`]: one row. Every part exists from SQL Server 2016 on.
pub(super) const QUERY: &str = "\
SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS product_version,
       CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
       CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition,
       CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)) AS server_name,
       @@SERVERNAME AS at_server_name,
       CAST(SERVERPROPERTY('IsHadrEnabled') AS int) AS hadr_enabled,
       CAST(SERVERPROPERTY('IsClustered') AS int) AS is_clustered,
       CAST(SERVERPROPERTY('Collation') AS nvarchar(128)) AS collation,
       CASE WHEN OBJECT_ID('sys.sp_certificate_issuers') IS NULL THEN 0 ELSE 1 END AS lists_issuers,
       CASE WHEN OBJECT_ID('sys.sp_certificate_add_issuer') IS NULL THEN 0 ELSE 1 END AS knows_links,
       HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS sees_definitions,
       HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS sees_state";

/// Engine edition of Standard.
const STANDARD: i64 = 2;
/// Engine edition of a managed instance.
const MANAGED_INSTANCE: i64 = 8;

impl InstanceFacts {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        let version: String = row.get("product_version")?;
        let flag = |name: &str| row.get::<Option<i64>>(name).map(|value| value == Some(1));
        Ok(Self {
            version: ProductVersion::parse(&version)
                .ok_or_else(|| Error::Protocol(format!("the server calls its version {version}")))?,
            edition: row.get("edition")?,
            engine_edition: row.get("engine_edition")?,
            server_name: row.get("server_name")?,
            at_server_name: row.get("at_server_name")?,
            hadr_enabled: flag("hadr_enabled")?,
            clustered: flag("is_clustered")?,
            collation: row.get("collation")?,
            lists_issuers: flag("lists_issuers")?,
            knows_links: flag("knows_links")?,
            sees_definitions: flag("sees_definitions")?,
            sees_state: flag("sees_state")?,
        })
    }

    /// The major version.
    pub fn major(&self) -> MajorVersion {
        match self.version.major {
            0..=13 => MajorVersion::Sql2016,
            14 => MajorVersion::Sql2017,
            15 => MajorVersion::Sql2019,
            16 => MajorVersion::Sql2022,
            _ => MajorVersion::Sql2025,
        }
    }

    /// Whether it is Standard edition.
    pub fn is_standard(&self) -> bool {
        self.engine_edition == STANDARD
    }

    /// Whether it is a managed instance.
    pub fn is_managed_instance(&self) -> bool {
        self.engine_edition == MANAGED_INSTANCE
    }

    /// Whether two names of objects are the same on this server, by its collation.
    pub fn same_name(&self, left: &str, right: &str) -> bool {
        same_name(&self.collation, left, right)
    }
}

/// Whether two names of objects are the same under a collation of the server.
///
/// Binary and case-sensitive collations tell every spelling apart. Turkish and Azeri hold `i` and `İ` for one letter, and
/// `ı` and `I` for another (Unicode, `SpecialCasing.txt`, `tr` and `az`): there `THEIRS` is not `theirs`.
pub fn same_name(collation: &str, left: &str, right: &str) -> bool {
    let collation = collation.to_ascii_uppercase();
    if collation.contains("_CS_") || collation.contains("_BIN") {
        return left == right;
    }
    let dotless = ["TURKISH_", "AZERI_LATIN_"].iter().any(|language| collation.starts_with(language));
    let fold = |name: &str| {
        if dotless { name.replace('I', "ı").replace('İ', "i").to_lowercase() } else { name.to_lowercase() }
    };
    fold(left) == fold(right)
}

impl ProductVersion {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        Some(Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            build: numbers.next()??,
            revision: numbers.next().flatten().unwrap_or(0),
        })
    }
}

impl std::fmt::Display for ProductVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::same_name;

    #[test]
    fn names_are_the_same_where_the_collation_says_so() {
        for (collation, left, right, same) in [
            ("SQL_Latin1_General_CP1_CI_AS", "THEIRS", "theirs", true),
            ("SQL_Latin1_General_CP1_CI_AS", "STRASSE", "strase", false),
            ("SQL_Latin1_General_CP1_CI_AS", "ÄRGER", "ärger", true),
            ("SQL_Latin1_General_CP1_CS_AS", "Sales", "sales", false),
            ("Latin1_General_100_BIN2", "Sales", "sales", false),
            ("Latin1_General_100_BIN2", "Sales", "Sales", true),
            ("Turkish_CI_AS", "SALES", "sales", true),
            ("Turkish_CI_AS", "THEIRS", "theirs", false),
            ("Turkish_CI_AS", "THEİRS", "theirs", true),
            ("Turkish_CI_AS", "THEIRS", "theırs", true),
            ("Azeri_Latin_100_CI_AS", "THEIRS", "theirs", false),
            ("Azeri_Cyrillic_100_CI_AS", "THEIRS", "theirs", true),
            ("Turkish_100_BIN2", "THEİRS", "theirs", false),
        ] {
            assert_eq!(same_name(collation, left, right), same, "{left} and {right} under {collation}");
        }
    }
}
