//! Functions about objects and their columns.

use rusqlite::types::Value;

use super::super::catalog;
use super::super::schema;
use super::Arguments;
use super::principals::Caller;
use crate::world::build::Equipment;
use crate::world::security::Securable;

/// A function of this module; nothing is NULL.
pub(super) fn call(
    caller: Caller<'_>,
    function: &str,
    arguments: Arguments<'_>,
    temporary: &[String],
) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let build = caller.engine.build;
    let engine = Equipment::of(build, &caller.estate.opposites);
    let of = |id| catalog::object_name(engine, caller.database, id);
    match function {
        "OBJECT_ID" => {
            let name = arguments.text(0)?;
            let own = temporary_id(caller, name, temporary);
            own.or_else(|| id(caller, name, arguments.text(1))).map(|id| Value::Integer(id.into()))
        }
        "OBJECT_NAME" => of(arguments.whole(0)?).and_then(|(name, _)| text(name)),
        "OBJECT_SCHEMA_NAME" => of(arguments.whole(0)?).and_then(|(_, schema)| text(schema)),
        "COL_NAME" => {
            let name =
                catalog::column_name(engine, caller.database, arguments.whole(0)?, arguments.whole(1)?);
            name.and_then(text)
        }
        "COL_LENGTH" => {
            let (database, schema, object) = resolve(caller, arguments.text(0)?)?;
            let collation = caller.engine.comparing();
            let view = schema::view(&schema, &object)?;
            let there =
                view.first <= build.major && (view.scope != schema::Scope::Msdb || database == "msdb");
            let wanted = collation.lower(arguments.text(1)?);
            let column = view.columns_of(build.major).find(|one| collation.lower(one.name) == wanted)?;
            there.then(|| Value::Integer(catalog::bytes(column.data_type).into()))
        }
        _ => None,
    }
}

/// The number of a system object by a name of one to three parts.
pub(super) fn id(caller: Caller<'_>, name: &str, kind: Option<&str>) -> Option<i32> {
    let engine = Equipment::of(caller.engine.build, &caller.estate.opposites);
    let (database, schema, object) = resolve(caller, name)?;
    let found = catalog::object_id(engine, &database, (&schema, &object), kind);
    // System procedures are found without their schema.
    let system =
        || object.starts_with("sp_").then(|| catalog::object_id(engine, &database, ("sys", &object), kind));
    found.or_else(|| system().flatten())
}

/// A system object as a securable, with its number.
pub(super) fn securable(caller: Caller<'_>, name: &str) -> Option<(Securable, i32)> {
    let id = id(caller, name, None)?;
    let (database, ..) = resolve(caller, name)?;
    let engine = Equipment::of(caller.engine.build, &caller.estate.opposites);
    let (object, schema) = catalog::object_name(engine, &database, id.into())?;
    Some((Securable::Object(database, format!("{schema}.{object}")), id))
}

/// Database, schema and name, in the spelling of the system's makers where the collation takes them for the same.
fn resolve(caller: Caller<'_>, name: &str) -> Option<(String, String, String)> {
    let collation = caller.engine.comparing();
    let parts = parts(name)?;
    let (database, schema, object) = match parts.as_slice() {
        [object] => (caller.database, "dbo", object),
        [schema, object] => (caller.database, schema.as_str(), object),
        [database, schema, object] => (database.as_str(), schema.as_str(), object),
        _ => return None,
    };
    let database = caller.engine.database(database)?.name.clone();
    let schema = if schema.is_empty() { "dbo" } else { schema };
    Some((database, collation.lower(schema), collation.lower(object)))
}

/// A temporary table of the session, which lies in `tempdb`.
fn temporary_id(caller: Caller<'_>, name: &str, temporary: &[String]) -> Option<i32> {
    let parts = parts(name)?;
    let in_tempdb = match parts.as_slice() {
        [database, _, _] => caller.engine.same_name(database, "tempdb"),
        [_] | [_, _] => caller.database == "tempdb",
        _ => false,
    };
    let object = parts.last().filter(|_| in_tempdb)?;
    let place = temporary.iter().position(|known| caller.engine.same_name(known, object))?;
    i32::try_from(place).ok().map(|place| -1_500_000_000 - place)
}

/// The parts of a name, without brackets and quotes; nothing for a name that is none.
fn parts(name: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut current = String::new();
    let mut letters = name.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        let end = match letter {
            '[' => ']',
            '"' => '"',
            '.' => {
                parts.push(std::mem::take(&mut current));
                continue;
            }
            other => {
                current.push(other);
                continue;
            }
        };
        loop {
            match letters.next()? {
                one if one == end && letters.peek() == Some(&end) => {
                    letters.next();
                    current.push(end);
                }
                one if one == end => break,
                one => current.push(one),
            }
        }
    }
    parts.push(current);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_taken_apart_as_they_are_quoted() {
        assert_eq!(parts("sys.databases"), Some(vec!["sys".into(), "databases".into()]));
        assert_eq!(parts("[a.b]..\"c\"\"d\""), Some(vec!["a.b".into(), String::new(), "c\"d".into()]));
        assert_eq!(parts("[a]]b]"), Some(vec!["a]b".into()]));
        assert_eq!(parts("[open"), None);
    }
}
