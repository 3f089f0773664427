//! Requests and answers as `{request, response}` pairs, the form that Microsoft's validator of ARM traffic reads.
//!
//! Everything that the ARM face is asked is kept, and whether the specifications that the validator reads cover it: links
//! and the two kinds of certificates. What is asked of Entra ID is not: it is all secrets. Tokens are not part of a pair, and
//! the signatures of polling URLs are replaced as in the journal.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::path::{ChildType, Target};
use crate::journal::Journal;

/// Records pairs. Clones share the record.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    pairs: Arc<Mutex<Vec<Value>>>,
}

/// One exchange, as it went over the wire.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// What the path names.
    pub target: &'a Target,
    /// Verb.
    pub method: &'a str,
    /// Whole URL.
    pub url: &'a str,
    /// Request body.
    pub request: Option<Value>,
    /// Status.
    pub status: u16,
    /// Headers of the answer.
    pub headers: &'a [(String, String)],
    /// Body of the answer.
    pub response: Option<Value>,
}

impl Pairs {
    /// Keeps an exchange with ARM.
    pub fn record(&self, journal: &Journal, exchange: &Exchange<'_>) {
        if exchange.target.is_entra() {
            return;
        }
        let headers: Map<String, Value> = exchange
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(journal.redact(value))))
            .collect();
        let mut request =
            json!({ "method": exchange.method, "url": journal.redact(exchange.url), "headers": {} });
        if let (Some(body), Some(request)) = (&exchange.request, request.as_object_mut()) {
            request.insert("body".to_owned(), body.clone());
        }
        let mut response = json!({ "statusCode": exchange.status.to_string(), "headers": headers });
        if let (Some(body), Some(response)) = (&exchange.response, response.as_object_mut()) {
            response.insert("body".to_owned(), body.clone());
        }
        let name = format!("{} {} {}", exchange.method, exchange.target.kind(), exchange.status);
        let pair = json!({
            "name": name,
            "covered": covered(exchange.target),
            "request": request,
            "response": response,
        });
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).push(pair);
    }

    /// All pairs so far.
    pub fn all(&self) -> Vec<Value> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes them to a file, as one JSON array.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, Value::from(self.all()).to_string())
    }
}

fn covered(target: &Target) -> bool {
    let child = match target {
        Target::Children(_, child) | Target::Child(_, child, _) | Target::ChildAction(_, child, ..) => child,
        _ => return false,
    };
    matches!(child, ChildType::Links | ChildType::ServerTrustCertificates | ChildType::EndpointCertificates)
}
