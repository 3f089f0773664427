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

mod change;
mod contact;
mod guard;
mod leave;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::framework::checks::{between, not_empty, one_of};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::model;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::catalog::EndpointRow;

use self::change::{change, fill_unknown, new_endpoint};
use self::contact::{PENDING, SETTLED, await_contact, linked};
use self::guard::{alter, restart_warning};
use self::leave::put_back;
use self::words::{AUTHENTICATIONS, identifier, words};

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
    .attribute(Attribute::number("port").optional().computed().stable().check(|value| between(value, 1024, 32767)).describe(
        "TCP port that it listens on, 1024 to 32767 as documented. Default for a new one: 5022. Leave it out for an endpoint that \
         exists on another port.",
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

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EndpointPrivate {
    /// Authentication and certificate of an endpoint when it was taken over; a destroy puts them back.
    original: Option<Original>,
}

/// How an endpoint was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Original {
    connection_auth: i64,
    certificate: Option<String>,
}

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct MirroringEndpointResource;

#[async_trait]
impl Resource<Clients> for MirroringEndpointResource {
    type Model = MirroringEndpoint;
    type Identity = MirroringEndpointIdentity;
    type Private = EndpointPrivate;

    const TYPE_NAME: &'static str = "milink_mirroring_endpoint";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        IdentitySchema::new().required("server_name", "SERVERPROPERTY('ServerName') of the instance")
    }

    fn identity(model: &MirroringEndpoint) -> Option<MirroringEndpointIdentity> {
        model
            .server_name
            .known()
            .map(|_| MirroringEndpointIdentity { server_name: model.server_name.clone() })
    }

    fn validate(&self, config: &MirroringEndpoint, report: &mut Diagnostics) {
        if let Some(way) = config.authentication.as_str()
            && way.contains("certificate")
            && config.certificate.is_null()
        {
            report.push(
                Diagnostic::error(
                    "An endpoint without its certificate",
                    format!("The authentication \"{way}\" needs `certificate`, the name of a certificate in master."),
                )
                .at("certificate"),
            );
        }
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Diagnostics> {
        reach::fill_server(context, &mut plan.planned.sql_server);
        plan.planned.contact = Field::Known(SETTLED.to_owned());
        let Some(seen) = reach::peek(context, &plan.planned.sql_server).await? else { return Ok(()) };
        match seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))? {
            None if plan.config.certificate.is_null() && plan.config.authentication.is_null() => {
                Err(needs_certificate(seen.server.name()).into())
            }
            None => Ok(()),
            Some(row) => {
                check_name(&plan.config.name, row)?;
                let change = change(row, &plan.config)?;
                if !change.is_empty() {
                    context.warn(restart_warning(&seen, row));
                }
                Ok(())
            }
        }
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { config, prior, planned, replace, .. } = plan;
        shared::plan_server(context, &prior.sql_server, &prior.server_name, &planned.sql_server, replace)
            .await?;
        if let (Some(wanted), Some(has)) = (config.name.as_str(), prior.name.as_str())
            && wanted != has
        {
            return Err(renamed(wanted, has).into());
        }
        // A switch whose links were not seen connected again is not done.
        planned.contact = Field::Known(SETTLED.to_owned());
        let Some(seen) = reach::peek(context, &prior.sql_server).await? else { return Ok(()) };
        if let Some(row) = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))?
            && !change(row, config)?.is_empty()
        {
            context.warn(restart_warning(&seen, row));
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<MirroringEndpoint>,
    ) -> Result<State<MirroringEndpoint, EndpointPrivate>, Failure<MirroringEndpoint, EndpointPrivate>> {
        let Create { config, planned } = request;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let found = seen.need(seen.snapshot.endpoint.clone())?;
        let (original, contact) = match &found {
            Some(row) => {
                check_name(&config.name, row)?;
                context.warn(shared::taken_over(&format!(
                    "the endpoint {} of {}",
                    row.name, seen.snapshot.facts.server_name
                )));
                let contact = alter(context, &seen, row, &config).await?;
                let original =
                    Original { connection_auth: row.connection_auth, certificate: row.certificate.clone() };
                (Some(original), contact)
            }
            None => {
                let statement = Statement::CreateEndpoint(new_endpoint(&config, seen.server.name())?);
                if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
                    && !failed.is_outcome_unknown()
                {
                    return Err(reach::statement_error(&seen.server, &statement, &failed).into());
                }
                (None, SETTLED)
            }
        };
        let seen = seen.again().await?;
        let row = seen.need(seen.snapshot.endpoint.clone())?.ok_or_else(|| not_there(&seen))?;
        let adopted = found.is_some();
        let mut model =
            MirroringEndpoint { adopted: Field::Known(adopted), contact: contact.into(), ..planned };
        model.server_name = Field::Known(seen.snapshot.facts.server_name.clone());
        fill_unknown(&mut model, &row);
        Ok(State { model, private: EndpointPrivate { original } })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<Option<State<MirroringEndpoint, EndpointPrivate>>, Diagnostics> {
        let State { mut model, private } = state;
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.endpoint.clone())? else {
            seen.prove_absence("a database mirroring endpoint")?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        let as_found = words(&row);
        model.name = as_found.name;
        model.port = as_found.port;
        model.listener_ip = as_found.listener_ip;
        model.certificate = as_found.certificate;
        model.authentication = as_found.authentication;
        model.encryption = as_found.encryption;
        model.encryption_algorithm = as_found.encryption_algorithm;
        model.role = as_found.role;
        model.state = as_found.state;
        if model.contact.is_null() {
            model.contact = SETTLED.into();
        }
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<State<MirroringEndpoint, EndpointPrivate>, Failure<MirroringEndpoint, EndpointPrivate>> {
        let Update { config, prior, planned, private } = request;
        let seen = reach::look(context, &planned.sql_server, &prior.server_name).await?;
        let row = seen.need(seen.snapshot.endpoint.clone())?.ok_or_else(|| not_there(&seen))?;
        let mut contact = alter(context, &seen, &row, &config).await?;
        if contact == SETTLED && prior.contact.as_str() == Some(PENDING) {
            contact = await_contact(context, &seen, &linked(&seen)?).await?;
        }
        if contact == PENDING {
            // Success would let Terraform go on and delete what the links still need.
            return Err(Diagnostic::error(
                "Links are not connected again",
                format!(
                    "The endpoint {} was switched to another certificate, and the links {} were not seen connected since.",
                    row.name,
                    linked(&seen)?.join(", ")
                ),
            )
            .hint("does the managed instance have the new certificate (milink_server_trust_certificate)? Apply again when it does")
            .at("certificate")
            .into());
        }
        let seen = seen.again().await?;
        let row = seen.need(seen.snapshot.endpoint.clone())?.ok_or_else(|| not_there(&seen))?;
        let mut model = MirroringEndpoint {
            server_name: prior.server_name,
            adopted: prior.adopted,
            contact: SETTLED.into(),
            ..planned
        };
        fill_unknown(&mut model, &row);
        Ok(State { model, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Failure<MirroringEndpoint, EndpointPrivate>> {
        let Delete { prior, private, .. } = request;
        let drop = prior.on_destroy.as_str() == Some("drop");
        if !drop && private.original.is_none() {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        let Some(row) = seen.need(seen.snapshot.endpoint.clone())? else { return Ok(()) };
        if !drop {
            return put_back(context, &seen, &row, private.original.as_ref()).await.map_err(Failure::from);
        }
        let groups = seen.need(seen.snapshot.groups.as_ref().map_err(Arc::clone))?;
        let uses = seen.server.endpoint_use().await.map_err(|error| {
            Diagnostics::from(reach::sql_error("ask who uses the endpoint of", &seen.server, &error))
        })?;
        if let Some(group) = groups.first() {
            let why = format!("the availability group {} needs it", group.name);
            let hint = "remove the group first (one that was taken over goes only with `on_destroy = \"drop\"`), or set `on_destroy = \"keep\"` here, apply, and destroy again";
            return Err(shared::in_use(&format!("the endpoint {}", row.name), &why, hint).into());
        }
        if uses.mirroring_sessions > 0 {
            let why = format!("{} database mirroring sessions need it", uses.mirroring_sessions);
            let hint = "end them first, or set `on_destroy = \"keep\"`, apply, and destroy again";
            return Err(shared::in_use(&format!("the endpoint {}", row.name), &why, hint).into());
        }
        let statement = Statement::DropEndpoint { name: identifier("the name of the endpoint", &row.name)? };
        match seen.server.execute(&statement, context.cancellation()).await {
            Ok(()) => Ok(()),
            Err(error) => match seen.again().await?.snapshot.endpoint {
                Ok(None) => Ok(()),
                _ => Err(reach::statement_error(&seen.server, &statement, &error).into()),
            },
        }
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<MirroringEndpointIdentity>,
    ) -> Result<State<MirroringEndpoint, EndpointPrivate>, Diagnostics> {
        let (sql_server, server_name) = match request {
            Import::Id(id) => (Field::Known(id), Field::Null),
            Import::Identity(identity) => (Field::Null, identity.server_name),
        };
        let model = MirroringEndpoint {
            sql_server,
            server_name,
            name: Field::Null,
            port: Field::Null,
            listener_ip: Field::Null,
            certificate: Field::Null,
            authentication: Field::Null,
            encryption: Field::Null,
            encryption_algorithm: Field::Null,
            role: Field::Null,
            state: Field::Null,
            allow_listener_restart: Field::Null,
            on_destroy: Field::Null,
            contact: SETTLED.into(),
            adopted: Field::Known(false),
        };
        Ok(State { model, private: EndpointPrivate::default() })
    }
}

fn check_name(wanted: &Field<String>, row: &EndpointRow) -> Result<(), Diagnostics> {
    match wanted.as_str() {
        Some(name) if name != row.name => Err(renamed(name, &row.name).into()),
        _ => Ok(()),
    }
}

fn renamed(wanted: &str, has: &str) -> Diagnostic {
    Diagnostic::error(
        "An endpoint cannot be renamed",
        format!("The instance has a database mirroring endpoint, {has}, and can have no second one named {wanted}."),
    )
    .hint(format!("write `name = \"{has}\"`, or leave `name` out"))
    .at("name")
}

fn needs_certificate(server: &str) -> Diagnostic {
    Diagnostic::error(
        "An endpoint without its certificate",
        format!("The SQL Server \"{server}\" has no database mirroring endpoint, and a new one needs `certificate`."),
    )
    .at("certificate")
}

fn not_there(seen: &Seen) -> Diagnostic {
    Diagnostic::error(
        "The endpoint is not there",
        format!("The SQL Server \"{}\" shows no database mirroring endpoint.", seen.server.name()),
    )
}
