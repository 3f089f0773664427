//! Request paths, parsed into what they name.
//!
//! ARM ignores letter case in everything but what it echoes, and skips empty segments: `…/managedInstances//x/y` is
//! the instance `x` (recording link_error_handling shows it). So paths are split and compared here once, and handlers
//! see names as the client wrote them.

/// An instance as a path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstancePath {
    /// Subscription, as written.
    pub subscription: String,
    /// Resource group, as written.
    pub group: String,
    /// Name of the managed instance, as written.
    pub name: String,
}

impl InstancePath {
    /// The path of a resource id.
    pub fn of_id(id: &str) -> Option<Self> {
        match Target::parse(id) {
            Target::Instance(path) => Some(path),
            _ => None,
        }
    }

    /// Whether both name one instance, in any letter case.
    pub fn is(&self, other: &Self) -> bool {
        self.subscription.eq_ignore_ascii_case(&other.subscription)
            && self.group.eq_ignore_ascii_case(&other.group)
            && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// The resource id.
    pub fn id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/managedInstances/{}",
            self.subscription, self.group, self.name
        )
    }

    /// The id of a child.
    pub fn child_id(&self, child: ChildType, name: &str) -> String {
        format!("{}/{}/{name}", self.id(), child.segment())
    }
}

/// A region as a path names it, for what belongs to a region and not to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionPath {
    /// Subscription, as written.
    pub subscription: String,
    /// Resource group, as written.
    pub group: String,
    /// Region, as written.
    pub location: String,
}

macro_rules! child_types {
    ($($variant:ident $segment:literal $what:literal)*) => {
        /// Types of resources below a managed instance.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ChildType {
            $(#[doc = $what] $variant,)*
        }

        impl ChildType {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The segment in paths and the last part of the type's name.
            pub const fn segment(self) -> &'static str {
                match self { $(Self::$variant => $segment),* }
            }
        }
    };
}

child_types! {
    Links "distributedAvailabilityGroups" "Managed Instance links."
    ServerTrustCertificates "serverTrustCertificates" "Certificates of SQL Servers that the instance trusts."
    EndpointCertificates "endpointCertificates" "The instance's own endpoint certificates."
    Databases "databases" "Managed databases."
    Keys "keys" "Encryption keys."
    EncryptionProtector "encryptionProtector" "Which key protects the instance."
    Operations "operations" "Running operations of the instance."
    RestorableDroppedDatabases "restorableDroppedDatabases" "Dropped databases that can still be restored."
    RecoverableDatabases "recoverableDatabases" "Databases with geo-backups."
    Administrators "administrators" "Entra administrators."
    EntraOnlyAuthentications "azureADOnlyAuthentications" "Whether SQL logins are refused."
}

impl ChildType {
    /// The type's full name.
    pub fn type_name(self) -> String {
        format!("Microsoft.Sql/managedInstances/{}", self.segment())
    }

    fn parse(segment: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.segment().eq_ignore_ascii_case(segment))
    }
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/metadata/endpoints`.
    CloudMetadata,
    /// `/{tenant}/v2.0/.well-known/openid-configuration`.
    OpenIdConfiguration(String),
    /// `/{tenant}/oauth2/v2.0/token` or `/{tenant}/oauth2/token`.
    Token(String),
    /// `/common/discovery/instance`.
    InstanceDiscovery,
    /// `/{tenant}/discovery/v2.0/keys`.
    SigningKeys,
    /// `/tenants`.
    Tenants,
    /// `/subscriptions`.
    Subscriptions,
    /// `/subscriptions/{s}`.
    Subscription(String),
    /// `/subscriptions/{s}/providers/{namespace}`.
    Provider(String, String),
    /// `/subscriptions/{s}/resourceGroups`.
    Groups(String),
    /// `/subscriptions/{s}/resourceGroups/{g}`.
    Group(String, String),
    /// Managed instances of a subscription, or of one group.
    Instances(String, Option<String>),
    /// A managed instance.
    Instance(InstancePath),
    /// A verb on a managed instance.
    InstanceAction(InstancePath, String),
    /// All children of a type.
    Children(InstancePath, ChildType),
    /// One child.
    Child(InstancePath, ChildType, String),
    /// A verb on a child, or a grandchild.
    ChildAction(InstancePath, ChildType, String, String),
    /// Failover groups of a region, or the one named.
    FailoverGroups(RegionPath, Option<String>),
    /// A verb on a failover group.
    FailoverGroupAction(RegionPath, String, String),
    /// The status of a long-running operation, or its result.
    Operation(OperationPath),
    /// Management locks of a scope: what it names, its path, the lock's name.
    Locks(Box<Target>, String, Option<String>),
    /// Something below a managed instance, or in a namespace, that this simulator does not have.
    Unknown {
        /// Subscription, if the path has one.
        subscription: Option<String>,
        /// Resource group, if the path has one.
        group: Option<String>,
        /// Instance, if the path has one.
        instance: Option<InstancePath>,
        /// The type as written, for the error.
        kind: String,
    },
}

/// A polling URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationPath {
    /// Subscription.
    pub subscription: String,
    /// Resource group; operations of failover groups belong to the subscription. [recording of azure-cli, 2022]
    pub group: Option<String>,
    /// Region.
    pub location: String,
    /// Type whose operation it is: `distributedAvailabilityGroups`.
    pub kind: String,
    /// The operation's id, lower case.
    pub id: String,
    /// Whether the path asks for the result (`…OperationResults`) and not for the status (`…AzureAsyncOperation`).
    pub result: bool,
}

impl Target {
    /// Parses the path of a request, without its query.
    pub fn parse(path: &str) -> Self {
        let segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(percent_decoded).collect();
        let words: Vec<&str> = segments.iter().map(String::as_str).collect();
        Self::of(&words)
    }

    fn of(words: &[&str]) -> Self {
        entra(words)
            .or_else(|| locks(words))
            .or_else(|| resource_manager(words))
            .unwrap_or_else(|| Self::unknown(words))
    }

    /// Whether it belongs to Entra ID and needs no token.
    pub fn is_entra(&self) -> bool {
        matches!(
            self,
            Self::OpenIdConfiguration(_) | Self::Token(_) | Self::InstanceDiscovery | Self::SigningKeys
        )
    }

    /// The subscription, where there is one.
    pub fn subscription(&self) -> Option<&str> {
        match self {
            Self::Subscription(subscription)
            | Self::Provider(subscription, _)
            | Self::Groups(subscription)
            | Self::Group(subscription, _)
            | Self::Instances(subscription, _) => Some(subscription),
            Self::FailoverGroups(region, _) | Self::FailoverGroupAction(region, ..) => {
                Some(&region.subscription)
            }
            Self::Operation(operation) => Some(&operation.subscription),
            Self::Locks(scope, ..) => scope.subscription(),
            Self::Unknown { subscription, .. } => subscription.as_deref(),
            _ => self.instance().map(|instance| instance.subscription.as_str()),
        }
    }

    /// The resource group, where there is one.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Group(_, group) => Some(group),
            Self::FailoverGroups(region, _) | Self::FailoverGroupAction(region, ..) => Some(&region.group),
            Self::Instances(_, group) => group.as_deref(),
            Self::Operation(operation) => operation.group.as_deref(),
            Self::Locks(scope, ..) => scope.group(),
            Self::Unknown { group, .. } => group.as_deref(),
            _ => self.instance().map(|instance| instance.group.as_str()),
        }
    }

    /// The managed instance, where there is one.
    pub fn instance(&self) -> Option<&InstancePath> {
        match self {
            Self::Instance(instance)
            | Self::InstanceAction(instance, _)
            | Self::Children(instance, _)
            | Self::Child(instance, ..)
            | Self::ChildAction(instance, ..) => Some(instance),
            Self::Locks(scope, ..) => scope.instance(),
            Self::Unknown { instance, .. } => instance.as_ref(),
            _ => None,
        }
    }

    /// The resource type below `Microsoft.Sql`, as api-versions are listed by: `managedInstances/keys`.
    pub fn resource_type(&self) -> Option<String> {
        Some(match self {
            Self::Instances(..) | Self::Instance(_) | Self::InstanceAction(..) => {
                "managedInstances".to_owned()
            }
            Self::Children(_, child) | Self::Child(_, child, _) | Self::ChildAction(_, child, ..) => {
                format!("managedInstances/{}", child.segment())
            }
            Self::FailoverGroups(..) | Self::FailoverGroupAction(..) => {
                "locations/instanceFailoverGroups".to_owned()
            }
            Self::Operation(operation) => format!("managedInstances/{}", operation.kind),
            _ => return None,
        })
    }

    /// What the journal counts, together with the verb: the type, and an action's name.
    pub fn kind(&self) -> String {
        match self {
            Self::CloudMetadata => "metadata".to_owned(),
            Self::OpenIdConfiguration(_) => "openid-configuration".to_owned(),
            Self::Token(_) => "token".to_owned(),
            Self::InstanceDiscovery => "instance discovery".to_owned(),
            Self::SigningKeys => "signing keys".to_owned(),
            Self::Tenants => "tenants".to_owned(),
            Self::Subscriptions | Self::Subscription(_) => "subscriptions".to_owned(),
            Self::Provider(..) => "providers".to_owned(),
            Self::Groups(_) | Self::Group(..) => "resourceGroups".to_owned(),
            Self::Instances(..) | Self::Instance(_) => "managedInstances".to_owned(),
            Self::InstanceAction(_, action) => format!("managedInstances/{action}"),
            Self::Children(_, child) | Self::Child(_, child, _) => child.segment().to_owned(),
            Self::ChildAction(_, child, _, action) => format!("{}/{action}", child.segment()),
            Self::FailoverGroups(..) => "instanceFailoverGroups".to_owned(),
            Self::FailoverGroupAction(.., verb) => format!("instanceFailoverGroups/{verb}"),
            Self::Operation(operation) if operation.result => format!("{}OperationResults", operation.kind),
            Self::Operation(operation) => format!("{}AzureAsyncOperation", operation.kind),
            Self::Locks(..) => "locks".to_owned(),
            Self::Unknown { kind, .. } => kind.clone(),
        }
    }

    fn unknown(words: &[&str]) -> Self {
        let after = |name: &str| {
            words
                .iter()
                .position(|word| word.eq_ignore_ascii_case(name))
                .and_then(|at| words.get(at + 1))
                .map(|word| (*word).to_owned())
        };
        let (subscription, group) = (after("subscriptions"), after("resourceGroups"));
        let instance = match (&subscription, &group, after("managedInstances")) {
            (Some(subscription), Some(group), Some(name)) => {
                Some(InstancePath { subscription: subscription.clone(), group: group.clone(), name })
            }
            _ => None,
        };
        let kind = words
            .iter()
            .position(|word| word.eq_ignore_ascii_case("providers"))
            .and_then(|at| words.get(at + 1..))
            .unwrap_or(words)
            .iter()
            .enumerate()
            .filter(|(at, _)| *at == 0 || at % 2 == 1)
            .map(|(_, word)| *word)
            .collect::<Vec<_>>()
            .join("/");
        Self::Unknown { subscription, group, instance, kind }
    }
}

fn entra(words: &[&str]) -> Option<Target> {
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    match words {
        [tenant, v2, well, configuration]
            if is(v2, "v2.0") && is(well, ".well-known") && is(configuration, "openid-configuration") =>
        {
            Some(Target::OpenIdConfiguration((*tenant).to_owned()))
        }
        [tenant, well, configuration]
            if is(well, ".well-known") && is(configuration, "openid-configuration") =>
        {
            Some(Target::OpenIdConfiguration((*tenant).to_owned()))
        }
        [tenant, oauth, v2, token] if is(oauth, "oauth2") && is(v2, "v2.0") && is(token, "token") => {
            Some(Target::Token((*tenant).to_owned()))
        }
        [tenant, oauth, token] if is(oauth, "oauth2") && is(token, "token") => {
            Some(Target::Token((*tenant).to_owned()))
        }
        [_, discovery, instance] if is(discovery, "discovery") && is(instance, "instance") => {
            Some(Target::InstanceDiscovery)
        }
        [_, discovery, v2, keys] if is(discovery, "discovery") && is(v2, "v2.0") && is(keys, "keys") => {
            Some(Target::SigningKeys)
        }
        _ => None,
    }
}

/// `{scope}/providers/Microsoft.Authorization/locks`, with or without a name.
fn locks(words: &[&str]) -> Option<Target> {
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    let (scope, name) = match words {
        [scope @ .., providers, authorization, locks]
            if is(providers, "providers")
                && is(authorization, "Microsoft.Authorization")
                && is(locks, "locks") =>
        {
            (scope, None)
        }
        [scope @ .., providers, authorization, locks, name]
            if is(providers, "providers")
                && is(authorization, "Microsoft.Authorization")
                && is(locks, "locks") =>
        {
            (scope, Some((*name).to_owned()))
        }
        _ => return None,
    };
    let path: String = scope.iter().map(|word| format!("/{word}")).collect();
    Some(Target::Locks(Box::new(Target::of(scope)), path, name))
}

fn resource_manager(words: &[&str]) -> Option<Target> {
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    let own = |word: &str| word.to_owned();
    Some(match words {
        [metadata, endpoints] if is(metadata, "metadata") && is(endpoints, "endpoints") => {
            Target::CloudMetadata
        }
        [tenants] if is(tenants, "tenants") => Target::Tenants,
        [subscriptions] if is(subscriptions, "subscriptions") => Target::Subscriptions,
        [subscriptions, rest @ ..] if is(subscriptions, "subscriptions") => {
            let [subscription, rest @ ..] = rest else { return None };
            match rest {
                [] => Target::Subscription(own(subscription)),
                [groups] if is(groups, "resourceGroups") => Target::Groups(own(subscription)),
                [groups, group] if is(groups, "resourceGroups") => {
                    Target::Group(own(subscription), own(group))
                }
                [groups, group, providers, sql, rest @ ..]
                    if is(groups, "resourceGroups")
                        && is(providers, "providers")
                        && is(sql, "Microsoft.Sql") =>
                {
                    return in_group(subscription, group, rest);
                }
                [providers, namespace] if is(providers, "providers") => {
                    Target::Provider(own(subscription), own(namespace))
                }
                [providers, sql, instances]
                    if is(providers, "providers")
                        && is(sql, "Microsoft.Sql")
                        && is(instances, "managedInstances") =>
                {
                    Target::Instances(own(subscription), None)
                }
                [providers, sql, rest @ ..] if is(providers, "providers") && is(sql, "Microsoft.Sql") => {
                    return operation(subscription, None, rest);
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// What is below `…/resourceGroups/{group}/providers/Microsoft.Sql`.
fn in_group(subscription: &str, group: &str, words: &[&str]) -> Option<Target> {
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    let own = |word: &str| word.to_owned();
    match words {
        [instances] if is(instances, "managedInstances") => {
            Some(Target::Instances(own(subscription), Some(own(group))))
        }
        [instances, name, rest @ ..] if is(instances, "managedInstances") => {
            let instance =
                InstancePath { subscription: own(subscription), group: own(group), name: own(name) };
            match rest {
                [] => Some(Target::Instance(instance)),
                [verb] if ["start", "stop", "failover"].iter().any(|known| is(verb, known)) => {
                    Some(Target::InstanceAction(instance, own(verb)))
                }
                [child] => Some(Target::Children(instance, ChildType::parse(child)?)),
                [child, name] => Some(Target::Child(instance, ChildType::parse(child)?, own(name))),
                [child, name, action] => {
                    Some(Target::ChildAction(instance, ChildType::parse(child)?, own(name), own(action)))
                }
                _ => None,
            }
        }
        [locations, location, groups, rest @ ..]
            if is(locations, "locations") && is(groups, "instanceFailoverGroups") =>
        {
            let region =
                RegionPath { subscription: own(subscription), group: own(group), location: own(location) };
            match rest {
                [] => Some(Target::FailoverGroups(region, None)),
                [name] => Some(Target::FailoverGroups(region, Some(own(name)))),
                [name, verb] => Some(Target::FailoverGroupAction(region, own(name), own(verb))),
                _ => None,
            }
        }
        _ => operation(subscription, Some(group), words),
    }
}

/// A polling URL, from `locations` on.
fn operation(subscription: &str, group: Option<&str>, words: &[&str]) -> Option<Target> {
    let [locations, location, kind, id] = words else { return None };
    if !locations.eq_ignore_ascii_case("locations") {
        return None;
    }
    let (kind, result) = strip_suffix(kind, "AzureAsyncOperation")
        .map(|kind| (kind, false))
        .or_else(|| strip_suffix(kind, "OperationResults").map(|kind| (kind, true)))?;
    Some(Target::Operation(OperationPath {
        subscription: subscription.to_owned(),
        group: group.map(str::to_owned),
        location: (*location).to_owned(),
        kind: kind.to_owned(),
        id: id.to_ascii_lowercase(),
        result,
    }))
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let split = text.len().checked_sub(suffix.len())?;
    let (head, tail) = text.split_at_checked(split)?;
    tail.eq_ignore_ascii_case(suffix).then_some(head)
}

fn percent_decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql";

    fn instance(name: &str) -> InstancePath {
        InstancePath { subscription: "s".into(), group: "rg".into(), name: name.into() }
    }

    #[test]
    fn letter_case_is_ignored_and_names_are_kept() {
        let path =
            "/SUBSCRIPTIONS/s/resourcegroups/rg/Providers/microsoft.sql/MANAGEDinstances/Mi/databases/a%20b";
        assert_eq!(
            Target::parse(path),
            Target::Child(instance("Mi"), ChildType::Databases, "a b".to_owned())
        );
    }

    #[test]
    fn an_empty_instance_name_shifts_the_path_as_recorded() {
        let path = format!("{SQL}/managedInstances//distributedAvailabilityGroups/Link4/failover");
        let target = Target::parse(&path);
        assert_eq!(target.instance(), Some(&instance("distributedAvailabilityGroups")));
        assert!(matches!(target, Target::Unknown { .. }));
    }

    #[test]
    fn operations_and_lists() {
        let path = format!("{SQL}/locations/westeurope/serverTrustCertificatesOperationResults/ABC");
        let Target::Operation(operation) = Target::parse(&path) else { panic!("{path}") };
        assert_eq!(
            (operation.kind.as_str(), operation.id.as_str(), operation.result),
            ("serverTrustCertificates", "abc", true)
        );
        assert_eq!(
            Target::parse(&format!("{SQL}/managedInstances/mi/keys/")),
            Target::Children(instance("mi"), ChildType::Keys)
        );
        let scope = format!("{SQL}/managedInstances/mi");
        assert_eq!(
            Target::parse(&format!("{scope}/providers/microsoft.authorization/locks/L")),
            Target::Locks(Box::new(Target::Instance(instance("mi"))), scope, Some("L".to_owned()))
        );
        assert_eq!(Target::parse("/t/oauth2/v2.0/token"), Target::Token("t".to_owned()));
        assert_eq!(Target::parse("/metadata/endpoints"), Target::CloudMetadata);
    }
}
