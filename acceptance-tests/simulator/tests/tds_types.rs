//! Every type, as a column and as a parameter, through `tiberius`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a surprise ends the test that it happened in"
)]

mod tds_support;

use std::sync::Arc;

use milink_simulator::tds::TdsServer;
use milink_simulator::tds::backend::{DataType, Value};
use tds_support::{Echo, column, start};
use tiberius::numeric::Numeric;
use tiberius::time::time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use tiberius::xml::XmlData;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, FromSql, ToSql};
use time::macros::{date, datetime, time};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use uuid::{Uuid, uuid};

async fn connect(server: &TdsServer, root: &str) -> Client<Compat<TcpStream>> {
    let mut config = Config::new();
    config.host("localhost");
    config.encryption(EncryptionLevel::Required);
    config.trust_cert_ca_bundle(root.as_bytes());
    config.authentication(AuthMethod::sql_server("sa", "x"));
    let stream = TcpStream::connect(server.address()).await.unwrap();
    Client::connect(config, stream.compat_write()).await.unwrap()
}

#[tokio::test]
async fn columns_of_every_type_are_read() {
    const GUID: Uuid = uuid!("0a0b0c0d-1122-3344-5566-778899aabbcc");
    let text = |text: &str| Value::Text(text.to_owned());
    let moment = Value::Moment(datetime!(2026-03-01 23:59:58.1234567));
    let columns = [
        ("bit", DataType::Bit, Value::Bit(true)),
        ("tinyint", DataType::TinyInt, Value::Int(255)),
        ("smallint", DataType::SmallInt, Value::Int(-2)),
        ("int", DataType::Int, Value::Int(-3)),
        ("bigint", DataType::BigInt, Value::Int(i64::MIN)),
        ("real", DataType::Real, Value::Float(1.5)),
        ("float", DataType::Float, Value::Float(-2.25)),
        ("decimal", DataType::Decimal { precision: 38, scale: 3 }, Value::Decimal(-(10_i128.pow(37)))),
        ("smallmoney", DataType::SmallMoney, Value::Decimal(12_345)),
        ("money", DataType::Money, Value::Decimal(-1_234_567_890_123)),
        ("date", DataType::Date, moment.clone()),
        ("time", DataType::Time(7), moment.clone()),
        ("datetime", DataType::DateTime, Value::Moment(datetime!(2026-12-31 23:59:59.999))),
        ("smalldatetime", DataType::SmallDateTime, moment.clone()),
        ("datetime2", DataType::DateTime2(7), moment.clone()),
        ("datetimeoffset", DataType::DateTimeOffset(3), Value::ZonedMoment(datetime!(2026-03-01 12:00), 330)),
        ("uniqueidentifier", DataType::UniqueIdentifier, Value::Guid(GUID)),
        ("char", DataType::Char(3), text("a")),
        ("varchar", DataType::VarChar(Some(10)), text("é€")),
        ("varchar(max)", DataType::VarChar(None), text("long")),
        ("nchar", DataType::NChar(3), text("日")),
        ("nvarchar", DataType::NVarChar(Some(10)), text("日本")),
        ("nvarchar(max)", DataType::NVarChar(None), text(&"é".repeat(5000))),
        ("binary", DataType::Binary(3), Value::Bytes(vec![1])),
        ("varbinary", DataType::VarBinary(Some(3)), Value::Bytes(vec![1, 2])),
        ("varbinary(max)", DataType::VarBinary(None), Value::Bytes(vec![3; 9000])),
        ("xml", DataType::Xml, text("<a/>")),
        ("variant of text", DataType::Variant, text("v")),
        ("variant of int", DataType::Variant, Value::Int(7)),
        ("no variant", DataType::Variant, Value::Null),
    ];
    let nulls = columns.iter().map(|_| Value::Null).collect();
    let echo = Arc::new(Echo {
        result: (
            columns.iter().map(|(name, data_type, _)| column(name, *data_type)).collect(),
            vec![columns.iter().map(|(.., value)| value.clone()).collect(), nulls],
        ),
        ..Echo::default()
    });
    let (server, root) = start(&echo).await;
    let mut client = connect(&server, &root).await;
    let rows = client.simple_query("rows").await.unwrap().into_first_result().await.unwrap();
    let [row, nulls] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    assert_eq!(row.get::<bool, _>("bit"), Some(true));
    assert_eq!(row.get::<u8, _>("tinyint"), Some(255));
    assert_eq!(row.get::<i16, _>("smallint"), Some(-2));
    assert_eq!(row.get::<i32, _>("int"), Some(-3));
    assert_eq!(row.get::<i64, _>("bigint"), Some(i64::MIN));
    assert_eq!(row.get::<f32, _>("real"), Some(1.5));
    assert_eq!(row.get::<f64, _>("float"), Some(-2.25));
    assert_eq!(row.get::<Numeric, _>("decimal"), Some(Numeric::new_with_scale(-(10_i128.pow(37)), 3)));
    assert_eq!(row.get::<f64, _>("smallmoney"), Some(1.2345));
    assert_eq!(row.get::<f64, _>("money"), Some(-123_456_789.012_3));
    assert_eq!(row.get::<Date, _>("date"), Some(date!(2026 - 03 - 01)));
    assert_eq!(row.get::<Time, _>("time"), Some(time!(23:59:58.1234567)));
    assert_eq!(row.get::<PrimitiveDateTime, _>("datetime"), Some(datetime!(2027-01-01 0:00)));
    assert_eq!(row.get::<PrimitiveDateTime, _>("smalldatetime"), Some(datetime!(2026-03-02 0:00)));
    assert_eq!(row.get::<PrimitiveDateTime, _>("datetime2"), Some(datetime!(2026-03-01 23:59:58.1234567)));
    let zoned = row.get::<OffsetDateTime, _>("datetimeoffset").unwrap();
    assert_eq!((zoned, zoned.offset().whole_minutes()), (datetime!(2026-03-01 17:30 +05:30), 330));
    assert_eq!(row.get::<Uuid, _>("uniqueidentifier"), Some(GUID));
    assert_eq!(row.get::<&str, _>("char"), Some("a  "));
    assert_eq!(row.get::<&str, _>("varchar"), Some("é€"));
    assert_eq!(row.get::<&str, _>("varchar(max)"), Some("long"));
    assert_eq!(row.get::<&str, _>("nchar"), Some("日  "));
    assert_eq!(row.get::<&str, _>("nvarchar"), Some("日本"));
    assert_eq!(row.get::<&str, _>("nvarchar(max)"), Some("é".repeat(5000).as_str()));
    assert_eq!(row.get::<&[u8], _>("binary"), Some(&[1, 0, 0][..]));
    assert_eq!(row.get::<&[u8], _>("varbinary"), Some(&[1, 2][..]));
    assert_eq!(row.get::<&[u8], _>("varbinary(max)"), Some(&[3; 9000][..]));
    assert_eq!(row.get::<&XmlData, _>("xml").map(ToString::to_string), Some("<a/>".to_owned()));
    assert_eq!(row.get::<&str, _>("variant of text"), Some("v"));
    assert_eq!(row.get::<i32, _>("variant of int"), Some(7));
    assert_eq!(row.get::<&str, _>("no variant"), None);
    assert_eq!(nulls.get::<bool, _>("bit"), None);
    assert_eq!(nulls.get::<i64, _>("bigint"), None);
    assert_eq!(nulls.get::<Numeric, _>("decimal"), None);
    assert_eq!(nulls.get::<OffsetDateTime, _>("datetimeoffset"), None);
    assert_eq!(nulls.get::<&str, _>("nvarchar(max)"), None);
    assert_eq!(nulls.get::<&[u8], _>("varbinary"), None);
}

/// Sends a value as a parameter, and reads it back as a column.
async fn there_and_back<T>(client: &mut Client<Compat<TcpStream>>, value: T)
where
    T: ToSql + for<'a> FromSql<'a> + PartialEq + std::fmt::Debug,
{
    let row = client.query("echo", &[&value]).await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.try_get::<T, _>(0).unwrap(), Some(value));
}

#[tokio::test]
async fn parameters_of_every_type_come_back() {
    let (server, root) = start(&Arc::new(Echo::default())).await;
    let mut client = connect(&server, &root).await;
    let client = &mut client;
    there_and_back(client, true).await;
    there_and_back(client, 255_u8).await;
    there_and_back(client, i16::MIN).await;
    there_and_back(client, i32::MIN).await;
    there_and_back(client, i64::MIN).await;
    there_and_back(client, -1.5_f32).await;
    there_and_back(client, std::f64::consts::E).await;
    there_and_back(client, Numeric::new_with_scale(-12_345, 3)).await;
    there_and_back(client, Numeric::new_with_scale(10_i128.pow(37), 10)).await;
    there_and_back(client, uuid!("0a0b0c0d-1122-3344-5566-778899aabbcc")).await;
    there_and_back(client, date!(0001 - 01 - 01)).await;
    there_and_back(client, time!(23:59:59.9999999)).await;
    there_and_back(client, datetime!(2026-03-01 23:59:58.1234567)).await;
    there_and_back(client, datetime!(2026-03-01 23:59:58.1234567 -03:30)).await;
    for text in ["", "a'b", "日本 😀", &"x".repeat(5000)] {
        let row = client.query("echo", &[&text]).await.unwrap().into_row().await.unwrap().unwrap();
        assert_eq!(row.get::<&str, _>(0), Some(text));
    }
    for bytes in [vec![], vec![0, 255], vec![7; 9000]] {
        let row = client.query("echo", &[&bytes]).await.unwrap().into_row().await.unwrap().unwrap();
        assert_eq!(row.get::<&[u8], _>(0), Some(bytes.as_slice()));
    }
    let xml = XmlData::new("<a>é</a>");
    let row = client.query("echo", &[&xml]).await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<&XmlData, _>(0), Some(&xml));
    let row = client
        .query("echo", &[&None::<i32>, &None::<&str>, &None::<Numeric>, &None::<Uuid>, &None::<&[u8]>])
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap();
    for value in row {
        assert!(format!("{value:?}").ends_with("(None)"), "{value:?}");
    }
}
