//! Api-versions of `Microsoft.Sql`: which exist, in which order, and which a resource type answers to.
//!
//! Order is by date, a preview before the stable version of the same date, so that "this property exists from version
//! X on" is one comparison. Sources: the published Bicep types of each version, and recordings for those that clients send.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// One api-version, `2025-01-01` or `2025-08-01-preview`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiVersion {
    date: (u16, u8, u8),
    preview: bool,
}

/// The text is not an api-version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an api-version such as 2025-01-01 or 2025-08-01-preview")]
pub struct NotAnApiVersion(String);

impl ApiVersion {
    /// A stable version.
    pub const fn stable(year: u16, month: u8, day: u8) -> Self {
        Self { date: (year, month, day), preview: false }
    }

    /// A preview version.
    pub const fn preview(year: u16, month: u8, day: u8) -> Self {
        Self { date: (year, month, day), preview: true }
    }

    /// Whether it is a preview.
    pub const fn is_preview(self) -> bool {
        self.preview
    }
}

impl Ord for ApiVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.date.cmp(&other.date).then(other.preview.cmp(&self.preview))
    }
}

impl PartialOrd for ApiVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date;
        write!(f, "{year:04}-{month:02}-{day:02}{}", if self.preview { "-preview" } else { "" })
    }
}

impl FromStr for ApiVersion {
    type Err = NotAnApiVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotAnApiVersion(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let (date, preview) = match lower.strip_suffix("-preview") {
            Some(date) => (date, true),
            None => (lower.as_str(), false),
        };
        let mut parts = date.split('-');
        let (Some(year), Some(month), Some(day), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse());
        };
        let (4, 2, 2) = (year.len(), month.len(), day.len()) else { return Err(refuse()) };
        match (year.parse(), month.parse(), day.parse()) {
            (Ok(year), Ok(month), Ok(day)) => Ok(Self { date: (year, month, day), preview }),
            _ => Err(refuse()),
        }
    }
}

/// Links first: the flat shape.
pub const V2021_05_PREVIEW: ApiVersion = ApiVersion::preview(2021, 5, 1);
/// Endpoint certificates first.
pub const V2021_11_PREVIEW: ApiVersion = ApiVersion::preview(2021, 11, 1);
/// The first stable version.
pub const V2021_11: ApiVersion = ApiVersion::stable(2021, 11, 1);
/// What the CLI sends for certificates.
pub const V2022_02_PREVIEW: ApiVersion = ApiVersion::preview(2022, 2, 1);
/// Adds the link's `instanceRole` and `setRole`.
pub const V2022_05_PREVIEW: ApiVersion = ApiVersion::preview(2022, 5, 1);
/// `provisioningState` of instances in its present words.
pub const V2022_11_PREVIEW: ApiVersion = ApiVersion::preview(2022, 11, 1);
/// Flat in, new shape read-only out; `hybridSecondaryUsage`, `isGeneralPurposeV2`.
pub const V2023_02_PREVIEW: ApiVersion = ApiVersion::preview(2023, 2, 1);
/// The present shape of links; `databaseFormat`.
pub const V2023_05_PREVIEW: ApiVersion = ApiVersion::preview(2023, 5, 1);
/// `seedingProgress`, `failover`.
pub const V2023_08_PREVIEW: ApiVersion = ApiVersion::preview(2023, 8, 1);
/// First stable version with the present shape.
pub const V2023_08: ApiVersion = ApiVersion::stable(2023, 8, 1);
/// No change for links.
pub const V2024_05_PREVIEW: ApiVersion = ApiVersion::preview(2024, 5, 1);
/// `memorySizeInGB`, `SQLServer2025`, `extendedAccessibilityInfo`.
pub const V2024_11_PREVIEW: ApiVersion = ApiVersion::preview(2024, 11, 1);
/// Newest stable; `systemData`.
pub const V2025_01: ApiVersion = ApiVersion::stable(2025, 1, 1);
/// No change for links.
pub const V2025_02_PREVIEW: ApiVersion = ApiVersion::preview(2025, 2, 1);
/// `linkMode`, PATCH of databases, `trustedRootCertificates`.
pub const V2025_08_PREVIEW: ApiVersion = ApiVersion::preview(2025, 8, 1);
/// `mostRecentError`, `mostRecentErrorTime`, `mostRecentErrorMessage` of the link.
pub const V2026_08_PREVIEW: ApiVersion = ApiVersion::preview(2026, 8, 1);

/// Every version that the service knows, oldest first.
pub const ALL: [ApiVersion; 16] = [
    V2021_05_PREVIEW,
    V2021_11_PREVIEW,
    V2021_11,
    V2022_02_PREVIEW,
    V2022_05_PREVIEW,
    V2022_11_PREVIEW,
    V2023_02_PREVIEW,
    V2023_05_PREVIEW,
    V2023_08_PREVIEW,
    V2023_08,
    V2024_05_PREVIEW,
    V2024_11_PREVIEW,
    V2025_01,
    V2025_02_PREVIEW,
    V2025_08_PREVIEW,
    V2026_08_PREVIEW,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_by_date_and_previews_come_first() {
        assert!(ALL.is_sorted());
        assert!(V2023_08_PREVIEW < V2023_08 && V2023_08 < V2024_05_PREVIEW);
    }

    #[test]
    fn texts_round_trip_and_nonsense_is_refused() {
        for version in ALL {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        assert_eq!("2023-08-01-PREVIEW".parse(), Ok(V2023_08_PREVIEW));
        for text in ["", "2023-8-1", "2023-08-01-alpha", "latest", "2023-08-01-preview-x", "-2023-08-1"] {
            assert!(text.parse::<ApiVersion>().is_err(), "{text}");
        }
    }
}
