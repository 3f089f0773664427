//! Polling URLs of long-running operations: signed, long, and to be used as they are.
//!
//! Since 2024 each of the two URLs of a 202 carries a time, a certificate, a signature and a hash and is 3.5 to 3.7 kB
//! long (recordings), so one answer has more than 7 kB of headers; clients with small buffers, or that rebuild the URL,
//! fail here as they would there. The operations themselves live in the world.

use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

use super::api_version::ApiVersion;
use super::path::OperationPath;
use super::reply::{ArmError, Reply};

/// Lengths of the real parameters: a certificate of about 2 kB, a 2048-bit signature, a SHA-256 hash.
const CERTIFICATE_BYTES: usize = 2_090;
const SIGNATURE_BYTES: usize = 256;
const HASH_BYTES: usize = 32;

/// Seconds from year 1 to 1970: `t` counts in .NET ticks.
const TICKS_EPOCH_SECONDS: i128 = 62_135_596_800;

/// Signs polling URLs and checks them.
#[derive(Clone)]
pub struct Signer {
    key: Arc<hmac::Key>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer with a key of its own.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut secret = [0_u8; 32];
        rand::fill(&mut secret)?;
        Ok(Self { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)) })
    }

    /// The URL of an operation's status or result.
    pub fn url(
        &self,
        origin: &str,
        path: &OperationPath,
        version: ApiVersion,
        now: OffsetDateTime,
    ) -> String {
        let ticks = now.unix_timestamp_nanos() / 100 + TICKS_EPOCH_SECONDS * 10_000_000;
        let plain = format!("{}?api-version={version}&t={ticks}", path_of(path));
        let [certificate, signature, hash] = self.parameters(&plain);
        format!("{origin}{plain}&c={certificate}&s={signature}&h={hash}")
    }

    /// Whether a polling URL came from [`Self::url`] and is unchanged. The part of the path before the operation may
    /// differ in letter case.
    pub fn accepts(&self, path: &OperationPath, version: &str, query: &[(String, String)]) -> bool {
        let value =
            |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let plain = format!("{}?api-version={version}&t={}", path_of(path), value("t"));
        let [certificate, signature, hash] = self.parameters(&plain);
        value("c") == certificate && value("s") == signature && value("h") == hash
    }

    fn parameters(&self, plain: &str) -> [String; 3] {
        let plain = plain.to_ascii_lowercase();
        [("c", CERTIFICATE_BYTES), ("s", SIGNATURE_BYTES), ("h", HASH_BYTES)].map(|(name, length)| {
            let mut bytes = Vec::with_capacity(length + HASH_BYTES);
            for block in 0.. {
                if bytes.len() >= length {
                    break;
                }
                let tag = hmac::sign(&self.key, format!("{name}{block}{plain}").as_bytes());
                bytes.extend_from_slice(tag.as_ref());
            }
            bytes.truncate(length);
            URL_SAFE_NO_PAD.encode(bytes)
        })
    }
}

/// How an operation stands, for its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Still running.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended with an error. [recorded: HTTP 200, code and message only]
    Failed {
        /// `error.code`.
        code: String,
        /// `error.message`.
        message: String,
    },
    /// Was cancelled, by a DELETE for instance.
    Canceled,
}

/// The 202 of an accepted operation. `name` is the operation's kind in the service's words
/// (`DistributedAvailabilityGroupsLinkCreate`).
pub fn accepted(
    name: &str,
    started: OffsetDateTime,
    status_url: String,
    result_url: String,
    retry: u32,
) -> Reply {
    Reply { body: Some(json!({ "operation": name, "startTime": stamp(started) })), ..Reply::empty(202) }
        .header("azure-asyncoperation", status_url)
        .header("location", result_url)
        .header("retry-after", retry.to_string())
}

/// The answer to a poll of the status URL: always 200.
pub fn status(id: &str, started: OffsetDateTime, standing: &Standing, retry: u32) -> Reply {
    let word = match standing {
        Standing::InProgress => "InProgress",
        Standing::Succeeded => "Succeeded",
        Standing::Failed { .. } => "Failed",
        Standing::Canceled => "Canceled",
    };
    let mut body = json!({ "name": id, "status": word, "startTime": stamp(started) });
    if let (Standing::Failed { code, message }, Some(body)) = (standing, body.as_object_mut()) {
        body.insert("error".to_owned(), json!({ "code": code, "message": message }));
    }
    Reply::ok(body).header("retry-after", retry.to_string())
}

/// 404 for an operation that nobody knows. [code and text: 2023-08-01 specification]
///
/// ASSUMED 39: that this is the code; `as_resource` is its opposite.
pub fn unknown(id: &str, as_resource: bool) -> ArmError {
    if as_resource {
        let text = format!("The requested resource of type 'operation' with name '{id}' was not found.");
        return ArmError::provider(404, "ResourceNotFound", text);
    }
    ArmError::provider(404, "OperationIdNotFound", format!("The operation with Id {id} does not exist."))
}

/// A moment in the service's form: up to three fraction digits, trailing zeros left out (`…:29.89Z`).
pub fn stamp(time: OffsetDateTime) -> String {
    let seconds =
        time.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]")).unwrap_or_default();
    match time.millisecond() {
        0 => format!("{seconds}Z"),
        millis => format!("{seconds}.{}Z", format!("{millis:03}").trim_end_matches('0')),
    }
}

fn path_of(path: &OperationPath) -> String {
    let suffix = if path.result { "OperationResults" } else { "AzureAsyncOperation" };
    let group = path.group.as_ref().map(|group| format!("/resourceGroups/{group}")).unwrap_or_default();
    format!(
        "/subscriptions/{}{group}/providers/Microsoft.Sql/locations/{}/{}{suffix}/{}",
        path.subscription, path.location, path.kind, path.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::api_version::V2025_01;
    use time::macros::datetime;

    #[test]
    fn urls_are_as_long_as_the_real_ones_and_cannot_be_changed() {
        let signer = Signer::new().unwrap();
        let path = OperationPath {
            subscription: "00000000-0000-0000-0000-000000000000".into(),
            group: Some("rg".into()),
            location: "westeurope".into(),
            kind: "distributedAvailabilityGroups".into(),
            id: "d9c1e560-b231-4b75-8464-355aca4f4deb".into(),
            result: false,
        };
        let moment = datetime!(2024-10-30 15:05:22.215_017_3 UTC);
        let text = signer.url("https://management.azure.com", &path, V2025_01, moment);
        assert!((3_400..3_800).contains(&text.len()), "{}", text.len());
        // The recorded operation of this moment has the same ticks.
        assert!(text.contains("&t=638658975222150173&"), "{text}");
        let query: Vec<_> = url::Url::parse(&text).unwrap().query_pairs().into_owned().collect();
        assert!(signer.accepts(&path, "2025-01-01", &query));
        assert!(!signer.accepts(&path, "2023-08-01", &query));
        assert!(!signer.accepts(&OperationPath { result: true, ..path.clone() }, "2025-01-01", &query));
        assert!(!signer.accepts(&path, "2025-01-01", &query[..2]));
    }

    #[test]
    fn moments_have_the_recorded_form() {
        assert_eq!(stamp(datetime!(2026-08-11 10:58:29.89 UTC)), "2026-08-11T10:58:29.89Z");
        assert_eq!(stamp(datetime!(2024-10-30 17:38:08.263 UTC)), "2024-10-30T17:38:08.263Z");
        assert_eq!(stamp(datetime!(2024-03-14 08:57:39 UTC)), "2024-03-14T08:57:39Z");
    }
}
