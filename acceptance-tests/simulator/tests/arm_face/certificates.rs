//! Certificates of SQL Servers on the instance, and the instance's own.

use milink_simulator::world::assumption;
use reqwest::Method;
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::arm_support::{Azure, hex};

/// A self-signed certificate that was valid in March 2022.
fn expired() -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::new(["old".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2022, 3, 1);
    parameters.not_after = rcgen::date_time_ymd(2022, 3, 31);
    let key = rcgen::KeyPair::generate().unwrap();
    parameters.self_signed(&key).unwrap().der().to_vec()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

#[tokio::test]
async fn expired_ones_are_taken() {
    let azure = Azure::start().await;
    let der = expired();
    let name = "serverTrustCertificates/partner_cert";
    let accepted = azure.put(name, json!({ "publicBlob": hex(&der) })).await;
    assert_eq!(accepted.body["operation"], "UploadManagedInstanceServerTrustCertificate");
    azure.done(&accepted).await;
    let found = azure.get(name).await.body["properties"].clone();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
    let expected = json!({
        "certificateName": "partner_cert",
        "publicBlob": hex(&der).to_uppercase(),
        "thumbprint": hex(digest.as_ref()).to_uppercase(),
    });
    assert_eq!(found, expected);
    azure.shutdown().await;
}

#[tokio::test]
async fn their_life_is_put_and_delete() {
    let azure = Azure::start().await;
    let name = "serverTrustCertificates/sql1";
    let missing = azure.get(name).await;
    assert_eq!((missing.status, missing.code(), missing.is_gateways()), (404, "ResourceNotFound", false));
    let accepted = azure.put(name, json!({ "publicBlob": hex(&expired()) })).await;
    assert_eq!(azure.get(name).await.status, 404, "it shows when the operation has ended");
    azure.done(&accepted).await;
    let refused = azure.patch(name, json!({ "publicBlob": "" })).await;
    assert_eq!((refused.status, refused.code()), (405, "MethodNotAllowed"));
    let refused = azure.put("serverTrustCertificates/", json!({ "publicBlob": hex(&expired()) })).await;
    assert_eq!((refused.status, refused.code()), (405, "MethodNotAllowed"));
    let deleted = azure.delete(name).await;
    assert_eq!(deleted.body["operation"], "DeleteManagedInstanceServerTrustCertificate");
    azure.done(&deleted).await;
    let result = azure.send(Method::GET, deleted.header("location").unwrap(), None).await;
    assert_eq!((result.status, result.body), (200, Value::Null));
    assert_eq!(azure.get(name).await.status, 404);
    // Uploaded again, name and content: nothing is left of the first.
    let again = azure.put(name, json!({ "publicBlob": hex(&expired()) })).await;
    azure.done(&again).await;
    azure.shutdown().await;
}

#[tokio::test]
async fn one_that_is_not_there_is_deleted_all_the_same() {
    let azure = Azure::start().await;
    let name = "serverTrustCertificates/nobody";
    let deleted = azure.delete(name).await;
    azure.done(&deleted).await;
    azure.world(|estate| estate.opposites.insert(assumption::DELETE_NO_CERTIFICATE));
    let deleted = azure.delete(name).await;
    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    azure.shutdown().await;
}

#[tokio::test]
async fn the_instances_own_has_two_kinds() {
    let azure = Azure::start().await;
    let (zone, fqdn) = azure.managed(|managed| (managed.view.dns_zone.clone(), managed.view.fqdn.clone()));
    let list = azure.get("endpointCertificates").await.body;
    let kinds: Vec<&str> =
        list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["DATABASE_MIRRORING", "SERVICE_BROKER"]);
    for kind in kinds {
        let found = azure.get(&format!("endpointCertificates/{}", kind.to_lowercase())).await.body;
        assert_eq!(found["name"], kind);
        let blob = found["properties"]["publicBlob"].as_str().unwrap();
        assert!(blob.starts_with("3082"), "{blob}");
        let der = unhex(blob);
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        let names: Vec<&str> = names
            .value
            .general_names
            .iter()
            .filter_map(|name| if let GeneralName::DNSName(name) = name { Some(*name) } else { None })
            .collect();
        assert!(names.contains(&fqdn.as_str()), "{names:?}");
        let subject = certificate.subject().to_string();
        assert!(subject.contains(&format!("CN={zone}.database.windows.net")), "{subject}");
        assert!(found["properties"].get("trustedRootCertificates").is_none(), "{found}");
    }
    let mirroring = "endpointCertificates/DATABASE_MIRRORING";
    let found = azure.call_in("2025-08-01-preview", Method::GET, mirroring, None).await.body;
    let roots = found["properties"]["trustedRootCertificates"].as_array().unwrap();
    assert!(
        roots.iter().all(|root| root["subject"].is_string() && root["publicBlob"].is_string()),
        "{roots:?}"
    );
    assert!(!roots.is_empty());
    let missing = azure.get("endpointCertificates/OTHER").await;
    assert_eq!((missing.status, missing.code(), missing.is_gateways()), (404, "ResourceNotFound", false));
    for method in [Method::PUT, Method::DELETE] {
        let refused = azure.call(method, mirroring, Some(json!({ "properties": {} }))).await;
        assert_eq!((refused.status, refused.code()), (405, "MethodNotAllowed"));
    }
    azure.shutdown().await;
}
