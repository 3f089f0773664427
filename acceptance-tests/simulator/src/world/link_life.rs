//! The life of one link from moment to moment: connect, seed, replicate, lose the connection, connect again.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::assumption;
use super::connection::{Ends, RETRY};
use super::estate::Network;
use super::flow::Way;
use super::group::{AvailabilityGroup, LinkSide, Role};
use super::instance::SqlInstance;
use super::managed::{Link, LinkPhase, ManagedInstance};
use super::replication::opposite;
use super::trust::LinkError;
use crate::tsql::error::{SqlError, raise};

/// Without a connection in this time a new link fails. [page of error 41962]
pub(super) const INITIATION: Duration = Duration::minutes(5);
/// A link that is not seeded in this time is given up. [troubleshooting page of the link]
pub(super) const SEEDING_LIMIT: Duration = Duration::days(6);

/// A link, its two ends and the moment. The instance's list of links is empty meanwhile.
pub(super) struct Life<'a> {
    pub(super) link: &'a mut Link,
    pub(super) managed: &'a mut ManagedInstance,
    pub(super) sql: Option<&'a mut SqlInstance>,
    pub(super) network: &'a Network,
    pub(super) opposites: &'a BTreeSet<u16>,
    pub(super) way: Way,
    pub(super) now: OffsetDateTime,
}

impl Life<'_> {
    /// Lives on for some seconds that end now.
    pub(super) fn go_on(mut self, seconds: u64) {
        // Whatever flowed, flowed over the connection that there was then.
        if seconds > 0 && self.link.session.is_some() {
            self.seed(seconds);
            self.replicate(seconds);
        }
        self.note_roles();
        self.note_loss();
        if self.link.waits() && self.now >= self.link.next_attempt {
            self.attempt();
        }
        if self.link.session.is_some() {
            self.seed(0);
        }
        self.watch();
        self.give_up();
        self.tell_both_sides();
    }

    /// Follows up a change of roles, whoever made it: T-SQL on either side or ARM.
    fn note_roles(&mut self) {
        let primary = self.link.instance_is_primary;
        if let Some(group) = group_mut(&mut self.managed.engine, &self.link.name) {
            group.role = if primary { Role::Primary } else { Role::Secondary };
        }
        if primary == self.link.noted_primary {
            return;
        }
        self.link.noted_primary = primary;
        self.begin_following();
        // A change of roles ends in asynchronous commit, also where synchronous had been set. [best practices page]
        self.link.synchronous = false;
        let groups = [Some(&mut self.managed.engine), self.sql.as_deref_mut()].into_iter().flatten();
        for group in groups.filter_map(|engine| group_mut(engine, &self.link.name)) {
            group.replicas.iter_mut().for_each(|member| member.synchronous = false);
        }
        if primary {
            for database in &self.link.databases {
                owe_backup(self.managed, self.opposites, &database.name, self.now);
            }
        }
    }

    fn note_loss(&mut self) {
        let Some(session) = self.link.session.clone() else { return };
        if self.ends().lives(&session) {
            return;
        }
        let starts = self.sql.as_deref().and_then(|sql| sql.endpoint.as_ref()).map(|one| one.starts);
        // ASSUMED 8.
        let slow = starts != Some(session.starts) && opposite(self.opposites, assumption::QUICK_RECONNECT);
        let pause = if slow { Duration::minutes(10) } else { RETRY / 2 };
        self.link.session = None;
        self.link.databases.iter_mut().for_each(|one| one.replication.stop());
        self.link.tried = None;
        self.link.next_attempt = self.now + pause;
    }

    fn attempt(&mut self) {
        // Attempts keep their beat however long the stride was, so that a long jump leads where short ones do.
        let missed = (self.now - self.link.next_attempt).whole_seconds() / RETRY.whole_seconds();
        let beat = self.link.next_attempt + Duration::seconds(RETRY.whole_seconds() * missed);
        self.link.tried = Some(beat);
        self.link.next_attempt = beat + RETRY;
        let connected = Ends { now: beat, ..self.ends() }.connect().and_then(|session| {
            // ASSUMED 2: another group of the same name is not the link's.
            let own = self.link.joined.as_ref().is_none_or(|id| *id == session.group)
                || opposite(self.opposites, assumption::REMADE_GROUP);
            if own { Ok(session) } else { Err(LinkError::Groups) }
        });
        match connected {
            Ok(session) => {
                self.managed.engine.groups.append(&mut self.link.unborn_groups);
                self.link.joined = Some(session.group.clone());
                self.link.session = Some(session);
                self.link.error = None;
                self.link.reset = false;
                match self.link.phase {
                    LinkPhase::Initiating => self.link.phase = LinkPhase::Seeding,
                    LinkPhase::SynchronizationError => self.link.phase = LinkPhase::Synchronizing,
                    _ => {}
                }
                self.begin_seeding_again();
            }
            Err(error) => self.note_failure(error),
        }
    }

    fn note_failure(&mut self, error: LinkError) {
        let (number, text) = error.on_instance(self.link);
        // ASSUMED 16: the reason shows at once.
        let initiating = self.link.phase == LinkPhase::Initiating;
        if !(initiating && opposite(self.opposites, assumption::EARLY_REASON))
            && self.link.error.as_ref().is_none_or(|(known, ..)| *known != number)
        {
            self.link.error = Some((number, self.now, text));
        }
        if error == LinkError::Groups {
            match self.link.phase {
                LinkPhase::Seeding => self.link.phase = LinkPhase::CreationError,
                // ASSUMED 17.
                LinkPhase::Synchronizing if !opposite(self.opposites, assumption::GROUP_GONE) => {
                    self.link.phase = LinkPhase::SynchronizationError;
                }
                _ => {}
            }
        }
        // What SQL Server itself tries may work: then it knows of no error. ASSUMED 25.
        let silent = error == LinkError::Unreachable && self.sql_reaches_instance();
        if silent || opposite(self.opposites, assumption::CONNECT_ERRORS) {
            return;
        }
        let (name, now) = (self.link.name.clone(), self.now);
        if let Some(group) = self.sql.as_deref_mut().and_then(|sql| group_mut(sql, &name)) {
            let (number, text) = error.on_sql_server();
            if group.link.last_error.as_ref().is_none_or(|(known, ..)| *known != number) {
                group.link.last_error = Some((number, text.to_owned(), now));
            }
        }
    }

    fn sql_reaches_instance(&self) -> bool {
        let here = self.managed.engine.host.as_str();
        self.sql
            .as_deref()
            .is_some_and(|sql| self.network.passes(&sql.host, here) && !self.network.passes(here, &sql.host))
    }

    /// Ends what took too long.
    fn give_up(&mut self) {
        match self.link.phase {
            LinkPhase::Initiating if self.now - self.link.created >= INITIATION => {
                self.link.phase = LinkPhase::InitError;
                let error = self.ends().connect().err().unwrap_or(LinkError::Unreachable);
                let (mut number, mut text) = error.on_instance(self.link);
                // ASSUMED 10.
                if error == LinkError::Unreachable && !opposite(self.opposites, assumption::NO_CONNECTION) {
                    (number, text) = raise!(41962, INITIATION.whole_minutes()).told();
                }
                self.link.error = Some((number, self.now, text));
            }
            LinkPhase::Seeding if self.now - self.link.created >= SEEDING_LIMIT => {
                self.fail_seeding(self.no_response());
            }
            _ => {}
        }
    }

    /// Ends the seeding with an error of the engine.
    pub(super) fn fail_seeding(&mut self, error: SqlError) {
        let (number, text) = error.told();
        self.link.phase = LinkPhase::CreationError;
        self.link.error = Some((number, self.now, text));
    }

    /// 41977: the partner does not answer for the database.
    pub(super) fn no_response(&self) -> SqlError {
        let request = &self.link.request;
        raise!(41977, request.partner_group, request.partner_endpoint)
    }

    /// What both engines know of their partner.
    fn tell_both_sides(&mut self) {
        let connected = self.link.session.is_some();
        let health = self.link.health();
        let joined = self.link.joined.clone();
        let tell = |side: &mut LinkSide| {
            side.connected = connected;
            side.ever_connected |= connected;
            side.health = health;
        };
        if let Some(group) = group_mut(&mut self.managed.engine, &self.link.name) {
            tell(&mut group.link);
        }
        if let Some(group) = self.sql.as_deref_mut().and_then(|sql| group_mut(sql, &self.link.name))
            && joined.is_some_and(|id| id == group.id)
        {
            tell(&mut group.link);
        }
    }

    /// Source and destination of the copies; nothing without a SQL Server.
    pub(super) fn copies(&mut self) -> Option<(&mut SqlInstance, &mut SqlInstance)> {
        let sql = self.sql.as_deref_mut()?;
        let instance = &mut self.managed.engine;
        Some(if self.link.instance_is_primary { (instance, sql) } else { (sql, instance) })
    }

    fn ends(&self) -> Ends<'_> {
        Ends {
            link: self.link,
            managed: self.managed,
            sql: self.sql.as_deref(),
            network: self.network,
            now: self.now,
            opposites: self.opposites,
        }
    }
}

/// A distributed group by name, to change.
pub(super) fn group_mut<'a>(engine: &'a mut SqlInstance, name: &str) -> Option<&'a mut AvailabilityGroup> {
    engine.group_mut(name).filter(|group| group.distributed)
}

/// The service will take a first full backup of a database that became its own.
pub(super) fn owe_backup(
    managed: &mut ManagedInstance,
    opposites: &BTreeSet<u16>,
    database: &str,
    now: OffsetDateTime,
) {
    // ASSUMED 15.
    let late = opposite(opposites, assumption::FIRST_BACKUP);
    let at = now + if late { Duration::DAY } else { Duration::minutes(10) };
    if !managed.due_backups.iter().any(|(name, _)| name == database) {
        managed.due_backups.push((database.to_owned(), at));
    }
}
