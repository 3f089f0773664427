//! The listener of the control API and its routes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use futures::stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::deeds::Deed;
use super::faults::FaultForm;
use super::{Access, ApiError, Token, access, faults, world};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::world::World;

/// What the API controls.
#[derive(Debug, Clone)]
pub struct Controlled {
    /// The world.
    pub world: World,
    /// What was asked and answered.
    pub journal: Journal,
    /// Faults on demand.
    pub faults: Faults,
}

/// The API did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Others could reach it.
    #[error("the control API listens on loopback only, and {0} is not")]
    NotLoopback(SocketAddr),
    /// No port.
    #[error("the control API could not listen on {address}: {source}")]
    Io {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The API in operation. Dropping it ends it.
#[derive(Debug)]
pub struct ControlServer {
    address: SocketAddr,
    token: Token,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    controlled: Controlled,
    token: Token,
    port: u16,
    stop: CancellationToken,
}

type Answer = Result<Json<Value>, ApiError>;
type Api = State<Arc<Shared>>;

impl ControlServer {
    /// Listens on an address of loopback; port 0 takes a free one. The token is new each time.
    ///
    /// # Errors
    /// When the address is not of loopback or cannot be had.
    pub async fn start(controlled: Controlled, bind: SocketAddr) -> Result<Self, StartError> {
        if !bind.ip().is_loopback() {
            return Err(StartError::NotLoopback(bind));
        }
        let failed = |source| StartError::Io { address: bind, source };
        let listener = TcpListener::bind(bind).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (token, stop) = (Token::generate(), CancellationToken::new());
        let shared = Shared { controlled, token: token.clone(), port: address.port(), stop: stop.clone() };
        let app = router(Arc::new(shared));
        let stopped = stop.clone();
        let running = tokio::spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned());
            if let Err(error) = served.await {
                tracing::warn!(%error, "the control API ended");
            }
        });
        Ok(Self { address, token, stop, running: Some(running) })
    }

    /// Where it is and what opens it.
    pub fn access(&self) -> Access {
        Access { address: format!("http://{}", self.address), token: self.token.clone() }
    }

    /// Ends it after the answers that are under way.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            // A panic was reported where it happened.
            let _ended = running.await;
        }
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/world", get(async |State(api): Api| look(&api, world::world)))
        .route("/v1/links", get(async |State(api): Api| look(&api, world::links)))
        .route("/v1/clock", get(async |State(api): Api| look(&api, world::clock)).post(move_clock))
        .route("/v1/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/v1/faults/resume", post(resume_faults))
        .route("/v1/faults/{id}", delete(remove_fault))
        .route("/v1/deeds", post(carry_out))
        .route("/v1/journal", get(journal))
        .fallback(async || {
            ApiError::not_found("There is no such path; docs/simulator/control.md lists them.")
        })
        .method_not_allowed_fallback(async || {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The path has other methods.")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

async fn guard(State(api): Api, request: Request, next: Next) -> Response {
    match access::check(request.headers(), &api.token, api.port) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn look(api: &Shared, view: fn(&crate::world::Estate) -> Value) -> Json<Value> {
    Json(api.controlled.world.with(|estate| view(estate)))
}

/// The body as JSON, with the place of what is wrong in it.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let at = error.path().to_string();
        let place = if at == "." { String::new() } else { format!("{at}: ") };
        ApiError::bad_request(format!("{place}{}", error.into_inner()))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    advance_seconds: Option<u64>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    set: Option<OffsetDateTime>,
}

async fn move_clock(State(api): Api, body: Bytes) -> Answer {
    let wanted: MoveClock = read(&body)?;
    api.controlled.world.with(|estate| {
        let by = match (wanted.advance_seconds, wanted.set) {
            (Some(seconds), None) => Duration::from_secs(seconds),
            (None, Some(to)) => Duration::try_from(to - estate.clock.now())
                .map_err(|_| ApiError::refused("The clock goes forward only, and that moment has passed."))?,
            _ => return Err(ApiError::bad_request("one of `advance_seconds` and `set`")),
        };
        if by > FARTHEST {
            return Err(ApiError::bad_request("at most 100 years at a time"));
        }
        estate.clock.advance(by);
        estate.catch_up();
        Ok(Json(world::clock(estate)))
    })
}

/// Dates end somewhere, and certificates long before.
const FARTHEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

async fn list_faults(State(api): Api) -> Json<Value> {
    Json(
        api.controlled
            .faults
            .rules()
            .iter()
            .map(|(id, rule, count)| faults::show(*id, rule, *count))
            .collect(),
    )
}

async fn add_fault(State(api): Api, body: Bytes) -> Result<(StatusCode, Json<Value>), ApiError> {
    let rule = read::<FaultForm>(&body)?.rule()?;
    let id = api.controlled.faults.add(rule.clone());
    Ok((StatusCode::CREATED, Json(faults::show(id, &rule, 0))))
}

async fn remove_fault(State(api): Api, Path(id): Path<String>) -> Answer {
    let rules = api.controlled.faults.rules();
    let found = rules.iter().find(|(known, ..)| known.number().to_string() == id);
    let (id, rule, count) = found.ok_or_else(|| ApiError::not_found(format!("there is no fault {id}")))?;
    api.controlled.faults.remove(*id);
    Ok(Json(faults::show(*id, rule, *count)))
}

async fn clear_faults(State(api): Api) -> Json<Value> {
    let count = api.controlled.faults.rules().len();
    api.controlled.faults.clear();
    Json(json!({ "removed": count }))
}

async fn resume_faults(State(api): Api) -> Json<Value> {
    api.controlled.faults.resume();
    Json(json!({}))
}

async fn carry_out(State(api): Api, body: Bytes) -> Answer {
    let done = read::<Deed>(&body)?.carry_out(&api.controlled.world)?;
    Ok(Json(json!({ "done": done })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    /// How many lines to leave out.
    #[serde(default)]
    after: usize,
    /// Whether to wait for more lines.
    #[serde(default)]
    follow: bool,
}

async fn journal(
    State(api): Api,
    query: Result<Query<Reading>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(Reading { after, follow }) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let lines = |entries: &[crate::journal::Entry]| {
        let lines = entries.iter().filter_map(|entry| serde_json::to_string(entry).ok());
        lines.map(|line| line + "\n").collect::<String>()
    };
    let body = if follow {
        let next = move |after: usize| {
            let api = Arc::clone(&api);
            async move {
                let entries = tokio::select! {
                    entries = api.controlled.journal.next_lines(after) => entries,
                    () = api.stop.cancelled() => return None,
                };
                Some((Ok::<_, std::convert::Infallible>(lines(&entries)), after + entries.len()))
            }
        };
        Body::from_stream(stream::unfold(after, next))
    } else {
        Body::from(lines(&api.controlled.journal.lines(after)))
    };
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}
