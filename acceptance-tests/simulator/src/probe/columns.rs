//! Every system view of the catalog, column by column: the real server's own description of itself against the
//! simulator's.

use std::collections::BTreeMap;

use super::engine::Engine;
use super::report::{Finding, Outcome, Verdict};
use super::server::{ResultSet, SqlFailure};

/// Both servers describe their views by this, in `master` and in msdb. A real one has hundreds more of them.
const SYSTEM: &str = "SELECT o.name AS view_name, c.column_id, c.name, c.system_type_id, c.max_length, c.precision, c.scale, \
    c.is_nullable FROM sys.all_columns AS c JOIN sys.all_objects AS o ON o.object_id = c.object_id \
    JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = N'sys' AND o.type = 'V'";

const MSDB: &str = "SELECT o.name AS view_name, c.column_id, c.name, c.system_type_id, c.max_length, c.precision, c.scale, \
    c.is_nullable FROM msdb.sys.all_columns AS c JOIN msdb.sys.all_objects AS o ON o.object_id = c.object_id \
    JOIN msdb.sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = N'dbo' AND o.type = 'U'";

/// A column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    place: u32,
    /// `nvarchar(128) not null`.
    described: String,
}

type Views = BTreeMap<String, Vec<Column>>;

/// A finding for each view that the simulator has.
pub(super) async fn findings(engine: &mut Engine) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (schema, statement) in [("sys", SYSTEM), ("msdb.dbo", MSDB)] {
        let twin = match engine.ask_twin(statement).await {
            Ok(answer) => views(&answer),
            Err(failure) => {
                findings.push(Finding {
                    id: format!("columns {} {schema}", engine.kind.word()),
                    question: format!("Which columns do the views of {schema} have?"),
                    expected: failure.to_string(),
                    outcome: Outcome::open("the simulator does not say"),
                });
                continue;
            }
        };
        let real = engine.ask(statement).await.map(|answer| views(&answer));
        for (view, columns) in &twin {
            let outcome = match &real {
                Ok(real) => compare(columns, real.get(view)),
                Err(failure) => Outcome::open(unread(failure)),
            };
            findings.push(Finding {
                id: format!("columns {} {schema}.{view}", engine.kind.word()),
                question: format!("Which columns does {schema}.{view} have, of which types?"),
                expected: format!("{} columns as in the simulator's table", columns.len()),
                outcome,
            });
        }
    }
    findings
}

fn unread(failure: &SqlFailure) -> String {
    if failure.is_denied() {
        "the login may not read the catalog there".to_owned()
    } else {
        format!("the catalog was not read: {failure}")
    }
}

fn views(answer: &ResultSet) -> Views {
    let mut views = Views::new();
    for row in 0..answer.rows.len() {
        let word = |column: &str| answer.value(row, column).unwrap_or_default();
        views.entry(word("view_name").to_owned()).or_default().push(Column {
            name: word("name").to_owned(),
            place: word("column_id").parse().unwrap_or_default(),
            described: described(word),
        });
    }
    for columns in views.values_mut() {
        columns.sort_by_key(|column| column.place);
    }
    views
}

/// A type as the catalog's numbers give it.
fn described<'a>(word: impl Fn(&str) -> &'a str) -> String {
    let bytes: i32 = word("max_length").parse().unwrap_or_default();
    let (precision, scale) = (word("precision"), word("scale"));
    let length = |width: i32| if bytes < 0 { "max".to_owned() } else { (bytes / width).to_string() };
    let named = match word("system_type_id") {
        "36" => "uniqueidentifier".to_owned(),
        "40" => "date".to_owned(),
        "41" => format!("time({scale})"),
        "42" => format!("datetime2({scale})"),
        "43" => format!("datetimeoffset({scale})"),
        "48" => "tinyint".to_owned(),
        "52" => "smallint".to_owned(),
        "56" => "int".to_owned(),
        "58" => "smalldatetime".to_owned(),
        "59" => "real".to_owned(),
        "61" => "datetime".to_owned(),
        "62" => "float".to_owned(),
        "98" => "sql_variant".to_owned(),
        "104" => "bit".to_owned(),
        "106" => format!("decimal({precision},{scale})"),
        "108" => format!("numeric({precision},{scale})"),
        "127" => "bigint".to_owned(),
        "165" => format!("varbinary({})", length(1)),
        "167" => format!("varchar({})", length(1)),
        "173" => format!("binary({})", length(1)),
        "175" => format!("char({})", length(1)),
        "231" => format!("nvarchar({})", length(2)),
        "239" => format!("nchar({})", length(2)),
        other => format!("type {other} of {bytes} bytes"),
    };
    format!("{named}{}", if word("is_nullable") == "0" { " not null" } else { "" })
}

fn compare(simulated: &[Column], real: Option<&Vec<Column>>) -> Outcome {
    let Some(real) = real else {
        return Outcome::new(Verdict::Contradicted).with("there is no such view, or it is not shown");
    };
    let mut differences = Vec::new();
    let of = |columns: &'_ [Column], name: &str| columns.iter().position(|column| column.name == name);
    for column in real {
        match of(simulated, &column.name).and_then(|place| simulated.get(place)) {
            None => differences.push(format!("{} {} is not in the simulator", column.name, column.described)),
            Some(own) if own.described != column.described => differences
                .push(format!("{} is {}, in the simulator {}", column.name, column.described, own.described)),
            Some(_) => {}
        }
    }
    for column in simulated.iter().filter(|column| of(real, &column.name).is_none()) {
        differences.push(format!("{} is in the simulator alone", column.name));
    }
    let order = |columns: &[Column], others: &[Column]| -> Vec<String> {
        let common = columns.iter().filter(|column| of(others, &column.name).is_some());
        common.map(|column| column.name.clone()).collect()
    };
    if order(simulated, real) != order(real, simulated) {
        differences.push("the order of the columns differs".to_owned());
    }
    let mut outcome = Outcome::new(Verdict::of(differences.is_empty()));
    outcome.evidence = differences;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(place: u32, name: &str, described: &str) -> Column {
        Column { name: name.to_owned(), place, described: described.to_owned() }
    }

    #[test]
    fn differences_are_named() {
        let simulated =
            [column(1, "name", "nvarchar(128) not null"), column(2, "state", "int"), column(3, "old", "bit")];
        assert_eq!(compare(&simulated, Some(&simulated.to_vec())).verdict, Verdict::Confirmed);
        assert_eq!(compare(&simulated, None).verdict, Verdict::Contradicted);
        let real = vec![
            column(1, "state", "tinyint"),
            column(2, "name", "nvarchar(128) not null"),
            column(3, "new", "int"),
        ];
        let outcome = compare(&simulated, Some(&real));
        assert_eq!(outcome.verdict, Verdict::Contradicted);
        assert_eq!(
            outcome.evidence,
            [
                "state is tinyint, in the simulator int",
                "new int is not in the simulator",
                "old is in the simulator alone",
                "the order of the columns differs",
            ]
        );
    }

    #[test]
    fn types_are_told_as_t_sql_writes_them() {
        for (kind, bytes, precision, scale, nullable, told) in [
            ("231", "256", "0", "0", "0", "nvarchar(128) not null"),
            ("231", "-1", "0", "0", "1", "nvarchar(max)"),
            ("108", "13", "25", "0", "1", "numeric(25,0)"),
            ("104", "1", "1", "0", "1", "bit"),
            ("241", "-1", "0", "0", "1", "type 241 of -1 bytes"),
        ] {
            let word = |column: &str| match column {
                "system_type_id" => kind,
                "max_length" => bytes,
                "precision" => precision,
                "scale" => scale,
                _ => nullable,
            };
            assert_eq!(described(word), told);
        }
    }
}
