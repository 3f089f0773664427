//! The world as the backend of the ARM face.
//!
//! | module | what |
//! | --- | --- |
//! | `deeds` | what is asked of links, certificates and databases: refused at once, or accepted as an operation |
//! | `instance` | operations of the instance itself |
//! | `groups` | the groups that a link has on the instance |
//! | `views` | links as ARM shows them |
//! | `refusals` | the service's words for saying no |
//!
//! Durations of operations are those of the recordings, on the world's clock.

mod deeds;
mod groups;
mod instance;
mod refusals;
mod views;

use time::{Duration, OffsetDateTime};

use super::assumption;
use super::database::DatabaseState;
use super::managed::{Effect, ManagedInstance, Operation};
use super::{Estate, World};
use crate::arm::backend::{
    Accepted, Backend, CertificateView, DatabaseView, DroppedDatabaseView, FailoverGroupView, GroupView,
    InstanceChange, InstanceView, KeyView, LinkRequest, LinkUpdate, LinkView, OperationView, Refusal,
    RoleChange, SubscriptionView,
};
use crate::arm::operations::Standing;
use crate::arm::path::InstancePath;

impl World {
    /// What is read off an instance; nothing of one that is not there.
    fn read<T: Default>(&self, path: &InstancePath, read: impl FnOnce(&ManagedInstance) -> T) -> T {
        self.with(|estate| estate.managed(path).map(read).unwrap_or_default())
    }
}

impl Backend for World {
    fn now(&self) -> OffsetDateTime {
        self.with(|estate| estate.clock.now())
    }

    fn speed(&self) -> u32 {
        self.with(|estate| estate.clock.speed())
    }

    fn opposite(&self, assumption: u16) -> bool {
        self.with(|estate| estate.opposite(assumption))
    }

    fn subscriptions(&self) -> Vec<SubscriptionView> {
        self.with(|estate| {
            let view = |(id, one): (&String, &super::estate::Subscription)| SubscriptionView {
                id: id.clone(),
                name: one.name.clone(),
                tenant: one.tenant.clone(),
            };
            estate.subscriptions.iter().map(view).collect()
        })
    }

    fn groups(&self, subscription: &str) -> Vec<GroupView> {
        self.with(|estate| {
            let found = estate.subscriptions.iter().find(|(id, _)| id.eq_ignore_ascii_case(subscription));
            let groups = found.map(|(_, one)| one.groups.clone()).unwrap_or_default();
            groups.into_iter().map(|(name, location)| GroupView { name, location }).collect()
        })
    }

    fn instances(&self, subscription: &str) -> Vec<InstanceView> {
        self.with(|estate| {
            let views = estate.managed_instances.iter().map(|managed| managed.view.clone());
            views.filter(|view| view.path.subscription.eq_ignore_ascii_case(subscription)).collect()
        })
    }

    fn change_instance(&self, path: &InstancePath, change: InstanceChange) -> Result<Accepted, Refusal> {
        self.with(|estate| instance::change(estate, path, change))
    }

    fn cancel_operation(&self, path: &InstancePath, id: &str) -> Result<(), Refusal> {
        self.with(|estate| instance::cancel(estate, path, id))
    }

    fn links(&self, instance: &InstancePath) -> Vec<LinkView> {
        self.with(|estate| views::links(estate, instance))
    }

    fn create_link(
        &self,
        instance: &InstancePath,
        name: &str,
        link: LinkRequest,
    ) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::create_link(estate, instance, name, link))
    }

    fn update_link(
        &self,
        instance: &InstancePath,
        name: &str,
        change: LinkUpdate,
    ) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::update_link(estate, instance, name, change))
    }

    fn fail_over_link(
        &self,
        instance: &InstancePath,
        name: &str,
        change: RoleChange,
    ) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::fail_over_link(estate, instance, name, change))
    }

    fn delete_link(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::delete_link(estate, instance, name))
    }

    fn trust_certificates(&self, instance: &InstancePath) -> Vec<CertificateView> {
        // ASSUMED 159.
        let hidden = self.with(|estate| {
            if estate.opposite(assumption::LATE_READS) { just_uploaded(estate) } else { Vec::new() }
        });
        self.read(instance, |managed| {
            let view = |one: &super::managed::TrustCertificate| CertificateView {
                name: one.name.clone(),
                der: one.der.clone(),
                roots: Vec::new(),
            };
            managed.trust_certificates.iter().filter(|one| !hidden.contains(&one.name)).map(view).collect()
        })
    }

    fn upload_trust_certificate(
        &self,
        instance: &InstancePath,
        name: &str,
        der: Vec<u8>,
    ) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::upload(estate, instance, name, der))
    }

    fn delete_trust_certificate(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::remove_upload(estate, instance, name))
    }

    fn endpoint_certificates(&self, instance: &InstancePath) -> Vec<CertificateView> {
        // ASSUMED 152: both kinds of endpoints show one certificate.
        let apart = self.opposite(assumption::BROKER_CERTIFICATE);
        self.read(instance, |managed| {
            let view = |name: &str, der: &Vec<u8>| CertificateView {
                name: name.to_owned(),
                der: der.clone(),
                roots: managed.roots.clone(),
            };
            let leaf = managed.endpoint_chain.first();
            let other = if apart { managed.endpoint_chain.get(1) } else { leaf };
            let mirroring = leaf.map(|der| view("DATABASE_MIRRORING", der));
            mirroring.into_iter().chain(other.map(|der| view("SERVICE_BROKER", der))).collect()
        })
    }

    fn databases(&self, instance: &InstancePath) -> Vec<DatabaseView> {
        let copies_restore = self.opposite(assumption::COPY_STATUS);
        self.read(instance, |managed| {
            let group = managed.failover_groups.first().map(|group| failover_group_id(managed, group));
            let view = |one: &super::database::Database| DatabaseView {
                name: one.name.clone(),
                // ASSUMED 14: a copy that is seeded is Online like any other.
                status: match one.state {
                    DatabaseState::Restoring => "Restoring",
                    _ if copies_restore && managed.engine.is_secondary(one) => "Restoring",
                    DatabaseState::Online => "Online",
                    DatabaseState::Offline => "Offline",
                    _ => "Inaccessible",
                }
                .into(),
                collation: one.collation.clone(),
                created: one.created,
                failover_group: group.clone(),
                last_backup: one.backups.iter().map(|backup| backup.finished).max(),
            };
            managed.engine.databases.iter().filter(|one| one.id > 4).map(view).collect()
        })
    }

    fn dropped_databases(&self, instance: &InstancePath) -> Vec<DroppedDatabaseView> {
        self.read(instance, |managed| managed.dropped_databases.clone())
    }

    fn delete_database(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal> {
        self.with(|estate| deeds::delete_database(estate, instance, name))
    }

    fn failover_groups(&self, subscription: &str) -> Vec<FailoverGroupView> {
        self.with(|estate| {
            let members = estate.managed_instances.iter();
            members
                .filter(|managed| managed.view.path.subscription.eq_ignore_ascii_case(subscription))
                .flat_map(|managed| managed.failover_groups.clone())
                .collect()
        })
    }

    fn keys(&self, instance: &InstancePath) -> Vec<KeyView> {
        self.read(instance, |managed| managed.keys.clone())
    }

    fn encryption_protector(&self, instance: &InstancePath) -> KeyView {
        let none = KeyView { name: "ServiceManaged".into(), uri: None, thumbprint: String::new() };
        self.with(|estate| estate.managed(instance).map_or(none, |managed| managed.protector.clone()))
    }

    fn operation(&self, id: &str) -> Option<OperationView> {
        self.with(|estate| estate.operations.iter().find(|one| one.id.eq_ignore_ascii_case(id)).map(view))
    }

    fn operations(&self, instance: &InstancePath) -> Vec<OperationView> {
        self.with(|estate| {
            let own = |one: &&Operation| one.instance.id().eq_ignore_ascii_case(&instance.id());
            estate.operations.iter().rev().filter(own).map(view).collect()
        })
    }
}

/// Names of certificates whose upload has ended a moment ago.
fn just_uploaded(estate: &Estate) -> Vec<String> {
    let now = estate.clock.now();
    let recent = |one: &&Operation| {
        one.outcome == Some(Ok(())) && one.ends.is_some_and(|ended| now - ended < Duration::seconds(30))
    };
    let name = |one: &Operation| match &one.effect {
        Effect::AddTrust(certificate) => Some(certificate.name.clone()),
        _ => None,
    };
    estate.operations.iter().filter(recent).filter_map(name).collect()
}

fn view(operation: &Operation) -> OperationView {
    OperationView {
        accepted: accepted(operation),
        standing: match &operation.outcome {
            None => Standing::InProgress,
            Some(Ok(())) => Standing::Succeeded,
            Some(Err((code, _))) if code == "OperationCancelled" => Standing::Canceled,
            Some(Err((code, message))) => Standing::Failed { code: code.clone(), message: message.clone() },
        },
        instance: operation.instance.clone(),
        child: operation.child.clone(),
        deletes: operation.deletes,
        cancellable: operation.outcome.is_none() && operation.is_cancellable(),
    }
}

fn accepted(operation: &Operation) -> Accepted {
    Accepted { id: operation.id.clone(), operation: operation.operation.clone(), started: operation.started }
}

fn failover_group_id(managed: &ManagedInstance, group: &FailoverGroupView) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/locations/{}/instanceFailoverGroups/{}",
        managed.view.path.subscription, group.group, group.location, group.name
    )
}
