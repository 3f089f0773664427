//! Entra ID, as far as service principals meet it: discovery documents and the token endpoint.
//!
//! `client_credentials` with a secret or a federated assertion, v2.0 (`scope`) and v1.0 (`resource`). Errors are
//! Entra's: an OAuth error name, `AADSTS` number in the description, 400 or 401. Interactive flows, refresh tokens and
//! certificates as credentials are not simulated and are refused as Entra refuses what an application may not do.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::directory::{Application, Directory};
use super::reply::Reply;
use super::token::{ARM_AUDIENCES, SQL_AUDIENCES, Tokens};

/// Type of a client assertion [RFC 7523].
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `/{tenant}/v2.0/.well-known/openid-configuration`; `origin` is what the client called us.
pub fn openid_configuration(origin: &str, tenant: &str) -> Reply {
    let base = format!("{origin}/{tenant}");
    Reply::ok(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "tenant_region_scope": Value::Null,
        "cloud_instance_name": "microsoftonline.com",
    }))
}

/// `/common/discovery/instance`: the client's authority is known, under the name it used.
pub fn instance_discovery(origin: &str, query: &HashMap<String, String>) -> Reply {
    let host = origin.trim_start_matches("https://");
    let tenant = query
        .get("authorization_endpoint")
        .and_then(|endpoint| url::Url::parse(endpoint).ok())
        .and_then(|url| url.path_segments().and_then(|mut parts| parts.next().map(str::to_owned)))
        .unwrap_or_else(|| "common".to_owned());
    Reply::ok(json!({
        "tenant_discovery_endpoint": format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}

/// `POST /{tenant}/oauth2/v2.0/token`; the body is a form. Also says which client id asked, for the journal.
pub fn token(
    directory: &Directory,
    tokens: &Tokens,
    origin: &str,
    tenant: &str,
    body: &[u8],
) -> (Reply, Option<String>) {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let client = form.get("client_id").cloned();
    let reply = match grant(directory, tenant, &form) {
        Ok((application, audience)) => {
            let issuer = format!("{origin}/{}/v2.0", application.tenant);
            let (token, lifetime) = tokens.mint(&application, &audience, &issuer);
            Reply::ok(json!({
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": token,
            }))
            .header("cache-control", "no-store, no-cache")
        }
        Err(error) => error.reply(origin),
    };
    (reply, client)
}

/// Who gets a token for what.
fn grant(
    directory: &Directory,
    tenant: &str,
    form: &HashMap<String, String>,
) -> Result<(Application, String), EntraError> {
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if !directory.has_tenant(tenant) {
        return Err(EntraError::new(
            400,
            "invalid_request",
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        ));
    }
    match field("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            return Err(EntraError::new(
                400,
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            ));
        }
        None => return Err(missing("grant_type")),
    }
    let client_id = field("client_id").ok_or_else(|| missing("client_id"))?;
    let application = directory
        .application(client_id)
        .filter(|application| application.tenant.eq_ignore_ascii_case(tenant))
        .ok_or_else(|| EntraError::new(400, "unauthorized_client", 700_016, format!("Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.")))?;
    authenticate(&application, &field)?;
    Ok((application, audience(&field)?))
}

fn authenticate<'a>(
    application: &Application,
    field: &impl Fn(&str) -> Option<&'a str>,
) -> Result<(), EntraError> {
    if let Some(secret) = field("client_secret") {
        if application.secrets.iter().any(|known| known == secret) {
            return Ok(());
        }
        return Err(EntraError::new(
            401,
            "invalid_client",
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
                application.client_id
            ),
        ));
    }
    let Some(assertion) = field("client_assertion") else {
        return Err(EntraError::new(
            401,
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
                .to_owned(),
        ));
    };
    if field("client_assertion_type") != Some(JWT_BEARER) {
        return Err(missing("client_assertion_type"));
    }
    let claims = claims(assertion).ok_or_else(|| {
        EntraError::new(401, "invalid_client", 50027, "JWT token is invalid or malformed.".to_owned())
    })?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if application.federated.iter().any(|known| known.issuer == claim("iss") && known.subject == claim("sub"))
    {
        return Ok(());
    }
    Err(EntraError::new(
        401,
        "invalid_client",
        700_213,
        format!(
            "No matching federated identity record found for presented assertion subject '{}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.",
            claim("sub")
        ),
    ))
}

/// The audience that `scope` (v2.0) or `resource` (v1.0) asks for.
fn audience<'a>(field: &impl Fn(&str) -> Option<&'a str>) -> Result<String, EntraError> {
    let resource = match (field("scope"), field("resource")) {
        (Some(scope), _) => {
            let Some(resource) = scope.strip_suffix("/.default") else {
                return Err(EntraError::new(
                    400,
                    "invalid_scope",
                    1_002_012,
                    format!(
                        "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
                    ),
                ));
            };
            resource
        }
        (None, Some(resource)) => resource,
        (None, None) => return Err(missing("scope")),
    };
    let bare = resource.trim_end_matches('/');
    let known = ARM_AUDIENCES.iter().chain(&SQL_AUDIENCES).any(|known| known.eq_ignore_ascii_case(bare));
    // A custom cloud's audience is the address under which it is reached: loopback, whatever the port.
    let loopback = url::Url::parse(bare)
        .ok()
        .and_then(|url| url.host_str().map(|host| host == "localhost" || host == "127.0.0.1"))
        .unwrap_or(false);
    if known || loopback {
        return Ok(bare.to_owned());
    }
    Err(EntraError::new(
        400,
        "invalid_resource",
        500_011,
        format!(
            "The resource principal named {bare} was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
        ),
    ))
}

/// The claims of a foreign token, unverified.
fn claims(assertion: &str) -> Option<Value> {
    let payload = assertion.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

fn missing(parameter: &str) -> EntraError {
    EntraError::new(
        400,
        "invalid_request",
        900_144,
        format!("The request body must contain the following parameter: '{parameter}'."),
    )
}

/// An error of the token endpoint.
#[derive(Debug)]
struct EntraError {
    status: u16,
    error: &'static str,
    number: u32,
    text: String,
}

impl EntraError {
    fn new(status: u16, error: &'static str, number: u32, text: String) -> Self {
        Self { status, error, number, text }
    }

    fn reply(&self, origin: &str) -> Reply {
        let (trace, correlation) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let stamp = OffsetDateTime::now_utc()
            .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z"))
            .unwrap_or_default();
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
                self.number, self.text
            ),
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace.to_string(),
            "correlation_id": correlation.to_string(),
            "error_uri": format!("{origin}/error?code={}", self.number),
        });
        Reply { body: Some(body), ..Reply::empty(self.status) }
    }
}
