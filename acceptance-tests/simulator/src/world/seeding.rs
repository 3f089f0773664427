//! Seeding over a connection that stands.
//!
//! Seeding is one database after the other, is not resumed after a disturbance but begins anew, and dies when the source
//! loses log meanwhile that the copy will need: by a log backup, unless trace flag 12381 keeps the log. ["Troubleshoot a
//! link", 2026]

use std::mem;

use super::assumption;
use super::connection::format;
use super::database::{Database, DatabaseState};
use super::flow::{Moments, Reached};
use super::instance::SqlInstance;
use super::link_life::Life;
use super::log::LogPosition;
use super::log_space::LogSpace;
use super::managed::{LinkDatabase, LinkPhase};
use super::replication::opposite;
use crate::tsql::error::{SqlError, raise};

/// Keeps the log of databases that are seeded from being truncated by log backups.
const KEEP_LOG: i64 = 12381;

impl Life<'_> {
    /// Lets seedings begin anew that a lost connection disturbed.
    pub(super) fn begin_seeding_again(&mut self) {
        for database in &mut self.link.databases {
            if let Some((done, total)) = database.seeded
                && done < total
            {
                database.seeded = None;
            }
        }
    }

    /// Seeds for some seconds; the next database begins when one is done.
    pub(super) fn seed(&mut self, seconds: u64) {
        if self.link.phase != LinkPhase::Seeding {
            return;
        }
        let bytes = self.way.seeding.saturating_mul(seconds);
        let mut databases = mem::take(&mut self.link.databases);
        let failure =
            databases.iter_mut().find(|one| !one.is_seeded()).and_then(|one| self.seed_one(one, bytes).err());
        self.link.databases = databases;
        if let Some(error) = failure {
            self.fail_seeding(error);
        } else if self.link.databases.iter().all(LinkDatabase::is_seeded) {
            self.link.phase = LinkPhase::Synchronizing;
        } else if self
            .link
            .databases
            .iter()
            .find(|one| !one.is_seeded())
            .is_some_and(|one| one.seeded.is_none())
        {
            self.seed(0);
        }
    }

    fn seed_one(&mut self, one: &mut LinkDatabase, bytes: u64) -> Result<(), SqlError> {
        let Some((done, total)) = one.seeded else { return self.begin(one) };
        let early = !opposite(self.opposites, assumption::LOG_BACKUP_AT_ONCE);
        let done = done.saturating_add(bytes).min(total);
        one.seeded = Some((done, total));
        // ASSUMED 96: at once, and not when the copy is to be brought up.
        if (early || done == total) && self.log_is_gone(one) {
            return Err(raise!(1408, one.name));
        }
        self.keep_log(one);
        if done == total {
            // ASSUMED 92.
            if opposite(self.opposites, assumption::LATE_FITNESS)
                && let Some(error) = self.unfit(&one.name)
            {
                return Err(error);
            }
            self.finish(one);
        }
        Ok(())
    }

    fn begin(&mut self, one: &mut LinkDatabase) -> Result<(), SqlError> {
        let size = self.make_copy(&one.name)?;
        one.seeded = Some((0, size));
        one.seedings += 1;
        one.seeding_since = Some(self.now);
        one.seeded_at = None;
        if let Some((source, _)) = self.copies()
            && let Some(from) = source.database_mut(&one.name)
        {
            one.seeding_from = from.hardened_lsn;
            from.log.retained = None;
        }
        self.keep_log(one);
        Ok(())
    }

    /// Whether log was cut that the copy needs.
    fn log_is_gone(&mut self, one: &LinkDatabase) -> bool {
        let Some((source, _)) = self.copies() else { return false };
        source.database(&one.name).is_some_and(|from| from.log.truncated > one.seeding_from)
    }

    /// The trace flag keeps the log for as long as it is on.
    fn keep_log(&mut self, one: &LinkDatabase) {
        let Some((source, _)) = self.copies() else { return };
        let kept = source.trace_flags.contains(&KEEP_LOG).then_some(one.seeding_from);
        if let Some(from) = source.database_mut(&one.name) {
            from.log.retained = kept;
        }
    }

    /// The copy is there, as its source was when the seeding began; the log since then is sent now.
    fn finish(&mut self, one: &mut LinkDatabase) {
        one.seeded_at = Some(self.now);
        let Some((source, target)) = self.copies() else { return };
        if let Some(from) = source.database_mut(&one.name) {
            from.log.retained = Some(one.seeding_from);
        }
        if let Some(copy) = target.database_mut(&one.name) {
            copy.state = DatabaseState::Online;
            copy.hardened_lsn = one.seeding_from;
            copy.log = LogSpace::beginning(one.seeding_from);
        }
        let begun = Reached { received: one.seeding_from, redone: one.seeding_from };
        one.replication.reach(begun, Moments::both(self.now));
    }

    /// What keeps the instance from taking a database of SQL Server.
    fn unfit(&mut self, name: &str) -> Option<SqlError> {
        let view = &self.managed.view;
        let in_memory = view.tier == "BusinessCritical";
        let most_files = (!in_memory && !view.general_purpose_v2).then_some(MOST_FILES);
        if self.link.instance_is_primary {
            return None;
        }
        let (source, target) = self.copies()?;
        unfit(source.database(name)?, target, in_memory, most_files)
    }

    /// Makes the destination's copy; bytes to seed, or the error of the engine that prevents it.
    fn make_copy(&mut self, name: &str) -> Result<u64, SqlError> {
        let link = self.link.name.clone();
        let request = &self.link.request;
        let (from_group, to_group) = if self.link.instance_is_primary {
            (request.instance_group.clone(), request.partner_group.clone())
        } else {
            (request.partner_group.clone(), request.instance_group.clone())
        };
        let takes = format(self.managed).is_none_or(|format| {
            self.link.instance_is_primary || self.sql.as_ref().is_none_or(|sql| sql.build.major <= format)
        });
        let to_instance = !self.link.instance_is_primary;
        let no_response = self.no_response();
        let Some((source, _)) = self.copies() else { return Err(no_response) };
        let from = source
            .database(name)
            .filter(|one| one.state == DatabaseState::Online)
            .filter(|one| one.group.as_ref().is_some_and(|group| source.same_name(group, &from_group)))
            .ok_or_else(|| raise!(47521))?
            .clone();
        // No instance takes a database of a newer version than its update policy's. ["Update policy", 2026] ASSUMED 90:
        // its creation fails there, which is 41977.
        if !takes {
            return Err(if opposite(self.opposites, assumption::NEWER_DATABASE) {
                raise!(47521)
            } else {
                no_response
            });
        }
        let early = to_instance && !opposite(self.opposites, assumption::LATE_FITNESS);
        if let Some(error) = early.then(|| self.unfit(name)).flatten() {
            return Err(error);
        }
        let Some((_, target)) = self.copies() else { return Err(no_response) };
        match target.database(name) {
            // The rest of a seeding that was disturbed.
            Some(copy) if copy.seeded_by.as_deref() == Some(&link) => {}
            Some(_) => return Err(no_response),
            None => {
                let copy = copy_of(&from, target, &link, &to_group);
                if let Some(position) =
                    target.groups.iter().position(|one| target.same_name(&one.name, &to_group))
                    && let Some(group) = target.groups.get_mut(position)
                {
                    group.databases.push(copy.name.clone());
                    group.sequence += 1;
                }
                target.databases.push(copy);
            }
        }
        Ok(from.size.max(1))
    }
}

/// Files that an instance of the tier General Purpose has room for. ["Resource limits", 2026] The next generation hosts 500
/// databases, which have more.
const MOST_FILES: usize = 280;

/// What keeps an instance from taking a database of SQL Server: the error table of SQL Server 2022, 41939 and 41947 to
/// 41951. The files of users' databases alone are counted.
fn unfit(
    database: &Database,
    instance: &SqlInstance,
    in_memory: bool,
    most_files: Option<usize>,
) -> Option<SqlError> {
    let groups = &database.special_filegroups;
    let other = |one: &&Database| one.id > 4 && one.name != database.name;
    let files: usize = instance.databases.iter().filter(other).map(Database::files).sum();
    if database.log_files > 1 {
        Some(raise!(41948))
    } else if groups.iter().any(|(_, kind, _)| kind == "FD") {
        Some(raise!(41950))
    } else if !in_memory && groups.iter().any(|(_, kind, has_data)| kind == "FX" && *has_data) {
        Some(raise!(41947))
    } else if database.defunct_files > 0 {
        Some(raise!(41951, database.name))
    } else if database.version_store.is_some() {
        Some(raise!(41939))
    } else {
        most_files.filter(|most| files + database.files() > *most).map(|most| raise!(41949, most))
    }
}

fn copy_of(from: &Database, target: &SqlInstance, link: &str, group: &str) -> Database {
    let id = target.databases.iter().map(|one| one.id).max().unwrap_or(4) + 1;
    // ["Use automatic seeding to initialize a secondary replica", 2025]
    let owner = target.group(group).and_then(|group| group.grantor.clone());
    Database {
        id,
        owner: owner.unwrap_or_else(|| from.owner.clone()),
        state: DatabaseState::Restoring,
        group: Some(group.to_owned()),
        seeded_by: Some(link.to_owned()),
        suspended: None,
        hardened_lsn: LogPosition::ZERO,
        backed_up_lsn: LogPosition::ZERO,
        log: LogSpace::default(),
        backups: Vec::new(),
        restores: Vec::new(),
        restore: None,
        ..from.clone()
    }
}
