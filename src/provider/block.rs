//! The provider block: its schema, and what can be said about it without a connection.
//!
//! One block serves any number of SQL Servers and managed instances, so that `for_each` works over them.
//! Nothing here resolves environment variables or dials; `super::settings` does the former, nobody the latter
//! before a value is needed.

use std::collections::BTreeMap;

use crate::framework::checks::{between, not_empty, one_of, uuid};
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::{Blocks, Field};
use crate::framework::path::AttributePath;
use crate::framework::schema::{Attribute, Block, Nesting, Schema};
use crate::framework::value::Value;
use crate::model;

model! {
    /// The provider block.
    pub struct ProviderBlock {
        /// What a broken limitation does to a plan that creates or fails over.
        pub preflight: Field<String>,
        /// What happens when a side does not answer.
        pub unreachable: Field<String>,
        /// Azure.
        pub azure: Option<AzureBlock>,
        /// The SQL Servers.
        pub sql_server: Blocks<SqlServerBlock>,
    }
}

model! {
    /// How Azure is reached. Each argument falls back to an environment variable.
    pub struct AzureBlock {
        /// `ARM_SUBSCRIPTION_ID`.
        pub subscription_id: Field<String>,
        /// `ARM_TENANT_ID`.
        pub tenant_id: Field<String>,
        /// `ARM_CLIENT_ID`.
        pub client_id: Field<String>,
        /// `ARM_CLIENT_SECRET`.
        pub client_secret: Field<String>,
        /// `ARM_USE_CLI`.
        pub use_cli: Field<bool>,
        /// `ARM_ENVIRONMENT`.
        pub environment: Field<String>,
        /// `ARM_RESOURCE_MANAGER_ENDPOINT`.
        pub resource_manager_endpoint: Field<String>,
        /// `ARM_RESOURCE_MANAGER_AUDIENCE`.
        pub resource_manager_audience: Field<String>,
        /// `ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST`.
        pub authority_host: Field<String>,
        /// A further root for ARM and Entra, as PEM.
        pub ca_certificate: Field<String>,
        /// One API version for everything.
        pub api_version: Field<String>,
    }
}

model! {
    /// How one SQL Server is reached.
    pub struct SqlServerBlock {
        /// What resources call it.
        pub name: Field<String>,
        /// DNS name or address.
        pub host: Field<String>,
        /// TCP port.
        pub port: Field<i64>,
        /// Instance name, found through SQL Browser.
        pub instance: Field<String>,
        /// `mandatory`, `strict` or `optional`.
        pub encrypt: Field<String>,
        /// A root that its certificate must chain to, as PEM.
        pub ca_certificate: Field<String>,
        /// The name that its certificate must bear, when not the host's.
        pub host_name_in_certificate: Field<String>,
        /// Take any certificate.
        pub trust_server_certificate: Field<bool>,
        /// Seconds.
        pub connect_timeout: Field<i64>,
        /// Seconds.
        pub command_timeout: Field<i64>,
        /// Connections at once.
        pub max_connections: Field<i64>,
        /// Try all addresses of the name at once.
        pub multi_subnet_failover: Field<bool>,
        /// As the server shows it.
        pub application_name: Field<String>,
        /// What happens when this server does not answer.
        pub unreachable: Field<String>,
        /// Names that this block bore before.
        pub former_names: Field<Vec<String>>,
        /// SQL login.
        pub sql_login: Option<SqlLoginBlock>,
        /// Entra ID, with the credentials of `azure`.
        pub entra_id: Option<EntraIdBlock>,
        /// Windows.
        pub integrated: Option<IntegratedBlock>,
    }
}

model! {
    /// A SQL login.
    pub struct SqlLoginBlock {
        /// Its name.
        pub username: Field<String>,
        /// Its password.
        pub password: Field<String>,
    }
}

model! {
    /// Sign in with Entra ID.
    pub struct EntraIdBlock {}
}

model! {
    /// Sign in as the account that runs Terraform.
    pub struct IntegratedBlock {}
}

/// The schema of the provider block.
pub fn schema() -> Schema {
    Schema::new(
        "Declares the Azure SQL Managed Instance link end to end: the SQL Server half over TDS and the Azure half \
         over Azure Resource Manager, in one plan.",
    )
    .attribute(
        Attribute::string("preflight").optional().check(|value| one_of(value, &["error", "warn", "off"])).describe(
            "What a broken documented limitation does to a plan that creates a link or fails it over: `error` (default), `warn` \
             or `off`.",
        ),
    )
    .attribute(Attribute::string("unreachable").optional().check(|value| one_of(value, &["error", "keep"])).describe(
        "What happens when a server or Azure does not answer: `error` (default) fails what was asked of it; `keep` keeps the last \
         known state of its objects, with one warning, so that plans work with one site down. Falls back to \
         `MILINK_UNREACHABLE`.",
    ))
    .block(azure())
    .block(sql_server())
}

/// Checks the block as a whole; single arguments are checked by the schema. A `dynamic` sign-in block whose `for_each`
/// is not known yet looks like one that is there, so more of them than one are judged by [`validate_known`].
pub fn validate(block: &ProviderBlock, report: &mut Diagnostics) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, server) in block.sql_server.known().iter().enumerate() {
        let path = AttributePath::attribute("sql_server").index(position);
        if let Some(name) = server.name.as_str()
            && let Some(first) = names.insert(name, position)
        {
            report.push(
                Diagnostic::error(
                    "Two sql_server blocks with one name",
                    format!(
                        "The blocks sql_server[{first}] and sql_server[{position}] are both named \"{name}\"."
                    ),
                )
                .hint("give each block a name of its own; resources refer to servers by it")
                .at(path.child("name")),
            );
        }
        validate_server(server, &path, report);
    }
}

/// Checks what can be said only once everything in the block is known.
pub fn validate_known(block: &ProviderBlock, report: &mut Diagnostics) {
    for (position, server) in block.sql_server.known().iter().enumerate() {
        if server.ways_to_sign_in() != 1 {
            let path = AttributePath::attribute("sql_server").index(position);
            report.push(sign_in_not_clear(server.name.as_str().unwrap_or("without a known name"), &path));
        }
    }
}

impl SqlServerBlock {
    fn ways_to_sign_in(&self) -> usize {
        let ways = [self.sql_login.is_some(), self.entra_id.is_some(), self.integrated.is_some()];
        ways.into_iter().filter(|present| *present).count()
    }
}

fn sign_in_not_clear(label: &str, path: &AttributePath) -> Diagnostic {
    Diagnostic::error(
        "How to sign in is not clear",
        format!("The sql_server block \"{label}\" needs exactly one of sql_login, entra_id and integrated."),
    )
    .at(path.clone())
}

fn validate_server(server: &SqlServerBlock, path: &AttributePath, report: &mut Diagnostics) {
    let label = server.name.as_str().unwrap_or("without a known name");
    let ways = server.ways_to_sign_in();
    if ways == 0 {
        report.push(sign_in_not_clear(label, path));
    }
    if server.integrated.is_some() && ways == 1 {
        report.push(
            Diagnostic::error(
                "Built without Kerberos",
                format!("The sql_server block \"{label}\" asks for integrated sign-in, which this build cannot do."),
            )
            .hint("use sql_login or entra_id; integrated sign-in is to come")
            .at(path.child("integrated")),
        );
    }
    if !server.port.is_null() && !server.instance.is_null() {
        report.push(
            Diagnostic::error(
                "Both port and instance",
                format!("The sql_server block \"{label}\" names a port and an instance; SQL Browser answers with the port of an instance."),
            )
            .hint("keep `port` where it is fixed: it needs no SQL Browser")
            .at(path.child("instance")),
        );
    }
    if server.trust_server_certificate.known() == Some(&true) {
        report.push(
            Diagnostic::warning(
                "The certificate of a SQL Server is not checked",
                format!("The sql_server block \"{label}\" sets trust_server_certificate, so whoever answers in the server's place is believed."),
            )
            .hint("set `ca_certificate` to the root that the server's certificate chains to")
            .at(path.child("trust_server_certificate")),
        );
    }
}

fn azure() -> Block {
    Block::new(
        "azure",
        Nesting::Single,
        "How Azure is reached. The names are those of the `azurerm` provider; each argument falls back to its environment variable.",
    )
    .attribute(Attribute::string("subscription_id").optional().check(uuid).describe("Subscription. `ARM_SUBSCRIPTION_ID`."))
    .attribute(Attribute::string("tenant_id").optional().describe("Entra tenant. `ARM_TENANT_ID`."))
    .attribute(Attribute::string("client_id").optional().describe("Application (client) id. `ARM_CLIENT_ID`."))
    .attribute(Attribute::string("client_secret").optional().sensitive().describe("Secret of the application. `ARM_CLIENT_SECRET`. Ephemeral values are welcome."))
    .attribute(Attribute::bool("use_cli").optional().describe("Whether the Azure CLI's sign-in may be used; default true. `ARM_USE_CLI`."))
    .attribute(Attribute::string("environment").optional().check(|value| one_of(value, &["public", "usgovernment", "china", "custom"])).describe("`public` (default), `usgovernment`, `china` or `custom`. `ARM_ENVIRONMENT`."))
    .attribute(Attribute::string("resource_manager_endpoint").optional().describe("For `custom`: URL of Azure Resource Manager. `ARM_RESOURCE_MANAGER_ENDPOINT`."))
    .attribute(Attribute::string("resource_manager_audience").optional().describe("For `custom`: audience of its tokens. `ARM_RESOURCE_MANAGER_AUDIENCE`."))
    .attribute(Attribute::string("authority_host").optional().describe("For `custom`: URL of Entra ID. `ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST`."))
    .attribute(Attribute::string("ca_certificate").optional().describe("A further root certificate for Azure, as PEM: for proxies that open TLS."))
    .attribute(Attribute::string("api_version").optional().describe("One API version of `Microsoft.Sql` for every call. Default: the newest that the subscription's region offers and this provider knows."))
}

fn sql_server() -> Block {
    Block::new(
        "sql_server",
        Nesting::List { min: 0, max: 0 },
        "A SQL Server instance, or the T-SQL side of a managed instance. Resources refer to it by `name`.",
    )
    .attribute(
        Attribute::string("name")
            .required()
            .check(server_name)
            .describe("What resources call it: letters, digits, `_` and `-`."),
    )
    .attribute(Attribute::string("host").required().check(not_empty).describe("DNS name or address."))
    .attribute(
        Attribute::number("port")
            .optional()
            .check(|value| between(value, 1, 65535))
            .describe("TCP port; default 1433."),
    )
    .attribute(
        Attribute::string("instance")
            .optional()
            .check(not_empty)
            .describe("Name of an instance whose port SQL Browser knows (UDP 1434)."),
    )
    .attribute(
        Attribute::string("encrypt")
            .optional()
            .check(|value| one_of(value, &["mandatory", "strict", "optional"]))
            .describe("`mandatory` (default), `strict` (TDS 8.0) or `optional`."),
    )
    .attribute(
        Attribute::string("ca_certificate")
            .optional()
            .describe("Root certificate that the server's must chain to, as PEM."),
    )
    .attribute(
        Attribute::string("host_name_in_certificate")
            .optional()
            .describe("The name in the server's certificate where it is not `host`."),
    )
    .attribute(
        Attribute::bool("trust_server_certificate")
            .optional()
            .describe("Take any certificate. Warned about in every plan."),
    )
    .attribute(
        Attribute::number("connect_timeout")
            .optional()
            .check(|value| between(value, 1, 86400))
            .describe("Seconds to connect and sign in; default 15."),
    )
    .attribute(
        Attribute::number("command_timeout").optional().check(|value| between(value, 1, 86400)).describe(
            "Seconds that a statement may take; default 30. Group statements have a limit of their own.",
        ),
    )
    .attribute(
        Attribute::number("max_connections")
            .optional()
            .check(|value| between(value, 1, 64))
            .describe("Connections at once; default 4."),
    )
    .attribute(
        Attribute::bool("multi_subnet_failover")
            .optional()
            .describe("Try all addresses of `host` at once, for listeners over several subnets."),
    )
    .attribute(
        Attribute::string("application_name").optional().describe(
            "As `sys.dm_exec_sessions` shows it. Default: this provider, its version and a run id.",
        ),
    )
    .attribute(
        Attribute::string("unreachable")
            .optional()
            .check(|value| one_of(value, &["error", "keep"]))
            .describe("As `unreachable` of the provider, for this server."),
    )
    .attribute(
        Attribute::strings("former_names")
            .optional()
            .describe("Names that this block bore before; state finds its server by them."),
    )
    .block(
        Block::new("sql_login", Nesting::Single, "Sign in with a SQL login.")
            .attribute(Attribute::string("username").required().check(not_empty).describe("Its name."))
            .attribute(
                Attribute::string("password")
                    .required()
                    .sensitive()
                    .describe("Its password. Ephemeral values are welcome."),
            ),
    )
    .block(Block::new("entra_id", Nesting::Single, "Sign in with Entra ID, with the credentials of `azure`."))
    .block(Block::new(
        "integrated",
        Nesting::Single,
        "Sign in as the account that runs Terraform. This version is built without Kerberos and refuses it.",
    ))
}

/// Letters, digits, `_` and `-`: names stand in import ids and messages, where anything else would need quoting.
fn server_name(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text)
            if !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') =>
        {
            Ok(())
        }
        _ => Err("must consist of letters, digits, \"_\" and \"-\"".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::model::Model;
    use crate::framework::value::Object;

    type Check = fn(&ProviderBlock, &mut Diagnostics);

    fn found(ways: &[(&str, Value)], check: Check) -> Vec<String> {
        let mut server = Object::from([("name".to_owned(), Value::string("hq"))]);
        server.extend(ways.iter().map(|(name, way)| ((*name).to_owned(), way.clone())));
        let servers = Value::List(vec![Value::Object(server)]);
        let block = Object::from([("sql_server".to_owned(), servers)]);
        let block = ProviderBlock::from_object(&block, &AttributePath::root()).unwrap();
        let mut report = Diagnostics::new();
        check(&block, &mut report);
        report.iter().map(|found| found.summary.clone()).collect()
    }

    fn login(username: Value, password: Value) -> Value {
        let members = [("username".to_owned(), username), ("password".to_owned(), password)];
        Value::Object(members.into_iter().collect())
    }

    #[test]
    fn dynamic_sign_in_blocks_are_judged_when_they_are_known() {
        let not_clear = ["How to sign in is not clear"];
        // As Terraform sends `dynamic` blocks whose `for_each` is not known.
        let unknown = [
            ("sql_login", login(Value::UNKNOWN, Value::UNKNOWN)),
            ("entra_id", Value::Object(Object::new())),
        ];
        assert_eq!(found(&unknown, validate), [""; 0]);
        assert_eq!(found(&unknown, validate_known), not_clear);
        assert_eq!(found(&[], validate), not_clear);
        assert_eq!(found(&[], validate_known), not_clear);
        let one = [("sql_login", login(Value::string("u"), Value::UNKNOWN))];
        assert_eq!(found(&one, validate), [""; 0]);
        assert_eq!(found(&one, validate_known), [""; 0]);
    }

    #[test]
    fn integrated_sign_in_is_refused_where_nothing_else_is_offered() {
        let integrated = ("integrated", Value::Object(Object::new()));
        assert_eq!(found(std::slice::from_ref(&integrated), validate), ["Built without Kerberos"]);
        let perhaps = [integrated, ("sql_login", login(Value::UNKNOWN, Value::UNKNOWN))];
        assert_eq!(found(&perhaps, validate), [""; 0]);
    }
}
