//! The HTTPS listener of the ARM and Entra face.
//!
//! One listener on loopback serves every name that Azure has for these services, because a rehearsal maps those
//! addresses here and leaves the user's HCL as it is. Each request is journalled, goes through the fault rules, is
//! answered, and is journalled again with its end. A cut closes the TCP connection without a TLS farewell, in the
//! middle of whatever else it carries, as a broken network would.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::api_version::ApiVersion;
use super::backend::Backend;
use super::directory::Directory;
use super::face::{self, Face};
use super::operations::Signer;
use super::pairs::{Exchange, Pairs};
use super::path::Target;
use super::reply::{ArmError, Reply};
use super::throttle::Throttle;
use super::tls::{LocalAuthority, TlsError};
use super::token::Tokens;
use crate::faults::{Failure, Faults, Verdict};
use crate::journal::{Event, Face as JournalFace, Journal, Outcome};

/// Names under which Azure's clouds have ARM and Entra ID; all are served, with a certificate for all.
pub const NAMES: [&str; 7] = [
    "localhost",
    "management.azure.com",
    "login.microsoftonline.com",
    "management.usgovcloudapi.net",
    "login.microsoftonline.us",
    "management.chinacloudapi.cn",
    "login.chinacloudapi.cn",
];

/// Largest request body that is read.
const BODY_LIMIT: usize = 4 << 20;

/// How the face behaves where the real service differs by time, region or set-up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// `Retry-After` of operations, seconds. 15 in recordings; small where the world's clock runs fast.
    pub retry_after: u32,
    /// Lifetime of tokens in the client's time.
    pub token_lifetime: Duration,
    /// Versions that a region (`*` for all) does not have.
    pub missing_versions: Vec<(String, ApiVersion)>,
    /// Items on a page of a list; `None` is all on one.
    pub page_size: Option<usize>,
    /// Whether links carry the instance's id, as they did until August 2024.
    pub instance_ids_in_links: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            retry_after: 15,
            token_lifetime: Duration::hours(1),
            missing_versions: Vec::new(),
            page_size: None,
            instance_ids_in_links: false,
        }
    }
}

/// Why the face did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or loopback is not there.
    #[error("the ARM face could not listen on 127.0.0.1:{port}")]
    Listen {
        /// Port that was asked for.
        port: u16,
        /// Cause.
        source: io::Error,
    },
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No random numbers.
    #[error("the system gave no random numbers for the keys of tokens and URLs")]
    Random,
}

/// The running face. Dropping it stops it at once; [`ArmServer::stop`] lets answers end.
#[derive(Debug)]
pub struct ArmServer {
    address: SocketAddr,
    directory: Directory,
    tokens: Tokens,
    throttle: Throttle,
    pairs: Pairs,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl ArmServer {
    /// Starts listening.
    ///
    /// # Errors
    /// When the port is taken or no certificate can be made.
    pub async fn start(
        backend: Arc<dyn Backend>,
        directory: Directory,
        authority: &LocalAuthority,
        journal: Journal,
        faults: Faults,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let port = settings.port;
        let refused = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let tls = authority.server_config(&NAMES, &[b"h2", b"http/1.1"])?;
        let clock = backend.clone();
        let tokens = Tokens::new(Arc::new(move || clock.now()), settings.token_lifetime, backend.speed())
            .map_err(|_| StartError::Random)?;
        let (throttle, pairs, stop) = (Throttle::default(), Pairs::default(), CancellationToken::new());
        let face = Face {
            backend,
            directory: directory.clone(),
            tokens: tokens.clone(),
            throttle: throttle.clone(),
            signer: Signer::new().map_err(|_| StartError::Random)?,
            settings,
        };
        let service = Arc::new(Service { face, journal, faults, pairs: pairs.clone(), stop: stop.clone() });
        let task = tokio::spawn(accept(listener, tls, service, stop.clone()));
        Ok(Self { address, directory, tokens, throttle, pairs, stop, task: Some(task) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://localhost:PORT`.
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Applications, roles, locks, policies.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Tokens; the TDS face checks them with [`Tokens::verify_sql_token`].
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Limits.
    pub fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    /// Recorded exchanges, for Microsoft's validator.
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// Stops listening, lets running answers end, closes the connections.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // A panic in the task has been reported where it happened; there is nothing left to stop.
            let _ended = task.await;
        }
    }
}

impl Drop for ArmServer {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

struct Service {
    face: Face,
    journal: Journal,
    faults: Faults,
    pairs: Pairs,
    stop: CancellationToken,
}

/// Accepts until stopped; dropping the set of connections closes them.
async fn accept(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    service: Arc<Service>,
    stop: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, acceptor.clone(), service.clone(), stop.clone()));
                }
                Err(error) => tracing::warn!(%error, "a connection to the ARM face was not accepted"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    service: Arc<Service>,
    stop: CancellationToken,
) {
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "TLS handshake with the ARM face failed");
            return;
        }
    };
    // Cancelled by a fault that cuts: ends the task below, and with it the connection.
    let cut = CancellationToken::new();
    let handler = service_fn(|request: Request<hyper::body::Incoming>| {
        let (service, cut) = (service.clone(), cut.clone());
        async move {
            match service.serve(request.map(Body::new)).await {
                Some(response) => Ok::<_, Infallible>(response),
                None => {
                    cut.cancel();
                    std::future::pending().await
                }
            }
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let serving = builder.serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(serving);
    let mut stopping = false;
    loop {
        tokio::select! {
            () = cut.cancelled() => return,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
            ended = &mut serving => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to the ARM face broke");
                }
                return;
            }
        }
    }
}

impl Service {
    /// Answers a request; `None` cuts the connection.
    async fn serve(&self, request: Request<Body>) -> Option<Response<Body>> {
        let (parts, body) = request.into_parts();
        let method = parts.method.as_str().to_owned();
        let path = parts.uri.path().to_owned();
        let url = parts.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string);
        let host = host(&parts.headers, parts.uri.authority().map(|authority| authority.as_str()));
        let whole = to_bytes(body, BODY_LIMIT).await;
        let too_large = whole.is_err();
        let body = whole.unwrap_or_default();
        let target = Target::parse(&path);
        let correlation = text_header(&parts.headers, "x-ms-correlation-request-id")
            .or_else(|| text_header(&parts.headers, "x-ms-client-request-id"))
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let face = if target.is_entra() { JournalFace::Entra } else { JournalFace::Arm };
        let mut event = Event::new(face, format!("{method} {}", target.kind()));
        event.server = host.clone().unwrap_or_default();
        event.object.clone_from(&path);
        event.text = format!("{method} {url}\n{}", String::from_utf8_lossy(&body));
        event.correlation.clone_from(&correlation);
        let mut entry = self.journal.begin(&event);

        let after = match self.faults.before(&event).await {
            Verdict::Proceed(after) => after,
            Verdict::Fail(Failure::Http { status, code, message, retry_after }) => {
                let mut error = ArmError::provider(status, &code, &*message);
                if let Some(seconds) = retry_after {
                    error = error.header("retry-after", seconds.to_string());
                }
                entry.finish(Outcome::Error { code, message });
                return Some(respond(error.reply(), &correlation, face));
            }
            Verdict::Fail(Failure::Sql { .. }) => return None,
            Verdict::Cut(action) => {
                entry.finish(Outcome::Fault { action });
                return None;
            }
        };
        let echoed = text_header(&parts.headers, "x-ms-client-request-id").filter(|_| {
            text_header(&parts.headers, "x-ms-return-client-request-id")
                .is_some_and(|wish| wish.eq_ignore_ascii_case("true"))
        });
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let mut reply = match &host {
            Some(_) if too_large => ArmError::content_too_large().reply(),
            Some(host) => {
                let origin = format!("https://{host}");
                let authorization = text_header(&parts.headers, "authorization");
                let content_type = text_header(&parts.headers, "content-type");
                let (reply, who) = self.face.answer(&face::Request {
                    origin: &origin,
                    method: &method,
                    target: &target,
                    path: &path,
                    query: &query,
                    authorization: authorization.as_deref(),
                    content_type: content_type.as_deref(),
                    body: &body,
                });
                if let Some(who) = who {
                    entry.who(&who);
                }
                if reply.takes > Duration::ZERO {
                    let said = self.face.backend.now() + reply.takes;
                    tokio::select! {
                        () = self.face.backend.reach(said) => {}
                        // The clock may stand, and nobody pushes it any more.
                        () = self.stop.cancelled() => return None,
                    }
                }
                let exchange = Exchange {
                    target: &target,
                    method: &method,
                    url: &format!("{origin}{url}"),
                    request: serde_json::from_slice(&body).ok(),
                    status: reply.status,
                    headers: &reply.headers,
                    response: reply.body.clone(),
                };
                self.pairs.record(&self.journal, &exchange);
                reply
            }
            None => {
                ArmError::gateway(400, "InvalidHostName", "The host name is not one that this service has.")
                    .reply()
            }
        };
        if method == "HEAD" {
            reply.body = None;
        }
        if let Some(id) = echoed.filter(|_| face == JournalFace::Arm) {
            reply = reply.header("x-ms-client-request-id", id);
        }
        let outcome = outcome(&reply);
        match after.release() {
            Ok(()) => {
                entry.finish(outcome);
                Some(respond(reply, &correlation, face))
            }
            Err(action) => {
                entry.finish(Outcome::Fault { action });
                None
            }
        }
    }
}

/// The name that the client used, if it is one of ours.
fn host(headers: &HeaderMap, authority: Option<&str>) -> Option<String> {
    let host = authority.map(str::to_owned).or_else(|| text_header(headers, "host"))?.to_ascii_lowercase();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => (name, Some(port)),
        _ => (host.as_str(), None),
    };
    let known = NAMES.contains(&name) || name == "127.0.0.1";
    // A mapped address is reached under its own port but keeps its name: 443 is never written.
    known.then(|| {
        port.filter(|port| *port != "443").map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
    })
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn outcome(reply: &Reply) -> Outcome {
    if reply.status < 400 {
        return Outcome::Ok { detail: i64::from(reply.status) };
    }
    let text = |pointer: &str| {
        let value = reply.body.as_ref().and_then(|body| body.pointer(pointer));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    Outcome::Error {
        code: text("/error/code").or_else(|| text("/error")).unwrap_or_else(|| reply.status.to_string()),
        message: text("/error/message").or_else(|| text("/error_description")).unwrap_or_default(),
    }
}

/// The answer with the headers that every recorded answer has.
fn respond(reply: Reply, correlation: &str, face: JournalFace) -> Response<Body> {
    let body = reply.body.as_ref().map_or_else(Vec::new, |body| body.to_string().into_bytes());
    let has_body = reply.body.is_some();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut put = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    put("cache-control", "no-cache");
    put("pragma", "no-cache");
    put("expires", "-1");
    put("strict-transport-security", "max-age=31536000; includeSubDomains");
    put("x-content-type-options", "nosniff");
    put("date", &http_date(OffsetDateTime::now_utc()));
    if has_body {
        put(header::CONTENT_TYPE.as_str(), "application/json; charset=utf-8");
    }
    let request_id = uuid::Uuid::new_v4().to_string();
    put("x-ms-request-id", &request_id);
    if face == JournalFace::Arm {
        put("x-ms-correlation-request-id", correlation);
        put("x-ms-routing-request-id", &format!("SIMULATOR:{request_id}"));
        put("x-cache", "CONFIG_NOCACHE");
    }
    for (name, value) in &reply.headers {
        put(name, value);
    }
    response
}

fn http_date(time: OffsetDateTime) -> String {
    let form = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time.format(form).unwrap_or_default()
}
