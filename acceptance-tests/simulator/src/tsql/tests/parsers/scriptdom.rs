//! The neutral form of a statement, from ScriptDom's tree.
//!
//! An option that came after 2012 is not in that tree: the text that ScriptDom reads has a number in its place
//! (`REQUIRED_COPIES_TO_COMMIT` of a group, `APPLY_DELAY` of a replica), which says what stood there.

use serde_json::{Map, Value, json};

/// The statement, if it is one about endpoints or groups. `newer` is what each number stands for.
pub(super) fn neutral(tree: &Value, newer: &[Value]) -> Option<Value> {
    Some(match text(&tree["_"]) {
        "CreateEndpointStatement" => json!({
            "is": "create endpoint",
            "name": value(&tree["Name"]),
            "owner": value(&tree["Owner"]),
            "state": state(tree),
            "affinity": tree["Affinity"].is_object(),
            "tcp": tcp(tree),
            "mirroring": mirroring(tree),
        }),
        "AlterEndpointStatement" => json!({
            "is": "alter endpoint",
            "name": value(&tree["Name"]),
            "state": state(tree),
            "affinity": tree["Affinity"].is_object(),
            "tcp": if tree["Protocol"] == "Tcp" { tcp(tree) } else { Value::Null },
            "mirroring": if tree["EndpointType"] == "DatabaseMirroring" { mirroring(tree) } else { Value::Null },
            "of another kind":
                tree["Protocol"] == "Http" || ["Soap", "TSql", "ServiceBroker"].contains(&text(&tree["EndpointType"])),
        }),
        "DropEndpointStatement" => json!({ "is": "drop endpoint", "name": value(&tree["Name"]) }),
        "CreateAvailabilityGroupStatement" => json!({
            "is": "create group",
            "name": value(&tree["Name"]),
            "databases": values(&tree["Databases"]),
            "replicas": members(&tree["Replicas"], newer),
            "newer": group_options(tree, newer),
        }),
        "AlterAvailabilityGroupStatement" => alter_group(tree, newer),
        "DropAvailabilityGroupStatement" => json!({ "is": "drop group", "name": value(&tree["Name"]) }),
        "AlterDatabaseSetStatement" => {
            let [option] = items(&tree["Options"]) else { return None };
            if option["OptionKind"] != "Hadr" {
                return None;
            }
            let hadr = match text(&option["HadrOption"]) {
                "AvailabilityGroup" => "group",
                "Off" => "off",
                "Suspend" => "suspend",
                "Resume" => "resume",
                other => panic!("{other}"),
            };
            json!({
                "is": "hadr",
                "database": value(&tree["DatabaseName"]),
                "hadr": hadr,
                "group": value(&option["GroupName"]),
            })
        }
        "AlterAuthorizationStatement" => json!({
            "is": "authorization",
            "on": securable(tree)?,
            "to": value(&tree["PrincipalName"]),
        }),
        "GrantStatement" => permission("grant", tree)?,
        "DenyStatement" => permission("deny", tree)?,
        "RevokeStatement" => permission("revoke", tree)?,
        _ => return None,
    })
}

fn alter_group(tree: &Value, newer: &[Value]) -> Value {
    let databases = || json!(values(&tree["Databases"]));
    let replicas = || json!(members(&tree["Replicas"], newer));
    let mut form = match text(&tree["AlterAvailabilityGroupStatementType"]) {
        "AddDatabase" => json!({ "does": "add database", "databases": databases() }),
        "RemoveDatabase" => json!({ "does": "remove database", "databases": databases() }),
        "AddReplica" => json!({ "does": "add replica", "replicas": replicas() }),
        "ModifyReplica" => json!({ "does": "modify replica", "replicas": replicas() }),
        "RemoveReplica" => json!({ "does": "remove replica", "replicas": replicas() }),
        "Set" => json!({ "newer": group_options(tree, newer) }),
        "Action" => json!({ "does": match text(&tree["Action"]["ActionType"]) {
            "Failover" => "failover",
            "ForceFailoverAllowDataLoss" => "forced failover",
            "Offline" => "offline",
            "Join" => "join",
            other => panic!("{other}"),
        } }),
        other => panic!("{other}"),
    };
    form["is"] = json!("alter group");
    form["name"] = value(&tree["Name"]);
    form
}

fn state(tree: &Value) -> Value {
    match text(&tree["State"]) {
        "NotSpecified" => Value::Null,
        written => json!(written.to_lowercase()),
    }
}

fn tcp(tree: &Value) -> Value {
    let (mut port, mut ip) = (Value::Null, Value::Null);
    for option in items(&tree["ProtocolOptions"]) {
        match text(&option["Kind"]) {
            "TcpListenerPort" => port = number(&option["Value"]),
            "TcpListenerIP" if option["IsAll"] == true => ip = json!("all"),
            "TcpListenerIP" if option["IPv6"].is_object() => ip = value(&option["IPv6"]),
            "TcpListenerIP" => {
                let octets = ["OctetOne", "OctetTwo", "OctetThree", "OctetFour"];
                let octets = octets.map(|octet| text(&option["IPv4PartOne"][octet]["Value"]).to_owned());
                ip = json!(octets.join("."));
            }
            other => panic!("{other}"),
        }
    }
    json!({ "port": port, "ip": ip })
}

fn mirroring(tree: &Value) -> Value {
    let (mut authentication, mut encryption, mut role) = (Value::Null, Value::Null, Value::Null);
    for option in items(&tree["PayloadOptions"]) {
        match text(&option["Kind"]) {
            "Authentication" => {
                let windows = match text(&option["Protocol"]) {
                    "NotSpecified" => None,
                    // The documentation: NEGOTIATE is what stands without a word.
                    "Windows" | "WindowsNegotiate" => Some("windows negotiate".to_owned()),
                    "WindowsNtlm" => Some("windows ntlm".to_owned()),
                    "WindowsKerberos" => Some("windows kerberos".to_owned()),
                    other => panic!("{other}"),
                };
                let certificate = value(&option["Certificate"]);
                let certificate = certificate.as_str().map(|name| format!("certificate {name}"));
                let mut ways = [windows, certificate];
                if option["TryCertificateFirst"] == true {
                    ways.reverse();
                }
                authentication = json!(ways.into_iter().flatten().collect::<Vec<_>>());
            }
            "Encryption" => {
                let algorithms: Vec<String> = ["AlgorithmPartOne", "AlgorithmPartTwo"]
                    .map(|part| text(&option[part]).to_lowercase())
                    .into_iter()
                    .filter(|algorithm| algorithm != "notspecified")
                    .collect();
                let level = text(&option["EncryptionSupport"]).to_lowercase();
                encryption = json!({ "level": level, "algorithms": algorithms });
            }
            "Role" => role = json!(text(&option["Role"]).to_lowercase()),
            other => panic!("{other}"),
        }
    }
    json!({ "authentication": authentication, "encryption": encryption, "role": role })
}

fn members(replicas: &Value, newer: &[Value]) -> Vec<Value> {
    items(replicas).iter().map(|replica| member(replica, newer)).collect()
}

fn member(replica: &Value, newer: &[Value]) -> Value {
    let mut form = Map::new();
    form.insert("name".to_owned(), value(&replica["ServerName"]));
    for option in items(&replica["Options"]) {
        let (word, value) = match text(&option["OptionKind"]) {
            "EndpointUrl" => ("url", value(&option["Value"])),
            "AvailabilityMode" => match text(&option["Value"]) {
                "SynchronousCommit" => ("mode", json!("synchronous")),
                "AsynchronousCommit" => ("mode", json!("asynchronous")),
                other => panic!("{other}"),
            },
            "FailoverMode" => ("failover", json!(text(&option["Value"]).to_lowercase())),
            "SessionTimeout" => ("timeout", number(&option["Value"])),
            "PrimaryRole" => ("primary", connections(option)),
            "SecondaryRole" => ("secondary", connections(option)),
            "ApplyDelay" => ("newer", behind(&option["Value"], newer)),
            other => panic!("{other}"),
        };
        form.insert(word.to_owned(), value);
    }
    json!(form)
}

fn connections(option: &Value) -> Value {
    json!(match text(&option["AllowConnections"]) {
        "No" => "no",
        "ReadOnly" => "read only",
        "ReadWrite" => "read write",
        "All" => "all",
        other => panic!("{other}"),
    })
}

fn group_options(tree: &Value, newer: &[Value]) -> Value {
    match items(&tree["Options"]) {
        [] => json!({}),
        [option] => behind(&option["Value"], newer),
        more => panic!("{more:?}"),
    }
}

fn permission(verb: &str, tree: &Value) -> Option<Value> {
    let on = if tree["SecurityTargetObject"].is_object() { securable(tree)? } else { Value::Null };
    let words = |permission: &Value| values(&permission["Identifiers"]).join(" ").to_uppercase();
    let permissions: Vec<String> = items(&tree["Permissions"]).iter().map(words).collect();
    let to: Vec<Value> = items(&tree["Principals"]).iter().map(|one| value(&one["Identifier"])).collect();
    Some(json!({
        "is": verb,
        "permissions": permissions,
        "on": on,
        "to": to,
        "grant option": tree["WithGrantOption"] == true || tree["GrantOptionFor"] == true,
        "cascade": tree["CascadeOption"] == true,
    }))
}

fn securable(tree: &Value) -> Option<Value> {
    let target = &tree["SecurityTargetObject"];
    let class = match text(&target["ObjectKind"]) {
        "Endpoint" => "endpoint",
        "AvailabilityGroup" => "group",
        _ => return None,
    };
    Some(json!([class, values(&target["ObjectName"]["MultiPartIdentifier"]["Identifiers"]).join(".")]))
}

/// What a number stands for.
fn behind(literal: &Value, newer: &[Value]) -> Value {
    let index = number(literal).as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
    newer.get(index).expect("a number that was handed out").clone()
}

fn number(literal: &Value) -> Value {
    json!(text(&literal["Value"]).parse::<i64>().expect("a number"))
}

fn value(node: &Value) -> Value {
    node["Value"].clone()
}

fn values(nodes: &Value) -> Vec<String> {
    items(nodes).iter().map(|node| text(&node["Value"]).to_owned()).collect()
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
