//! An Azure client that knows nothing of the simulator, and an administrator at the SQL Servers of its world.
//!
//! The client speaks HTTPS with the face, the administrator TDS with the engines; only the clock, and what no client of
//! the real services can do, is set on the world itself.

#![allow(dead_code, reason = "each test crate uses its own part")]

use std::time::Duration;

use milink_simulator::arm::Settings;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::world::Estate;
use milink_simulator::world::clock::Clock;
use milink_simulator::world::managed::ManagedInstance;
use reqwest::Method;
use serde_json::{Value, json};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

pub(crate) const TENANT: &str = "99999999-8888-4777-8666-555555555555";
pub(crate) const CLIENT: &str = "12345678-1234-4234-8234-123456789abc";
pub(crate) const SUBSCRIPTION: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const GROUP: &str = "data-platform";
/// The demonstration's managed instance.
pub(crate) const INSTANCE: &str = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/data-platform/providers/Microsoft.Sql/managedInstances/mi-sales";
/// The demonstration's link.
pub(crate) const LINK: &str = "distributedAvailabilityGroups/DAG_Sales";
/// The newest stable version.
pub(crate) const STABLE: &str = "2025-01-01";

/// The real root that managed instances' chains end in; the simulator's stands in for it.
const ROOT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/certificate/roots/digicert-global-root-g2.der");

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// JSON, or null for an empty body.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `error.code`.
    pub(crate) fn code(&self) -> &str {
        self.body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default()
    }

    /// `error.message`.
    pub(crate) fn message(&self) -> &str {
        self.body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether ARM's gateway answered and not the resource provider.
    pub(crate) fn is_gateways(&self) -> bool {
        self.header("x-ms-failure-cause") == Some("gateway")
    }
}

/// A simulator with a clock that stands, and a client of it.
pub(crate) struct Azure {
    pub(crate) simulator: Simulator,
    http: reqwest::Client,
    secret: String,
    sql_password: String,
    token: String,
    /// Id of the instance that [`Self::call`] is about.
    pub(crate) instance: String,
    /// Version that [`Self::call`] asks for.
    pub(crate) version: &'static str,
}

impl Azure {
    /// The quickstart's world.
    pub(crate) async fn start() -> Self {
        Self::changed(|_, _| ()).await
    }

    /// The quickstart's world after a change of it or of the face's settings.
    pub(crate) async fn changed(change: impl FnOnce(&mut Estate, &mut Settings)) -> Self {
        Self::of(Scene::demonstration().unwrap(), change).await
    }

    /// Any world with the demonstration's application and login.
    pub(crate) async fn of(mut scene: Scene, change: impl FnOnce(&mut Estate, &mut Settings)) -> Self {
        scene.estate.clock = Clock::new(scene.estate.reached, 0);
        let secret = scene.variables["client_secret"].clone();
        let sql_password = scene.variables["sql_password"].clone();
        let instance = scene.estate.managed_instances[0].view.path.id();
        let (mut estate, mut options) = scene.into_parts();
        options.arm.retry_after = 15;
        change(&mut estate, &mut options.arm);
        let simulator = Simulator::start(estate, options).await.unwrap();
        let root = reqwest::Certificate::from_pem(simulator.ca_certificate().as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
        let mut azure =
            Self { simulator, http, secret, sql_password, token: String::new(), instance, version: STABLE };
        azure.sign_in().await;
        azure
    }

    /// The password of the demonstration's login at SQL Servers.
    pub(crate) fn sql_password(&self) -> &str {
        &self.sql_password
    }

    /// The application's secret.
    pub(crate) fn client_secret(&self) -> &str {
        &self.secret
    }

    /// Gets a new token for ARM.
    pub(crate) async fn sign_in(&mut self) {
        self.token = self.token_for("https://management.azure.com").await;
    }

    /// A token for some resource.
    pub(crate) async fn token_for(&self, resource: &str) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", CLIENT)
            .append_pair("client_secret", &self.secret)
            .append_pair("scope", &format!("{resource}/.default"));
        let answer = self
            .http
            .post(format!("{}/{TENANT}/oauth2/v2.0/token", self.simulator.arm().origin()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
            .await
            .unwrap();
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    /// Any request; a URL that begins with `/` goes to the simulator's address.
    pub(crate) async fn send(&self, method: Method, url: &str, body: Option<&Value>) -> Answer {
        self.send_as(Some(&self.token), method, url, body).await
    }

    /// The same with another token, or none.
    pub(crate) async fn send_as(
        &self,
        token: Option<&str>,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.http.request(method, self.whole(url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::read(request).await
    }

    /// A request with headers and a body of the caller's own.
    pub(crate) async fn send_raw(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = self.http.request(method, self.whole(url)).bearer_auth(&self.token).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::read(request).await
    }

    fn whole(&self, url: &str) -> String {
        match url.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.simulator.arm().origin()),
            None => url.to_owned(),
        }
    }

    async fn read(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let headers = answer.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Answer { status, headers, body }
    }

    /// A request about the instance or something below it, in the usual version.
    pub(crate) async fn call(&self, method: Method, child: &str, body: Option<Value>) -> Answer {
        self.call_in(self.version, method, child, body).await
    }

    /// The same in another version.
    pub(crate) async fn call_in(
        &self,
        version: &str,
        method: Method,
        child: &str,
        body: Option<Value>,
    ) -> Answer {
        let slash = if child.is_empty() { "" } else { "/" };
        let url = format!("{}{slash}{child}?api-version={version}", self.instance);
        self.send(method, &url, body.as_ref()).await
    }

    pub(crate) async fn get(&self, child: &str) -> Answer {
        self.call(Method::GET, child, None).await
    }

    /// `PUT` of properties.
    pub(crate) async fn put(&self, child: &str, properties: Value) -> Answer {
        self.call(Method::PUT, child, Some(json!({ "properties": properties }))).await
    }

    /// `PATCH` of properties.
    pub(crate) async fn patch(&self, child: &str, properties: Value) -> Answer {
        self.call(Method::PATCH, child, Some(json!({ "properties": properties }))).await
    }

    pub(crate) async fn delete(&self, child: &str) -> Answer {
        self.call(Method::DELETE, child, None).await
    }

    pub(crate) async fn post(&self, child: &str, body: Value) -> Answer {
        self.call(Method::POST, child, Some(body)).await
    }

    /// Lets the world's clock go on.
    pub(crate) fn pass(&self, seconds: u64) {
        self.world(|estate| estate.clock.advance(Duration::from_secs(seconds)));
    }

    /// What the polling URL of an accepted operation says after some seconds of the world.
    #[track_caller]
    pub(crate) fn after<'a>(
        &'a self,
        accepted: &'a Answer,
        seconds: u64,
    ) -> impl Future<Output = Value> + 'a {
        assert_eq!(accepted.status, 202, "{accepted:?}");
        self.pass(seconds);
        async {
            let poll = accepted.header("azure-asyncoperation").unwrap();
            let answer = self.send(Method::GET, poll, None).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.body
        }
    }

    /// Waits for the good end of an operation.
    #[track_caller]
    pub(crate) fn done<'a>(&'a self, accepted: &'a Answer) -> impl Future<Output = ()> + 'a {
        let standing = self.after(accepted, 200);
        async { assert_eq!(standing.await["status"], "Succeeded") }
    }

    /// Looks at the world or changes it.
    pub(crate) fn world<T>(&self, act: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(act)
    }

    /// The same with the first managed instance.
    pub(crate) fn managed<T>(&self, act: impl FnOnce(&mut ManagedInstance) -> T) -> T {
        self.world(|estate| act(&mut estate.managed_instances[0]))
    }

    /// Runs batches on the SQL Server of that number.
    pub(crate) async fn sql_on(&self, server: usize, batches: &[String]) {
        let host = self.world(|estate| estate.sql_servers[server].host.clone());
        let mut client = self.connect(&host, "terraform").await;
        for batch in batches {
            let results = client.simple_query(batch.as_str()).await.unwrap().into_results().await;
            results.unwrap_or_else(|error| panic!("{error}: {batch}"));
        }
    }

    pub(crate) async fn sql(&self, batch: &str) {
        self.sql_on(0, &[batch.to_owned()]).await;
    }

    /// What a query gives on the first instance, to its login `monitor`.
    pub(crate) async fn instance_sql(&self, query: &str) -> Vec<tiberius::Row> {
        let fqdn = self.managed(|managed| managed.view.fqdn.clone());
        let mut client = self.connect(&fqdn, "monitor").await;
        client.simple_query(query).await.unwrap().into_first_result().await.unwrap()
    }

    async fn connect(&self, host: &str, login: &str) -> Client<Compat<TcpStream>> {
        let address = self.simulator.addresses()[&format!("{}:1433", host.to_lowercase())];
        let mut config = Config::new();
        config.host(host);
        config.authentication(AuthMethod::sql_server(login, &self.sql_password));
        config.encryption(EncryptionLevel::Required);
        config.trust_cert(); // whom it talks to is not what these tests are about
        let stream = TcpStream::connect(address).await.unwrap();
        Client::connect(config, stream.compat_write()).await.unwrap()
    }

    /// Endpoint, certificates and roots of a SQL Server, and its certificate on the instance under `name`.
    pub(crate) async fn trust(&self, server: usize, name: &str) {
        let fqdn = self.managed(|managed| managed.view.fqdn.clone());
        let leaf = self.get("endpointCertificates/DATABASE_MIRRORING").await;
        let leaf = leaf.body["properties"]["publicBlob"].as_str().unwrap().to_owned();
        let root = hex(&std::fs::read(ROOT).unwrap());
        let batches = [
            "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'".to_owned(),
            "CREATE CERTIFICATE endpoint_cert WITH SUBJECT = N'SQL', EXPIRY_DATE = '20990101'".to_owned(),
            "CREATE ENDPOINT [hadr] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) FOR DATABASE_MIRRORING \
             (AUTHENTICATION = CERTIFICATE [endpoint_cert], ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)"
                .to_owned(),
            format!("CREATE CERTIFICATE [{fqdn}] FROM BINARY = 0x{leaf}"),
            format!("CREATE CERTIFICATE [Root] FROM BINARY = 0x{root}"),
            "DECLARE @id int; SELECT @id = CERT_ID(N'Root'); EXEC sp_certificate_add_issuer @id, N'*.database.windows.net'"
                .to_owned(),
        ];
        self.sql_on(server, &batches).await;
        let der =
            self.world(|estate| estate.sql_servers[server].certificate("endpoint_cert").unwrap().der.clone());
        let uploaded =
            self.put(&format!("serverTrustCertificates/{name}"), json!({ "publicBlob": hex(&der) })).await;
        self.done(&uploaded).await;
    }

    /// The local and the distributed group of a link on a SQL Server.
    pub(crate) async fn groups(&self, server: usize, link: &Groups<'_>) {
        let (fqdn, mi) = self.managed(|managed| (managed.view.fqdn.clone(), managed.view.path.name.clone()));
        let Groups { link, endpoint, partner_group, instance_group, databases, from_instance } = *link;
        let how = "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";
        let replica = self.world(|estate| estate.sql_servers[server].server_name().to_string());
        let bracketed: Vec<String> = databases.iter().map(|name| format!("[{name}]")).collect();
        let of = if from_instance { String::new() } else { format!("DATABASE {}", bracketed.join(", ")) };
        let local = format!(
            "CREATE AVAILABILITY GROUP [{partner_group}] WITH (CLUSTER_TYPE = NONE) FOR {of} REPLICA ON N'{replica}' WITH \
             (ENDPOINT_URL = N'{endpoint}', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = \
             AUTOMATIC)"
        );
        let instance =
            format!("N'{instance_group}' WITH (LISTENER_URL = N'tcp://{fqdn}:5022;Server=[{mi}]', {how})");
        let own = format!("N'{partner_group}' WITH (LISTENER_URL = N'{endpoint}', {how})");
        let batches = if from_instance {
            vec![
                local,
                format!("ALTER AVAILABILITY GROUP [{partner_group}] GRANT CREATE ANY DATABASE"),
                format!("ALTER AVAILABILITY GROUP [{link}] JOIN AVAILABILITY GROUP ON {instance}, {own}"),
            ]
        } else {
            let create = "CREATE AVAILABILITY GROUP";
            vec![
                local,
                format!("{create} [{link}] WITH (DISTRIBUTED) AVAILABILITY GROUP ON {own}, {instance}"),
            ]
        };
        self.sql_on(server, &batches).await;
        if from_instance {
            self.world(|estate| {
                for name in databases {
                    let here = &mut estate.sql_servers[server].databases;
                    let position = here.iter().position(|one| one.name == *name).unwrap();
                    let database = here.remove(position);
                    estate.managed_instances[0].engine.databases.push(database);
                }
            });
        }
    }

    /// Everything that the demonstration's link needs on SQL Server.
    pub(crate) async fn prepared() -> Self {
        let azure = Self::start().await;
        azure.prepare(false).await;
        azure
    }

    /// The same in a world that is there; `from_instance` moves the database to the instance.
    pub(crate) async fn prepare(&self, from_instance: bool) {
        self.trust(0, "sql1").await;
        let groups = Groups {
            link: "DAG_Sales",
            endpoint: "TCP://10.0.0.4:5022",
            partner_group: "AG_Sales",
            instance_group: "AG_Sales_MI",
            databases: &["Sales"],
            from_instance,
        };
        self.groups(0, &groups).await;
    }

    /// The demonstration's link, replicating.
    pub(crate) async fn linked() -> Self {
        let azure = Self::start().await;
        azure.link().await;
        azure
    }

    /// The same in a world that is there.
    pub(crate) async fn link(&self) {
        self.prepare(false).await;
        let accepted = self.put(LINK, link_properties("Secondary")).await;
        self.done(&accepted).await;
    }

    /// The same with the instance as primary.
    pub(crate) async fn linked_from_instance() -> Self {
        let azure = Self::start().await;
        azure.prepare(true).await;
        let accepted = azure.put(LINK, link_properties("Primary")).await;
        azure.done(&accepted).await;
        azure
    }

    pub(crate) async fn shutdown(self) {
        self.simulator.shutdown().await;
    }
}

/// Groups that a link needs on SQL Server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Groups<'a> {
    pub(crate) link: &'a str,
    /// Of SQL Server, `TCP://host:port`.
    pub(crate) endpoint: &'a str,
    pub(crate) partner_group: &'a str,
    pub(crate) instance_group: &'a str,
    pub(crate) databases: &'a [&'a str],
    /// The databases are the instance's; SQL Server joins.
    pub(crate) from_instance: bool,
}

/// The demonstration's link.
pub(crate) fn link_properties(role: &str) -> Value {
    json!({
        "databases": [{ "databaseName": "Sales" }],
        "instanceAvailabilityGroupName": "AG_Sales_MI",
        "partnerAvailabilityGroupName": "AG_Sales",
        "partnerEndpoint": "TCP://10.0.0.4:5022",
        "instanceLinkRole": role,
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
