//! `milink_imported_certificate`: a certificate in `master` without a private key.
//!
//! It is one of three things: a managed instance's certificate (SQL Server finds it by name, which must be the
//! instance's FQDN), a root CA with the DNS names that it may vouch for, or a peer replica's certificate.
//!
//! Azure renews the certificates of managed instances by itself, and the link survives that as long as the new one
//! chains to a trusted root. So for an instance's certificate a new one for the same names is not drift: the one that
//! was imported stays in plan and state until `reimport` asks for the new one.
//!
//! What a root may vouch for is shared: names that this resource did not grant are never taken back by it.

mod anew;
mod content;
mod found;
mod grants;

use std::collections::BTreeSet;

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
use crate::model;
use crate::provider::Clients;
use crate::resources::certificate::removal::{self, drop_certificate};
use crate::resources::certificate::{CertificateIdentity, NaturalKey, is_managed, manage};
use crate::resources::{reach, shared};
use crate::sql::Statement;
use crate::sql::quote::Identifier;

use content::{describe, is_renewal, parsed};
pub(super) use content::{is_certificate, same_certificate};
use found::Found;
use grants::{Names, has, list, needed_by, without, written};

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
             left alone, also when they are written here and taken out again.",
        ),
    )
    .attribute(Attribute::string("reimport").optional().describe(
        "Any text. Another value imports `certificate` as it is now, in place of what was imported before.",
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
    /// Which certificate it is, so that a replacement under the same name is recognised in its plan.
    #[serde(flatten)]
    key: NaturalKey,
    /// The names that this resource granted. Only those does it ever take back.
    #[serde(default)]
    granted: Names,
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
        reach::settle_server(context, &plan.config.sql_server, &mut plan.planned.sql_server)?;
        describe(&mut plan.planned);
        let seen = reach::peek(context, &plan.planned.sql_server).await?;
        if let Some(replaced) = &plan.replaced {
            return match plan.config.name.as_str() {
                Some(name) if replaced.key.is(&plan.planned.sql_server, seen.as_ref(), name) => {
                    Err(shared::same_key_replacement(
                        "the certificate",
                        name,
                        "change `reimport` to import the new content in place, or choose another name",
                    )
                    .at("certificate")
                    .into())
                }
                _ => Ok(()),
            };
        }
        let (Some(seen), Some(certificate)) = (seen, parsed(&plan.planned.certificate)) else {
            return Ok(());
        };
        let server_name = &seen.snapshot.facts.server_name;
        let name = plan.config.name.as_str();
        // A certificate that some state has is this one's predecessor, or another block's: the apply sorts that out.
        if plan.config.name.is_unknown() || name.is_some_and(|name| is_managed(context, server_name, name)) {
            return Ok(());
        }
        if let Found::Taken(name) = found::look_for(&seen, name, &certificate)?
            && !is_managed(context, server_name, &name)
        {
            context.warn(shared::taken_over(&format!("the certificate {name} on {server_name}")));
        }
        Ok(())
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<ImportedCertificate, ImportedPrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { prior, planned, private, replace, .. } = plan;
        shared::plan_server(context, &prior.sql_server, &prior.server_name, &planned.sql_server, replace)
            .await?;
        if let (Some(old), Some(new)) = (prior.name.as_str(), planned.name.as_str())
            && old != new
            && let Ok(Some(seen)) = reach::peek(context, &prior.sql_server).await
            && seen.snapshot.facts.same_name(old, new)
        {
            // For this server both spell one name.
            planned.name = prior.name.clone();
        }
        let name = prior.name.as_str().unwrap_or_default();
        let reimport =
            prior.reimport.known() != planned.reimport.known() && planned.reimport.known().is_some();
        if reimport {
            // In place, also where the new content turns out in the apply.
            replace.retain(|path| *path != AttributePath::attribute("certificate"));
        }
        match (parsed(&prior.certificate), parsed(&planned.certificate)) {
            (Some(old), Some(new)) if old != new && reimport => {
                context.warn(
                    Diagnostic::warning(
                        "A certificate is imported anew",
                        format!("The certificate {name} is dropped and imported with other content. A connection that is made in that moment fails."),
                    )
                    .at("reimport"),
                );
            }
            (Some(old), Some(new)) if old != new && is_renewal(&old, &new) => {
                // Azure renews by itself, and the link survives it while the new one chains to a trusted root.
                planned.certificate = prior.certificate.clone();
            }
            _ => {}
        }
        if !planned.trusted_for_dns.is_unknown() {
            let gone = without(&written(&prior.trusted_for_dns), &written(&planned.trusted_for_dns));
            grants::say_what_goes(context, &prior.sql_server, name, &gone, &private.granted).await;
        }
        describe(planned);
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<ImportedCertificate, ImportedPrivate>,
    ) -> Result<(), Diagnostics> {
        let State { model, private } = prior;
        let name = model.name.as_str().unwrap_or_default();
        let place = model.server_name.as_str().unwrap_or_default();
        let what = format!("the certificate {name} on {place}");
        if !shared::drops(model.on_destroy.as_str(), model.adopted.known() == Some(&true)) {
            context.warn(shared::stays(&what));
            return Ok(());
        }
        let glance = removal::glance(context, &model.sql_server, &model.server_name, &what).await;
        let Some(seen) = glance else { return Ok(()) };
        let Ok(Some(row)) = seen.snapshot.certificate(name) else { return Ok(()) };
        if removal::is_held(context, &seen, name) {
            return Ok(());
        }
        seen.prove_sight(&what)?;
        let granted = grants::of_certificate(&seen, row.id);
        grants::refuse_foreign(&what, granted.as_ref(), &known(model, private))?;
        let granted = granted.unwrap_or_else(|| written(&model.trusted_for_dns));
        // A link of the same run may go first, so this is no error yet.
        let cost = match needed_by(&seen, Some(name), &granted, &Names::new()) {
            Ok(Some(group)) => format!(
                "the link {group} reaches its managed instance by it, and until that link is gone the apply refuses"
            ),
            _ if granted.is_empty() => "no link on this server needs it".to_owned(),
            _ => format!("nothing vouches for {} by it any more", list(&granted)),
        };
        context.warn(shared::dropped(&what, &cost));
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
        let (name, adopted) = match found::look_for(&seen, planned.name.as_str(), &certificate)? {
            Found::Taken(name) => (name, true),
            Found::Free(name) => (name, false),
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
                return Err(found::not_taken(&seen, &statement, &failed, &certificate).into());
            }
        }
        removal::hold(context, &seen, &name);
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
        let granted = grants::grant(context, &seen, &name, &written(&planned.trusted_for_dns)).await?;
        let key = NaturalKey::new(&planned.sql_server, &planned.server_name, &planned.name);
        Ok(State { model: planned, private: ImportedPrivate { key, granted } })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<ImportedCertificate, ImportedPrivate>,
    ) -> Result<Option<State<ImportedCertificate, ImportedPrivate>>, Diagnostics> {
        let State { mut model, mut private } = state;
        let name = model.name.as_str().unwrap_or_default().to_owned();
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.certificate(&name))? else {
            seen.prove_absence(&format!("the certificate {name}"))?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        let imported = model.certificate.is_null();
        if imported {
            found::imported_kind(row)?;
            // As the server spells it, since another spelling would be planned as another name.
            model.name = Field::Known(row.name.clone());
        }
        manage(context, &seen.snapshot.facts.server_name, &name);
        if let Some(found) = row.der.as_deref().and_then(|der| certificate::Certificate::from_der(der).ok())
            && parsed(&model.certificate).as_ref() != Some(&found)
        {
            model.certificate = Field::Known(found.to_pem());
        }
        describe(&mut model);
        grants::unreadable(context, &seen);
        if let Some(granted) = grants::of_certificate(&seen, row.id) {
            private.granted.retain(|dns| has(&granted, dns));
            model.trusted_for_dns = match &model.trusted_for_dns {
                // What others granted is theirs.
                Field::Known(ours) => {
                    Field::Known(ours.iter().filter(|dns| has(&granted, dns)).cloned().collect())
                }
                _ if imported && !granted.is_empty() => Field::Known(granted),
                _ => Field::Null,
            };
        }
        private.key = NaturalKey::new(&model.sql_server, &model.server_name, &model.name);
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<ImportedCertificate, ImportedPrivate>,
    ) -> Result<State<ImportedCertificate, ImportedPrivate>, Failure<ImportedCertificate, ImportedPrivate>>
    {
        let Update { prior, mut planned, mut private, .. } = request;
        let seen = reach::look(context, &planned.sql_server, &prior.server_name).await?;
        let name = prior.name.as_str().unwrap_or_default();
        let certificate = parsed(&planned.certificate).ok_or_else(unreadable)?;
        planned.server_name = prior.server_name.clone();
        planned.adopted = prior.adopted.clone();
        describe(&mut planned);
        let row =
            seen.need(seen.snapshot.certificate(name))?.ok_or_else(|| anew::gone_meanwhile(&seen, name))?;
        let there = grants::of_certificate(&seen, row.id).unwrap_or_else(|| written(&prior.trusted_for_dns));
        let wanted = written(&planned.trusted_for_dns);
        let gone = without(&written(&prior.trusted_for_dns), &wanted);
        let ours: Names = gone.iter().filter(|dns| has(&private.granted, dns)).cloned().collect();
        let left = without(&there, &ours).into_iter().chain(wanted.iter().cloned()).collect();
        if !ours.is_empty() {
            seen.prove_sight(&format!("what the certificate {name} may vouch for"))?;
            if let Some(group) = needed_by(&seen, None, &ours, &left)? {
                return Err(shared::in_use(
                    &format!("{} from what the certificate {name} may vouch for", list(&ours)),
                    &format!(
                        "the distributed availability group {group} reaches a managed instance that it covers"
                    ),
                    "remove the link first, or write a name that covers the instance as well",
                )
                .at("trusted_for_dns")
                .into());
            }
        }
        let seen = if parsed(&prior.certificate).as_ref() == Some(&certificate) {
            let still = grants::take_back(context, &seen, name, &ours).await?;
            private.granted.retain(|dns| !has(&ours, dns) || has(&still, dns));
            seen.again().await?
        } else {
            // The grants go with the certificate; those of others come back with it.
            private.granted.retain(|dns| !has(&ours, dns));
            anew::import(context, &seen, name, row.der.as_deref(), &certificate, &left).await?
        };
        let granted = grants::grant(context, &seen, name, &wanted).await?;
        private.granted.extend(granted);
        private.key = NaturalKey::new(&planned.sql_server, &planned.server_name, &planned.name);
        Ok(State { model: planned, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<ImportedCertificate, ImportedPrivate>,
    ) -> Result<(), Failure<ImportedCertificate, ImportedPrivate>> {
        let Delete { prior, private, .. } = request;
        if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        let name = prior.name.as_str().unwrap_or_default();
        let what = format!("the certificate {name}");
        if removal::is_held(context, &seen, name) {
            return Ok(());
        }
        let Some(row) = seen.need(seen.snapshot.certificate(name))? else {
            return seen.prove_absence(&what).map_err(Failure::from);
        };
        seen.prove_sight(&what)?;
        let granted = grants::of_certificate(&seen, row.id);
        grants::refuse_foreign(&what, granted.as_ref(), &known(&prior, &private))?;
        let granted = granted.unwrap_or_else(|| written(&prior.trusted_for_dns));
        if let Some(group) = needed_by(&seen, Some(name), &granted, &Names::new())? {
            return Err(shared::in_use(
                &what,
                &format!("the distributed availability group {group} reaches a managed instance that it vouches for"),
                "remove the link first; `depends_on = [milink_imported_certificate.<name>]` in the milink_link makes a destroy do so",
            )
            .into());
        }
        // The grants go first, so that none is left behind on the id; one that stays is no obstacle.
        let _still = grants::take_back(context, &seen, name, &granted).await?;
        drop_certificate(context, &seen, name).await.map_err(Failure::from)
    }

    async fn import(
        &self,
        context: &Context<Clients>,
        request: Import<CertificateIdentity>,
    ) -> Result<State<ImportedCertificate, ImportedPrivate>, Diagnostics> {
        let (sql_server, server_name, name) = match request {
            Import::Id(id) => {
                let (server, name) = shared::import_id(context, &id)?;
                (server, Field::Null, name)
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
            // Nobody here made it, so a destroy leaves it unless it is told otherwise.
            adopted: Field::Known(true),
        };
        Ok(State { model, private: ImportedPrivate::default() })
    }
}

/// The grants that this resource answers for: what is written, and what it granted.
fn known(model: &ImportedCertificate, private: &ImportedPrivate) -> Names {
    written(&model.trusted_for_dns).union(&private.granted).cloned().collect()
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
