//! What the crate does not read of FOR XML and FOR JSON.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::error::{self, SqlError};
use super::cursor::{line_of, plain_word};

/// The name of ROOT without one. [learn.microsoft.com: "FOR clause", ROOT]
const ROOT: &str = "root";

/// The tokens with a name behind every ROOT of a FOR clause that has none.
///
/// # Errors
/// Options that are not modelled: the crate would call them wrong.
pub(super) fn completed(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, SqlError> {
    let real: Vec<(usize, &TokenWithSpan)> =
        tokens.iter().enumerate().filter(|(_, token)| !matches!(token.token, Token::Whitespace(_))).collect();
    let word = |place: usize| real.get(place).and_then(|(_, token)| plain_word(&token.token));
    let is = |place: usize, token: &Token| real.get(place).is_some_and(|(_, own)| own.token == *token);
    let mut bare = Vec::new();
    for start in 0..real.len() {
        if word(start).as_deref() != Some("FOR")
            || !matches!(word(start + 1).as_deref(), Some("XML" | "JSON"))
        {
            continue;
        }
        // The mode, then options, each with commas before it and some with a name in parentheses.
        let mut place = start + 3;
        loop {
            if is(place, &Token::LParen) {
                place += 3;
            }
            if !is(place, &Token::Comma) {
                break;
            }
            place += 1;
            let option = word(place);
            match option.as_deref() {
                Some("ROOT") if !is(place + 1, &Token::LParen) => {
                    bare.extend(real.get(place).map(|(token, _)| *token));
                }
                Some("ELEMENTS") if matches!(word(place + 1).as_deref(), Some("XSINIL" | "ABSENT")) => {
                    let what = format!("FOR XML with ELEMENTS {}", word(place + 1).unwrap_or_default());
                    return Err(refused(&what, real.get(place)));
                }
                Some(option @ ("XMLSCHEMA" | "XMLDATA")) => {
                    return Err(refused(&format!("FOR XML with {option}"), real.get(place)));
                }
                Some("BINARY") => place += 1,
                _ => {}
            }
            place += 1;
        }
    }
    if bare.is_empty() {
        return Ok(tokens);
    }
    let mut result = Vec::with_capacity(tokens.len());
    for (place, token) in tokens.into_iter().enumerate() {
        let span = token.span;
        result.push(token);
        if bare.contains(&place) {
            let name = [Token::LParen, Token::SingleQuotedString(ROOT.to_owned()), Token::RParen];
            result.extend(name.map(|token| TokenWithSpan { token, span }));
        }
    }
    Ok(result)
}

fn refused(what: &str, token: Option<&(usize, &TokenWithSpan)>) -> SqlError {
    error::not_modelled(what).at_line(token.map_or(0, |(_, token)| line_of(token)))
}
