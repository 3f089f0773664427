//! Secrets in every place where a client can put one, and a journal file that has none of them (F37).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_simulator::journal::{Entry, Outcome};
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

/// What people choose, and what tries to get away: quotes, brackets, comment marks, line ends, other alphabets.
const HOSTILE: [&str; 5] =
    ["Pl4in-and-long-1", "it's 'quoted' 1A", "]];--/* N'Aa1", "line\nend \"Aa1\"", "ключ-Ab1-пароль"];

const ESTATE: &str = r#"{
    "sql_servers": [{"host": "h", "version": "2022", "logins": [{"name": "t", "password": "Kn0wn-to-the-estate"}]}],
    "managed_instances": [{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi"}],
    "applications": [{"tenant_id": "11111111-1111-4111-8111-111111111111",
        "client_id": "22222222-2222-4222-8222-222222222222", "client_secret": "Cl1ent+secret/of the=estate"}]
}"#;

async fn sign_in(simulator: &Simulator, password: &str) -> tiberius::Result<Client<Compat<TcpStream>>> {
    let mut config = Config::new();
    config.host("h");
    config.encryption(EncryptionLevel::Required);
    config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
    config.authentication(AuthMethod::sql_server("t", password));
    let stream = TcpStream::connect(simulator.addresses()["h:1433"]).await.unwrap();
    Client::connect(config, stream.compat_write()).await
}

async fn run(session: &mut Client<Compat<TcpStream>>, text: &str) {
    // Many of these fail, and their errors go into the journal too.
    if let Ok(stream) = session.simple_query(text).await {
        drop(stream.into_results().await);
    }
}

fn quoted(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// The statements of T-SQL that take a secret.
fn statements(secret: &str, number: usize) -> Vec<String> {
    let literal = quoted(secret);
    let name = format!("x{number}");
    let mut all = vec![
        format!("CREATE LOGIN {name} WITH PASSWORD = {literal}, CHECK_POLICY = OFF"),
        format!("ALTER LOGIN {name} WITH PASSWORD={literal} OLD_PASSWORD = {literal}"),
        format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = {literal}"),
        format!("OPEN MASTER KEY DECRYPTION BY PASSWORD = {literal}"),
        format!("ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = {literal}"),
        format!("CREATE CERTIFICATE {name} ENCRYPTION BY PASSWORD = {literal} WITH SUBJECT = 'x'"),
        format!(
            "ALTER CERTIFICATE {name} WITH PRIVATE KEY (DECRYPTION BY PASSWORD = {literal}, ENCRYPTION BY PASSWORD = {literal})"
        ),
        format!(
            "BACKUP CERTIFICATE {name} TO FILE = 'c' WITH PRIVATE KEY (FILE = 'k', ENCRYPTION BY PASSWORD = {literal})"
        ),
        format!("CREATE CREDENTIAL {name} WITH IDENTITY = 'SHARED ACCESS SIGNATURE', SECRET = {literal}"),
        format!("CREATE LOGIN {name} WITH PASSWORD\n=\n\t{literal} MUST_CHANGE"),
        format!("CREATE LOGIN {name} WITH /* the */ PASSWORD = /* is */ {literal}"),
    ];
    // Inside of dynamic SQL, once and twice.
    let inner = all.first().cloned().unwrap_or_default();
    all.push(format!("EXEC ({})", quoted(&inner)));
    all.push(format!("EXEC sp_executesql {}", quoted(&format!("EXEC ({})", quoted(&inner)))));
    all
}

#[tokio::test]
async fn no_secret_of_any_place_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let (estate, mut options) = Scene::parse(ESTATE).unwrap().into_parts();
    options.journal = Some(path.clone());
    let simulator = Simulator::start(estate, options).await.unwrap();

    let mut session = sign_in(&simulator, "Kn0wn-to-the-estate").await.unwrap();
    for (number, secret) in HOSTILE.iter().enumerate() {
        for text in statements(secret, number) {
            run(&mut session, &text).await;
        }
    }
    // Where no syntax gives it away: a value that the simulator knows.
    run(&mut session, "SELECT 'Kn0wn-to-the-estate' AS harmless").await;
    let parameter = session.query("SELECT @P1 AS x", &[&"Kn0wn-to-the-estate"]).await.unwrap();
    parameter.into_results().await.unwrap();
    assert!(sign_in(&simulator, "Wr0ng-but-close").await.is_err());

    let arm = simulator.arm().origin();
    let root = reqwest::Certificate::from_pem(simulator.ca_certificate().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    let tenant = "11111111-1111-4111-8111-111111111111";
    let mut tokens = Vec::new();
    for secret in ["Cl1ent+secret/of the=estate", "Wr0ng+cl1ent/secret"] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "22222222-2222-4222-8222-222222222222"),
            ("client_secret", secret),
            ("scope", "https://management.azure.com/.default"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let answer = http
            .post(format!("{arm}/{tenant}/oauth2/v2.0/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        let answer: serde_json::Value = answer.json().await.unwrap();
        tokens.extend(answer["access_token"].as_str().map(str::to_owned));
    }
    assert_eq!(tokens.len(), 1);
    let signed = "?api-version=2023-08-01&t=638&c=C3rtificate-of-url&s=S1gnature-of-url&h=H4sh-of-url";
    for url in [format!("{arm}/subscriptions{signed}"), format!("{arm}/subscriptions?api-version=2022-12-01")]
    {
        http.get(url).bearer_auth(&tokens[0]).send().await.unwrap();
    }
    let body = format!(
        r#"{{"properties": {{"administratorLoginPassword": "B0dy-of-a-call", "token": "{}"}}}}"#,
        tokens[0]
    );
    let instance = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi";
    http.patch(format!("{arm}{instance}?api-version=2023-08-01"))
        .bearer_auth(&tokens[0])
        .body(body)
        .send()
        .await
        .unwrap();
    simulator.shutdown().await;

    let written = std::fs::read_to_string(&path).unwrap();
    let entries: Vec<Entry> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<String> = entries
        .iter()
        .map(|entry| {
            let message = match &entry.outcome {
                Outcome::Error { message, .. } => message.clone(),
                _ => String::new(),
            };
            [entry.who.as_str(), &entry.kind, &entry.object, &entry.text, &message].join("\n")
        })
        .collect();
    let mut secrets: Vec<String> = HOSTILE.iter().map(|one| (*one).to_owned()).collect();
    secrets.extend(HOSTILE.iter().map(|one| one.replace('\'', "''")));
    secrets.extend(HOSTILE.iter().map(|one| one.replace('\'', "''''")));
    secrets.extend(tokens);
    for one in ["Kn0wn-to-the-estate", "Wr0ng-but-close", "Cl1ent", "Wr0ng+cl1ent", "Wr0ng%2Bcl1ent"] {
        secrets.push(one.to_owned());
    }
    for one in ["C3rtificate-of-url", "S1gnature-of-url", "H4sh-of-url", "B0dy-of-a-call"] {
        secrets.push(one.to_owned());
    }
    for text in &texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in: {text}");
        }
    }
    // They were there to be written.
    assert!(texts.iter().filter(|text| text.contains("<secret:")).count() > 40, "{}", texts.join("\n"));
    for kind in ["CREATE LOGIN", "CREATE MASTER KEY", "SELECT", "LOGIN"] {
        assert!(entries.iter().any(|entry| entry.kind == kind), "{kind}");
    }
}
