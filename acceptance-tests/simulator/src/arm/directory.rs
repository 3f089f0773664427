//! Who may do what: tenants' applications, their credentials, role assignments and locks.
//!
//! This is the part of Entra ID and Azure RBAC that a provider meets: an application with a secret or a federated
//! credential, roles at a scope with their lists of actions, locks on a scope. Action names follow the naming rule of
//! the service's own permission list (`Microsoft.Sql/managedInstances/distributedAvailabilityGroups/failover/action`); no role
//! definition of the service was at hand, so which actions the built-in roles hold is what their documentation says.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::faults::Pattern;

/// A role: the actions that it allows and those that it takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Name, for people.
    pub name: String,
    actions: Vec<Pattern>,
    not_actions: Vec<Pattern>,
}

impl Role {
    /// A role of these actions; `*` stands for anything.
    pub fn custom(name: &str, actions: &[&str], not_actions: &[&str]) -> Self {
        let patterns = |list: &[&str]| list.iter().map(|action| Pattern::new(action)).collect();
        Self { name: name.to_owned(), actions: patterns(actions), not_actions: patterns(not_actions) }
    }

    /// Everything but giving rights to others.
    pub fn contributor() -> Self {
        Self::custom(
            "Contributor",
            &["*"],
            &["Microsoft.Authorization/*/delete", "Microsoft.Authorization/*/write"],
        )
    }

    /// Reads everything.
    pub fn reader() -> Self {
        Self::custom("Reader", &["*/read"], &[])
    }

    /// SQL Managed Instance Contributor, the built-in role that the documentation names for links.
    pub fn managed_instance_contributor() -> Self {
        Self::custom(
            "SQL Managed Instance Contributor",
            &[
                "Microsoft.Resources/subscriptions/*",
                "Microsoft.Sql/locations/*/read",
                "Microsoft.Sql/locations/instanceFailoverGroups/*",
                "Microsoft.Sql/managedInstances/*",
            ],
            &["Microsoft.Sql/managedInstances/azureADOnlyAuthentications/*"],
        )
    }

    /// The custom role that Microsoft's preparation page still lists: it has `setRole/action` and no
    /// `failover/action`, so whoever followed that page gets 403 on a failover.
    pub fn documented_link_role() -> Self {
        Self::custom(
            "Managed Instance link (documented custom role)",
            &[
                "Microsoft.Resources/subscriptions/*/read",
                "Microsoft.Sql/locations/*/read",
                "Microsoft.Sql/managedInstances/read",
                "Microsoft.Sql/managedInstances/databases/read",
                "Microsoft.Sql/managedInstances/distributedAvailabilityGroups/*",
                "Microsoft.Sql/managedInstances/endpointCertificates/read",
                "Microsoft.Sql/managedInstances/hybridLink/*",
                "Microsoft.Sql/managedInstances/serverTrustCertificates/*",
            ],
            &["Microsoft.Sql/managedInstances/distributedAvailabilityGroups/failover/action"],
        )
    }

    fn allows(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(action))
            && !self.not_actions.iter().any(|pattern| pattern.matches(action))
    }
}

/// A federated credential: which foreign token stands for the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedCredential {
    /// `iss` of the assertion.
    pub issuer: String,
    /// `sub` of the assertion.
    pub subject: String,
}

/// An application (service principal).
#[derive(Clone, PartialEq, Eq)]
pub struct Application {
    /// Tenant, a UUID.
    pub tenant: String,
    /// Client id, a UUID.
    pub client_id: String,
    /// Object id of the service principal, a UUID.
    pub object_id: String,
    /// Display name.
    pub name: String,
    /// Client secrets that are accepted.
    pub secrets: Vec<String>,
    /// Federated credentials that are accepted. The assertion's signature is not checked: its issuer is not
    /// simulated.
    pub federated: Vec<FederatedCredential>,
    /// Roles, each at a scope such as `/subscriptions/…/resourceGroups/rg`.
    pub roles: Vec<(String, Role)>,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .field("name", &self.name)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}

/// What a lock forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockLevel {
    /// Deleting.
    CanNotDelete,
    /// Deleting, writing and actions.
    ReadOnly,
}

/// A lock on a scope and everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Name, one at its scope.
    pub name: String,
    /// Scope.
    pub scope: String,
    /// What it forbids.
    pub level: LockLevel,
    /// What somebody wrote about it.
    pub notes: Option<String>,
}

impl Lock {
    fn is(&self, scope: &str, name: &str) -> bool {
        self.scope.eq_ignore_ascii_case(scope) && self.name.eq_ignore_ascii_case(name)
    }
}

/// A policy assignment that denies writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Scope.
    pub scope: String,
    /// Name of the assignment, for the message.
    pub policy: String,
    /// Resource type that may not be written, `*` for all.
    pub resource_type: Pattern,
}

/// Applications, locks and policies. Clones share one directory.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    state: Arc<RwLock<State>>,
}

#[derive(Debug, Default)]
struct State {
    applications: Vec<Application>,
    locks: Vec<Lock>,
    denials: Vec<Denial>,
}

impl Directory {
    /// Adds an application, or replaces the one with its client id.
    pub fn register(&self, application: Application) {
        let mut state = self.write();
        state.applications.retain(|known| !known.client_id.eq_ignore_ascii_case(&application.client_id));
        state.applications.push(application);
    }

    /// The application with a client id.
    pub fn application(&self, client_id: &str) -> Option<Application> {
        let state = self.read();
        state.applications.iter().find(|known| known.client_id.eq_ignore_ascii_case(client_id)).cloned()
    }

    /// The application that has been there longest.
    pub fn first_application(&self) -> Option<Application> {
        self.read().applications.first().cloned()
    }

    /// Whether any application lives in the tenant.
    pub fn has_tenant(&self, tenant: &str) -> bool {
        self.read().applications.iter().any(|known| known.tenant.eq_ignore_ascii_case(tenant))
    }

    /// All tenants, each once.
    pub fn tenants(&self) -> Vec<String> {
        let mut tenants: Vec<_> =
            self.read().applications.iter().map(|known| known.tenant.to_lowercase()).collect();
        tenants.sort();
        tenants.dedup();
        tenants
    }

    /// Replaces an application's roles; this is how a test takes a right away.
    pub fn assign(&self, client_id: &str, roles: Vec<(String, Role)>) {
        let mut state = self.write();
        for known in &mut state.applications {
            if known.client_id.eq_ignore_ascii_case(client_id) {
                known.roles = roles.clone();
            }
        }
    }

    /// Whether the application may do `action` at `scope`.
    pub fn allows(&self, client_id: &str, action: &str, scope: &str) -> bool {
        self.application(client_id).is_some_and(|application| {
            application.roles.iter().any(|(at, role)| covers(at, scope) && role.allows(action))
        })
    }

    /// Whether the application has any role at `scope`, above or below it: who has none does not see a subscription.
    pub fn sees(&self, client_id: &str, scope: &str) -> bool {
        self.application(client_id).is_some_and(|application| {
            application.roles.iter().any(|(at, _)| covers(at, scope) || covers(scope, at))
        })
    }

    /// Puts a lock on a scope.
    pub fn lock(&self, scope: &str, level: LockLevel) {
        let name = format!("lock-{}", self.read().locks.len() + 1);
        self.put_lock(Lock { name, scope: scope.to_owned(), level, notes: None });
    }

    /// Puts a lock on its scope, or changes the one of its name there; says whether there was one.
    pub fn put_lock(&self, lock: Lock) -> bool {
        let replaced = self.remove_lock(&lock.scope, &lock.name);
        self.write().locks.push(lock);
        replaced
    }

    /// The lock of a name at a scope.
    pub fn find_lock(&self, scope: &str, name: &str) -> Option<Lock> {
        self.read().locks.iter().find(|lock| lock.is(scope, name)).cloned()
    }

    /// Takes a lock away; says whether there was one.
    pub fn remove_lock(&self, scope: &str, name: &str) -> bool {
        let mut state = self.write();
        let before = state.locks.len();
        state.locks.retain(|lock| !lock.is(scope, name));
        state.locks.len() < before
    }

    /// Locks at a scope and below it, and those that it has from above where that is asked for.
    pub fn locks(&self, scope: &str, inherited: bool) -> Vec<Lock> {
        let state = self.read();
        let shown = |lock: &&Lock| covers(scope, &lock.scope) || (inherited && covers(&lock.scope, scope));
        state.locks.iter().filter(shown).cloned().collect()
    }

    /// Takes the locks off a scope.
    pub fn unlock(&self, scope: &str) {
        self.write().locks.retain(|lock| !lock.scope.eq_ignore_ascii_case(scope));
    }

    /// The first lock that forbids `method` at `scope`.
    pub fn locked(&self, method: &str, scope: &str) -> Option<Lock> {
        let state = self.read();
        state
            .locks
            .iter()
            .find(|lock| {
                covers(&lock.scope, scope)
                    && match lock.level {
                        LockLevel::CanNotDelete => method == "DELETE",
                        LockLevel::ReadOnly => method != "GET" && method != "HEAD",
                    }
            })
            .cloned()
    }

    /// Denies writes by policy.
    pub fn deny(&self, denial: Denial) {
        self.write().denials.push(denial);
    }

    /// The first policy that denies writing `resource_type` at `scope`.
    pub fn denied(&self, resource_type: &str, scope: &str) -> Option<Denial> {
        let state = self.read();
        state
            .denials
            .iter()
            .find(|denial| covers(&denial.scope, scope) && denial.resource_type.matches(resource_type))
            .cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `scope` is `outer` or below it, letter case aside.
fn covers(outer: &str, scope: &str) -> bool {
    let (outer, scope) = (outer.trim_end_matches('/').to_lowercase(), scope.to_lowercase());
    scope.strip_prefix(&outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_count_at_their_scope_and_below() {
        let directory = Directory::default();
        directory.register(Application {
            tenant: "t".into(),
            client_id: "App".into(),
            object_id: "o".into(),
            name: "n".into(),
            secrets: Vec::new(),
            federated: Vec::new(),
            roles: vec![("/subscriptions/s/resourceGroups/rg".into(), Role::documented_link_role())],
        });
        let link = "/subscriptions/S/resourcegroups/RG/providers/x";
        let action = "Microsoft.Sql/managedInstances/distributedAvailabilityGroups/write";
        assert!(directory.allows("app", action, link));
        assert!(!directory.allows("app", action, "/subscriptions/s/resourceGroups/rg2"));
        let failover = "Microsoft.Sql/managedInstances/distributedAvailabilityGroups/failover/action";
        assert!(!directory.allows("app", failover, link));
        assert!(directory.allows("app", &failover.replace("failover", "setRole"), link));
        assert!(directory.sees("app", "/subscriptions/s") && !directory.sees("app", "/subscriptions/x"));
    }

    #[test]
    fn locks_forbid_by_level() {
        let directory = Directory::default();
        directory.lock("/subscriptions/s/resourceGroups/rg", LockLevel::CanNotDelete);
        let scope = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi";
        assert!(directory.locked("DELETE", scope).is_some() && directory.locked("PUT", scope).is_none());
        directory.lock(scope, LockLevel::ReadOnly);
        assert!(directory.locked("PUT", scope).is_some() && directory.locked("GET", scope).is_none());
    }
}
