//! The probe: read-only checks of what the simulator says, against a real SQL Server and a real managed instance.
//!
//! The simulator rests on documents and recordings, and where those are silent on a ledger of assumptions
//! (`docs/design/assumptions.md`). Whoever has the real thing can settle many of them with a look. What was found is a
//! [`Report`] that can be sent back: it holds no secrets, and no names unless they are asked for.
//!
//! It only reads, by construction. Every text for an engine passes `tsql::read_only` on its way out; of Azure
//! Resource Manager only GET is known.
//!
//! | module | what |
//! | --- | --- |
//! | `report` | findings and how they are told |
//! | `names` | what reports do not say |
//! | `server`, `value` | a session with an engine that only reads |
//! | `azure`, `token` | Azure Resource Manager, only asked |
//! | `engine`, `twin` | a real engine with a simulated one beside it |
//! | `columns` | the catalog, column by column |
//! | `messages` | the engine's messages, number by number |
//! | `statements` | statements that end alike or not |
//! | `arm_facts` | what Azure says of an instance, asked once |
//! | `ledger` | the assumptions, entry by entry |

mod arm_facts;
mod azure;
mod columns;
mod engine;
mod ledger;
mod messages;
mod names;
mod report;
mod server;
mod statements;
mod token;
mod twin;
mod value;

use time::OffsetDateTime;

use arm_facts::ArmFacts;
use engine::{Engine, EngineFailure, Kind};
use ledger::Sides;
use names::Names;

pub use azure::{AzureFailure, AzureTarget};
pub use names::Secret;
pub use report::{Finding, Outcome, Report, Verdict};
pub use server::{Place, ServerTarget, SignIn, SqlFailure, Trust};
pub use token::{NoToken, TokenSource};

/// What is probed. Each side is optional; what asks for one that is missing stays open.
#[derive(Debug, Default)]
pub struct Probe {
    /// A SQL Server.
    pub server: Option<ServerTarget>,
    /// A managed instance in Azure.
    pub azure: Option<AzureTarget>,
    /// The engine of that instance.
    pub instance: Option<ServerTarget>,
    /// Whether the report shows names.
    pub names: bool,
    /// What is never shown, beside the secrets of the targets.
    pub secrets: Vec<Secret>,
}

/// Nothing could be probed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No side is named.
    #[error("there is nothing to probe: name a SQL Server, a managed instance, or both")]
    Nothing,
    /// A side that was named does not answer. Names are hidden in the text as in a report.
    #[error("{0}")]
    Unreachable(String),
}

impl Probe {
    /// Asks everything that can be asked. Sides are asked one after the other, so that none has more than one session.
    ///
    /// # Errors
    /// When no side is named, or one that is named cannot be asked at all.
    pub async fn run(self) -> Result<Report, ProbeError> {
        let mut names = Names::new(self.names);
        self.learn(&mut names);
        // On the heap: what a probe remembers between its questions is much for a thread's stack.
        let found = Box::pin(self.look(&mut names)).await;
        let mut report = found.map_err(|error| match error {
            ProbeError::Unreachable(text) => ProbeError::Unreachable(names.hide(&text)),
            other => other,
        })?;
        for (_, value) in &mut report.facts {
            *value = names.hide(value);
        }
        for finding in &mut report.findings {
            // What the simulator says of itself has nobody's names in it.
            let evidence = finding.outcome.evidence.iter();
            finding.outcome.evidence = evidence.map(|line| names.hide(line)).collect();
            if let Verdict::Open(reason) = &mut finding.outcome.verdict {
                *reason = names.hide(reason);
            }
        }
        Ok(report)
    }

    fn learn(&self, names: &mut Names) {
        for target in self.server.iter().chain(&self.instance) {
            names.learn("host", &target.host);
            if let Place::Instance(instance) = &target.place {
                names.learn("instance", instance);
            }
            match &target.sign_in {
                SignIn::Login { user, password } => {
                    names.learn("login", user);
                    names.secret(password);
                }
                SignIn::Token(token) => names.secret(token),
            }
        }
        if let Some(azure) = &self.azure {
            names.secret(&azure.token);
        }
        for secret in &self.secrets {
            names.secret(secret);
        }
    }

    async fn look(self, names: &mut Names) -> Result<Report, ProbeError> {
        if self.server.is_none() && self.azure.is_none() && self.instance.is_none() {
            return Err(ProbeError::Nothing);
        }
        let mut facts = Vec::new();
        let failed = |error: AzureFailure| ProbeError::Unreachable(format!("the managed instance: {error}"));
        let azure = match self.azure {
            Some(target) => {
                let client = azure::Azure::new(target).map_err(failed)?;
                let read = Box::pin(ArmFacts::read(&client, names)).await.map_err(failed)?;
                facts.push(("managed instance".to_owned(), read.told()));
                Some(read)
            }
            None => None,
        };
        let policy = azure.as_ref().and_then(ArmFacts::policy);
        let mut server = open(Kind::Server, self.server.as_ref(), None, names, &mut facts).await?;
        let mut instance = open(Kind::Instance, self.instance.as_ref(), policy, names, &mut facts).await?;
        let mut sides = Sides { server: server.as_mut(), instance: instance.as_mut(), azure: azure.as_ref() };
        let mut findings = Box::pin(ledger::findings(&mut sides)).await;
        for engine in server.iter_mut().chain(&mut instance) {
            findings.append(&mut Box::pin(columns::findings(engine)).await);
            findings.append(&mut Box::pin(statements::findings(engine)).await);
        }
        for engine in server.into_iter().chain(instance) {
            engine.close().await;
        }
        Ok(Report { made: OffsetDateTime::now_utc(), facts, findings })
    }
}

async fn open(
    kind: Kind,
    target: Option<&ServerTarget>,
    policy: Option<&str>,
    names: &mut Names,
    facts: &mut Vec<(String, String)>,
) -> Result<Option<Engine>, ProbeError> {
    let Some(target) = target else { return Ok(None) };
    let engine = Box::pin(Engine::open(kind, target, policy, names))
        .await
        .map_err(|error: EngineFailure| ProbeError::Unreachable(error.to_string()))?;
    let what = match kind {
        Kind::Server => "server",
        Kind::Instance => "instance's engine",
    };
    facts.push((what.to_owned(), engine.told()));
    Ok(Some(engine))
}
