//! Microsoft's `mssql-tds`: the course of run.py.
//!
//! Reads what it is told as JSON, writes what it saw as JSON.

use std::error::Error as StdError;

use mssql_tds::connection::client_context::ClientContext;
use mssql_tds::connection::tds_client::{ExecuteOptions, PreparedStatement, ResultSet, StatementResult, TdsClient};
use mssql_tds::connection_provider::tds_connection_provider::TdsConnectionProvider;
use mssql_tds::core::{EncryptionOptions, EncryptionSetting, TdsResult};
use mssql_tds::datatypes::column_values::{
    ColumnValues, SqlDate, SqlDateTime, SqlDateTime2, SqlDateTimeOffset, SqlMoney, SqlSmallDateTime, SqlSmallMoney,
    SqlTime, SqlXml,
};
use mssql_tds::datatypes::decoder::DecimalParts;
use mssql_tds::datatypes::sql_string::SqlString;
use mssql_tds::datatypes::sql_tvp::{TvpColumnDef, TvpTableData, TvpTypeName};
use mssql_tds::datatypes::sqltypes::SqlType;
use mssql_tds::error::Error;
use mssql_tds::message::parameters::rpc_parameters::{RpcParameter, StatusFlags};
use mssql_tds::message::transaction_management::TransactionIsolationLevel;
use serde_json::{Value, json};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn StdError>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let said: Value = serde_json::from_reader(std::io::stdin())?;
    for visit in said["visits"].as_array().into_iter().flatten() {
        let mut said = said.clone();
        if let (Some(said), Some(visit)) = (said.as_object_mut(), visit.as_object()) {
            said.extend(visit.clone());
        }
        let seen = match connect(&said, None, None).await {
            Ok(client) => course(&said, client).await?,
            Err(error) => json!({ "refused": error.to_string() }),
        };
        let mut visit = visit.clone();
        visit["seen"] = seen;
        println!("{visit}");
    }
    Ok(())
}

fn text<'a>(said: &'a Value, key: &str) -> &'a str {
    said[key].as_str().unwrap_or_default()
}

async fn connect(said: &Value, password: Option<&str>, database: Option<&str>) -> TdsResult<TdsClient> {
    let mut context = ClientContext::default();
    context.user_name = text(said, "user").to_owned();
    context.password = password.unwrap_or_else(|| text(said, "password")).to_owned();
    context.database = database.unwrap_or_else(|| text(said, "database")).to_owned();
    context.connect_retry_count = 0;
    context.encryption_options = EncryptionOptions {
        mode: match text(said, "mode") {
            "on" => EncryptionSetting::On,
            "strict" => EncryptionSetting::Strict,
            _ => EncryptionSetting::PreferOff,
        },
        trust_server_certificate: false,
        host_name_in_cert: Some(text(said, "certificate_name").to_owned()),
        server_certificate: None,
    };
    let source = match text(said, "instance") {
        "" => format!("tcp:{},{}", text(said, "host"), said["port"]),
        instance => format!("{}\\{instance}", text(said, "host")),
    };
    TdsConnectionProvider {}.create_client(context, &source, None).await
}

async fn course(said: &Value, mut client: TdsClient) -> Outcome<Value> {
    let batch = |name: &str| text(&said["batches"], name).to_owned();
    let mut seen = json!({ "who": sets(&mut client, batch("who")).await?[0] });
    if said["whole"] == true {
        seen["sets"] = sets(&mut client, batch("sets")).await?;
        seen["error"] = failure(sets(&mut client, batch("error")).await.err());
        client.close_query().await.ok();
        seen["procedure"] = failure(sets(&mut client, batch("procedure")).await.err());
        client.close_query().await.ok();
        seen["unbound"] = failure(sets(&mut client, batch("unbound")).await.err());
        client.close_query().await.ok();
        client.take_info_messages();
        sets(&mut client, batch("messages")).await?;
        seen["messages"] = client.take_info_messages().iter().map(|info| json!({
            "number": info.number, "class": info.class, "state": info.state, "line": info.line_number,
            "server": info.server_name, "procedure": info.proc_name, "text": info.message,
        })).collect();
        seen["parameters"] = parameters(&mut client).await?;
        seen["prepared"] = prepared(&mut client).await?;
        seen["transactions"] = transactions(&mut client).await?;
        client.prepare_reset_connection(false);
        seen["reset"] = sets(&mut client, batch("who")).await?[0].clone();
        let stopped = client.execute(batch("wait"), ExecuteOptions::new().timeout_secs(1)).await;
        seen["cancelled"] = json!([
            stopped.is_err_and(|error| matches!(error, Error::TimeoutError(_))),
            sets(&mut client, "SELECT 1".to_owned()).await?
        ]);
        seen["table"] = table(&mut client).await;
        client.close_query().await.ok();
        seen["wrong"] = failure(connect(said, Some("wrong"), None).await.err());
        seen["nowhere"] = failure(connect(said, None, Some("nowhere")).await.err());
    }
    client.close_connection().await?;
    Ok(seen)
}

/// All results of a batch.
async fn sets(client: &mut TdsClient, batch: String) -> TdsResult<Value> {
    let first = client.execute(batch, ()).await?;
    results(client, first).await
}

async fn results(client: &mut TdsClient, mut at: StatementResult) -> TdsResult<Value> {
    let mut found = Vec::new();
    loop {
        match at {
            StatementResult::Rows => {
                let mut rows = Vec::new();
                while let Some(row) = client.next_row().await? {
                    rows.push(row.iter().map(shown).collect::<Vec<_>>());
                }
                found.push(rows);
            }
            StatementResult::NoRows { .. } => {}
            StatementResult::End => break,
        }
        at = client.advance().await?;
    }
    client.close_query().await?;
    Ok(json!(found))
}

fn shown(value: &ColumnValues) -> Value {
    match value {
        ColumnValues::Int(number) => json!(number),
        ColumnValues::BigInt(number) => json!(number),
        ColumnValues::Bit(flag) => json!(flag),
        ColumnValues::String(text) => json!(text.to_utf8_string()),
        ColumnValues::Null => Value::Null,
        other => json!(format!("{other:?}")),
    }
}

fn failure(error: Option<Error>) -> Value {
    match error {
        None => Value::Null,
        Some(Error::SqlServerError { diagnostics }) => diagnostics.errors.iter().map(|error| json!({
            "number": error.number, "class": error.class, "state": error.state, "line": error.line_number,
            "server": error.server_name, "procedure": error.proc_name, "text": error.message,
        })).collect(),
        Some(other) => json!(other.to_string()),
    }
}

/// Every type that the client sends, and what is to come back.
///
/// Without `text` and `ntext`: 0.3.0 sends them to procedures in the form that bulk loads have.
fn types() -> TdsResult<Vec<(&'static str, SqlType, ColumnValues)>> {
    let text = |text: &str| SqlString::from_utf8_string(text.to_owned());
    let time = |scale| SqlTime { time_nanoseconds: 863_981_234_567, scale };
    let moment = |scale| SqlDateTime2 { days: 739_675, time: time(scale) };
    let zoned = || SqlDateTimeOffset { datetime2: moment(7), offset: -210 };
    let decimal = || DecimalParts::from_string("-12345.678", 18, 3);
    let large = || DecimalParts::from_string("12345678901234567890123456789012345.678", 38, 3);
    let guid = Uuid::from_u128(0x0a0b_0c0d_1122_3344_5566_7788_99aa_bbcc);
    let long = "é".repeat(5000);
    let xml = || SqlXml::from("<a>é</a>".to_owned());
    Ok(vec![
        ("bit", SqlType::Bit(Some(true)), ColumnValues::Bit(true)),
        ("tinyint", SqlType::TinyInt(Some(255)), ColumnValues::TinyInt(255)),
        ("smallint", SqlType::SmallInt(Some(i16::MIN)), ColumnValues::SmallInt(i16::MIN)),
        ("int", SqlType::Int(Some(i32::MIN)), ColumnValues::Int(i32::MIN)),
        ("bigint", SqlType::BigInt(Some(i64::MIN)), ColumnValues::BigInt(i64::MIN)),
        ("real", SqlType::Real(Some(-1.5)), ColumnValues::Real(-1.5)),
        ("float", SqlType::Float(Some(std::f64::consts::E)), ColumnValues::Float(std::f64::consts::E)),
        ("decimal", SqlType::Decimal(Some(decimal()?)), ColumnValues::Numeric(decimal()?)),
        ("numeric(38)", SqlType::Numeric(Some(large()?)), ColumnValues::Numeric(large()?)),
        ("smallmoney", SqlType::SmallMoney(Some(SqlSmallMoney::from(-12_500))), ColumnValues::SmallMoney(SqlSmallMoney::from(-12_500))),
        ("money", SqlType::Money(Some(SqlMoney::from((12_500, 1)))), ColumnValues::Money(SqlMoney::from((12_500, 1)))),
        ("date", SqlType::Date(Some(SqlDate::create(739_675)?)), ColumnValues::Date(SqlDate::create(739_675)?)),
        ("time", SqlType::Time(Some(time(7))), ColumnValues::Time(time(7))),
        ("datetime", SqlType::DateTime(Some(SqlDateTime { days: 46_080, time: 25_919_400 })), ColumnValues::DateTime(SqlDateTime { days: 46_080, time: 25_919_400 })),
        ("smalldatetime", SqlType::SmallDateTime(Some(SqlSmallDateTime { days: 46_080, time: 1439 })), ColumnValues::SmallDateTime(SqlSmallDateTime { days: 46_080, time: 1439 })),
        ("datetime2", SqlType::DateTime2(Some(moment(7))), ColumnValues::DateTime2(moment(7))),
        ("datetimeoffset", SqlType::DateTimeOffset(Some(zoned())), ColumnValues::DateTimeOffset(zoned())),
        ("uniqueidentifier", SqlType::Uuid(Some(guid)), ColumnValues::Uuid(guid)),
        ("nchar", SqlType::NChar(Some(text("日本")), 2), ColumnValues::String(text("日本"))),
        ("nvarchar", SqlType::NVarchar(Some(text("a'b 日本 😀")), 20), ColumnValues::String(text("a'b 日本 😀"))),
        ("nvarchar(max)", SqlType::NVarcharMax(Some(text(&long))), ColumnValues::String(text(&long))),
        ("varchar", SqlType::Varchar(Some(text("é€")), 20), ColumnValues::String(text("é€"))),
        ("varchar(max)", SqlType::VarcharMax(Some(text(&long))), ColumnValues::String(text(&long))),
        ("char", SqlType::Char(Some(text("abc")), 3), ColumnValues::String(text("abc"))),
        ("binary", SqlType::Binary(Some(vec![1, 2, 3]), 3), ColumnValues::Bytes(vec![1, 2, 3])),
        ("varbinary", SqlType::VarBinary(Some(vec![0, 255]), 10), ColumnValues::Bytes(vec![0, 255])),
        ("varbinary(max)", SqlType::VarBinaryMax(Some(vec![7; 9000])), ColumnValues::Bytes(vec![7; 9000])),
        ("xml", SqlType::Xml(Some(xml())), ColumnValues::String(text("<a>é</a>"))),
        ("sql_variant of int", SqlType::Variant(Box::new(SqlType::Int(Some(7)))), ColumnValues::Int(7)),
        ("sql_variant of nvarchar", SqlType::Variant(Box::new(SqlType::NVarchar(Some(text("v")), 4000))), ColumnValues::String(text("v"))),
        ("no value", SqlType::Int(None), ColumnValues::Null),
    ])
}

fn parameter(value: SqlType) -> RpcParameter {
    RpcParameter::new(Some("@p".to_owned()), StatusFlags::NONE, value)
}

async fn parameters(client: &mut TdsClient) -> Outcome<Value> {
    let mut came = serde_json::Map::new();
    for (name, value, wanted) in types()? {
        let asked = client.execute_sp_executesql("SELECT @p AS p".to_owned(), vec![parameter(value)], ()).await;
        let back = match asked {
            Ok(StatementResult::Rows) => client.next_row().await,
            Ok(other) => Err(Error::UsageError(format!("{other:?}"))),
            Err(error) => Err(error),
        };
        client.close_query().await.ok();
        let word = match back {
            Ok(Some(row)) if same(&row[0], &wanted) => "came back".to_owned(),
            Ok(row) => format!("{wanted:?} came back as {row:?}"),
            Err(error) => error.to_string(),
        };
        came.insert(name.to_owned(), json!(word));
    }
    Ok(Value::Object(came))
}

/// Text is the same in whatever encoding it came.
fn same(one: &ColumnValues, other: &ColumnValues) -> bool {
    match (one, other) {
        (ColumnValues::String(one), ColumnValues::String(other)) => one.to_utf8_string() == other.to_utf8_string(),
        _ => one == other,
    }
}

/// Prepared at the first run, by its handle at the second; then it is let go.
async fn prepared(client: &mut TdsClient) -> Outcome<Value> {
    let mut statement = PreparedStatement::new("SELECT @p + 1");
    let mut rows = Vec::new();
    for number in [1, 41] {
        let value = parameter(SqlType::Int(Some(number)));
        let at = client.execute_prepared(&mut statement, vec![value], &mut None, ()).await?;
        rows.push(results(client, at).await?[0][0][0].clone());
    }
    if let Some(id) = statement.take_id() {
        client.unprepare(id, ()).await?;
    }
    Ok(json!(rows))
}

async fn transactions(client: &mut TdsClient) -> Outcome<Value> {
    let mut depths = Vec::new();
    client.begin_transaction(TransactionIsolationLevel::ReadCommitted, None).await?;
    depths.push(depth(client).await?);
    client.save_transaction("here".to_owned()).await?;
    client.rollback_transaction(Some("here".to_owned()), None).await?;
    depths.push(depth(client).await?);
    client.commit_transaction(None, None).await?;
    depths.push(depth(client).await?);
    client.begin_transaction(TransactionIsolationLevel::NoChange, Some("named".to_owned())).await?;
    client.rollback_transaction(None, None).await?;
    depths.push(depth(client).await?);
    Ok(json!(depths))
}

async fn depth(client: &mut TdsClient) -> TdsResult<Value> {
    Ok(sets(client, "SELECT @@TRANCOUNT".to_owned()).await?[0][0][0].clone())
}

async fn table(client: &mut TdsClient) -> Value {
    let columns = vec![TvpColumnDef::new(SqlType::Int(None))];
    let rows = TvpTableData::new(columns, vec![vec![SqlType::Int(Some(1))]]);
    let name = TvpTypeName::new(Some("dbo".to_owned()), "numbers".to_owned());
    let asked = client
        .execute_sp_executesql("SELECT * FROM @p".to_owned(), vec![parameter(SqlType::Table(name, Some(rows)))], ())
        .await;
    failure(asked.err())
}
