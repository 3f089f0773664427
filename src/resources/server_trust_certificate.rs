//! `milink_server_trust_certificate`: SQL Server's certificate, as the managed instance knows it.
//!
//! Azure knows no update of it: the same name with another content fails (`CertificateAlreadyExists`), and so does the
//! same content under another name. Rotation makes a second one beside the first, which the instance accepts.
//!
//! A certificate with which a link authenticates is not deleted, whatever the order of a plan: Terraform's order is
//! right only with `create_before_destroy` here, which a provider cannot see.

mod upload;
mod used;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::arm::trust_certificate::TrustCertificate;
use crate::arm::{ManagedInstanceId, TrustCertificateId};
use crate::certificate;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{Create, CreatePlan, Delete, Failure, Import, Resource, State, Update};
use crate::framework::schema::{Attribute, IdentitySchema, Schema, Timeouts};
use crate::framework::value::Value;
use crate::model;
use crate::provider::Clients;
use crate::resources::imported_certificate::{is_certificate, same_certificate};
use crate::resources::{reach, shared};
use upload::{list, remove, upload};

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

fn schema() -> Schema {
    Schema::new(
        "SQL Server's public certificate, uploaded to a managed instance so that it recognises the SQL Server by it. Azure knows no \
         update: another certificate is another upload. To rotate it with overlap, take the name from `milink_certificate` (with \
         `name_prefix`) and set `lifecycle { create_before_destroy = true }`.",
    )
    .attribute(Attribute::string("id").computed().stable().describe("ARM id."))
    .attribute(
        Attribute::string("managed_instance_id")
            .required()
            .replaces()
            .same(shared::same_arm_id)
            .check(shared::is_managed_instance_id)
            .describe("ARM id of the managed instance."),
    )
    .attribute(Attribute::string("name").required().replaces().check(upload_name).describe(
        "Its name on the instance. By custom the certificate's name in SQL Server.",
    ))
    .attribute(
        Attribute::string("certificate").required().replaces_when_known().same(same_certificate).check(is_certificate).describe(
            "The certificate as PEM, as `0x` hex or as base64 of its DER form.",
        ),
    )
    .attribute(Attribute::string("thumbprint_sha1").computed().stable().describe("SHA-1 of the certificate, upper-case hex."))
    .attribute(Attribute::string("not_after").computed().stable().describe("When the certificate ends (RFC 3339, UTC)."))
    .attribute(shared::on_destroy(
        "`drop` or `keep`. Default: what was made here is removed, what was found is kept. A certificate that a link authenticates \
         with is never removed.",
    ))
    .attribute(shared::adopted())
    .timeouts(Timeouts { create: Some(MINUTES_30), delete: Some(MINUTES_30), ..Timeouts::default() })
}

const MINUTES_30: Duration = Duration::from_secs(30 * 60);

fn identity_schema() -> IdentitySchema {
    IdentitySchema::new().required("id", "ARM id")
}

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrustPrivate {
    /// Its ARM id, so that a replacement under the same name is recognised in its plan.
    id: String,
}

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct ServerTrustCertificateResource;

#[async_trait]
impl Resource<Clients> for ServerTrustCertificateResource {
    type Model = ServerTrustCertificate;
    type Identity = ArmIdentity;
    type Private = TrustPrivate;

    const TYPE_NAME: &'static str = "milink_server_trust_certificate";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        identity_schema()
    }

    fn identity(model: &ServerTrustCertificate) -> Option<ArmIdentity> {
        model.id.known().map(|_| ArmIdentity { id: model.id.clone() })
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<ServerTrustCertificate, TrustPrivate>,
    ) -> Result<(), Diagnostics> {
        describe(&mut plan.planned);
        if let (Some(replaced), Some(id)) = (&plan.replaced, plan.planned.id.as_str())
            && replaced.id.eq_ignore_ascii_case(id)
        {
            return Err(shared::same_key_replacement(
                "the server trust certificate",
                plan.planned.name.as_str().unwrap_or_default(),
                "take the name from a `milink_certificate` with `name_prefix`, or change it",
            )
            .at("name")
            .into());
        }
        if plan.replaced.is_none() {
            before_create(context, &plan.planned).await?;
        }
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<ServerTrustCertificate, TrustPrivate>,
    ) -> Result<(), Diagnostics> {
        before_destroy(context, &prior.model).await
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<ServerTrustCertificate>,
    ) -> Result<State<ServerTrustCertificate, TrustPrivate>, Failure<ServerTrustCertificate, TrustPrivate>>
    {
        let mut planned = request.planned;
        describe(&mut planned);
        let (id, certificate) = parts(&planned)?;
        let azure = reach::azure(context)?;
        let doing =
            format!("upload the certificate {} to the managed instance {}", id.name, id.instance.name);
        let certificates = list(&azure, &id, &doing).await?;
        let named = certificates.iter().find(|found| found.name.eq_ignore_ascii_case(&id.name));
        let adopted = match named {
            Some(found) if found.der.as_deref() == Some(certificate.der()) => {
                context.warn(shared::taken_over(&described(&id)));
                true
            }
            Some(found) => {
                return Err(another(found, &id, &certificate).into());
            }
            None => {
                if let Some(found) =
                    certificates.iter().find(|found| found.der.as_deref() == Some(certificate.der()))
                {
                    return Err(Diagnostic::error(
                        "The certificate has another name",
                        format!(
                            "The managed instance {} has this very certificate as {}, and takes it only once.",
                            id.instance.name, found.name
                        ),
                    )
                    .hint(format!("write `name = \"{}\"`, or remove that upload first", found.name))
                    .at("name")
                    .into());
                }
                upload(context, &azure, &id, certificate.der(), &doing).await?;
                false
            }
        };
        planned.adopted = Field::Known(adopted);
        if let Some(clients) = context.client() {
            // A tainted object with `create_before_destroy` has a successor of the same name.
            clients.hold(AZURE, &id.to_string().to_lowercase());
        }
        Ok(State { model: planned, private: TrustPrivate { id: id.to_string() } })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<ServerTrustCertificate, TrustPrivate>,
    ) -> Result<Option<State<ServerTrustCertificate, TrustPrivate>>, Diagnostics> {
        let State { mut model, private } = state;
        let id = TrustCertificateId::parse(model.id.as_str().unwrap_or_default())
            .map_err(|error| Diagnostic::error("An id that is not one", format!("The id {error}.")))?;
        let Some((azure, keep)) = reach::azure_for_read(context)? else {
            return Ok(Some(State { model, private }));
        };
        let found = match azure.trust_certificates(&id.instance).await {
            Ok(certificates) => {
                certificates.into_iter().find(|found| found.name.eq_ignore_ascii_case(&id.name))
            }
            Err(error) if error.is_unreachable() && keep => {
                reach::azure_kept(context, &error);
                return Ok(Some(State { model, private }));
            }
            Err(error) => {
                let doing =
                    format!("list the certificates that the managed instance {} trusts", id.instance.name);
                return Err(reach::arm_error(&doing, &error).into());
            }
        };
        let Some(found) = found else { return Ok(None) };
        if model.managed_instance_id.as_str().is_none() {
            model.managed_instance_id = Field::Known(id.instance.to_string());
            model.name = Field::Known(found.name.clone());
        }
        let content = found.der.as_deref().and_then(|der| certificate::Certificate::from_der(der).ok());
        if let Some(content) = content
            && parsed(&model.certificate).as_ref() != Some(&content)
        {
            model.certificate = Field::Known(content.to_pem());
        }
        describe(&mut model);
        Ok(Some(State { model, private: TrustPrivate { id: id.to_string() } }))
    }

    async fn update(
        &self,
        _context: &Context<Clients>,
        request: Update<ServerTrustCertificate, TrustPrivate>,
    ) -> Result<State<ServerTrustCertificate, TrustPrivate>, Failure<ServerTrustCertificate, TrustPrivate>>
    {
        // Azure knows no update of it; what changes in place lives in state only.
        let Update { planned, private, .. } = request;
        Ok(State { model: planned, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<ServerTrustCertificate, TrustPrivate>,
    ) -> Result<(), Failure<ServerTrustCertificate, TrustPrivate>> {
        let prior = request.prior;
        if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
            return Ok(());
        }
        let (id, _) = parts(&prior)?;
        if context.client().is_some_and(|clients| clients.is_held(AZURE, &id.to_string().to_lowercase())) {
            context.warn(Diagnostic::warning(
                "A certificate was not removed",
                format!(
                    "The server trust certificate {} was taken over by its own successor in this run, so it stays.",
                    id.name
                ),
            ));
            return Ok(());
        }
        let azure = reach::azure(context)?;
        azure.forget();
        let doing =
            format!("remove the certificate {} from the managed instance {}", id.name, id.instance.name);
        let certificates = list(&azure, &id, &doing).await?;
        let Some(upload) = certificates.iter().find(|found| found.name.eq_ignore_ascii_case(&id.name)) else {
            return Ok(());
        };
        let links = azure
            .links(&id.instance)
            .await
            .map_err(|error| Diagnostics::from(reach::arm_error(&doing, &error)))?;
        let servers = if links.is_empty() { Vec::new() } else { reach::servers(context).await };
        if let Some(why) = used::needed(&id, upload, certificates.len(), &links, &servers) {
            return Err(shared::in_use(
                &format!("the server trust certificate {}", id.name),
                &why,
                "to rotate, write `lifecycle { create_before_destroy = true }` here and `depends_on` this resource in the \
                 milink_mirroring_endpoint: then the endpoint has left the old certificate before its upload goes. To destroy, remove the link \
                 first, or set `on_destroy = \"keep\"` here, apply, and destroy again",
            )
            .into());
        }
        Ok(remove(context, &azure, &id, &doing).await?)
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<ArmIdentity>,
    ) -> Result<State<ServerTrustCertificate, TrustPrivate>, Diagnostics> {
        let id = match request {
            Import::Id(id) => id,
            Import::Identity(identity) => identity.id.into_known_value().unwrap_or_default(),
        };
        let parsed = TrustCertificateId::parse(&id).map_err(|error| {
            Diagnostic::error("An import id that is not one", format!("The id \"{id}\" {error}."))
        })?;
        let model = ServerTrustCertificate {
            id: Field::Known(parsed.to_string()),
            managed_instance_id: Field::Null,
            name: Field::Null,
            certificate: Field::Null,
            thumbprint_sha1: Field::Null,
            not_after: Field::Null,
            on_destroy: Field::Null,
            // What is imported was there; a destroy leaves it.
            adopted: Field::Known(true),
        };
        Ok(State { model, private: TrustPrivate { id: parsed.to_string() } })
    }
}

/// Under which objects of Azure are held against their own removal.
const AZURE: &str = "azure";

/// What a create will find, as far as it is known while planning: it is taken over, or in the way.
async fn before_create(
    context: &Context<Clients>,
    planned: &ServerTrustCertificate,
) -> Result<(), Diagnostics> {
    let Some(id) = planned.id.as_str().and_then(|id| TrustCertificateId::parse(id).ok()) else {
        return Ok(());
    };
    let Some((azure, _)) = reach::azure_for_read(context)? else { return Ok(()) };
    // What cannot be asked now is found by the apply.
    let Ok(certificates) = azure.trust_certificates(&id.instance).await else { return Ok(()) };
    let Some(found) = certificates.iter().find(|found| found.name.eq_ignore_ascii_case(&id.name)) else {
        return Ok(());
    };
    match parsed(&planned.certificate) {
        Some(wanted) if found.der.as_deref() != Some(wanted.der()) => {
            Err(another(found, &id, &wanted).into())
        }
        Some(_) => {
            context.warn(shared::taken_over(&described(&id)));
            Ok(())
        }
        None => {
            context.warn(Diagnostic::warning(
                "An object of that name exists",
                format!(
                    "The managed instance {} has a server trust certificate {} already. It is taken over if it is the one that is written here, \
                     which is not known yet; else the apply is refused.",
                    id.instance.name, id.name
                ),
            ));
            Ok(())
        }
    }
}

/// What a destroy cannot release: a link that this configuration does not reach.
async fn before_destroy(
    context: &Context<Clients>,
    prior: &ServerTrustCertificate,
) -> Result<(), Diagnostics> {
    if !shared::drops(prior.on_destroy.as_str(), prior.adopted.known() == Some(&true)) {
        return Ok(());
    }
    let (id, _) = parts(prior)?;
    let Some((azure, _)) = reach::azure_for_read(context)? else { return Ok(()) };
    let Ok(links) = azure.links(&id.instance).await else { return Ok(()) };
    if links.is_empty() {
        return Ok(());
    }
    let configured = context.client().map(|clients| clients.slots().len()).unwrap_or_default();
    let servers = reach::servers(context).await;
    match used::foreign_link(&id.name, &links, &servers, configured) {
        Some(link) => Err(shared::in_use(
            &format!("the server trust certificate {}", id.name),
            &format!(
                "the link {link}, which leads to no SQL Server that is configured here, authenticates with it"
            ),
            "remove the link first, or set `on_destroy = \"keep\"`, apply, and destroy again",
        )
        .into()),
        None => Ok(()),
    }
}

fn described(id: &TrustCertificateId) -> String {
    format!("the server trust certificate {} of {}", id.name, id.instance.name)
}

/// An upload bears the name and is another certificate.
fn another(
    found: &TrustCertificate,
    id: &TrustCertificateId,
    wanted: &certificate::Certificate,
) -> Diagnostic {
    let difference =
        format!("its SHA-1 is {}, not {}", found.thumbprint.as_deref().unwrap_or("not shown"), wanted.sha1());
    let what = format!("The server trust certificate {} of {}", id.name, id.instance.name);
    shared::differs("milink_server_trust_certificate", &what, &difference, &id.to_string()).at("name")
}

fn parts(
    model: &ServerTrustCertificate,
) -> Result<(TrustCertificateId, certificate::Certificate), Diagnostics> {
    let instance = ManagedInstanceId::parse(model.managed_instance_id.as_str().unwrap_or_default()).map_err(
        |error| {
            Diagnostic::error("An id that is not one", format!("The id {error}.")).at("managed_instance_id")
        },
    )?;
    let name = model.name.as_str().unwrap_or_default().to_owned();
    let certificate = parsed(&model.certificate).ok_or_else(|| {
        Diagnostic::error("A certificate cannot be read", "The argument `certificate` is not a certificate.")
            .at("certificate")
    })?;
    Ok((TrustCertificateId { instance, name }, certificate))
}

/// What follows from the arguments, as far as they are known.
fn describe(model: &mut ServerTrustCertificate) {
    let instance = model.managed_instance_id.as_str().and_then(|id| ManagedInstanceId::parse(id).ok());
    if let (Some(instance), Some(name)) = (instance, model.name.as_str()) {
        model.id = Field::Known(TrustCertificateId { instance, name: name.to_owned() }.to_string());
    }
    if let Some(certificate) = parsed(&model.certificate) {
        model.thumbprint_sha1 = Field::Known(certificate.sha1());
        model.not_after = reach::rfc3339(certificate.not_after());
    }
}

fn parsed(field: &Field<String>) -> Option<certificate::Certificate> {
    field.as_str().and_then(|text| certificate::Certificate::parse(text).ok())
}

fn upload_name(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Value::String(text) if text.chars().count() > 128 => {
            Err("must have at most 128 characters".to_owned())
        }
        Value::String(text) if text.chars().any(|c| c.is_control() || "<>*%&\\:?#/".contains(c)) => {
            Err("must not contain any of < > * % & \\ : ? # /".to_owned())
        }
        _ => Ok(()),
    }
}
