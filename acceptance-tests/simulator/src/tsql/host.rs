//! What functions of T-SQL ask the instance.

use rusqlite::types::Value;
use time::OffsetDateTime;

use super::ddl::{issuer, permission};
use super::error::{SqlError, not_modelled};
use super::query::Host;
use super::{schema, value};
use crate::world::World;
use crate::world::group::Role;
use crate::world::instance::{EngineKey, SqlInstance};

/// The instance, as one session sees it while a query runs.
#[derive(Debug, Clone)]
pub(crate) struct InstanceHost {
    pub(crate) world: World,
    pub(crate) engine: EngineKey,
    pub(crate) login: String,
    pub(crate) database: String,
    pub(crate) application: String,
    pub(crate) client: String,
    /// The error that a CATCH block handles.
    pub(crate) error: Option<SqlError>,
    pub(crate) transactions: u32,
}

/// Procedures of `sys` that OBJECT_ID finds, where the engine's build has them.
const PROCEDURES: [&str; 9] = [
    "sp_certificate_add_issuer",
    "sp_certificate_drop_issuer",
    "sp_certificate_issuers",
    "sp_get_endpoint_certificate",
    "sp_validate_certificate_ca_chain",
    "sp_getapplock",
    "sp_releaseapplock",
    "sp_executesql",
    "sp_configure",
];

impl InstanceHost {
    fn engine<T>(&self, ask: impl FnOnce(&SqlInstance) -> Option<T>) -> Option<T> {
        self.world.with(|estate| estate.engine(&self.engine).and_then(ask))
    }

    fn object_id(&self, name: &str) -> Option<i64> {
        let (collation, build) = self.engine(|engine| Some((engine.comparing(), engine.build)))?;
        let bare = collation.lower(&name.replace(['[', ']'], ""));
        let bare = bare.strip_prefix("master.").unwrap_or(&bare);
        let (schema, object) = bare.split_once('.').unwrap_or(("sys", bare));
        if schema != "sys" && schema != "dbo" {
            return None;
        }
        let has = |procedure| issuer::needs(procedure).is_none_or(|capability| build.has(capability));
        if let Some(place) = PROCEDURES.iter().position(|known| *known == object && has(known)) {
            return Some(-1000 - i64::try_from(place).ok()?);
        }
        let view = schema::view(if schema == "dbo" { "dbo" } else { "sys" }, object)?;
        (view.first <= build.major).then_some(-500)
    }

    fn certificate<T>(
        &self,
        id: &Value,
        ask: impl FnOnce(&crate::world::security::Certificate) -> Option<T>,
    ) -> Option<T> {
        let Value::Integer(id) = id else { return None };
        let id = i32::try_from(*id).ok()?;
        let in_master = self.database == "master";
        self.engine(|engine| engine.certificate_by_id(id).filter(|_| in_master).and_then(ask))
    }
}

impl Host for InstanceHost {
    fn server_property(&self, name: &str) -> Value {
        let name = name.to_ascii_lowercase();
        let text = |text: String| Some(Value::Text(text));
        let number = |number: i64| Some(Value::Integer(number));
        self.engine(|engine| match name.as_str() {
            "productversion" => text(engine.shown_build().to_string()),
            "productmajorversion" => text(engine.shown_build().major.to_string()),
            "productminorversion" => text(engine.shown_build().minor.to_string()),
            "productbuild" => text(engine.shown_build().build.to_string()),
            "productlevel" => text(engine.shown_build().level().to_owned()),
            "productupdatelevel" => engine.shown_build().update().map(str::to_owned).and_then(text),
            "edition" => text(edition(engine).to_owned()),
            "editionid" => number(1_872_460_670),
            "engineedition" => number(engine.engine_edition().into()),
            "servername" => text(engine.server_name()),
            "machinename" | "computernamephysicalnetbios" => text(engine.machine_name.clone()),
            "instancename" => engine.instance_name.clone().and_then(text),
            "ishadrenabled" => number(engine.hadr_enabled.into()),
            "hadrmanagerstatus" => number(i64::from(engine.hadr_enabled)),
            "isclustered" => number(engine.clustered.into()),
            "collation" => text(engine.collation.clone()),
            "issingleuser" | "isintegratedsecurityonly" | "islocaldb" | "ispolybaseinstalled" => number(0),
            "isfulltextinstalled" | "isxtpsupported" | "isadvancedanalyticsinstalled" => number(1),
            "lcid" => number(1033),
            "processid" => number(4711),
            "instancedefaultdatapath" | "instancedefaultlogpath" | "instancedefaultbackuppath" => {
                text(if engine.linux { "/var/opt/mssql/data/" } else { "C:\\Data\\" }.to_owned())
            }
            "resourceversion" => text(engine.shown_build().to_string()),
            _ => None,
        })
        .unwrap_or(Value::Null)
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, SqlError> {
        let name = function.to_ascii_uppercase();
        let argument = |place: usize| arguments.get(place).unwrap_or(&Value::Null);
        let words = |place: usize| match argument(place) {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let text = |found: Option<String>| found.map_or(Value::Null, Value::Text);
        let number = |found: Option<i64>| found.map_or(Value::Null, Value::Integer);
        let error = self.error.as_ref();
        Ok(match name.as_str() {
            "APP_NAME" => Value::Text(self.application.clone()),
            "HOST_NAME" => Value::Text(self.client.clone()),
            "SUSER_NAME" | "SUSER_SNAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER" if arguments.is_empty() => {
                Value::Text(self.login.clone())
            }
            "SUSER_NAME" => match argument(0) {
                Value::Integer(id) => text(self.engine(|engine| {
                    engine
                        .logins
                        .iter()
                        .find(|login| i64::from(login.id) == *id)
                        .map(|login| login.name.clone())
                })),
                _ => Value::Null,
            },
            "SUSER_ID" => {
                let wanted = words(0).unwrap_or(&self.login).to_owned();
                number(self.engine(|engine| permission::login(engine, &wanted).map(|login| login.id.into())))
            }
            "SUSER_SNAME" => Value::Text("sa".to_owned()),
            "SUSER_SID" => Value::Blob(vec![1]),
            "USER" | "CURRENT_USER" | "SESSION_USER" | "USER_NAME" => Value::Text("dbo".to_owned()),
            "USER_ID" | "DATABASE_PRINCIPAL_ID" | "SCHEMA_ID" => Value::Integer(1),
            "SCHEMA_NAME" => Value::Text("dbo".to_owned()),
            "DB_NAME" => match argument(0) {
                Value::Integer(id) => text(self.engine(|engine| {
                    engine.databases.iter().find(|one| i64::from(one.id) == *id).map(|one| one.name.clone())
                })),
                _ => Value::Text(self.database.clone()),
            },
            "DB_ID" => {
                let wanted = words(0).unwrap_or(&self.database).to_owned();
                number(self.engine(|engine| engine.database(&wanted).map(|database| database.id.into())))
            }
            "HAS_DBACCESS" => number(self.engine(|engine| engine.database(words(0)?).map(|_| 1))),
            "DATABASEPROPERTYEX" => self
                .engine(|engine| {
                    let database = engine.database(words(0)?)?;
                    Some(match words(1)?.to_ascii_lowercase().as_str() {
                        "status" => Value::Text(database.state.code().1.to_owned()),
                        "recovery" => Value::Text(
                            match database.recovery_model {
                                1 => "FULL",
                                2 => "BULK_LOGGED",
                                _ => "SIMPLE",
                            }
                            .to_owned(),
                        ),
                        "updateability" => {
                            let reads = !engine.takes_writes(database);
                            Value::Text(if reads { "READ_ONLY" } else { "READ_WRITE" }.to_owned())
                        }
                        "collation" => Value::Text(database.collation.clone()),
                        "useraccess" => Value::Text("MULTI_USER".to_owned()),
                        _ => return None,
                    })
                })
                .unwrap_or(Value::Null),
            "CERT_ID" => {
                let wanted = words(0).map(bare).unwrap_or_default();
                let in_master = self.database == "master";
                number(self.engine(|engine| {
                    engine.certificate(&wanted).filter(|_| in_master).map(|certificate| certificate.id.into())
                }))
            }
            "CERTENCODED" => self
                .certificate(argument(0), |certificate| Some(Value::Blob(certificate.der.clone())))
                .unwrap_or(Value::Null),
            "CERTPROPERTY" => {
                let property = words(1).unwrap_or_default().to_ascii_lowercase();
                self.certificate(argument(0), |certificate| {
                    let day = |moment: OffsetDateTime| {
                        let plain = time::PrimitiveDateTime::new(moment.date(), moment.time());
                        Value::Text(value::format_moment(plain, value::Type::DateTime))
                    };
                    Some(match property.as_str() {
                        "expiry_date" => day(certificate.not_after),
                        "start_date" => day(certificate.not_before),
                        "issuer_name" => Value::Text(certificate.issuer.clone()),
                        "cert_serial_number" => Value::Text(certificate.serial.clone()),
                        "subject" => Value::Text(certificate.subject.clone()),
                        _ => return None,
                    })
                })
                .unwrap_or(Value::Null)
            }
            "CERTPRIVATEKEY" => return Err(not_modelled("the export of private keys")),
            "OBJECT_ID" => number(words(0).and_then(|name| self.object_id(name))),
            "COL_LENGTH" => {
                let here = self.engine(|engine| Some((engine.comparing(), engine.build.major)));
                let (collation, major) = here.unwrap_or_default();
                let view = collation.lower(&words(0).map(bare).unwrap_or_default());
                let (schema, object) = view.split_once('.').unwrap_or(("sys", &view));
                let column = collation.lower(words(1).unwrap_or_default());
                number(schema::view(schema, object).and_then(|view| {
                    view.columns_of(major)
                        .find(|one| one.name == column)
                        .map(|one| one.data_type.length().map_or(8, i64::from))
                }))
            }
            "HAS_PERMS_BY_NAME" => {
                let wanted = words(2).unwrap_or_default().to_ascii_uppercase();
                number(self.engine(|engine| {
                    Some(i64::from(permission::on_server(engine, &self.login, &[&wanted, "CONTROL SERVER"])))
                }))
            }
            "IS_SRVROLEMEMBER" => {
                let who = words(1).unwrap_or(&self.login).to_owned();
                number(self.engine(|engine| {
                    let role = engine.comparing().lower(words(0).unwrap_or_default());
                    Some(i64::from(permission::in_role(engine, &who, &role)))
                }))
            }
            "IS_MEMBER" | "IS_ROLEMEMBER" => {
                number(self.engine(|engine| Some(i64::from(permission::sysadmin(engine, &self.login)))))
            }
            "CONNECTIONPROPERTY" => match words(0).unwrap_or_default().to_ascii_lowercase().as_str() {
                "net_transport" => Value::Text("TCP".to_owned()),
                "protocol_type" => Value::Text("TSQL".to_owned()),
                "auth_scheme" => Value::Text("SQL".to_owned()),
                "local_tcp_port" => number(self.engine(|engine| Some(engine.port.into()))),
                _ => Value::Null,
            },
            "SESSIONPROPERTY" => Value::Integer(1),
            "XACT_STATE" => Value::Integer(i64::from(self.transactions > 0)),
            "ERROR_NUMBER" => number(error.map(|error| error.number.into())),
            "ERROR_SEVERITY" => number(error.map(|error| error.severity.into())),
            "ERROR_STATE" => number(error.map(|error| error.state.into())),
            "ERROR_LINE" => number(error.map(|error| error.line.into())),
            "ERROR_MESSAGE" => text(error.map(|error| error.message.clone())),
            "ERROR_PROCEDURE" => text(error.and_then(|error| error.procedure.clone())),
            "FN_HADR_IS_PRIMARY_REPLICA" => {
                let wanted = words(0).unwrap_or_default();
                number(self.engine(|engine| {
                    let database = engine.database(wanted)?;
                    let group = engine.group(database.group.as_deref()?)?;
                    Some(i64::from(group.role == Role::Primary))
                }))
            }
            "FN_HADR_BACKUP_IS_PREFERRED_REPLICA" => {
                let wanted = words(0).unwrap_or_default();
                number(self.engine(|engine| {
                    let database = engine.database(wanted)?;
                    Some(match database.group.as_deref().and_then(|group| engine.group(group)) {
                        None => 1,
                        // A single node that is primary is no secondary.
                        Some(group) => i64::from(matches!(group.backup_preference, 0 | 3)),
                    })
                }))
            }
            _ => return Err(not_modelled(&format!("the function {function}"))),
        })
    }

    fn now(&self) -> OffsetDateTime {
        self.world.with(|estate| {
            let skew = estate.engine(&self.engine).map_or(0, |engine| engine.clock_skew);
            estate.clock.now() + time::Duration::seconds(skew)
        })
    }
}

/// `SERVERPROPERTY('Edition')`.
pub(crate) fn edition(engine: &SqlInstance) -> &'static str {
    use crate::world::instance::Edition;
    match engine.edition {
        Edition::Enterprise => "Enterprise Edition: Core-based Licensing (64-bit)",
        Edition::Developer => "Developer Edition (64-bit)",
        Edition::Standard => "Standard Edition (64-bit)",
        Edition::Express => "Express Edition (64-bit)",
        Edition::Managed => "SQL Azure",
    }
}

/// A name without its brackets.
fn bare(name: &str) -> String {
    match name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.replace("]]", "]"),
        None => name.to_owned(),
    }
}
