//! The provider block, the registry of objects and the lazy clients.
//!
//! | module | what |
//! | --- | --- |
//! | [`block`] | the block's schema and what can be said about it without a connection |
//! | [`settings`] | the block and the environment, resolved into how each side is reached |
//! | [`clients`] | one client for each side, dialled when it is first needed |
//! | [`rehearsal`] | the address map that leads an unchanged configuration to a simulator |

pub mod block;
pub mod clients;
pub mod rehearsal;
pub mod settings;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use self::block::ProviderBlock;
pub use self::clients::Clients;
use self::rehearsal::Rehearsal;
use crate::framework::ProviderServer;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::provider::{Configure, Provider};
use crate::framework::schema::Schema;
use crate::plugin::Shutdown;
use crate::{data_sources, functions, resources};

/// Reads an environment variable; nothing where it is not set or empty.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The provider `milink`.
#[derive(Clone)]
pub struct Milink {
    environment: Environment,
}

impl Milink {
    /// With the environment of this process.
    pub fn new() -> Self {
        Self::with_environment(Arc::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty())))
    }

    /// With another environment; several of them can live in one process.
    pub fn with_environment(environment: Environment) -> Self {
        Self { environment }
    }
}

impl Default for Milink {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Milink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Milink")
    }
}

#[async_trait]
impl Provider for Milink {
    type Model = ProviderBlock;
    type Client = Clients;

    const NAME: &'static str = "milink";

    fn schema() -> Schema {
        block::schema()
    }

    fn validate(&self, config: &ProviderBlock, report: &mut Diagnostics) {
        block::validate(config, report);
        if let Some(file) = (self.environment)(rehearsal::VARIABLE) {
            report.push(Diagnostic::warning(
                "This is a rehearsal",
                format!(
                    "{} is set, so every server of this configuration is one of the simulator's that `{}` names; nothing real is \
                     read or changed.",
                    rehearsal::VARIABLE,
                    file
                ),
            ));
        }
    }

    async fn configure(&self, request: Configure<ProviderBlock>) -> Result<Clients, Diagnostics> {
        if !request.partly_unknown {
            let mut report = Diagnostics::new();
            block::validate_known(&request.config, &mut report);
            if report.has_errors() {
                return Err(report);
            }
        }
        let file = (self.environment)(rehearsal::VARIABLE);
        let rehearsal = file.map(|file| Rehearsal::read(Path::new(&file))).transpose().map_err(|error| {
            Diagnostics::from(Diagnostic::error("The rehearsal cannot begin", error.to_string()))
        })?;
        let resolved = settings::resolve(&request.config, &*self.environment, rehearsal.as_ref())?;
        Ok(Clients::new(resolved))
    }
}

/// The provider with all its objects.
pub fn server(shutdown: Option<&Shutdown>) -> ProviderServer<Milink> {
    server_of(Milink::new(), shutdown)
}

/// As [`server`], for a provider with an environment of its own.
pub fn server_of(provider: Milink, shutdown: Option<&Shutdown>) -> ProviderServer<Milink> {
    let builder = ProviderServer::builder(provider)
        .resource(resources::master_key::MasterKeyResource)
        .resource(resources::certificate::CertificateResource)
        .resource(resources::imported_certificate::ImportedCertificateResource)
        .resource(resources::mirroring_endpoint::MirroringEndpointResource)
        .resource(resources::availability_group::AvailabilityGroupResource)
        .resource(resources::server_trust_certificate::ServerTrustCertificateResource)
        .resource(resources::link::LinkResource)
        .resource(resources::link_synchronization::LinkSynchronizationResource)
        .data_source(data_sources::endpoint_certificate::EndpointCertificateSource)
        .function(functions::azure_root_certificates::AzureRootCertificates);
    match shutdown {
        Some(shutdown) => builder.until(shutdown).build(),
        None => builder.build(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schemas_have_no_faults() {
        assert_eq!(super::server(None).faults(), [""; 0]);
    }
}
