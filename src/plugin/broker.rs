//! go-plugin's `GRPCBroker`: would negotiate further connections. Terraform opens the stream when it connects
//! and never uses it.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::proto::go_plugin::{ConnInfo, grpc_broker_server::GrpcBroker};
use super::shutdown::Shutdown;

/// Takes note of nothing and offers nothing, until the host or the process ends.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) shutdown: Shutdown,
}

#[tonic::async_trait]
impl GrpcBroker for Broker {
    type StartStreamStream = Pin<Box<dyn Stream<Item = Result<ConnInfo, Status>> + Send>>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        let shutdown = self.shutdown.clone();
        let unanswered = request
            .into_inner()
            .filter_map(|_| std::future::ready(None))
            .take_until(Box::pin(async move { shutdown.requested().await }));
        Ok(Response::new(Box::pin(unanswered)))
    }
}
