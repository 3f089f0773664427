use time::macros::datetime;

use super::super::backend::{Collation, Column, DataType, Value};
use super::super::reader::Reader;
use super::{ReadError, for_version, read, write_column_type, write_column_value, write_type, write_value};

/// What a client would send back of a value that it got.
fn round_trip(data_type: DataType, value: &Value) -> (DataType, Value) {
    let mut bytes = Vec::new();
    write_type(&mut bytes, data_type, Collation::LATIN1);
    write_value(&mut bytes, data_type, value, Collation::LATIN1).unwrap();
    let mut reader = Reader::new(&bytes);
    let found = match read(&mut reader) {
        Ok(found) => found,
        Err(error) => panic!("{data_type:?}: {error:?}"),
    };
    assert!(reader.is_empty(), "{data_type:?}");
    found
}

fn number_of(data_type: DataType, value: &Value) -> i32 {
    write_value(&mut Vec::new(), data_type, value, Collation::LATIN1).unwrap_err().number
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let moment = datetime!(2026-03-01 23:59:58.1234567);
    let guid = uuid::uuid!("0a0b0c0d-1122-3344-5566-778899aabbcc");
    let text = |text: &str| Value::Text(text.to_owned());
    for (data_type, value) in [
        (DataType::Bit, Value::Bit(true)),
        (DataType::TinyInt, Value::Int(255)),
        (DataType::SmallInt, Value::Int(-32768)),
        (DataType::Int, Value::Int(i32::MIN.into())),
        (DataType::BigInt, Value::Int(i64::MIN)),
        (DataType::Real, Value::Float(-1.5)),
        (DataType::Float, Value::Float(std::f64::consts::PI)),
        (DataType::Decimal { precision: 38, scale: 10 }, Value::Decimal(-(10_i128.pow(38) - 1))),
        (DataType::Decimal { precision: 9, scale: 0 }, Value::Decimal(999_999_999)),
        (DataType::SmallMoney, Value::Decimal(-2_147_483_648)),
        (DataType::Money, Value::Decimal(i64::MIN.into())),
        (DataType::Date, Value::Moment(datetime!(0001-01-01 0:00))),
        (DataType::Date, Value::Moment(datetime!(9999-12-31 0:00))),
        (DataType::Time(7), Value::Moment(datetime!(1900-01-01 23:59:59.9999999))),
        (DataType::DateTime2(7), Value::Moment(moment)),
        (DataType::DateTime2(0), Value::Moment(datetime!(2026-03-01 23:59:58))),
        (DataType::DateTimeOffset(7), Value::ZonedMoment(moment, -300)),
        (DataType::DateTime, Value::Moment(datetime!(2026-03-01 23:59:59.997))),
        (DataType::DateTime, Value::Moment(datetime!(1753-01-01 0:00:00.003))),
        (DataType::SmallDateTime, Value::Moment(datetime!(2079-06-06 23:59))),
        (DataType::UniqueIdentifier, Value::Guid(guid)),
        (DataType::Char(3), text("a é")),
        (DataType::VarChar(Some(10)), text("€ž")),
        (DataType::VarChar(None), text(&"x".repeat(10_000))),
        (DataType::NChar(2), text("日本")),
        (DataType::NVarChar(Some(4)), text("😀 a")),
        (DataType::NVarChar(None), text("")),
        (DataType::Binary(2), Value::Bytes(vec![0, 255])),
        (DataType::VarBinary(Some(2)), Value::Bytes(vec![])),
        (DataType::VarBinary(None), Value::Bytes(vec![7; 70_000])),
        (DataType::Xml, text("<a/>")),
    ] {
        assert_eq!(round_trip(data_type, &value), (data_type, value), "{data_type:?}");
        assert_eq!(round_trip(data_type, &Value::Null), (data_type, Value::Null), "{data_type:?}");
    }
}

/// Where a column has no NULL, numbers and the older dates come without a length, as the flag lets clients expect.
#[test]
fn a_column_without_null_has_the_fixed_form_of_its_type() {
    for (data_type, value, wire) in [
        (DataType::Bit, Value::Bit(true), &[0x32, 1][..]),
        (DataType::TinyInt, Value::Int(255), &[0x30, 255]),
        (DataType::SmallInt, Value::Int(-2), &[0x34, 0xfe, 0xff]),
        (DataType::Int, Value::Int(7), &[0x38, 7, 0, 0, 0]),
        (DataType::BigInt, Value::Int(7), &[0x7f, 7, 0, 0, 0, 0, 0, 0, 0]),
        (DataType::Real, Value::Float(-1.5), &[0x3b, 0, 0, 0xc0, 0xbf]),
        (DataType::Float, Value::Float(-1.5), &[0x3e, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf]),
        (DataType::SmallMoney, Value::Decimal(5), &[0x7a, 5, 0, 0, 0]),
        (DataType::Money, Value::Decimal(5), &[0x3c, 0, 0, 0, 0, 5, 0, 0, 0]),
        (
            DataType::DateTime,
            Value::Moment(datetime!(1900-01-02 0:00:01)),
            &[0x3d, 1, 0, 0, 0, 0x2c, 1, 0, 0],
        ),
        (DataType::SmallDateTime, Value::Moment(datetime!(1900-01-02 0:03)), &[0x3a, 1, 0, 3, 0]),
        // These have one form for both.
        (DataType::Date, Value::Moment(datetime!(0001-01-02 0:00)), &[0x28, 3, 1, 0, 0]),
        (DataType::Decimal { precision: 9, scale: 0 }, Value::Int(1), &[0x6c, 5, 9, 0, 5, 1, 1, 0, 0, 0]),
        (DataType::VarBinary(Some(2)), Value::Bytes(vec![7]), &[0xa5, 2, 0, 1, 0, 7]),
    ] {
        let column = Column { name: String::new(), data_type, nullable: false };
        let mut bytes = Vec::new();
        write_column_type(&mut bytes, &column, Collation::LATIN1);
        write_column_value(&mut bytes, &column, &value, Collation::LATIN1).unwrap();
        assert_eq!(bytes, wire, "{data_type:?}");
        let column = Column { nullable: true, ..column };
        let (mut of_column, mut of_parameter) = (Vec::new(), Vec::new());
        write_column_type(&mut of_column, &column, Collation::LATIN1);
        write_type(&mut of_parameter, data_type, Collation::LATIN1);
        assert_eq!(of_column, of_parameter, "{data_type:?}");
    }
    let column = Column { name: String::new(), data_type: DataType::Int, nullable: false };
    let refused = write_column_value(&mut Vec::new(), &column, &Value::Null, Collation::LATIN1);
    assert_eq!(refused.unwrap_err().number, 8114);
}

#[test]
fn a_variant_has_the_type_of_its_value() {
    let moment = datetime!(2026-03-01 12:00:00.003);
    for (value, data_type) in [
        (Value::Bit(true), DataType::Bit),
        (Value::Int(7), DataType::Int),
        (Value::Int(i64::MAX), DataType::BigInt),
        (Value::Float(0.5), DataType::Float),
        (Value::Text("é".to_owned()), DataType::NVarChar(Some(1))),
        (Value::Bytes(vec![1, 2]), DataType::VarBinary(Some(2))),
        (Value::Guid(uuid::Uuid::nil()), DataType::UniqueIdentifier),
        (Value::Moment(moment), DataType::DateTime),
        (Value::ZonedMoment(moment, 60), DataType::DateTimeOffset(7)),
        (Value::Null, DataType::Variant),
    ] {
        assert_eq!(round_trip(DataType::Variant, &value), (data_type, value));
    }
}

#[test]
fn what_rounds_up_to_midnight_is_the_next_days() {
    let late = Value::Moment(datetime!(2026-12-31 23:59:59.9999999));
    let new_year = Value::Moment(datetime!(2027-01-01 0:00));
    for data_type in [DataType::DateTime, DataType::SmallDateTime, DataType::DateTime2(3)] {
        assert_eq!(round_trip(data_type, &late).1, new_year, "{data_type:?}");
    }
    assert_eq!(round_trip(DataType::Time(0), &late).1, Value::Moment(datetime!(1900-01-01 0:00)));
    let half = Value::Moment(datetime!(2026-01-01 10:00:29.999));
    assert_eq!(round_trip(DataType::SmallDateTime, &half).1, Value::Moment(datetime!(2026-01-01 10:00)));
    // The end of time has no next day.
    assert_eq!(number_of(DataType::DateTime2(0), &Value::Moment(datetime!(9999-12-31 23:59:59.9))), 8114);
}

#[test]
fn ticks_are_shown_as_the_server_shows_them() {
    for (nanoseconds, shown) in
        [(1_000_000, 0), (2_000_000, 3), (4_000_000, 3), (5_000_000, 7), (9_000_000, 10)]
    {
        let moment = datetime!(2026-01-01 0:00) + time::Duration::nanoseconds(nanoseconds);
        let expected = datetime!(2026-01-01 0:00) + time::Duration::milliseconds(shown);
        assert_eq!(round_trip(DataType::DateTime, &Value::Moment(moment)).1, Value::Moment(expected));
    }
}

#[test]
fn a_value_that_its_type_cannot_hold_is_an_error_and_no_null() {
    let text = |text: &str| Value::Text(text.to_owned());
    for (data_type, value, number) in [
        (DataType::Int, text("abc"), 8114),
        (DataType::Int, Value::Int(1 << 40), 8115),
        (DataType::TinyInt, Value::Int(-1), 8115),
        (DataType::Float, text("1"), 8114),
        (DataType::Real, Value::Float(1e300), 8115),
        (DataType::Decimal { precision: 3, scale: 1 }, Value::Int(100), 8115),
        (DataType::SmallMoney, Value::Decimal(1 << 40), 8115),
        (DataType::UniqueIdentifier, text("nonsense"), 8114),
        (DataType::VarBinary(None), text("a"), 8114),
        (DataType::NVarChar(Some(2)), text("abc"), 8152),
        (DataType::VarChar(Some(2)), text("abc"), 8152),
        (DataType::Variant, text(&"x".repeat(4001)), 8152),
        (DataType::DateTime, Value::Moment(datetime!(1752-12-31 0:00)), 8114),
        (DataType::SmallDateTime, Value::Moment(datetime!(1899-12-31 0:00)), 8114),
        (DataType::NVarChar(None), Value::Bytes(vec![1]), 8114),
    ] {
        assert_eq!(number_of(data_type, &value), number, "{data_type:?} {value:?}");
    }
    // What has a right conversion is converted.
    let same = |data_type, value| round_trip(data_type, &value).1;
    assert_eq!(same(DataType::Int, text(" 7 ")), Value::Int(7));
    assert_eq!(same(DataType::Decimal { precision: 5, scale: 2 }, Value::Int(7)), Value::Decimal(700));
    assert_eq!(same(DataType::Char(3), text("a")), text("a  "));
    assert_eq!(same(DataType::NChar(2), text("a")), text("a "));
    assert_eq!(same(DataType::Binary(2), Value::Bytes(vec![1])), Value::Bytes(vec![1, 0]));
}

#[test]
fn a_client_of_tds_7_2_reads_the_newer_types_as_text() {
    let column = |data_type| Column { name: String::new(), data_type, nullable: true };
    let old = for_version(column(DataType::DateTime2(3)), 0x7209_0002);
    let moment = Value::Moment(datetime!(2026-03-01 12:00:00.5));
    assert_eq!(round_trip(old.data_type, &moment).1, Value::Text("2026-03-01 12:00:00.5000000".to_owned()));
    let date = for_version(column(DataType::Date), 0x7209_0002);
    assert_eq!(round_trip(date.data_type, &moment).1, Value::Text("2026-03-01".to_owned()));
    for version in [0x730a_0003, 0x7400_0004, 0x0800_0000] {
        assert_eq!(for_version(column(DataType::Date), version).data_type, DataType::Date);
    }
}

#[test]
fn sizes_that_no_type_has_are_malformed() {
    for bytes in [
        &[0x26, 3, 3, 1, 2, 3][..],
        &[0x26, 4, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        &[0x68, 2, 1, 1],
        &[0x28, 4, 1, 2, 3, 4],
        &[0x2a, 7, 7, 1, 2, 3, 4, 5, 6, 7],
        &[0x6c, 17, 38, 0, 6, 1, 0, 0, 0, 0, 0],
        &[0x62, 0, 0, 0, 0, 7, 0, 0, 0, 0x38, 0, 7, 0, 0, 0, 0],
    ] {
        let read = read(&mut Reader::new(bytes));
        assert!(matches!(read, Err(ReadError::Malformed(_))), "{bytes:x?}: {read:?}");
    }
}
