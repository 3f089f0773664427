//! List resources (`terraform query`, Terraform 1.14): what exists outside Terraform.

use async_trait::async_trait;

use super::context::Context;
use super::diagnostic::Diagnostics;
use super::model::Model;
use super::resource::{Resource, State};
use super::schema::Schema;

/// Lists the objects of one managed resource type. `C` is the provider's client.
#[async_trait]
pub trait ListResource<C: Send + Sync + 'static>: Send + Sync + 'static {
    /// The managed resource whose objects it lists.
    type Resource: Resource<C>;
    /// The arguments of the query.
    type Model: Model;

    /// How the query looks to Terraform.
    fn schema() -> Schema;

    /// Checks the arguments without a connection; unknown values are passed over.
    fn validate(&self, config: &Self::Model, report: &mut Diagnostics) {
        let _ = (config, report);
    }

    /// Sends what it finds to `found` until that is full for good: Terraform hangs up after the limit.
    async fn list(
        &self,
        context: &Context<C>,
        config: Self::Model,
        found: &Found<<Self::Resource as Resource<C>>::Model, <Self::Resource as Resource<C>>::Private>,
    ) -> Result<(), Diagnostics>;
}

/// Where a list resource puts what it finds.
#[derive(Debug)]
pub struct Found<M, P> {
    sender: tokio::sync::mpsc::Sender<Listed<M, P>>,
}

/// One object that was found.
#[derive(Debug)]
pub struct Listed<M, P> {
    /// What a reader recognises it by.
    pub display_name: String,
    /// The object, as a read would give it.
    pub state: State<M, P>,
}

impl<M, P> Found<M, P> {
    /// Sends to `sender`.
    pub fn new(sender: tokio::sync::mpsc::Sender<Listed<M, P>>) -> Self {
        Self { sender }
    }

    /// Sends one; `false` when nobody wants any more.
    pub async fn send(&self, listed: Listed<M, P>) -> bool {
        self.sender.send(listed).await.is_ok()
    }
}
