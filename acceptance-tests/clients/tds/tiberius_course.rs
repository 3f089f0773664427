//! `tiberius`: the course of run.py.
//!
//! Reads what it is told as JSON, writes what it saw as JSON.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]
#![allow(clippy::indexing_slicing, reason = "serde_json gives null for what is not there")]

use std::error::Error as StdError;

use serde_json::{Value, json};
use tiberius::error::Error;
use tiberius::numeric::Numeric;
use tiberius::xml::XmlData;
use tiberius::{
    AuthMethod, Client, ColumnData, Config, EncryptionLevel, FromSql, Row, SqlBrowser as _, ToSql,
};
use time::macros::{date, datetime, time};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use uuid::uuid;

type Connection = Client<Compat<TcpStream>>;
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

async fn connect(
    said: &Value,
    password: Option<&str>,
    database: Option<&str>,
) -> tiberius::Result<Connection> {
    let mut config = Config::new();
    config.host(text(said, "certificate_name"));
    config.database(database.unwrap_or_else(|| text(said, "database")));
    config.encryption(match text(said, "mode") {
        "off" => EncryptionLevel::NotSupported,
        "login" => EncryptionLevel::Off,
        "strict" => EncryptionLevel::Strict,
        _ => EncryptionLevel::Required,
    });
    config.trust_cert_ca_bundle(text(said, "authority").as_bytes());
    let password = password.unwrap_or_else(|| text(said, "password"));
    config.authentication(AuthMethod::sql_server(text(said, "user"), password));
    let socket = match text(said, "instance") {
        "" => TcpStream::connect(format!("{}:{}", text(said, "host"), said["port"])).await?,
        instance => {
            let mut browser = Config::new();
            browser.host(text(said, "host"));
            browser.instance_name(instance);
            TcpStream::connect_named(&browser).await?
        }
    };
    Client::connect(config, socket.compat_write()).await
}

async fn course(said: &Value, mut client: Connection) -> Outcome<Value> {
    let batch = |name: &str| text(&said["batches"], name);
    let mut seen = json!({ "who": sets(&mut client, batch("who")).await?[0] });
    if said["whole"] == true {
        seen["sets"] = sets(&mut client, batch("sets")).await?;
        for step in ["error", "unbound", "procedure"] {
            seen[step] = failure(sets(&mut client, batch(step)).await.err());
        }
        seen["parameters"] = parameters(&mut client).await?;
        seen["wrong"] = failure(connect(said, Some("wrong"), None).await.err());
        seen["nowhere"] = failure(connect(said, None, Some("nowhere")).await.err());
    }
    client.close().await?;
    Ok(seen)
}

/// All results of a batch.
async fn sets(client: &mut Connection, batch: &str) -> tiberius::Result<Value> {
    let found = client.simple_query(batch).await?.into_results().await?;
    Ok(found.into_iter().map(|rows| rows.into_iter().map(shown).collect::<Vec<_>>()).collect())
}

fn shown(row: Row) -> Vec<Value> {
    let cell = |value| match value {
        ColumnData::I32(number) => json!(number),
        ColumnData::String(text) => json!(text),
        other => json!(format!("{other:?}")),
    };
    row.into_iter().map(cell).collect()
}

/// Only the first error of an answer is kept.
fn failure(error: Option<Error>) -> Value {
    match error {
        None => Value::Null,
        Some(Error::Server(error)) => json!([{
            "number": error.code(), "class": error.class(), "state": error.state(), "line": error.line(),
            "server": error.server(), "procedure": error.procedure(), "text": error.message(),
        }]),
        Some(other) => json!(other.to_string()),
    }
}

/// Sends a value as a parameter, and reads it back.
async fn there_and_back<T>(client: &mut Connection, value: T) -> Value
where
    T: ToSql + for<'a> FromSql<'a> + PartialEq + std::fmt::Debug,
{
    let row = match client.query("SELECT @P1 AS p", &[&value]).await {
        Ok(found) => found.into_row().await,
        Err(error) => Err(error),
    };
    match row.and_then(|row| row.map(|row| row.try_get::<T, _>(0)).transpose()) {
        Ok(Some(Some(back))) if back == value => json!("came back"),
        Ok(back) => json!(format!("{value:?} came back as {back:?}")),
        Err(error) => json!(error.to_string()),
    }
}

async fn parameters(client: &mut Connection) -> Outcome<Value> {
    let mut came = json!({});
    came["bit"] = there_and_back(client, true).await;
    came["tinyint"] = there_and_back(client, 255_u8).await;
    came["smallint"] = there_and_back(client, i16::MIN).await;
    came["int"] = there_and_back(client, i32::MIN).await;
    came["bigint"] = there_and_back(client, i64::MIN).await;
    came["real"] = there_and_back(client, -1.5_f32).await;
    came["float"] = there_and_back(client, std::f64::consts::E).await;
    came["numeric"] = there_and_back(client, Numeric::new_with_scale(-12_345, 3)).await;
    came["numeric(38)"] = there_and_back(client, Numeric::new_with_scale(10_i128.pow(37) + 1, 10)).await;
    came["uniqueidentifier"] = there_and_back(client, uuid!("0a0b0c0d-1122-3344-5566-778899aabbcc")).await;
    came["date"] = there_and_back(client, date!(2026 - 03 - 01)).await;
    came["time"] = there_and_back(client, time!(23:59:59.1234567)).await;
    came["datetime2"] = there_and_back(client, datetime!(2026-03-01 23:59:58.1234567)).await;
    came["datetimeoffset"] = there_and_back(client, datetime!(2026-03-01 23:59:58.1234567 -03:30)).await;
    for (name, value) in [("nvarchar", "a'b 日本 😀".to_owned()), ("nvarchar(max)", "é".repeat(5000))] {
        let row = client.query("SELECT @P1 AS p", &[&value.as_str()]).await?.into_row().await?;
        let back = row.as_ref().and_then(|row| row.get::<&str, _>(0));
        came[name] = json!(if back == Some(&value) { "came back" } else { "another text" });
    }
    for (name, value) in [("varbinary", vec![0, 255]), ("varbinary(max)", vec![7; 9000])] {
        let row = client.query("SELECT @P1 AS p", &[&value]).await?.into_row().await?;
        let back = row.as_ref().and_then(|row| row.get::<&[u8], _>(0));
        came[name] = json!(if back == Some(&value) { "came back" } else { "other bytes" });
    }
    let xml = XmlData::new("<a>é</a>");
    let row = client.query("SELECT CAST(@P1 AS nvarchar(max)) AS p", &[&xml]).await?.into_row().await?;
    let back = row.as_ref().and_then(|row| row.get::<&str, _>(0));
    came["xml"] = json!(if back == Some("<a>é</a>") { "came back" } else { "another text" });
    let row = client.query("SELECT @P1 AS p", &[&None::<i32>]).await?.into_row().await?;
    let back = row.as_ref().is_some_and(|row| row.get::<i32, _>(0).is_none());
    came["no value"] = json!(if back { "came back" } else { "a value" });
    Ok(came)
}
