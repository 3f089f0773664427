//! `milink_mirroring_endpoint`: the one database mirroring endpoint of an instance, whatever its name.
//!
//! All groups and mirroring sessions of an instance share it, and every ALTER closes their connections and restarts
//! its listener. So what is not written in HCL is never changed on an endpoint that exists; an ALTER is announced in
//! the plan with what shares the endpoint; and it is refused where it would hurt (a seeding would start anew, commits
//! would stop) unless `allow_listener_restart` says otherwise.
//!
//! An endpoint is not switched to a certificate that a linked instance does not know, and the switch is not done until
//! the links are connected again: until then `contact` is `pending`, and the next plan shows an update. Without that,
//! the next apply would delete the old certificate and its upload under a link that still needs them.

use crate::framework::checks::{between, not_empty, one_of};
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::model;
use crate::resources::shared;

model! {
    /// State of a mirroring endpoint.
    pub struct MirroringEndpoint {
        /// The provider's block.
        pub sql_server: Field<String>,
        /// The instance.
        pub server_name: Field<String>,
        /// Its name.
        pub name: Field<String>,
        /// TCP port.
        pub port: Field<i64>,
        /// `all`, or one address.
        pub listener_ip: Field<String>,
        /// Name of the certificate that it shows.
        pub certificate: Field<String>,
        /// In which order peers may authenticate.
        pub authentication: Field<String>,
        /// `required`, `supported` or `disabled`.
        pub encryption: Field<String>,
        /// `aes`, `rc4`, `aes_rc4`, `rc4_aes` or `none`.
        pub encryption_algorithm: Field<String>,
        /// `all`, `partner` or `witness`.
        pub role: Field<String>,
        /// `started`, `stopped` or `disabled`.
        pub state: Field<String>,
        /// Consent to a restart that hurts.
        pub allow_listener_restart: Field<bool>,
        /// `drop` or `keep`.
        pub on_destroy: Field<String>,
        /// `settled` or `pending`.
        pub contact: Field<String>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

model! {
    /// Identity of a mirroring endpoint.
    pub struct MirroringEndpointIdentity {
        /// The instance.
        pub server_name: Field<String>,
    }
}

fn schema() -> Schema {
    Schema::new(
        "The database mirroring endpoint of an instance. There is one for each instance; if it exists already it is taken over, \
         whatever its name, and only what is written here is managed. Destroy leaves it unless `on_destroy = \"drop\"`, and puts back \
         the authentication that it had when it was taken over.",
    )
    .attribute(shared::sql_server())
    .attribute(shared::server_name())
    .attribute(Attribute::string("name").optional().computed().stable().check(not_empty).describe(
        "Its name. Default for a new one: `milink_endpoint`. An endpoint cannot be renamed: another name than the existing one's is an error.",
    ))
    .attribute(Attribute::number("port").optional().computed().stable().check(|value| between(value, 1, 65535)).describe(
        "TCP port that it listens on. Default for a new one: 5022.",
    ))
    .attribute(Attribute::string("listener_ip").optional().computed().stable().check(not_empty).describe(
        "`all` (default for a new one), or the one address that it listens on; distributed availability groups want `all`.",
    ))
    .attribute(Attribute::string("certificate").optional().computed().stable().check(not_empty).describe(
        "Name of the certificate that it shows. On an endpoint with Windows authentication the certificate is added behind it.",
    ))
    .attribute(
        Attribute::string("authentication").optional().computed().stable().check(|value| one_of(value, &AUTHENTICATIONS)).describe(
            "In which ways peers may authenticate, in order: `certificate`, `windows_negotiate`, `windows_negotiate_certificate`, \
             `certificate_windows_negotiate`, and the same with `ntlm` and `kerberos`. Default: what the endpoint has, with the \
             certificate added; `certificate` for a new one.",
        ),
    )
    .attribute(
        Attribute::string("encryption").optional().computed().stable().check(|value| one_of(value, &["required", "supported", "disabled"])).describe(
            "`required` (default for a new one), `supported` or `disabled`. The link needs encryption.",
        ),
    )
    .attribute(
        Attribute::string("encryption_algorithm").optional().computed().stable().check(|value| one_of(value, &["aes", "rc4", "aes_rc4", "rc4_aes", "none"])).describe(
            "`aes` (default for a new one), `rc4`, `aes_rc4` or `rc4_aes`; `none` without encryption. The link needs AES.",
        ),
    )
    .attribute(Attribute::string("role").optional().computed().stable().check(|value| one_of(value, &["all", "partner", "witness"])).describe(
        "`all` (default for a new one), `partner` or `witness`.",
    ))
    .attribute(Attribute::string("state").optional().computed().stable().check(|value| one_of(value, &["started", "stopped", "disabled"])).describe(
        "`started` (default for a new one), `stopped` or `disabled`. Not written, a stopped endpoint stays stopped: somebody may have \
         stopped it on purpose.",
    ))
    .attribute(Attribute::bool("allow_listener_restart").optional().describe(
        "Whether a change may restart the listener although a seeding runs, a group needs synchronized secondaries to commit, or \
         peers have to change with it. Default false.",
    ))
    .attribute(shared::on_destroy("`keep` (default) leaves the endpoint, `drop` drops it if no group and no mirroring session is left."))
    .attribute(Attribute::string("contact").computed().stable().describe(
        "`settled`, or `pending` while links have not been seen connected again since the certificate was switched.",
    ))
    .attribute(shared::adopted())
}

/// Words for `sys.database_mirroring_endpoints.connection_auth`, 1 to 10.
const AUTHENTICATIONS: [&str; 10] = [
    "windows_ntlm",
    "windows_kerberos",
    "windows_negotiate",
    "certificate",
    "windows_ntlm_certificate",
    "windows_kerberos_certificate",
    "windows_negotiate_certificate",
    "certificate_windows_ntlm",
    "certificate_windows_kerberos",
    "certificate_windows_negotiate",
];
