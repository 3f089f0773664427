//! Access tokens: minted by the token endpoint, checked by ARM and by the TDS face.
//!
//! They look like Entra's (three Base64url parts, the usual claims), because clients peek into them, and are signed
//! with a key of this process, because nobody but the simulator has to check them. The audience keeps them apart: a
//! token for databases is refused by ARM and the other way round, as in Azure.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::directory::Application;

/// Audiences that ARM takes, per cloud: the endpoint itself and its older name (Microsoft's documentation of the clouds).
pub const ARM_AUDIENCES: [&str; 6] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://management.core.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "https://management.core.chinacloudapi.cn",
];

/// Audiences of SQL, per cloud.
pub const SQL_AUDIENCES: [&str; 3] = [
    "https://database.windows.net",
    "https://database.usgovcloudapi.net",
    "https://database.chinacloudapi.cn",
];

/// The time by which tokens expire.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// Who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Tenant.
    pub tenant: String,
    /// Client id.
    pub client_id: String,
    /// Object id.
    pub object_id: String,
    /// Display name: the login's name in SQL.
    pub name: String,
}

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not one of ours.
    #[error("the access token is not valid")]
    Invalid,
    /// It is past its time, or everything issued so far was revoked.
    #[error("the access token expired at {0}")]
    Expired(OffsetDateTime),
    /// It is for somebody else.
    #[error("the access token is for `{0}`")]
    Audience(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    appid: String,
    oid: String,
    tid: String,
    #[serde(rename = "app_displayname")]
    name: String,
    uti: String,
}

/// Mints and checks tokens. Clones share the key.
#[derive(Clone)]
pub struct Tokens {
    key: Arc<hmac::Key>,
    clock: Clock,
    speed: u32,
    settings: Arc<Mutex<Settings>>,
}

#[derive(Debug)]
struct Settings {
    lifetime: Duration,
    revoked_before: Option<OffsetDateTime>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens that live for `lifetime` of the client's time, which is `speed` times that by `clock`: clients renew by
    /// their own clocks, also where the world's runs faster.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(clock: Clock, lifetime: Duration, speed: u32) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut secret = [0_u8; 32];
        rand::fill(&mut secret)?;
        Ok(Self {
            key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)),
            clock,
            speed: speed.max(1),
            settings: Arc::new(Mutex::new(Settings { lifetime, revoked_before: None })),
        })
    }

    /// Changes the lifetime of tokens that are minted from now on.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).lifetime = lifetime;
    }

    /// Makes every token that was minted so far expired: what a client meets that waits longer than its token lives.
    pub fn expire_all(&self) {
        let now = (self.clock)();
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).revoked_before = Some(now);
    }

    /// A token for `audience`, and its lifetime in seconds of the client's time.
    pub fn mint(&self, application: &Application, audience: &str, issuer: &str) -> (String, i64) {
        let lifetime = self.settings.lock().unwrap_or_else(PoisonError::into_inner).lifetime;
        // Milliseconds in `iat`, unlike Entra's seconds: `expire_all` must tell tokens of one second apart.
        let now = (self.clock)();
        let millis = unix_millis(now);
        let claims = Claims {
            aud: audience.to_owned(),
            iss: issuer.to_owned(),
            iat: millis,
            nbf: now.unix_timestamp(),
            exp: (now + lifetime * self.speed).unix_timestamp(),
            appid: application.client_id.clone(),
            oid: application.object_id.clone(),
            tid: application.tenant.clone(),
            name: application.name.clone(),
            uti: uuid::Uuid::new_v4().simple().to_string(),
        };
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256","kid":"milink-simulator"}"#);
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signed = format!("{header}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, signed.as_bytes()));
        (format!("{signed}.{signature}"), lifetime.whole_seconds())
    }

    /// Checks a token for one of `audiences` (compared without a slash at the end).
    ///
    /// # Errors
    /// [`TokenError`] says which of signature, time and audience is at fault, in this order.
    pub fn verify(&self, token: &str, audiences: &[&str]) -> Result<Principal, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Invalid)?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| TokenError::Invalid)?;
        let (_, payload) = signed.split_once('.').ok_or(TokenError::Invalid)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Invalid)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Invalid)?;
        let expiry = OffsetDateTime::from_unix_timestamp(claims.exp).map_err(|_| TokenError::Invalid)?;
        let revoked = self.settings.lock().unwrap_or_else(PoisonError::into_inner).revoked_before;
        if expiry <= (self.clock)() || revoked.is_some_and(|before| claims.iat <= unix_millis(before)) {
            return Err(TokenError::Expired(expiry));
        }
        let audience = claims.aud.trim_end_matches('/');
        if !audiences.iter().any(|known| known.eq_ignore_ascii_case(audience)) {
            return Err(TokenError::Audience(claims.aud));
        }
        Ok(Principal {
            tenant: claims.tid,
            client_id: claims.appid,
            object_id: claims.oid,
            name: claims.name,
        })
    }

    /// Checks a token that a TDS client sent (FEDAUTH in LOGIN7).
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_sql_token(&self, token: &str) -> Result<Principal, TokenError> {
        self.verify(token, &SQL_AUDIENCES)
    }
}

fn unix_millis(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn application() -> Application {
        Application {
            tenant: "t".into(),
            client_id: "c".into(),
            object_id: "o".into(),
            name: "deploy".into(),
            secrets: Vec::new(),
            federated: Vec::new(),
            roles: Vec::new(),
        }
    }

    #[test]
    fn audience_time_and_signature_are_checked() {
        let seconds = Arc::new(AtomicI64::new(1_000));
        let clock: Clock = {
            let seconds = seconds.clone();
            Arc::new(move || OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap())
        };
        let tokens = Tokens::new(clock, Duration::HOUR, 1).unwrap();
        let (token, lifetime) = tokens.mint(&application(), "https://database.windows.net/", "iss");
        assert_eq!(lifetime, 3_600);
        assert_eq!(tokens.verify_sql_token(&token).unwrap().name, "deploy");
        assert!(matches!(tokens.verify(&token, &ARM_AUDIENCES), Err(TokenError::Audience(_))));
        assert_eq!(tokens.verify_sql_token(&format!("{token}x")), Err(TokenError::Invalid));
        assert_eq!(tokens.verify_sql_token("nonsense"), Err(TokenError::Invalid));
        seconds.store(1_001, Ordering::SeqCst);
        tokens.expire_all();
        assert!(matches!(tokens.verify_sql_token(&token), Err(TokenError::Expired(_))));
        seconds.store(1_002, Ordering::SeqCst);
        let (token, _) = tokens.mint(&application(), "https://database.windows.net", "iss");
        assert!(tokens.verify_sql_token(&token).is_ok());
        seconds.store(1_002 + 3_600, Ordering::SeqCst);
        assert!(matches!(tokens.verify_sql_token(&token), Err(TokenError::Expired(_))));
    }

    #[test]
    fn clients_renew_by_their_own_clock() {
        let seconds = Arc::new(AtomicI64::new(0));
        let clock: Clock = {
            let seconds = seconds.clone();
            Arc::new(move || OffsetDateTime::from_unix_timestamp(seconds.load(Ordering::SeqCst)).unwrap())
        };
        let tokens = Tokens::new(clock, Duration::HOUR, 60).unwrap();
        let (token, lifetime) = tokens.mint(&application(), "https://database.windows.net", "iss");
        assert_eq!(lifetime, 3_600);
        seconds.store(60 * 3_600 - 1, Ordering::SeqCst);
        assert!(tokens.verify_sql_token(&token).is_ok());
        seconds.store(60 * 3_600, Ordering::SeqCst);
        assert!(matches!(tokens.verify_sql_token(&token), Err(TokenError::Expired(_))));
    }
}
