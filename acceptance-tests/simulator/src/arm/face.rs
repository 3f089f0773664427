//! The way of a request through ARM: the order of checks is the gateway's, and it is observable.
//!
//! Token, throttling, subscription, permission, group, instance, api-version, lock, policy; only then the resource
//! provider. A missing instance is answered before a missing link, a missing right before either, so that a caller
//! without rights learns nothing. Handlers behind this see valid calls only.

use serde_json::{Value, json};

use super::api_version::ApiVersion;
use super::backend::{Backend, InstanceView, OperationView};
use super::call::Call;
use super::directory::Directory;
use super::operations::{self, Signer, Standing};
use super::path::{ChildType, OperationPath, Target};
use super::reply::{ArmError, Reply};
use super::server::Settings;
use super::throttle::{CallKind, Throttle};
use super::token::{ARM_AUDIENCES, Principal, TokenError, Tokens};
use super::{
    endpoint_certificates, entra, entra_only, failover_groups, instance_operations, kept_databases, keys,
    links, managed_databases, managed_instances, management_locks, metadata, server_trust_certificates,
};
use crate::world::assumption;

/// Everything that answers depend on.
pub(super) struct Face {
    pub(super) backend: std::sync::Arc<dyn Backend>,
    pub(super) directory: Directory,
    pub(super) tokens: Tokens,
    pub(super) throttle: Throttle,
    pub(super) signer: Signer,
    pub(super) settings: Settings,
}

/// A request as it was read.
pub(super) struct Request<'a> {
    pub(super) origin: &'a str,
    pub(super) method: &'a str,
    pub(super) target: &'a Target,
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) authorization: Option<&'a str>,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl Face {
    /// Answers a request. Also says who asked, where that came out.
    pub(super) fn answer(&self, request: &Request<'_>) -> (Reply, Option<String>) {
        if request.target.is_entra() {
            return self.entra(request);
        }
        if *request.target == Target::CloudMetadata {
            return (metadata::cloud(request.origin), None);
        }
        let principal = match self.authenticate(request) {
            Ok(principal) => principal,
            Err(error) => return (error.reply(), None),
        };
        let who = principal.client_id.clone();
        let kind = CallKind::of(request.method);
        let reply = match self.throttle.take(kind, request.target.subscription().unwrap_or_default()) {
            Ok(left) => {
                let reply = self.authorized(request, &principal).unwrap_or_else(|error| error.reply());
                // The gateway's own errors are not counted against the provider's limits. [recording]
                let own = reply.headers.iter().any(|(name, _)| name == "x-ms-failure-cause");
                if own { reply } else { Throttle::announce(reply, kind, left) }
            }
            Err(error) => error.reply(),
        };
        (reply, Some(who))
    }

    fn entra(&self, request: &Request<'_>) -> (Reply, Option<String>) {
        match (request.target, request.method) {
            (Target::Token(tenant), "POST") => {
                entra::token(&self.directory, &self.tokens, request.origin, tenant, request.body)
            }
            (Target::OpenIdConfiguration(tenant), "GET") => {
                (entra::openid_configuration(request.origin, tenant), None)
            }
            (Target::InstanceDiscovery, "GET") => {
                (entra::instance_discovery(request.origin, &request.query.iter().cloned().collect()), None)
            }
            (Target::SigningKeys, "GET") => (Reply::ok(json!({ "keys": [] })), None),
            _ => (Reply::empty(405), None),
        }
    }

    fn authenticate(&self, request: &Request<'_>) -> Result<Principal, ArmError> {
        let challenge = |error: ArmError| {
            let parameters = if error.code == "AuthenticationFailed" {
                String::new()
            } else {
                format!(
                    ", error=\"invalid_token\", error_description=\"{}\"",
                    error.message.replace('"', "'")
                )
            };
            let header = format!("Bearer authorization_uri=\"{}/common\"{parameters}", request.origin);
            error.header("www-authenticate", header)
        };
        let token = request
            .authorization
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(token) = token else {
            return Err(challenge(ArmError::gateway(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )));
        };
        let mut audiences = ARM_AUDIENCES.to_vec();
        audiences.push(request.origin);
        self.tokens.verify(token, &audiences).map_err(|error| {
            challenge(match error {
                TokenError::Invalid => {
                    ArmError::gateway(401, "InvalidAuthenticationToken", "The access token is invalid.")
                }
                TokenError::Expired(expiry) => ArmError::gateway(
                    401,
                    "ExpiredAuthenticationToken",
                    format!(
                        "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                        operations::stamp(expiry),
                        operations::stamp(self.backend.now())
                    ),
                ),
                TokenError::Audience(audience) => ArmError::gateway(
                    401,
                    "InvalidAuthenticationTokenAudience",
                    format!("The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with one of the allowed audiences '{}'.", audiences.join("','")),
                ),
            })
        })
    }

    fn authorized(&self, request: &Request<'_>, principal: &Principal) -> Result<Reply, ArmError> {
        match request.target {
            Target::Tenants => return Ok(metadata::tenants(&self.directory.tenants())),
            Target::Subscriptions => {
                let mut subscriptions = self.backend.subscriptions();
                subscriptions.retain(|one| self.sees(principal, &one.id));
                let items: Vec<Value> = subscriptions.iter().map(metadata::subscription).collect();
                return Ok(Reply::ok(json!({
                    "value": items,
                    "count": { "type": "Total", "value": items.len() },
                })));
            }
            _ => {}
        }
        check_content(request)?;
        let version = request
            .query
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("api-version"))
            .map(|(_, value)| value.as_str())
            .ok_or_else(ArmError::missing_api_version)?;
        let subscription = request.target.subscription().unwrap_or_default();
        self.check_subscription(principal, subscription)?;
        self.check_permission(request, principal)?;
        self.check_group(request.target, subscription)?;
        if let Target::Operation(operation) = request.target {
            return self.operation(request, operation, version);
        }
        let instance = self.find_instance(request.target)?;
        let version = self.check_version(request.target, instance.as_ref(), version)?;
        self.check_locks(request)?;
        let call = Call {
            backend: &*self.backend,
            settings: &self.settings,
            signer: &self.signer,
            origin: request.origin,
            method: request.method,
            path: request.path,
            version,
            query: request.query,
            body: request.body,
        };
        self.dispatch(&call, request.target, instance.as_ref())
    }

    fn dispatch(
        &self,
        call: &Call<'_>,
        target: &Target,
        instance: Option<&InstanceView>,
    ) -> Result<Reply, ArmError> {
        // ARM answers for groups whether they exist; of other types the provider would, and this one does not.
        // ["Resource Groups - Check Existence", "Resources - Check Existence By Id"; ASSUMED 157 that this provider does not]
        match (call.method, target) {
            ("GET", _) => {}
            ("HEAD", Target::Group(..)) => return Ok(Reply::empty(204)),
            ("HEAD", _) if self.backend.opposite(assumption::HEAD_REFUSED) => {
                return self
                    .dispatch(&Call { method: "GET", ..*call }, target, instance)
                    .map(|_| Reply::empty(204));
            }
            ("HEAD", _)
            | (_, Target::Subscription(_) | Target::Provider(..) | Target::Groups(_) | Target::Group(..)) => {
                return Err(ArmError::method_not_allowed(call.method));
            }
            _ => {}
        }
        match (target, instance) {
            (Target::Locks(_, scope, name), _) => {
                management_locks::handle(call, &self.directory, scope, name.as_deref())
            }
            (Target::Subscription(id), _) => {
                let subscriptions = self.backend.subscriptions();
                match subscriptions.iter().find(|one| one.id.eq_ignore_ascii_case(id)) {
                    Some(one) => Ok(Reply::ok(metadata::subscription(one))),
                    None => Err(ArmError::subscription_not_found(id)),
                }
            }
            (Target::Provider(subscription, namespace), _) => {
                metadata::provider(call, subscription, namespace)
            }
            (Target::Groups(subscription), _) => {
                let groups = self.backend.groups(subscription);
                let items = groups.iter().map(|one| metadata::group(subscription, one)).collect();
                Ok(call.list(&format!("/subscriptions/{subscription}/resourceGroups"), items))
            }
            (Target::Group(subscription, name), _) => {
                let groups = self.backend.groups(subscription);
                match groups.iter().find(|one| one.name.eq_ignore_ascii_case(name)) {
                    Some(one) => Ok(Reply::ok(metadata::group(subscription, one))),
                    None => Err(ArmError::group_not_found(name)),
                }
            }
            (Target::Instances(subscription, group), _) => {
                managed_instances::collection(call, subscription, group.as_deref())
            }
            (Target::FailoverGroups(region, None), _) => failover_groups::collection(call, region),
            (Target::FailoverGroups(region, Some(name)), _) => failover_groups::item(call, region, name),
            (Target::FailoverGroupAction(region, name, verb), _) => {
                failover_groups::action(call, region, name, verb)
            }
            (Target::Instance(_), Some(instance)) => managed_instances::item(call, instance),
            (Target::Children(_, child), Some(instance)) => children(call, instance, *child),
            (Target::Child(_, child, name), Some(instance)) => item(call, instance, *child, name),
            (Target::InstanceAction(_, verb), Some(instance)) => {
                managed_instances::action(call, instance, verb)
            }
            (Target::ChildAction(_, ChildType::Links, name, verb), Some(instance)) => {
                links::action(call, instance, name, verb)
            }
            (Target::ChildAction(_, ChildType::EncryptionProtector, name, verb), Some(instance)) => {
                keys::revalidate(call, instance, name, verb)
            }
            (Target::ChildAction(_, ChildType::Operations, id, verb), Some(instance)) => {
                instance_operations::action(call, instance, id, verb)
            }
            _ => Err(ArmError::no_such_type(&target.kind(), call.version)),
        }
    }

    fn sees(&self, principal: &Principal, subscription: &str) -> bool {
        self.directory.sees(&principal.client_id, &format!("/subscriptions/{subscription}"))
    }

    /// A subscription without any right of the caller's is not found, as in Azure.
    fn check_subscription(&self, principal: &Principal, subscription: &str) -> Result<(), ArmError> {
        if uuid::Uuid::try_parse(subscription).is_err() {
            return Err(ArmError::invalid_subscription(subscription));
        }
        let known = self.backend.subscriptions().iter().any(|one| one.id.eq_ignore_ascii_case(subscription));
        if known && self.sees(principal, subscription) {
            Ok(())
        } else {
            Err(ArmError::subscription_not_found(subscription))
        }
    }

    fn check_permission(&self, request: &Request<'_>, principal: &Principal) -> Result<(), ArmError> {
        let action = action(request.method, request.target);
        let scope = request.path.trim_end_matches('/');
        if self.directory.allows(&principal.client_id, &action, scope) {
            return Ok(());
        }
        Err(ArmError::gateway(
            403,
            "AuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
                principal.client_id, principal.object_id
            ),
        ))
    }

    fn check_group(&self, target: &Target, subscription: &str) -> Result<(), ArmError> {
        let Some(group) = target.group() else { return Ok(()) };
        let known = self.backend.groups(subscription).iter().any(|one| one.name.eq_ignore_ascii_case(group));
        if known { Ok(()) } else { Err(ArmError::group_not_found(group)) }
    }

    fn find_instance(&self, target: &Target) -> Result<Option<InstanceView>, ArmError> {
        let Some(path) = target.instance() else { return Ok(None) };
        match self.backend.instance(path) {
            Some(instance) => Ok(Some(instance)),
            None => {
                Err(ArmError::resource_not_found(&format!("managedInstances/{}", path.name), &path.group))
            }
        }
    }

    /// ARM's own types take any version; those of `Microsoft.Sql` only what the region has.
    fn check_version(
        &self,
        target: &Target,
        instance: Option<&InstanceView>,
        text: &str,
    ) -> Result<ApiVersion, ArmError> {
        let Some(kind) = target.resource_type() else {
            return text.parse().map_err(|_| {
                ArmError::gateway(
                    400,
                    "InvalidApiVersionParameter",
                    format!("The api-version '{text}' is invalid. The supported versions are '2022-12-01,2021-04-01'."),
                )
            });
        };
        let regions = metadata::regions(&*self.backend, target.subscription().unwrap_or_default());
        // Who asks for something in a region is answered by that region; a list of a subscription by any.
        let asked = match (instance, target) {
            (Some(instance), _) => vec![instance.location.clone()],
            (None, Target::FailoverGroups(region, _) | Target::FailoverGroupAction(region, ..)) => {
                vec![region.location.clone()]
            }
            (None, _) if regions.is_empty() => vec![String::new()],
            (None, _) => regions.clone(),
        };
        let has = |version: &ApiVersion| {
            asked.iter().any(|region| metadata::supported(&self.settings, &kind, region).contains(version))
        };
        text.parse().ok().filter(has).ok_or_else(|| {
            let region = asked.first().map(String::as_str).unwrap_or_default();
            metadata::no_registered_provider(&self.settings, &kind, text, region, &regions)
        })
    }

    fn check_locks(&self, request: &Request<'_>) -> Result<(), ArmError> {
        if matches!(request.target, Target::Locks(..)) {
            return Ok(());
        }
        let scope = request.path.trim_end_matches('/');
        if let Some(lock) = self.directory.locked(request.method, scope) {
            let deed = if request.method == "DELETE" { "delete" } else { "write" };
            return Err(ArmError::gateway(
                409,
                "ScopeLocked",
                format!(
                    "The scope '{scope}' cannot perform {deed} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
                    lock.scope
                ),
            ));
        }
        let kind = format!("Microsoft.Sql/{}", request.target.resource_type().unwrap_or_default());
        match self.directory.denied(&kind, scope).filter(|_| matches!(request.method, "PUT" | "PATCH")) {
            Some(denial) => Err(ArmError::gateway(
                403,
                "RequestDisallowedByPolicy",
                format!(
                    "Resource '{}' was disallowed by policy. Policy identifiers: '[{{\"policyAssignment\":{{\"name\":\"{}\",\"id\":\"{}/providers/Microsoft.Authorization/policyAssignments/{}\"}}}}]'.",
                    scope.rsplit('/').next().unwrap_or_default(),
                    denial.policy,
                    denial.scope,
                    denial.policy
                ),
            )),
            None => Ok(()),
        }
    }

    /// A poll of the status or the result of an operation.
    fn operation(
        &self,
        request: &Request<'_>,
        path: &OperationPath,
        version: &str,
    ) -> Result<Reply, ArmError> {
        if !self.signer.accepts(path, version, request.query)
            && !self.backend.opposite(assumption::URL_SIGNATURES)
        {
            // No recording of a changed URL: ASSUMED 41, refused as unauthorized.
            return Err(ArmError::gateway(
                403,
                "AuthorizationFailed",
                "The signature of the operation's URL is not valid.",
            ));
        }
        let Some(view) = self.backend.operation(&path.id) else {
            // ASSUMED 39.
            let other = self.backend.opposite(assumption::REFUSAL_CODES);
            return Err(operations::unknown(&path.id, other));
        };
        let retry = self.settings.retry_after;
        if !path.result {
            return Ok(operations::status(&path.id, view.accepted.started, &view.standing, retry));
        }
        match &view.standing {
            Standing::InProgress => {
                let version = version.parse().map_err(|_| ArmError::missing_api_version())?;
                let again = self.signer.url(request.origin, path, version, view.accepted.started);
                let empty = Reply::empty(202);
                Ok(empty.header("location", again).header("retry-after", retry.to_string()))
            }
            Standing::Failed { code, message } => Err(ArmError::provider(400, code, message.clone())),
            Standing::Canceled => Err(ArmError::provider(
                409,
                "OperationCancelled",
                "The operation has been cancelled by user.",
            )),
            Standing::Succeeded => self.result(request, &view, version),
        }
    }

    /// The final answer of a result URL: the resource, or nothing after a DELETE. [recorded: Azure SDK for .NET, 2022]
    fn result(&self, request: &Request<'_>, view: &OperationView, version: &str) -> Result<Reply, ArmError> {
        let (Some(instance), Ok(version), false) =
            (self.backend.instance(&view.instance), version.parse(), view.deletes)
        else {
            return Ok(Reply::empty(200));
        };
        let call = Call {
            backend: &*self.backend,
            settings: &self.settings,
            signer: &self.signer,
            origin: request.origin,
            method: "GET",
            path: request.path,
            version,
            query: request.query,
            body: &[],
        };
        match (&view.child, &view.failover_group) {
            (Some((child, name)), _) => item(&call, &instance, *child, name),
            (None, Some((region, name))) => failover_groups::item(&call, region, name),
            (None, None) => managed_instances::item(&call, &instance),
        }
    }
}

fn children(call: &Call<'_>, instance: &InstanceView, child: ChildType) -> Result<Reply, ArmError> {
    match child {
        ChildType::Links => links::collection(call, instance),
        ChildType::ServerTrustCertificates => server_trust_certificates::collection(call, instance),
        ChildType::EndpointCertificates => endpoint_certificates::collection(call, instance),
        ChildType::Databases => managed_databases::collection(call, instance),
        ChildType::Keys => keys::collection(call, instance),
        ChildType::EncryptionProtector => keys::protector(call, instance, None),
        ChildType::Operations => instance_operations::collection(call, instance),
        ChildType::RestorableDroppedDatabases | ChildType::RecoverableDatabases => {
            kept_databases::handle(call, instance, child, None)
        }
        ChildType::Administrators | ChildType::EntraOnlyAuthentications => {
            entra_only::handle(call, instance, child, None)
        }
    }
}

fn item(call: &Call<'_>, instance: &InstanceView, child: ChildType, name: &str) -> Result<Reply, ArmError> {
    match child {
        ChildType::Links => links::item(call, instance, name),
        ChildType::ServerTrustCertificates => server_trust_certificates::item(call, instance, name),
        ChildType::EndpointCertificates => endpoint_certificates::item(call, instance, name),
        ChildType::Databases => managed_databases::item(call, instance, name),
        ChildType::Keys => keys::item(call, instance, name),
        ChildType::EncryptionProtector => keys::protector(call, instance, Some(name)),
        ChildType::Operations => instance_operations::item(call, instance, name),
        ChildType::RestorableDroppedDatabases | ChildType::RecoverableDatabases => {
            kept_databases::handle(call, instance, child, Some(name))
        }
        ChildType::Administrators | ChildType::EntraOnlyAuthentications => {
            entra_only::handle(call, instance, child, Some(name))
        }
    }
}

/// A body is JSON, and says so.
fn check_content(request: &Request<'_>) -> Result<(), ArmError> {
    let plain = |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if request.body.is_empty() || request.content_type.map(plain).as_deref() == Some("application/json") {
        return Ok(());
    }
    Err(ArmError::unsupported_media_type(request.content_type))
}

/// The RBAC action of a request, by ARM's naming rule.
fn action(method: &str, target: &Target) -> String {
    let (kind, verb) = match target {
        Target::Subscription(_) => ("Microsoft.Resources/subscriptions".to_owned(), None),
        Target::Provider(..) => ("Microsoft.Resources/subscriptions/providers".to_owned(), None),
        Target::Groups(_) | Target::Group(..) => {
            ("Microsoft.Resources/subscriptions/resourceGroups".to_owned(), None)
        }
        Target::Operation(_) => (format!("Microsoft.Sql/locations/{}", target.kind()), None),
        Target::InstanceAction(_, verb) => ("Microsoft.Sql/managedInstances".to_owned(), Some(verb)),
        Target::ChildAction(_, child, _, verb) => (child.type_name(), Some(verb)),
        Target::FailoverGroupAction(.., verb) => {
            ("Microsoft.Sql/locations/instanceFailoverGroups".to_owned(), Some(verb))
        }
        Target::Locks(..) => ("Microsoft.Authorization/locks".to_owned(), None),
        Target::Unknown { kind, .. } => (kind.clone(), None),
        _ => (format!("Microsoft.Sql/{}", target.resource_type().unwrap_or_default()), None),
    };
    match (method, verb) {
        ("GET" | "HEAD", _) => format!("{kind}/read"),
        ("POST", Some(verb)) => format!("{kind}/{verb}/action"),
        ("DELETE", _) => format!("{kind}/delete"),
        ("POST", None) => format!("{kind}/action"),
        _ => format!("{kind}/write"),
    }
}
