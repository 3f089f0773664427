//! The world as the backend of the ARM face.
//!
//! | module | what |
//! | --- | --- |
//! | `deeds` | what is asked of links, certificates and databases: refused at once, or accepted as an operation |
//! | `instance` | operations of the instance itself |
//! | `keys` | keys and the protector |
//! | `failover_groups` | instance failover groups |
//! | `groups` | the groups that a link has on the instance |
//! | `views` | links as ARM shows them |
//! | `refusals` | the service's words for saying no |
//!
//! Durations of operations are those of the recordings, on the world's clock.

mod deeds;
mod failover_groups;
mod groups;
mod instance;
mod keys;
mod refusals;
mod views;

use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};

use super::assumption;
use super::database::DatabaseState;
use super::managed::{Effect, Lingering, ManagedInstance, Operation, TrustCertificate};
use super::{Estate, World};
use crate::arm::backend::{
    Accepted, Backend, CertificateView, DatabaseView, DroppedDatabaseView, FailoverGroupRequest,
    FailoverGroupView, GroupView, InstanceChange, InstanceView, KeyView, LinkRequest, LinkUpdate, LinkView,
    OperationView, Refusal, RoleChange, SubscriptionView,
};
use crate::arm::operations::Standing;
use crate::arm::path::{InstancePath, RegionPath};

impl World {
    /// What is read off an instance; nothing of one that is not there.
    fn read<T: Default>(&self, path: &InstancePath, read: impl FnOnce(&ManagedInstance) -> T) -> T {
        self.with(|estate| estate.managed(path).map(read).unwrap_or_default())
    }
}

impl Backend for World {
    fn now(&self) -> OffsetDateTime {
        self.glance(|estate| estate.clock.now())
    }

    fn reach(&self, moment: OffsetDateTime) -> BoxFuture<'_, ()> {
        Box::pin(Self::reach(self, moment))
    }

    fn speed(&self) -> u32 {
        self.glance(|estate| estate.clock.speed())
    }

    fn opposite(&self, assumption: u16) -> bool {
        self.glance(|estate| estate.opposite(assumption))
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
        let (hidden, now) = self.with(|estate| {
            let hidden = estate.opposite(assumption::LATE_READS).then(|| just_uploaded(estate));
            (hidden.unwrap_or_default(), estate.clock.now())
        });
        self.read(instance, |managed| {
            let view = |one: &TrustCertificate| CertificateView {
                name: one.name.clone(),
                der: one.der.clone(),
                roots: Vec::new(),
            };
            let known = |name: &str| managed.trust_certificates.iter().any(|one| one.name == name);
            let deleted = managed.lingering.iter().filter_map(|(one, until)| match one {
                Lingering::Certificate(one) if *until > now && !known(&one.name) => Some(one),
                _ => None,
            });
            let there = managed.trust_certificates.iter().filter(|one| !hidden.contains(&one.name));
            there.chain(deleted).map(view).collect()
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
        let group = self.with(|estate| failover_group_id(estate, instance));
        self.read(instance, |managed| {
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
        self.with(|estate| failover_groups::views(estate, subscription))
    }

    fn put_failover_group(
        &self,
        region: &RegionPath,
        name: &str,
        group: FailoverGroupRequest,
    ) -> Result<Accepted, Refusal> {
        self.with(|estate| failover_groups::put(estate, region, name, group))
    }

    fn fail_over_group(&self, region: &RegionPath, name: &str, forced: bool) -> Result<Accepted, Refusal> {
        self.with(|estate| failover_groups::fail_over(estate, region, name, forced))
    }

    fn delete_failover_group(&self, region: &RegionPath, name: &str) -> Result<Accepted, Refusal> {
        self.with(|estate| failover_groups::delete(estate, region, name))
    }

    fn keys(&self, instance: &InstancePath) -> Vec<KeyView> {
        self.read(instance, |managed| managed.keys.clone())
    }

    fn encryption_protector(&self, instance: &InstancePath) -> KeyView {
        self.with(|estate| {
            let managed = estate.managed(instance);
            managed.map_or_else(KeyView::service_managed, |managed| managed.protector.clone())
        })
    }

    fn put_key(&self, instance: &InstancePath, name: &str, uri: &str) -> Result<Accepted, Refusal> {
        self.with(|estate| keys::put(estate, instance, name, uri))
    }

    fn delete_key(&self, instance: &InstancePath, name: &str) -> Result<Accepted, Refusal> {
        self.with(|estate| keys::delete(estate, instance, name))
    }

    fn protect(&self, instance: &InstancePath, key: &str, rotates: bool) -> Result<Accepted, Refusal> {
        self.with(|estate| keys::protect(estate, instance, key, rotates))
    }

    fn revalidate_protector(&self, instance: &InstancePath) -> Result<Accepted, Refusal> {
        self.with(|estate| keys::revalidate(estate, instance))
    }

    fn operation(&self, id: &str) -> Option<OperationView> {
        self.with(|estate| {
            let found = estate.operations.iter().find(|one| one.id.eq_ignore_ascii_case(id));
            found.map(|one| view(estate, one))
        })
    }

    fn operations(&self, instance: &InstancePath) -> Vec<OperationView> {
        self.with(|estate| {
            let own = |one: &&Operation| one.instance.id().eq_ignore_ascii_case(&instance.id());
            estate.operations.iter().rev().filter(own).map(|one| view(estate, one)).collect()
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

fn view(estate: &Estate, operation: &Operation) -> OperationView {
    let group = match &operation.effect {
        Effect::PutGroup(group) => Some(&group.name),
        Effect::FailOverGroup(name) | Effect::DropGroup(name) => Some(name),
        _ => None,
    };
    let asked = estate.managed(&operation.instance).map(|managed| RegionPath {
        subscription: managed.view.path.subscription.clone(),
        group: managed.view.path.group.clone(),
        location: managed.view.location.clone(),
    });
    OperationView {
        failover_group: asked.zip(group.cloned()),
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

/// The id of the group that an instance is in, in its own region.
fn failover_group_id(estate: &Estate, instance: &InstancePath) -> Option<String> {
    let group = estate.failover_group_of(instance)?;
    let view = &estate.managed(instance)?.view;
    let InstancePath { subscription, group: resource_group, .. } = &view.path;
    Some(format!(
        "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Sql/locations/{}/instanceFailoverGroups/{}",
        view.location, group.name
    ))
}
