//! `milink_imported_certificate`: a certificate in `master` without a private key.
//!
//! It is one of three things: a managed instance's certificate (SQL Server finds it by name, which must be the
//! instance's FQDN), a root CA with the DNS names that it may vouch for, or a peer replica's certificate.
//!
//! Azure renews the certificates of managed instances by itself, and the link survives that as long as the new one
//! chains to a trusted root. So for an instance's certificate a new one for the same names is not drift: the one that
//! was imported stays in plan and state until `reimport` asks for the new one.

use std::collections::BTreeSet;

use crate::framework::checks::not_empty;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::types::Type;
use crate::model;
use crate::resources::shared;

model! {
    /// State of an imported certificate.
    pub struct ImportedCertificate {
        /// The provider's block.
        pub sql_server: Field<String>,
        /// The instance.
        pub server_name: Field<String>,
        /// Its name in `master`.
        pub name: Field<String>,
        /// PEM, `0x` hex or base64.
        pub certificate: Field<String>,
        /// The DNS names and patterns that it may vouch for.
        pub trusted_for_dns: Field<BTreeSet<String>>,
        /// Another value imports `certificate` anew.
        pub reimport: Field<String>,
        /// `drop` or `keep`.
        pub on_destroy: Field<String>,
        /// SHA-1.
        pub thumbprint_sha1: Field<String>,
        /// SHA-256.
        pub thumbprint_sha256: Field<String>,
        /// Distinguished name.
        pub subject: Field<String>,
        /// RFC 3339.
        pub not_after: Field<String>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

fn schema() -> Schema {
    Schema::new(
        "A certificate in `master` without its private key: a managed instance's (named exactly as its FQDN), a root CA with \
         the DNS names that it may vouch for, or a peer replica's.",
    )
    .attribute(shared::sql_server())
    .attribute(shared::server_name())
    .attribute(Attribute::string("name").optional().computed().stable().replaces().check(not_empty).describe(
        "Its name in `master`. A managed instance's must be its FQDN, else SQL Server does not find it. May be left out for a \
         certificate that is there already under whatever name; a new one is then named by its common name.",
    ))
    .attribute(
        Attribute::string("certificate").required().replaces_when_known().same(same_certificate).check(is_certificate).describe(
            "The certificate as PEM, as `0x` hex or as base64 of its DER form. A renewed certificate of a managed instance is not \
             imported again by itself: see `reimport`.",
        ),
    )
    .attribute(
        Attribute::new("trusted_for_dns", Type::set(Type::String)).optional().describe(
            "For a root CA: the DNS names it may vouch for, as `*.database.windows.net`. The wildcard is what Microsoft documents; it \
             admits every Azure SQL server of the domain, of any tenant, as far as the network does. Names that others granted are \
             left alone.",
        ),
    )
    .attribute(Attribute::string("reimport").optional().describe(
        "Any text. Another value drops the certificate and imports `certificate` as it is now.",
    ))
    .attribute(shared::on_destroy(
        "`drop` or `keep`. Default: what was made here is dropped, what was found is kept. A certificate that a distributed \
         availability group needs is never dropped.",
    ))
    .attribute(Attribute::string("thumbprint_sha1").computed().describe("SHA-1 of the imported certificate, upper-case hex."))
    .attribute(Attribute::string("thumbprint_sha256").computed().describe("SHA-256 of the imported certificate, upper-case hex."))
    .attribute(Attribute::string("subject").computed().describe("Subject of the imported certificate."))
    .attribute(Attribute::string("not_after").computed().describe("When the imported certificate ends (RFC 3339, UTC)."))
    .attribute(shared::adopted())
}

fn identity_schema() -> IdentitySchema {
    IdentitySchema::new()
        .required("server_name", "SERVERPROPERTY('ServerName') of the instance")
        .required("name", "name of the certificate in master")
}
