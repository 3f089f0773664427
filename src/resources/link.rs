//! `milink_link`: the distributed availability group on SQL Server and the link in Azure, one object with two halves.
//!
//! It is gone only when both halves are; what a missing half means is decided in `observe`, never assumed, and nothing
//! is ever re-linked silently. A link is never replaced by accident either: after a delete the copy on the instance
//! stays, and a new link of that database cannot be made while it is there. So a replacement is refused in the plan, and
//! where Terraform gives no plan to refuse it in (`taint`), in the delete; `reseed = true` is the consent.
//!
//! Once Azure has accepted the link, create never fails: a failed create is tainted by Terraform and replaced next
//! time, which would throw a seeding of days away. What goes wrong afterwards ends in success with the true state,
//! `complete = false` and a warning, and the next plan goes on.

pub(super) mod establish;
mod halves;
mod mode;
mod observe;
mod remove;
mod settle;
mod trust;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::arm::{LinkId, ManagedInstanceId};
use crate::framework::checks::{not_empty, one_of, some_elements};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Removal, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema, Timeouts};
use crate::framework::types::Type;
use crate::framework::value::Value;
use crate::model;
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Remembered};
use crate::resources::server_trust_certificate::ArmIdentity;
use crate::resources::{reach, shared};
use crate::sql::quote::EndpointUrl;

model! {
    /// State of a link.
    #[derive(Default)]
    pub struct Link {
        /// ARM id.
        pub id: Field<String>,
        /// Its name, on both sides.
        pub name: Field<String>,
        /// The instance's ARM id.
        pub managed_instance_id: Field<String>,
        /// The provider's blocks.
        pub sql_servers: Field<Vec<String>>,
        /// The group on SQL Server.
        pub availability_group_name: Field<String>,
        /// The group on the instance.
        pub instance_availability_group_name: Field<String>,
        /// Where the instance reaches SQL Server.
        pub partner_endpoint: Field<String>,
        /// Its databases.
        pub databases: Field<BTreeSet<String>>,
        /// `sql_server` or `managed_instance`.
        pub initial_primary: Field<String>,
        /// `Async` or `Sync`.
        pub replication_mode: Field<String>,
        /// `None` or `Manual`.
        pub failover_mode: Field<String>,
        /// `Automatic` or `Manual`.
        pub seeding_mode: Field<String>,
        /// Refuses a destroy.
        pub deletion_protection: Field<bool>,
        /// `detach`, `discard` or `abandon`.
        pub on_destroy: Field<String>,
        /// Consent to a replacement.
        pub reseed: Field<bool>,
        /// FQDN of the instance.
        pub fully_qualified_domain_name: Field<String>,
        /// Id of the distributed group in Azure.
        pub distributed_availability_group_id: Field<String>,
        /// Minted at each creation.
        pub link_generation: Field<String>,
        /// `sql_server` or `managed_instance`.
        pub observed_primary: Field<String>,
        /// `established`, `incomplete`, `cut_over` or `broken`.
        pub status: Field<String>,
        /// Whether both halves exist and have met.
        pub complete: Field<bool>,
        /// Whether it was there already.
        pub adopted: Field<bool>,
    }
}

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkPrivate {
    /// Whether Azure accepted the link, or may have: from then on it is waited for before it is asked for again.
    accepted: bool,
    /// Whether the two sides were ever seen in contact.
    contacted: bool,
    /// Whether the link was seen to have ended elsewhere while its database lives on. It stays so whatever becomes of the
    /// database: a migrated one must never be seeded over.
    cut_over: bool,
    /// Who was primary when the commit mode was last written.
    mode_written_under: Option<String>,
    /// Whether another side was primary since: the service has put the mode back then, which is no drift.
    roles_moved: bool,
    /// Whether the declared mode waits until the link replicates.
    mode_pending: bool,
    /// `reseed`, as last applied. The plan of a replacement sees nothing else of the object that it replaces.
    reseed: bool,
    /// `deletion_protection`, as last applied.
    protected: bool,
    /// Who was met on SQL Server's side: another server under the same name would call everything gone.
    servers: Remembered,
}

impl LinkPrivate {
    /// Keeps what the plan of a replacement has to know.
    fn remember(&mut self, model: &Link) {
        self.reseed = model.reseed.known() == Some(&true);
        self.protected = model.deletion_protection.known() == Some(&true);
    }
}

/// Both halves are there and have met.
pub(super) const ESTABLISHED: &str = "established";
/// Being made; the next apply goes on.
pub(super) const INCOMPLETE: &str = "incomplete";
/// The link ended elsewhere, and its database lives on the instance.
pub(super) const CUT_OVER: &str = "cut_over";
/// It does not work and will not by itself.
pub(super) const BROKEN: &str = "broken";
/// Under which links are remembered that this process read from the state.
const STATE: &str = "links in the state";
/// Under which links are remembered that this process found to be gone on both sides.
pub(super) const GONE: &str = "links that are gone";
/// SQL Server is primary.
pub(super) const SQL_SERVER: &str = "sql_server";
/// The instance is primary.
pub(super) const MANAGED_INSTANCE: &str = "managed_instance";

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct LinkResource;

fn schema() -> Schema {
    Schema::new(
        "The Managed Instance link: a distributed availability group on SQL Server and its counterpart in Azure. It replicates \
         databases in near real time. The apply returns when both sides are in contact, not when the seeding has ended: see \
         `milink_link_synchronization`.\n\nA failover or cutover made elsewhere is observed (`observed_primary`, `status`), never undone.",
    )
    .attribute(Attribute::string("id").computed().stable().describe("ARM id of the link."))
    .attribute(Attribute::string("name").required().replaces_when_known().check(link_name).describe(
        "Its name: the distributed availability group's, on both sides.",
    ))
    .attribute(
        Attribute::string("managed_instance_id")
            .required()
            .replaces_when_known()
            .same(shared::same_arm_id)
            .check(shared::is_managed_instance_id)
            .describe("ARM id of the managed instance."),
    )
    .attribute(shared::sql_servers())
    .attribute(Attribute::string("availability_group_name").required().replaces_when_known().check(not_empty).describe(
        "The availability group on SQL Server.",
    ))
    .attribute(Attribute::string("instance_availability_group_name").required().replaces_when_known().check(not_empty).describe(
        "Name of the group that the instance makes; unique there.",
    ))
    .attribute(
        Attribute::string("partner_endpoint").required().replaces_when_known().same(same_endpoint).check(endpoint).describe(
            "Where the instance reaches SQL Server's mirroring endpoint: `TCP://10.0.0.4:5022`. For a group of several nodes the \
             listener's address with the port of the mirroring endpoint.",
        ),
    )
    .attribute(
        Attribute::new("databases", Type::set(Type::String)).required().replaces_when_known().check(some_elements).check(one_database).describe(
            "Its database. (Links of several databases are a preview that is not supported yet.)",
        ),
    )
    .attribute(
        Attribute::string("initial_primary").optional().check(|value| one_of(value, &[SQL_SERVER, MANAGED_INSTANCE])).describe(
            "Who is primary at first: `sql_server` (default) or `managed_instance` (needs SQL Server 2022 or later and a matching \
             update policy, and an empty availability group). Counts for the creation alone, a later change plans nothing; see \
             `observed_primary`.",
        ),
    )
    .attribute(
        Attribute::string("replication_mode").optional().computed().stable().check(|value| one_of(value, &["Async", "Sync"])).describe(
            "Commit mode: `Async` (how every link begins) or `Sync`: then each commit on the primary waits for the other side. `Sync` on a \
             new link is set by the first apply after its seeding. A failover puts the mode back to `Async`, which is no drift.",
        ),
    )
    .attribute(
        Attribute::string("failover_mode").optional().computed().stable().replaces_when_known().check(|value| one_of(value, &["None", "Manual"])).describe(
            "`None` or `Manual` (a link that can be failed over and back); the service's default where it is left out.",
        ),
    )
    .attribute(
        Attribute::string("seeding_mode").replaces().check(seeding).default_string("Automatic").describe(
            "`Automatic` (default). Azure knows `Manual` too, for which no procedure is documented; it is refused.",
        ),
    )
    .attribute(Attribute::bool("deletion_protection").default_bool(true).describe(
        "Whether a plan that would remove or replace the link is refused. A destroy heeds what was last *applied*.",
    ))
    .attribute(
        Attribute::string("on_destroy").optional().check(|value| one_of(value, &["detach", "discard", "abandon"])).describe(
            "`detach` ends the replication: the primary is untouched, the copy on the instance becomes an independent database. `discard` \
             detaches and deletes the copy on the instance. `abandon` only forgets. Default: `detach` for a link that was made here, \
             `abandon` for one that was found.",
        ),
    )
    .attribute(Attribute::bool("reseed").default_bool(false).describe(
        "Consent to a replacement: the link is deleted, the copy on the instance is deleted, and the database is seeded anew, all of \
         its bytes.",
    ))
    .attribute(Attribute::string("fully_qualified_domain_name").computed().stable().describe("FQDN of the instance."))
    .attribute(Attribute::string("distributed_availability_group_id").computed().stable().describe("Id of the distributed group in Azure."))
    .attribute(Attribute::string("link_generation").computed().stable().describe(
        "A token that is new whenever the link is made: what waits for a link or was made for it refers to this.",
    ))
    .attribute(Attribute::string("observed_primary").computed().stable().describe("Who is primary: `sql_server` or `managed_instance`."))
    .attribute(Attribute::string("status").computed().stable().describe(
        "`established`, `incomplete` (the next apply goes on), `cut_over` (the link ended elsewhere and its database lives on the \
         instance) or `broken` (see the warnings of the plan).",
    ))
    .attribute(Attribute::bool("complete").computed().stable().describe("Whether both halves exist and have been in contact."))
    .attribute(shared::adopted())
    .timeouts(Timeouts {
        create: Some(Duration::from_secs(60 * 60)),
        update: Some(Duration::from_secs(60 * 60)),
        delete: Some(Duration::from_secs(60 * 60)),
        read: None,
    })
}

#[async_trait]
impl Resource<Clients> for LinkResource {
    type Model = Link;
    type Identity = ArmIdentity;
    type Private = LinkPrivate;

    const TYPE_NAME: &'static str = "milink_link";

    fn schema() -> Schema {
        schema()
    }

    fn identity_schema() -> IdentitySchema {
        IdentitySchema::new().required("id", "ARM id of the link")
    }

    fn identity(model: &Link) -> Option<ArmIdentity> {
        model.id.known().map(|_| ArmIdentity { id: model.id.clone() })
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<Link, LinkPrivate>,
    ) -> Result<(), Diagnostics> {
        let planned = &mut plan.planned;
        reach::settle_servers(context, &plan.config.sql_servers, &mut planned.sql_servers)?;
        let name = planned.name.as_str().unwrap_or_default().to_owned();
        let instance = planned.managed_instance_id.as_str().and_then(|id| ManagedInstanceId::parse(id).ok());
        if let (Some(instance), false) = (instance, name.is_empty()) {
            planned.id = Field::Known(LinkId { instance, name: name.clone() }.to_string());
        }
        let remembered = |kind: &str| {
            let id = planned.id.as_str().map(str::to_lowercase);
            id.is_some_and(|id| context.client().is_some_and(|clients| clients.is_held(kind, &id)))
        };
        // A taint looks like the making of a new object; but its link was read from the state a moment ago.
        if plan.replaced.is_some() || remembered(STATE) {
            let consents = match &plan.replaced {
                Some(old) => old.reseed && planned.reseed.known() == Some(&true),
                None => planned.reseed.known() == Some(&true),
            };
            if !consents {
                return Err(
                    refused_replacement(&name, "it is tainted or the plan asks for a replacement").into()
                );
            }
            let protected = match &plan.replaced {
                Some(old) => old.protected,
                None => planned.deletion_protection.known() == Some(&true),
            };
            if protected {
                return Err(protected_link(&name).into());
            }
            context.warn(remove::announce_reseed(context, planned).await);
        } else if remembered(GONE) {
            context.warn(
                Diagnostic::warning(
                    "A link that is gone is made anew",
                    format!(
                        "The link {name} stands in the state, but both its halves are gone. It would be made again, and all data of its \
                         databases seeded."
                    ),
                )
                .hint("if somebody removed it on purpose, remove it from the configuration"),
            );
        }
        if planned.replication_mode.is_unknown() {
            planned.replication_mode = mode::ASYNC.into();
        }
        observe::before_create(context, planned).await
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<Link, LinkPrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { prior, planned, replace, private, .. } = plan;
        let name = prior.name.as_str().unwrap_or_default();
        if !replace.is_empty() {
            let paths: Vec<String> = replace.iter().map(ToString::to_string).collect();
            // The delete heeds what was last applied, so a consent that comes with the change is none.
            if prior.reseed.known() != Some(&true) {
                let cause = format!("{} changed", paths.join(" and "));
                let refusal = if private.contacted {
                    refused_replacement(name, &cause)
                } else {
                    refused_correction(name, &cause)
                };
                return Err(match replace.first() {
                    Some(path) => refusal.at(path.clone()),
                    None => refusal,
                }
                .into());
            }
            if prior.deletion_protection.known() == Some(&true) {
                return Err(protected_link(name).into());
            }
            context.warn(remove::announce_reseed(context, prior).await);
            return Ok(());
        }
        if planned.reseed.known() == Some(&true) {
            // Terraform shows no warning of the second plan of a replacement, so this one has to stand in every plan.
            context.warn(remove::announce_consent(context, prior).await);
        }
        // It counted when the link was made.
        if prior.initial_primary.as_str() != planned.initial_primary.as_str() {
            planned.initial_primary = prior.initial_primary.clone();
        }
        if prior.sql_servers.known() != planned.sql_servers.known() && planned.sql_servers.known().is_some() {
            let nodes = Nodes::peek(context, &planned.sql_servers, &Remembered::default()).await?;
            observe::follows_its_servers(&nodes, prior, &id(prior)?)?;
        }
        if prior.status.as_str() == Some(INCOMPLETE) {
            planned.status = Field::Unknown;
            planned.complete = Field::Unknown;
            planned.observed_primary = Field::Unknown;
            planned.distributed_availability_group_id = Field::Unknown;
        }
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<Link, LinkPrivate>,
    ) -> Result<(), Diagnostics> {
        remove::check(&prior.model)?;
        context.warn(remove::announce(context, &prior.model).await);
        Ok(())
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<Link>,
    ) -> Result<State<Link, LinkPrivate>, Failure<Link, LinkPrivate>> {
        establish::run(context, request.planned, LinkPrivate::default()).await.map_err(Failure::from)
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<Link, LinkPrivate>,
    ) -> Result<Option<State<Link, LinkPrivate>>, Diagnostics> {
        let answer = observe::read(context, state).await?;
        if let Some(State { model, .. }) = &answer
            && let (Some(clients), Some(id)) = (context.client(), model.id.as_str())
        {
            clients.hold(STATE, &id.to_lowercase());
        }
        Ok(answer)
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<Link, LinkPrivate>,
    ) -> Result<State<Link, LinkPrivate>, Failure<Link, LinkPrivate>> {
        let Update { prior, mut planned, mut private, .. } = request;
        if prior.status.as_str() == Some(INCOMPLETE) {
            planned.link_generation = prior.link_generation;
            planned.adopted = prior.adopted;
            return establish::run(context, planned, private).await.map_err(Failure::from);
        }
        if prior.sql_servers.known() != planned.sql_servers.known() {
            let local = prior.availability_group_name.as_str().unwrap_or_default();
            let nodes = Nodes::look(context, &planned.sql_servers, &Remembered::default(), local).await?;
            observe::follows_its_servers(&nodes, &prior, &id(&prior)?)?;
            private.servers = nodes.remember(&Remembered::default(), local);
        }
        if planned.replication_mode.as_str() != prior.replication_mode.as_str()
            && let Some(mode) = planned.replication_mode.as_str()
        {
            mode::set(context, &planned, &private.servers, mode).await?;
            private.mode_written_under = prior.observed_primary.as_str().map(str::to_owned);
            private.roles_moved = false;
            private.mode_pending = false;
        }
        private.remember(&planned);
        Ok(State { model: planned, private })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<Link, LinkPrivate>,
    ) -> Result<(), Failure<Link, LinkPrivate>> {
        let Delete { prior, private, removal } = request;
        let name = prior.name.as_str().unwrap_or_default();
        let id = prior.id.as_str().unwrap_or_default();
        if context.client().is_some_and(|clients| clients.is_held("azure", &id.to_lowercase())) {
            // `create_before_destroy`: the new object is this very link, taken over a moment ago.
            context.warn(Diagnostic::warning(
                "A link was not removed",
                format!(
                    "The link {name} was taken over by its own successor in this run, so nothing was removed."
                ),
            ));
            return Ok(());
        }
        let reseeds = prior.reseed.known() == Some(&true);
        if removal == Removal::Replacement && !reseeds {
            return Err(refused_replacement(name, "it is tainted or to be replaced").into());
        }
        remove::check(&prior)?;
        remove::run(context, &prior, &private.servers, removal == Removal::Replacement && reseeds)
            .await
            .map_err(Failure::from)
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        request: Import<ArmIdentity>,
    ) -> Result<State<Link, LinkPrivate>, Diagnostics> {
        let (servers, id) = match request {
            // `<sql_server>[,<sql_server>…],<ARM id>`: the servers may be left out.
            Import::Id(id) => match id.split_once(",/") {
                Some((servers, id)) => {
                    let servers = servers.split(',').map(|name| name.trim().to_owned()).collect();
                    (Field::Known(servers), format!("/{id}"))
                }
                None => (Field::Null, id),
            },
            Import::Identity(identity) => (Field::Null, identity.id.into_known_value().unwrap_or_default()),
        };
        let parsed = LinkId::parse(&id).map_err(|error| {
            Diagnostic::error("An import id that is not one", format!("The id \"{id}\" {error}."))
                .hint("it has the form <sql_server>,<ARM id of the link>; the first part may be left out")
        })?;
        let model = Link {
            id: Field::Known(parsed.to_string()),
            name: Field::Known(parsed.name),
            managed_instance_id: Field::Known(parsed.instance.to_string()),
            sql_servers: servers,
            deletion_protection: Field::Known(true),
            reseed: Field::Known(false),
            link_generation: Field::Known(uuid::Uuid::new_v4().to_string()),
            adopted: Field::Known(true),
            ..Link::default()
        };
        let private = LinkPrivate { accepted: true, contacted: true, ..LinkPrivate::default() };
        Ok(State { model, private })
    }
}

/// The link's id, from its arguments.
fn id(model: &Link) -> Result<LinkId, Diagnostics> {
    let instance = ManagedInstanceId::parse(model.managed_instance_id.as_str().unwrap_or_default()).map_err(
        |error| {
            Diagnostic::error("An id that is not one", format!("The id {error}.")).at("managed_instance_id")
        },
    )?;
    Ok(LinkId { instance, name: model.name.as_str().unwrap_or_default().to_owned() })
}

fn refused_replacement(name: &str, cause: &str) -> Diagnostic {
    Diagnostic::error(
        "A link is not replaced",
        format!(
            "The link {name} would be replaced, because {cause}. That ends the replication and seeds everything anew, and the copy on the \
             instance is in the way of a new link."
        ),
    )
    .hint(
        "undo the change, or `terraform untaint milink_link.<name>`; to repair a link that works, nothing has to be replaced; to seed anew on purpose set \
         `reseed = true` and apply that first",
    )
}

/// A link that never came into contact has copied nothing: there is nothing to lose, but nothing to change either.
fn refused_correction(name: &str, cause: &str) -> Diagnostic {
    Diagnostic::error(
        "A link is not replaced",
        format!("The link {name} would be replaced, because {cause}. It was never in contact, so nothing was seeded yet."),
    )
    .hint("destroy it (with `deletion_protection = false` applied) and create it again as it should be")
}

fn protected_link(name: &str) -> Diagnostic {
    Diagnostic::error(
        "The link is protected",
        format!("The link {name} has `deletion_protection = true`, as last applied."),
    )
    .hint("set `deletion_protection = false`, apply, and destroy again")
    .at("deletion_protection")
}

fn seeding(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text == "Manual" => {
            Err("must be Automatic: no document says how a link to a managed instance is seeded by hand"
                .to_owned())
        }
        value => one_of(value, &["Automatic"]),
    }
}

fn link_name(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Value::String(text) if text.encode_utf16().count() > 128 => {
            Err("must not be longer than 128 characters".to_owned())
        }
        Value::String(text) if text.chars().any(|c| c.is_control() || "<>*%&\\:?#/".contains(c)) => {
            Err("must not contain any of < > * % & \\ : ? # /".to_owned())
        }
        _ => Ok(()),
    }
}

fn one_database(value: &Value) -> Result<(), String> {
    match value {
        Value::Set(items) | Value::List(items) if items.len() > 1 => {
            Err("must be one database: a link of several is a preview that is not supported yet; make a link for each".to_owned())
        }
        _ => Ok(()),
    }
}

fn endpoint(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => {
            EndpointUrl::parse(text).map(drop).map_err(|error| format!("must be usable: {error}"))
        }
        _ => Ok(()),
    }
}

fn same_endpoint(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            EndpointUrl::parse(left).is_ok_and(|url| url.same(right))
        }
        _ => false,
    }
}
