//! GROUP BY with ROLLUP, CUBE and GROUPING SETS; GROUPING and GROUPING_ID.
//!
//! SQLite groups by one list of keys. Several sets are as many queries, one behind the other, each of which has NULL for the
//! keys that are not in its set. [learn.microsoft.com: "SELECT - GROUP BY", "GROUPING", "GROUPING_ID"]

use sqlparser::ast::{Distinct, Expr, GroupByExpr, GroupByWithModifier, OrderByExpr, Select, SelectItem};

use super::super::error::{self, SqlError, raise};
use super::super::value::Type;
use super::select::has_aggregate;
use super::set::direction;
use super::{Column, Compiler, Lowered, collated};

/// What a query groups by.
pub(super) struct Grouping {
    pub(super) keys: Vec<Key>,
    /// Sets of places of keys; nothing where it is all of them, once.
    pub(super) sets: Option<Vec<Vec<usize>>>,
}

/// An expression of GROUP BY.
pub(super) struct Key {
    text: String,
    /// With its collation.
    grouped: String,
}

impl Grouping {
    pub(super) fn texts(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.grouped.as_str()).collect()
    }
}

/// Sets that a query may have.
const MOST_SETS: usize = 4096;

impl Compiler<'_> {
    /// The grouping; also marks the scope, so that other columns are refused outside aggregates (8120).
    ///
    /// # Errors
    /// 10703, and those of the expressions.
    pub(super) fn group_by(&mut self, select: &Select, order: &[OrderByExpr]) -> Result<Grouping, SqlError> {
        let GroupByExpr::Expressions(expressions, modifiers) = &select.group_by else {
            return Err(error::syntax("ALL", true, 0));
        };
        let is_construct =
            |one: &Expr| matches!(one, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_));
        let constructs = expressions.iter().any(is_construct);
        if constructs && !modifiers.is_empty() {
            return Err(raise!(10703));
        }
        let mut keys: Vec<Key> = Vec::new();
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        if modifiers.is_empty() {
            for expression in expressions {
                let own = match expression {
                    Expr::Rollup(parts) => prefixes(&self.parts(parts, &mut keys)?),
                    Expr::Cube(parts) => subsets(&self.parts(parts, &mut keys)?),
                    Expr::GroupingSets(parts) => self.parts(parts, &mut keys)?,
                    single => vec![vec![self.key(single, &mut keys)?]],
                };
                sets = sets
                    .iter()
                    .flat_map(|set| own.iter().map(move |more| [set.as_slice(), more].concat()))
                    .collect();
                if sets.len() > MOST_SETS {
                    return Err(error::not_modelled("more than 4096 grouping sets"));
                }
            }
        } else {
            let mut parts = Vec::new();
            for expression in expressions {
                parts.push(vec![self.key(expression, &mut keys)?]);
            }
            sets = match modifiers.as_slice() {
                [GroupByWithModifier::Rollup] => prefixes(&parts),
                [GroupByWithModifier::Cube] => subsets(&parts),
                _ => return Err(error::syntax("WITH", true, 0)),
            };
        }
        let aggregates = select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => {
                has_aggregate(expression)
            }
            _ => false,
        }) || select.having.is_some()
            || order.iter().any(|key| has_aggregate(&key.expr));
        if (aggregates || !keys.is_empty())
            && let Some(scope) = self.scopes.last_mut()
        {
            scope.grouped = Some(keys.iter().map(|key| key.text.clone()).collect());
        }
        let several = constructs || !modifiers.is_empty();
        Ok(Grouping { keys, sets: several.then_some(sets) })
    }

    /// The place of a key, which is a new one unless it was there.
    fn key(&mut self, expression: &Expr, keys: &mut Vec<Key>) -> Result<usize, SqlError> {
        let lowered = self.expression(expression)?;
        if let Some(place) = keys.iter().position(|key| key.text == lowered.text) {
            return Ok(place);
        }
        keys.push(Key { grouped: collated(&lowered), text: lowered.text });
        Ok(keys.len() - 1)
    }

    fn parts(&mut self, parts: &[Vec<Expr>], keys: &mut Vec<Key>) -> Result<Vec<Vec<usize>>, SqlError> {
        let mut places = Vec::new();
        for part in parts {
            let mut own = Vec::new();
            for expression in part {
                own.push(self.key(expression, keys)?);
            }
            places.push(own);
        }
        Ok(places)
    }

    /// A select for each set, and what belongs to all of them: DISTINCT, ORDER BY, TOP.
    pub(super) fn select_by_sets(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: Option<String>,
        (from, filters): (&str, &[String]),
        keys: &[Key],
        sets: &[Vec<usize>],
    ) -> Result<(String, Vec<Column>), SqlError> {
        let mut arms = Vec::new();
        let mut first: Option<(Vec<Lowered>, Vec<Column>, Vec<Lowered>)> = None;
        // ASSUMED 121: of no rows there is no total either; else there is one, as of every aggregate without groups.
        let nothing = self.names.around().totals_nothing();
        for set in sets {
            let totals = keys.iter().enumerate().filter(|(place, _)| !set.contains(place));
            let totals: Vec<String> = totals.map(|(_, key)| key.text.clone()).collect();
            if let Some(scope) = self.scopes.last_mut() {
                scope.totals = totals;
            }
            let (items, columns) = self.projection(&select.projection)?;
            let having = match &select.having {
                Some(having) => format!(" HAVING {}", self.condition(having)?),
                None => String::new(),
            };
            let mut sorted = Vec::new();
            for key in order {
                sorted.push(match self.ordinal_of(&key.expr, &columns)?.and_then(|place| items.get(place)) {
                    Some(item) => item.clone(),
                    None => self.expression(&key.expr)?,
                });
            }
            let named = items.iter().enumerate().map(|(place, item)| format!("{} AS c{place}", item.text));
            let hidden = sorted.iter().enumerate().map(|(place, key)| format!("{} AS k{place}", key.text));
            let list: Vec<String> =
                named.chain(hidden).chain(nothing.then(|| "count(*) AS n".to_owned())).collect();
            let filter =
                if filters.is_empty() { String::new() } else { format!(" WHERE {}", filters.join(" AND ")) };
            let own: Vec<&str> =
                set.iter().filter_map(|place| keys.get(*place)).map(|key| key.grouped.as_str()).collect();
            let group = match own.is_empty() {
                true if nothing => String::new(),
                true => " GROUP BY NULL".to_owned(),
                false => format!(" GROUP BY {}", own.join(", ")),
            };
            arms.push(format!("SELECT {} FROM {from}{filter}{group}{having}", list.join(", ")));
            match &mut first {
                None => first = Some((items, columns, sorted)),
                Some((_, known, _)) => known
                    .iter_mut()
                    .zip(columns)
                    .for_each(|(known, column)| known.nullable |= column.nullable),
            }
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.totals = Vec::new();
        }
        let Some((items, columns, sorted)) = first else { return Err(error::syntax(")", false, 0)) };
        let mut keys = Vec::new();
        for (place, (key, lowered)) in order.iter().zip(&sorted).enumerate() {
            let hidden = Lowered { text: format!("k{place}"), ..lowered.clone() };
            keys.push(self.sorted(&hidden) + direction(key)?);
        }
        let all = arms.join(" UNION ALL ");
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        if distinct && sorted.iter().any(|key| !items.iter().any(|item| item.text == key.text)) {
            return Err(raise!(145));
        }
        if let Some(top) = select.top.as_ref().filter(|top| top.with_ties || top.percent) {
            if limit.is_some() || distinct {
                return Err(error::not_modelled(
                    "DISTINCT or OFFSET with TOP … WITH TIES or PERCENT of grouping sets",
                ));
            }
            let text = self.ranked_top(&format!("SELECT * FROM ({all})"), top, &keys, columns.len())?;
            return Ok((text, columns));
        }
        let list: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(place, item)| {
                let value = Lowered { text: format!("c{place}"), ..item.clone() };
                format!("{} AS c{place}", if distinct { collated(&value) } else { value.text })
            })
            .collect();
        let word = if distinct { "DISTINCT " } else { "" };
        let mut text = format!("SELECT {word}{} FROM ({all})", list.join(", "));
        if !keys.is_empty() {
            text.push_str(&format!(" ORDER BY {}", keys.join(", ")));
        }
        match (&select.top, limit) {
            (Some(_), Some(_)) => return Err(error::top_with_offset()),
            (Some(top), None) => text.push_str(&self.top(top)?),
            (None, limit) => text.push_str(&limit.unwrap_or_default()),
        }
        Ok((text, columns))
    }

    /// `GROUPING (key)`: 1 in a total over it; `GROUPING_ID (key, …)`: these in one number.
    ///
    /// # Errors
    /// 8161.
    pub(super) fn grouping(&mut self, name: &str, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let single = name == "GROUPING";
        if single && arguments.len() != 1 {
            return Err(error::argument_count(name, 1));
        }
        let mut bits = 0_i64;
        for (place, argument) in arguments.iter().enumerate() {
            let before = self.scopes.last_mut().map(|scope| std::mem::replace(&mut scope.in_aggregate, true));
            let lowered = self.expression(argument);
            if let (Some(scope), Some(before)) = (self.scopes.last_mut(), before) {
                scope.in_aggregate = before;
            }
            let lowered = lowered?;
            let scope = self.scopes.last();
            let keys = scope.and_then(|scope| scope.grouped.as_ref());
            if !keys.is_some_and(|keys| keys.contains(&lowered.text)) {
                return Err(raise!(8161, place + 1, name));
            }
            let total = scope.is_some_and(|scope| scope.totals.contains(&lowered.text));
            bits = bits << 1 | i64::from(total);
        }
        let data_type = if single { Type::TinyInt } else { Type::Int };
        Ok(Lowered { nullable: false, ..Lowered::new(bits.to_string(), data_type) })
    }
}

/// `ROLLUP`: all parts, all but the last, and so on to none.
fn prefixes(parts: &[Vec<usize>]) -> Vec<Vec<usize>> {
    (0..=parts.len()).rev().map(|count| parts.iter().take(count).flatten().copied().collect()).collect()
}

/// `CUBE`: each part or not.
fn subsets(parts: &[Vec<usize>]) -> Vec<Vec<usize>> {
    parts.iter().fold(vec![Vec::new()], |sets: Vec<Vec<usize>>, part| {
        let with = sets.iter().map(|set| [set.as_slice(), part].concat());
        if sets.len() > MOST_SETS { sets } else { with.chain(sets.iter().cloned()).collect() }
    })
}
