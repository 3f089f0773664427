//! `milink_master_key`: the database master key of `master`.
//!
//! It protects the private key of the endpoint's certificate. There is one for each instance, and it may protect
//! things that nothing here can see (TDE certificates, other features), so an existing key is taken over untouched,
//! is never regenerated, and destroy leaves it unless told otherwise.
//!
//! The password is write-only. A raised `password_wo_version` *adds* the new password; the old one is dropped only
//! where its text is given (`previous_password_wo`), because SQL Server demands it and nothing here remembers it.

use std::sync::Arc;

use async_trait::async_trait;

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
use crate::resources::{reach, shared};
use crate::secret::Secret;
use crate::sql::Statement;

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

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct MasterKeyResource;

#[async_trait]
impl Resource<Clients> for MasterKeyResource {
    type Model = MasterKey;
    type Identity = MasterKeyIdentity;
    type Private = ();

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
        plan: &mut CreatePlan<MasterKey, ()>,
    ) -> Result<(), Diagnostics> {
        reach::fill_server(context, &mut plan.planned.sql_server);
        let Some(seen) = reach::peek(context, &plan.planned.sql_server).await? else { return Ok(()) };
        match &seen.snapshot.master_key {
            Ok(None) if plan.config.password_wo.is_null() => Err(needs_password(seen.server.name()).into()),
            _ => Ok(()),
        }
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<MasterKey, ()>,
    ) -> Result<(), Diagnostics> {
        shared::plan_server(
            context,
            &plan.prior.sql_server,
            &plan.prior.server_name,
            &plan.planned.sql_server,
            &mut plan.replace,
        )
        .await
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<MasterKey>,
    ) -> Result<State<MasterKey, ()>, Failure<MasterKey, ()>> {
        let Create { config, planned } = request;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let found = seen.need(seen.snapshot.master_key.clone())?;
        let seen = match found {
            Some(_) => {
                context.warn(shared::taken_over(&format!(
                    "the master key of {}",
                    seen.snapshot.facts.server_name
                )));
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
        Ok(State { model, private: () })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<MasterKey, ()>,
    ) -> Result<Option<State<MasterKey, ()>>, Diagnostics> {
        let State { mut model, private } = state;
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.master_key.clone())? else {
            seen.prove_absence("the master key of master")?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        model.encrypted_by_service_master_key = Field::Known(row.encrypted_by_service_master_key);
        if model.adopted.is_null() {
            model.adopted = Field::Known(false);
        }
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<MasterKey, ()>,
    ) -> Result<State<MasterKey, ()>, Failure<MasterKey, ()>> {
        let Update { config, prior, planned, .. } = request;
        let seen = reach::look(context, &planned.sql_server, &prior.server_name).await?;
        if prior.password_wo_version.known() != planned.password_wo_version.known()
            && planned.password_wo_version.known().is_some()
            && let Some(new) = password(&config.password_wo)
        {
            seen.execute(context, &Statement::AddMasterKeyPassword { password: new }).await?;
            match password(&config.previous_password_wo) {
                Some(password) => {
                    seen.execute(context, &Statement::DropMasterKeyPassword { password }).await?;
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
        if planned.encrypted_by_service_master_key.known() == Some(&true)
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
        Ok(State { model, private: () })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<MasterKey, ()>,
    ) -> Result<(), Failure<MasterKey, ()>> {
        let prior = request.prior;
        // There is one for each instance and others may need it, so nothing short of the word drops it.
        if prior.on_destroy.as_str() != Some("drop") {
            return Ok(());
        }
        let seen = reach::look(context, &prior.sql_server, &prior.server_name).await?;
        if seen.need(seen.snapshot.master_key.clone())?.is_none() {
            return Ok(());
        }
        let certificates = seen.need(seen.snapshot.certificates.as_ref().map_err(Arc::clone))?;
        let under: Vec<&str> =
            certificates.iter().filter(|row| row.private_key == "MK").map(|row| row.name.as_str()).collect();
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
    ) -> Result<State<MasterKey, ()>, Diagnostics> {
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
            adopted: Field::Known(false),
        };
        Ok(State { model, private: () })
    }
}

fn password(field: &Field<String>) -> Option<Secret> {
    field.as_str().map(Secret::new)
}

fn known_or(planned: Field<bool>, actual: bool) -> Field<bool> {
    if planned.is_unknown() { Field::Known(actual) } else { planned }
}

fn needs_password(server: &str) -> Diagnostic {
    Diagnostic::error(
        "A master key needs a password",
        format!("The database master of the SQL Server \"{server}\" has no master key, and a new one is created with `password_wo`."),
    )
    .at("password_wo")
}

fn not_visible(server: &str) -> Diagnostic {
    Diagnostic::error(
        "The master key is not visible",
        format!("The SQL Server \"{server}\" does not show the master key of master after it was created."),
    )
    .hint("GRANT VIEW ANY DEFINITION to the login")
}
