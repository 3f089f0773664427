//! `milink_certificate`: the certificate that SQL Server shows at its mirroring endpoint.
//!
//! Its private key is born in SQL Server and never leaves it; only the public part is exported. It is replaced, never
//! changed: a rotation makes the new certificate while the old one is in use, which needs `name_prefix` (two
//! certificates cannot share a name) and `create_before_destroy`.
//!
//! Whether it is due is decided in Read and kept as `rotation_due`; Plan never looks at the clock, because Terraform
//! plans twice and both plans must agree.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::certificate;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::path::AttributePath;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::value::Value;
use crate::model;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::catalog::CertificateRow;
use crate::sql::quote::Identifier;

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

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CertificatePrivate {
    /// Its name, so that a replacement under the same name is recognised in its plan.
    name: String,
}

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct CertificateResource;

#[async_trait]
impl Resource<Clients> for CertificateResource {
    type Model = Certificate;
    type Identity = CertificateIdentity;
    type Private = CertificatePrivate;

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
        plan: &mut CreatePlan<Certificate, CertificatePrivate>,
    ) -> Result<(), Diagnostics> {
        reach::fill_server(context, &mut plan.planned.sql_server);
        if let (Some(replaced), Some(name)) = (&plan.replaced, plan.config.name.as_str())
            && replaced.name == name
        {
            return Err(shared::same_key_replacement(
                "the certificate",
                name,
                "use `name_prefix` instead of `name`, with `lifecycle { create_before_destroy = true }`, or change the name",
            )
            .at("name")
            .into());
        }
        plan.planned.rotation_due = Field::Known(false);
        // Shows a server that cannot be asked at plan time, not in the middle of an apply.
        reach::peek(context, &plan.planned.sql_server).await?;
        Ok(())
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<Certificate, CertificatePrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { prior, planned, replace, .. } = plan;
        shared::plan_server(context, &prior.sql_server, &prior.server_name, &planned.sql_server, replace)
            .await?;
        if prior.rotation_due.known() != Some(&true) || planned.rotate_before.is_null() {
            return Ok(());
        }
        let name = prior.name.as_str().unwrap_or_default();
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

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<Certificate>,
    ) -> Result<State<Certificate, CertificatePrivate>, Failure<Certificate, CertificatePrivate>> {
        let mut planned = request.planned;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let server_name = seen.snapshot.facts.server_name.clone();
        let subject = planned.subject.as_str().map_or_else(|| default_subject(&server_name), str::to_owned);
        let today = OffsetDateTime::now_utc().date();
        let start = today - time::Duration::days(1);
        let expiry = today + valid_for(planned.valid_for.as_str());
        let (name, adopted) = match planned.name.as_str() {
            Some(name) => {
                let name = name.to_owned();
                let adopted = match seen.need(seen.snapshot.certificate(&name))? {
                    None => false,
                    Some(row) => {
                        equals(row, &subject, expiry).map_err(|difference| {
                            let import = format!("{}/{name}", seen.server.name());
                            shared::differs(
                                "milink_certificate",
                                &format!("The certificate {name}"),
                                &difference,
                                &import,
                            )
                            .at("name")
                        })?;
                        true
                    }
                };
                (name, adopted)
            }
            None => {
                let prefix = planned.name_prefix.as_str().unwrap_or_default();
                match leftover(context, &seen, prefix, &subject, expiry)? {
                    Some(name) => (name, true),
                    None => (fresh_name(prefix, today), false),
                }
            }
        };
        let identifier = Identifier::parse("the name of the certificate", &name)
            .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).at("name"))?;
        if adopted {
            context.warn(shared::taken_over(&format!("the certificate {name} on {server_name}")));
        } else {
            let statement =
                Statement::CreateCertificate { name: identifier, subject: subject.clone(), start, expiry };
            // A lost answer: the look below tells what happened.
            if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
                && !failed.is_outcome_unknown()
            {
                return Err(reach::statement_error(&seen.server, &statement, &failed).into());
            }
        }
        if let Some(clients) = context.client() {
            clients.hold(&server_name, &name);
        }
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
        planned.name = Field::Known(name.clone());
        planned.subject = Field::Known(subject);
        planned.rotation_due = Field::Known(false);
        planned.adopted = Field::Known(adopted);
        fill(&mut planned, row)?;
        Ok(State { model: planned, private: CertificatePrivate { name } })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<Certificate, CertificatePrivate>,
    ) -> Result<Option<State<Certificate, CertificatePrivate>>, Diagnostics> {
        let State { mut model, .. } = state;
        let name = model.name.as_str().unwrap_or_default().to_owned();
        let private = CertificatePrivate { name: name.clone() };
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.certificate(&name))? else {
            seen.prove_absence(&format!("the certificate {name}"))?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        if model.subject.is_null() {
            model.subject = row.subject.clone().map(|subject| plain_subject(&subject)).into();
        }
        fill(&mut model, row)?;
        let due = match (row.expiry, model.rotate_before.as_str().and_then(parse_duration)) {
            (Some(expiry), Some(before)) => OffsetDateTime::now_utc() + before > expiry,
            _ => false,
        };
        model.rotation_due = Field::Known(due);
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        _context: &Context<Clients>,
        request: Update<Certificate, CertificatePrivate>,
    ) -> Result<State<Certificate, CertificatePrivate>, Failure<Certificate, CertificatePrivate>> {
        // Everything that SQL Server knows of it is fixed; what changes lives in state only.
        let Update { prior, planned, private, .. } = request;
        let model = Certificate {
            sql_server: planned.sql_server,
            rotate_before: planned.rotate_before,
            on_destroy: planned.on_destroy,
            valid_for: planned.valid_for,
            name_prefix: planned.name_prefix,
            ..prior
        };
        Ok(State { model, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<Certificate, CertificatePrivate>,
    ) -> Result<(), Failure<Certificate, CertificatePrivate>> {
        let prior = request.prior;
        if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        let name = prior.name.as_str().unwrap_or_default();
        if clients_hold(context, &seen, name) || seen.need(seen.snapshot.certificate(name))?.is_none() {
            return Ok(());
        }
        drop_certificate(context, &seen, name).await.map_err(Failure::from)
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<CertificateIdentity>,
    ) -> Result<State<Certificate, CertificatePrivate>, Diagnostics> {
        let (sql_server, server_name, name) = match request {
            Import::Id(id) => {
                let (server, name) = shared::split_import(&id)?;
                (Field::Known(server), Field::Null, Field::Known(name))
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
            adopted: Field::Known(false),
        };
        Ok(State { model, private: CertificatePrivate::default() })
    }
}

/// Drops a certificate that nothing uses: an endpoint's is refused, and so is what SQL Server refuses.
pub(super) async fn drop_certificate(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
) -> Result<(), Diagnostics> {
    let endpoint = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))?;
    if let Some(endpoint) = endpoint
        && endpoint.certificate.as_deref().is_some_and(|used| seen.snapshot.facts.same_name(used, name))
    {
        return Err(shared::in_use(
            &format!("the certificate {name}"),
            &format!("the endpoint {} shows it", endpoint.name),
            "let the endpoint show another certificate first, or set `on_destroy = \"keep\"` here",
        )
        .into());
    }
    let identifier = Identifier::parse("the name of the certificate", name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()))?;
    let statement = Statement::DropCertificate { name: identifier };
    match seen.server.execute(&statement, context.cancellation()).await {
        Ok(()) => Ok(()),
        // 15151: somebody was faster.
        Err(error) if error.number() == Some(15151) || error.is_outcome_unknown() => {
            match seen.again().await?.snapshot.certificate(name) {
                Ok(None) => Ok(()),
                _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
            }
        }
        Err(error) => Err(reach::statement_error(&seen.server, &statement, &error).into()),
    }
}

fn clients_hold(context: &Context<Clients>, seen: &Seen, name: &str) -> bool {
    context.client().is_some_and(|clients| clients.is_held(&seen.snapshot.facts.server_name, name))
}

/// Exports the public part.
fn fill(model: &mut Certificate, row: &CertificateRow) -> Result<(), Diagnostics> {
    let Some(der) = &row.der else {
        // The login may see it but not read it: what was known stays.
        if model.certificate.known().is_some() {
            return Ok(());
        }
        return Err(Diagnostic::error(
            "A certificate cannot be read",
            format!("The login may not read the public part of the certificate {}.", row.name),
        )
        .hint("GRANT VIEW DEFINITION ON CERTIFICATE to the login")
        .into());
    };
    let parsed = certificate::Certificate::from_der(der).map_err(|error| {
        Diagnostic::error("A certificate cannot be read", format!("The certificate {}: {error}", row.name))
    })?;
    model.certificate = Field::Known(parsed.to_pem());
    model.certificate_hex = Field::Known(parsed.to_hex());
    model.thumbprint_sha1 = Field::Known(parsed.sha1());
    model.thumbprint_sha256 = Field::Known(parsed.sha256());
    model.not_before = reach::rfc3339(parsed.not_before());
    model.not_after = reach::rfc3339(parsed.not_after());
    Ok(())
}

/// Whether a certificate that bears the name is what the plan would make; else the difference.
fn equals(row: &CertificateRow, subject: &str, expiry: Date) -> Result<(), String> {
    if row.private_key != "MK" {
        return Err("its private key is not under the master key".to_owned());
    }
    match row.subject.as_deref().map(plain_subject) {
        Some(found) if found == subject => {}
        Some(found) => return Err(format!("its subject is `{found}`, not `{subject}`")),
        None => return Err("its subject cannot be read".to_owned()),
    }
    match row.expiry.map(OffsetDateTime::date) {
        // Made by a run of yesterday evening, it ends a day earlier.
        Some(found) if expiry - found <= time::Duration::days(1) && found <= expiry => Ok(()),
        Some(found) => Err(format!("it ends on {found}, not on {expiry}")),
        None => Err("its end cannot be read".to_owned()),
    }
}

/// What an interrupted create left: same prefix, subject and validity, and shown by no endpoint. Without this each
/// interrupted apply would leave one more.
fn leftover(
    context: &Context<Clients>,
    seen: &Seen,
    prefix: &str,
    subject: &str,
    expiry: Date,
) -> Result<Option<String>, Diagnostics> {
    let rows = seen.need(seen.snapshot.certificates.as_ref().map_err(Arc::clone))?;
    let shown = match &seen.snapshot.endpoint {
        Ok(endpoint) => endpoint.as_ref().and_then(|endpoint| endpoint.certificate.clone()),
        // Which one is shown cannot be told, so none is taken.
        Err(_) => return Ok(None),
    };
    let found = rows.iter().find(|row| {
        row.name.starts_with(prefix)
            && equals(row, subject, expiry).is_ok()
            && shown.as_deref() != Some(row.name.as_str())
            && !clients_hold(context, seen, &row.name)
    });
    Ok(found.map(|row| row.name.clone()))
}

/// `<prefix>20261123_1a2b3c4d`.
fn fresh_name(prefix: &str, today: Date) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let random = random.get(..8).unwrap_or_default();
    format!("{prefix}{:04}{:02}{:02}_{random}", today.year(), u8::from(today.month()), today.day())
}

/// At most 64 characters: SQL Server on Linux takes no more.
fn default_subject(server_name: &str) -> String {
    format!("milink endpoint of {server_name}").chars().take(SUBJECT_LIMIT).collect()
}

/// `sys.certificates.subject` may show the common name with or without `CN=`.
fn plain_subject(subject: &str) -> String {
    subject
        .strip_prefix("CN=")
        .or_else(|| subject.strip_prefix("CN = "))
        .unwrap_or(subject)
        .trim_matches('"')
        .to_owned()
}

fn valid_for(text: Option<&str>) -> time::Duration {
    text.and_then(parse_duration).unwrap_or(time::Duration::days(1826))
}

/// `60d` or `48h`.
fn parse_duration(text: &str) -> Option<time::Duration> {
    if let Some(days) = text.strip_suffix('d') {
        let days = days.parse::<i64>().ok()?;
        return (1..=36500).contains(&days).then(|| time::Duration::days(days));
    }
    let hours = text.strip_suffix('h')?.parse::<i64>().ok()?;
    (1..=876_000).contains(&hours).then(|| time::Duration::hours(hours))
}

const SUBJECT_LIMIT: usize = 64;

fn duration(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if parse_duration(text).is_some() => Ok(()),
        _ => Err("must be days or hours, as \"60d\" or \"48h\"".to_owned()),
    }
}

/// A backslash is refused by the link's tools, and Azure takes no path separators.
fn certificate_name(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Value::String(text) if text.contains('\\') => {
            Err("must not contain a backslash: a link does not work with such a certificate; for a named instance write HOST_INSTANCE".to_owned())
        }
        Value::String(text) if text.encode_utf16().count() > 128 => Err("must not be longer than 128 characters".to_owned()),
        Value::String(text) if text.contains(['/', '%', '?', '#', '<', '>', '*', '&', ':']) => {
            Err("must not contain any of / % ? # < > * & : because the upload in Azure bears the same name".to_owned())
        }
        _ => Ok(()),
    }
}

fn subject(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Value::String(text) if text.chars().count() > SUBJECT_LIMIT => {
            Err("must have at most 64 characters: SQL Server on Linux takes no more".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_is_refused() {
        assert!(certificate_name(&Value::string("HOST\\SALES")).is_err());
        assert!(certificate_name(&Value::string("milink_")).is_ok());
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("60d"), Some(time::Duration::days(60)));
        assert_eq!(parse_duration("48h"), Some(time::Duration::hours(48)));
        assert_eq!(parse_duration("60"), None);
        assert_eq!(parse_duration("0d"), None);
    }

    #[test]
    fn a_default_subject_fits_linux() {
        assert!(default_subject(&"X".repeat(200)).chars().count() <= SUBJECT_LIMIT);
    }
}
