//! Keys of an instance and its protector, as azure-cli's recording test_sql_mi_tdebyok has them.

use milink_simulator::scene::Scene;
use milink_simulator::world::assumption;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{Azure, CLIENT, INSTANCE, TENANT, hex};

const URI: &str = "https://corp.vault.azure.net/keys/tde/951ca8f9bf00493ca26b554cbfebd152";
pub(super) const KEY: &str = "keys/corp_tde_951ca8f9bf00493ca26b554cbfebd152";
const PROTECTOR: &str = "encryptionProtector/current";

pub(super) fn customers() -> Value {
    json!({ "serverKeyType": "AzureKeyVault", "uri": URI })
}

fn by(key: &str) -> Value {
    let kind = if key == "ServiceManaged" { key } else { "AzureKeyVault" };
    json!({ "serverKeyName": key.trim_start_matches("keys/"), "serverKeyType": kind })
}

#[tokio::test]
async fn a_customers_key_is_put_used_and_deleted() {
    let azure = Azure::start().await;
    let made = azure.put(KEY, customers()).await;
    assert_eq!(made.body["operation"], "UpsertManagedServerEncryptionKeys");
    let poll = made.header("azure-asyncoperation").unwrap();
    assert!(poll.contains("/locations/westeurope/managedInstanceKeyAzureAsyncOperation/"), "{poll}");
    assert_eq!(azure.after(&made, 1).await["status"], "Succeeded");
    let key = azure.get(KEY).await.body;
    assert_eq!(azure.send(Method::GET, made.header("location").unwrap(), None).await.body, key);
    assert_eq!(key["kind"], "azurekeyvault");
    let properties = key["properties"].as_object().unwrap();
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["autoRotationEnabled", "creationDate", "serverKeyType", "thumbprint", "uri"]);
    assert_eq!(
        (&key["properties"]["uri"], &key["properties"]["autoRotationEnabled"]),
        (&json!(URI), &json!(false))
    );
    let listed = azure.get("keys").await.body["value"].clone();
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&key["name"], &json!("ServiceManaged")]);
    assert_eq!(
        listed[1]["properties"],
        json!({ "serverKeyType": "ServiceManaged", "autoRotationEnabled": false })
    );

    let set = azure.put(PROTECTOR, by(KEY)).await;
    assert_eq!(set.body["operation"], "UpsertManagedServerEncryptionProtector");
    assert_eq!(azure.after(&set, 60).await["status"], "InProgress");
    for (refused, code) in [
        (azure.put(PROTECTOR, by("ServiceManaged")).await, "EncryptionProtectorChangeInProgress"),
        (azure.delete(KEY).await, "AzureKeyVaultKeyInUse"),
    ] {
        assert_eq!((refused.status, refused.code()), (409, code));
    }
    assert_eq!(azure.after(&set, 50).await["status"], "Succeeded");
    let properties = azure.get(PROTECTOR).await.body["properties"].clone();
    let expected = json!({
        "serverKeyName": key["name"], "serverKeyType": "AzureKeyVault", "uri": URI, "autoRotationEnabled": false,
    });
    assert_eq!(properties, expected);
    let refused = azure.delete(KEY).await;
    assert_eq!((refused.status, refused.code()), (409, "AzureKeyVaultKeyInUse"));
    let looked = azure.post(&format!("{PROTECTOR}/revalidate"), Value::Null).await;
    assert_eq!(looked.body["operation"], "RevalidateManagedServerEncryptionProtector");
    assert_eq!(azure.after(&looked, 1).await["status"], "Succeeded");

    let set = azure.put(PROTECTOR, by("ServiceManaged")).await;
    assert_eq!(azure.after(&set, 1).await["status"], "Succeeded", "the service's own key is there at once");
    assert_eq!(azure.get(PROTECTOR).await.body["properties"]["serverKeyName"], "ServiceManaged");
    let gone = azure.delete(KEY).await;
    assert_eq!(azure.after(&gone, 1).await["status"], "Succeeded");
    assert_eq!((azure.get(KEY).await.status, azure.delete(KEY).await.status), (404, 204));
    azure.shutdown().await;
}

/// Encryptors of databases as the instance's engine shows them: state, kind, thumbprint in hex.
async fn encryptors(azure: &Azure) -> Vec<(i32, String, String)> {
    let rows = azure
        .instance_sql(
            "SELECT encryption_state, encryptor_type, encryptor_thumbprint FROM sys.dm_database_encryption_keys WHERE \
             database_id > 4 ORDER BY database_id",
        )
        .await;
    let row = |row: &tiberius::Row| {
        let kind: &str = row.get(1).unwrap();
        let thumbprint: &[u8] = row.get(2).unwrap();
        (row.get(0).unwrap(), kind.to_owned(), hex(thumbprint).to_uppercase())
    };
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn the_protector_shows_in_t_sql() {
    let scene = json!({
        "managed_instances": [{
            "id": INSTANCE,
            "logins": [{ "name": "monitor", "password_variable": "sql_password" }],
            "databases": [{ "name": "Sales", "encrypted": true }, { "name": "Stock", "encrypted": true }],
        }],
        "applications": [
            { "tenant_id": TENANT, "client_id": CLIENT, "client_secret_variable": "client_secret" },
        ],
        "variables": { "sql_password": "Str0ng and long?" },
    });
    let scene = Scene::new(serde_json::from_value(scene).unwrap()).unwrap();
    let azure = Azure::of(scene, |_, _| ()).await;
    let before = encryptors(&azure).await;
    assert_eq!(before.len(), 2);
    assert_eq!((before[0].0, before[0].1.as_str()), (3, "CERTIFICATE"));
    assert_eq!(before[0], before[1], "one certificate protects the instance");

    let made = azure.put(KEY, customers()).await;
    azure.done(&made).await;
    let thumbprint = azure.get(KEY).await.body["properties"]["thumbprint"].as_str().unwrap().to_owned();
    let set = azure.put(PROTECTOR, by(KEY)).await;
    assert_eq!(azure.after(&set, 60).await["status"], "InProgress");
    assert_eq!(encryptors(&azure).await, before, "the old one until the new one is there");
    azure.world(|estate| estate.opposites.insert(assumption::PROTECTOR_CHANGE));
    let states: Vec<i32> = encryptors(&azure).await.iter().map(|one| one.0).collect();
    assert_eq!(states, [6, 6]);
    azure.done(&set).await;
    let customers = (3, "ASYMMETRIC KEY".to_owned(), thumbprint);
    assert_eq!(encryptors(&azure).await, [customers.clone(), customers]);

    let set = azure.put(PROTECTOR, by("ServiceManaged")).await;
    azure.done(&set).await;
    assert_eq!(encryptors(&azure).await, before);
    azure.shutdown().await;
}

#[tokio::test]
async fn what_is_no_key_is_told_by_its_code() {
    let azure = Azure::start().await;
    let key = |uri: &str| json!({ "serverKeyType": "AzureKeyVault", "uri": uri });
    for (child, body, code) in [
        (KEY, json!({ "properties": key("") }), "SecurityAzureKeyVaultUrlNullOrEmpty"),
        (
            KEY,
            json!({ "properties": key("https://corp.vault.azure.net/keys/tde") }),
            "AzureKeyVaultMalformedVaultUri",
        ),
        (KEY, json!({ "properties": key(&URI.replace("951", "952")) }), "InvalidKeyName"),
        (KEY, json!({ "properties": { "serverKeyType": "Mine", "uri": URI } }), "InvalidKeyType"),
        (KEY, json!({}), "InvalidKeyUpsertRequest"),
        (
            "keys/ServiceManaged",
            json!({ "properties": { "serverKeyType": "ServiceManaged" } }),
            "InvalidUpsertKeyType",
        ),
        (PROTECTOR, json!({ "properties": { "serverKeyType": "AzureKeyVault" } }), "InvalidKeyName"),
        (
            "encryptionProtector/other",
            json!({ "properties": by("ServiceManaged") }),
            "InvalidEncryptionProtectorName",
        ),
    ] {
        let refused = azure.call(Method::PUT, child, Some(body)).await;
        assert_eq!((refused.status, refused.code()), (400, code));
    }
    let refused = azure.delete("keys/ServiceManaged").await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidUpsertKeyType"));
    let refused = azure.put(PROTECTOR, by(KEY)).await;
    assert_eq!((refused.status, refused.code()), (404, "ServerKeyNotFound"));
    azure.world(|estate| estate.opposites.insert(assumption::KEY_REFUSALS));
    let refused = azure.put(PROTECTOR, by(KEY)).await;
    assert_eq!((refused.status, refused.code()), (409, "ServerKeyDoesNotExists"));
    let made = azure.put(KEY, customers()).await;
    azure.done(&made).await;
    assert_eq!(azure.put(KEY, customers()).await.status, 202);
    azure.world(|estate| estate.opposites.insert(assumption::KEY_AGAIN));
    let refused = azure.put(KEY, customers()).await;
    assert_eq!((refused.status, refused.code()), (409, "ServerKeyNameAlreadyExists"));
    // The key that protects, under the opposite: accepted, and found to be in use.
    let set = azure.put(PROTECTOR, by(KEY)).await;
    azure.done(&set).await;
    azure.world(|estate| estate.opposites.insert(assumption::INSTANCE_OPERATIONS));
    let deleted = azure.delete(KEY).await;
    assert_eq!(deleted.body["operation"], "DropManagedInstanceEncryptionKeys");
    assert_eq!(azure.after(&deleted, 1).await["error"]["code"], "AzureKeyVaultKeyInUse");
    assert_eq!(azure.get(KEY).await.status, 200);
    assert!(azure.instance.ends_with(INSTANCE));
    azure.shutdown().await;
}
