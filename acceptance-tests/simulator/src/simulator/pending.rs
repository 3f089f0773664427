//! Azure until the world answers for itself: the instances are there, nothing can be done with them yet. To be
//! replaced by the world in `Simulator::start`.

use crate::arm::backend::*;
use crate::arm::path::InstancePath;
use crate::world::World;
use time::OffsetDateTime;
pub(super) struct Pending(pub(super) World);

fn no<T>() -> Result<T, Refusal> {
    Err(Refusal { status: 501, code: "NotImplemented".into(), message: "not simulated yet".into() })
}
impl Backend for Pending {
    fn now(&self) -> OffsetDateTime {
        self.0.with(|e| e.clock.now())
    }
    fn subscriptions(&self) -> Vec<SubscriptionView> {
        vec![]
    }
    fn groups(&self, _: &str) -> Vec<GroupView> {
        vec![]
    }
    fn instances(&self, _: &str) -> Vec<InstanceView> {
        self.0.with(|e| e.managed_instances.iter().map(|m| m.view.clone()).collect())
    }
    fn set_hybrid_secondary_usage(&self, _: &InstancePath, _: bool) -> Result<Accepted, Refusal> {
        no()
    }
    fn links(&self, _: &InstancePath) -> Vec<LinkView> {
        vec![]
    }
    fn create_link(&self, _: &InstancePath, _: &str, _: LinkRequest) -> Result<Accepted, Refusal> {
        no()
    }
    fn update_link(&self, _: &InstancePath, _: &str, _: LinkUpdate) -> Result<Accepted, Refusal> {
        no()
    }
    fn fail_over_link(&self, _: &InstancePath, _: &str, _: RoleChange) -> Result<Accepted, Refusal> {
        no()
    }
    fn delete_link(&self, _: &InstancePath, _: &str) -> Result<Accepted, Refusal> {
        no()
    }
    fn trust_certificates(&self, _: &InstancePath) -> Vec<CertificateView> {
        vec![]
    }
    fn upload_trust_certificate(&self, _: &InstancePath, _: &str, _: Vec<u8>) -> Result<Accepted, Refusal> {
        no()
    }
    fn delete_trust_certificate(&self, _: &InstancePath, _: &str) -> Result<Accepted, Refusal> {
        no()
    }
    fn endpoint_certificates(&self, _: &InstancePath) -> Vec<CertificateView> {
        vec![]
    }
    fn databases(&self, _: &InstancePath) -> Vec<DatabaseView> {
        vec![]
    }
    fn delete_database(&self, _: &InstancePath, _: &str) -> Result<Accepted, Refusal> {
        no()
    }
    fn failover_groups(&self, _: &str) -> Vec<FailoverGroupView> {
        vec![]
    }
    fn keys(&self, _: &InstancePath) -> Vec<KeyView> {
        vec![]
    }
    fn encryption_protector(&self, _: &InstancePath) -> KeyView {
        KeyView { name: "".into(), uri: None, thumbprint: "".into() }
    }
    fn operation(&self, _: &str) -> Option<OperationView> {
        None
    }
    fn operations(&self, _: &InstancePath) -> Vec<OperationView> {
        vec![]
    }
}
