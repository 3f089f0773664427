//! Actions (Terraform 1.14): something done once, with progress that users see, and without state.

use async_trait::async_trait;

use super::context::Context;
use super::diagnostic::Diagnostics;
use super::model::Model;
use super::schema::Schema;

/// An action. `C` is the provider's client.
#[async_trait]
pub trait Action<C: Send + Sync + 'static>: Send + Sync + 'static {
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

    /// Looks over what will be done.
    async fn plan(&self, context: &Context<C>, config: &Self::Model) -> Result<(), Diagnostics> {
        let _ = (context, config);
        Ok(())
    }

    /// Does it.
    async fn invoke(
        &self,
        context: &Context<C>,
        config: Self::Model,
        progress: &Progress,
    ) -> Result<(), Diagnostics>;
}

/// Where an action tells how far it is, a line at a time.
#[derive(Clone, Debug)]
pub struct Progress {
    lines: tokio::sync::mpsc::Sender<String>,
}

impl Progress {
    /// Sends lines to `lines`.
    pub fn new(lines: tokio::sync::mpsc::Sender<String>) -> Self {
        Self { lines }
    }

    /// Shows a line to the user. A user who is gone misses it.
    pub async fn say(&self, line: impl Into<String>) {
        let _gone = self.lines.send(line.into()).await;
    }
}
