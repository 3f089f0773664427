//! The provider block and the environment, resolved into how each side is reached. Nothing is dialled here.
//!
//! A part that is not known yet (a host that is made in the same run) is kept as such under the argument's name: who
//! needs that part says so, and everything else works.

use std::time::Duration;

use url::Url;

use super::block::{AzureBlock, ProviderBlock, SqlServerBlock};
use super::rehearsal::{self, Rehearsal};
use crate::arm::Environment;
use crate::credential;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::{Blocks, Field};
use crate::framework::path::AttributePath;
use crate::http;
use crate::secret::Secret;
use crate::sql::config::{Detour, Encrypt, Port, ServerConfig, SqlAuth, Trust};

/// What a run is called where servers show their clients: the provider, its version, and the run.
#[derive(Clone, Debug)]
pub struct RunName(pub String);

/// A part of the configuration, or the argument that is not known yet.
#[derive(Clone, Debug)]
pub enum Part<T> {
    /// Known.
    Ready(T),
    /// This argument is not known yet.
    Unknown(String),
}

/// Everything that the provider was told.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What a broken limitation does.
    pub preflight: Preflight,
    /// Whether a side that does not answer keeps its last known state.
    pub keep_unreachable: bool,
    /// Azure.
    pub azure: Part<AzureSettings>,
    /// SQL Servers; nothing while it is not known how many there are.
    pub servers: Option<Vec<ServerSettings>>,
    /// What this run is called.
    pub run: RunName,
}

/// What a broken documented limitation does to a plan that creates a link or fails it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// Stops it.
    Error,
    /// Is said.
    Warn,
    /// Is not looked for.
    Off,
}

/// How Azure is reached.
#[derive(Clone, Debug)]
pub struct AzureSettings {
    /// The cloud.
    pub environment: Environment,
    /// How to sign in.
    pub credential: credential::Settings,
    /// How HTTPS works here.
    pub http: http::Settings,
    /// One version for every call.
    pub api_version: Option<String>,
    /// Where instances are looked for by name; ids carry their own.
    pub subscription_id: Option<String>,
}

/// How one SQL Server is reached, and what resources call it.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Name; nothing while it is not known.
    pub name: Option<String>,
    /// Names that the block bore before.
    pub former_names: Vec<String>,
    /// Whether further such names are not known yet.
    pub more_former_names: bool,
    /// Whether it keeps its last known state when it does not answer.
    pub keep_unreachable: bool,
    /// How it is reached.
    pub config: Part<ServerConfig>,
    /// Whether it signs in with Entra ID: then `config` says so with a token source that is put in later.
    pub entra_id: bool,
}

/// Resolves the block. `environment` looks up variables that are set and not empty.
///
/// # Errors
/// When a value cannot be used.
pub fn resolve(
    block: &ProviderBlock,
    environment: &dyn Fn(&str) -> Option<String>,
    rehearsal: Option<&Rehearsal>,
) -> Result<Resolved, Diagnostics> {
    let run = uuid::Uuid::new_v4().simple().to_string();
    let run = run.get(..8).unwrap_or(&run);
    // A shell that works on production holds these; they belong to it.
    let environment = &|name: &str| match rehearsal {
        Some(_) if name.starts_with("ARM_") || name.starts_with("AZURE_") => None,
        _ => environment(name),
    };
    let run = RunName(format!("terraform-provider-milink/{} (run {run})", env!("CARGO_PKG_VERSION")));
    let unreachable =
        block.unreachable.as_str().map(str::to_owned).or_else(|| environment("MILINK_UNREACHABLE"));
    let keep_unreachable = unreachable.as_deref() == Some("keep");
    let mut report = Diagnostics::new();
    let azure = azure(block.azure.as_ref(), environment, rehearsal, &run, &mut report);
    let servers = match &block.sql_server {
        Blocks::Unknown => None,
        Blocks::Known(servers) => Some(
            servers.iter().map(|server| self::server(server, keep_unreachable, rehearsal, &run)).collect(),
        ),
    };
    if report.has_errors() {
        return Err(report);
    }
    Ok(Resolved {
        preflight: match block.preflight.as_str() {
            Some("warn") => Preflight::Warn,
            Some("off") => Preflight::Off,
            _ => Preflight::Error,
        },
        keep_unreachable,
        azure,
        servers,
        run,
    })
}

fn azure(
    block: Option<&AzureBlock>,
    environment: &dyn Fn(&str) -> Option<String>,
    rehearsal: Option<&Rehearsal>,
    run: &RunName,
    report: &mut Diagnostics,
) -> Part<AzureSettings> {
    let text = |pick: fn(&AzureBlock) -> &Field<String>, variable: &str| -> Result<Option<String>, ()> {
        match block.map(pick) {
            Some(Field::Unknown) => Err(()),
            Some(Field::Known(value)) => Ok(Some(value.clone())),
            Some(Field::Null) | None => Ok(environment(variable)),
        }
    };
    macro_rules! known {
        ($field:ident, $variable:literal) => {
            match text(|block| &block.$field, $variable) {
                Ok(value) => value,
                Err(()) => return Part::Unknown(concat!("azure.", stringify!($field)).to_owned()),
            }
        };
    }
    let subscription_id = known!(subscription_id, "ARM_SUBSCRIPTION_ID");
    let tenant_id = known!(tenant_id, "ARM_TENANT_ID");
    let client_id = known!(client_id, "ARM_CLIENT_ID");
    let client_secret = known!(client_secret, "ARM_CLIENT_SECRET");
    let name = known!(environment, "ARM_ENVIRONMENT").unwrap_or_else(|| "public".to_owned());
    let resource_manager = known!(resource_manager_endpoint, "ARM_RESOURCE_MANAGER_ENDPOINT");
    let audience = known!(resource_manager_audience, "ARM_RESOURCE_MANAGER_AUDIENCE");
    let authority = known!(authority_host, "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST");
    let ca_certificate = known!(ca_certificate, "MILINK_AZURE_CA_CERTIFICATE");
    let api_version = known!(api_version, "MILINK_API_VERSION");
    let path = |name: &str| AttributePath::attribute("azure").child(name);
    let cloud = match (Environment::named(&name), resource_manager, authority) {
        (Some(cloud), None, None) => cloud,
        (cloud, Some(resource_manager), Some(authority_host)) => {
            let sql = cloud.or_else(|| Environment::named("public")).map(|cloud| cloud.sql_resource);
            Environment {
                audience: audience.clone().unwrap_or_else(|| resource_manager.clone()),
                resource_manager: resource_manager.trim_end_matches('/').to_owned(),
                authority_host,
                sql_resource: sql.unwrap_or_default(),
            }
        }
        (Some(cloud), resource_manager, authority) => Environment {
            resource_manager: resource_manager.unwrap_or(cloud.resource_manager),
            authority_host: authority.unwrap_or(cloud.authority_host),
            audience: cloud.audience,
            sql_resource: cloud.sql_resource,
        },
        (None, ..) => {
            report.push(
                Diagnostic::error(
                    "A custom cloud without its addresses",
                    format!("The environment \"{name}\" needs resource_manager_endpoint and authority_host."),
                )
                .at(path("environment")),
            );
            return Part::Unknown("azure.environment".to_owned());
        }
    };
    let cloud = Environment { audience: audience.unwrap_or(cloud.audience), ..cloud };
    let authority_host = match Url::parse(&cloud.authority_host) {
        Ok(url) if url.scheme() == "https" => url,
        _ => {
            report.push(
                Diagnostic::error(
                    "An address that is not one",
                    format!("authority_host must be an https URL, not \"{}\".", cloud.authority_host),
                )
                .at(path("authority_host")),
            );
            return Part::Unknown("azure.authority_host".to_owned());
        }
    };
    let use_cli = match block.map(|block| &block.use_cli) {
        Some(Field::Known(flag)) => *flag,
        _ => environment("ARM_USE_CLI").is_none_or(|text| !text.eq_ignore_ascii_case("false")),
    };
    let use_msi = environment("ARM_USE_MSI").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let federated = environment("ARM_OIDC_TOKEN")
        .map(|token| credential::Federated::Token(Secret::new(token)))
        .or_else(|| {
            let file =
                environment("ARM_OIDC_TOKEN_FILE_PATH").or_else(|| environment("AZURE_FEDERATED_TOKEN_FILE"));
            file.map(|file| credential::Federated::File(file.into()))
        });
    let ca_certificate = rehearsal.map(|rehearsal| rehearsal.ca_certificate.clone()).or(ca_certificate);
    let credential = credential::Settings {
        authority_host,
        tenant_id,
        client_id,
        client_secret: client_secret.map(Secret::new),
        federated,
        use_managed_identity: use_msi,
        use_cli,
    };
    Part::Ready(AzureSettings {
        credential: match rehearsal {
            Some(rehearsal) => simulated(credential, rehearsal, environment(rehearsal::CLIENT_SECRET)),
            None => credential,
        },
        environment: cloud,
        http: http::Settings {
            ca_certificate,
            addresses: rehearsal.map(|rehearsal| rehearsal.addresses.clone()),
            user_agent: run.0.clone(),
        },
        api_version,
        subscription_id,
    })
}

/// Who signs in to a simulated Azure: the application whose secret the configuration names, else the rehearsal's. Who is
/// signed in on this machine is real.
fn simulated(
    configured: credential::Settings,
    rehearsal: &Rehearsal,
    secret: Option<String>,
) -> credential::Settings {
    let configured =
        credential::Settings { federated: None, use_managed_identity: false, use_cli: false, ..configured };
    match (&configured.client_secret, &rehearsal.application, secret) {
        (None, Some(application), Some(secret)) => credential::Settings {
            tenant_id: Some(application.tenant_id.clone()),
            client_id: Some(application.client_id.clone()),
            client_secret: Some(Secret::new(secret)),
            ..configured
        },
        _ => configured,
    }
}

fn server(
    block: &SqlServerBlock,
    keep_unreachable: bool,
    rehearsal: Option<&Rehearsal>,
    run: &RunName,
) -> ServerSettings {
    ServerSettings {
        name: block.name.as_str().map(str::to_owned),
        former_names: block.former_names.known().cloned().unwrap_or_default(),
        more_former_names: block.former_names.is_unknown(),
        keep_unreachable: match block.unreachable.as_str() {
            Some(word) => word == "keep",
            None => keep_unreachable,
        },
        entra_id: block.entra_id.is_some(),
        config: match config(block, rehearsal, run) {
            Ok(config) => Part::Ready(config),
            Err(argument) => Part::Unknown(format!("sql_server.{argument}")),
        },
    }
}

/// The argument that is not known yet, else how the server is reached.
fn config(
    block: &SqlServerBlock,
    rehearsal: Option<&Rehearsal>,
    run: &RunName,
) -> Result<ServerConfig, &'static str> {
    let text = |field: &Field<String>, name: &'static str| match field {
        Field::Unknown => Err(name),
        field => Ok(field.as_str().map(str::to_owned)),
    };
    let number = |field: &Field<i64>, name: &'static str, otherwise: u64| match field {
        Field::Unknown => Err(name),
        // The schema has checked the range.
        field => Ok(field.known().and_then(|number| u64::try_from(*number).ok()).unwrap_or(otherwise)),
    };
    let flag = |field: &Field<bool>, name: &'static str| match field {
        Field::Unknown => Err(name),
        field => Ok(field.known().copied().unwrap_or(false)),
    };
    let host = text(&block.host, "host")?.unwrap_or_default();
    let instance = text(&block.instance, "instance")?;
    let port = match instance {
        Some(instance) => Port::Instance(instance),
        None => Port::Number(u16::try_from(number(&block.port, "port", 1433)?).unwrap_or(1433)),
    };
    let auth = match &block.sql_login {
        Some(login) => SqlAuth::Login {
            username: text(&login.username, "sql_login.username")?.unwrap_or_default(),
            password: Secret::new(text(&login.password, "sql_login.password")?.unwrap_or_default()),
        },
        None => SqlAuth::EntraPending,
    };
    let trust = Trust {
        ca_certificate: text(&block.ca_certificate, "ca_certificate")?,
        host_name_in_certificate: text(&block.host_name_in_certificate, "host_name_in_certificate")?,
        anybody: flag(&block.trust_server_certificate, "trust_server_certificate")?,
    };
    // Whoever the configuration trusts, a rehearsal trusts the simulator alone.
    let trust = rehearsal.map_or(trust, |rehearsal| Trust {
        ca_certificate: Some(rehearsal.ca_certificate.clone()),
        host_name_in_certificate: Some(rehearsal.server_name.clone()),
        anybody: false,
    });
    Ok(ServerConfig {
        name: text(&block.name, "name")?.unwrap_or_default(),
        host,
        port,
        auth,
        encrypt: match text(&block.encrypt, "encrypt")?.as_deref() {
            Some("strict") => Encrypt::Strict,
            Some("optional") => Encrypt::Optional,
            _ => Encrypt::Mandatory,
        },
        trust,
        connect_timeout: Duration::from_secs(number(&block.connect_timeout, "connect_timeout", 15)?),
        command_timeout: Duration::from_secs(number(&block.command_timeout, "command_timeout", 30)?),
        max_connections: usize::try_from(number(&block.max_connections, "max_connections", 4)?).unwrap_or(4),
        multi_subnet_failover: flag(&block.multi_subnet_failover, "multi_subnet_failover")?,
        application_name: text(&block.application_name, "application_name")?.unwrap_or_else(|| run.0.clone()),
        detour: rehearsal.map(|rehearsal| {
            let rehearsal = rehearsal.clone();
            Detour(std::sync::Arc::new(move |host, port| rehearsal.address(host, port)))
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::model::Model;
    use crate::framework::value::Value;

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn resolved(block: Value, environment: &[(&str, &str)], rehearsal: Option<&Rehearsal>) -> Resolved {
        let Value::Object(block) = block else { panic!("not a block") };
        let block = ProviderBlock::from_object(&block, &AttributePath::root()).unwrap();
        let environment = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        resolve(&block, &environment, rehearsal).unwrap_or_else(|report| panic!("{report:?}"))
    }

    fn rehearsal() -> Rehearsal {
        Rehearsal {
            addresses: [("sql1:1433".to_owned(), "127.0.0.1:9".parse().unwrap())].into(),
            ca_certificate: "SIMULATOR".to_owned(),
            server_name: "x.rehearsal.invalid".to_owned(),
            application: Some(rehearsal::Application {
                tenant_id: "T".to_owned(),
                client_id: "C".to_owned(),
            }),
        }
    }

    /// Tenant, client, secret, and whether anything else could sign in.
    fn signs_in(resolved: &Resolved) -> [String; 4] {
        let Part::Ready(azure) = &resolved.azure else { panic!("{:?}", resolved.azure) };
        let credential = &azure.credential;
        let others = [credential.use_cli, credential.use_managed_identity, credential.federated.is_some()];
        [
            credential.tenant_id.clone().unwrap_or_default(),
            credential.client_id.clone().unwrap_or_default(),
            credential.client_secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default(),
            others.contains(&true).to_string(),
        ]
    }

    #[test]
    fn a_rehearsal_signs_in_at_the_simulator_without_a_secret_in_the_configuration() {
        let block = |more: &[(&str, &str)]| {
            let known = [("subscription_id", "s"), ("tenant_id", "corp"), ("client_id", "corp's")];
            let fields = known.iter().chain(more).map(|(name, value)| ((*name).to_owned(), text(value)));
            object([("azure", Value::Object(fields.collect()))])
        };
        let production = [
            ("ARM_CLIENT_SECRET", "real"),
            ("ARM_OIDC_TOKEN", "real"),
            ("ARM_USE_MSI", "true"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/real"),
            (rehearsal::CLIENT_SECRET, "made up"),
        ];
        let rehearsal = rehearsal();
        let signed_in = resolved(block(&[]), &production, Some(&rehearsal));
        assert_eq!(signs_in(&signed_in), ["T", "C", "made up", "false"]);
        // The estate's own application, named by the configuration.
        let named = resolved(block(&[("client_secret", "of HCL")]), &production, Some(&rehearsal));
        assert_eq!(signs_in(&named), ["corp", "corp's", "of HCL", "false"]);
        // Without a rehearsal nothing of it counts.
        let real = resolved(block(&[]), &production, None);
        assert_eq!(signs_in(&real), ["corp", "corp's", "real", "true"]);
    }

    #[test]
    fn a_rehearsal_trusts_the_simulator_alone() {
        let server = object([
            ("name", text("hq")),
            ("host", text("sql1")),
            ("ca_certificate", text("CORPORATE")),
            ("host_name_in_certificate", text("sql1.corp.example")),
            ("trust_server_certificate", Value::Bool(true)),
            ("sql_login", object([("username", text("u")), ("password", text("p"))])),
        ]);
        let block = object([
            ("azure", object([("ca_certificate", text("CORPORATE"))])),
            ("sql_server", Value::List(vec![server])),
        ]);
        let resolved = resolved(block, &[], Some(&rehearsal()));
        let Some([ServerSettings { config: Part::Ready(config), .. }]) = resolved.servers.as_deref() else {
            panic!("{:?}", resolved.servers)
        };
        let simulator = Trust {
            ca_certificate: Some("SIMULATOR".to_owned()),
            host_name_in_certificate: Some("x.rehearsal.invalid".to_owned()),
            anybody: false,
        };
        assert_eq!(config.trust, simulator);
        let Part::Ready(azure) = resolved.azure else { panic!("{:?}", resolved.azure) };
        assert_eq!(azure.http.ca_certificate.as_deref(), Some("SIMULATOR"));
    }
}
