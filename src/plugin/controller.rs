//! go-plugin's `GRPCController`: how the host ends the process.

use tonic::{Request, Response, Status};

use super::proto::go_plugin::{Empty, grpc_controller_server::GrpcController};
use super::shutdown::{Reason, Shutdown};

/// Answers `Shutdown`, then the process ends. The host allows two seconds before it kills.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) shutdown: Shutdown,
}

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.shutdown.request(Reason::Requested);
        Ok(Response::new(Empty {}))
    }
}
