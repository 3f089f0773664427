//! The control API: HTTP on loopback, to look at the world, move its clock, and do to it what Terraform does not expect.
//!
//! | module | what |
//! | --- | --- |
//! | `access` | who may come in: a token, names of this machine, no browsers |
//! | `server` | the listener and its routes |
//! | `world` | the world as JSON |
//! | `faults` | rules of [`crate::faults`] as JSON |
//! | [`deeds`] | what happens behind Terraform's back |
//! | [`client`] | the API's client, for the command line |
//!
//! `docs/simulator/control.md` documents it; a test runs the page's examples.

mod access;
pub mod client;
pub mod deeds;
pub mod faults;
mod server;
mod world;

use std::io::{self, Write as _};
use std::path::Path;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

pub use access::Token;
pub use server::{ControlServer, Controlled, StartError};

/// The variable that names the file with [`Access`] to commands.
pub const VARIABLE: &str = "MILINK_SIMULATOR_CONTROL";

/// Where the API is and what opens it, as `serve` writes it to a file that only its user can read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    /// The token.
    pub token: Token,
}

impl Access {
    /// Writes the file, for the user alone. A file that is there is replaced, not written into: it might be readable to
    /// others.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = serde_json::to_string_pretty(self)?;
        writeln!(options.open(path)?, "{text}")
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read or is not such a file.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }
}

/// A request that is refused: HTTP status, code, message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400: the request says what means nothing.
    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 404: what it names is not there.
    fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// 409: the world does not allow it, in a server's own words where one refuses.
    fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Refused", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message } });
        (self.status, axum::Json(body)).into_response()
    }
}
