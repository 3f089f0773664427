//! A client whose Azure is the server of the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use terraform_provider_milink::arm::{Client, Environment, ManagedInstanceId, Settings, Wait};
use terraform_provider_milink::credential::{AccessToken, CredentialError, TokenSource};
use terraform_provider_milink::http;
use terraform_provider_milink::secret::Secret;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::server::{HOST, Reply, Request, Server};

/// Tokens `token 0`, `token 1`, …: another one after each that was refused.
#[derive(Debug, Default)]
struct Tokens {
    refused: AtomicUsize,
}

#[async_trait]
impl TokenSource for Tokens {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn token(&self, scope: &str) -> Result<AccessToken, CredentialError> {
        assert_eq!(scope, "https://management.azure.com/.default");
        let number = self.refused.load(Ordering::SeqCst);
        let expires_on = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
        Ok(AccessToken { secret: Secret::new(format!("token-{number}")), expires_on })
    }

    fn forget(&self, _scope: &str) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }
}

/// A client in the public Azure, which a rehearsal's address map leads to a server that answers with `answer`.
pub(crate) async fn client(
    api_version: &str,
    answer: impl Fn(Request) -> Reply + Send + Sync + 'static,
) -> Client {
    client_of(Some(api_version), answer).await
}

/// As [`client`], which asks the service for its versions.
pub(crate) async fn unversioned_client(answer: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Client {
    client_of(None, answer).await
}

async fn client_of(
    api_version: Option<&str>,
    answer: impl Fn(Request) -> Reply + Send + Sync + 'static,
) -> Client {
    let server = Server::start(answer).await;
    let http = http::Client::new(&http::Settings {
        ca_certificate: Some(server.root),
        addresses: Some([(format!("{HOST}:443"), server.address)].into()),
        user_agent: "test".to_owned(),
    });
    Client::new(Settings {
        environment: Environment::named("public").unwrap(),
        http: http.unwrap(),
        credential: Arc::new(Tokens::default()),
        api_version: api_version.map(str::to_owned),
    })
}

pub(crate) fn instance() -> ManagedInstanceId {
    let id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi";
    ManagedInstanceId::parse(id).unwrap()
}

/// Long enough for everything that happens here.
pub(crate) fn wait() -> Wait {
    Wait { cancellation: CancellationToken::new(), deadline: Some(Instant::now() + Duration::from_secs(30)) }
}
