//! `milink_imported_certificate`: a certificate in `master` without a private key.
//!
//! It is one of three things: a managed instance's certificate (SQL Server finds it by name, which must be the
//! instance's FQDN), a root CA with the DNS names that it may vouch for, or a peer replica's certificate.
//!
//! Azure renews the certificates of managed instances by itself, and the link survives that as long as the new one
//! chains to a trusted root. So for an instance's certificate a new one for the same names is not drift: the one that
//! was imported stays in plan and state until `reimport` asks for the new one.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::certificate;
use crate::framework::checks::not_empty;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::path::AttributePath;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::framework::types::Type;
use crate::framework::value::Value;
use crate::model;
use crate::provider::Clients;
use crate::resources::certificate::{CertificateIdentity, drop_certificate};
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::catalog::IssuerRow;
use crate::sql::quote::Identifier;
use crate::sql::{self, Statement};

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

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportedPrivate {
    /// Its name, so that a replacement under the same name is recognised in its plan.
    name: String,
}

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct ImportedCertificateResource;

#[async_trait]
impl Resource<Clients> for ImportedCertificateResource {
    type Model = ImportedCertificate;
    type Identity = CertificateIdentity;
    type Private = ImportedPrivate;

    const TYPE_NAME: &'static str = "milink_imported_certificate";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        identity_schema()
    }

    fn identity(model: &ImportedCertificate) -> Option<CertificateIdentity> {
        (model.server_name.known().is_some() && model.name.known().is_some())
            .then(|| CertificateIdentity { server_name: model.server_name.clone(), name: model.name.clone() })
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<ImportedCertificate, ImportedPrivate>,
    ) -> Result<(), Diagnostics> {
        reach::fill_server(context, &mut plan.planned.sql_server);
        if let (Some(replaced), Some(name)) = (&plan.replaced, plan.config.name.as_str())
            && replaced.name == name
        {
            return Err(shared::same_key_replacement(
                "the certificate",
                name,
                "change `reimport` to import the new content in place, or choose another name",
            )
            .at("certificate")
            .into());
        }
        describe(&mut plan.planned);
        reach::peek(context, &plan.planned.sql_server).await?;
        Ok(())
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<ImportedCertificate, ImportedPrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { prior, planned, replace, .. } = plan;
        shared::plan_server(context, &prior.sql_server, &prior.server_name, &planned.sql_server, replace)
            .await?;
        let (Some(old), Some(new)) = (parsed(&prior.certificate), parsed(&planned.certificate)) else {
            return Ok(());
        };
        let reimport =
            prior.reimport.known() != planned.reimport.known() && planned.reimport.known().is_some();
        if old != new && !reimport && is_renewal(&old, &new) {
            // Azure renews by itself, and the link survives it while the new one chains to a trusted root.
            planned.certificate = prior.certificate.clone();
        } else if old != new && reimport {
            replace.retain(|path| *path != AttributePath::attribute("certificate"));
        }
        describe(planned);
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<ImportedCertificate>,
    ) -> Result<State<ImportedCertificate, ImportedPrivate>, Failure<ImportedCertificate, ImportedPrivate>>
    {
        let mut planned = request.planned;
        let certificate = parsed(&planned.certificate).ok_or_else(unreadable)?;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let server_name = seen.snapshot.facts.server_name.clone();
        let rows = seen.need(seen.snapshot.certificates.as_ref().map_err(Arc::clone))?;
        let same = rows.iter().find(|row| row.der.as_deref() == Some(certificate.der()));
        let name = match (planned.name.as_str(), same) {
            (Some(name), _) => name.to_owned(),
            (None, Some(row)) => row.name.clone(),
            (None, None) => certificate.common_name().unwrap_or(certificate.subject()).to_owned(),
        };
        let bearer = seen.need(seen.snapshot.certificate(&name))?;
        let import = |name: &str| format!("{}/{name}", seen.server.name());
        let adopted = match (bearer, same) {
            (Some(row), _) if row.der.as_deref() == Some(certificate.der()) => true,
            (Some(row), _) => {
                let difference = row
                    .der
                    .as_deref()
                    .and_then(|der| certificate::Certificate::from_der(der).ok())
                    .map_or_else(
                        || "its content cannot be read".to_owned(),
                        |found| format!("its SHA-1 is {}, not {}", found.sha1(), certificate.sha1()),
                    );
                return Err(shared::differs(
                    "milink_imported_certificate",
                    &format!("The certificate {name}"),
                    &difference,
                    &import(&name),
                )
                .at("name")
                .into());
            }
            (None, Some(row)) => {
                return Err(Diagnostic::error(
                    "The certificate has another name",
                    format!(
                        "The SQL Server \"{}\" has this very certificate as {}, and takes it only once.",
                        seen.server.name(),
                        row.name
                    ),
                )
                .hint(format!(
                    "write `name = \"{}\"`, or leave `name` out to take it over under its own name",
                    row.name
                ))
                .at("name")
                .into());
            }
            (None, None) => false,
        };
        let identifier = identifier(&name)?;
        if adopted {
            context.warn(shared::taken_over(&format!("the certificate {name} on {server_name}")));
        } else {
            let statement =
                Statement::ImportCertificate { name: identifier, der: certificate.der().to_vec() };
            if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
                && !failed.is_outcome_unknown()
            {
                return Err(reach::statement_error(&seen.server, &statement, &failed).into());
            }
        }
        planned.server_name = Field::Known(server_name);
        planned.name = Field::Known(name.clone());
        planned.adopted = Field::Known(adopted);
        describe(&mut planned);
        let seen = seen.again().await?;
        if seen.need(seen.snapshot.certificate(&name))?.is_none() {
            return Err(Diagnostic::error(
                "A certificate was not imported",
                format!(
                    "The SQL Server \"{}\" does not show the certificate {name} after it was imported.",
                    seen.server.name()
                ),
            )
            .into());
        }
        grant(context, &seen, &name, &planned.trusted_for_dns).await?;
        Ok(State { model: planned, private: ImportedPrivate { name } })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<ImportedCertificate, ImportedPrivate>,
    ) -> Result<Option<State<ImportedCertificate, ImportedPrivate>>, Diagnostics> {
        let State { mut model, .. } = state;
        let name = model.name.as_str().unwrap_or_default().to_owned();
        let private = ImportedPrivate { name: name.clone() };
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.certificate(&name))? else {
            seen.prove_absence(&format!("the certificate {name}"))?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        let imported = model.certificate.is_null();
        if let Some(found) = row.der.as_deref().and_then(|der| certificate::Certificate::from_der(der).ok())
            && parsed(&model.certificate).as_ref() != Some(&found)
        {
            model.certificate = Field::Known(found.to_pem());
        }
        describe(&mut model);
        if let Some(issuers) = seen.need(seen.snapshot.issuers.as_ref().map_err(Arc::clone))? {
            let granted: BTreeSet<String> = issuers
                .iter()
                .filter(|grant| grant.certificate_id == row.id)
                .map(|grant| grant.dns.clone())
                .collect();
            model.trusted_for_dns = match &model.trusted_for_dns {
                // What others granted is theirs.
                Field::Known(ours) => {
                    let has = |dns: &String| granted.iter().any(|granted| granted.eq_ignore_ascii_case(dns));
                    Field::Known(ours.iter().filter(|dns| has(dns)).cloned().collect())
                }
                _ if imported && !granted.is_empty() => Field::Known(granted),
                _ => Field::Null,
            };
        }
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<ImportedCertificate, ImportedPrivate>,
    ) -> Result<State<ImportedCertificate, ImportedPrivate>, Failure<ImportedCertificate, ImportedPrivate>>
    {
        let Update { prior, mut planned, private, .. } = request;
        let seen = reach::look(context, &planned.sql_server, &prior.server_name).await?;
        let name = prior.name.as_str().unwrap_or_default();
        let certificate = parsed(&planned.certificate).ok_or_else(unreadable)?;
        planned.server_name = prior.server_name.clone();
        planned.adopted = prior.adopted.clone();
        describe(&mut planned);
        if parsed(&prior.certificate).as_ref() != Some(&certificate) {
            let identifier = identifier(name)?;
            seen.execute(context, &Statement::DropCertificate { name: identifier.clone() }).await?;
            seen.execute(
                context,
                &Statement::ImportCertificate { name: identifier, der: certificate.der().to_vec() },
            )
            .await?;
        }
        let seen = seen.again().await?;
        grant(context, &seen, name, &planned.trusted_for_dns).await?;
        let gone: BTreeSet<&String> = difference(&prior.trusted_for_dns, &planned.trusted_for_dns);
        for dns in gone {
            let statement = Statement::DropIssuer { certificate: identifier(name)?, dns: dns.clone() };
            seen.execute(context, &statement).await?;
        }
        Ok(State { model: planned, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<ImportedCertificate, ImportedPrivate>,
    ) -> Result<(), Failure<ImportedCertificate, ImportedPrivate>> {
        let prior = request.prior;
        if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        let name = prior.name.as_str().unwrap_or_default();
        let Some(row) = seen.need(seen.snapshot.certificate(name))? else { return Ok(()) };
        if let Some(group) = needed_by(&seen, name, &prior.trusted_for_dns)? {
            return Err(shared::in_use(
                &format!("the certificate {name}"),
                &format!("the distributed availability group {group} reaches a managed instance that it vouches for"),
                "remove the link first; a `depends_on` from the link to this resource makes a destroy do so",
            )
            .into());
        }
        // The grants go first, so that none is left behind on the id; a server that does not know how is no obstacle.
        if let Ok(Some(issuers)) = &seen.snapshot.issuers {
            for grant in issuers.iter().filter(|grant| grant.certificate_id == row.id) {
                let statement =
                    Statement::DropIssuer { certificate: identifier(name)?, dns: grant.dns.clone() };
                if let Err(error) = seen.server.execute(&statement, context.cancellation()).await {
                    tracing::warn!("{} of {name}: {error}", statement.kind());
                }
            }
        }
        drop_certificate(context, &seen, name).await.map_err(Failure::from)
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<CertificateIdentity>,
    ) -> Result<State<ImportedCertificate, ImportedPrivate>, Diagnostics> {
        let (sql_server, server_name, name) = match request {
            Import::Id(id) => {
                let (server, name) = shared::split_import(&id)?;
                (Field::Known(server), Field::Null, Field::Known(name))
            }
            Import::Identity(identity) => (Field::Null, identity.server_name, identity.name),
        };
        let model = ImportedCertificate {
            sql_server,
            server_name,
            name,
            certificate: Field::Null,
            trusted_for_dns: Field::Null,
            reimport: Field::Null,
            on_destroy: Field::Null,
            thumbprint_sha1: Field::Null,
            thumbprint_sha256: Field::Null,
            subject: Field::Null,
            not_after: Field::Null,
            adopted: Field::Known(false),
        };
        Ok(State { model, private: ImportedPrivate::default() })
    }
}

fn parsed(field: &Field<String>) -> Option<certificate::Certificate> {
    field.as_str().and_then(|text| certificate::Certificate::parse(text).ok())
}

/// What the certificate says of itself, as far as it is known.
fn describe(model: &mut ImportedCertificate) {
    let Some(certificate) = parsed(&model.certificate) else { return };
    model.thumbprint_sha1 = Field::Known(certificate.sha1());
    model.thumbprint_sha256 = Field::Known(certificate.sha256());
    model.subject = Field::Known(certificate.subject().to_owned());
    model.not_after = reach::rfc3339(certificate.not_after());
}

/// A managed instance's next certificate: no root, and for the same names.
fn is_renewal(old: &certificate::Certificate, new: &certificate::Certificate) -> bool {
    let names = |certificate: &certificate::Certificate| {
        let mut names: Vec<String> =
            certificate.dns_names().iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    !old.is_self_signed() && !new.is_self_signed() && !names(old).is_empty() && names(old) == names(new)
}

/// Grants what is missing. A server that says "already" has it.
async fn grant(
    context: &Context<Clients>,
    seen: &Seen,
    name: &str,
    wanted: &Field<BTreeSet<String>>,
) -> Result<(), Diagnostics> {
    let Some(row) = seen.need(seen.snapshot.certificate(name))? else { return Ok(()) };
    let issuers = seen.need(seen.snapshot.issuers.as_ref().map_err(Arc::clone))?;
    for dns in wanted.known().into_iter().flatten() {
        let has = |grant: &IssuerRow| grant.certificate_id == row.id && grant.dns.eq_ignore_ascii_case(dns);
        if issuers.as_ref().is_some_and(|issuers| issuers.iter().any(has)) {
            continue;
        }
        let statement = Statement::AddIssuer { certificate: identifier(name)?, dns: dns.clone() };
        match seen.server.execute(&statement, context.cancellation()).await {
            Err(sql::Error::Server(error))
                if error.message.contains("already been added")
                    || error.message.contains("already added") => {}
            Err(error) => return Err(reach::statement_error(&seen.server, &statement, &error).into()),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn difference<'a>(
    prior: &'a Field<BTreeSet<String>>,
    planned: &Field<BTreeSet<String>>,
) -> BTreeSet<&'a String> {
    let kept = planned.known();
    prior.known().into_iter().flatten().filter(|dns| kept.is_none_or(|kept| !kept.contains(*dns))).collect()
}

/// The distributed group that needs it: one that reaches the instance whose FQDN is its name, or an instance that a
/// root with its grants vouches for.
fn needed_by(
    seen: &Seen,
    name: &str,
    trusted: &Field<BTreeSet<String>>,
) -> Result<Option<String>, Diagnostics> {
    let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
    let covers = |host: &str| {
        host.eq_ignore_ascii_case(name)
            || trusted.known().into_iter().flatten().any(|pattern| matches_pattern(pattern, host))
    };
    Ok(groups
        .iter()
        .find(|group| {
            let url = group.instance_member().and_then(|member| member.endpoint_url.as_deref());
            url.and_then(host_of).is_some_and(covers)
        })
        .map(|group| group.name.clone()))
}

/// The host of `tcp://host:port;Server=[…]`.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split([':', ';', '/']).next()
}

fn matches_pattern(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.to_ascii_lowercase().ends_with(&format!(".{}", domain.to_ascii_lowercase())),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

fn identifier(name: &str) -> Result<Identifier, Diagnostics> {
    Identifier::parse("the name of the certificate", name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).at("name").into())
}

fn unreadable() -> Diagnostic {
    Diagnostic::error(
        "A certificate cannot be read",
        "The argument `certificate` is still not a certificate.",
    )
    .at("certificate")
}

/// Two spellings of one certificate.
pub(super) fn same_certificate(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            matches!((certificate::Certificate::parse(left), certificate::Certificate::parse(right)), (Ok(left), Ok(right)) if left == right)
        }
        _ => false,
    }
}

/// The text is a certificate.
pub(super) fn is_certificate(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => match certificate::Certificate::parse(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("must be a certificate: {error}")),
        },
        _ => Err("must be a certificate".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_listener_url() {
        assert_eq!(
            host_of("tcp://mi.zone.database.windows.net:5022;Server=[mi]"),
            Some("mi.zone.database.windows.net")
        );
        assert!(matches_pattern("*.database.windows.net", "mi.zone.database.windows.net"));
        assert!(!matches_pattern("*.database.windows.net", "database.windows.net.evil.example"));
    }
}
