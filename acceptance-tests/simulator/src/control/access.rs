//! Who may use the control API.
//!
//! It can do anything to the simulated world, and it listens where every program of the machine can reach it, web pages in
//! a browser among them. So a request needs the token, has to call the server by a name of this machine (or a web page's
//! domain could be made to lead here), and must not come from a page at all.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::ApiError;

/// What opens the API. Never printed by `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A new one: 244 random bits.
    pub fn generate() -> Self {
        let half = || uuid::Uuid::new_v4().simple().to_string();
        Self(half() + &half())
    }

    /// The token itself, for the file and the header that carry it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it was given; how long that takes tells nothing about it.
    fn is(&self, given: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), given.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Whether a request may come in.
pub(super) fn check(headers: &HeaderMap, token: &Token, port: u16) -> Result<(), ApiError> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| rest.strip_prefix(':') == Some(port.to_string().as_str()))
    });
    if !own {
        let text = "The control API answers to names of this machine only.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "ForeignHost", text));
    }
    if headers.contains_key(header::ORIGIN) {
        let text = "The control API does not answer web pages.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "ForeignOrigin", text));
    }
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| token.is(given)) {
        return Ok(());
    }
    let text = "The token is missing or wrong: `Authorization: Bearer TOKEN`, with the token of the file that the simulator \
                wrote at its start.";
    Err(ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_the_token_comes_in_and_no_page_does() {
        let token = Token::generate();
        let ask = |host: &str, authorization: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            check(&headers, &token, 4000).map_err(|error| error.code)
        };
        let right = format!("Bearer {}", token.expose());
        for host in ["127.0.0.1:4000", "localhost:4000", "[::1]:4000"] {
            assert_eq!(ask(host, &right, None), Ok(()), "{host}");
        }
        for host in ["evil.example:4000", "localhost.evil.example:4000", "127.0.0.1", "127.0.0.1:4001", ""] {
            assert_eq!(ask(host, &right, None), Err("ForeignHost"), "{host}");
        }
        for origin in ["http://localhost:4000", "null"] {
            assert_eq!(ask("localhost:4000", &right, Some(origin)), Err("ForeignOrigin"));
        }
        let close = right.get(..right.len() - 1).unwrap();
        for wrong in ["", "Bearer ", token.expose(), close, &format!("{right}0")] {
            assert_eq!(ask("localhost:4000", wrong, None), Err("Unauthorized"), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
