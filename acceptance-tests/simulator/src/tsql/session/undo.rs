//! What a rollback takes back of the instance: logins, users, roles, permissions, certificates, issuers, the master key.
//!
//! Statements about them take part in transactions, as learn.microsoft.com "Transactions" has it of all statements but
//! those that refuse one. That no source shows it of certificates and logins is ASSUMED 65. What a statement did is kept as
//! what there was before and after it, so that what others did meanwhile stays.

use super::super::ast::{Ddl, SecurableClass};
use super::SqlSession;
use crate::world::Estate;
use crate::world::assumption;
use crate::world::instance::{EngineKey, SqlInstance};
use crate::world::roles::Role;
use crate::world::security::{Certificate, IssuerGrant, Login, MasterKey, Permission, User};

/// The parts of an instance that take part in transactions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    master_key: Option<MasterKey>,
    certificates: Vec<Certificate>,
    issuers: Vec<IssuerGrant>,
    logins: Vec<Login>,
    users: Vec<User>,
    roles: Vec<Role>,
    permissions: Vec<Permission>,
}

/// What a statement made of them.
#[derive(Debug)]
pub(super) struct Change {
    before: Parts,
    after: Parts,
}

impl Parts {
    pub(super) fn of(estate: &Estate, engine: &EngineKey) -> Option<Self> {
        estate.engine(engine).map(|engine| Self {
            master_key: engine.master_key.clone(),
            certificates: engine.certificates.clone(),
            issuers: engine.issuers.clone(),
            logins: engine.logins.clone(),
            users: engine.users.clone(),
            roles: engine.roles.clone(),
            permissions: engine.permissions.clone(),
        })
    }

    /// What has changed since; nothing where nothing has.
    pub(super) fn changed(self, estate: &Estate, engine: &EngineKey) -> Option<Change> {
        let after = Self::of(estate, engine)?;
        (self != after).then_some(Change { before: self, after })
    }
}

impl Change {
    fn take_back(&self, engine: &mut SqlInstance) {
        let Self { before, after } = self;
        if before.master_key != after.master_key {
            engine.master_key.clone_from(&before.master_key);
        }
        undo(&mut engine.certificates, &before.certificates, &after.certificates);
        undo(&mut engine.issuers, &before.issuers, &after.issuers);
        undo(&mut engine.logins, &before.logins, &after.logins);
        undo(&mut engine.users, &before.users, &after.users);
        undo(&mut engine.roles, &before.roles, &after.roles);
        undo(&mut engine.permissions, &before.permissions, &after.permissions);
    }
}

/// Takes away what came, and brings back what went to where it was. What changed came and went.
fn undo<T: Clone + PartialEq>(current: &mut Vec<T>, before: &[T], after: &[T]) {
    if before == after {
        return;
    }
    current.retain(|one| before.contains(one) || !after.contains(one));
    for (place, one) in before.iter().enumerate() {
        if !after.contains(one) && !current.contains(one) {
            current.insert(place.min(current.len()), one.clone());
        }
    }
}

/// Whether a rollback takes back all that a statement does, if it does anything.
pub(super) fn covers(statement: &Ddl) -> bool {
    match statement {
        Ddl::CreateMasterKey { .. }
        | Ddl::AlterMasterKey(_)
        | Ddl::DropMasterKey
        | Ddl::OpenMasterKey { .. }
        | Ddl::CloseMasterKey
        | Ddl::BackupMasterKey { .. }
        | Ddl::CreateCertificate(_)
        | Ddl::AlterCertificate { .. }
        | Ddl::DropCertificate { .. }
        | Ddl::BackupCertificate { .. }
        | Ddl::Permission(_)
        | Ddl::CreateLogin(_)
        | Ddl::AlterLogin { .. }
        | Ddl::DropLogin { .. }
        | Ddl::CreateUser { .. }
        | Ddl::DropUser { .. }
        | Ddl::CreateRole { .. }
        | Ddl::AlterRole { .. }
        | Ddl::DropRole { .. } => true,
        Ddl::AlterAuthorization { class, .. } => *class == SecurableClass::Certificate,
        // Trace flags belong to no transaction.
        Ddl::Dbcc(..) => true,
        _ => false,
    }
}

impl SqlSession {
    /// Takes back what the open transaction did to the instance, but for its first statements, latest first.
    pub(super) fn take_back(&mut self, keep: usize) {
        let changes = self.transaction.changes.split_off(keep.min(self.transaction.changes.len()));
        if changes.is_empty() || self.opposite(assumption::UNDONE_DEFINITIONS) {
            return;
        }
        let key = self.shared.engine.clone();
        self.shared.world.with(|estate| {
            if let Some(engine) = estate.engine_mut(&key) {
                changes.iter().rev().for_each(|change| change.take_back(engine));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::undo;

    #[test]
    fn what_a_statement_did_is_taken_back_and_what_others_did_stays() {
        // (before, after, now, taken back)
        for (before, after, now, expected) in [
            (vec![1, 2], vec![1, 2, 3], vec![1, 2, 3, 4], vec![1, 2, 4]),
            (vec![1, 2], vec![2], vec![2, 4], vec![1, 2, 4]),
            (vec![1, 2], vec![1, 5], vec![1, 5], vec![1, 2]),
            (vec![1], vec![1], vec![], vec![]),
        ] {
            let mut current = now;
            undo(&mut current, &before, &after);
            assert_eq!(current, expected, "{before:?} {after:?}");
        }
    }
}
