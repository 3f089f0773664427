//! What long-running operations of Azure do when they end.

use time::{Duration, OffsetDateTime};

use super::assumption;
use super::connection::{Address, RETRY};
use super::database::DatabaseState;
use super::estate::{Estate, behind};
use super::flow::{Moments, Reached};
use super::group::Role;
use super::link_life::{group_mut, owe_backup};
use super::log::{LogPosition, Replication};
use super::managed::{
    Effect, InstanceEffect, Lingering, Link, LinkDatabase, LinkPhase, ManagedInstance, Operation,
    TrustCertificate,
};
use super::replication::opposite;
use crate::arm::backend::{DroppedDatabaseView, RoleChange};
use crate::arm::path::InstancePath;
use crate::tsql::error::raise;

type Outcome = Result<(), (String, String)>;

impl Estate {
    /// Ends the operations whose time has come, oldest first. Says whether any ended.
    pub(super) fn end_operations(&mut self) -> bool {
        let now = self.reached;
        let mut ended = false;
        for position in 0..self.operations.len() {
            let running = self.operations.get(position).filter(|operation| operation.outcome.is_none());
            let Some(operation) = running.cloned() else { continue };
            let outcome = match (&operation.effect, operation.ends) {
                (Effect::FollowLink(link), _) => self.follow(&operation, link),
                (_, Some(ends)) if ends <= now => Some(self.take_effect(&operation)),
                _ => None,
            };
            ended |= outcome.is_some();
            if let Some(operation) = self.operations.get_mut(position) {
                operation.outcome = outcome;
            }
        }
        ended
    }

    /// An instance by its path.
    pub fn managed(&self, path: &InstancePath) -> Option<&ManagedInstance> {
        self.managed_instances.iter().find(|managed| same_instance(managed, path))
    }

    /// The same, to change.
    pub fn managed_mut(&mut self, path: &InstancePath) -> Option<&mut ManagedInstance> {
        self.managed_instances.iter_mut().find(|managed| same_instance(managed, path))
    }

    fn follow(&mut self, operation: &Operation, name: &str) -> Option<Outcome> {
        let Some(link) = self.link(&operation.instance, name) else {
            return Some(Err((
                "OperationCancelled".into(),
                "The operation has been cancelled by user.".into(),
            )));
        };
        match link.phase {
            // ASSUMED 3: it lasts until everything is seeded.
            LinkPhase::Initiating | LinkPhase::Seeding => {
                opposite(&self.opposites, assumption::CREATE_SPANS_SEEDING).then_some(Ok(()))
            }
            LinkPhase::InitError | LinkPhase::CreationError => {
                // ASSUMED 18.
                let (number, _, text) = link.error.clone().unwrap_or((41986, self.reached, String::new()));
                // ASSUMED 5.
                if opposite(&self.opposites, assumption::FAILED_LINK_STAYS) {
                    self.drop_link(&operation.instance, name);
                }
                let word = opposite(&self.opposites, assumption::ENGINE_NUMBERS);
                let code = if word { "InternalServerError".to_owned() } else { number.to_string() };
                Some(Err((code, text)))
            }
            _ => Some(Ok(())),
        }
    }

    fn take_effect(&mut self, operation: &Operation) -> Outcome {
        let path = &operation.instance;
        match &operation.effect {
            Effect::None | Effect::FollowLink(_) => {}
            Effect::Fail(code, message) => return Err((code.clone(), message.clone())),
            Effect::DropLink(name) => {
                if self.link(path, name).is_none()
                    // ASSUMED 13.
                    && opposite(&self.opposites, assumption::DELETE_MISSING)
                {
                    return Err((
                        "ResourceNotFound".into(),
                        format!("The distributed availability group '{name}' was not found."),
                    ));
                }
                self.drop_link(path, name);
            }
            Effect::AddTrust(certificate) => {
                let several = !opposite(&self.opposites, assumption::SEVERAL_CERTIFICATES);
                // ASSUMED 19: the very same once more is no error.
                let again = !opposite(&self.opposites, assumption::SAME_CERTIFICATE);
                return match self.managed_mut(path) {
                    Some(managed) => add_trust(managed, certificate, several, again),
                    None => Ok(()),
                };
            }
            Effect::RemoveTrust(name) => {
                let until = self.lingers_until();
                if let Some(managed) = self.managed_mut(path) {
                    let named = |one: &mut TrustCertificate| one.name.eq_ignore_ascii_case(name);
                    let gone = managed.trust_certificates.extract_if(.., named).map(Lingering::Certificate);
                    managed.lingering.extend(gone.filter_map(|one| Some((one, until?))));
                }
            }
            Effect::SetSynchronous(name, on) => {
                if let Some(managed) = self.managed_mut(path) {
                    if let Some(link) = link_of(managed, name) {
                        link.synchronous = *on;
                    }
                    if let Some(group) = group_mut(&mut managed.engine, name) {
                        group.replicas.iter_mut().for_each(|member| member.synchronous = *on);
                    }
                }
            }
            Effect::SetDatabases(name, databases) => self.set_databases(path, name, databases),
            Effect::ChangeRole(name, change) => return self.change_role(path, name, *change),
            Effect::DropDatabase(name) => {
                // Only where a database of a link can be deleted (ASSUMED 24) does one have any.
                for link in self.links_with(path, name) {
                    self.drop_link(path, &link);
                }
                let deleted = self.reached;
                if let Some(managed) = self.managed_mut(path) {
                    managed.remember_dropped(name, deleted);
                    managed.engine.databases.retain(|one| !one.name.eq_ignore_ascii_case(name));
                    managed.due_backups.retain(|(one, _)| !one.eq_ignore_ascii_case(name));
                }
            }
            Effect::Instance(effect) => self.change_instance(path, effect),
            Effect::Revalidate => {}
            Effect::AddKey(_) | Effect::RemoveKey(_) | Effect::Protect(_) => {
                if let Some(managed) = self.managed_mut(path) {
                    managed.change_keys(&operation.effect);
                }
            }
            Effect::PutGroup(group) => self.put_group(group),
            Effect::FailOverGroup(name) => self.fail_over_group(path, name),
            Effect::DropGroup(name) => {
                self.failover_groups.retain(|group| !(group.is_called(name) && group.has(path)));
            }
        }
        Ok(())
    }

    fn change_instance(&mut self, path: &InstancePath, effect: &InstanceEffect) {
        let now = self.reached;
        let Self { managed_instances, network, .. } = self;
        let Some(managed) = managed_instances.iter_mut().find(|managed| same_instance(managed, path)) else {
            return;
        };
        match effect {
            InstanceEffect::Stop => {
                "Stopped".clone_into(&mut managed.view.state);
                "Succeeded".clone_into(&mut managed.view.provisioning_state);
                network.down.insert(managed.engine.host.clone());
                return;
            }
            InstanceEffect::Start => {
                network.down.remove(&managed.engine.host);
            }
            InstanceEffect::Restart => managed.lose_connections(now),
            InstanceEffect::Scale(size) => {
                let view = &mut managed.view;
                view.v_cores = size.v_cores.unwrap_or(view.v_cores);
                view.storage_gb = size.storage_gb.unwrap_or(view.storage_gb);
                view.sku = size.sku.clone().unwrap_or_else(|| view.sku.clone());
                view.tier = size.tier.clone().unwrap_or_else(|| view.tier.clone());
                managed.lose_connections(now);
            }
            InstanceEffect::Passive(passive) => {
                let usage = if *passive { "Passive" } else { "Active" };
                usage.clone_into(&mut managed.view.hybrid_secondary_usage);
            }
        }
        managed.become_ready();
    }

    /// Ends a link: the instance's groups go, its copies become independent. SQL Server keeps everything and is
    /// disconnected, also where it was the secondary.
    pub(super) fn drop_link(&mut self, path: &InstancePath, name: &str) {
        let (now, opposites, until) = (self.reached, self.opposites.clone(), self.lingers_until());
        let Some(managed) = self.managed_mut(path) else { return };
        let Some(position) = managed.links.iter().position(|link| link.name.eq_ignore_ascii_case(name))
        else {
            return;
        };
        let link = managed.links.remove(position);
        if let Some(until) = until {
            managed.lingering.push((Lingering::Link(Box::new(link.clone())), until));
        }
        let local = link.request.instance_group.as_str();
        managed.engine.groups.retain(|group| {
            !group.name.eq_ignore_ascii_case(&link.name) && !group.name.eq_ignore_ascii_case(local)
        });
        // ASSUMED 6.
        let half_stays = !opposite(&opposites, assumption::HALF_COPY_STAYS);
        let own = |name: &str| link.databases.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        managed
            .engine
            .databases
            .retain(|one| half_stays || one.state != DatabaseState::Restoring || !own(&one.name));
        let mut independent = Vec::new();
        for database in managed.engine.databases.iter_mut().filter(|one| own(&one.name)) {
            database.group = None;
            database.group_database_id = None;
            if database.state == DatabaseState::Online && !link.instance_is_primary {
                independent.push(database.name.clone());
            }
        }
        for name in independent {
            owe_backup(managed, &opposites, &name, now);
        }
        let Some(joined) = link.joined else { return };
        // ASSUMED 22.
        let ended = link.instance_is_primary && opposite(&opposites, assumption::DELETED_PRIMARY);
        for sql in self.sql_servers.iter_mut().filter(|sql| sql.groups.iter().any(|group| group.id == joined))
        {
            for group in sql.groups.iter_mut().filter(|group| group.id == joined) {
                group.link.connected = false;
                group.link.health = 0;
                // ASSUMED 93.
                group.link.ever_connected &= !opposite(&opposites, assumption::LOG_OF_DELETED);
            }
            for one in link.databases.iter().filter(|_| ended) {
                if let Some(copy) = sql.database_mut(&one.name) {
                    copy.state = DatabaseState::Restoring;
                }
            }
        }
    }

    /// ASSUMED 164: what was deleted is gone when its operation has ended. [recordings, where their polls come 10 to 15 s
    /// apart] Else it is shown until the moment that this says.
    fn lingers_until(&self) -> Option<OffsetDateTime> {
        opposite(&self.opposites, assumption::GONE_AT_ONCE).then(|| self.reached + Duration::seconds(30))
    }

    fn links_with(&self, path: &InstancePath, database: &str) -> Vec<String> {
        let links = self.managed(path).map(|managed| managed.links.as_slice()).unwrap_or_default();
        let has = |link: &&Link| link.databases.iter().any(|one| one.name.eq_ignore_ascii_case(database));
        links.iter().filter(has).map(|link| link.name.clone()).collect()
    }

    fn set_databases(&mut self, path: &InstancePath, name: &str, databases: &[String]) {
        let (now, opposites) = (self.reached, self.opposites.clone());
        let mut ids = Vec::new();
        for _ in databases {
            ids.push((self.fresh_guid(), self.fresh_guid()));
        }
        let Some(managed) = self.managed_mut(path) else { return };
        let Some(link) = link_of(managed, name) else { return };
        let wanted = |one: &str| databases.iter().any(|name| name.eq_ignore_ascii_case(one));
        let removed: Vec<String> =
            link.databases.iter().map(|one| one.name.clone()).filter(|one| !wanted(one)).collect();
        link.databases.retain(|one| wanted(&one.name));
        for (name, replicas) in databases.iter().zip(ids) {
            if !link.databases.iter().any(|one| one.name.eq_ignore_ascii_case(name)) {
                link.databases.push(LinkDatabase::new(name, replicas));
                link.phase = LinkPhase::Seeding;
            }
        }
        link.request.databases = databases.to_vec();
        let now_primary = link.instance_is_primary;
        for group in &mut managed.engine.groups {
            group.databases.retain(|one| !removed.contains(one));
        }
        for database in managed.engine.databases.iter_mut().filter(|one| removed.contains(&one.name)) {
            database.group = None;
            database.group_database_id = None;
        }
        for name in removed.iter().filter(|_| !now_primary) {
            owe_backup(managed, &opposites, name, now);
        }
    }

    fn change_role(&mut self, path: &InstancePath, name: &str, change: RoleChange) -> Outcome {
        let forced = matches!(change, RoleChange::Forced | RoleChange::SetRole { forced: true, .. });
        let Some(managed) = self.managed_mut(path) else { return Ok(()) };
        let Some(link) = link_of(managed, name) else { return Ok(()) };
        if link.phase == LinkPhase::FailingOver {
            link.phase = LinkPhase::Synchronizing;
        }
        if forced {
            // Roles change on the instance alone; who is SQL Server's primary does not matter. [recordings]
            link.instance_is_primary = !link.instance_is_primary;
            link.reset = true;
            return Ok(());
        }
        let Some(session) = link.session.clone() else {
            let (number, text) = raise!(41969).told();
            return Err((number.to_string(), text));
        };
        self.drain(name);
        if let Some(link) = self.managed_mut(path).and_then(|managed| link_of(managed, name)) {
            link.instance_is_primary = false;
        }
        for group in self.sql_servers.iter_mut().flat_map(|sql| &mut sql.groups) {
            if group.id == session.group {
                group.role = Role::Primary;
            }
        }
        Ok(())
    }

    /// What a planned failover does before roles change: both sides commit synchronously for its duration, so that the
    /// secondary has hardened everything, whatever the commit mode was. ["Best practices", 2026; "Fail over a link", 2024]
    pub(crate) fn drain(&mut self, name: &str) {
        let all_move = self.listeners_move();
        let Self { sql_servers, managed_instances, .. } = self;
        for managed in managed_instances {
            let of = |link: &&mut Link| link.session.is_some() && link.name.eq_ignore_ascii_case(name);
            let Some(link) = managed.links.iter_mut().find(of) else { continue };
            let place = Address::parse(&link.request.partner_endpoint)
                .and_then(|partner| behind(sql_servers.iter(), partner.host, partner.port, all_move));
            let Some(sql) = place.and_then(|place| sql_servers.get_mut(place)) else { continue };
            let instance = &mut managed.engine;
            let (source, target) = if link.instance_is_primary { (instance, sql) } else { (sql, instance) };
            for one in &mut link.databases {
                let Some(from) = source.database(&one.name) else { continue };
                let position = from.hardened_lsn;
                if let Some(copy) = target.database_mut(&one.name) {
                    copy.hardened_lsn = position;
                    one.replication
                        .reach(Reached { received: position, redone: position }, Moments::both(self.reached));
                }
            }
        }
    }

    /// A link by instance and name.
    pub fn link(&self, path: &InstancePath, name: &str) -> Option<&Link> {
        self.managed(path)?.links.iter().find(|link| link.name.eq_ignore_ascii_case(name))
    }
}

impl ManagedInstance {
    /// Keeps what is left of a database that is deleted.
    fn remember_dropped(&mut self, name: &str, deleted: OffsetDateTime) {
        let Some(database) = self.engine.databases.iter().find(|one| one.name.eq_ignore_ascii_case(name))
        else {
            return;
        };
        self.dropped_databases.push(DroppedDatabaseView {
            name: database.name.clone(),
            created: database.created,
            deleted,
            first_backup: database.backups.iter().map(|backup| backup.finished).min(),
        });
    }

    /// Its engine goes on elsewhere: links connect anew, and seeding begins again. ["Troubleshoot the link", 2026]
    fn lose_connections(&mut self, now: OffsetDateTime) {
        for link in self.links.iter_mut().filter(|link| link.session.is_some()) {
            link.session = None;
            link.databases.iter_mut().for_each(|one| one.replication.stop());
            link.tried = None;
            link.next_attempt = now + RETRY / 2;
        }
    }
}

impl LinkDatabase {
    /// A database whose seeding has not begun.
    pub fn new(name: &str, replicas: (String, String)) -> Self {
        Self {
            name: name.to_owned(),
            replicas,
            seeded: None,
            seedings: 0,
            seeding_since: None,
            seeding_from: LogPosition::ZERO,
            seeded_at: None,
            replication: Replication::default(),
            error: None,
        }
    }
}

/// A link of an instance, to change.
pub(super) fn link_of<'a>(managed: &'a mut ManagedInstance, name: &str) -> Option<&'a mut Link> {
    managed.links.iter_mut().find(|link| link.name.eq_ignore_ascii_case(name))
}

/// Uploads are create-only. [recordings: a known name or a known content fails]
fn add_trust(
    managed: &mut ManagedInstance,
    certificate: &TrustCertificate,
    several: bool,
    again: bool,
) -> Outcome {
    let known = &managed.trust_certificates;
    if again
        && known
            .iter()
            .any(|one| one.name.eq_ignore_ascii_case(&certificate.name) && one.der == certificate.der)
    {
        return Ok(());
    }
    let subject = |der: &[u8]| super::x509::read("", der).map(|one| one.subject);
    // ASSUMED 7: several certificates of one subject live side by side.
    let taken = known.iter().any(|one| {
        one.name.eq_ignore_ascii_case(&certificate.name)
            || one.der == certificate.der
            || (!several && subject(&one.der) == subject(&certificate.der))
    });
    if taken {
        return Err((
            "CertificateAlreadyExists".into(),
            "A certificate with a given name already exists or this certificate already has been added to the database."
                .into(),
        ));
    }
    managed.trust_certificates.push(certificate.clone());
    Ok(())
}

fn same_instance(managed: &ManagedInstance, path: &InstancePath) -> bool {
    managed.view.path.is(path)
}
