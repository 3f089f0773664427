//! The statements of the link's life that only read: asked of a real engine and of its twin, and compared.
//!
//! The list is text (`statements.sql`). Above each statement is a line of its own: `-- statement NAME`, then in any order
//! `server` or `instance` for one kind of engine alone, `since MAJOR` and `until MAJOR` for versions, and `values` where
//! the rows have to be the same as well.

use super::engine::{Engine, Kind};
use super::report::{Finding, Outcome, Verdict};
use super::server::{ResultSet, SqlFailure};

static TEXT: &str = include_str!("statements.sql");

/// A statement and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    name: &'static str,
    kind: Option<Kind>,
    since: u8,
    until: u8,
    values: bool,
    text: &'static str,
}

/// A word of the list that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the list of statements says `{0}`, which means nothing")]
struct Unread(String);

/// A finding for each statement that this engine has.
pub(super) async fn findings(engine: &mut Engine) -> Vec<Finding> {
    let mut findings = Vec::new();
    for statement in statements().into_iter().flatten() {
        let (kind, major) = (engine.kind, engine.facts.major);
        if statement.kind.is_some_and(|only| only != kind)
            || !(statement.since..=statement.until).contains(&major)
        {
            continue;
        }
        let real = engine.ask(statement.text).await;
        let twin = engine.ask_twin(statement.text).await;
        findings.push(Finding {
            id: format!("statement {} {}", kind.word(), statement.name),
            question: "Does it end alike?".to_owned(),
            expected: told(&twin, statement.values),
            outcome: compare(&real, &twin, statement.values, engine.facts.sees_all),
        });
    }
    findings
}

/// The list.
fn statements() -> Result<Vec<Statement>, Unread> {
    // What stands before the first is about all of them.
    TEXT.split("\n-- statement ").skip(1).map(statement).collect()
}

fn statement(part: &'static str) -> Result<Statement, Unread> {
    let (head, text) = part.split_once('\n').ok_or_else(|| Unread(part.to_owned()))?;
    let mut words = head.split_whitespace();
    let name = words.next().ok_or_else(|| Unread(head.to_owned()))?;
    let mut one = Statement { name, kind: None, since: 0, until: u8::MAX, values: false, text: text.trim() };
    while let Some(word) = words.next() {
        let mut version =
            || words.next().and_then(|number| number.parse().ok()).ok_or_else(|| Unread(head.to_owned()));
        match word {
            "server" => one.kind = Some(Kind::Server),
            "instance" => one.kind = Some(Kind::Instance),
            "since" => one.since = version()?,
            "until" => one.until = version()?,
            "values" => one.values = true,
            other => return Err(Unread(other.to_owned())),
        }
    }
    Ok(one)
}

type Answer = Result<ResultSet, SqlFailure>;

fn compare(real: &Answer, twin: &Answer, values: bool, sees_all: bool) -> Outcome {
    let verdict = match (real, twin) {
        (_, Err(failure)) if failure.is_left_out() => Verdict::open(failure.to_string()),
        (Err(failure), _) if failure.number().is_none() => Verdict::open("there was no answer"),
        (Err(failure), Ok(_)) if failure.is_denied() => Verdict::open("the login may not"),
        // A lock was held for too long, or a deadlock lost.
        (Err(failure), _) if matches!(failure.number(), Some(1222 | 1205)) => {
            Verdict::open("the server was busy")
        }
        (Ok(real), Ok(twin))
            if values && real.columns == twin.columns && real.rows != twin.rows && !sees_all =>
        {
            Verdict::open("the login does not see all definitions, and the rows differ")
        }
        (Ok(real), Ok(twin)) => {
            Verdict::of(real.columns == twin.columns && (!values || real.rows == twin.rows))
        }
        (Err(real), Err(twin)) => Verdict::of(number_and_class(real) == number_and_class(twin)),
        _ => Verdict::Contradicted,
    };
    let agreed = verdict == Verdict::Confirmed;
    let outcome = Outcome::new(verdict);
    if agreed { outcome } else { outcome.with(told(real, values)) }
}

fn number_and_class(failure: &SqlFailure) -> Option<(u32, u8)> {
    match failure {
        SqlFailure::Server { number, class, .. } => Some((*number, *class)),
        _ => None,
    }
}

/// An answer in a line: of a result set the columns, and the rows where they count.
fn told(answer: &Answer, values: bool) -> String {
    match answer {
        Err(failure) => failure.to_string(),
        Ok(set) => {
            let columns: Vec<String> =
                set.columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            let mut told = columns.join(", ");
            for row in set.rows.iter().filter(|_| values) {
                let row: Vec<&str> = row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
                told += &format!(" | {}", row.join(", "));
            }
            told
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tsql::read_only;

    fn error(number: u32, class: u8) -> Answer {
        Err(SqlFailure::Server { number, class, state: 1, text: "No.".to_owned() })
    }

    fn rows(columns: &[(&str, &'static str)], value: &str) -> Answer {
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        Ok(ResultSet { columns, rows: vec![vec![Some(value.to_owned())]] })
    }

    #[test]
    fn every_statement_of_the_list_only_reads() {
        let statements = statements().unwrap();
        assert!(statements.len() > 40, "{}", statements.len());
        let names: BTreeSet<_> = statements.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), statements.len(), "two statements have one name");
        for one in statements {
            let version = one.since.clamp(13, 17);
            assert_eq!(read_only::check(one.text, version), Ok(()), "{}", one.name);
        }
    }

    #[test]
    fn heads_say_where_a_statement_is_asked() {
        let one = statement("groups since 14 values server until 16\nSELECT 1\n").unwrap();
        assert_eq!(
            one,
            Statement {
                name: "groups",
                kind: Some(Kind::Server),
                since: 14,
                until: 16,
                values: true,
                text: "SELECT 1"
            }
        );
        for wrong in ["x sometimes\nSELECT 1", "x since\nSELECT 1", "\nSELECT 1", "x"] {
            assert!(statement(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_alike_is_confirmed() {
        let (a, b) = (rows(&[("n", "integer")], "1"), rows(&[("n", "integer")], "2"));
        let other = rows(&[("n", "nvarchar")], "1");
        let verdict = |real: &Answer, twin: &Answer, values| compare(real, twin, values, true).verdict;
        assert_eq!(verdict(&a, &b, false), Verdict::Confirmed);
        assert_eq!(verdict(&a, &b, true), Verdict::Contradicted);
        assert_eq!(verdict(&a, &other, false), Verdict::Contradicted);
        assert!(matches!(compare(&a, &b, true, false).verdict, Verdict::Open(_)), "rows may be hidden");
        assert_eq!(verdict(&error(207, 16), &error(207, 16), false), Verdict::Confirmed);
        assert_eq!(verdict(&error(207, 16), &error(207, 15), false), Verdict::Contradicted);
        assert_eq!(verdict(&error(207, 16), &a, false), Verdict::Contradicted);
        assert_eq!(verdict(&a, &error(207, 16), false), Verdict::Contradicted);
    }

    #[test]
    fn what_says_nothing_is_open() {
        let here = rows(&[("n", "integer")], "1");
        let lost = Err(SqlFailure::Lost("gone".to_owned()));
        let left_out = error(u32::try_from(crate::tsql::NOT_MODELLED).unwrap(), 16);
        for (real, twin) in
            [(&error(300, 14), &here), (&lost, &here), (&error(1222, 16), &here), (&here, &left_out)]
        {
            let outcome = compare(real, twin, false, true);
            assert!(matches!(outcome.verdict, Verdict::Open(_)), "{outcome:?}");
            assert!(!outcome.evidence.is_empty());
        }
    }
}
