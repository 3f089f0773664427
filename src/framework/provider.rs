//! A provider: its configuration and the objects that it offers.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::diagnostic::Diagnostics;
use super::model::Model;
use super::schema::Schema;

/// A provider.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The attributes of its block.
    type Model: Model;
    /// What its configuration makes, and what every object is given.
    type Client: Send + Sync + 'static;

    /// The prefix of its types, without the underscore.
    const NAME: &'static str;

    /// How its block looks to Terraform.
    fn schema() -> Schema;

    /// Checks a configuration without a connection; unknown values are passed over.
    fn validate(&self, config: &Self::Model, report: &mut Diagnostics) {
        let _ = (config, report);
    }

    /// Makes the client. Dials nothing. Unknown values (a host that is made in the same run) are kept as such:
    /// who needs them says so.
    async fn configure(&self, request: Configure<Self::Model>) -> Result<Self::Client, Diagnostics>;
}

/// The configuration of a provider.
#[derive(Debug)]
pub struct Configure<M> {
    /// As written; parts may be unknown while planning.
    pub config: M,
    /// Whether a part of it is unknown.
    pub partly_unknown: bool,
    /// The engine's version, as it calls itself. For logs; features follow from capabilities.
    pub engine_version: String,
    /// Cancelled when the process is asked to stop.
    pub cancellation: CancellationToken,
}
