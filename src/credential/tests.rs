use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::http;

/// Gives tokens, or fails, and counts how often it was asked.
#[derive(Debug, Default)]
struct Fake {
    name: &'static str,
    fails: bool,
    lifetime: time::Duration,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenSource for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn token(&self, _scope: &str) -> Result<AccessToken, CredentialError> {
        let count = self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.fails {
            let reason = "not signed in".to_owned();
            return Err(CredentialError::Failed(vec![Attempt {
                name: self.name,
                reason,
                unreachable: false,
            }]));
        }
        let expires_on = OffsetDateTime::now_utc() + self.lifetime;
        Ok(AccessToken { secret: Secret::new(format!("token {count}")), expires_on })
    }

    fn forget(&self, _scope: &str) {}
}

fn settings() -> Settings {
    Settings {
        authority_host: "https://login.example".parse().unwrap(),
        tenant_id: Some("t".to_owned()),
        client_id: Some("c".to_owned()),
        client_secret: None,
        federated: None,
        use_managed_identity: false,
        use_cli: false,
    }
}

fn made(settings: &Settings) -> Result<Arc<dyn TokenSource>, CredentialError> {
    from_settings(settings, &http::Client::new(&http::Settings::default()).unwrap())
}

#[test]
fn only_silence_of_all_is_unreachable() {
    let attempt = |unreachable| Attempt { name: "x", reason: "y".to_owned(), unreachable };
    let failed = |attempts: &[bool]| {
        CredentialError::Failed(attempts.iter().copied().map(attempt).collect()).is_unreachable()
    };
    assert!(failed(&[true]) && failed(&[true, true]));
    assert!(!failed(&[true, false]) && !failed(&[]));
}

#[tokio::test]
async fn an_authority_that_nobody_serves_is_unreachable() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let settings = Settings {
        authority_host: format!("https://{address}").parse().unwrap(),
        client_secret: Some(Secret::new("s")),
        ..settings()
    };
    let error = made(&settings).unwrap().token("https://management.example/.default").await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
}

#[tokio::test]
async fn many_askers_are_one_question() {
    let asked = Arc::default();
    let fake = Fake { lifetime: time::Duration::hours(1), asked: Arc::clone(&asked), ..Fake::default() };
    let cached = Cached::new(fake);
    let tokens = futures::future::join_all((0..50).map(|_| cached.token("a"))).await;
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().secret.expose() == "token 0"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    cached.token("b").await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_token_that_ends_soon_or_was_refused_is_not_used_again() {
    let soon = Cached::new(Fake { lifetime: time::Duration::minutes(4), ..Fake::default() });
    soon.token("a").await.unwrap();
    assert_eq!(soon.token("a").await.unwrap().secret.expose(), "token 1");

    let refused = Cached::new(Fake { lifetime: time::Duration::hours(1), ..Fake::default() });
    refused.token("a").await.unwrap();
    refused.forget("a");
    assert_eq!(refused.token("a").await.unwrap().secret.expose(), "token 1");
}

#[tokio::test]
async fn the_first_that_works_stays() {
    let broken = Arc::default();
    let chain = Chain::new(vec![
        Box::new(Fake {
            name: "managed identity",
            fails: true,
            asked: Arc::clone(&broken),
            ..Fake::default()
        }),
        Box::new(Fake { name: "Azure CLI", ..Fake::default() }),
    ]);
    chain.token("a").await.unwrap();
    chain.token("a").await.unwrap();
    assert_eq!(broken.load(Ordering::SeqCst), 1);
    assert_eq!(chain.name(), "Azure CLI");
}

#[tokio::test]
async fn an_error_names_everything_that_was_tried() {
    let fake = |name| Box::new(Fake { name, fails: true, ..Fake::default() }) as Box<dyn TokenSource>;
    let error = Chain::new(vec![fake("managed identity"), fake("Azure CLI")]).token("a").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no token from Azure: managed identity: not signed in; Azure CLI: not signed in"
    );
}

#[test]
fn a_secret_is_tried_alone_and_needs_its_application() {
    let with_secret = Settings { client_secret: Some(Secret::new("s")), use_cli: true, ..settings() };
    let chain = format!("{:?}", made(&with_secret).unwrap());
    assert!(chain.contains("client secret") && !chain.contains("Azure CLI"), "{chain}");

    let error = made(&Settings { client_id: None, ..with_secret }).unwrap_err();
    assert_eq!(error.to_string(), "the client secret needs `client_id`");
    assert_eq!(made(&settings()).unwrap_err(), CredentialError::Nothing);
}
