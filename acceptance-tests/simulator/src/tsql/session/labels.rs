//! Labels and GOTO: where a jump may go.
//!
//! A jump goes to a label anywhere in its text, into blocks, branches and loops too, but never into TRY or CATCH (1026).
//! [learn.microsoft.com: "GOTO", "TRY...CATCH"]

use super::super::ast::{Statement, StatementKind};
use super::super::error::{SqlError, raise};
use crate::world::collation::Collation;

/// A label of a text, or a jump to one.
struct Place {
    name: String,
    /// Lists of statements around it, outermost first, by their number; the one of a TRY or CATCH is marked.
    path: Vec<(usize, bool)>,
    line: u32,
}

/// Checks all labels and jumps of a text.
///
/// # Errors
/// 132, 133, 1026.
pub(super) fn check(collation: Collation, statements: &[Statement]) -> Result<(), SqlError> {
    let mut labels: Vec<Place> = Vec::new();
    let mut jumps: Vec<Place> = Vec::new();
    let mut lists = 0;
    walk(statements, &mut vec![(0, false)], &mut lists, &mut |statement, path| match &statement.kind {
        StatementKind::Label(name) => {
            if labels.iter().any(|label| collation.equal(&label.name, &name.value)) {
                return Err(raise!(132, name.value).at_line(statement.line));
            }
            labels.push(Place { name: name.value.clone(), path: path.to_vec(), line: statement.line });
            Ok(())
        }
        StatementKind::Goto(name) => {
            jumps.push(Place { name: name.value.clone(), path: path.to_vec(), line: statement.line });
            Ok(())
        }
        _ => Ok(()),
    })?;
    for Place { name, path, line } in jumps {
        let Some(label) = labels.iter().find(|label| collation.equal(&label.name, &name)) else {
            return Err(raise!(133, name).at_line(line));
        };
        let entered = label.path.iter().zip(path.iter().map(Some).chain(std::iter::repeat(None)));
        let guarded = entered.filter(|(own, from)| Some(*own) != *from).any(|(own, _)| own.1);
        if guarded {
            return Err(raise!(1026).at_line(line));
        }
    }
    Ok(())
}

/// Whether a statement is that label, or a jump may enter it to reach the label.
pub(super) fn leads_to(collation: Collation, statement: &Statement, wanted: &str) -> bool {
    let leads = |inner: &Statement| leads_to(collation, inner, wanted);
    match &statement.kind {
        StatementKind::Label(name) => collation.equal(&name.value, wanted),
        StatementKind::Block(statements) => statements.iter().any(leads),
        StatementKind::If { then, otherwise, .. } => {
            leads(then) || otherwise.as_ref().is_some_and(|otherwise| leads(otherwise))
        }
        StatementKind::While { body, .. } => leads(body),
        _ => false,
    }
}

type Visit<'a> = dyn FnMut(&Statement, &[(usize, bool)]) -> Result<(), SqlError> + 'a;

fn walk(
    statements: &[Statement],
    path: &mut Vec<(usize, bool)>,
    lists: &mut usize,
    visit: &mut Visit<'_>,
) -> Result<(), SqlError> {
    for statement in statements {
        visit(statement, path)?;
        let mut inner = |statements: &[Statement], guarded| {
            *lists += 1;
            path.push((*lists, guarded));
            let walked = walk(statements, path, lists, visit);
            path.pop();
            walked
        };
        match &statement.kind {
            StatementKind::Block(statements) => inner(statements, false)?,
            StatementKind::TryCatch { attempt, handler } => {
                inner(attempt, true)?;
                inner(handler, true)?;
            }
            StatementKind::If { then, otherwise, .. } => {
                inner(std::slice::from_ref(then), false)?;
                if let Some(otherwise) = otherwise {
                    inner(std::slice::from_ref(otherwise), false)?;
                }
            }
            StatementKind::While { body, .. } => inner(std::slice::from_ref(body), false)?,
            _ => {}
        }
    }
    Ok(())
}
