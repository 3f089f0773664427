//! go-plugin's `GRPCStdio`: forwards what a plugin prints. Ours prints nothing after the handshake.
//!
//! It is served nonetheless, and its stream stays open for the life of the process: without it the host logs a
//! warning with each start, and a connection with an open stream is never taken for idle and closed.

use std::pin::Pin;

use futures::{FutureExt as _, Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::proto::go_plugin::{StdioData, grpc_stdio_server::GrpcStdio};
use super::shutdown::Shutdown;

/// A stream without data that ends with the process.
#[derive(Debug)]
pub(super) struct Stdio {
    pub(super) shutdown: Shutdown,
}

#[tonic::async_trait]
impl GrpcStdio for Stdio {
    type StreamStdioStream = Pin<Box<dyn Stream<Item = Result<StdioData, Status>> + Send>>;

    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        let shutdown = self.shutdown.clone();
        let silence =
            futures::stream::pending().take_until(async move { shutdown.requested().await }.boxed());
        Ok(Response::new(Box::pin(silence)))
    }
}
