//! `milink_link_synchronization`: a gate that waits until a link is seeded or synchronized.
//!
//! It is passed once for each making of the link (`link_generation`), and what happens to the link later is no concern
//! of it: a gate that failed whenever a network was down would stop unrelated applies. It fails without tainting the
//! link, which is another resource.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::arm::LinkId;
use crate::arm::link::LinkDatabase;
use crate::framework::checks::{not_empty, one_of};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{Create, Delete, Failure, Import, Resource, State, Update};
use crate::framework::schema::{Attribute, IdentitySchema, Schema, Timeouts};
use crate::framework::value::Value;
use crate::model;
use crate::provider::Clients;
use crate::resources::link::establish::APPEAR;
use crate::resources::{reach, shared};

model! {
    /// State of a gate.
    pub struct LinkSynchronization {
        /// The link's ARM id.
        pub link_id: Field<String>,
        /// The link's generation.
        pub link_generation: Field<String>,
        /// `seeded` or `synchronized`.
        pub wait_for: Field<String>,
    }
}

model! {
    /// Identity of a gate.
    pub struct GateIdentity {
        /// The link's ARM id.
        pub link_id: Field<String>,
    }
}

/// The shortest time between two looks; it doubles up to [`LOOK_SELDOM`], for a seeding of days is not watched closely.
const LOOK: Duration = Duration::from_secs(5);
/// The longest time between two looks.
const LOOK_SELDOM: Duration = Duration::from_secs(30);
/// How long a replication that reports an error may take to get over it.
const TROUBLE: Duration = Duration::from_secs(10 * 60);
/// How long a link is waited for by default.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct LinkSynchronizationResource;

#[async_trait]
impl Resource<Clients> for LinkSynchronizationResource {
    type Model = LinkSynchronization;
    type Identity = GateIdentity;
    type Private = ();

    const TYPE_NAME: &'static str = "milink_link_synchronization";

    fn schema() -> Schema {
        Schema::new(
            "Waits until a link is seeded or synchronized: once for each making of the link. Let what needs the copy in Azure depend on \
             it. An asynchronous link that is well is `synchronized` here: it follows.",
        )
        .attribute(
            Attribute::string("link_id").required().replaces().same(shared::same_arm_id).check(link_id).describe("ARM id of the link."),
        )
        .attribute(Attribute::string("link_generation").required().replaces().check(not_empty).describe(
            "The link's `link_generation`: a link that was made anew is waited for anew.",
        ))
        .attribute(
            Attribute::string("wait_for").check(|value| one_of(value, &["seeded", "synchronized"])).default_string("synchronized").describe(
                "`seeded`: the first copy is complete. `synchronized` (default): changes follow, and the link is healthy.",
            ),
        )
        .timeouts(Timeouts { create: Some(A_DAY), update: Some(A_DAY), ..Timeouts::default() })
    }

    fn identity_schema() -> IdentitySchema {
        IdentitySchema::new().required("link_id", "ARM id of the link")
    }

    fn identity(model: &LinkSynchronization) -> Option<GateIdentity> {
        model.link_id.known().map(|_| GateIdentity { link_id: model.link_id.clone() })
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<LinkSynchronization>,
    ) -> Result<State<LinkSynchronization, ()>, Failure<LinkSynchronization, ()>> {
        let planned = request.planned;
        await_link(context, &planned).await?;
        Ok(State { model: planned, private: () })
    }

    async fn read(
        &self,
        _context: &Context<Clients>,
        state: State<LinkSynchronization, ()>,
    ) -> Result<Option<State<LinkSynchronization, ()>>, Diagnostics> {
        Ok(Some(state))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<LinkSynchronization, ()>,
    ) -> Result<State<LinkSynchronization, ()>, Failure<LinkSynchronization, ()>> {
        let planned = request.planned;
        if request.prior.wait_for.as_str() != planned.wait_for.as_str() {
            await_link(context, &planned).await?;
        }
        Ok(State { model: planned, private: () })
    }

    async fn delete(
        &self,
        _context: &Context<Clients>,
        _request: Delete<LinkSynchronization, ()>,
    ) -> Result<(), Failure<LinkSynchronization, ()>> {
        Ok(())
    }

    async fn import(
        &self,
        _context: &Context<Clients>,
        _request: Import<GateIdentity>,
    ) -> Result<State<LinkSynchronization, ()>, Diagnostics> {
        Err(Diagnostic::error(
            "A gate cannot be imported",
            "A milink_link_synchronization is nothing outside Terraform: it waits when it is created, and is passed at once where the link \
             is well.",
        )
        .hint("let the next apply create it")
        .into())
    }
}

async fn await_link(context: &Context<Clients>, planned: &LinkSynchronization) -> Result<(), Diagnostics> {
    let id = LinkId::parse(planned.link_id.as_str().unwrap_or_default()).map_err(|error| {
        Diagnostic::error("An id that is not one", format!("The id {error}.")).at("link_id")
    })?;
    let azure = reach::azure(context)?;
    let wait = reach::wait(context);
    let doing = format!("wait for the link {}", id.name);
    let seeded_is_enough = planned.wait_for.as_str() == Some("seeded");
    let appears = Instant::now() + APPEAR;
    let mut troubled: Option<Instant> = None;
    let mut pause = LOOK;
    let mut last = String::new();
    loop {
        azure.forget();
        match azure.links(&id.instance).await {
            Ok(links) => match links.into_iter().find(|link| link.name.eq_ignore_ascii_case(&id.name)) {
                Some(link) => {
                    let databases = &link.properties.databases;
                    if let Some(database) = databases.iter().find(|database| database.has_failed()) {
                        return Err(failed(&id.name, database).into());
                    }
                    let there = |database: &LinkDatabase| {
                        if seeded_is_enough { database.is_seeded() } else { database.follows() }
                    };
                    if !databases.is_empty() && databases.iter().all(there) {
                        return Ok(());
                    }
                    match databases.iter().find(|database| database.is_troubled()) {
                        Some(database) => {
                            let since = *troubled.get_or_insert_with(Instant::now);
                            if since.elapsed() > TROUBLE {
                                return Err(failed(&id.name, database).into());
                            }
                        }
                        None => troubled = None,
                    }
                    last = databases.iter().map(describe).collect::<Vec<_>>().join("; ");
                    tracing::info!("link {}: {last}", id.name);
                }
                // A young link is not shown for a while.
                None if Instant::now() < appears => "Azure does not show it yet".clone_into(&mut last),
                None => {
                    return Err(Diagnostic::error(
                        "The link is not there",
                        format!("The managed instance {} has no link {}.", id.instance.name, id.name),
                    )
                    .at("link_id")
                    .into());
                }
            },
            // Throttled, or down for a moment: the wait is long enough to outlast it.
            Err(error) if error.is_unreachable() || matches!(error.status(), Some(408 | 429)) => {
                last = error.to_string();
            }
            Err(error) => return Err(reach::arm_error(&doing, &error).into()),
        }
        if let Err(error) = wait.sleep(pause, &doing).await {
            let stopped = matches!(error, crate::arm::Error::Cancelled);
            return Err(Diagnostic::error(
                if stopped { "Stopped on request" } else { "The link is not synchronized yet" },
                format!("The link {} is still going on with its work: {last}.", id.name),
            )
            .hint(
                "the link is not affected; apply again to go on waiting, with a longer `timeouts` (create, update) if need be",
            )
            .into());
        }
        pause = (pause * 2).min(LOOK_SELDOM);
    }
}

fn describe(database: &LinkDatabase) -> String {
    let mut text = format!(
        "{} {}",
        database.database_name,
        database.replica_state.as_deref().unwrap_or("without a state")
    );
    if let Some(progress) = &database.seeding_progress {
        text.push_str(&format!(", seeded {progress}"));
    }
    if let Some(connected) = &database.connected_state {
        text.push_str(&format!(", {}", connected.to_ascii_lowercase()));
    }
    text
}

fn failed(link: &str, database: &LinkDatabase) -> Diagnostic {
    let number = database.most_recent_link_error.as_deref();
    let diagnostic = Diagnostic::error(
        "The link failed",
        format!(
            "The link {link} reports {} for the database {}{}.",
            database.replica_state.as_deref().unwrap_or("an error"),
            database.database_name,
            number.map(|number| format!(", error {number}")).unwrap_or_default()
        ),
    );
    match number.and_then(|number| number.parse().ok()).and_then(crate::sql::error_numbers::hint) {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

fn link_id(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if LinkId::parse(text).is_err() => {
            Err("must be the ARM id of a link: <managed instance id>/distributedAvailabilityGroups/<name>"
                .to_owned())
        }
        _ => Ok(()),
    }
}
