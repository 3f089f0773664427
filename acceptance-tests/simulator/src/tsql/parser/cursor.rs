//! Reading tokens: a thin layer over `sqlparser`'s parser, which stays the owner of the position so that our
//! statement forms and its queries can take turns on one token stream.

use sqlparser::ast::{DataType, Expr, Ident, ObjectName, Query, SelectItem, TableWithJoins};
use sqlparser::dialect::{Dialect as _, Precedence};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::super::ast::{Name, Secret};
use super::super::dialect::{TSqlDialect, is_reserved};
use super::super::error::{self, SqlError};

static DIALECT: TSqlDialect = TSqlDialect::new();

/// How deep expressions, subqueries and blocks may nest: beyond it the server answers 191 or 8631.
const MAXIMUM_NESTING: usize = 64;

/// UTF-16 units of a name. [learn.microsoft.com: "Database identifiers"]
const LONGEST_NAME: usize = 128;

/// A position in the tokens of a batch.
pub(super) struct Cursor {
    parser: Parser<'static>,
    tokens: Vec<TokenWithSpan>,
    depth: usize,
}

impl Cursor {
    /// Cuts `text` into tokens.
    ///
    /// # Errors
    /// 105 for a string or quoted name that never ends, 113 for such a comment, 102 for a stray character.
    pub(super) fn new(text: &str) -> Result<Self, SqlError> {
        let tokens = Tokenizer::new(&DIALECT, text).tokenize_with_location().map_err(|cause| {
            let line = u32::try_from(cause.location.line).unwrap_or(1);
            if cause.message.contains("comment") {
                error::missing_end_comment(line)
            } else if cause.message.contains("nterminated") || cause.message.contains("close delimiter") {
                error::unclosed_quote(&rest_from(text, cause.location.line, cause.location.column), line)
            } else {
                error::syntax("", false, line)
            }
        })?;
        let tokens = super::for_clause::completed(tokens)?;
        let parser = Parser::new(&DIALECT)
            .with_recursion_limit(MAXIMUM_NESTING)
            .with_tokens_with_locations(tokens.clone());
        Ok(Self { parser, tokens, depth: 0 })
    }

    /// The next token, blanks and comments left out.
    pub(super) fn peek(&self) -> Token {
        self.parser.peek_token().token
    }

    /// The token after `count` others.
    pub(super) fn peek_nth(&self, count: usize) -> Token {
        self.parser.peek_nth_token(count).token
    }

    /// The next token as an upper-case word, unless it is quoted.
    pub(super) fn peek_word(&self) -> Option<String> {
        plain_word(&self.peek())
    }

    /// The `count`-th token after the next as an upper-case word.
    pub(super) fn peek_nth_word(&self, count: usize) -> Option<String> {
        plain_word(&self.peek_nth(count))
    }

    /// Steps over the next token.
    pub(super) fn advance(&mut self) -> Token {
        self.parser.next_token().token
    }

    pub(super) fn at_end(&self) -> bool {
        matches!(self.peek(), Token::EOF)
    }

    /// The line of the next token; at the end of the batch, of the last one.
    pub(super) fn line(&self) -> u32 {
        let token = self.parser.peek_token();
        if matches!(token.token, Token::EOF) {
            return self.last_real().map_or(1, line_of);
        }
        line_of(&token)
    }

    /// Steps over `word` if it is next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.peek_word().is_some_and(|next| next == word);
        if found {
            self.advance();
        }
        found
    }

    /// Steps over all `words` if they are next, in this order; else over none.
    pub(super) fn eat_all(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(nth, word)| self.peek_nth_word(nth).is_some_and(|next| next == *word));
        if found {
            for _ in words {
                self.advance();
            }
        }
        found
    }

    /// Demands `word`.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), SqlError> {
        if self.eat(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Demands `words` in this order.
    pub(super) fn expect_all(&mut self, words: &[&str]) -> Result<(), SqlError> {
        words.iter().try_for_each(|word| self.expect(word))
    }

    /// Steps over `token` if it is next.
    pub(super) fn eat_token(&mut self, token: &Token) -> bool {
        self.parser.consume_token(token)
    }

    pub(super) fn expect_token(&mut self, token: &Token) -> Result<(), SqlError> {
        if self.eat_token(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// `WORD = ` or, where the grammar allows it, `WORD `.
    pub(super) fn expect_equals(&mut self) -> Result<(), SqlError> {
        self.expect_token(&Token::Eq)
    }

    /// Reads one of `choices` by its word.
    pub(super) fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Result<T, SqlError> {
        for (word, value) in choices {
            if self.eat(word) {
                return Ok(*value);
            }
        }
        Err(self.unexpected())
    }

    /// `ON` or `OFF`.
    pub(super) fn on_off(&mut self) -> Result<bool, SqlError> {
        self.one_of(&[("ON", true), ("OFF", false)])
    }

    /// A name: a quoted identifier, or a word that is not reserved. Variables and strings are no names.
    pub(super) fn name(&mut self) -> Result<Name, SqlError> {
        match self.peek() {
            Token::Word(word)
                if word.quote_style.is_some()
                    || (!is_reserved(&word.value)
                        && !word.value.starts_with('@')
                        && !word.value.is_empty()) =>
            {
                let line = self.line();
                self.advance();
                if word.value.is_empty() {
                    return Err(error::empty_name(line));
                }
                Ok(Name(word.value))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// `name, name, …`.
    pub(super) fn names(&mut self) -> Result<Vec<Name>, SqlError> {
        self.list(Self::name)
    }

    /// `item, item, …`.
    pub(super) fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, SqlError>) -> Result<Vec<T>, SqlError> {
        let mut items = vec![item(self)?];
        while self.eat_token(&Token::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `'…'` or `N'…'`.
    pub(super) fn string(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => {
                self.advance();
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A string that is a password.
    pub(super) fn secret(&mut self) -> Result<Secret, SqlError> {
        self.string().map(Secret)
    }

    /// A whole number, with a sign if need be.
    pub(super) fn integer(&mut self) -> Result<i64, SqlError> {
        let negative = self.eat_token(&Token::Minus);
        match self.peek() {
            Token::Number(digits, _) => match digits.parse::<i64>() {
                Ok(value) => {
                    self.advance();
                    Ok(if negative { -value } else { value })
                }
                Err(_) => Err(self.unexpected()),
            },
            _ => Err(self.unexpected()),
        }
    }

    /// A number without sign, whole or not.
    pub(super) fn number(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Token::Number(digits, _) => {
                self.advance();
                Ok(digits)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// `0x…`: an odd number of digits gets a leading zero, as on the server.
    pub(super) fn binary(&mut self) -> Result<Vec<u8>, SqlError> {
        match self.peek() {
            Token::HexStringLiteral(digits) => {
                self.advance();
                Ok(hex_bytes(&digits))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// The raw text of all tokens up to the next closing parenthesis: an unquoted IP address.
    pub(super) fn raw_to_parenthesis(&mut self) -> Result<String, SqlError> {
        let mut text = String::new();
        while !matches!(self.peek(), Token::RParen | Token::EOF | Token::SemiColon) {
            text.push_str(&self.advance().to_string());
        }
        if text.is_empty() { Err(self.unexpected()) } else { Ok(text) }
    }

    /// A variable: `@name`.
    pub(super) fn variable(&mut self) -> Result<Ident, SqlError> {
        match self.peek() {
            Token::Word(word)
                if word.quote_style.is_none()
                    && word.value.starts_with('@')
                    && !word.value.starts_with("@@") =>
            {
                self.advance();
                Ok(Ident::new(word.value))
            }
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn expression(&mut self) -> Result<Expr, SqlError> {
        let result = self.parser.parse_expr();
        result.map_err(|cause| self.syntax_error(&cause))
    }

    /// A default: what follows may be NOT NULL, which is no part of it.
    pub(super) fn default_value(&mut self) -> Result<Expr, SqlError> {
        let result = self.parser.parse_subexpr(DIALECT.prec_value(Precedence::Is));
        result.map_err(|cause| self.syntax_error(&cause))
    }

    pub(super) fn query(&mut self) -> Result<Box<Query>, SqlError> {
        let result = self.parser.parse_query();
        result.map_err(|cause| self.syntax_error(&cause))
    }

    /// A table of FROM with its joins.
    pub(super) fn table(&mut self) -> Result<TableWithJoins, SqlError> {
        let result = self.parser.parse_table_and_joins();
        result.map_err(|cause| self.syntax_error(&cause))
    }

    /// What a select list has between its commas.
    pub(super) fn select_item(&mut self) -> Result<SelectItem, SqlError> {
        let result = self.parser.parse_select_item();
        result.map_err(|cause| self.syntax_error(&cause))
    }

    pub(super) fn data_type(&mut self) -> Result<DataType, SqlError> {
        let result = self.parser.parse_data_type();
        result.map_err(|cause| self.syntax_error(&cause))
    }

    pub(super) fn object_name(&mut self) -> Result<ObjectName, SqlError> {
        let result = self.parser.parse_object_name(false);
        result.map_err(|cause| self.syntax_error(&cause))
    }

    /// Goes one block or branch deeper.
    pub(super) fn nested<T>(&mut self, read: fn(&mut Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        if self.depth >= MAXIMUM_NESTING {
            return Err(error::nested_too_deeply(self.line()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// The error for the next token: 156 for a reserved word, else 102; at the end of the batch it names the
    /// last token, as the server does.
    pub(super) fn unexpected(&self) -> SqlError {
        let token = self.parser.peek_token();
        let (token, line) = if matches!(token.token, Token::EOF) {
            match self.last_real() {
                Some(last) => (last.token.clone(), line_of(last)),
                None => (Token::EOF, 1),
            }
        } else {
            let line = line_of(&token);
            (token.token, line)
        };
        let text = near(&token);
        let reserved =
            matches!(&token, Token::Word(word) if word.quote_style.is_none() && is_reserved(&word.value));
        error::syntax(&text, reserved, line)
    }

    /// Where the next token stands among all tokens: for [`Self::text_between`].
    pub(super) fn position(&self) -> usize {
        let mut position = self.parser.index();
        while let Some(TokenWithSpan { token: Token::Whitespace(_), .. }) = self.tokens.get(position) {
            position += 1;
        }
        position
    }

    /// All words that begin as variables do, but for the server's own.
    pub(super) fn variables(&self) -> Vec<String> {
        let words = self.tokens.iter().filter_map(|token| match &token.token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.clone()),
            _ => None,
        });
        words.filter(|word| word.starts_with('@') && !word.starts_with("@@")).collect()
    }

    /// The error for the first name up to here that is too long: of what kind it is does not matter.
    pub(super) fn long_name(&self) -> Option<SqlError> {
        let read = self.tokens.get(..=self.position()).unwrap_or(&self.tokens);
        read.iter().find_map(|token| match &token.token {
            Token::Word(word) if word.value.encode_utf16().count() > LONGEST_NAME => {
                Some(error::name_too_long(&word.value, line_of(token)))
            }
            _ => None,
        })
    }

    /// The text of the tokens from `start` up to here, with passwords replaced.
    pub(super) fn text_since(&self, start: usize) -> String {
        let tokens = self.tokens.get(start..self.parser.index()).unwrap_or_default();
        redacted(tokens)
    }

    fn last_real(&self) -> Option<&TokenWithSpan> {
        self.tokens.iter().rev().find(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
    }

    /// Translates the crate's message: it carries the offending token and its place.
    fn syntax_error(&self, cause: &ParserError) -> SqlError {
        if matches!(cause, ParserError::RecursionLimitExceeded) {
            return error::nested_too_deeply(self.line());
        }
        let message = cause.to_string();
        let found = message.rsplit_once("found: ").map(|(_, rest)| rest);
        let place = message.rsplit_once(" at Line: ").map(|(_, rest)| rest);
        let line = place
            .and_then(|rest| rest.split(',').next())
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or_else(|| self.line());
        match found {
            Some(found) if !found.starts_with("EOF") => {
                let word = found.rsplit_once(" at Line: ").map_or(found, |(word, _)| word);
                let word = word.trim_start_matches('[').trim_end_matches(']');
                error::syntax(word, is_reserved(word), line)
            }
            _ => self.unexpected(),
        }
    }
}

/// The bytes of hexadecimal digits.
pub(crate) fn hex_bytes(digits: &str) -> Vec<u8> {
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let nibble = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
    padded
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| {
            let value = pair.iter().fold(0, |sum, byte| sum * 16 + nibble(*byte));
            u8::try_from(value).unwrap_or(0)
        })
        .collect()
}

/// The words of a text with every password replaced.
fn redacted(tokens: &[TokenWithSpan]) -> String {
    let mut text = String::new();
    // The last two tokens that are not blanks: `PASSWORD =` and `OLD_PASSWORD =` make the next string a secret.
    let mut before = [String::new(), String::new()];
    let mut private = false;
    for token in tokens {
        private |= matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case("PRIVATE"));
        let [word, sign] = &before;
        let named = word == "PASSWORD" || word == "OLD_PASSWORD" || private && word == "BINARY";
        let secret = named && sign == "=";
        match &token.token {
            Token::SingleQuotedString(_) | Token::NationalStringLiteral(_) | Token::HexStringLiteral(_)
                if secret =>
            {
                text.push_str("'***'");
            }
            Token::SingleQuotedString(inner) | Token::NationalStringLiteral(inner)
                if inner.to_ascii_uppercase().contains("PASSWORD") =>
            {
                // Dynamic SQL that sets a password, or a piece of it.
                text.push_str("'***'");
            }
            Token::Whitespace(sqlparser::tokenizer::Whitespace::SingleLineComment { .. })
            | Token::Whitespace(sqlparser::tokenizer::Whitespace::MultiLineComment(_)) => text.push(' '),
            Token::EOF => {}
            other => text.push_str(&other.to_string()),
        }
        if !matches!(token.token, Token::Whitespace(_)) {
            before.rotate_left(1);
            before[1] = token.token.to_string().to_ascii_uppercase();
        }
    }
    text.trim().to_owned()
}

pub(super) fn plain_word(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
        _ => None,
    }
}

/// How the server quotes a token in 102: names and strings without their delimiters.
fn near(token: &Token) -> String {
    match token {
        Token::Word(word) => word.value.clone(),
        Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => text.clone(),
        Token::EOF => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn line_of(token: &TokenWithSpan) -> u32 {
    u32::try_from(token.span.start.line).unwrap_or(1).max(1)
}

/// What follows the place where a quote was opened: the server repeats it in 105.
fn rest_from(text: &str, line: u64, column: u64) -> String {
    let line = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(column).unwrap_or(1);
    let rest: Vec<&str> = text.lines().skip(line).collect();
    rest.join("\n").chars().skip(column).collect()
}
