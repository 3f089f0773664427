//! Seeding and replication over a connection that stands.
//!
//! Seeding is one database after the other at the world's rate, is not resumed after a disturbance but begins anew, and
//! dies when the source's log is backed up meanwhile (unless trace flag 12381 keeps the log).

use super::connection::format;
use super::database::{Database, DatabaseState};
use super::instance::SqlInstance;
use super::link_life::Life;
use super::log::LogPosition;
use super::managed::{LinkDatabase, LinkPhase};

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

    /// Seeds for some seconds.
    pub(super) fn seed(&mut self, seconds: u64) {
        if self.link.phase != LinkPhase::Seeding {
            return;
        }
        let (now, rate) = (self.now, self.rate);
        let mut bytes = rate.saturating_mul(seconds);
        for position in 0..self.link.databases.len() {
            let Some(mut one) = self.link.databases.get(position).cloned() else { continue };
            if one.seeded.is_some_and(|(done, total)| done >= total) {
                continue;
            }
            if one.seeded.is_none() {
                let size = match self.make_copy(&one.name) {
                    Ok(size) => size,
                    Err(number) => return self.fail_seeding(number),
                };
                one.seeded = Some((0, size));
                one.seedings += 1;
                one.seeding_since = Some(now);
            } else if self.log_was_backed_up(&one.name, one.seeding_since) {
                return self.fail_seeding(1408);
            }
            if let Some((done, total)) = &mut one.seeded {
                let part = bytes.min(*total - *done);
                *done += part;
                bytes -= part;
                if *done >= *total {
                    self.finish_copy(&one.name);
                }
            }
            if let Some(place) = self.link.databases.get_mut(position) {
                *place = one;
            }
        }
        if self.link.databases.iter().all(|one| one.seeded.is_some_and(|(done, total)| done >= total)) {
            self.link.phase = LinkPhase::Synchronizing;
        }
    }

    /// Notices sources that have left their group, or are gone.
    pub(super) fn watch_sources(&mut self) {
        let seeded = |one: &&LinkDatabase| {
            one.error.is_none() && one.seeded.is_some_and(|(done, total)| done >= total)
        };
        let names: Vec<String> =
            self.link.databases.iter().filter(seeded).map(|one| one.name.clone()).collect();
        for name in names {
            let Some((source, _)) = self.copies() else { return };
            if source.database(&name).is_none_or(|from| from.group.is_none()) {
                self.stall(&name);
            }
        }
    }

    /// Sends the log. The secondary is a second behind while it need not be waited for.
    pub(super) fn replicate(&mut self, seconds: u64) {
        let now = self.now;
        let synchronous = self.link.synchronous;
        let names: Vec<String> = self
            .link
            .databases
            .iter()
            .filter(|one| one.seeded.is_some_and(|(done, total)| done >= total))
            .map(|one| one.name.clone())
            .collect();
        for name in names {
            let Some((source, target)) = self.copies() else { return };
            let Some(from) = source.database(&name).filter(|one| one.group.is_some()) else { continue };
            let (position, writes) = (from.hardened_lsn, from.activity);
            let behind = if synchronous { 0 } else { writes };
            let Some(copy) = target.database_mut(&name) else { continue };
            copy.hardened_lsn = copy.hardened_lsn.min(position).max(position.back(behind));
            let reached = copy.hardened_lsn;
            if let Some(one) = self.link.databases.iter_mut().find(|one| one.name == name) {
                one.replication.follow((position, writes), reached, seconds, now);
            }
        }
    }

    /// The source has left its group, or is gone.
    fn stall(&mut self, name: &str) {
        if self.link.phase == LinkPhase::Synchronizing {
            self.fail_seeding(41977);
            self.link.phase = LinkPhase::SynchronizationError;
        }
        if let Some(one) = self.link.databases.iter_mut().find(|one| one.name == name) {
            one.error = Some(41977);
        }
    }

    /// Makes the destination's copy; bytes to seed, or the error of the engine that prevents it.
    fn make_copy(&mut self, name: &str) -> Result<u64, i32> {
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
        let in_memory = self.managed.view.tier == "BusinessCritical";
        let (source, target) = self.copies().ok_or(41977)?;
        let from = source
            .database(name)
            .filter(|one| one.state == DatabaseState::Online)
            .filter(|one| one.group.as_ref().is_some_and(|group| source.same_name(group, &from_group)))
            .ok_or(47521)?
            .clone();
        // No instance takes a database of a newer version than its update policy's. ["Update policy", 2026] ASSUMED 90:
        // its creation fails there, which is 41977.
        if !takes {
            return Err(41977);
        }
        if let Some(number) = unfit(&from, in_memory).filter(|_| to_instance) {
            return Err(number);
        }
        match target.database(name) {
            // The rest of a seeding that was disturbed.
            Some(copy) if copy.seeded_by.as_deref() == Some(&link) => {}
            Some(_) => return Err(41977),
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

    fn finish_copy(&mut self, name: &str) {
        let Some((source, target)) = self.copies() else { return };
        let position = source.database(name).map(|one| one.hardened_lsn).unwrap_or_default();
        if let Some(copy) = target.database_mut(name) {
            copy.state = DatabaseState::Online;
            copy.hardened_lsn = position;
        }
    }

    fn log_was_backed_up(&mut self, name: &str, since: Option<time::OffsetDateTime>) -> bool {
        let Some((source, _)) = self.copies() else { return false };
        let breaks = |record: &super::database::BackupRecord| {
            record.kind == 'L' && !record.copy_only && since.is_some_and(|since| record.finished > since)
        };
        !source.trace_flags.contains(&KEEP_LOG)
            && source.database(name).is_some_and(|database| database.backups.iter().any(breaks))
    }
}

/// What keeps an instance from taking a database of SQL Server: the error table of SQL Server 2022, 41947 to 41950.
/// ASSUMED 92: it is noticed when the seeding begins.
fn unfit(database: &Database, in_memory: bool) -> Option<i32> {
    let groups = &database.special_filegroups;
    if database.log_files > 1 {
        Some(41948)
    } else if groups.iter().any(|(_, kind, _)| kind == "FD") {
        Some(41950)
    } else if !in_memory && groups.iter().any(|(_, kind, has_data)| kind == "FX" && *has_data) {
        Some(41947)
    } else {
        None
    }
}

fn copy_of(from: &Database, target: &SqlInstance, link: &str, group: &str) -> Database {
    let id = target.databases.iter().map(|one| one.id).max().unwrap_or(4) + 1;
    Database {
        id,
        state: DatabaseState::Restoring,
        group: Some(group.to_owned()),
        seeded_by: Some(link.to_owned()),
        suspended: None,
        hardened_lsn: LogPosition::ZERO,
        backed_up_lsn: LogPosition::ZERO,
        backups: Vec::new(),
        ..from.clone()
    }
}
