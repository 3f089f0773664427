//! Recursive common tables: SQLite's own, with the depth of each row, so that MAXRECURSION ends them (530).

use std::ops::ControlFlow;

use sqlparser::ast::{Cte, ObjectName, Query, SetExpr, SetOperator, SetQuantifier, Visit, Visitor};

use super::super::error::{self, SqlError, raise};
use super::from::{parts, renamed};
use super::{Column, CommonTable, Compiler};

/// How deep a recursion may go where OPTION (MAXRECURSION) does not say so; 0 is without end.
/// [learn.microsoft.com: "WITH common_table_expression"]
pub(super) const MAXIMUM: u16 = 100;

impl Compiler<'_> {
    /// The definition of a common table that names itself: SQLite's name, text and columns. Nothing where it does not.
    ///
    /// # Errors
    /// 252 where the form is another, 240 and 205 where the two parts do not fit.
    pub(super) fn recursive(&mut self, cte: &Cte) -> Result<Option<(String, String, Vec<Column>)>, SqlError> {
        let own = self.fold(&cte.alias.name.value);
        if !self.names_table(&cte.query, &own) {
            return Ok(None);
        }
        let form = || raise!(252, cte.alias.name.value);
        let SetExpr::SetOperation {
            left: anchor,
            op: SetOperator::Union,
            set_quantifier: SetQuantifier::All,
            right: step,
        } = &*cte.query.body
        else {
            return Err(form());
        };
        let SetExpr::Select(step) = &**step else { return Err(form()) };
        let (anchor, columns) = self.set_expression(anchor)?;
        let columns = renamed(columns, &cte.alias)?;
        let name = self.alias('w');
        let table = CommonTable { text: name.clone(), columns: columns.clone(), in_recursion: true };
        self.common_tables.push(std::collections::HashMap::from([(own, table)]));
        let lowered = self.select(step, &[], None);
        self.common_tables.pop();
        let (step, found) = lowered?;
        if found.len() != columns.len() {
            return Err(error::unequal_set_operands());
        }
        let differs = columns
            .iter()
            .zip(&found)
            .find(|(one, other)| one.data_type.base_name() != other.data_type.base_name());
        if let Some((column, _)) = differs {
            return Err(raise!(240, column.name, cte.alias.name.value));
        }
        let text = format!("SELECT *, 0 AS d FROM ({anchor}) UNION ALL {step}");
        Ok(Some((name, text, columns)))
    }

    /// Whether a query reads a table of that folded name, as a name of one part.
    fn names_table(&self, query: &Query, wanted: &str) -> bool {
        struct Find<'a, 'b>(&'a Compiler<'b>, &'a str);
        impl Visitor for Find<'_, '_> {
            type Break = ();
            fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
                match parts(relation).as_deref() {
                    Ok([one]) if self.0.fold(one) == self.1 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            }
        }
        query.visit(&mut Find(self, wanted)).is_break()
    }
}
