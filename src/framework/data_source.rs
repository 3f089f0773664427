//! Data sources: read, never stored.

use async_trait::async_trait;

use super::context::Context;
use super::diagnostic::Diagnostics;
use super::model::Model;
use super::schema::Schema;

/// A data source. `C` is the provider's client.
#[async_trait]
pub trait DataSource<C: Send + Sync + 'static>: Send + Sync + 'static {
    /// Its attributes.
    type Model: Model;

    /// Its type's name, with the provider's prefix.
    const TYPE_NAME: &'static str;

    /// How it looks to Terraform.
    fn schema() -> Schema;

    /// Checks a configuration without a connection; unknown values are passed over.
    fn validate(&self, config: &Self::Model, report: &mut Diagnostics) {
        let _ = (config, report);
    }

    /// Reads it: the written arguments as they are, everything else filled in. What is not found is an error.
    async fn read(&self, context: &Context<C>, config: Self::Model) -> Result<Self::Model, Diagnostics>;
}
