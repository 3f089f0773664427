//! How a verb reaches the sides that its object lives on, and what it says when it cannot.
//!
//! A *read* of a side that is not known yet keeps the prior state with one warning; so does a read of a side that does
//! not answer, with `unreachable = "keep"`. A *deed* needs its side. Whoever answers must be who state remembers: a
//! read that reached another server would call everything gone.

use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::arm;
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::path::AttributePath;
use crate::provider::Clients;
use crate::provider::clients::Unavailable;
use crate::provider::settings::Part;
use crate::sql::snapshot::Section;
use crate::sql::{self, Server, Snapshot};

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
pub fn fill_server(context: &Context<Clients>, field: &mut Field<String>) {
    if field.is_unknown()
        && let Some(clients) = context.client()
        && let [only] = clients.slots()
        && let Some(name) = &only.name
    {
        *field = Field::Known(name.clone());
    }
}

/// The same for the list of a group's servers.
pub fn fill_servers(context: &Context<Clients>, field: &mut Field<Vec<String>>) {
    let mut one = if field.is_unknown() { Field::Unknown } else { return };
    fill_server(context, &mut one);
    if let Field::Known(name) = one {
        *field = Field::Known(vec![name]);
    }
}

/// For a plan: the server's objects where they can be had, and nothing (with a word at most) where not.
pub async fn peek(context: &Context<Clients>, block: &Field<String>) -> Result<Option<Seen>, Diagnostics> {
    let Some(clients) = context.client() else { return Ok(None) };
    if block.is_unknown() {
        return Ok(None);
    }
    let slot = match clients.slot(block.as_str()) {
        Ok(slot) => slot,
        Err(Unavailable::Wrong(diagnostic)) => return Err(diagnostic.at("sql_server").into()),
        Err(Unavailable::NotKnown(argument)) => {
            not_checked(context, &argument);
            return Ok(None);
        }
    };
    match &slot.server {
        Part::Unknown(argument) => {
            not_checked(context, argument);
            Ok(None)
        }
        Part::Ready(server) => match server.snapshot().await {
            Ok(snapshot) => Ok(Some(Seen { server: Arc::clone(server), snapshot })),
            Err(error) if error.is_unreachable() && slot.keep_unreachable => {
                kept(context, server, &error);
                Ok(None)
            }
            Err(error) => Err(sql_error("plan", server, &error).at("sql_server").into()),
        },
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
    let (server, keep) = match find(clients, block, server_name).await {
        Ok(found) => found,
        Err(Unavailable::NotKnown(argument)) => {
            not_checked(context, &argument);
            return Ok(None);
        }
        Err(Unavailable::Wrong(diagnostic)) => return Err(diagnostic.at("sql_server").into()),
    };
    match server.snapshot().await {
        Ok(snapshot) => {
            same_server(&server, &snapshot, server_name)?;
            Ok(Some(Seen { server, snapshot }))
        }
        Err(error) if error.is_unreachable() && keep => {
            kept(context, &server, &error);
            Ok(None)
        }
        Err(error) => Err(sql_error("read", &server, &error).at("sql_server").into()),
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
    let (server, _keep) = match find(clients, block, server_name).await {
        Ok(found) => found,
        Err(Unavailable::NotKnown(argument)) => return Err(still_unknown(&argument).into()),
        Err(Unavailable::Wrong(diagnostic)) => return Err(diagnostic.at("sql_server").into()),
    };
    let snapshot = server
        .look()
        .await
        .map_err(|error| Diagnostics::from(sql_error("look at", &server, &error).at("sql_server")))?;
    same_server(&server, &snapshot, server_name)?;
    Ok(Seen { server, snapshot })
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

/// The block's server; else whichever block's instance answers with the name that state remembers.
async fn find(
    clients: &Clients,
    block: &Field<String>,
    server_name: &Field<String>,
) -> Result<(Arc<Server>, bool), Unavailable> {
    let named = clients.slot(block.as_str()).and_then(|slot| match &slot.server {
        Part::Ready(server) => Ok((Arc::clone(server), slot.keep_unreachable)),
        Part::Unknown(argument) => Err(Unavailable::NotKnown(argument.clone())),
    });
    let Some(wanted) = server_name.as_str() else { return named };
    if let Ok((server, _)) = &named {
        match server.facts().await {
            Ok(facts) if facts.server_name.eq_ignore_ascii_case(wanted) => return named,
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

fn same_server(server: &Server, snapshot: &Snapshot, remembered: &Field<String>) -> Result<(), Diagnostics> {
    match remembered.as_str() {
        Some(name) if !name.eq_ignore_ascii_case(&snapshot.facts.server_name) => Err(Diagnostic::error(
            "Another SQL Server answers",
            format!(
                "The object lives on {name}, but the block \"{}\" leads to {}.",
                server.name(),
                snapshot.facts.server_name
            ),
        )
        .hint("correct `host`; where the instance was renamed, remove the object from state and import it")
        .at("sql_server")
        .into()),
        _ => Ok(()),
    }
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

/// For a read of Azure: the client, or nothing where the prior state is to be kept.
///
/// # Errors
/// When no credential is configured.
pub fn azure_for_read(context: &Context<Clients>) -> Result<Option<(Arc<arm::Client>, bool)>, Diagnostics> {
    match clients(context)?.azure() {
        Ok((client, keep)) => Ok(Some((Arc::clone(client), keep))),
        Err(Unavailable::NotKnown(argument)) => {
            not_checked(context, &argument);
            Ok(None)
        }
        Err(Unavailable::Wrong(diagnostic)) => Err(diagnostic.into()),
    }
}

/// For a deed in Azure.
///
/// # Errors
/// When no credential is configured, or it is still not known.
pub fn azure(context: &Context<Clients>) -> Result<Arc<arm::Client>, Diagnostics> {
    match clients(context)?.azure() {
        Ok((client, _)) => Ok(Arc::clone(client)),
        Err(Unavailable::NotKnown(argument)) => Err(still_unknown(&argument).into()),
        Err(Unavailable::Wrong(diagnostic)) => Err(diagnostic.into()),
    }
}

/// How long a deed in Azure may take.
pub fn wait(context: &Context<Clients>) -> arm::Wait {
    arm::Wait { cancellation: context.cancellation().clone(), deadline: context.deadline() }
}

/// A failed call, as a user reads it: `doing` is "create the link DAG_Sales".
pub fn arm_error(doing: &str, error: &arm::Error) -> Diagnostic {
    let summary = match error {
        arm::Error::Cancelled => "Stopped on request",
        arm::Error::Credential(_) => "No token for Azure",
        error if error.is_unreachable() => "Azure does not answer",
        error if error.status() == Some(403) => "Azure refuses the access",
        error if error.status() == Some(404) => "Azure does not know the object",
        _ => "Azure refused",
    };
    with_hint(Diagnostic::error(summary, format!("Could not {doing}: {error}")), error.hint())
}

/// Says once that Azure's objects keep their last known state.
pub fn azure_kept(context: &Context<Clients>, error: &arm::Error) {
    if context.client().is_some_and(|clients| clients.say_once("azure kept")) {
        context.warn(Diagnostic::warning(
            "Azure does not answer",
            format!("What lives in Azure keeps its last known state: {error}"),
        ));
    }
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
