//! `milink_master_key`: the database master key of `master`.
//!
//! It protects the private key of the endpoint's certificate. There is one for each instance, and it may protect
//! things that nothing here can see (TDE certificates, other features), so an existing key is taken over untouched,
//! is never regenerated, and destroy leaves it unless told otherwise.
//!
//! The password is write-only. A raised `password_wo_version` *adds* the new password; the old one is dropped only
//! where its text is given (`previous_password_wo`), because SQL Server demands it and nothing here remembers it.

use crate::framework::checks::not_empty;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::model;
use crate::resources::shared;

model! {
    /// State of a master key.
    pub struct MasterKey {
        /// The provider's block.
        pub sql_server: Field<String>,
        /// The instance.
        pub server_name: Field<String>,
        /// For CREATE, and for adding a password.
        pub password_wo: Field<String>,
        /// Raised to add a new password.
        pub password_wo_version: Field<i64>,
        /// The password that a raised version replaces.
        pub previous_password_wo: Field<String>,
        /// Whether the service master key opens it.
        pub encrypted_by_service_master_key: Field<bool>,
        /// `drop` or `keep`.
        pub on_destroy: Field<String>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

model! {
    /// Identity of a master key.
    pub struct MasterKeyIdentity {
        /// The instance.
        pub server_name: Field<String>,
    }
}

fn schema() -> Schema {
    Schema::new(
        "The database master key of `master`, which protects the private key of the endpoint's certificate. A key that \
         exists already is taken over untouched. Destroy leaves the key in place unless `on_destroy = \"drop\"`.",
    )
    .attribute(shared::sql_server())
    .attribute(shared::server_name())
    .attribute(Attribute::string("password_wo").optional().sensitive().write_only().check(not_empty).describe(
        "Password that the key is created with. Not needed where a key exists. Write-only: it reaches neither plan nor state.",
    ))
    .attribute(Attribute::number("password_wo_version").optional().describe(
        "Raise it to add the password in `password_wo` to an existing key.",
    ))
    .attribute(
        Attribute::string("previous_password_wo").optional().sensitive().write_only().check(not_empty).describe(
            "The password that a raised `password_wo_version` replaces. Without it both passwords open the key afterwards, which \
             a warning says.",
        ),
    )
    .attribute(Attribute::bool("encrypted_by_service_master_key").optional().computed().stable().describe(
        "Whether SQL Server opens the key by itself after a start. Only reported unless it is written: `true` adds the \
         encryption by the service master key, with `password_wo`.",
    ))
    .attribute(shared::on_destroy(
        "`keep` (default) leaves the key, `drop` drops it if no private key is under it: other features may depend on it.",
    ))
    .attribute(shared::adopted())
}

fn identity_schema() -> IdentitySchema {
    IdentitySchema::new().required("server_name", "SERVERPROPERTY('ServerName') of the instance")
}

fn validate(config: &MasterKey, report: &mut Diagnostics) {
    if !config.previous_password_wo.is_null() && config.password_wo_version.is_null() {
        report.push(
            Diagnostic::error(
                "A previous password without a version",
                "The previous_password_wo of a master key counts when password_wo_version is raised, and none is written.",
            )
            .hint("write `password_wo_version = 1` beside it")
            .at("previous_password_wo"),
        );
    }
}
