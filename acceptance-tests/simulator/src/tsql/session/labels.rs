//! Labels and GOTO: where a jump may go.
//!
//! A jump goes to a label of its own list of statements or of one that encloses it, and never into TRY or CATCH (1026).
//! The server also jumps into other blocks, which is not modelled.

use super::super::ast::{Statement, StatementKind};
use super::super::error::{self, SqlError, raise};
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
        let entered: Vec<bool> =
            entered.filter(|(own, from)| Some(*own) != *from).map(|(own, _)| own.1).collect();
        if entered.contains(&true) {
            return Err(raise!(1026).at_line(line));
        }
        if !entered.is_empty() {
            return Err(error::not_modelled("GOTO into a block").at_line(line));
        }
    }
    Ok(())
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
