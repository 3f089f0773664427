//! The API's client.

use futures::StreamExt as _;
use reqwest::{Method, Response};
use serde_json::Value;

use super::Access;

/// Speaks to the control API of a simulator on this machine.
#[derive(Debug)]
pub struct Client {
    access: Access,
    http: reqwest::Client,
}

/// An answer that is none.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No simulator there, or the connection broke.
    #[error("the simulator at {address} does not answer: {source}; does it still run?")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        source: reqwest::Error,
    },
    /// It refuses.
    #[error("{code}: {message}")]
    Refused {
        /// The code.
        code: String,
        /// The reason.
        message: String,
    },
    /// It answers with something else.
    #[error("what answers at {0} is no simulator")]
    Foreign(String),
}

impl Client {
    /// A client of the API that `access` leads to.
    pub fn new(access: Access) -> Self {
        // A proxy of the environment knows nothing of this machine's loopback.
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { access, http }
    }

    /// Asks, with a body where there is one.
    ///
    /// # Errors
    /// When nobody answers, or the simulator refuses.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let answer = self.send(method, path, body).await?;
        answer.json().await.map_err(|_| ClientError::Foreign(self.access.address.clone()))
    }

    /// Hands each piece of a text that the simulator sends to `take`, until it ends.
    ///
    /// # Errors
    /// When nobody answers, the simulator refuses, or the connection breaks.
    pub async fn follow(&self, path: &str, mut take: impl FnMut(&str)) -> Result<(), ClientError> {
        let mut pieces = self.send(Method::GET, path, None).await?.bytes_stream();
        let mut rest = Vec::new();
        while let Some(piece) = pieces.next().await {
            rest.extend_from_slice(&piece.map_err(|source| self.unreachable(source))?);
            // Whole lines alone: a piece may end within a letter.
            if let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') {
                let lines: Vec<u8> = rest.drain(..=end).collect();
                take(&String::from_utf8_lossy(&lines));
            }
        }
        Ok(())
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response, ClientError> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.access.address))
            .bearer_auth(self.access.token.expose());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let foreign = || ClientError::Foreign(self.access.address.clone());
        let error: Value = answer.json().await.map_err(|_| foreign())?;
        let text =
            |name: &str| error.pointer(&format!("/error/{name}")).and_then(Value::as_str).map(str::to_owned);
        match (text("code"), text("message")) {
            (Some(code), Some(message)) => Err(ClientError::Refused { code, message }),
            _ => Err(foreign()),
        }
    }

    fn unreachable(&self, source: reqwest::Error) -> ClientError {
        ClientError::Unreachable { address: self.access.address.clone(), source: source.without_url() }
    }
}
