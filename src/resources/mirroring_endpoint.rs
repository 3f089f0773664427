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
mod trust;
mod words;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::framework::checks::{between, not_empty, one_of};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::resource::{
    Create, CreatePlan, Delete, Failure, Import, Resource, State, Update, UpdatePlan,
};
use crate::framework::schema::{Attribute, IdentitySchema, Schema, Timeouts};
use crate::model;
use crate::provider::Clients;
use crate::resources::reach::{self, Seen};
use crate::resources::shared;
use crate::sql::catalog::EndpointRow;
use crate::sql::instance::InstanceFacts;
use crate::sql::{Snapshot, Statement};

use self::change::{differing, fill_unknown, forget_dependents, new_endpoint, refresh};
use self::contact::{PENDING, Peer, SETTLED};
use self::guard::{alter, restart_warning};
use self::words::{AUTHENTICATIONS, is_listener_ip, same_listener_ip, words};

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
         whatever its name, and only what is written here is managed. Destroy leaves it unless `on_destroy = \"drop\"`, and puts the \
         authentication back that it had when it was taken over, if this resource has changed it and nobody else since.\n\nEvery change \
         restarts its listener and interrupts everything that replicates through it; the plan names who that is. It is not switched to a \
         certificate that the other side of a link does not know.",
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
    .attribute(Attribute::string("listener_ip").optional().computed().stable().same(same_listener_ip).check(is_listener_ip).describe(
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
        "Whether a change may restart the listener although a seeding runs, a group needs synchronized secondaries to commit, peers \
         have to follow a change of port, address, encryption or (when it is taken over) certificate, or the other side of a link cannot \
         be asked whether it knows the certificate. Default false. Destroy heeds it as last applied.",
    ))
    .attribute(shared::on_destroy(
        "Not written, the endpoint is left with the authentication that it had when it was taken over; `keep` leaves it as it is; `drop` \
         drops it if no group and no mirroring session is left.",
    ))
    .attribute(Attribute::string("contact").computed().stable().describe(
        "`settled`, or `pending` while links and replicas have not been seen connected again since a change restarted the listener. The \
         next apply looks again, before Terraform deletes what they needed until then.",
    ))
    .attribute(shared::adopted())
    .timeouts(Timeouts { create: Some(MINUTES_10), update: Some(MINUTES_10), delete: Some(MINUTES_10), ..Timeouts::default() })
}

const MINUTES_10: Duration = Duration::from_secs(10 * 60);

/// What is remembered beside the state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EndpointPrivate {
    /// Authentication and certificate of an endpoint when it was taken over; a destroy puts them back.
    original: Option<Original>,
    /// The same as this resource left them, if it has changed them.
    #[serde(default)]
    written: Option<Original>,
    /// Whether anything was remembered: a provider that dies in the middle of an update loses what was.
    #[serde(default)]
    recorded: bool,
    /// Whether the configuration says which certificate it shows: only then is somebody else's switch waited for.
    #[serde(default)]
    manages_certificate: bool,
    /// Who was connected when it was last read: an apply that is cut off right after a switch leaves nothing else that
    /// says who has to come back.
    #[serde(default)]
    connected: Vec<Peer>,
    /// Who was connected before a switch and was not seen since.
    #[serde(default)]
    awaited: Vec<Peer>,
}

/// How peers authenticate.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Original {
    connection_auth: i64,
    certificate: Option<String>,
}

impl Original {
    fn of(row: &EndpointRow) -> Self {
        Self { connection_auth: row.connection_auth, certificate: row.certificate.clone() }
    }
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
        validate(config, report);
    }

    async fn plan_create(
        &self,
        context: &Context<Clients>,
        plan: &mut CreatePlan<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Diagnostics> {
        let CreatePlan { config, planned, .. } = plan;
        reach::settle_server(context, &config.sql_server, &mut planned.sql_server)?;
        let Some(seen) = reach::peek(context, &planned.sql_server).await? else { return Ok(()) };
        let Some(row) = seen.need(seen.snapshot.endpoint.as_ref().map_err(Arc::clone))? else {
            if config.certificate.is_null() && config.authentication.is_null() {
                return Err(needs_certificate(seen.server.name()).into());
            }
            return Ok(());
        };
        let facts = &seen.snapshot.facts;
        check_name(&config.name, row, facts)?;
        context.warn(taken_over(&seen, row));
        let differing = differing(config, &words(row), |left, right| facts.same_name(left, right));
        if differing.is_empty() {
            return Ok(());
        }
        context.warn(restart_warning(&seen, row, &differing).await);
        // What changes by itself (seedings, say) is for the apply; whose certificate it shows does not.
        if config.certificate.as_str().is_some()
            && config.allow_listener_restart.known() != Some(&true)
            && guard::replaces_certificate(row, config, &seen)
        {
            let sharers = guard::sharers(&seen, &guard::uses(&seen).await?)?;
            if !sharers.is_empty() && !config.allow_listener_restart.is_unknown() {
                return Err(guard::replaced_certificate(row, config, &sharers).into());
            }
        }
        Ok(())
    }

    async fn plan_update(
        &self,
        context: &Context<Clients>,
        plan: &mut UpdatePlan<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Diagnostics> {
        let UpdatePlan { config, prior, planned, replace, private } = plan;
        shared::plan_server(context, &prior.sql_server, &prior.server_name, &planned.sql_server, replace)
            .await?;
        if !replace.is_empty() {
            return Ok(());
        }
        // An error here would stop the ordinary plan that goes before a destroy; the apply refuses.
        if let (Some(wanted), Some(has)) = (config.name.as_str(), prior.name.as_str())
            && wanted.to_lowercase() != has.to_lowercase()
        {
            let Diagnostic { summary, detail, hint, .. } = renamed(wanted, has);
            let warning = Diagnostic::warning(&summary, format!("{detail} The apply will be refused."));
            context.warn(hint.into_iter().fold(warning, Diagnostic::hint).at("name"));
        }
        let differing = differing(config, prior, |left, right| left == right);
        let pending = prior.contact.as_str() == Some(PENDING);
        if differing.is_empty() && !pending {
            return Ok(());
        }
        // A switch after which somebody is missing is not done: this is what plans an update before Terraform deletes
        // the certificate and the upload that it needed before.
        planned.contact = Field::Unknown;
        forget_dependents(planned, config, &differing);
        if pending {
            context
                .warn(contact::not_connected_yet(prior.name.as_str().unwrap_or_default(), &private.awaited));
        }
        if differing.is_empty() {
            return Ok(());
        }
        let Some(seen) = reach::peek_at(context, &prior.sql_server, &prior.server_name).await? else {
            return Ok(());
        };
        if let Ok(Some(row)) = &seen.snapshot.endpoint {
            context.warn(restart_warning(&seen, row, &differing).await);
        }
        Ok(())
    }

    async fn plan_destroy(
        &self,
        context: &Context<Clients>,
        prior: &State<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Diagnostics> {
        leave::plan(context, &prior.model, &prior.private).await
    }

    async fn create(
        &self,
        context: &Context<Clients>,
        request: Create<MirroringEndpoint>,
    ) -> Result<State<MirroringEndpoint, EndpointPrivate>, Failure<MirroringEndpoint, EndpointPrivate>> {
        let Create { config, planned } = request;
        let seen = reach::look(context, &planned.sql_server, &Field::Null).await?;
        let found = seen.need(seen.snapshot.endpoint.clone())?;
        let mut private = EndpointPrivate {
            recorded: true,
            manages_certificate: !config.certificate.is_null(),
            ..EndpointPrivate::default()
        };
        let mut rewritten = false;
        match &found {
            Some(row) => {
                check_name(&config.name, row, &seen.snapshot.facts)?;
                context.warn(taken_over(&seen, row));
                private.original = Some(Original::of(row));
                let altered = alter(context, &seen, row, &config, true).await?;
                rewritten = altered.authenticates_otherwise;
                private.awaited = contact::await_contact(context, &seen, &altered.before).await;
            }
            None => {
                let statement = Statement::CreateEndpoint(new_endpoint(&config, seen.server.name())?);
                if let Err(failed) = seen.server.execute(&statement, context.cancellation()).await
                    && !failed.is_outcome_unknown()
                {
                    return Err(reach::statement_error(&seen.server, &statement, &failed).into());
                }
            }
        }
        let seen = seen.again().await?;
        let row = seen.need(seen.snapshot.endpoint.clone())?.ok_or_else(|| not_there(&seen))?;
        private.written = rewritten.then(|| Original::of(&row));
        if !private.awaited.is_empty() {
            // An error would taint the endpoint. The next plan updates it until everybody is back.
            context.warn(contact::not_connected_yet(&row.name, &private.awaited));
        }
        let mut model = MirroringEndpoint {
            adopted: Field::Known(found.is_some()),
            contact: contact(&private),
            ..planned
        };
        model.server_name = Field::Known(seen.snapshot.facts.server_name.clone());
        fill_unknown(&mut model, &row);
        Ok(State { model, private })
    }

    async fn read(
        &self,
        context: &Context<Clients>,
        state: State<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<Option<State<MirroringEndpoint, EndpointPrivate>>, Diagnostics> {
        let State { mut model, mut private } = state;
        let Some(seen) = reach::read(context, &model.sql_server, &model.server_name).await? else {
            return Ok(Some(State { model, private }));
        };
        let Some(row) = seen.need(seen.snapshot.endpoint.clone())? else {
            seen.prove_absence("a database mirroring endpoint")?;
            return Ok(None);
        };
        shared::settle_server(&mut model.sql_server, &mut model.server_name, &seen);
        let facts = &seen.snapshot.facts;
        if shows_another(&model, &row, facts) {
            private.await_after_switch(&seen.snapshot);
        }
        refresh(&mut model, &row, facts);
        // Who may not see the replicas' states keeps what was known.
        if let Ok(absent) = contact::missing(&seen.snapshot, &private.awaited) {
            private.awaited = absent;
        }
        if private.awaited.is_empty()
            && let Ok(connected) = contact::connected(&seen.snapshot)
        {
            private.connected = connected;
        }
        model.contact = contact(&private);
        Ok(Some(State { model, private }))
    }

    async fn update(
        &self,
        context: &Context<Clients>,
        request: Update<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<State<MirroringEndpoint, EndpointPrivate>, Failure<MirroringEndpoint, EndpointPrivate>> {
        let Update { config, prior, planned, mut private } = request;
        let seen = reach::look(context, &planned.sql_server, &prior.server_name).await?;
        let row = seen.need(seen.snapshot.endpoint.clone())?.ok_or_else(|| not_there(&seen))?;
        let facts = &seen.snapshot.facts;
        check_name(&config.name, &row, facts)?;
        if shows_another(&prior, &row, facts) {
            private.await_after_switch(&seen.snapshot);
        }
        let altered = alter(context, &seen, &row, &config, false).await?;
        let rewritten = altered.authenticates_otherwise;
        private.await_also(altered.before);
        private.awaited = contact::await_contact(context, &seen, &private.awaited).await;
        private.manages_certificate = !config.certificate.is_null();
        private.recorded = true;
        // From here on an error must not lose what has been done.
        let row = match seen.again().await.and_then(|now| now.need(now.snapshot.endpoint.clone())) {
            Ok(Some(now)) => now,
            _ => row,
        };
        if rewritten {
            private.written = Some(Original::of(&row));
        }
        let mut model = MirroringEndpoint {
            server_name: prior.server_name,
            adopted: prior.adopted,
            contact: contact(&private),
            ..planned
        };
        fill_unknown(&mut model, &row);
        if private.awaited.is_empty() {
            return Ok(State { model, private });
        }
        let diagnostics = contact::not_connected(&row.name, &private.awaited);
        Err(Failure { diagnostics, state: Some(State { model, private }) })
    }

    async fn delete(
        &self,
        context: &Context<Clients>,
        request: Delete<MirroringEndpoint, EndpointPrivate>,
    ) -> Result<(), Failure<MirroringEndpoint, EndpointPrivate>> {
        leave::run(context, &request.prior, &request.private).await.map_err(Failure::from)
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
            // What is imported was there; a destroy leaves it.
            adopted: Field::Known(true),
        };
        Ok(State { model, private: EndpointPrivate { recorded: true, ..EndpointPrivate::default() } })
    }
}

impl EndpointPrivate {
    /// After a switch that nobody recorded, because an apply was cut off or somebody else did it: who was connected when
    /// it was last read has to come back; every link, where that is not remembered either.
    fn await_after_switch(&mut self, snapshot: &Snapshot) {
        if !self.recorded {
            self.await_also(contact::links(snapshot).unwrap_or_default());
        } else if self.manages_certificate {
            self.await_also(self.connected.clone());
        }
    }

    fn await_also(&mut self, peers: Vec<Peer>) {
        self.awaited.extend(peers);
        self.awaited.sort();
        self.awaited.dedup();
    }
}

fn contact(private: &EndpointPrivate) -> Field<String> {
    if private.awaited.is_empty() { SETTLED.into() } else { PENDING.into() }
}

/// Whether the endpoint shows another certificate than state knows.
fn shows_another(state: &MirroringEndpoint, row: &EndpointRow, facts: &InstanceFacts) -> bool {
    match (state.certificate.as_str(), row.certificate.as_deref()) {
        (Some(known), Some(shown)) => !facts.same_name(known, shown),
        (known, shown) => known.is_some() != shown.is_some(),
    }
}

fn validate(config: &MirroringEndpoint, report: &mut Diagnostics) {
    let mut refuse = |summary: &str, detail: String, path: &'static str| {
        report.push(Diagnostic::error(summary, detail).at(path));
    };
    if let Some(way) = config.authentication.as_str() {
        if way.contains("certificate") && config.certificate.is_null() {
            refuse(
                "An endpoint without its certificate",
                format!(
                    "The authentication \"{way}\" needs `certificate`, the name of a certificate in master."
                ),
                "certificate",
            );
        } else if !way.contains("certificate") && !config.certificate.is_null() {
            refuse(
                "A certificate that is not used",
                format!(
                    "The authentication \"{way}\" uses no certificate, so the endpoint would not keep `certificate`."
                ),
                "certificate",
            );
        }
    }
    match (config.encryption.as_str(), config.encryption_algorithm.as_str()) {
        (Some("disabled"), Some(algorithm)) if algorithm != "none" => refuse(
            "An algorithm without encryption",
            format!("With `encryption = \"disabled\"` the algorithm is \"none\", not \"{algorithm}\"."),
            "encryption_algorithm",
        ),
        (Some(level @ ("required" | "supported")), Some("none")) => refuse(
            "Encryption without an algorithm",
            format!("With `encryption = \"{level}\"` the algorithm cannot be \"none\"."),
            "encryption_algorithm",
        ),
        _ => {}
    }
}

fn check_name(wanted: &Field<String>, row: &EndpointRow, facts: &InstanceFacts) -> Result<(), Diagnostics> {
    match wanted.as_str() {
        Some(name) if !facts.same_name(name, &row.name) => Err(renamed(name, &row.name).into()),
        _ => Ok(()),
    }
}

fn taken_over(seen: &Seen, row: &EndpointRow) -> Diagnostic {
    Diagnostic::warning(
        "An existing endpoint is taken over",
        format!(
            "{} has the endpoint {} already, and there can be only one. What is not written here stays as it is, and a destroy leaves it unless \
             `on_destroy = \"drop\"`.",
            seen.snapshot.facts.server_name, row.name
        ),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut MirroringEndpoint)) -> Vec<String> {
        let mut config = MirroringEndpoint {
            sql_server: Field::Null,
            server_name: Field::Null,
            name: Field::Null,
            port: Field::Null,
            listener_ip: Field::Null,
            certificate: "c".into(),
            authentication: Field::Null,
            encryption: Field::Null,
            encryption_algorithm: Field::Null,
            role: Field::Null,
            state: Field::Null,
            allow_listener_restart: Field::Null,
            on_destroy: Field::Null,
            contact: Field::Null,
            adopted: Field::Null,
        };
        change(&mut config);
        let mut report = Diagnostics::new();
        validate(&config, &mut report);
        report.iter().map(|fault| fault.summary.clone()).collect()
    }

    #[test]
    fn what_would_never_converge_is_refused() {
        assert!(faults(|_| {}).is_empty());
        assert_eq!(faults(|config| config.authentication = "windows_negotiate".into()).len(), 1);
        let disabled = |algorithm: &'static str| {
            faults(move |config| {
                config.encryption = "disabled".into();
                config.encryption_algorithm = algorithm.into();
            })
        };
        assert_eq!(disabled("aes"), ["An algorithm without encryption"]);
        assert!(disabled("none").is_empty());
        let required = faults(|config| {
            config.encryption = "required".into();
            config.encryption_algorithm = "none".into();
        });
        assert_eq!(required, ["Encryption without an algorithm"]);
    }

    #[test]
    fn who_is_awaited_is_awaited_once() {
        let peer = |replica: &str| Peer { group: "DAG".to_owned(), replica: replica.to_owned() };
        let mut private = EndpointPrivate {
            connected: vec![peer("1"), peer("2")],
            awaited: vec![peer("2")],
            ..EndpointPrivate::default()
        };
        private.await_also(private.connected.clone());
        assert_eq!(private.awaited, [peer("1"), peer("2")]);
        assert_eq!(contact(&private), PENDING.into());
    }
}
