//! `FOR XML PATH`: rows as elements, columns as what their names say of the place of their values.
//!
//! Source: learn.microsoft.com "Use PATH mode with FOR XML" and the pages below it, "Invalid characters and escape rules",
//! "FOR XML support for various SQL Server data types"; a probe of SQL Server 2025 that others published for the order of
//! refusals. Names of other than ASCII letters are judged by Unicode's classes, which are wider than XML 1.0's.

use base64::Engine as _;
use rusqlite::types::Value;
use sqlparser::ast::{ForClause, ForXml};

use super::super::error::{self, SqlError, raise};
use super::super::value::{self, Family, Type};
use super::{Column, Surroundings};

/// The one column of such a result.
pub(super) const COLUMN: &str = "XML_F52E2B61-18A1-11d1-B105-00805F49916B";

/// What the clause and the columns say of the text.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Tag of each row; none with `PATH('')`.
    row: Option<String>,
    root: Option<String>,
    places: Vec<Place>,
    /// A text of nothing but NULL is NULL. ASSUMED 122: it is empty.
    nulls_are_null: bool,
    /// Blanks alone are written as numbers. ASSUMED 123: as they are.
    numbers_blanks: bool,
}

/// Where the value of a column stands in its row.
#[derive(Debug, Clone)]
struct Place {
    /// The elements that it stands in, outermost first.
    path: Vec<String>,
    /// How many of them are those of the column before it, which go on. That column may be NULL and yet part others, as one
    /// that is empty does. [tutorials of the field, which write either between elements of one name]
    shared: usize,
    kind: Kind,
    data_type: Type,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Attribute(String),
    Text,
    /// `data()`: a blank parts it from another one right before it.
    Atom,
}

impl Shape {
    /// The shape of a clause over columns.
    ///
    /// # Errors
    /// 6861, 6864, those of names (6846, 6849, 6850, 6867), of attributes (6810, 6852), and what is not modelled.
    pub(super) fn of(
        clause: &ForClause,
        columns: &[Column],
        around: &dyn Surroundings,
    ) -> Result<Self, SqlError> {
        let ForClause::Xml { for_xml, elements: _, binary_base64, root, r#type } = clause else {
            return Err(error::not_modelled("this FOR clause"));
        };
        let tag = match for_xml {
            ForXml::Path(tag) => tag.as_deref().unwrap_or("row"),
            ForXml::Raw(_) => return Err(error::not_modelled("FOR XML RAW")),
            ForXml::Auto => return Err(error::not_modelled("FOR XML AUTO")),
            ForXml::Explicit => return Err(error::not_modelled("FOR XML EXPLICIT")),
        };
        if *r#type {
            return Err(error::not_modelled("FOR XML with TYPE"));
        }
        if *binary_base64 {
            return Err(error::not_modelled("FOR XML with BINARY BASE64"));
        }
        if root.as_deref() == Some("") {
            return Err(raise!(6861));
        }
        let row = (!tag.is_empty()).then(|| tag.to_owned());
        row.iter().try_for_each(|tag| check_name(Named::Row, tag, tag))?;
        root.iter().try_for_each(|root| check_name(Named::Root, root, root))?;
        let places = columns.iter().map(Place::of).collect::<Result<Vec<_>, _>>()?;
        let mut shape = Self {
            row,
            root: root.clone(),
            places,
            nulls_are_null: around.has_no_xml_of_nulls(),
            numbers_blanks: around.numbers_blanks(),
        };
        shape.connect(columns)?;
        Ok(shape)
    }

    /// Finds what each column shares with the one before it, and refuses attributes that come too late or twice.
    fn connect(&mut self, columns: &[Column]) -> Result<(), SqlError> {
        // Of the row and of each element that is open: whether something stands in it, and its attributes.
        let mut levels: Vec<(bool, Vec<String>)> = vec![Default::default()];
        let mut before: Vec<String> = Vec::new();
        for (place, column) in self.places.iter_mut().zip(columns) {
            place.shared =
                before.iter().zip(&place.path).take_while(|(before, after)| before == after).count();
            levels.truncate(place.shared + 1);
            for _ in place.path.iter().skip(place.shared) {
                if let Some((filled, _)) = levels.last_mut() {
                    *filled = true;
                }
                levels.push(Default::default());
            }
            let Some((filled, attributes)) = levels.last_mut() else { continue };
            match &place.kind {
                Kind::Attribute(_) if place.path.is_empty() && self.row.is_none() => {
                    return Err(raise!(6864));
                }
                Kind::Attribute(_) if *filled => return Err(raise!(6852, column.name)),
                Kind::Attribute(name) if attributes.contains(name) => {
                    return Err(raise!(6810, column.name));
                }
                Kind::Attribute(name) => attributes.push(name.clone()),
                Kind::Text | Kind::Atom => *filled = true,
            }
            before.clone_from(&place.path);
        }
        Ok(())
    }

    /// The text of rows; nothing is NULL.
    ///
    /// # Errors
    /// Those of values that are no text of their type.
    pub(super) fn text(&self, rows: &[Vec<Value>]) -> Result<Option<String>, SqlError> {
        let mut writer = Writer { numbers_blanks: self.numbers_blanks, ..Writer::default() };
        let mut is_empty = true;
        self.root.iter().for_each(|root| writer.start(root));
        for row in rows {
            self.row.iter().for_each(|tag| writer.start(tag));
            let outside = writer.open.len();
            for (place, value) in self.places.iter().zip(row) {
                writer.end_down_to(outside + place.shared);
                let Some(value) = shown(value, place.data_type)? else { continue };
                is_empty = false;
                for step in place.path.iter().skip(writer.open.len() - outside) {
                    writer.start(step);
                }
                match &place.kind {
                    Kind::Attribute(name) => writer.attribute(name, &value),
                    Kind::Text => writer.words(&value, false),
                    Kind::Atom => writer.words(&value, true),
                }
            }
            writer.end_down_to(outside - usize::from(self.row.is_some()));
        }
        writer.end_down_to(0);
        let none = self.nulls_are_null && is_empty && writer.text.is_empty();
        Ok((!none).then_some(writer.text))
    }
}

impl Place {
    fn of(column: &Column) -> Result<Self, SqlError> {
        let name = column.name.as_str();
        let data_type = match column.data_type {
            other @ (Type::Variant | Type::DateTimeOffset(_)) => {
                return Err(error::not_modelled(&format!("{} in FOR XML", other.base_name())));
            }
            other => other,
        };
        let place = |path, kind| Ok(Self { path, shared: 0, kind, data_type });
        if name.is_empty() {
            return place(Vec::new(), Kind::Text);
        }
        let mut path: Vec<String> = name.split('/').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(raise!(6849, name));
        }
        let last = path.pop().unwrap_or_default();
        path.iter().try_for_each(|step| check_name(Named::Column, name, step))?;
        match last.as_str() {
            "*" | "text()" | "node()" => place(path, Kind::Text),
            "data()" => place(path, Kind::Atom),
            "comment()" => Err(error::not_modelled("comment() in FOR XML")),
            _ if last.starts_with("processing-instruction(") => {
                Err(error::not_modelled("processing-instruction() in FOR XML"))
            }
            _ => match last.strip_prefix('@').filter(|attribute| !attribute.is_empty()) {
                Some(attribute) => {
                    check_name(Named::Column, name, attribute)?;
                    place(path, Kind::Attribute(attribute.to_owned()))
                }
                None => {
                    check_name(Named::Column, name, &last)?;
                    path.push(last);
                    place(path, Kind::Text)
                }
            },
        }
    }
}

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Column,
    Row,
    Root,
}

/// Refuses what is no name in XML (6867, 6846, 6850). RAW and AUTO would escape it; PATH does not.
fn check_name(of: Named, whole: &str, name: &str) -> Result<(), SqlError> {
    let (noun, begins) = match of {
        Named::Column => ("column", "Column"),
        Named::Row => ("row", "Row"),
        Named::Root => ("ROOT", "ROOT"),
    };
    let prefix = name.split_once(':').map(|(prefix, _)| prefix);
    if prefix.unwrap_or(name) == "xmlns" {
        return Err(raise!(6867));
    }
    if let Some(prefix) = prefix.filter(|prefix| !matches!(*prefix, "" | "xml")) {
        return Err(raise!(6846, prefix, noun, whole));
    }
    let fits = |(place, letter): (usize, char)| match letter {
        '_' => true,
        '-' | '.' | ':' | '\u{b7}' => place > 0,
        letter if letter.is_ascii_digit() => place > 0,
        letter => letter.is_alphabetic() || (place > 0 && letter.is_alphanumeric()),
    };
    match name.char_indices().find(|letter| !fits(*letter)) {
        None => Ok(()),
        Some((_, letter)) => {
            let code = format!("{:04X}", u32::from(letter));
            Err(raise!(6850, begins, whole, letter, code))
        }
    }
}

/// A value as XML writes it: binaries in Base64, moments as ISO 8601 with nothing behind their seconds where that is
/// nought, floats with a power of ten. Nothing for NULL.
fn shown(value: &Value, of: Type) -> Result<Option<String>, SqlError> {
    let style = match of {
        Type::Real => 1,
        Type::Float | Type::Money | Type::SmallMoney => 2,
        _ => 0,
    };
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Blob(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes),
        Value::Text(text) if of.family() == Family::Moment => {
            let text = text.replacen(' ', "T", 1);
            match text.split_once('.') {
                Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.to_owned(),
                _ => text,
            }
        }
        other => match value::convert(other.clone(), of, Type::NVarChar(None), style)? {
            Value::Text(text) => text,
            _ => return Ok(None),
        },
    }))
}

/// XML on its way.
#[derive(Default)]
struct Writer<'a> {
    text: String,
    open: Vec<&'a str>,
    /// The start tag of the innermost element has no `>` yet.
    in_tag: bool,
    /// An atom was written last.
    after_atom: bool,
    numbers_blanks: bool,
}

impl<'a> Writer<'a> {
    fn start(&mut self, name: &'a str) {
        self.end_tag();
        self.text.push('<');
        self.text.push_str(name);
        self.open.push(name);
        self.in_tag = true;
        self.after_atom = false;
    }

    fn end_tag(&mut self) {
        if std::mem::take(&mut self.in_tag) {
            self.text.push('>');
        }
    }

    fn end_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(name) = self.open.pop() else { return };
            if std::mem::take(&mut self.in_tag) {
                self.text.push_str("/>");
            } else {
                self.text.push_str(&format!("</{name}>"));
            }
            self.after_atom = false;
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push_str(&format!(" {name}=\"{}\"", escaped(value, true)));
    }

    fn words(&mut self, value: &str, atom: bool) {
        self.end_tag();
        if atom && self.after_atom {
            self.text.push(' ');
        }
        if self.numbers_blanks && value.bytes().all(|byte| byte == b' ') {
            self.text.push_str(&"&#x20;".repeat(value.len()));
        } else {
            self.text.push_str(&escaped(value, false));
        }
        self.after_atom = atom;
    }
}

/// The text with its markup escaped, and characters that XML does not know as their numbers.
fn escaped(text: &str, in_attribute: bool) -> String {
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' if in_attribute => result.push_str("&quot;"),
            '\t' | '\n' if !in_attribute => result.push(letter),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => {
                result.push_str(&format!("&#x{:02X};", u32::from(letter)));
            }
            _ => result.push(letter),
        }
    }
    result
}
