//! `data.milink_endpoint_certificate`: the certificate that a managed instance shows at its mirroring endpoint.
//!
//! Azure renews it about once a year; what was imported from it stays imported
//! ([`imported_certificate`](crate::resources::imported_certificate)).

use async_trait::async_trait;

use crate::arm::ManagedInstanceId;
use crate::certificate::Certificate;
use crate::framework::context::Context;
use crate::framework::data_source::DataSource;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, Schema};
use crate::model;
use crate::provider::Clients;
use crate::resources::{reach, shared};

model! {
    /// The certificate of an instance's endpoint.
    pub struct EndpointCertificate {
        /// The instance's ARM id.
        pub managed_instance_id: Field<String>,
        /// FQDN of the instance.
        pub fully_qualified_domain_name: Field<String>,
        /// PEM.
        pub certificate: Field<String>,
        /// `0x…`.
        pub certificate_hex: Field<String>,
        /// SHA-1.
        pub thumbprint_sha1: Field<String>,
        /// Distinguished name.
        pub subject: Field<String>,
        /// Distinguished name.
        pub issuer: Field<String>,
        /// RFC 3339.
        pub not_after: Field<String>,
    }
}

/// The data source.
#[derive(Clone, Copy, Debug)]
pub struct EndpointCertificateSource;

#[async_trait]
impl DataSource<Clients> for EndpointCertificateSource {
    type Model = EndpointCertificate;

    const TYPE_NAME: &'static str = "milink_endpoint_certificate";

    fn schema() -> Schema {
        Schema::new(
            "The certificate that a managed instance shows at its database mirroring endpoint. SQL Server has to know it under the \
             instance's FQDN (`milink_imported_certificate`).",
        )
        .attribute(
            Attribute::string("managed_instance_id")
                .required()
                .check(shared::is_managed_instance_id)
                .describe("ARM id of the managed instance."),
        )
        .attribute(Attribute::string("fully_qualified_domain_name").computed().describe(
            "FQDN of the instance: the name that the certificate must have in SQL Server.",
        ))
        .attribute(Attribute::string("certificate").computed().describe("The certificate as PEM."))
        .attribute(Attribute::string("certificate_hex").computed().describe("The certificate as `0x` hex."))
        .attribute(Attribute::string("thumbprint_sha1").computed().describe("SHA-1 of the certificate, upper-case hex."))
        .attribute(Attribute::string("subject").computed().describe("Subject of the certificate."))
        .attribute(Attribute::string("issuer").computed().describe("Issuer of the certificate."))
        .attribute(Attribute::string("not_after").computed().describe("When the certificate ends (RFC 3339, UTC)."))
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        config: EndpointCertificate,
    ) -> Result<EndpointCertificate, Diagnostics> {
        let id = ManagedInstanceId::parse(config.managed_instance_id.as_str().unwrap_or_default()).map_err(
            |error| {
                Diagnostic::error("An id that is not one", format!("The id {error}."))
                    .at("managed_instance_id")
            },
        )?;
        let azure = reach::azure(context)?;
        let failed = |error: crate::arm::Error| {
            let doing = format!("read the endpoint certificate of the managed instance {}", id.name);
            Diagnostics::from(reach::arm_error(&doing, &error).at("managed_instance_id"))
        };
        let instance = azure.instance(&id).await.map_err(failed)?;
        let found = azure.endpoint_certificate(&id).await.map_err(failed)?;
        let certificate = Certificate::from_der(&found.der).map_err(|error| {
            Diagnostic::error(
                "A certificate cannot be read",
                format!("The endpoint certificate of the managed instance {}: {error}.", id.name),
            )
        })?;
        Ok(EndpointCertificate {
            fully_qualified_domain_name: Field::Known(instance.properties.fully_qualified_domain_name),
            certificate: Field::Known(certificate.to_pem()),
            certificate_hex: Field::Known(certificate.to_hex()),
            thumbprint_sha1: Field::Known(certificate.sha1()),
            subject: Field::Known(certificate.subject().to_owned()),
            issuer: Field::Known(certificate.issuer().to_owned()),
            not_after: reach::rfc3339(certificate.not_after()),
            ..config
        })
    }
}
