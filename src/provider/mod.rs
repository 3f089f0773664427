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

/// The provider `milink`.
#[derive(Clone, Copy, Debug)]
pub struct Milink;

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
        if let Some(file) = std::env::var_os(rehearsal::VARIABLE).filter(|file| !file.is_empty()) {
            report.push(Diagnostic::warning(
                "This is a rehearsal",
                format!(
                    "{} is set, so every server of this configuration is one of the simulator's that `{}` names; nothing real is \
                     read or changed.",
                    rehearsal::VARIABLE,
                    file.display()
                ),
            ));
        }
    }

    async fn configure(&self, request: Configure<ProviderBlock>) -> Result<Clients, Diagnostics> {
        let rehearsal = Rehearsal::from_environment().map_err(|error| {
            Diagnostics::from(Diagnostic::error("The rehearsal cannot begin", error.to_string()))
        })?;
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let resolved = settings::resolve(&request.config, &environment, rehearsal.as_ref())?;
        Ok(Clients::new(resolved))
    }
}

/// The provider with all its objects.
pub fn server(shutdown: Option<&Shutdown>) -> ProviderServer<Milink> {
    let builder = ProviderServer::builder(Milink)
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
