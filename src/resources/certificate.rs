//! `milink_certificate`: the certificate that SQL Server shows at its mirroring endpoint.
//!
//! Its private key is born in SQL Server and never leaves it; only the public part is exported. It is replaced, never
//! changed: a rotation makes the new certificate while the old one is in use, which needs `name_prefix` (two
//! certificates cannot share a name) and `create_before_destroy`.
//!
//! Whether it is due is decided in Read and kept as `rotation_due`; Plan never looks at the clock, because Terraform
//! plans twice and both plans must agree.

use crate::framework::checks::not_empty;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::value::Value;
use crate::model;
use crate::resources::shared;

model! {
    /// State of an endpoint certificate.
    pub struct Certificate {
        /// The provider's block.
        pub sql_server: Field<String>,
        /// The instance.
        pub server_name: Field<String>,
        /// Its name in `master`.
        pub name: Field<String>,
        /// What its name begins with.
        pub name_prefix: Field<String>,
        /// Its subject.
        pub subject: Field<String>,
        /// How long it is valid.
        pub valid_for: Field<String>,
        /// How long before its end it is replaced.
        pub rotate_before: Field<String>,
        /// `drop` or `keep`.
        pub on_destroy: Field<String>,
        /// PEM.
        pub certificate: Field<String>,
        /// `0x…`.
        pub certificate_hex: Field<String>,
        /// SHA-1.
        pub thumbprint_sha1: Field<String>,
        /// SHA-256.
        pub thumbprint_sha256: Field<String>,
        /// RFC 3339.
        pub not_before: Field<String>,
        /// RFC 3339.
        pub not_after: Field<String>,
        /// Whether it has come into `rotate_before`, as last read.
        pub rotation_due: Field<bool>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

model! {
    /// Identity of a certificate in `master`.
    pub struct CertificateIdentity {
        /// The instance.
        pub server_name: Field<String>,
        /// Its name.
        pub name: Field<String>,
    }
}

fn schema() -> Schema {
    Schema::new(
        "The certificate that SQL Server shows at its database mirroring endpoint. The private key is born in SQL Server, \
         protected by the master key of `master`, and stays there; the public part is exported for \
         `milink_server_trust_certificate`.\n\nTo rotate it with overlap, use `name_prefix`, `rotate_before` and \
         `lifecycle { create_before_destroy = true }`.",
    )
    .attribute(shared::sql_server())
    .attribute(shared::server_name())
    .attribute(Attribute::string("name").optional().computed().stable().replaces().check(certificate_name).describe(
        "Its name in `master`, and the name of its upload in Azure: no backslash. Chosen here where `name_prefix` is written.",
    ))
    .attribute(Attribute::string("name_prefix").optional().replaces().check(certificate_name).describe(
        "What its name begins with; the rest is chosen at creation. Rotation needs it.",
    ))
    .attribute(Attribute::string("subject").optional().computed().stable().replaces().check(subject).describe(
        "Its subject, at most 64 characters (SQL Server on Linux takes no more). Default: `milink endpoint of <server_name>`, shortened.",
    ))
    .attribute(Attribute::string("valid_for").optional().replaces().check(duration).describe(
        "How long it is valid, as `1825d` or `48h`. Default `1826d`. It is valid from one day before its creation, so that a clock \
         that runs ahead of Azure's does no harm.",
    ))
    .attribute(Attribute::string("rotate_before").optional().check(duration).describe(
        "How long before its end a plan replaces it, as `60d`. Without it nothing is planned.",
    ))
    .attribute(shared::on_destroy(
        "`drop` or `keep`. Default: what was made here is dropped, what was found is kept. A certificate that an endpoint uses is \
         never dropped.",
    ))
    .attribute(Attribute::string("certificate").computed().stable().describe("The certificate as PEM."))
    .attribute(Attribute::string("certificate_hex").computed().stable().describe("The certificate as `0x` hex, as T-SQL and the Azure CLI want it."))
    .attribute(Attribute::string("thumbprint_sha1").computed().stable().describe("SHA-1 of the certificate, upper-case hex: what `sys.certificates.thumbprint` holds."))
    .attribute(Attribute::string("thumbprint_sha256").computed().stable().describe("SHA-256 of the certificate, upper-case hex."))
    .attribute(Attribute::string("not_before").computed().stable().describe("When it becomes valid (RFC 3339, UTC)."))
    .attribute(Attribute::string("not_after").computed().stable().describe("When it ends (RFC 3339, UTC)."))
    .attribute(Attribute::bool("rotation_due").computed().stable().describe("Whether it had come into `rotate_before` when it was last read."))
    .attribute(shared::adopted())
}

fn identity_schema() -> IdentitySchema {
    IdentitySchema::new()
        .required("server_name", "SERVERPROPERTY('ServerName') of the instance")
        .required("name", "name of the certificate in master")
}

fn validate(config: &Certificate, report: &mut Diagnostics) {
    if !config.name.is_null() && !config.name_prefix.is_null() {
        report.push(
            Diagnostic::error(
                "Both name and name_prefix",
                "A certificate is named by `name`, or by `name_prefix` and a rest that is chosen at its creation, not by both.",
            )
            .at("name_prefix"),
        );
    }
    if config.name.is_null() && config.name_prefix.is_null() {
        report.push(
            Diagnostic::error("A certificate without a name", "A certificate needs `name` or `name_prefix`.")
                .hint("`name_prefix` allows rotation with overlap")
                .at("name"),
        );
    }
}
