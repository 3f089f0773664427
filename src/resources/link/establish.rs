//! Making a link: a list of steps, each probe, act if needed, verify, so that it goes on where an interrupted run
//! stopped.
//!
//! Until Azure has accepted the link, or may have, a failure undoes what this run made and leaves nothing. Afterwards
//! there is no failure, only a link that is not complete yet: a failed create is tainted by Terraform and replaced next
//! time, which would throw a seeding of days away.

use std::time::Duration;

use tokio::time::Instant;

use super::halves::{self, Halves};
use super::{Link, LinkPrivate, MANAGED_INSTANCE, id, trust};
use crate::arm::link::NewLink;
use crate::arm::{self, LinkId, Operation};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::State;
use crate::provider::Clients;
use crate::resources::nodes::{Nodes, Remembered};
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::Statement;
use crate::sql::catalog::GroupRow;
use crate::sql::quote::{EndpointUrl, Identifier, InstanceUrl};
use crate::sql::statement::{AvailabilityMode, DistributedGroup, DistributedMember, MemberUrl, SeedingMode};

/// How long missing trust, and a group that is not primary yet, are waited for: another resource of the same apply may
/// be making it, where a `depends_on` is missing.
const TRUST: Duration = Duration::from_secs(120);
/// How long an accepted link may stay invisible: it was seen to take a minute.
pub(in crate::resources) const APPEAR: Duration = Duration::from_secs(90);

/// Makes the link, or goes on making it.
///
/// # Errors
/// What is in the way, as long as Azure has not accepted the link.
pub(super) async fn run(
    context: &Context<Clients>,
    planned: Link,
    private: LinkPrivate,
) -> Result<State<Link, LinkPrivate>, Diagnostics> {
    let id = id(&planned)?;
    let azure = reach::azure(context)?;
    let doing = format!("make the link {}", id.name);
    let instance = azure
        .instance(&id.instance)
        .await
        .map_err(|error| Diagnostics::from(reach::arm_error(&doing, &error).at("managed_instance_id")))?;
    let fqdn = instance.properties.fully_qualified_domain_name.clone();
    let mut planned = planned;
    planned.fully_qualified_domain_name = Field::Known(fqdn.clone());
    let local = planned.availability_group_name.as_str().unwrap_or_default();
    let nodes = Nodes::look(context, &planned.sql_servers, &private.servers, local).await?;
    let wanted = wanted(&planned, &id, &fqdn)?;
    let mut maker = Maker {
        context,
        azure: &azure,
        id: &id,
        planned: &planned,
        nodes: &nodes,
        servers: &private.servers,
        made_group: false,
    };
    let mut halves = halves::look(&azure, &nodes, &planned, &id).await?;
    maker.is_ours(&halves, &wanted)?;
    if halves.arm.is_none()
        && let Some(rest) = blind(&halves, &private)
        && matches!(maker.appears(rest).await, Sight::Shown)
    {
        // A run that was cut off had it accepted a moment before.
        halves = halves::look(&azure, &nodes, &planned, &id).await?;
        maker.is_ours(&halves, &wanted)?;
    }
    let existed = halves.arm.is_some();
    if existed {
        maker.may_go_on(&halves, &private)?;
    } else {
        maker.database_is_free().await?;
    }
    if let Some(clients) = context.client() {
        clients.hold("azure", &id.to_string().to_lowercase());
    }
    let operation = if existed {
        None
    } else {
        let seen = maker.await_trust(&fqdn).await?;
        maker.group_fits(&seen)?;
        if halves.sql.is_none() {
            maker.make_group(&seen, &wanted).await?;
        }
        match maker.make_link().await {
            Making::Accepted(operation) => operation,
            Making::Refused(error) => {
                maker.undo(&seen).await;
                return Err(error);
            }
        }
    };
    // From here on nothing fails.
    Ok(maker.settle(operation, private.clone(), existed).await)
}

/// How long a link that Azure may have accepted a moment ago can still be invisible. Nothing where no run can have got
/// so far: the distributed group comes first.
fn blind(halves: &Halves, private: &LinkPrivate) -> Option<Duration> {
    let age = match &halves.sql {
        Some((_, group)) => group.age,
        None if private.accepted => None,
        None => return None,
    };
    let age = Duration::from_secs(age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default());
    APPEAR.checked_sub(age).filter(|rest| !rest.is_zero())
}

/// The statement that sets the commit mode of both members.
pub(super) fn set_distributed_mode(
    planned: &Link,
    id: &LinkId,
    mode: AvailabilityMode,
) -> Result<Statement, Diagnostics> {
    let member =
        |field: &Field<String>| identifier("the name of the group", field.as_str().unwrap_or_default());
    Ok(Statement::SetDistributedMode {
        group: identifier("the name of the link", &id.name)?,
        local: member(&planned.availability_group_name)?,
        members: [
            member(&planned.availability_group_name)?,
            member(&planned.instance_availability_group_name)?,
        ],
        mode,
    })
}

/// One making.
pub(super) struct Maker<'a> {
    pub(super) context: &'a Context<Clients>,
    pub(super) azure: &'a arm::Client,
    pub(super) id: &'a LinkId,
    pub(super) planned: &'a Link,
    pub(super) nodes: &'a Nodes,
    /// Who was met before.
    servers: &'a Remembered,
    /// Whether this run made the distributed group: only then is it undone.
    made_group: bool,
}

/// Whether a link that was accepted, or may have been, shows itself.
enum Sight {
    /// It does.
    Shown,
    /// Azure answered to the end, and it was not among its links.
    Absent,
    /// Azure could not be asked in the end.
    Unknown,
}

/// What became of the request.
enum Making {
    /// Accepted, or perhaps accepted: the operation, where the service named one.
    Accepted(Option<Operation>),
    /// Nothing has happened in Azure.
    Refused(Diagnostics),
}

impl Maker<'_> {
    /// What bears the link's name must be this link.
    fn is_ours(&self, halves: &Halves, wanted: &DistributedGroup) -> Result<(), Diagnostics> {
        if !halves.strangers.is_empty() {
            let what = halves.strangers.join("; and ");
            return Err(Diagnostic::error(
                "An object of that name exists and differs",
                format!("The link {} cannot be made, for there is {what}.", self.id.name),
            )
            .hint(format!(
                "to manage the existing link: terraform import milink_link.<name> '{}'; else choose another name",
                self.id
            ))
            .at("name")
            .into());
        }
        match &halves.sql {
            Some((seen, group)) => same_addresses(seen, group, wanted),
            None => Ok(()),
        }
    }

    /// A link that is there already: taken over by a create, gone on with by an update.
    fn may_go_on(&self, halves: &Halves, private: &LinkPrivate) -> Result<(), Diagnostics> {
        let what = format!("the link {} of {}", self.id.name, self.id.instance.name);
        if halves.sql.is_none() {
            return Err(Diagnostic::error(
                "Half of a link is missing",
                format!(
                    "There is {what} in Azure, but no distributed availability group of that name on SQL Server. No source says that a \
                     link takes up a group that was made anew."
                ),
            )
            .hint("delete the link in Azure and the copy that it leaves on the instance, and apply again")
            .at("name")
            .into());
        }
        if private.accepted {
            return Ok(());
        }
        // `create_before_destroy` would take over the very link that is deleted a moment later.
        if self.planned.reseed.known() == Some(&true) {
            return Err(Diagnostic::error(
                "A link exists already",
                format!("There is {what} already, and `reseed` asks for a new one."),
            )
            .hint("remove `create_before_destroy`: a link is deleted before its successor is made; or set `reseed = false` to take it over")
            .at("reseed")
            .into());
        }
        self.context.warn(shared::taken_over(&what));
        Ok(())
    }

    /// A database of that name on the instance makes the service accept the link and fail later (the recorded
    /// `ManagedDatabaseNameInUse`).
    async fn database_is_free(&self) -> Result<(), Diagnostics> {
        if self.instance_first() {
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

    /// The node on which the group is primary, as soon as both sides can trust each other: another resource of the same
    /// apply may be making what is missing, where a `depends_on` is.
    async fn await_trust(&self, fqdn: &str) -> Result<Seen, Diagnostics> {
        let until = self.by(Instant::now() + TRUST);
        let local = self.planned.availability_group_name.as_str().unwrap_or_default();
        let mut waited = Vec::new();
        loop {
            let nodes = Nodes::look(self.context, &self.planned.sql_servers, self.servers, local).await?;
            let leader = nodes.primary(local);
            let missing = match leader.as_ref() {
                Ok(seen) => trust::missing(self.azure, seen, self.id, fqdn).await?,
                Err(_) => vec![format!(
                    "the availability group {local} is not primary anywhere (milink_availability_group)"
                )],
            };
            if missing.is_empty() {
                if !waited.is_empty() {
                    self.context.warn(
                        Diagnostic::warning(
                            "A link had to wait for what it needs",
                            format!("The link {} was planned before it could be made: {}.", self.id.name, waited.join("; ")),
                        )
                        .hint("add what is named to the link's `depends_on`: on destroy it decides what goes first"),
                    );
                }
                return leader.cloned();
            }
            if Instant::now() > until || self.context.cancellation().is_cancelled() {
                leader?;
                return Err(Diagnostic::error(
                    "The two sides do not trust each other",
                    format!("The link {} cannot be made: {}.", self.id.name, missing.join("; ")),
                )
                .hint("declare what is missing, and add it to the link's `depends_on`, so that it is made first")
                .into());
            }
            waited = missing;
            tokio::select! {
                () = self.context.cancellation().cancelled() => {}
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
            self.azure.forget();
        }
    }

    /// The group holds the link's database, and no other: a link of one database does not take a group of several
    /// (error 41429), and a link that comes from the instance wants an empty one (error 19511).
    fn group_fits(&self, seen: &Seen) -> Result<(), Diagnostics> {
        let local = self.planned.availability_group_name.as_str().unwrap_or_default();
        let Some(group) = seen.need(seen.snapshot.group(local))? else { return Ok(()) };
        let wanted: Vec<&String> = self.planned.databases.known().into_iter().flatten().collect();
        let names: Vec<&str> = group.databases.iter().map(String::as_str).collect();
        let held = if names.is_empty() { "no database".to_owned() } else { names.join(", ") };
        let fits = if self.instance_first() {
            names.is_empty()
        } else {
            names.len() == wanted.len()
                && wanted.iter().all(|name| names.iter().any(|has| seen.snapshot.facts.same_name(has, name)))
        };
        if fits {
            return Ok(());
        }
        let needs = if self.instance_first() {
            "an empty group, which the seeding fills".to_owned()
        } else {
            format!("one that holds {} alone", wanted.into_iter().cloned().collect::<Vec<_>>().join(", "))
        };
        Err(Diagnostic::error(
            "The group does not fit the link",
            format!(
                "The link {} needs {needs}, but the availability group {local} holds {held}.",
                self.id.name
            ),
        )
        .hint("see `databases` of the milink_availability_group; each link has a group of its own")
        .at("databases")
        .into())
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

    async fn make_link(&self) -> Making {
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
        let doing =
            format!("make the link {} on the managed instance {}", self.id.name, self.id.instance.name);
        match self.azure.create_link(self.id, &link, &reach::wait(self.context)).await {
            Ok(operation) => Making::Accepted(Some(operation)),
            // Whether it was accepted is not known: the service knows. Only its own list proves that it was not.
            Err(error) if error.is_outcome_unknown() => match self.appears(APPEAR).await {
                Sight::Shown | Sight::Unknown => Making::Accepted(None),
                Sight::Absent => Making::Refused(reach::arm_error(&doing, &error).into()),
            },
            Err(error) => Making::Refused(reach::arm_error(&doing, &error).into()),
        }
    }

    /// Waits for a link to show itself, `longest` at most.
    async fn appears(&self, longest: Duration) -> Sight {
        let until = self.by(Instant::now() + longest);
        loop {
            self.azure.forget();
            let answer = self.azure.links(&self.id.instance).await;
            let asked = Instant::now();
            let sight = match answer {
                Ok(links) if links.iter().any(|link| link.name.eq_ignore_ascii_case(&self.id.name)) => {
                    return Sight::Shown;
                }
                Ok(_) => Sight::Absent,
                Err(_) => Sight::Unknown,
            };
            if asked >= until {
                return sight;
            }
            tokio::select! {
                biased;
                () = self.context.cancellation().cancelled() => return Sight::Unknown,
                () = tokio::time::sleep_until(until.min(asked + Duration::from_secs(3))) => {}
            }
        }
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

    /// A moment, or the end of the time that the operation has, whichever comes first.
    pub(super) fn by(&self, moment: Instant) -> Instant {
        self.context.deadline().map_or(moment, |deadline| deadline.min(moment))
    }

    pub(super) fn instance_first(&self) -> bool {
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
    Ok(DistributedGroup {
        name: identifier("the name of the link", &id.name)?,
        members,
        seeding: SeedingMode::Automatic,
    })
}

/// The members of the link's group must be reached where this link says.
fn same_addresses(seen: &Seen, group: &GroupRow, wanted: &DistributedGroup) -> Result<(), Diagnostics> {
    for member in &wanted.members {
        let found = group
            .replicas
            .iter()
            .find(|found| seen.snapshot.facts.same_name(&found.server_name, member.group.as_str()));
        let url = found.and_then(|found| found.endpoint_url.as_deref()).unwrap_or_default();
        let same = match &member.url {
            MemberUrl::SqlServer(wanted) => wanted.same(url),
            MemberUrl::Instance(wanted) => {
                let host = url.split_once("://").map_or(url, |(_, rest)| rest).split([':', ';']).next();
                host.is_some_and(|host| host.eq_ignore_ascii_case(wanted.fqdn())) && url.contains("Server=")
            }
        };
        if !same {
            return Err(Diagnostic::error(
                "An object of that name exists and differs",
                format!(
                    "In the availability group {} on the SQL Server \"{}\" the member {} is reached at {url}.",
                    group.name,
                    seen.server.name(),
                    member.group.as_str()
                ),
            )
            .hint("choose another name for the link, or drop that group if nothing needs it")
            .at("name")
            .into());
        }
    }
    Ok(())
}

fn identifier(what: &'static str, name: &str) -> Result<Identifier, Diagnostics> {
    Identifier::parse(what, name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).into())
}
