//! Functions of text. Positions count characters from 1.

use rusqlite::types::Value;

use super::super::error::{self, SqlError};
use super::scalar::{Runtime, Scalar, count, quote_name};
use crate::world::collation::Collation;

pub(super) fn find(name: &str) -> Option<Scalar> {
    let found: Scalar = match name {
        "like" => like,
        "char" => character,
        "char_index" => char_index,
        "pat_index" => pat_index,
        "concat" => concat,
        "concat_ws" => concat_ws,
        "join_bytes" => join_bytes,
        "hash_bytes" => hash_bytes,
        "left" => left,
        "right" => right,
        "len" => |_, values| text_to(values, |text| count(text.trim_end_matches(' ').chars().count())),
        "lower" => |_, values| text_to(values, |text| Value::Text(text.to_lowercase())),
        "upper" => |_, values| text_to(values, |text| Value::Text(text.to_uppercase())),
        "ltrim" => |_, values| text_to(values, |text| Value::Text(text.trim_start_matches(' ').to_owned())),
        "rtrim" => |_, values| text_to(values, |text| Value::Text(text.trim_end_matches(' ').to_owned())),
        "trim" => |_, values| text_to(values, |text| Value::Text(text.trim_matches(' ').to_owned())),
        "reverse" => |_, values| text_to(values, |text| Value::Text(text.chars().rev().collect())),
        "unicode" => |_, values| {
            text_to(values, |text| {
                text.chars().next().map_or(Value::Null, |first| Value::Integer(i64::from(u32::from(first))))
            })
        },
        "parse_name" => parse_name,
        "quote_name" => quoted,
        "replace" => replace,
        "replicate" => replicate,
        "space" => space,
        "stuff" => stuff,
        "substring" => substring,
        _ => return None,
    };
    Some(found)
}

/// Whether `text` is like `pattern`.
pub(super) fn matches_like(text: &str, pattern: &str, escape: Option<char>, collation: Collation) -> bool {
    // A trailing blank of the text is as good as none; one of the pattern must be met.
    let pattern = tokens(&pattern.chars().collect::<Vec<_>>(), escape, collation);
    let text: Vec<String> = text.chars().map(|letter| fold(letter, collation)).collect();
    let mut end = text.len();
    loop {
        if matches_tokens(text.get(..end).unwrap_or_default(), &pattern) {
            return true;
        }
        match end.checked_sub(1) {
            Some(last) if text.get(last).is_some_and(|letter| letter == " ") => end = last,
            _ => return false,
        }
    }
}

enum Token {
    Letter(String),
    Any,
    Many,
    Set { negated: bool, ranges: Vec<(String, String)> },
}

fn fold(letter: char, collation: Collation) -> String {
    if letter == ' ' { " ".to_owned() } else { collation.fold(letter.encode_utf8(&mut [0; 4])) }
}

fn tokens(pattern: &[char], escape: Option<char>, collation: Collation) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if Some(*first) == escape {
            if let Some((literal, after)) = rest.split_first() {
                tokens.push(Token::Letter(fold(*literal, collation)));
                rest = after;
            }
            continue;
        }
        match first {
            '%' => tokens.push(Token::Many),
            '_' => tokens.push(Token::Any),
            '[' => match rest.iter().skip(1).position(|letter| *letter == ']') {
                Some(end) => {
                    let (inside, after) = rest.split_at(end + 1);
                    rest = after.get(1..).unwrap_or_default();
                    tokens.push(set(inside, collation));
                }
                // A bracket that nothing closes matches nothing.
                None => tokens.push(Token::Set { negated: false, ranges: Vec::new() }),
            },
            letter => tokens.push(Token::Letter(fold(*letter, collation))),
        }
    }
    tokens
}

fn set(inside: &[char], collation: Collation) -> Token {
    let (negated, mut rest) = match inside.split_first() {
        Some(('^', rest)) if !rest.is_empty() => (true, rest),
        _ => (false, inside),
    };
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [] => break,
            [from, '-', to, after @ ..] => {
                ranges.push((fold(*from, collation), fold(*to, collation)));
                after
            }
            [one, after @ ..] => {
                ranges.push((fold(*one, collation), fold(*one, collation)));
                after
            }
        };
    }
    Token::Set { negated, ranges }
}

fn matches_tokens(text: &[String], pattern: &[Token]) -> bool {
    // Greedy with one place to come back to, the last %: linear but for that.
    let (mut at, mut token) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        let matched = match (pattern.get(token), text.get(at)) {
            (None, None) => return true,
            (Some(Token::Many), _) => {
                back = Some((at, token));
                token += 1;
                continue;
            }
            (Some(Token::Any), Some(_)) => true,
            (Some(Token::Letter(letter)), Some(found)) => letter == found,
            (Some(Token::Set { negated, ranges }), Some(found)) => {
                ranges.iter().any(|(from, to)| from <= found && found <= to) != *negated
            }
            _ => false,
        };
        if matched {
            at += 1;
            token += 1;
        } else {
            match back {
                Some((start, many)) if start < text.len() => {
                    back = Some((start + 1, many));
                    at = start + 1;
                    token = many + 1;
                }
                _ => return false,
            }
        }
    }
}

/// Value, pattern, escape, number of the collation.
fn like(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(text), Value::Text(pattern), escape, collation] = arguments else {
        return Ok(Value::Null);
    };
    let escape = match escape {
        Value::Null => return Ok(Value::Null),
        Value::Text(escape) => match escape.chars().collect::<Vec<_>>().as_slice() {
            [] => None,
            [one] => Some(*one),
            _ => return Err(error::invalid_escape(escape)),
        },
        _ => None,
    };
    let found = matches_like(text, pattern, escape, collation_of(collation));
    Ok(Value::Integer(i64::from(found)))
}

fn collation_of(number: &Value) -> Collation {
    match number {
        Value::Integer(1) => Collation::TurkishCaseInsensitive,
        Value::Integer(2) => Collation::Exact,
        _ => Collation::CaseInsensitive,
    }
}

fn text_to(arguments: &[Value], function: fn(&str) -> Value) -> Result<Value, SqlError> {
    Ok(match arguments.first() {
        Some(Value::Text(text)) => function(text),
        _ => Value::Null,
    })
}

fn folded(text: &str, collation: Collation) -> Vec<String> {
    text.chars().map(|letter| fold(letter, collation)).collect()
}

/// Where `wanted` begins in `text`, from a place on.
fn position(text: &[String], wanted: &[String], from: usize) -> Option<usize> {
    if wanted.is_empty() {
        return None;
    }
    text.windows(wanted.len())
        .enumerate()
        .skip(from)
        .find(|(_, window)| *window == wanted)
        .map(|(place, _)| place)
}

fn one_based(place: Option<usize>) -> Value {
    place.map_or(Value::Integer(0), |place| count(place + 1))
}

/// Number of the collation, what is looked for, text, start.
fn char_index(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [collation, Value::Text(wanted), Value::Text(text), start @ ..] = arguments else {
        return Ok(Value::Null);
    };
    let collation = collation_of(collation);
    let start = match start {
        [Value::Integer(start)] => usize::try_from(start - 1).unwrap_or(0),
        _ => 0,
    };
    Ok(one_based(position(&folded(text, collation), &folded(wanted, collation), start)))
}

/// Number of the collation, pattern, text.
fn pat_index(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [collation, Value::Text(pattern), Value::Text(text)] = arguments else { return Ok(Value::Null) };
    let collation = collation_of(collation);
    let Some(rest) = pattern.strip_prefix('%') else {
        return Ok(Value::Integer(i64::from(matches_like(text, pattern, None, collation))));
    };
    let letters: Vec<char> = text.chars().collect();
    let place = (0..=letters.len()).find(|place| {
        let tail: String = letters.iter().skip(*place).collect();
        matches_like(&tail, rest, None, collation)
    });
    Ok(one_based(place.filter(|place| *place < letters.len())))
}

/// CONCAT reads NULL as nothing.
fn concat(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    Ok(Value::Text(arguments.iter().filter_map(text).collect()))
}

fn concat_ws(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let Some((separator, values)) = arguments.split_first() else { return Ok(Value::Null) };
    let values: Vec<&str> = values.iter().filter_map(text).collect();
    Ok(Value::Text(values.join(text(separator).unwrap_or_default())))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn join_bytes(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    Ok(match arguments {
        [Value::Blob(left), Value::Blob(right)] => Value::Blob([left.as_slice(), right.as_slice()].concat()),
        _ => Value::Null,
    })
}

fn hash_bytes(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    use aws_lc_rs::digest;
    let [Value::Text(name), Value::Blob(bytes)] = arguments else { return Ok(Value::Null) };
    let algorithm = match name.to_ascii_uppercase().as_str() {
        "SHA" | "SHA1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "SHA2_256" => &digest::SHA256,
        "SHA2_512" => &digest::SHA512,
        _ => return Ok(Value::Null),
    };
    Ok(Value::Blob(digest::digest(algorithm, bytes).as_ref().to_vec()))
}

fn character(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    Ok(match arguments.first() {
        Some(Value::Integer(code)) => u32::try_from(*code)
            .ok()
            .and_then(char::from_u32)
            .map_or(Value::Null, |letter| Value::Text(letter.to_string())),
        _ => Value::Null,
    })
}

fn left(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(text), Value::Integer(length)] = arguments else { return Ok(Value::Null) };
    let length = usize::try_from(*length).map_err(|_| error::invalid_length("left"))?;
    Ok(Value::Text(text.chars().take(length).collect()))
}

fn right(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(text), Value::Integer(length)] = arguments else { return Ok(Value::Null) };
    let length = usize::try_from(*length).map_err(|_| error::invalid_length("right"))?;
    let skipped = text.chars().count().saturating_sub(length);
    Ok(Value::Text(text.chars().skip(skipped).collect()))
}

/// Part 1 is the object, 4 the server.
fn parse_name(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(name), Value::Integer(part)] = arguments else { return Ok(Value::Null) };
    let mut parts = vec![String::new()];
    let mut letters = name.chars().peekable();
    let mut close = None;
    while let Some(letter) = letters.next() {
        let doubled = Some(letter) == close && letters.peek() == Some(&letter);
        match (letter, close) {
            _ if doubled => {
                letters.next();
                push(&mut parts, letter);
            }
            (letter, Some(end)) if letter == end => close = None,
            (letter, Some(_)) => push(&mut parts, letter),
            ('[', None) => close = Some(']'),
            ('"', None) => close = Some('"'),
            ('.', None) => parts.push(String::new()),
            (letter, None) => push(&mut parts, letter),
        }
    }
    let wanted = usize::try_from(part - 1).ok().and_then(|part| parts.iter().rev().nth(part));
    Ok(match wanted {
        Some(part) if parts.len() <= 4 && !part.is_empty() => Value::Text(part.clone()),
        _ => Value::Null,
    })
}

fn push(parts: &mut [String], letter: char) {
    if let Some(last) = parts.last_mut() {
        last.push(letter);
    }
}

fn quoted(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let quote = match arguments.get(1) {
        None => Some('['),
        Some(Value::Text(quote)) => quote.chars().next(),
        Some(_) => None,
    };
    Ok(match (arguments.first(), quote) {
        (Some(Value::Text(name)), Some(quote)) => quote_name(name, quote).map_or(Value::Null, Value::Text),
        _ => Value::Null,
    })
}

/// Number of the collation, text, what is replaced, by what.
fn replace(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [collation, Value::Text(text), Value::Text(wanted), Value::Text(by)] = arguments else {
        return Ok(Value::Null);
    };
    let collation = collation_of(collation);
    let letters: Vec<char> = text.chars().collect();
    let (text, wanted) = (folded(text, collation), folded(wanted, collation));
    let (mut result, mut at) = (String::new(), 0);
    while let Some(place) = position(&text, &wanted, at) {
        result.extend(letters.iter().take(place).skip(at));
        result.push_str(by);
        at = place + wanted.len();
    }
    result.extend(letters.iter().skip(at));
    Ok(Value::Text(result))
}

fn replicate(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(text), Value::Integer(times)] = arguments else { return Ok(Value::Null) };
    Ok(repeated(text, *times))
}

fn space(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    Ok(match arguments {
        [Value::Integer(times)] => repeated(" ", *times),
        _ => Value::Null,
    })
}

/// At most 8000 bytes, as without `max`.
fn repeated(text: &str, times: i64) -> Value {
    let Ok(times) = usize::try_from(times) else { return Value::Null };
    Value::Text(text.chars().cycle().take(text.chars().count().saturating_mul(times).min(8000)).collect())
}

fn stuff(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(text), Value::Integer(start), Value::Integer(length), by] = arguments else {
        return Ok(Value::Null);
    };
    let by = match by {
        Value::Text(by) => by.as_str(),
        _ => "",
    };
    let letters: Vec<char> = text.chars().collect();
    let (Ok(start), Ok(length)) = (usize::try_from(start - 1), usize::try_from(*length)) else {
        return Ok(Value::Null);
    };
    if start >= letters.len() {
        return Ok(Value::Null);
    }
    let mut result: String = letters.iter().take(start).collect();
    result.push_str(by);
    result.extend(letters.iter().skip(start.saturating_add(length)));
    Ok(Value::Text(result))
}

fn substring(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [value, Value::Integer(start), Value::Integer(length)] = arguments else { return Ok(Value::Null) };
    if *length < 0 {
        return Err(error::invalid_length("substring"));
    }
    // A start before the first character takes its part of the length.
    let end = start.saturating_add(*length).saturating_sub(1).max(0);
    let skipped = start.saturating_sub(1).max(0);
    let (Ok(end), Ok(skipped)) = (usize::try_from(end), usize::try_from(skipped)) else {
        return Ok(Value::Null);
    };
    Ok(match value {
        Value::Text(text) => Value::Text(text.chars().take(end).skip(skipped).collect()),
        Value::Blob(bytes) => Value::Blob(bytes.iter().take(end).skip(skipped).copied().collect()),
        Value::Null => Value::Null,
        Value::Integer(_) | Value::Real(_) => return Err(error::invalid_argument_type("substring")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_knows_the_wildcards_of_t_sql() {
        let like = |text, pattern| matches_like(text, pattern, None, Collation::CaseInsensitive);
        assert!(like("tcp://a;Server=[ag]", "%server=%") && like("abc", "a_c") && like("##MS", "##%"));
        assert!(like("b", "[a-c]") && !like("d", "[a-c]") && like("d", "[^a-c]") && like("a]", "a]"));
        assert!(
            like("100%", "100[%]") && !like("1000", "100[%]") && like("abc  ", "abc") && !like("abc", "abc ")
        );
        assert!(like("aXbXc", "%x%x%") && like("", "%") && !like("", "_"));
        assert!(!matches_like("ABC", "abc", None, Collation::Exact));
        assert!(matches_like("50%", "50!%", Some('!'), Collation::Exact));
        assert!(!matches_like("500", "50!%", Some('!'), Collation::Exact));
    }
}
