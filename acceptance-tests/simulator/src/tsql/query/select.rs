//! SELECT, common table expressions, grouping, and what a whole query adds to them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, Function, GroupByExpr, Ident, LimitClause, ObjectName, OrderByExpr, OrderByKind, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Top, TopQuantity, Visit, Visitor,
};

use super::super::error::{self, SqlError, raise};
use super::super::parser::MAX_RECURSION;
use super::super::value::Type;
use super::from::{parts, renamed};
use super::lateral::reads_one_row;
use super::set::direction;
use super::{Column, CommonTable, Compiler, Lowered, SelectScope, collated, document, functions};

impl Compiler<'_> {
    /// The query of a statement: the only place where variables may be assigned and rows stored.
    pub(super) fn top_query(&mut self, query: &Query) -> Result<(String, Vec<Column>), SqlError> {
        if let SetExpr::Select(select) = &*query.body {
            self.assignments = assignments(select)?;
            if let Some(into) = &select.into {
                self.into = Some(into_target(into)?);
            }
        }
        for setting in query.settings.iter().flatten() {
            if setting.key.value == MAX_RECURSION {
                self.max_recursion = setting.value.to_string();
            }
        }
        if !self.assignments.is_empty() {
            document::refuse(query, document::Writer::Assignment)?;
        } else if self.into.is_some() {
            document::refuse(query, document::Writer::SelectInto)?;
        }
        self.is_document = query.for_clause.is_some();
        self.with_document(query, true)
    }

    /// A subquery.
    pub(super) fn query(&mut self, query: &Query) -> Result<(String, Vec<Column>), SqlError> {
        let cut = query.limit_clause.is_some() || query.fetch.is_some() || query.for_clause.is_some();
        let top = matches!(&*query.body, SetExpr::Select(select) if select.top.is_some());
        if query.order_by.is_some() && !cut && !top {
            return Err(raise!(1033));
        }
        if let SetExpr::Select(select) = &*query.body {
            if select.into.is_some() {
                return Err(error::syntax("INTO", true, 0));
            }
            if !assignments(select)?.is_empty() {
                return Err(error::syntax("=", false, 0));
            }
        }
        self.with_document(query, false)
    }

    /// Any query but for its FOR clause.
    pub(super) fn any_query(&mut self, query: &Query) -> Result<(String, Vec<Column>), SqlError> {
        if !query.locks.is_empty() || query.format_clause.is_some() {
            return Err(error::not_modelled("this clause of a query"));
        }
        let mut text = String::new();
        let depth = self.common_tables.len();
        if let Some(with) = &query.with {
            if with.recursive {
                // Other databases' word: here it would be the name of the common table.
                let name = with.cte_tables.first().map_or("", |cte| &cte.alias.name.value);
                return Err(error::syntax(name, false, 0));
            }
            for cte in &with.cte_tables {
                let (name, definition, columns) = match self.recursive(cte)? {
                    Some(recursive) => recursive,
                    None => {
                        let (definition, columns) = self.query(&cte.query)?;
                        (self.alias('w'), definition, renamed(columns, &cte.alias)?)
                    }
                };
                let separator = if text.is_empty() { "WITH RECURSIVE " } else { ", " };
                text.push_str(&format!("{separator}{name} AS ({definition})"));
                let table = CommonTable { text: name, columns, in_recursion: false };
                self.common_tables.push(HashMap::from([(self.fold(&cte.alias.name.value), table)]));
            }
            if !text.is_empty() {
                text.push(' ');
            }
        }
        let result = self.body_with_order(query);
        self.common_tables.truncate(depth);
        let (body, columns) = result?;
        Ok((text + &body, columns))
    }

    fn body_with_order(&mut self, query: &Query) -> Result<(String, Vec<Column>), SqlError> {
        let order: &[OrderByExpr] = match query.order_by.as_ref().map(|order| &order.kind) {
            Some(OrderByKind::Expressions(expressions)) => expressions,
            Some(OrderByKind::All(_)) => return Err(error::syntax("ALL", true, 0)),
            None => &[],
        };
        let limit = self.limit(query)?;
        match &*query.body {
            SetExpr::Select(select) => self.select(select, order, limit),
            body => {
                let (mut text, columns) = self.set_expression(body)?;
                if !order.is_empty() {
                    let mut keys = Vec::new();
                    for key in order {
                        keys.push(self.union_key(key, &columns)?);
                    }
                    text = format!("SELECT * FROM ({text}) ORDER BY {}", keys.join(", "));
                }
                text.push_str(&limit.unwrap_or_default());
                Ok((text, columns))
            }
        }
    }

    /// `OFFSET n ROWS FETCH NEXT m ROWS ONLY`.
    fn limit(&mut self, query: &Query) -> Result<Option<String>, SqlError> {
        let offset = match &query.limit_clause {
            None => None,
            Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), limit_by })
                if limit_by.is_empty() =>
            {
                let count = self.expression(&offset.value)?;
                Some(self.row_count(&count, "1"))
            }
            Some(_) => return Err(error::syntax("LIMIT", false, 0)),
        };
        match (&query.fetch, &offset, &query.order_by) {
            (Some(_), None, _) => return Err(raise!(153, "NEXT", "FETCH")),
            (_, Some(_), None) => return Err(error::syntax("OFFSET", false, 0)),
            _ => {}
        }
        let count = match &query.fetch {
            None => None,
            Some(fetch) if fetch.with_ties || fetch.percent => {
                return Err(error::not_modelled("FETCH … WITH TIES or PERCENT"));
            }
            Some(fetch) => match &fetch.quantity {
                Some(quantity) => {
                    let count = self.expression(quantity)?;
                    Some(self.row_count(&count, "2"))
                }
                None => Some("1".to_owned()),
            },
        };
        Ok(match (offset, count) {
            (None, None) => None,
            (offset, count) => Some(format!(
                " LIMIT {} OFFSET {}",
                count.as_deref().unwrap_or("-1"),
                offset.as_deref().unwrap_or("0")
            )),
        })
    }

    pub(super) fn select(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: Option<String>,
    ) -> Result<(String, Vec<Column>), SqlError> {
        refuse_foreign_clauses(select)?;
        self.scopes.push(SelectScope::default());
        let result = self.select_in_scope(select, order, limit);
        self.scopes.pop();
        result
    }

    fn select_in_scope(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: Option<String>,
    ) -> Result<(String, Vec<Column>), SqlError> {
        let mut filters = Vec::new();
        self.recursion = None;
        let from = self.from(&select.from, &mut filters)?;
        let recursion = self.recursion.take();
        if let Some(selection) = &select.selection {
            filters.push(format!("({})", self.condition(selection)?));
        }
        let grouping = self.group_by(select, order)?;
        if let Some(sets) = &grouping.sets {
            return self.select_by_sets(select, order, limit, (&from, &filters), &grouping.keys, sets);
        }
        let group = grouping.texts();
        let (items, columns) = self.projection(&select.projection)?;
        let having = match &select.having {
            Some(having) => Some(self.condition(having)?),
            None => None,
        };
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        let mut text = String::from(if distinct { "SELECT DISTINCT " } else { "SELECT " });
        let ranked = select.top.as_ref().filter(|top| top.with_ties || top.percent);
        let mut named: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(position, item)| {
                let value = if distinct { collated(item) } else { item.text.clone() };
                format!("{value} AS c{position}")
            })
            .collect();
        if let Some(table) = recursion {
            let limit = self.max_recursion.clone();
            let depth = self.call("recursion", &[&format!("{table}.d"), &limit]);
            named.push(format!("{depth} AS d"));
        }
        let mut sort = Vec::new();
        if ranked.is_some() {
            for (place, key) in order.iter().enumerate() {
                sort.push(self.ranked_key(key, (&items, &columns), place, &mut named)?);
            }
            if distinct && named.len() > items.len() {
                return Err(raise!(145));
            }
        }
        text.push_str(&named.join(", "));
        if !from.is_empty() {
            text.push_str(" FROM ");
            text.push_str(&from);
        }
        if !filters.is_empty() {
            text.push_str(" WHERE ");
            text.push_str(&filters.join(" AND "));
        }
        if !group.is_empty() {
            text.push_str(" GROUP BY ");
            text.push_str(&group.join(", "));
        }
        if let Some(having) = having {
            text.push_str(" HAVING ");
            text.push_str(&having);
        }
        if let Some(top) = ranked {
            if limit.is_some() {
                return Err(error::top_with_offset());
            }
            return Ok((self.ranked_top(&text, top, &sort, columns.len())?, columns));
        }
        if !order.is_empty() {
            let mut keys = Vec::new();
            for key in order {
                if distinct && self.ordinal_of(&key.expr, &columns)?.is_none() {
                    let lowered = self.expression(&key.expr)?;
                    if !items.iter().any(|item| item.text == lowered.text) {
                        return Err(raise!(145));
                    }
                }
                keys.push(self.order_key(key, &items, &columns)?);
            }
            text.push_str(" ORDER BY ");
            text.push_str(&keys.join(", "));
        }
        match (&select.top, limit) {
            (Some(_), Some(_)) => return Err(error::top_with_offset()),
            (Some(top), None) => text.push_str(&self.top(top)?),
            (None, Some(limit)) => text.push_str(&limit),
            (None, None) => {}
        }
        Ok((text, columns))
    }

    pub(super) fn top(&mut self, top: &Top) -> Result<String, SqlError> {
        let count = self.top_count(top)?;
        Ok(format!(" LIMIT {}", self.row_count(&count, "0")))
    }

    /// A number of rows that is neither NULL nor negative; the kind says which clause it is of.
    fn row_count(&mut self, count: &Lowered, kind: &str) -> String {
        self.deduce(count, Type::BigInt);
        if count.text.bytes().all(|byte| byte.is_ascii_digit()) && kind != "2" {
            return count.text.clone();
        }
        self.call("row_count", &[kind, &count.text])
    }

    fn top_count(&mut self, top: &Top) -> Result<Lowered, SqlError> {
        match &top.quantity {
            Some(TopQuantity::Constant(count)) => Ok(Lowered::new(count.to_string(), Type::BigInt)),
            Some(TopQuantity::Expr(expression)) => self.expression(expression),
            None => Err(error::syntax("TOP", true, 0)),
        }
    }

    /// A sort key for [`Self::ranked_top`]: a column of the result, or a hidden one that is added to it.
    fn ranked_key(
        &mut self,
        key: &OrderByExpr,
        (items, columns): (&[Lowered], &[Column]),
        place: usize,
        named: &mut Vec<String>,
    ) -> Result<String, SqlError> {
        let lowered =
            match self.ordinal_of(&key.expr, columns)?.and_then(|found| Some((found, items.get(found)?))) {
                Some((found, item)) => Lowered { text: format!("c{found}"), ..item.clone() },
                None => {
                    let lowered = self.expression(&key.expr)?;
                    let name = match items.iter().position(|item| item.text == lowered.text) {
                        Some(found) => format!("c{found}"),
                        None => {
                            let hidden = format!("k{place}");
                            named.push(format!("{} AS {hidden}", lowered.text));
                            hidden
                        }
                    };
                    Lowered { text: name, ..lowered }
                }
            };
        Ok(format!("{}{}", self.sorted(&lowered), direction(key)?))
    }

    /// TOP … PERCENT and WITH TIES: rows up to a rank. Percents are rounded up to whole rows.
    pub(super) fn ranked_top(
        &mut self,
        text: &str,
        top: &Top,
        sort: &[String],
        width: usize,
    ) -> Result<String, SqlError> {
        if top.with_ties && sort.is_empty() {
            return Err(raise!(1062));
        }
        let count = self.top_count(top)?;
        let bound = if top.percent {
            if count.text.parse().is_ok_and(|percent: f64| !(0.0..=100.0).contains(&percent)) {
                return Err(raise!(1031));
            }
            let count = self.converted(count, Type::Float);
            format!("(r - 1) * 100.0 < ({}) * n", count.text)
        } else {
            format!("r <= ({})", self.row_count(&count, "0"))
        };
        let rank = if top.with_ties { "RANK" } else { "ROW_NUMBER" };
        let over = if sort.is_empty() { String::new() } else { format!("ORDER BY {}", sort.join(", ")) };
        let columns: Vec<String> = (0..width).map(|column| format!("c{column}")).collect();
        Ok(format!(
            "SELECT {} FROM (SELECT *, {rank}() OVER ({over}) AS r, COUNT(*) OVER () AS n FROM ({text})) WHERE {bound} \
             ORDER BY r",
            columns.join(", ")
        ))
    }

    pub(super) fn projection(
        &mut self,
        list: &[SelectItem],
    ) -> Result<(Vec<Lowered>, Vec<Column>), SqlError> {
        let mut items = Vec::new();
        let mut columns = Vec::new();
        for item in list {
            let (expression, name) = match item {
                SelectItem::UnnamedExpr(expression) => {
                    let assigned = assignment(item).map(|(_, value)| value);
                    let name = match expression {
                        Expr::Identifier(name) if !is_variable(name) => name.value.clone(),
                        Expr::CompoundIdentifier(parts) => {
                            parts.last().map_or(String::new(), |part| part.value.clone())
                        }
                        _ => String::new(),
                    };
                    (assigned.unwrap_or(expression), name)
                }
                SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.clone()),
                SelectItem::Wildcard(_) => {
                    self.all_columns(None, &mut items, &mut columns)?;
                    continue;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    self.all_columns(Some(name), &mut items, &mut columns)?;
                    continue;
                }
                _ => return Err(error::not_modelled("this form of select list")),
            };
            let lowered = self.expression(expression)?;
            // The catalog's own spelling wins over the query's, as on the server, but for an explicit alias.
            columns.push(Column { name, data_type: lowered.data_type, nullable: lowered.nullable });
            items.push(lowered);
        }
        Ok((items, columns))
    }

    fn all_columns(
        &mut self,
        name: Option<&ObjectName>,
        items: &mut Vec<Lowered>,
        columns: &mut Vec<Column>,
    ) -> Result<(), SqlError> {
        let wanted = match name {
            Some(name) => {
                let parts = parts(name)?;
                let last = parts.last().map_or(String::new(), |part| self.fold(part));
                Some((last, parts.join(".")))
            }
            None => None,
        };
        let scope = self.scopes.last();
        if let Some(scope) = scope.filter(|scope| scope.grouped.is_some()) {
            let table = scope.tables.first();
            let column = table.and_then(|table| table.columns.first()).map_or("*", |column| &column.name);
            return Err(error::not_grouped(table.map_or("", |table| &table.display), column));
        }
        let mut found = false;
        for table in scope.map(|scope| scope.tables.as_slice()).unwrap_or_default() {
            if wanted.as_ref().is_some_and(|(folded, _)| *folded != table.name) {
                continue;
            }
            found = true;
            for column in &table.columns {
                items.push(Lowered {
                    text: column.text.clone(),
                    data_type: column.data_type,
                    nullable: column.nullable,
                    collation: column.collation,
                });
                columns.push(Column {
                    name: column.name.clone(),
                    data_type: column.data_type,
                    nullable: column.nullable,
                });
            }
        }
        match (found, wanted) {
            (true, _) => Ok(()),
            (false, Some((_, display))) => Err(error::unknown_prefix(&display)),
            (false, None) => Err(error::no_table_for_star()),
        }
    }
}

/// Whether an identifier is a variable rather than a column.
pub(crate) fn is_variable(name: &Ident) -> bool {
    name.quote_style.is_none() && name.value.starts_with('@')
}

/// Clauses of other databases.
fn refuse_foreign_clauses(select: &Select) -> Result<(), SqlError> {
    let foreign = !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || !select.named_window.is_empty()
        || select.qualify.is_some()
        || select.exclude.is_some()
        || select.select_modifiers.is_some()
        || select.value_table_mode.is_some()
        || !select.optimizer_hints.is_empty()
        || select.top_before_distinct && select.distinct.is_some()
        || matches!(select.distinct, Some(Distinct::On(_)));
    if foreign { Err(error::not_modelled("this clause of SELECT")) } else { Ok(()) }
}

/// The variables that a select list assigns; all items or none (141).
fn assignments(select: &Select) -> Result<Vec<String>, SqlError> {
    let names: Vec<Option<String>> =
        select.projection.iter().map(|item| assignment(item).map(|(name, _)| name.value.clone())).collect();
    if names.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    names.into_iter().map(|name| name.ok_or_else(error::assignment_with_retrieval)).collect()
}

/// `@v = value`, which the crate reads as an alias.
fn assignment(item: &SelectItem) -> Option<(&Ident, &Expr)> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } if is_variable(alias) => Some((alias, expr)),
        _ => None,
    }
}

fn into_target(into: &sqlparser::ast::SelectInto) -> Result<String, SqlError> {
    match into.targets.as_slice() {
        [Expr::Identifier(name)] if name.value.starts_with('#') => Ok(name.value.clone()),
        _ => Err(error::not_modelled("SELECT … INTO but of temporary tables")),
    }
}

/// An aggregate anywhere but in a subquery or a window.
pub(super) fn has_aggregate(expression: &Expr) -> bool {
    struct Find {
        queries: u32,
    }
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.queries += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.queries -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            match expression {
                Expr::Function(Function { name, over: None, .. })
                    if self.queries == 0 && functions::is_aggregate(&name.to_string()) =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expression.visit(&mut Find { queries: 0 }).is_break()
}

/// A text of all rows, TOP 1, an aggregate without groups, one row that is read, or no FROM at all.
pub(super) fn returns_one_row_at_most(query: &Query) -> bool {
    match &*query.body {
        _ if query.for_clause.is_some() => true,
        SetExpr::Select(select) => {
            let top_one = select.top.as_ref().is_some_and(|top| match &top.quantity {
                Some(TopQuantity::Constant(count)) => *count <= 1,
                Some(TopQuantity::Expr(expression)) => matches!(expression.to_string().as_str(), "0" | "1"),
                None => false,
            });
            let grouped = matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if !keys.is_empty());
            let aggregate = select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => {
                    has_aggregate(expression)
                }
                _ => false,
            });
            top_one || select.from.is_empty() || reads_one_row(select) || (aggregate && !grouped)
        }
        SetExpr::Values(values) => values.rows.len() <= 1,
        SetExpr::Query(query) => returns_one_row_at_most(query),
        _ => false,
    }
}
