//! The neutral form of a statement, from our tree.
//!
//! Options that ScriptDom does not know stand together under `newer`, by their words; see [`super::statements`].

use serde_json::{Map, Value, json};

use crate::tsql::ast::{
    Algorithm, AllowConnections, AlterAvailabilityGroup, AlterDatabase, Authentication, AvailabilityMode,
    BackupPreference, ClusterType, Ddl, Encryption, EndpointRole, EndpointState, FailoverMode, GroupForm,
    GroupOptions, HadrOption, Listener, Mirroring, Name, Permission, PermissionVerb, ReplicaOptions,
    SecurableClass, SeedingMode, Statement, StatementKind, Tcp, WindowsAuthentication,
};

/// The statement, if it is one about endpoints or groups.
pub(super) fn neutral(statement: &Statement) -> Option<Value> {
    let StatementKind::Ddl(ddl) = &statement.kind else { return None };
    Some(match ddl.as_ref() {
        Ddl::CreateEndpoint(create) => json!({
            "is": "create endpoint",
            "name": create.name.0,
            "owner": create.authorization.as_ref().map(|owner| &owner.0),
            "state": create.state.map(state),
            "affinity": create.affinity,
            "tcp": tcp(&create.tcp),
            "mirroring": mirroring(&create.mirroring),
        }),
        Ddl::AlterEndpoint(alter) => json!({
            "is": "alter endpoint",
            "name": alter.name.0,
            "state": alter.state.map(state),
            "affinity": alter.affinity,
            "tcp": alter.tcp.as_ref().map(tcp),
            "mirroring": alter.mirroring.as_ref().map(mirroring),
            "of another kind": alter.of_another_kind,
        }),
        Ddl::DropEndpoint { name } => json!({ "is": "drop endpoint", "name": name.0 }),
        Ddl::CreateAvailabilityGroup(create) => {
            let mut newer = group_options(&create.options);
            let (databases, replicas) = match &create.form {
                GroupForm::Local { databases, replicas, listener } => {
                    if let Some(listener) = listener {
                        newer.insert("LISTENER".to_owned(), self::listener(listener));
                    }
                    (names(databases), replicas)
                }
                GroupForm::Distributed { members } => {
                    newer.insert("OF GROUPS".to_owned(), json!(true));
                    (Vec::new(), members)
                }
            };
            json!({
                "is": "create group",
                "name": create.name.0,
                "databases": databases,
                "replicas": members(replicas),
                "newer": newer,
            })
        }
        Ddl::AlterAvailabilityGroup { name, change } => alter_group(&name.0, change),
        Ddl::DropAvailabilityGroup { name } => json!({ "is": "drop group", "name": name.0 }),
        Ddl::AlterDatabase { name, changes } => {
            let [AlterDatabase::Hadr(option)] = changes.as_slice() else { return None };
            let (hadr, group) = match option {
                HadrOption::Group(group) => ("group", Some(&group.0)),
                HadrOption::Off => ("off", None),
                HadrOption::Suspend => ("suspend", None),
                HadrOption::Resume => ("resume", None),
            };
            json!({ "is": "hadr", "database": name.as_ref().map(|name| &name.0), "hadr": hadr, "group": group })
        }
        Ddl::AlterAuthorization { class, name, owner } => json!({
            "is": "authorization",
            "on": [securable(*class)?, name.0],
            "to": owner.as_ref().map(|owner| &owner.0),
        }),
        Ddl::Permission(permission) => self::permission(permission)?,
        _ => return None,
    })
}

fn alter_group(name: &str, change: &AlterAvailabilityGroup) -> Value {
    use AlterAvailabilityGroup as Change;
    let newer = |what: &str, how: Value| json!({ "newer": { what: how } });
    let mut form = match change {
        Change::Set(options) => json!({ "newer": group_options(options) }),
        Change::SetRoleSecondary => newer("ROLE", json!("SECONDARY")),
        Change::AddDatabases(databases) => json!({ "does": "add database", "databases": names(databases) }),
        Change::RemoveDatabases(databases) => {
            json!({ "does": "remove database", "databases": names(databases) })
        }
        Change::AddReplicas(replicas) => json!({ "does": "add replica", "replicas": members(replicas) }),
        Change::ModifyReplicas(replicas) => {
            json!({ "does": "modify replica", "replicas": members(replicas) })
        }
        Change::RemoveReplicas(names) => {
            let removed: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
            json!({ "does": "remove replica", "replicas": removed })
        }
        Change::Join { cluster_type: None } => json!({ "does": "join" }),
        Change::Join { cluster_type: Some(kind) } => newer("JOIN", json!(cluster_type(*kind))),
        Change::JoinDistributed(replicas) => json!({ "does": "join groups", "replicas": members(replicas) }),
        Change::ModifyDistributed(replicas) => {
            json!({ "does": "modify groups", "replicas": members(replicas) })
        }
        Change::Failover => json!({ "does": "failover" }),
        Change::ForceFailover => json!({ "does": "forced failover" }),
        Change::Offline => json!({ "does": "offline" }),
        Change::GrantCreateAnyDatabase => newer("CREATE ANY DATABASE", json!("GRANT")),
        Change::DenyCreateAnyDatabase => newer("CREATE ANY DATABASE", json!("DENY")),
        Change::AddListener(listener) => newer("ADD LISTENER", self::listener(listener)),
        Change::RemoveListener(name) => newer("REMOVE LISTENER", json!(name)),
        Change::RestartListener(name) => newer("RESTART LISTENER", json!(name)),
        Change::ModifyListener { dns_name, port, add_ip } => newer(
            "MODIFY LISTENER",
            json!([dns_name, port, add_ip.as_ref().map(|(address, mask)| json!([address, mask]))]),
        ),
    };
    form["is"] = json!("alter group");
    form["name"] = json!(name);
    form
}

fn state(state: EndpointState) -> &'static str {
    match state {
        EndpointState::Started => "started",
        EndpointState::Stopped => "stopped",
        EndpointState::Disabled => "disabled",
    }
}

fn tcp(tcp: &Tcp) -> Value {
    let ip = tcp.ip.as_ref().map(|ip| ip.as_deref().unwrap_or("all"));
    json!({ "port": tcp.port, "ip": ip })
}

fn mirroring(mirroring: &Mirroring) -> Value {
    let windows = |kind: WindowsAuthentication| match kind {
        WindowsAuthentication::Ntlm => "windows ntlm",
        WindowsAuthentication::Kerberos => "windows kerberos",
        WindowsAuthentication::Negotiate => "windows negotiate",
    };
    let certificate = |name: &Name| format!("certificate {}", name.0);
    let authentication = mirroring.authentication.as_ref().map(|ways| match ways {
        Authentication::Windows(kind) => vec![windows(*kind).to_owned()],
        Authentication::Certificate(name) => vec![certificate(name)],
        Authentication::WindowsThenCertificate(kind, name) => {
            vec![windows(*kind).to_owned(), certificate(name)]
        }
        Authentication::CertificateThenWindows(name, kind) => {
            vec![certificate(name), windows(*kind).to_owned()]
        }
    });
    let encryption = mirroring.encryption.map(|encryption| {
        let (level, algorithm) = match encryption {
            Encryption::Disabled => ("disabled", None),
            Encryption::Supported(algorithm) => ("supported", algorithm),
            Encryption::Required(algorithm) => ("required", algorithm),
        };
        let algorithms: &[&str] = match algorithm {
            None => &[],
            Some(Algorithm::Aes) => &["aes"],
            Some(Algorithm::Rc4) => &["rc4"],
            Some(Algorithm::AesRc4) => &["aes", "rc4"],
            Some(Algorithm::Rc4Aes) => &["rc4", "aes"],
        };
        json!({ "level": level, "algorithms": algorithms })
    });
    let role = mirroring.role.map(|role| match role {
        EndpointRole::Witness => "witness",
        EndpointRole::Partner => "partner",
        EndpointRole::All => "all",
    });
    json!({ "authentication": authentication, "encryption": encryption, "role": role })
}

fn names(names: &[Name]) -> Vec<&str> {
    names.iter().map(|name| name.0.as_str()).collect()
}

fn members(replicas: &[ReplicaOptions]) -> Vec<Value> {
    replicas.iter().map(member).collect()
}

/// Only what was written.
fn member(replica: &ReplicaOptions) -> Value {
    let mut newer = Map::new();
    let mut form = Map::new();
    form.insert("name".to_owned(), json!(replica.name));
    let mut known = |word: &str, value: Option<Value>| value.map(|value| form.insert(word.to_owned(), value));
    known("url", replica.url.as_ref().map(|url| json!(url)));
    match replica.availability_mode {
        Some(AvailabilityMode::Synchronous) => {
            known("mode", Some(json!("synchronous")));
        }
        Some(AvailabilityMode::Asynchronous) => {
            known("mode", Some(json!("asynchronous")));
        }
        Some(AvailabilityMode::ConfigurationOnly) => {
            newer.insert("AVAILABILITY_MODE".to_owned(), json!("CONFIGURATION_ONLY"));
        }
        None => {}
    }
    match replica.failover_mode {
        Some(FailoverMode::Automatic) => {
            known("failover", Some(json!("automatic")));
        }
        Some(FailoverMode::Manual) => {
            known("failover", Some(json!("manual")));
        }
        Some(FailoverMode::External) => {
            newer.insert("FAILOVER_MODE".to_owned(), json!("EXTERNAL"));
        }
        None => {}
    }
    known("timeout", replica.session_timeout.map(|timeout| json!(timeout)));
    known("primary", replica.primary_connections.map(|kind| json!(connections(kind))));
    known("secondary", replica.secondary_connections.map(|kind| json!(connections(kind))));
    let mut newly =
        |word: &str, value: Option<Value>| value.map(|value| newer.insert(word.to_owned(), value));
    newly(
        "SEEDING_MODE",
        replica.seeding_mode.map(|mode| match mode {
            SeedingMode::Automatic => json!("AUTOMATIC"),
            SeedingMode::Manual => json!("MANUAL"),
        }),
    );
    newly("BACKUP_PRIORITY", replica.backup_priority.map(|priority| json!(priority)));
    let url = |url: &Option<String>| json!(url.as_deref().unwrap_or("NONE"));
    newly("READ_ONLY_ROUTING_URL", replica.read_only_routing_url.as_ref().map(url));
    newly("READ_WRITE_ROUTING_URL", replica.read_write_routing_url.as_ref().map(url));
    newly("READ_ONLY_ROUTING_LIST", replica.read_only_routing_list.as_ref().map(|list| json!(list)));
    if !newer.is_empty() {
        form.insert("newer".to_owned(), json!(newer));
    }
    json!(form)
}

fn connections(kind: AllowConnections) -> &'static str {
    match kind {
        AllowConnections::No => "no",
        AllowConnections::ReadOnly => "read only",
        AllowConnections::ReadWrite => "read write",
        AllowConnections::All => "all",
    }
}

fn cluster_type(kind: ClusterType) -> &'static str {
    match kind {
        ClusterType::Wsfc => "WSFC",
        ClusterType::External => "EXTERNAL",
        ClusterType::None => "NONE",
    }
}

fn group_options(options: &GroupOptions) -> Map<String, Value> {
    let mut written = Map::new();
    let mut add =
        |word: &str, value: Option<Value>| value.map(|value| written.insert(word.to_owned(), value));
    add(
        "AUTOMATED_BACKUP_PREFERENCE",
        options.backup_preference.map(|preference| match preference {
            BackupPreference::Primary => json!("PRIMARY"),
            BackupPreference::SecondaryOnly => json!("SECONDARY_ONLY"),
            BackupPreference::Secondary => json!("SECONDARY"),
            BackupPreference::None => json!("NONE"),
        }),
    );
    add("FAILURE_CONDITION_LEVEL", options.failure_condition_level.map(|level| json!(level)));
    add("HEALTH_CHECK_TIMEOUT", options.health_check_timeout.map(|timeout| json!(timeout)));
    add("DB_FAILOVER", options.db_failover.map(|on| json!(if on { "ON" } else { "OFF" })));
    add("DTC_SUPPORT", options.dtc_support.map(|on| json!(if on { "PER_DB" } else { "NONE" })));
    add(
        "REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT",
        options.required_synchronized_secondaries.map(|count| json!(count)),
    );
    add("CLUSTER_TYPE", options.cluster_type.map(|kind| json!(cluster_type(kind))));
    let mut flag = |word: &str, is: bool| is.then(|| written.insert(word.to_owned(), json!("")));
    flag("BASIC", options.basic);
    flag("DISTRIBUTED", options.distributed);
    flag("CONTAINED", options.contained);
    flag("REUSE_SYSTEM_DATABASES", options.reuse_system_databases);
    written
}

fn listener(listener: &Listener) -> Value {
    let addresses: Vec<_> = listener.addresses.iter().chain(&listener.subnet).collect();
    json!([listener.dns_name, listener.dhcp, addresses, listener.port])
}

fn securable(class: SecurableClass) -> Option<&'static str> {
    match class {
        SecurableClass::Endpoint => Some("endpoint"),
        SecurableClass::AvailabilityGroup => Some("group"),
        _ => None,
    }
}

fn permission(permission: &Permission) -> Option<Value> {
    let on = match &permission.securable {
        Some((class, name)) => Some((securable(*class)?, &name.0)),
        None => None,
    };
    let verb = match permission.verb {
        PermissionVerb::Grant => "grant",
        PermissionVerb::Deny => "deny",
        PermissionVerb::Revoke => "revoke",
    };
    Some(json!({
        "is": verb,
        "permissions": permission.permissions,
        "on": on,
        "to": names(&permission.principals),
        "grant option": permission.with_grant_option || permission.grant_option_for,
        "cascade": permission.cascade,
    }))
}
