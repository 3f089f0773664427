//! `probe`: asks a real SQL Server and a real managed instance whether the simulator is right.
//!
//! Secrets come from the environment, a file or the Azure CLI, never from the command line, where everybody on the
//! machine reads them.

use std::path::{Path, PathBuf};

use milink_simulator::probe::{
    AzureTarget, Place, Probe, Report, Secret, ServerTarget, SignIn, TokenSource, Trust,
};
use url::Url;

use super::{Failure, page};

/// Ask a real SQL Server and a real managed instance whether the simulator is right, and print a report.
///
/// It only reads: SELECT and three procedures that list, GET in Azure. Every statement waits five seconds for locks at
/// most and loses every deadlock.
///
/// A login with VIEW ANY DEFINITION, VIEW SERVER STATE and SELECT on msdb's backup tables sees most; Reader on the
/// instance is enough in Azure. What may not be seen stays open in the report.
///
/// SQLCMDPASSWORD holds the login's password. Azure takes ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET, or else
/// whoever is signed in to the Azure CLI; ARM_ENVIRONMENT, ARM_RESOURCE_MANAGER_ENDPOINT, ARM_RESOURCE_MANAGER_AUDIENCE and
/// ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST as for the provider.
///
/// Ends with 0 where nothing is contradicted, with 2 where something is, with 1 where nothing could be asked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The SQL Server: HOST, HOST,PORT or HOST\INSTANCE.
    #[arg(long, value_name = "HOST[,PORT|\\INSTANCE]", value_parser = address)]
    server: Option<(String, Place)>,
    /// A SQL login of it. Without one a token of Entra ID signs in.
    #[arg(long, value_name = "NAME", requires = "server")]
    user: Option<String>,
    /// A file that holds the login's password, such as /dev/fd/3, instead of SQLCMDPASSWORD.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Take whatever certificate the servers present.
    #[arg(long)]
    trust_server_certificate: bool,
    /// Authorities of the SQL Server's certificate, PEM, instead of the system's.
    #[arg(long, value_name = "FILE", conflicts_with = "trust_server_certificate")]
    ca_certificate: Option<PathBuf>,
    /// The name that the SQL Server's certificate is for, where it is not the host's.
    #[arg(long, value_name = "NAME")]
    host_name_in_certificate: Option<String>,
    /// The managed instance's resource id.
    #[arg(long, value_name = "RESOURCE-ID")]
    instance: Option<String>,
    /// The instance's host name, to ask its engine as well; a token of Entra ID signs in.
    #[arg(long, value_name = "HOST[,PORT]", value_parser = address, requires = "instance")]
    fqdn: Option<(String, Place)>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show names of servers, databases, groups and people in the report.
    #[arg(long)]
    names: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let cloud = Cloud::of_environment()?;
    let mut probe = Probe { names: arguments.names, ..Probe::default() };
    let authorities = arguments.ca_certificate.as_deref().map(text).transpose()?;
    let trust = Trust {
        anybody: arguments.trust_server_certificate,
        authorities,
        name: arguments.host_name_in_certificate.clone(),
    };
    if let Some((host, place)) = arguments.server {
        let sign_in = match arguments.user {
            Some(user) => SignIn::Login { user, password: password(arguments.password_file.as_deref())? },
            None => SignIn::Token(cloud.token(&cloud.sql).await?),
        };
        probe.server = Some(ServerTarget { host, place, sign_in, trust: trust.clone() });
    }
    if let Some(instance) = arguments.instance {
        let token = cloud.token(&cloud.audience).await?;
        let resource_manager = cloud.resource_manager.clone();
        let authorities = cloud.authorities.clone();
        probe.azure = Some(AzureTarget { resource_manager, instance, token, authorities });
    }
    if let Some((host, place)) = arguments.fqdn {
        let sign_in = SignIn::Token(cloud.token(&cloud.sql).await?);
        // Its certificate is of a public authority.
        let trust = Trust { anybody: arguments.trust_server_certificate, ..Trust::default() };
        probe.instance = Some(ServerTarget { host, place, sign_in, trust });
    }
    if let TokenSource::Application { secret, .. } = cloud.source {
        probe.secrets.push(secret);
    }
    let report = probe.run().await.map_err(Failure::from_error)?;
    tell(&report, arguments.json, arguments.output.as_deref())?;
    if report.contradicts() { Err(Failure::Contradicted) } else { Ok(()) }
}

fn tell(report: &Report, json: bool, output: Option<&Path>) -> Result<(), Failure> {
    let text = if json { format!("{:#}\n", report.to_json()) } else { report.to_text() };
    match output {
        None => page::say(&text),
        Some(path) => std::fs::write(path, text)
            .map_err(|error| Failure::Message(format!("cannot write `{}`: {error}", path.display())))?,
    }
    Ok(())
}

/// HOST, HOST,PORT or HOST\INSTANCE, as the tools of SQL Server take it.
fn address(text: &str) -> Result<(String, Place), String> {
    let (host, place) = match (text.split_once(','), text.split_once('\\')) {
        // An instance beside a port says nothing.
        (Some((host, port)), _) => {
            let port = port.trim().parse().map_err(|_| format!("`{port}` is no port"))?;
            (host.split('\\').next().unwrap_or(host), Place::Port(port))
        }
        (None, Some((host, instance))) if !instance.is_empty() => {
            (host, Place::Instance(instance.to_owned()))
        }
        (None, Some(_)) => return Err("the instance has no name".to_owned()),
        (None, None) => (text, Place::Port(1433)),
    };
    if host.is_empty() { Err("the host has no name".to_owned()) } else { Ok((host.to_owned(), place)) }
}

fn password(file: Option<&Path>) -> Result<Secret, Failure> {
    let text = match file {
        Some(path) => text(path)?,
        None => variable("SQLCMDPASSWORD").ok_or_else(|| {
            Failure::Message(
                "the login's password is neither in SQLCMDPASSWORD nor in --password-file".to_owned(),
            )
        })?,
    };
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Message(format!("cannot read `{}`: {error}", path.display())))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where Azure is, and how one signs in there.
struct Cloud {
    resource_manager: Url,
    audience: String,
    sql: String,
    source: TokenSource,
    authorities: Option<String>,
}

/// Name, Azure Resource Manager, Entra ID, SQL.
const CLOUDS: [[&str; 4]; 3] = [
    ["public", "management.azure.com", "login.microsoftonline.com", "database.windows.net"],
    [
        "usgovernment",
        "management.usgovcloudapi.net",
        "login.microsoftonline.us",
        "database.usgovcloudapi.net",
    ],
    ["china", "management.chinacloudapi.cn", "login.chinacloudapi.cn", "database.chinacloudapi.cn"],
];

impl Cloud {
    /// As the provider reads it from the same variables.
    fn of_environment() -> Result<Self, Failure> {
        let name = variable("ARM_ENVIRONMENT").unwrap_or_else(|| "public".to_owned());
        let Some([_, manager, login, sql]) = CLOUDS.iter().find(|[known, ..]| *known == name) else {
            return Err(Failure::Message(format!(
                "ARM_ENVIRONMENT is `{name}`, not public, usgovernment or china"
            )));
        };
        let address = |name: &str, host: &str| {
            let text = variable(name).unwrap_or_else(|| format!("https://{host}"));
            Url::parse(&text)
                .ok()
                .filter(|url| url.scheme() == "https")
                .ok_or_else(|| Failure::Message(format!("{name} is no https URL")))
        };
        let resource_manager = address("ARM_RESOURCE_MANAGER_ENDPOINT", manager)?;
        let authority = address("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", login)?;
        let authorities = variable("MILINK_AZURE_CA_CERTIFICATE");
        let source =
            match (variable("ARM_TENANT_ID"), variable("ARM_CLIENT_ID"), variable("ARM_CLIENT_SECRET")) {
                (Some(tenant), Some(client), Some(secret)) => TokenSource::Application {
                    authority,
                    tenant,
                    client,
                    secret: Secret::new(secret),
                    authorities: authorities.clone(),
                },
                _ => TokenSource::AzureCli,
            };
        let audience =
            variable("ARM_RESOURCE_MANAGER_AUDIENCE").unwrap_or_else(|| format!("https://{manager}"));
        Ok(Self { resource_manager, audience, sql: format!("https://{sql}"), source, authorities })
    }

    async fn token(&self, resource: &str) -> Result<Secret, Failure> {
        self.source.token(resource).await.map_err(Failure::from_error)
    }
}

#[cfg(test)]
mod tests {
    use milink_simulator::probe::Place;

    use super::address;

    #[test]
    fn servers_are_named_as_their_tools_name_them() {
        for (text, host, place) in [
            ("sql1", "sql1", Place::Port(1433)),
            ("sql1.corp.example,1500", "sql1.corp.example", Place::Port(1500)),
            (r"sql1\SALES", "sql1", Place::Instance("SALES".to_owned())),
            (r"sql1\SALES,1500", "sql1", Place::Port(1500)),
        ] {
            assert_eq!(address(text), Ok((host.to_owned(), place)), "{text}");
        }
        for text in ["", ",1433", "sql1,x", "sql1,70000", r"sql1\", r"\SALES"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
