//! `milink_server_trust_certificate`: SQL Server's certificate, as the managed instance knows it.
//!
//! Azure knows no update of it: the same name with another content fails (`CertificateAlreadyExists`), and so does the
//! same content under another name. Rotation makes a second one beside the first, which the instance accepts.
//!
//! A certificate with which a link authenticates is not deleted, whatever the order of a plan: Terraform's order is
//! right only with `create_before_destroy` here, which a provider cannot see.

use crate::certificate;
use crate::framework::checks::not_empty;
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, IdentitySchema, Schema, Timeouts};
use crate::model;
use crate::resources::shared;

model! {
    /// State of an uploaded certificate.
    pub struct ServerTrustCertificate {
        /// ARM id.
        pub id: Field<String>,
        /// The instance's ARM id.
        pub managed_instance_id: Field<String>,
        /// Its name.
        pub name: Field<String>,
        /// PEM, `0x` hex or base64.
        pub certificate: Field<String>,
        /// SHA-1.
        pub thumbprint_sha1: Field<String>,
        /// RFC 3339.
        pub not_after: Field<String>,
        /// `drop` or `keep`.
        pub on_destroy: Field<String>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

model! {
    /// Identity of an object in Azure.
    pub struct ArmIdentity {
        /// ARM id.
        pub id: Field<String>,
    }
}
