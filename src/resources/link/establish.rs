//! Making a link: a list of steps, each probe, act if needed, verify, so that it goes on where an interrupted run
//! stopped.
//!
//! Until Azure has accepted the link, a failure undoes what this run made and leaves nothing. Afterwards there is no
//! failure, only a link that is not complete yet.

use std::time::Duration;

use tokio::time::Instant;

use super::observe::{self, Halves};
use super::{ESTABLISHED, INCOMPLETE, Link, LinkPrivate, MANAGED_INSTANCE, SQL_SERVER, id};
use crate::arm::link::{Link as ArmLink, NewLink};
use crate::arm::{self, LinkId, Operation, Progress};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::State;
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Remembered};
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::quote::{EndpointUrl, Identifier, InstanceUrl};
use crate::sql::statement::{AvailabilityMode, DistributedGroup, DistributedMember, MemberUrl, SeedingMode};

/// How long missing trust is waited for: another resource of the same apply may be making it, where a `depends_on` is
/// missing.
const TRUST: Duration = Duration::from_secs(120);
/// How long contact may take. The service gives up after five minutes by itself.
const CONTACT: Duration = Duration::from_secs(6 * 60);
/// How long an accepted link may stay invisible: it was seen to take a minute.
pub(in crate::resources) const APPEAR: Duration = Duration::from_secs(90);

/// Makes the link, or goes on making it.
pub(super) async fn run(
    context: &Context<Clients>,
    planned: Link,
    private: LinkPrivate,
) -> Result<State<Link, LinkPrivate>, Diagnostics> {
    let id = id(&planned)?;
    let azure = reach::azure(context)?;
    let doing = format!("make the link {}", id.name);
    let failed =
        |error: arm::Error| Diagnostics::from(reach::arm_error(&doing, &error).at("managed_instance_id"));
    let instance = azure.instance(&id.instance).await.map_err(failed)?;
    let fqdn = instance.properties.fully_qualified_domain_name.clone();
    let group = planned.availability_group_name.as_str().unwrap_or_default();
    let nodes = Nodes::look(context, &planned.sql_servers, &Remembered::default(), group).await?;
    let halves = observe::look(&azure, nodes.seen(), &id).await?;
    let wanted = wanted(&planned, &id, &fqdn)?;
    if let Some(link) = &halves.arm {
        same_link(link, &planned, &id)?;
    }
    if let Some((seen, group)) = &halves.sql {
        same_group(seen, group, &wanted)?;
    }
    let existed = halves.arm.is_some();
    if existed && !private.accepted {
        context.warn(shared::taken_over(&format!("the link {} of {}", id.name, id.instance.name)));
    }
    if let Some(clients) = context.client() {
        clients.hold("azure", &id.to_string().to_lowercase());
    }
    let mut maker = Maker { context, azure: &azure, id: &id, planned: &planned, made_group: false };
    if !existed {
        maker.database_is_free(&private).await?;
    }
    // The local group leads to the node on which statements about the link run.
    let seen = nodes.primary(group)?;
    maker.await_trust(seen, &fqdn).await?;
    if halves.sql.is_none() {
        maker.make_group(seen, &wanted).await?;
    }
    let operation = if existed {
        None
    } else {
        match maker.make_link(&private).await {
            Ok(operation) => operation,
            Err(error) => {
                maker.undo(seen).await;
                return Err(error);
            }
        }
    };
    // From here on nothing fails.
    Ok(maker.settle(nodes.seen(), operation, private, existed, fqdn).await)
}

/// Sets the commit mode on both sides: SQL Server first, because a side that waits for nobody hurts nobody.
pub(super) async fn set_mode(
    context: &Context<Clients>,
    planned: &Link,
    mode: &str,
) -> Result<(), Diagnostics> {
    let id = id(planned)?;
    let azure = reach::azure(context)?;
    let local = planned.availability_group_name.as_str().unwrap_or_default();
    let nodes = Nodes::look(context, &planned.sql_servers, &Remembered::default(), local).await?;
    let seen = nodes.primary(local)?;
    let member =
        |field: &Field<String>| identifier("the name of the group", field.as_str().unwrap_or_default());
    let statement = Statement::SetDistributedMode {
        group: identifier("the name of the link", &id.name)?,
        local: identifier("the name of the group", local)?,
        members: [
            member(&planned.availability_group_name)?,
            member(&planned.instance_availability_group_name)?,
        ],
        mode: if mode == "Sync" { AvailabilityMode::Synchronous } else { AvailabilityMode::Asynchronous },
    };
    seen.execute(context, &statement).await?;
    let wait = reach::wait(context);
    let changed = match azure.set_replication_mode(&id, mode, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    changed.map_err(|error| {
        reach::arm_error(&format!("set the commit mode of the link {}", id.name), &error)
            .at("replication_mode")
            .into()
    })
}

struct Maker<'a> {
    context: &'a Context<Clients>,
    azure: &'a arm::Client,
    id: &'a LinkId,
    planned: &'a Link,
    /// Whether this run made the distributed group: only then is it undone.
    made_group: bool,
}

impl Maker<'_> {
    /// A database of that name on the instance makes the service accept the link and fail later, after seeding began.
    async fn database_is_free(&self, private: &LinkPrivate) -> Result<(), Diagnostics> {
        if private.accepted || self.instance_first() {
            return Ok(());
        }
        let doing = format!("list the databases of the managed instance {}", self.id.instance.name);
        let there = self
            .azure
            .databases(&self.id.instance)
            .await
            .map_err(|error| reach::arm_error(&doing, &error))?;
        for name in self.planned.databases.known().into_iter().flatten() {
            if there.iter().any(|database| database.name.eq_ignore_ascii_case(name)) {
                return Err(Diagnostic::error(
                    "The database exists on the instance",
                    format!(
                        "The link {} cannot seed the database {name}: the managed instance {} has one of that name.",
                        self.id.name, self.id.instance.name
                    ),
                )
                .hint(
                    "it may be the copy of an earlier link: make sure, then rename or delete it there (ALTER DATABASE … MODIFY NAME, or \
                     `az sql midb delete`)",
                )
                .at("databases")
                .into());
            }
        }
        Ok(())
    }

    /// Another resource of the same apply may be making it, where a `depends_on` is missing.
    async fn await_trust(&self, seen: &Seen, fqdn: &str) -> Result<(), Diagnostics> {
        let until = Instant::now() + TRUST;
        let mut now = seen.clone();
        loop {
            let missing = observe::missing_trust(self.azure, &now, self.id, fqdn).await?;
            if missing.is_empty() {
                return Ok(());
            }
            if Instant::now() > until || self.context.cancellation().is_cancelled() {
                return Err(Diagnostic::error(
                    "The two sides do not trust each other",
                    format!("The link {} cannot be made: {}.", self.id.name, missing.join("; ")),
                )
                .hint("declare what is missing, and add it to the link's `depends_on`, so that it is made first")
                .into());
            }
            tokio::select! {
                () = self.context.cancellation().cancelled() => {}
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
            self.azure.forget();
            now = now.again().await?;
        }
    }

    async fn make_group(&mut self, seen: &Seen, wanted: &DistributedGroup) -> Result<(), Diagnostics> {
        let statement = if self.instance_first() {
            let local = self.planned.availability_group_name.as_str().unwrap_or_default();
            let group = identifier("the name of the group", local)?;
            seen.execute(self.context, &Statement::GrantCreateAnyDatabase { group }).await?;
            Statement::JoinDistributedGroup(wanted.clone())
        } else {
            Statement::CreateDistributedGroup(wanted.clone())
        };
        if let Err(error) = seen.server.execute(&statement, self.context.cancellation()).await {
            // A lost answer says nothing; the server does.
            let there = error.is_outcome_unknown()
                && seen
                    .again()
                    .await
                    .is_ok_and(|now| matches!(now.snapshot.group(&self.id.name), Ok(Some(_))));
            if !there {
                return Err(reach::statement_error(&seen.server, &statement, &error).into());
            }
        }
        self.made_group = true;
        Ok(())
    }

    /// The operation, where the service accepted one just now.
    async fn make_link(&self, private: &LinkPrivate) -> Result<Option<Operation>, Diagnostics> {
        if private.accepted && self.appears().await.is_some() {
            return Ok(None);
        }
        let planned = self.planned;
        let text = |field: &Field<String>| field.as_str().unwrap_or_default().to_owned();
        let link = NewLink {
            databases: planned.databases.known().into_iter().flatten().cloned().collect(),
            instance_group: text(&planned.instance_availability_group_name),
            partner_group: text(&planned.availability_group_name),
            partner_endpoint: text(&planned.partner_endpoint),
            instance_is_primary: self.instance_first(),
            failover_mode: planned.failover_mode.as_str().map(str::to_owned),
            seeding_mode: planned.seeding_mode.as_str().unwrap_or("Automatic").to_owned(),
        };
        match self.azure.create_link(self.id, &link, &reach::wait(self.context)).await {
            Ok(operation) => Ok(Some(operation)),
            // Whether it was accepted is not known: the service knows.
            Err(error) if error.is_outcome_unknown() => match self.appears().await {
                Some(_) => Ok(None),
                None => Err(self.refused(&error)),
            },
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn refused(&self, error: &arm::Error) -> Diagnostics {
        reach::arm_error(
            &format!("make the link {} on the managed instance {}", self.id.name, self.id.instance.name),
            error,
        )
        .into()
    }

    /// Waits for an accepted link to show itself.
    async fn appears(&self) -> Option<ArmLink> {
        let until = Instant::now() + APPEAR;
        while Instant::now() < until {
            self.azure.forget();
            if let Ok(links) = self.azure.links(&self.id.instance).await
                && let Some(link) =
                    links.into_iter().find(|link| link.name.eq_ignore_ascii_case(&self.id.name))
            {
                return Some(link);
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        None
    }

    /// Takes back the distributed group that this run made for a link that Azure refused.
    async fn undo(&self, seen: &Seen) {
        if !self.made_group {
            return;
        }
        let Ok(group) = Identifier::parse("the name of the link", &self.id.name) else { return };
        let local = self.planned.availability_group_name.as_str().unwrap_or_default();
        let Ok(local) = Identifier::parse("the name of the group", local) else { return };
        let statement = Statement::DropDistributedGroup { group, local };
        // The request to stop must not keep the half from being taken back.
        let undo = tokio_util::sync::CancellationToken::new();
        if let Err(error) = seen.server.execute(&statement, &undo).await {
            self.context.warn(Diagnostic::warning(
                "Half of a link is left",
                format!(
                    "The distributed availability group {} was made on SQL Server for a link that was not made, and could not be \
                     dropped: {error}. The next apply uses it.",
                    self.id.name
                ),
            ));
        }
    }

    /// Waits for contact, and tells the truth about whatever there is.
    async fn settle(
        &self,
        nodes: &[Seen],
        operation: Option<Operation>,
        mut private: LinkPrivate,
        existed: bool,
        fqdn: String,
    ) -> State<Link, LinkPrivate> {
        private.accepted = true;
        let until = Instant::now() + CONTACT;
        let until = self.context.deadline().map_or(until, |deadline| deadline.min(until));
        let mut failure = None;
        let mut halves = None;
        let why = loop {
            if let Ok(now) = observe::look(self.azure, nodes, self.id).await {
                // SQL Server may know of the contact before the service shows the link.
                let met = now.arm.is_some() && observe::in_contact(&now).unwrap_or(false);
                let broken = now.arm.as_ref().is_some_and(|link| {
                    link.properties.databases.iter().any(arm::link::LinkDatabase::has_failed)
                });
                halves = Some(now);
                if met {
                    private.contacted = true;
                    break None;
                }
                if broken {
                    break Some(
                        failure.take().unwrap_or_else(|| "the service reports an error for it".to_owned()),
                    );
                }
            }
            if let Some(operation) = &operation
                && let Ok(Progress::Failed(error)) = self.azure.poll(operation).await
            {
                failure = Some(error.to_string());
                if halves.as_ref().is_none_or(|halves: &Halves| halves.arm.is_none()) {
                    break failure.take();
                }
            }
            if Instant::now() > until {
                break Some("the two sides were not in contact within the time".to_owned());
            }
            tokio::select! {
                biased;
                () = self.context.cancellation().cancelled() => break Some("the apply was stopped".to_owned()),
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
        };
        let mut model = self.planned.clone();
        model.id = Field::Known(self.id.to_string());
        model.fully_qualified_domain_name = Field::Known(fqdn);
        if model.link_generation.as_str().is_none() {
            model.link_generation = Field::Known(uuid::Uuid::new_v4().to_string());
        }
        if model.adopted.known().is_none() {
            model.adopted = Field::Known(existed);
        }
        if model.sql_servers.known().is_none() {
            model.sql_servers =
                Field::Known(nodes.iter().map(|node| node.server.name().to_owned()).collect());
        }
        let mode = model.replication_mode.clone();
        if let Some(halves) = &halves {
            observe::fill(&mut model, &private, halves);
        }
        // The plan's word stands; where the service has another mode, the next plan says so.
        model.replication_mode = if mode.known().is_some() { mode } else { "Async".into() };
        if model.observed_primary.as_str().is_none() {
            model.observed_primary = if self.instance_first() { MANAGED_INSTANCE } else { SQL_SERVER }.into();
        }
        if model.distributed_availability_group_id.is_unknown() {
            model.distributed_availability_group_id = Field::Null;
        }
        private.mode_written_under = model.observed_primary.as_str().map(str::to_owned);
        model.complete = Field::Known(why.is_none());
        model.status = if why.is_none() { ESTABLISHED } else { INCOMPLETE }.into();
        if let Some(why) = why {
            self.context.warn(
                Diagnostic::warning(
                    "A link is not complete",
                    format!("The link {} exists in Azure, but {why}. The next apply goes on.", self.id.name),
                )
                .hint("check ports 5022 and 11000-11999 both ways, and what each side trusts"),
            );
        }
        State { model, private }
    }

    fn instance_first(&self) -> bool {
        self.planned.initial_primary.as_str() == Some(MANAGED_INSTANCE)
    }
}

/// The distributed group as this link wants it.
fn wanted(planned: &Link, id: &LinkId, fqdn: &str) -> Result<DistributedGroup, Diagnostics> {
    let unusable = |at: &'static str| {
        move |error: crate::sql::quote::QuoteError| {
            Diagnostics::from(Diagnostic::error("A link cannot be made of this", error.to_string()).at(at))
        }
    };
    let endpoint = EndpointUrl::parse(planned.partner_endpoint.as_str().unwrap_or_default())
        .map_err(unusable("partner_endpoint"))?;
    let mut instance = InstanceUrl::new(fqdn, &id.instance.name.to_ascii_lowercase())
        .map_err(unusable("managed_instance_id"))?;
    let instance_first = planned.initial_primary.as_str() == Some(MANAGED_INSTANCE);
    if instance_first && let Some(database) = planned.databases.known().and_then(|names| names.iter().next())
    {
        instance = instance.with_database(database).map_err(unusable("databases"))?;
    }
    let local = DistributedMember {
        group: identifier(
            "the name of the group",
            planned.availability_group_name.as_str().unwrap_or_default(),
        )?,
        url: MemberUrl::SqlServer(endpoint),
    };
    let remote = DistributedMember {
        group: identifier(
            "the name of the group on the instance",
            planned.instance_availability_group_name.as_str().unwrap_or_default(),
        )?,
        url: MemberUrl::Instance(instance),
    };
    let members = if instance_first { [remote, local] } else { [local, remote] };
    let seeding = match planned.seeding_mode.as_str() {
        Some("Manual") => SeedingMode::Manual,
        _ => SeedingMode::Automatic,
    };
    Ok(DistributedGroup { name: identifier("the name of the link", &id.name)?, members, seeding })
}

/// A group that bears the link's name must be the link's.
fn same_group(
    seen: &Seen,
    group: &crate::sql::catalog::GroupRow,
    wanted: &DistributedGroup,
) -> Result<(), Diagnostics> {
    let differs = |difference: String| {
        Err(Diagnostic::error(
            "A group of that name exists and differs",
            format!(
                "The availability group {} on the SQL Server \"{}\": {difference}.",
                group.name,
                seen.server.name()
            ),
        )
        .hint("choose another name for the link, or drop that group if nothing needs it")
        .at("name")
        .into())
    };
    if !group.is_distributed {
        return differs("it is not a distributed group".to_owned());
    }
    for member in &wanted.members {
        let Some(found) = group
            .replicas
            .iter()
            .find(|found| seen.snapshot.facts.same_name(&found.server_name, member.group.as_str()))
        else {
            return differs(format!("it has no member {}", member.group.as_str()));
        };
        let url = found.endpoint_url.as_deref().unwrap_or_default();
        let same = match &member.url {
            MemberUrl::SqlServer(wanted) => wanted.same(url),
            MemberUrl::Instance(wanted) => {
                let host = url.split_once("://").map_or(url, |(_, rest)| rest).split([':', ';']).next();
                host.is_some_and(|host| host.eq_ignore_ascii_case(wanted.fqdn())) && url.contains("Server=")
            }
        };
        if !same {
            return differs(format!("its member {} is reached at {url}", member.group.as_str()));
        }
    }
    Ok(())
}

/// A link that bears the name must be this one.
fn same_link(link: &ArmLink, planned: &Link, id: &LinkId) -> Result<(), Diagnostics> {
    let properties = &link.properties;
    let mut differences = Vec::new();
    let mut compare = |what: &str, wanted: Option<&str>, has: Option<&str>| {
        if let (Some(wanted), Some(has)) = (wanted, has)
            && !wanted.eq_ignore_ascii_case(has)
        {
            differences.push(format!("{what} is {has}, not {wanted}"));
        }
    };
    compare(
        "its group on SQL Server",
        planned.availability_group_name.as_str(),
        properties.partner_availability_group_name.as_deref(),
    );
    compare(
        "its group on the instance",
        planned.instance_availability_group_name.as_str(),
        properties.instance_availability_group_name.as_deref(),
    );
    if let (Some(wanted), Some(has)) =
        (planned.partner_endpoint.as_str(), properties.partner_endpoint.as_deref())
        && EndpointUrl::parse(wanted).is_ok_and(|url| !url.same(has))
    {
        differences.push(format!("its partner endpoint is {has}, not {wanted}"));
    }
    let names: Vec<&str> =
        properties.databases.iter().map(|database| database.database_name.as_str()).collect();
    for wanted in planned.databases.known().into_iter().flatten() {
        if !names.is_empty() && !names.iter().any(|has| has.eq_ignore_ascii_case(wanted)) {
            differences.push(format!("its databases are {}, without {wanted}", names.join(", ")));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let what = format!("The link {} of {}", id.name, id.instance.name);
    Err(shared::differs("milink_link", &what, &differences.join("; "), &id.to_string()).at("name").into())
}

fn identifier(what: &'static str, name: &str) -> Result<Identifier, Diagnostics> {
    Identifier::parse(what, name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).into())
}
