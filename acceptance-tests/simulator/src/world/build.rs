//! Builds of the engine, and what each of them can do.
//!
//! A link asks for service updates more than for versions: procedures, the form of a listener URL and failover came
//! with cumulative updates. Within one version a plain comparison of builds says whether an update is in, because the
//! lines that carry security fixes alone have lower numbers.
//!
//! Sources: "Overview of the Managed Instance link" and "Prepare your environment for a link" (2026), the build lists of
//! SQL Server, the articles of the updates named below.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::assumption;
use super::replication::opposite;

/// `SERVERPROPERTY('ProductVersion')`: builds of one version compare as their numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Build {
    /// 13 (2016) to 17 (2025).
    pub major: u8,
    /// 0 in every version of the link.
    pub minor: u8,
    /// The build.
    pub build: u16,
    /// The revision.
    pub revision: u16,
}

/// Not four numbers with points between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a build is four numbers, such as 16.0.4125.3")]
pub struct NotABuild;

/// What an engine can do from some build of its version on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// `sp_certificate_add_issuer` and `sp_get_endpoint_certificate`: where they are missing, so is the update that
    /// makes the engine fit for links ("Configure link with scripts").
    LinkProcedures,
    /// `;Server=[…]` in `LISTENER_URL` (19499 without it; seen in the field on 2017 without the Azure Connect pack).
    ServerInUrl,
    /// `sp_certificate_issuers` and `sp_certificate_drop_issuer`.
    IssuerList,
    /// `sp_validate_certificate_ca_chain` (2022: article of CU5).
    ChainValidation,
    /// Being the secondary of a link that starts on the instance.
    Secondary,
    /// Planned failover of a distributed group in T-SQL (19504 without it).
    PlannedFailover,
    /// `sp_multidb_milink`.
    MultiDatabase,
}

impl Capability {
    /// The first build of each version that has it, oldest version first. Versions that are not listed never got it.
    pub fn floors(self) -> &'static [Build] {
        match self {
            Self::LinkProcedures | Self::ServerInUrl => &[
                AZURE_CONNECT_2016,
                AZURE_CONNECT_2017,
                // The link's first build of 2019; later documents support it from CU20 on.
                CU15_2019,
                RTM_2022,
                RTM_2025,
            ],
            // System catalogues of 2017, 2019, 2022 and 2025 list them. ASSUMED 26: 2016 has them too.
            Self::IssuerList => &[AZURE_CONNECT_2016, AZURE_CONNECT_2017, CU15_2019, RTM_2022, RTM_2025],
            // ASSUMED 27: catalogues of late 2017 and 2019 builds list it, from which build on nobody says.
            Self::ChainValidation => &[AZURE_CONNECT_2017, CU20_2019, CU5_2022, RTM_2025],
            Self::Secondary => &[CU10_2022, RTM_2025],
            Self::PlannedFailover => &[CU13_2022, RTM_2025],
            Self::MultiDatabase => &[CU27_2022, CU9_2025],
        }
    }
}

const AZURE_CONNECT_2016: Build = Build::new(13, 7000, 253);
const AZURE_CONNECT_2017: Build = Build::new(14, 3490, 10);
const CU15_2019: Build = Build::new(15, 4198, 2);
const CU20_2019: Build = Build::new(15, 4312, 2);
const RTM_2016: Build = Build::new(13, 1601, 5);
const RTM_2017: Build = Build::new(14, 1000, 169);
const RTM_2019: Build = Build::new(15, 2000, 5);
const RTM_2022: Build = Build::new(16, 1000, 6);
const CU5_2022: Build = Build::new(16, 4045, 3);
const CU10_2022: Build = Build::new(16, 4095, 4);
const CU13_2022: Build = Build::new(16, 4125, 3);
const CU27_2022: Build = Build::new(16, 4295, 3);
const RTM_2025: Build = Build::new(17, 1000, 7);
const CU9_2025: Build = Build::new(17, 5005, 3);

/// Builds whose cumulative update is known.
const UPDATES: [(Build, &str); 11] = [
    (Build::new(14, 3456, 2), "CU31"),
    (AZURE_CONNECT_2017, "CU31"),
    (CU15_2019, "CU15"),
    (CU20_2019, "CU20"),
    (CU5_2022, "CU5"),
    (CU10_2022, "CU10"),
    (CU13_2022, "CU13"),
    (Build::new(16, 4255, 1), "CU25"),
    (CU27_2022, "CU27"),
    (Build::new(17, 4065, 4), "CU7"),
    (CU9_2025, "CU9"),
];

/// Articles of builds ("Build versions" lists of 2016 to 2025).
const ARTICLES: [(Build, &str); 10] = [
    (AZURE_CONNECT_2016, "KB5014242"),
    (Build::new(14, 3456, 2), "KB5016884"),
    (AZURE_CONNECT_2017, "KB5050533"),
    (CU15_2019, "KB5008996"),
    (CU20_2019, "KB5024276"),
    (CU5_2022, "KB5026806"),
    (CU10_2022, "KB5031778"),
    (CU13_2022, "KB5036432"),
    (CU27_2022, "KB5104824"),
    (CU9_2025, "KB5122048"),
];

impl Build {
    /// What every managed instance says, whatever its engine is.
    pub const MANAGED: Self = Self { major: 12, minor: 0, build: 2000, revision: 8 };

    const fn new(major: u8, build: u16, revision: u16) -> Self {
        Self { major, minor: 0, build, revision }
    }

    /// What a SQL Server of that version runs where nobody says: a build that supports the link.
    pub fn usual(major: u8) -> Self {
        match major {
            0..=13 => Self::new(13, 7016, 1),
            14 => AZURE_CONNECT_2017,
            15 => CU20_2019,
            16 => CU13_2022,
            _ => Self::new(17, 4065, 4),
        }
    }

    /// The newest build of a version that is known here: what the engine of a managed instance is like.
    pub fn newest(major: u8) -> Self {
        match major {
            16 => CU27_2022,
            17 => CU9_2025,
            other => Self::usual(other),
        }
    }

    /// Whether an engine of this build can do it.
    pub fn has(self, capability: Capability) -> bool {
        capability.floors().iter().any(|floor| floor.major == self.major && *floor <= self)
    }

    /// `SERVERPROPERTY('ProductLevel')`: versions since 2017 have no service packs.
    pub fn level(self) -> &'static str {
        if self.major == 13 && self.build >= 6300 { "SP3" } else { "RTM" }
    }

    /// The first build of its version. ["Build versions" lists of 2016 to 2025]
    pub fn first(self) -> Self {
        match self.major {
            0..=13 => RTM_2016,
            14 => RTM_2017,
            15 => RTM_2019,
            16 => RTM_2022,
            _ => RTM_2025,
        }
    }

    /// `SERVERPROPERTY('ProductUpdateLevel')`; nothing where the build is no cumulative update, or not known as one.
    pub fn update(self) -> Option<&'static str> {
        UPDATES.iter().find(|(build, _)| *build == self).map(|(_, update)| *update)
    }

    /// `SERVERPROPERTY('ProductUpdateReference')`: the article of the update, where it is known here.
    pub fn article(self) -> Option<&'static str> {
        ARTICLES.iter().find(|(build, _)| *build == self).map(|(_, article)| *article)
    }

    /// The year in the product's name.
    pub fn year(self) -> &'static str {
        match self.major {
            0..=13 => "2016",
            14 => "2017",
            15 => "2019",
            16 => "2022",
            _ => "2025",
        }
    }
}

/// What an engine is equipped with: what its build brings, as far as that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Equipment {
    /// The build.
    pub build: Build,
    issuer_list: bool,
    chain_validation: bool,
}

impl Equipment {
    /// Of a build, under the opposites that are in force.
    pub fn of(build: Build, opposites: &BTreeSet<u16>) -> Self {
        // ASSUMED 26 and 27.
        let issuer_list = build.major != 13 || !opposite(opposites, assumption::ISSUERS_OF_2016);
        let old = matches!(build.major, 14 | 15);
        let chain_validation = !old || !opposite(opposites, assumption::CHAINS_OF_2019);
        Self { build, issuer_list, chain_validation }
    }

    /// Whether it can do something.
    pub fn has(self, capability: Capability) -> bool {
        let believed = match capability {
            Capability::IssuerList => self.issuer_list,
            Capability::ChainValidation => self.chain_validation,
            _ => true,
        };
        believed && self.build.has(capability)
    }
}

/// The internal version of databases of a version of the engine. ["SQL Server internal database versions"]
pub fn database_version(major: u8) -> i64 {
    match major {
        0..=13 => 852,
        14 => 869,
        15 => 904,
        16 => 957,
        _ => 998,
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

impl FromStr for Build {
    type Err = NotABuild;

    fn from_str(text: &str) -> Result<Self, NotABuild> {
        let mut parts = text.split('.');
        let mut next = || parts.next().and_then(|part| part.parse::<u16>().ok()).ok_or(NotABuild);
        let small = |number: u16| u8::try_from(number).map_err(|_| NotABuild);
        let build =
            Self { major: small(next()?)?, minor: small(next()?)?, build: next()?, revision: next()? };
        if parts.next().is_some() { Err(NotABuild) } else { Ok(build) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_read_as_they_are_shown() {
        let build: Build = "16.0.4095.4".parse().unwrap();
        assert_eq!((build, build.to_string().as_str()), (CU10_2022, "16.0.4095.4"));
        for wrong in ["", "16", "16.0.4095", "16.0.4095.4.1", "16.0.x.4", "300.0.1.1", "16.0.70000.1"] {
            assert_eq!(wrong.parse::<Build>(), Err(NotABuild), "{wrong}");
        }
    }

    #[test]
    fn a_capability_begins_with_its_floor_in_its_own_version() {
        let has = |build: &str, capability| build.parse::<Build>().unwrap().has(capability);
        for (floor, before, capability) in [
            ("13.0.7000.253", "13.0.6300.2", Capability::LinkProcedures),
            ("14.0.3490.10", "14.0.3456.2", Capability::ServerInUrl),
            ("16.0.4045.3", "16.0.1000.6", Capability::ChainValidation),
            ("16.0.4095.4", "16.0.4095.3", Capability::Secondary),
            ("16.0.4125.3", "16.0.4095.4", Capability::PlannedFailover),
            ("16.0.4295.3", "16.0.4275.2", Capability::MultiDatabase),
            ("17.0.5005.3", "17.0.4085.5", Capability::MultiDatabase),
        ] {
            assert!(has(floor, capability), "{floor} {capability:?}");
            assert!(!has(before, capability), "{before} {capability:?}");
        }
        assert!(!has("15.0.9999.9", Capability::PlannedFailover), "no build of 2019 got it");
    }

    #[test]
    fn what_is_believed_of_old_builds_has_an_opposite() {
        let has = |build: &str, number, capability| {
            [BTreeSet::new(), BTreeSet::from([number])]
                .map(|opposites| Equipment::of(build.parse().unwrap(), &opposites).has(capability))
        };
        for (build, expected) in
            [("13.0.7000.253", [true, false]), ("14.0.3490.10", [true; 2]), ("13.0.6300.2", [false; 2])]
        {
            assert_eq!(has(build, assumption::ISSUERS_OF_2016, Capability::IssuerList), expected, "{build}");
        }
        for (build, expected) in
            [("14.0.3490.10", [true, false]), ("15.0.4312.2", [true, false]), ("16.0.4045.3", [true; 2])]
        {
            assert_eq!(
                has(build, assumption::CHAINS_OF_2019, Capability::ChainValidation),
                expected,
                "{build}"
            );
        }
    }

    #[test]
    fn what_a_server_usually_runs_supports_the_link() {
        for major in 13..=17 {
            let build = Build::usual(major);
            assert_eq!(build.major, major);
            assert!(build.has(Capability::LinkProcedures) && build.has(Capability::ServerInUrl), "{build}");
            assert!(Build::newest(major) >= build);
        }
    }
}
