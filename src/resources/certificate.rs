//! `milink_certificate`: the certificate that SQL Server shows at its mirroring endpoint.
//!
//! Its private key is born in SQL Server and never leaves it; only the public part is exported. It is replaced, never
//! changed: a rotation makes the new certificate while the old one is in use, which needs `name_prefix` (two
//! certificates cannot share a name) and `create_before_destroy`.
//!
//! Whether it is due is decided in Read and kept as `rotation_due`; Plan never looks at the clock, because Terraform
//! plans twice and both plans must agree.

mod arguments;
mod export;
mod found;
mod natural_key;
pub(super) mod removal;
mod validity;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::path::AttributePath;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::model;
use crate::provider::Clients;
use crate::resources::{reach, shared};
use crate::sql::Statement;
use crate::sql::quote::Identifier;

use arguments::{certificate_name, name_prefix, subject};
use export::fill;
use found::{adopt, default_subject, fresh_name, imported_kind, leftover, plain_subject};
pub(super) use found::{is_managed, manage};
pub use natural_key::NaturalKey;
use validity::Period;

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
    .attribute(Attribute::string("name_prefix").optional().check(name_prefix).describe(
        "What its name begins with; the rest is chosen at creation. Rotation needs it. Give each configuration a prefix of its \
         own: what an interrupted apply left is known by it. Another one replaces the certificate; one that is written for the \
         first time (after an import) counts when it is replaced.",
    ))
    .attribute(Attribute::string("subject").optional().computed().stable().replaces().check(subject).describe(
        "Its subject, at most 64 characters (SQL Server on Linux takes no more). Default: `milink endpoint of <server_name>`, shortened.",
    ))
    .attribute(Attribute::string("valid_for").optional().check(validity::is_duration).describe(
        "How long it is valid, as `1825d` or `48h`, rounded up to whole days. Default `1826d`. It is valid from one day before its \
         creation, so that a clock that runs ahead of Azure's does no harm. Another length replaces the certificate; one that is \
         written for the first time (after an import) counts when it is replaced.",
    ))
    .attribute(Attribute::string("rotate_before").optional().check(validity::is_duration).describe(
        "How long before its end a plan replaces it, as `60d`: less than `valid_for`. Without it nothing is planned.",
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
    if let Err(error) = validity::ends_after_rotation(&config.rotate_before, &config.valid_for) {
        report.push(error);
    }
}

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct CertificateResource;

#[async_trait]
impl Resource<Clients> for CertificateResource {
    type Model = Certificate;
    type Identity = CertificateIdentity;
    type Private = NaturalKey;

    const TYPE_NAME: &'static str = "milink_certificate";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        identity_schema()
    }

    fn identity(model: &Certificate) -> Option<CertificateIdentity> {
        (model.server_name.known().is_some() && model.name.known().is_some())
            .then(|| CertificateIdentity { server_name: model.server_name.clone(), name: model.name.clone() })
    }

    fn validate(&self, config: &Certificate, report: &mut Diagnostics) {
        validate(config, report);
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<Certificate, NaturalKey>,
    ) -> Result<(), Diagnostics> {
        reach::settle_server(context, &plan.config.sql_server, &mut plan.planned.sql_server)?;
        // Again: what validation did not know yet may be known now.
        validity::ends_after_rotation(&plan.config.rotate_before, &plan.config.valid_for)?;
        plan.planned.rotation_due = Field::Known(false);
        // Shows a server that cannot be asked at plan time, not in the middle of an apply.
        let seen = reach::peek(context, &plan.planned.sql_server).await?;
        let Some(name) = plan.config.name.as_str() else { return Ok(()) };
        if let Some(replaced) = &plan.replaced {
            if replaced.is(&plan.planned.sql_server, seen.as_ref(), name) {
                return Err(shared::same_key_replacement(
                    "the certificate",
                    name,
                    "use `name_prefix` instead of `name`, with `lifecycle { create_before_destroy = true }`, or change the name",
                )
                .at("name")
                .into());
            }
            return Ok(());
        }
        if let Some(seen) = seen
            && let Ok(Some(row)) = seen.snapshot.certificate(name)
            && !is_managed(context, &seen.snapshot.facts.server_name, name)
        {
            adopt(context, &plan.config, row, seen.server.name())?;
        }
        Ok(())
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<Certificate, NaturalKey>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { prior, planned, replace, .. } = plan;
        shared::plan_server(context, &prior.sql_server, &prior.server_name, &planned.sql_server, replace)
            .await?;
        validity::ends_after_rotation(&planned.rotate_before, &planned.valid_for)?;
        if let (Some(old), Some(new)) = (prior.name.as_str(), planned.name.as_str())
            && old != new
            && let Ok(Some(seen)) = reach::peek(context, &prior.sql_server).await
            && seen.snapshot.facts.same_name(old, new)
        {
            // For this server both spell one name.
            planned.name = prior.name.clone();
        }
        if validity::differs(&prior.name_prefix, &planned.name_prefix, |old, new| old == new) {
            replace.push(AttributePath::attribute("name_prefix"));
        }
        let same_length = |old: &str, new: &str| validity::parse(old) == validity::parse(new);
        if validity::differs(&prior.valid_for, &planned.valid_for, same_length) {
            replace.push(AttributePath::attribute("valid_for"));
        }
        let name = prior.name.as_str().unwrap_or_default();
        if let Some(warning) = validity::counts_later(prior, &planned.valid_for) {
            context.warn(warning);
        }
        if prior.rotation_due.known() != Some(&true) || planned.rotate_before.is_null() {
            return Ok(());
        }
        let until = prior.not_after.as_str().unwrap_or_default();
        if planned.name_prefix.is_null() {
            context.warn(
                Diagnostic::warning(
                    "A certificate is due for rotation",
                    format!("The certificate {name} ends at {until}, and is not rotated because it has a fixed `name`."),
                )
                .hint("use `name_prefix` with `lifecycle { create_before_destroy = true }`"),
            );
            return Ok(());
        }
        context.warn(Diagnostic::warning(
            "A certificate is rotated",
            format!("The certificate {name} ends at {until} and is replaced by a new one, `rotate_before` its end."),
        ));
        planned.rotation_due = Field::Known(false);
        replace.push(AttributePath::attribute("rotation_due"));
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<Certificate, NaturalKey>,
    ) -> Result<(), Diagnostics> {
        let State { model, .. } = prior;
        let name = model.name.as_str().unwrap_or_default();
        let place = model.server_name.as_str().unwrap_or_default();
        let what = format!("the certificate {name} on {place}");
        if !shared::drops(model.on_destroy.as_str(), model.adopted.known() == Some(&true)) {
            context.warn(shared::stays(&what));
            return Ok(());
        }
        let glance = removal::glance(context, &model.sql_server, &model.server_name, &what).await;
        let Some(seen) = glance else { return Ok(()) };
        if removal::is_held(context, &seen, name) || !matches!(seen.snapshot.certificate(name), Ok(Some(_))) {
            return Ok(());
        }
        seen.prove_sight(&what)?;
        // A resource of the same run may let go of it first, so this is no error yet.
        let cost = match removal::shown_by(&seen, name) {
            Ok(Some(endpoint)) => format!(
                "its private key goes with it. The endpoint {endpoint} shows it now, and until that ends the apply refuses"
            ),
            _ => "its private key goes with it".to_owned(),
        };
        context.warn(shared::dropped(&what, &cost));
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<Certificate>,
    ) -> Result<State<Certificate, NaturalKey>, Failure<Certificate, NaturalKey>> {
        let mut planned = request.planned;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let server_name = seen.snapshot.facts.server_name.clone();
        let subject = planned.subject.as_str().map_or_else(|| default_subject(&server_name), str::to_owned);
        let now = OffsetDateTime::now_utc();
        let Period { start, end } = Period::new(now, validity::valid_for(planned.valid_for.as_str()));
        let (name, adopted) = match planned.name.as_str() {
            Some(name) => {
                let row = seen.need(seen.snapshot.certificate(name))?;
                if let Some(row) = row {
                    adopt(context, &request.config, row, seen.server.name())?;
                }
                (name.to_owned(), row.is_some())
            }
            None => {
                let prefix = planned.name_prefix.as_str().unwrap_or_default();
                match leftover(context, &seen, prefix, &subject, planned.valid_for.as_str())? {
                    Some(name) => {
                        context.warn(shared::taken_over(&format!("the certificate {name} on {server_name}")));
                        (name, true)
                    }
                    None => (fresh_name(prefix, now.date()), false),
                }
            }
        };
        let identifier = Identifier::parse("the name of the certificate", &name)
            .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).at("name"))?;
        if !adopted {
            let statement = Statement::CreateCertificate {
                name: identifier,
                subject: subject.clone(),
                start,
                expiry: end,
            };
            // A lost answer: the look below tells what happened.
            if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
                && !failed.is_outcome_unknown()
            {
                return Err(reach::statement_error(&seen.server, &statement, &failed).into());
            }
        }
        removal::hold(context, &seen, &name);
        let seen = seen.again().await?;
        let row = seen.need(seen.snapshot.certificate(&name))?.ok_or_else(|| {
            Diagnostic::error(
                "A certificate was not created",
                format!(
                    "The SQL Server \"{}\" does not show the certificate {name} after it was created.",
                    seen.server.name()
                ),
            )
        })?;
        planned.server_name = Field::Known(server_name);
        planned.name = Field::Known(name);
        // What was taken over without a written subject keeps its own.
        let found = row.subject.as_deref().map(plain_subject).filter(|_| request.config.subject.is_null());
        planned.subject = Field::Known(found.unwrap_or(subject));
        planned.rotation_due = Field::Known(false);
        planned.adopted = Field::Known(adopted);
        fill(&mut planned, row)?;
        let private = NaturalKey::new(&planned.sql_server, &planned.server_name, &planned.name);
        Ok(State { model: planned, private })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<Certificate, NaturalKey>,
    ) -> Result<Option<State<Certificate, NaturalKey>>, Diagnostics> {
        let State { mut model, private } = state;
        let name = model.name.as_str().unwrap_or_default().to_owned();
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.certificate(&name))? else {
            seen.prove_absence(&format!("the certificate {name}"))?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        if model.certificate.is_null() && model.thumbprint_sha1.is_null() {
            // An import: the name as the server spells it, since another spelling would be planned as another name.
            imported_kind(row)?;
            model.name = Field::Known(row.name.clone());
        }
        manage(context, &seen.snapshot.facts.server_name, &name);
        if model.subject.is_null() {
            model.subject = row.subject.clone().map(|subject| plain_subject(&subject)).into();
        }
        fill(&mut model, row)?;
        let due = match (row.expiry, model.rotate_before.as_str().and_then(validity::parse)) {
            (Some(expiry), Some(before)) => OffsetDateTime::now_utc() + before > expiry,
            _ => false,
        };
        model.rotation_due = Field::Known(due);
        let private = NaturalKey::new(&model.sql_server, &model.server_name, &model.name);
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        _context: &Context<Clients>,
        request: Update<Certificate, NaturalKey>,
    ) -> Result<State<Certificate, NaturalKey>, Failure<Certificate, NaturalKey>> {
        // Everything that SQL Server knows of it is fixed; what changes lives in state only.
        let Update { prior, planned, .. } = request;
        let model = Certificate {
            sql_server: planned.sql_server,
            rotate_before: planned.rotate_before,
            on_destroy: planned.on_destroy,
            valid_for: planned.valid_for,
            name_prefix: planned.name_prefix,
            ..prior
        };
        let private = NaturalKey::new(&model.sql_server, &model.server_name, &model.name);
        Ok(State { model, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<Certificate, NaturalKey>,
    ) -> Result<(), Failure<Certificate, NaturalKey>> {
        let prior = request.prior;
        if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        let name = prior.name.as_str().unwrap_or_default();
        if removal::is_held(context, &seen, name) {
            return Ok(());
        }
        if seen.need(seen.snapshot.certificate(name))?.is_none() {
            return seen.prove_absence(&format!("the certificate {name}")).map_err(Failure::from);
        }
        removal::drop_certificate(context, &seen, name).await.map_err(Failure::from)
    }

    async fn import(
        &self,
        context: &Context<Clients>,
        request: Import<CertificateIdentity>,
    ) -> Result<State<Certificate, NaturalKey>, Diagnostics> {
        let (sql_server, server_name, name) = match request {
            Import::Id(id) => {
                let (server, name) = shared::import_id(context, &id)?;
                (server, Field::Null, name)
            }
            Import::Identity(identity) => (Field::Null, identity.server_name, identity.name),
        };
        let model = Certificate {
            sql_server,
            server_name,
            name,
            name_prefix: Field::Null,
            subject: Field::Null,
            valid_for: Field::Null,
            rotate_before: Field::Null,
            on_destroy: Field::Null,
            certificate: Field::Null,
            certificate_hex: Field::Null,
            thumbprint_sha1: Field::Null,
            thumbprint_sha256: Field::Null,
            not_before: Field::Null,
            not_after: Field::Null,
            rotation_due: Field::Known(false),
            // Nobody here made it, so a destroy leaves it unless it is told otherwise.
            adopted: Field::Known(true),
        };
        Ok(State { model, private: NaturalKey::default() })
    }
}
