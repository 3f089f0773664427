//! Definitions of table variables and temporary tables: columns, keys, checks, indexes.
//!
//! What has an effect on rows is read into the tree; what has none here (fill factors, locks of pages) is read and
//! forgotten; what would have one that the simulator lacks is refused by name.

use sqlparser::ast::Ident;
use sqlparser::tokenizer::Token;

use super::super::ast::{
    Constraint, CreateIndex, KeyForm, Name, Rule, StatementKind, TableColumn, TableDefinition,
};
use super::super::error::{self, SqlError, raise};
use super::cursor::Cursor;
use super::{change, check, condition};

/// `CREATE TABLE #t (…)`: ordinary tables belong to no part of a link's life.
pub(super) fn create(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect("TABLE")?;
    let line = cursor.line();
    let written = change::target(cursor)?;
    let name = written.0.last().and_then(|part| part.as_ident()).cloned();
    let Some(name) = name.filter(|name| name.value.starts_with('#')) else {
        return Err(error::not_modelled("CREATE TABLE but of temporary tables").at_line(line));
    };
    if name.value.starts_with("##") {
        return Err(error::not_modelled("global temporary tables").at_line(line));
    }
    let definition = definition(cursor, true)?;
    if cursor.eat("ON") {
        // Where the table lies: there are no filegroups to choose from but the default one.
        cursor.name()?;
    }
    if let Some(clause) =
        cursor.peek_word().filter(|word| matches!(word.as_str(), "WITH" | "AS" | "TEXTIMAGE_ON"))
    {
        let options = clause == "WITH" && matches!(cursor.peek_nth(1), Token::LParen);
        if options || clause != "WITH" {
            return Err(error::not_modelled(&format!("CREATE TABLE … {clause}")).at_line(cursor.line()));
        }
    }
    Ok(StatementKind::CreateTable { name, definition })
}

/// `(column, …, constraint, …)`. Constraints of table variables have no names.
pub(super) fn definition(cursor: &mut Cursor, named: bool) -> Result<TableDefinition, SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let mut definition = TableDefinition::default();
    loop {
        match cursor.peek_word().as_deref() {
            Some("PRIMARY" | "UNIQUE" | "CONSTRAINT" | "CHECK" | "FOREIGN" | "INDEX") => {
                let name = constraint_name(cursor, named)?;
                let read = constraint(cursor, name, None)?.ok_or_else(|| cursor.unexpected())?;
                definition.constraints.push(read);
            }
            Some("PERIOD") => {
                return Err(error::not_modelled("temporal tables").at_line(cursor.line()));
            }
            _ => column(cursor, named, &mut definition)?,
        }
        if !cursor.eat_token(&Token::Comma) || matches!(cursor.peek(), Token::RParen) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(definition)
}

fn column(cursor: &mut Cursor, named: bool, definition: &mut TableDefinition) -> Result<(), SqlError> {
    let name = Ident::new(cursor.name()?.0);
    if cursor.peek_word().as_deref() == Some("AS") {
        return Err(error::not_modelled("computed columns").at_line(cursor.line()));
    }
    let data_type = cursor.data_type()?;
    let mut column =
        TableColumn { name, data_type, nullable: None, identity: None, default: None, collation: None };
    loop {
        let line = cursor.line();
        if cursor.eat_all(&["NOT", "NULL"]) {
            column.nullable = Some(false);
        } else if cursor.eat("NULL") {
            column.nullable = Some(true);
        } else if cursor.eat("IDENTITY") {
            column.identity = Some(seed(cursor)?);
        } else if cursor.eat_all(&["NOT", "FOR", "REPLICATION"]) || cursor.eat("ROWGUIDCOL") {
            // Marks that change no row.
        } else if cursor.eat("COLLATE") {
            column.collation = Some(cursor.name()?);
        } else if let Some(word) = cursor.peek_word().filter(|word| UNMODELLED.contains(&word.as_str())) {
            return Err(error::not_modelled(&format!("columns with {word}")).at_line(line));
        } else {
            let name = constraint_name(cursor, named)?;
            let has_name = name.is_some();
            if cursor.eat("DEFAULT") {
                let line = cursor.line();
                let default = cursor.default_value()?;
                check(&default, line)?;
                column.default = Some(default);
            } else if let Some(read) = constraint(cursor, name, Some(&column.name))? {
                definition.constraints.push(read);
            } else if !has_name {
                definition.columns.push(column);
                return Ok(());
            } else if !matches!(cursor.peek_word().as_deref(), Some("NULL" | "NOT")) {
                // Whether a column takes NULL may have a name, which nothing remembers.
                return Err(cursor.unexpected());
            }
        }
    }
}

/// What columns may be besides, with an effect that is not modelled.
const UNMODELLED: [&str; 8] =
    ["ENCRYPTED", "FILESTREAM", "FOREIGN", "GENERATED", "HIDDEN", "MASKED", "REFERENCES", "SPARSE"];

/// `(seed, increment)`, or nothing.
fn seed(cursor: &mut Cursor) -> Result<(i64, i64), SqlError> {
    if !cursor.eat_token(&Token::LParen) {
        return Ok((1, 1));
    }
    let seed = cursor.integer()?;
    cursor.expect_token(&Token::Comma)?;
    let increment = cursor.integer()?;
    cursor.expect_token(&Token::RParen)?;
    Ok((seed, increment))
}

fn constraint_name(cursor: &mut Cursor, named: bool) -> Result<Option<Name>, SqlError> {
    if cursor.peek_word().as_deref() != Some("CONSTRAINT") {
        return Ok(None);
    }
    if !named {
        return Err(cursor.unexpected());
    }
    cursor.advance();
    cursor.name().map(Some)
}

/// A key, a check or an index, of the column that it stands behind or of those that it names; nothing where none begins.
fn constraint(
    cursor: &mut Cursor,
    mut name: Option<Name>,
    column: Option<&Ident>,
) -> Result<Option<Constraint>, SqlError> {
    let line = cursor.line();
    let form = if cursor.eat_all(&["PRIMARY", "KEY"]) {
        KeyForm::Primary
    } else if cursor.eat("UNIQUE") {
        KeyForm::Unique
    } else if name.is_none() && cursor.eat("INDEX") {
        name = Some(cursor.name()?);
        KeyForm::Index(cursor.eat("UNIQUE"))
    } else if cursor.eat("CHECK") {
        if cursor.eat_all(&["NOT", "FOR", "REPLICATION"]) {
            return Err(error::not_modelled("CHECK NOT FOR REPLICATION").at_line(line));
        }
        cursor.expect_token(&Token::LParen)?;
        let rule = Rule::Check(Box::new(condition(cursor)?));
        cursor.expect_token(&Token::RParen)?;
        return Ok(Some(Constraint { name, column: column.cloned(), rule }));
    } else if matches!(cursor.peek_word().as_deref(), Some("FOREIGN" | "REFERENCES")) {
        return Err(error::not_modelled("foreign keys").at_line(line));
    } else {
        return Ok(None);
    };
    let clustered = clustered(cursor)?;
    let columns = match column {
        Some(column) if !matches!(cursor.peek(), Token::LParen) => vec![column.clone()],
        _ => key_columns(cursor)?,
    };
    let ignores = index_options(cursor, form)?;
    let rule = Rule::Key { form, clustered, columns, ignores };
    Ok(Some(Constraint { name, column: column.cloned(), rule }))
}

fn clustered(cursor: &mut Cursor) -> Result<Option<bool>, SqlError> {
    Ok(if cursor.eat("CLUSTERED") {
        Some(true)
    } else if cursor.eat("NONCLUSTERED") {
        if matches!(cursor.peek_word().as_deref(), Some("COLUMNSTORE" | "HASH")) {
            return Err(error::not_modelled("indexes of this kind").at_line(cursor.line()));
        }
        Some(false)
    } else {
        None
    })
}

fn key_columns(cursor: &mut Cursor) -> Result<Vec<Ident>, SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let columns = cursor.list(|cursor| {
        let name = Ident::new(cursor.name()?.0);
        let _ = cursor.eat("ASC") || cursor.eat("DESC");
        Ok(name)
    })?;
    cursor.expect_token(&Token::RParen)?;
    Ok(columns)
}

/// What may follow the columns of a key; whether duplicates are ignored.
fn index_options(cursor: &mut Cursor, form: KeyForm) -> Result<bool, SqlError> {
    let line = cursor.line();
    let mut ignores = false;
    let is_index = matches!(form, KeyForm::Index(_));
    if is_index && cursor.eat("INCLUDE") {
        key_columns(cursor)?;
    }
    if is_index && cursor.peek_word().as_deref() == Some("WHERE") {
        return Err(error::not_modelled("filtered indexes").at_line(cursor.line()));
    }
    let with = cursor.peek_word().as_deref() == Some("WITH");
    if with && cursor.peek_nth_word(1).as_deref() == Some("FILLFACTOR") {
        cursor.advance();
        index_option(cursor)?;
    } else if with && matches!(cursor.peek_nth(1), Token::LParen) {
        cursor.advance();
        cursor.advance();
        ignores = cursor.list(index_option)?.contains(&true);
        cursor.expect_token(&Token::RParen)?;
    }
    if ignores && form == KeyForm::Index(false) {
        return Err(raise!(1916, "nonunique", "ignore_dup_key").at_line(line));
    }
    if cursor.peek_word().as_deref() == Some("ON") {
        cursor.advance();
        cursor.name()?;
    }
    Ok(ignores)
}

/// `NAME = ON | OFF | number | word`; whether it is `IGNORE_DUP_KEY = ON`.
fn index_option(cursor: &mut Cursor) -> Result<bool, SqlError> {
    let line = cursor.line();
    let Some(name) = cursor.peek_word().filter(|name| OPTIONS.contains(&name.as_str())) else {
        return Err(cursor.unexpected());
    };
    cursor.advance();
    cursor.expect_token(&Token::Eq)?;
    let on = cursor.eat("ON");
    if !on && !cursor.eat("OFF") {
        match cursor.peek() {
            Token::Number(..) | Token::Word(_) => drop(cursor.advance()),
            _ => return Err(cursor.unexpected()),
        }
    }
    if on && matches!(name.as_str(), "DROP_EXISTING" | "RESUMABLE") {
        return Err(error::not_modelled(&format!("{name} = ON")).at_line(line));
    }
    Ok(on && name == "IGNORE_DUP_KEY")
}

/// Options of indexes: how they are stored and built.
const OPTIONS: [&str; 14] = [
    "ALLOW_PAGE_LOCKS",
    "ALLOW_ROW_LOCKS",
    "DATA_COMPRESSION",
    "DROP_EXISTING",
    "FILLFACTOR",
    "IGNORE_DUP_KEY",
    "MAXDOP",
    "ONLINE",
    "OPTIMIZE_FOR_SEQUENTIAL_KEY",
    "PAD_INDEX",
    "RESUMABLE",
    "SORT_IN_TEMPDB",
    "STATISTICS_INCREMENTAL",
    "STATISTICS_NORECOMPUTE",
];

/// `CREATE [UNIQUE] [CLUSTERED | NONCLUSTERED] INDEX name ON #t (…)`.
pub(super) fn create_index(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    let unique = cursor.eat("UNIQUE");
    let clustered = clustered(cursor)?;
    let line = cursor.line();
    cursor.expect("INDEX")?;
    let name = cursor.name()?;
    cursor.expect("ON")?;
    let table = change::target(cursor)?;
    let temporary =
        table.0.last().and_then(|part| part.as_ident()).is_some_and(|name| name.value.starts_with('#'));
    if !temporary {
        return Err(error::not_modelled("CREATE INDEX but of temporary tables").at_line(line));
    }
    let columns = key_columns(cursor)?;
    let form = KeyForm::Index(unique);
    let ignores = index_options(cursor, form)?;
    let rule = Rule::Key { form, clustered, columns, ignores };
    let index = Constraint { name: Some(name), column: None, rule };
    Ok(StatementKind::CreateIndex(Box::new(CreateIndex { table, index })))
}

/// `TRUNCATE TABLE #t`.
pub(super) fn truncate(cursor: &mut Cursor) -> Result<StatementKind, SqlError> {
    cursor.expect_all(&["TRUNCATE", "TABLE"])?;
    let table = change::target(cursor)?;
    if cursor.peek_word().as_deref() == Some("WITH") && matches!(cursor.peek_nth(1), Token::LParen) {
        return Err(error::not_modelled("TRUNCATE TABLE … WITH (PARTITIONS …)").at_line(cursor.line()));
    }
    Ok(StatementKind::TruncateTable(table))
}
