//! How a verb reaches the sides that its object lives on, and what it says when it cannot.
//!
//! A *read* of a side that is not known yet keeps the prior state with one warning; so does a read of a side that does
//! not answer, with `unreachable = "keep"`. A *deed* needs its side. Whoever answers must be who state remembers: a
//! read that reached another server would call everything gone.

mod absent;
mod azure;

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::path::AttributePath;
use crate::provider::Clients;
use crate::provider::clients::Unavailable;
use crate::provider::settings::Part;
use crate::sql::snapshot::Section;
use crate::sql::{self, Server, Snapshot};

pub use absent::{Absent, kept_or_failed, unlooked};
pub use azure::{arm_error, azure, azure_for_read, azure_kept, wait};

/// The argument that names the server of an object of an instance.
const ONE: &str = "sql_server";

/// A server and its objects at one moment.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The server.
    pub server: Arc<Server>,
    /// Its objects.
    pub snapshot: Arc<Snapshot>,
}

/// The configured clients.
///
/// # Errors
/// When Terraform has not configured the provider.
pub fn clients(context: &Context<Clients>) -> Result<&Arc<Clients>, Diagnostics> {
    context.client().ok_or_else(|| {
        Diagnostic::error(
            "The provider is not configured",
            "Terraform asked for an object before it configured the provider.",
        )
        .into()
    })
}

/// Fills in the block's name where there is only one, so that the plan names the server.
fn fill_server(context: &Context<Clients>, field: &mut Field<String>) {
    if field.is_unknown()
        && let Some(clients) = context.client()
        && let [only] = clients.slots()
        && let Some(name) = &only.name
    {
        *field = Field::Known(name.clone());
    }
}

/// The same for the list of a group's servers.
fn fill_servers(context: &Context<Clients>, field: &mut Field<Vec<String>>) {
    let mut one = if field.is_unknown() { Field::Unknown } else { return };
    fill_server(context, &mut one);
    if let Field::Known(name) = one {
        *field = Field::Known(vec![name]);
    }
}

/// For the plan of a new object: the block's name where there is only one and none is written.
///
/// # Errors
/// When none is written and there are several: better said now than by the apply.
pub fn settle_server(
    context: &Context<Clients>,
    config: &Field<String>,
    planned: &mut Field<String>,
) -> Result<(), Diagnostics> {
    refuse_omission(context, config.is_null(), ONE)?;
    fill_server(context, planned);
    Ok(())
}

/// The same for the list of a group's servers.
///
/// # Errors
/// When none is written and there are several.
pub fn settle_servers(
    context: &Context<Clients>,
    config: &Field<Vec<String>>,
    planned: &mut Field<Vec<String>>,
) -> Result<(), Diagnostics> {
    refuse_omission(context, config.is_null(), "sql_servers")?;
    fill_servers(context, planned);
    Ok(())
}

fn refuse_omission(
    context: &Context<Clients>,
    omitted: bool,
    argument: &'static str,
) -> Result<(), Diagnostics> {
    match context.client().map(|clients| clients.slot(None)) {
        Some(Err(Unavailable::Wrong(diagnostic))) if omitted => Err(diagnostic.at(argument).into()),
        _ => Ok(()),
    }
}

/// How fresh an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// As other reads of this plan saw it.
    Lately,
    /// As it is now; a server that did not answer within the last minute is not asked again.
    NowUnlessSilent,
    /// As it is now.
    Now,
}

/// Who may answer under a block: nobody in particular, or a server that was met before.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// `SERVERPROPERTY('ServerName')` of whom the block led to; where it leads elsewhere, other blocks are tried.
    pub own: Option<String>,
    /// Others that are as right: the replicas of a group, for a block that points to its listener.
    pub others: BTreeSet<String>,
}

/// For a plan: the server's objects where they can be had, and nothing (with a word at most) where not. Planning never
/// needs a server: one that does not answer is a warning.
///
/// # Errors
/// When the block is not configured, or the server refuses the login.
pub async fn peek(context: &Context<Clients>, block: &Field<String>) -> Result<Option<Seen>, Diagnostics> {
    peek_at(context, block, &Field::Null).await
}

/// As [`peek`], for an object that exists: found where state remembers its server, also after its block was renamed.
///
/// # Errors
/// When the block is not configured, the server refuses the login, or another one answers.
pub async fn peek_at(
    context: &Context<Clients>,
    block: &Field<String>,
    server_name: &Field<String>,
) -> Result<Option<Seen>, Diagnostics> {
    let Some(clients) = context.client() else { return Ok(None) };
    if block.is_unknown() {
        return Ok(None);
    }
    match ask(clients, block.as_str(), &Expected::server(server_name), When::Lately).await {
        Ok(seen) => Ok(Some(seen)),
        Err(why @ (Absent::NotKnown(_) | Absent::Silent { .. })) => {
            unlooked(context, &why);
            Ok(None)
        }
        Err(why) => Err(why.diagnostic("plan", ONE).into()),
    }
}

/// For a read: the server's objects, or nothing where the prior state is to be kept.
///
/// # Errors
/// When the server cannot be asked, or another one answers than state remembers.
pub async fn read(
    context: &Context<Clients>,
    block: &Field<String>,
    server_name: &Field<String>,
) -> Result<Option<Seen>, Diagnostics> {
    let clients = clients(context)?;
    match ask(clients, block.as_str(), &Expected::server(server_name), When::Lately).await {
        Ok(seen) => Ok(Some(seen)),
        Err(why) => kept_or_failed(context, &why, ONE).map(|()| None),
    }
}

/// For a deed: the server and its objects as they are now.
///
/// # Errors
/// When the server cannot be asked, or another one answers than state remembers.
pub async fn look(
    context: &Context<Clients>,
    block: &Field<String>,
    server_name: &Field<String>,
) -> Result<Seen, Diagnostics> {
    let clients = clients(context)?;
    ask(clients, block.as_str(), &Expected::server(server_name), When::Now)
        .await
        .map_err(|why| why.diagnostic("look at", ONE).into())
}

/// All configured servers that answer, as they are now.
pub async fn servers(context: &Context<Clients>) -> Vec<Seen> {
    let Some(clients) = context.client() else { return Vec::new() };
    let mut found = Vec::new();
    for slot in clients.slots().iter().filter(|slot| slot.name.is_some()) {
        if let Ok(seen) =
            ask(clients, slot.name.as_deref(), &Expected::default(), When::NowUnlessSilent).await
        {
            found.push(seen);
        }
    }
    found
}

/// Asks the server of a block.
///
/// # Errors
/// Why it is not at hand.
pub async fn ask(
    clients: &Clients,
    block: Option<&str>,
    expected: &Expected,
    when: When,
) -> Result<Seen, Absent> {
    let (server, keep) = find(clients, block, expected).await?;
    let outcome = match when {
        When::Lately => server.snapshot().await,
        When::Now => server.look().await,
        When::NowUnlessSilent => match server.silent() {
            Some(error) => Err(error),
            None => server.look().await,
        },
    };
    match outcome {
        Ok(snapshot) => {
            expected.check(&server, &snapshot.facts.server_name)?;
            Ok(Seen { server, snapshot })
        }
        Err(error) if error.is_unreachable() => Err(Absent::Silent { server, error, keep }),
        Err(error) => Err(Absent::Refused { server, error }),
    }
}

impl Expected {
    fn server(name: &Field<String>) -> Self {
        Self { own: name.as_str().map(str::to_owned), others: BTreeSet::new() }
    }

    fn is_met_by(&self, server_name: &str) -> bool {
        let same = |name: &String| name.eq_ignore_ascii_case(server_name);
        match &self.own {
            Some(own) => same(own) || self.others.iter().any(same),
            None => true,
        }
    }

    fn check(&self, server: &Server, server_name: &str) -> Result<(), Absent> {
        match &self.own {
            Some(own) if !self.is_met_by(server_name) => Err(Absent::Another(
                Diagnostic::error(
                    "Another SQL Server answers",
                    format!(
                        "The object lives on {own}, but the block \"{}\" leads to {server_name}.",
                        server.name()
                    ),
                )
                .hint("correct `host`; where the instance was renamed, remove the object from state and import it"),
            )),
            _ => Ok(()),
        }
    }
}

impl Seen {
    /// Looks again.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn again(&self) -> Result<Self, Diagnostics> {
        let snapshot = self
            .server
            .look()
            .await
            .map_err(|error| Diagnostics::from(sql_error("look at", &self.server, &error)))?;
        Ok(Self { server: Arc::clone(&self.server), snapshot })
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// One sentence with the statement, the server's own words and a hint.
    pub async fn execute(
        &self,
        context: &Context<Clients>,
        statement: &sql::Statement,
    ) -> Result<(), Diagnostics> {
        self.server
            .execute(statement, context.cancellation())
            .await
            .map_err(|error| statement_error(&self.server, statement, &error).into())
    }

    /// A section of the snapshot that this verb cannot do without.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn need<T>(&self, section: Section<T>) -> Result<T, Diagnostics> {
        section.map_err(|error| sql_error("read", &self.server, &error).into())
    }

    /// "Gone" needs proof: a login that does not see every definition cannot tell absent from hidden.
    ///
    /// # Errors
    /// When it cannot.
    pub fn prove_absence(&self, what: &str) -> Result<(), Diagnostics> {
        if self.snapshot.facts.sees_definitions {
            return Ok(());
        }
        Err(Diagnostic::error(
            "Whether an object is gone cannot be told",
            format!(
                "The SQL Server \"{}\" does not show {what}, and the login may not see every definition.",
                self.server.name()
            ),
        )
        .hint("GRANT VIEW ANY DEFINITION to the login")
        .into())
    }
}

impl Seen {
    /// Before a DROP that a look at other objects guards: a login that does not see every definition takes a hidden user
    /// for none.
    ///
    /// # Errors
    /// When it does not.
    pub fn prove_sight(&self, what: &str) -> Result<(), Diagnostics> {
        if self.snapshot.facts.sees_definitions {
            return Ok(());
        }
        Err(Diagnostic::error(
            "Whether an object is in use cannot be told",
            format!(
                "Did not remove {what} from the SQL Server \"{}\": the login may not see every definition, so what uses it \
                 may be hidden.",
                self.server.name()
            ),
        )
        .hint("GRANT VIEW ANY DEFINITION to the login, or set `on_destroy = \"keep\"`, apply, and destroy again")
        .into())
    }
}

/// The block's server; else whichever block's instance answers with the name that is remembered.
async fn find(
    clients: &Clients,
    block: Option<&str>,
    expected: &Expected,
) -> Result<(Arc<Server>, bool), Absent> {
    let named = clients.slot(block).and_then(|slot| match &slot.server {
        Part::Ready(server) => Ok((Arc::clone(server), slot.keep_unreachable)),
        Part::Unknown(argument) => Err(Unavailable::NotKnown(argument.clone())),
    });
    let named = named.map_err(|why| match why {
        Unavailable::NotKnown(argument) => Absent::NotKnown(argument),
        Unavailable::Wrong(diagnostic) => Absent::Wrong(diagnostic),
    });
    let Some(wanted) = &expected.own else { return named };
    if let Ok((server, _)) = &named {
        match server.facts().await {
            Ok(facts) if expected.is_met_by(&facts.server_name) => return named,
            // Who cannot be asked is for the caller to report.
            Err(_) => return named,
            Ok(_) => {}
        }
    }
    for slot in clients.slots() {
        if let Part::Ready(server) = &slot.server
            && let Ok(facts) = server.facts().await
            && facts.server_name.eq_ignore_ascii_case(wanted)
        {
            return Ok((Arc::clone(server), slot.keep_unreachable));
        }
    }
    named
}

/// A failed connection or query, as a user reads it.
pub fn sql_error(doing: &str, server: &Server, error: &sql::Error) -> Diagnostic {
    let summary = if error.is_unreachable() {
        "A SQL Server does not answer"
    } else if error.number() == Some(18456) {
        "A SQL Server refuses the login"
    } else {
        "A SQL Server could not be asked"
    };
    let detail =
        format!("Could not {doing} the SQL Server \"{}\" ({}): {error}", server.name(), server.config().host);
    with_hint(Diagnostic::error(summary, detail), error.hint().map(str::to_owned))
}

/// A failed statement, as a user reads it.
pub fn statement_error(server: &Server, statement: &sql::Statement, error: &sql::Error) -> Diagnostic {
    let detail = format!(
        "{} {} on the SQL Server \"{}\": {error}",
        statement.kind(),
        statement.object(),
        server.name()
    );
    let summary =
        if matches!(error, sql::Error::Cancelled) { "Stopped on request" } else { "A statement failed" };
    with_hint(Diagnostic::error(summary, detail), error.hint().map(str::to_owned))
}

fn kept(context: &Context<Clients>, server: &Server, error: &sql::Error) {
    if context.client().is_some_and(|clients| clients.say_once(&format!("kept {}", server.name()))) {
        context.warn(Diagnostic::warning(
            "A SQL Server does not answer",
            format!("What lives on the SQL Server \"{}\" keeps its last known state: {error}", server.name()),
        ));
    }
}

fn not_checked(context: &Context<Clients>, argument: &str) {
    if context.client().is_some_and(|clients| clients.say_once(&format!("unknown {argument}"))) {
        context.warn(Diagnostic::warning(
            "Not everything could be checked",
            format!("The provider's argument {argument} is not known yet, so what depends on it was planned without a look."),
        ));
    }
}

fn still_unknown(argument: &str) -> Diagnostic {
    Diagnostic::error(
        "The provider is not configured completely",
        format!("The provider's argument {argument} is still not known while changes are applied."),
    )
    .hint("apply what it comes from first, with -target")
}

fn with_hint(diagnostic: Diagnostic, hint: Option<String>) -> Diagnostic {
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// A moment as RFC 3339, UTC.
pub fn rfc3339(moment: OffsetDateTime) -> Field<String> {
    moment.format(&Rfc3339).ok().into()
}

/// The root of an object, for diagnostics without an argument at fault.
pub fn root() -> AttributePath {
    AttributePath::root()
}
