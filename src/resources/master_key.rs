//! `milink_master_key`: the database master key of `master`.
//!
//! It protects the private key of the endpoint's certificate. There is one for each instance, and it may protect
//! things that nothing here can see (TDE certificates, other features), so an existing key is taken over untouched,
//! is never regenerated, and destroy leaves it unless told otherwise.
//!
//! The password is write-only. A raised `password_wo_version` *adds* the new password; the old one is dropped only
//! where its text is given (`previous_password_wo`), because SQL Server demands it and nothing here remembers it.

mod refusal;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::framework::checks::not_empty;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema};
use crate::model;
use crate::provider::Clients;
use crate::resources::certificate::removal::glance;
use crate::resources::{reach, shared};
use crate::secret::Secret;
use crate::sql::Statement;

use refusal::{can_repair, keys_under, needs_new_password, needs_password, not_visible, raised};

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
        "Raise it to add the password in `password_wo` to an existing key. The first version that is written (at creation, or \
         after an import) is only remembered, and so is a lower one.",
    ))
    .attribute(
        Attribute::string("previous_password_wo").optional().sensitive().write_only().check(not_empty).describe(
            "The password that a raised `password_wo_version` replaces. Without it both passwords open the key afterwards, which \
             a warning says.",
        ),
    )
    .attribute(Attribute::bool("encrypted_by_service_master_key").optional().computed().stable().describe(
        "Whether SQL Server opens the key by itself after a start. Only reported unless it is written: `true` adds the \
         encryption by the service master key, with `password_wo`. It is never taken away.",
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
    if let (Some(new), Some(previous)) = (config.password_wo.as_str(), config.previous_password_wo.as_str())
        && new == previous
    {
        report.push(
            Diagnostic::error(
                "A password that would replace itself",
                "The previous_password_wo of a master key is dropped after password_wo was added, and both are the same.",
            )
            .at("previous_password_wo"),
        );
    }
    if config.encrypted_by_service_master_key.known() == Some(&false) {
        report.push(
            Diagnostic::error(
                "The service master key is not taken away",
                "Without it SQL Server opens the endpoint's private key only after somebody has given the password, so this resource \
                 adds the encryption by the service master key and never removes it.",
            )
            .hint("leave `encrypted_by_service_master_key` out to have it reported as it is")
            .at("encrypted_by_service_master_key"),
        );
    }
}

/// What is remembered beside the state.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct MasterKeyPrivate {
    /// The version whose password was added while the one before could not be dropped: the next try must not add it again.
    #[serde(default)]
    added: Option<i64>,
}

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct MasterKeyResource;

#[async_trait]
impl Resource<Clients> for MasterKeyResource {
    type Model = MasterKey;
    type Identity = MasterKeyIdentity;
    type Private = MasterKeyPrivate;

    const TYPE_NAME: &'static str = "milink_master_key";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        identity_schema()
    }

    fn identity(model: &MasterKey) -> Option<MasterKeyIdentity> {
        model.server_name.known().map(|_| MasterKeyIdentity { server_name: model.server_name.clone() })
    }

    fn validate(&self, config: &MasterKey, report: &mut Diagnostics) {
        validate(config, report);
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<MasterKey, MasterKeyPrivate>,
    ) -> Result<(), Diagnostics> {
        reach::settle_server(context, &plan.config.sql_server, &mut plan.planned.sql_server)?;
        let Some(seen) = reach::peek(context, &plan.planned.sql_server).await? else { return Ok(()) };
        let server_name = &seen.snapshot.facts.server_name;
        let managed = context.client().is_some_and(|clients| clients.is_managed(server_name, KEY));
        match &seen.snapshot.master_key {
            Ok(None) if plan.config.password_wo.is_null() => Err(needs_password(seen.server.name()).into()),
            Ok(Some(row)) => {
                if plan.replaced.is_none() && !managed {
                    context.warn(taken_over(server_name));
                }
                can_repair(&plan.config, row.encrypted_by_service_master_key, &seen)
            }
            _ => Ok(()),
        }
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<MasterKey, MasterKeyPrivate>,
    ) -> Result<(), Diagnostics> {
        shared::plan_server(
            context,
            &plan.prior.sql_server,
            &plan.prior.server_name,
            &plan.planned.sql_server,
            &mut plan.replace,
        )
        .await?;
        let (prior, planned) = (&plan.prior.password_wo_version, &plan.planned.password_wo_version);
        let place = plan.prior.server_name.as_str().unwrap_or_default();
        if raised(prior, planned).is_some() && plan.config.password_wo.is_null() {
            return Err(needs_new_password().into());
        }
        match (prior, planned) {
            (Field::Null, Field::Known(version)) => context.warn(
                Diagnostic::warning(
                    "A version is only remembered",
                    format!("The master key of {place} stays as it is: version {version} is where counting begins."),
                )
                .hint("raise it to add the password in `password_wo`")
                .at("password_wo_version"),
            ),
            (Field::Known(before), Field::Known(after)) if after < before => context.warn(
                Diagnostic::warning(
                    "A version is only remembered",
                    format!("The master key of {place} stays as it is: version {after} is lower than {before}."),
                )
                .at("password_wo_version"),
            ),
            _ => {}
        }
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<MasterKey, MasterKeyPrivate>,
    ) -> Result<(), Diagnostics> {
        let model = &prior.model;
        let what = format!("the master key of {}", model.server_name.as_str().unwrap_or_default());
        if model.on_destroy.as_str() != Some("drop") {
            return Ok(());
        }
        let Some(seen) = glance(context, &model.sql_server, &model.server_name, &what).await else {
            return Ok(());
        };
        if !matches!(seen.snapshot.master_key, Ok(Some(_))) {
            return Ok(());
        }
        seen.prove_sight(&what)?;
        // Certificates of the same run go first, and which those are cannot be told here, so this is no error yet.
        let under = keys_under(&seen)?;
        let cost = if under.is_empty() {
            "no certificate's private key is under it".to_owned()
        } else {
            format!(
                "while one of the private keys of {} is left under it the apply refuses",
                under.join(", ")
            )
        };
        context.warn(shared::dropped(&what, &cost));
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<MasterKey>,
    ) -> Result<State<MasterKey, MasterKeyPrivate>, Failure<MasterKey, MasterKeyPrivate>> {
        let Create { config, planned } = request;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let found = seen.need(seen.snapshot.master_key.clone())?;
        let seen = match found {
            Some(_) => {
                context.warn(taken_over(&seen.snapshot.facts.server_name));
                seen
            }
            None => {
                let password =
                    password(&config.password_wo).ok_or_else(|| needs_password(seen.server.name()))?;
                seen.execute(context, &Statement::CreateMasterKey { password }).await?;
                seen.again().await?
            }
        };
        let mut row =
            seen.need(seen.snapshot.master_key.clone())?.ok_or_else(|| not_visible(seen.server.name()))?;
        if config.encrypted_by_service_master_key.known() == Some(&true)
            && !row.encrypted_by_service_master_key
        {
            let password = password(&config.password_wo).ok_or_else(|| needs_password(seen.server.name()))?;
            seen.execute(context, &Statement::AddServiceMasterKey { password }).await?;
            row.encrypted_by_service_master_key = true;
        }
        let model = MasterKey {
            server_name: Field::Known(seen.snapshot.facts.server_name.clone()),
            encrypted_by_service_master_key: known_or(
                planned.encrypted_by_service_master_key,
                row.encrypted_by_service_master_key,
            ),
            adopted: Field::Known(found.is_some()),
            ..planned
        };
        Ok(State { model, private: MasterKeyPrivate::default() })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<MasterKey, MasterKeyPrivate>,
    ) -> Result<Option<State<MasterKey, MasterKeyPrivate>>, Diagnostics> {
        let State { mut model, private } = state;
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.master_key.clone())? else {
            seen.prove_absence("the master key of master")?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        if let Some(clients) = context.client() {
            clients.manage(&seen.snapshot.facts.server_name, KEY);
        }
        model.encrypted_by_service_master_key = Field::Known(row.encrypted_by_service_master_key);
        if model.adopted.is_null() {
            model.adopted = Field::Known(true);
        }
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<MasterKey, MasterKeyPrivate>,
    ) -> Result<State<MasterKey, MasterKeyPrivate>, Failure<MasterKey, MasterKeyPrivate>> {
        let Update { config, prior, planned, mut private } = request;
        let seen = reach::look(context, &planned.sql_server, &prior.server_name).await?;
        if let Some(version) = raised(&prior.password_wo_version, &planned.password_wo_version) {
            if private.added != Some(version) {
                let password = password(&config.password_wo).ok_or_else(needs_new_password)?;
                seen.execute(context, &Statement::AddMasterKeyPassword { password }).await?;
            }
            private.added = None;
            match password(&config.previous_password_wo) {
                Some(password) => {
                    let dropped = seen.execute(context, &Statement::DropMasterKeyPassword { password }).await;
                    if let Err(diagnostics) = dropped {
                        let private = MasterKeyPrivate { added: Some(version) };
                        return Err(Failure { diagnostics, state: Some(State { model: prior, private }) });
                    }
                }
                None => context.warn(
                    Diagnostic::warning(
                        "Two passwords open the master key",
                        format!("The master key of {} has the new password and the one before.", seen.snapshot.facts.server_name),
                    )
                    .hint("give the old one as `previous_password_wo` when the version is raised, and it is dropped"),
                ),
            }
        }
        let row =
            seen.need(seen.snapshot.master_key.clone())?.ok_or_else(|| not_visible(seen.server.name()))?;
        // As written: what is only remembered from the last read is no order to repair it.
        if config.encrypted_by_service_master_key.known() == Some(&true)
            && !row.encrypted_by_service_master_key
        {
            let password = password(&config.password_wo).ok_or_else(|| needs_password(seen.server.name()))?;
            seen.execute(context, &Statement::AddServiceMasterKey { password }).await?;
        }
        let model = MasterKey {
            server_name: prior.server_name,
            adopted: prior.adopted,
            encrypted_by_service_master_key: known_or(
                planned.encrypted_by_service_master_key,
                row.encrypted_by_service_master_key,
            ),
            ..planned
        };
        Ok(State { model, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<MasterKey, MasterKeyPrivate>,
    ) -> Result<(), Failure<MasterKey, MasterKeyPrivate>> {
        let prior = request.prior;
        // There is one for each instance and others may need it, so nothing short of the word drops it.
        if prior.on_destroy.as_str() != Some("drop") {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        if seen.need(seen.snapshot.master_key.clone())?.is_none() {
            return Ok(());
        }
        seen.prove_sight(&format!("the master key of {}", seen.snapshot.facts.server_name))?;
        let under = keys_under(&seen)?;
        if !under.is_empty() {
            return Err(shared::in_use(
                &format!("the master key of {}", seen.snapshot.facts.server_name),
                &format!("it protects the private keys of {}", under.join(", ")),
                "set `on_destroy = \"keep\"`, apply, and destroy again",
            )
            .into());
        }
        seen.execute(context, &Statement::DropMasterKey).await?;
        Ok(())
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<MasterKeyIdentity>,
    ) -> Result<State<MasterKey, MasterKeyPrivate>, Diagnostics> {
        let (sql_server, server_name) = match request {
            Import::Id(id) => (Field::Known(id), Field::Null),
            Import::Identity(identity) => (Field::Null, identity.server_name),
        };
        let model = MasterKey {
            sql_server,
            server_name,
            password_wo: Field::Null,
            password_wo_version: Field::Null,
            previous_password_wo: Field::Null,
            encrypted_by_service_master_key: Field::Null,
            on_destroy: Field::Null,
            // Nobody here made it.
            adopted: Field::Known(true),
        };
        Ok(State { model, private: MasterKeyPrivate::default() })
    }
}

/// What the key is called among the objects of a server.
const KEY: &str = "master key";

fn taken_over(server_name: &str) -> Diagnostic {
    shared::taken_over(&format!("the master key of {server_name}"))
}

fn password(field: &Field<String>) -> Option<Secret> {
    field.as_str().map(Secret::new)
}

fn known_or(planned: Field<bool>, actual: bool) -> Field<bool> {
    if planned.is_unknown() { Field::Known(actual) } else { planned }
}
