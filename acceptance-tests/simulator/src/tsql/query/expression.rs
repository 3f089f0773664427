//! Expressions and conditions.
use sqlparser::ast::Expr;

use super::super::error::{self, SqlError};
use super::{Compiler, Lowered};

impl Compiler<'_> {
    /// Binds an expression.
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<Lowered, SqlError> {
        Err(error::not_modelled(&format!("the expression {expression}")))
    }

    /// Binds a condition.
    pub(super) fn condition(&mut self, expression: &Expr) -> Result<String, SqlError> {
        Err(error::not_modelled(&format!("the condition {expression}")))
    }
}
