//! The engine's own objects and their columns: the views and procedures that the simulator has.

use super::super::ddl::issuer;
use super::super::schema::{self, Scope, View};
use super::super::value::{Type, decimal};
use super::{Row, Viewer, bit, moment, none_or, number, text};
use crate::world::build::Equipment;

/// A procedure of `sys`: name and type (`X` extended, `P` T-SQL).
const PROCEDURES: [(&str, &str); 17] = [
    ("sp_certificate_add_issuer", "X"),
    ("sp_certificate_drop_issuer", "X"),
    ("sp_certificate_issuers", "X"),
    ("sp_get_endpoint_certificate", "X"),
    ("sp_multidb_milink", "X"),
    ("sp_validate_certificate_ca_chain", "P"),
    ("sp_configure", "P"),
    ("sp_executesql", "X"),
    ("sp_getapplock", "P"),
    ("sp_prepare", "X"),
    ("sp_releaseapplock", "P"),
    ("sp_reset_connection", "X"),
    ("sp_addsrvrolemember", "P"),
    ("sp_dropsrvrolemember", "P"),
    ("sp_addrolemember", "P"),
    ("sp_droprolemember", "P"),
    ("sp_availability_group_command_internal", "X"),
];

/// `schema_id` of dbo and of sys.
const DBO: i32 = 1;
const SYS: i32 = 4;

/// An object with its number.
struct Object {
    name: &'static str,
    id: i32,
    schema: i32,
    kind: &'static str,
    view: Option<&'static View>,
}

/// The objects of an engine, as one sees them in a database. System objects have negative numbers, and the same in every
/// database.
fn all(engine: Equipment, database: &str) -> Vec<Object> {
    let has = |name: &str| issuer::needs(name).is_none_or(|capability| engine.has(capability));
    let procedures = (1..)
        .zip(PROCEDURES)
        .filter(|(_, (name, _))| has(name))
        .map(|(place, (name, kind))| Object { name, id: -1_000_000 - place, schema: SYS, kind, view: None });
    let mut views: Vec<&'static View> = schema::views().collect();
    views.sort_by_key(|view| (view.schema, view.name));
    let views =
        (1..).zip(views).filter(|(_, view)| view.first <= engine.build.major).filter_map(|(place, view)| {
            let table = view.scope == Scope::Msdb;
            (!table || database == "msdb").then_some(Object {
                name: view.name,
                id: if table { 1_000_000 + place } else { -place },
                schema: if table { DBO } else { SYS },
                kind: if table { "U" } else { "V" },
                view: Some(view),
            })
        });
    procedures.chain(views).collect()
}

/// `OBJECT_ID` of a name without brackets and database, schema last but one.
pub(crate) fn object_id(
    engine: Equipment,
    database: &str,
    (schema, name): (&str, &str),
    kind: Option<&str>,
) -> Option<i32> {
    let schema = match schema {
        "sys" => SYS,
        "dbo" => DBO,
        _ => return None,
    };
    let found = all(engine, database).into_iter().find(|one| one.name == name && one.schema == schema)?;
    kind.is_none_or(|kind| kind.trim_end().eq_ignore_ascii_case(found.kind)).then_some(found.id)
}

/// The name of an object and the number of its schema.
pub(crate) fn object_name(
    engine: Equipment,
    database: &str,
    id: i64,
) -> Option<(&'static str, &'static str)> {
    let found = all(engine, database).into_iter().find(|one| i64::from(one.id) == id)?;
    Some((found.name, if found.schema == SYS { "sys" } else { "dbo" }))
}

/// The name of a column by its place.
pub(crate) fn column_name(engine: Equipment, database: &str, id: i64, place: i64) -> Option<&'static str> {
    let view = all(engine, database).into_iter().find(|one| i64::from(one.id) == id)?.view?;
    let place = usize::try_from(place).ok()?.checked_sub(1)?;
    view.columns_of(engine.build.major).nth(place).map(|column| column.name)
}

pub(super) fn objects(viewer: &Viewer<'_>, view: &str) -> Vec<Row> {
    let made = time::macros::datetime!(2009-04-13 12:59:06.030 UTC);
    let row = |object: Object| {
        let description = match object.kind {
            "U" => "USER_TABLE",
            "V" => "VIEW",
            "X" => "EXTENDED_STORED_PROCEDURE",
            _ => "SQL_STORED_PROCEDURE",
        };
        Row::from([
            ("name", text(object.name)),
            ("object_id", number(object.id)),
            ("schema_id", number(object.schema)),
            ("parent_object_id", number(0)),
            ("type", text(format!("{:<2}", object.kind))),
            ("type_desc", text(description)),
            ("create_date", moment(made)),
            ("modify_date", moment(made)),
            ("is_ms_shipped", bit(true)),
            ("is_published", bit(false)),
            ("is_schema_published", bit(false)),
        ])
    };
    let system = |object: &Object| view != "system_objects" || object.id < 0;
    all(viewer.equipment(), viewer.database).into_iter().filter(system).map(row).collect()
}

pub(super) fn columns(viewer: &Viewer<'_>, view: &str) -> Vec<Row> {
    let version = viewer.engine.build.major;
    let mut rows = Vec::new();
    for object in all(viewer.equipment(), viewer.database) {
        let Some(of) = object.view.filter(|_| view != "system_columns" || object.id < 0) else { continue };
        for (place, column) in (1..).zip(of.columns_of(version)) {
            let (system, user, bytes, precision, scale) = described(column.data_type);
            let words = column.data_type.family() == super::super::value::Family::Text;
            let keyword = column.name.ends_with("_desc") || matches!(column.data_type, Type::Char(_));
            let collation = if keyword { "Latin1_General_CI_AS_KS_WS" } else { &viewer.engine.collation };
            rows.push(Row::from([
                ("object_id", number(object.id)),
                ("name", text(column.name)),
                ("column_id", number(place)),
                ("system_type_id", number(system)),
                ("user_type_id", number(user)),
                ("max_length", number(bytes)),
                ("precision", number(precision)),
                ("scale", number(scale)),
                ("collation_name", none_or(words.then_some(collation), text)),
                ("is_nullable", bit(column.nullable)),
                ("is_identity", bit(false)),
                ("is_computed", bit(false)),
            ]));
        }
    }
    rows
}

/// `COL_LENGTH`: bytes; -1 for `max`.
pub(crate) fn bytes(data_type: Type) -> i32 {
    described(data_type).2
}

/// `system_type_id`, `user_type_id`, `max_length` in bytes, `precision` and `scale`.
pub(crate) fn described(data_type: Type) -> (i32, i32, i32, i32, i32) {
    let length = |length: Option<u16>, width: i32| length.map_or(-1, |length| i32::from(length) * width);
    let (id, bytes, precision, scale) = match data_type {
        Type::Bit => (104, 1, 1, 0),
        Type::TinyInt => (48, 1, 3, 0),
        Type::SmallInt => (52, 2, 5, 0),
        Type::Int | Type::Null => (56, 4, 10, 0),
        Type::BigInt => (127, 8, 19, 0),
        Type::SmallMoney => (122, 4, 10, 4),
        Type::Money => (60, 8, 19, 4),
        Type::Numeric(precision, scale) => {
            (108, decimal::bytes(precision).into(), precision.into(), scale.into())
        }
        Type::Real => (59, 4, 24, 0),
        Type::Float => (62, 8, 53, 0),
        Type::VarChar(characters) => (167, length(characters, 1), 0, 0),
        Type::NVarChar(characters) => (231, length(characters, 2), 0, 0),
        Type::Char(characters) => (175, length(Some(characters), 1), 0, 0),
        Type::NChar(characters) => (239, length(Some(characters), 2), 0, 0),
        Type::VarBinary(bytes) => (165, length(bytes, 1), 0, 0),
        Type::Binary(bytes) => (173, length(Some(bytes), 1), 0, 0),
        Type::UniqueIdentifier => (36, 16, 0, 0),
        Type::Date => (40, 3, 10, 0),
        Type::Time(scale) => (41, 5, 8 + i32::from(scale) + i32::from(scale > 0), scale.into()),
        Type::DateTime => (61, 8, 23, 3),
        Type::SmallDateTime => (58, 4, 16, 0),
        Type::DateTime2(scale) => (42, 8, 19 + i32::from(scale) + i32::from(scale > 0), scale.into()),
        Type::DateTimeOffset(scale) => (43, 10, 26 + i32::from(scale) + i32::from(scale > 0), scale.into()),
        Type::Variant => (98, 8016, 0, 0),
    };
    let user = if data_type == Type::SYSNAME { 256 } else { id };
    (id, user, bytes, precision, scale)
}

/// The schemas that every database has.
pub(super) fn schemas() -> Vec<Row> {
    SCHEMAS
        .iter()
        .map(|(name, id)| {
            Row::from([("name", text(*name)), ("schema_id", number(*id)), ("principal_id", number(*id))])
        })
        .collect()
}

/// Each belongs to the principal of its name and number.
pub(crate) const SCHEMAS: [(&str, i32); 13] = [
    ("dbo", DBO),
    ("guest", 2),
    ("INFORMATION_SCHEMA", 3),
    ("sys", SYS),
    ("db_owner", 16384),
    ("db_accessadmin", 16385),
    ("db_securityadmin", 16386),
    ("db_ddladmin", 16387),
    ("db_backupoperator", 16389),
    ("db_datareader", 16390),
    ("db_datawriter", 16391),
    ("db_denydatareader", 16392),
    ("db_denydatawriter", 16393),
];
