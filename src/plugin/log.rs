//! Standard error: log lines in the JSON that Terraform reads (hclog's), at the level that it asks for.
//!
//! The form is strict. `@message`, `@level` and `@timestamp` must be strings, or the host itself crashes; the
//! time has exactly six fraction digits, or the line counts as unstructured; a line above 64 KiB is torn apart.
//! All of it holds by construction here, whatever is logged.
//!
//! Third-party crates are heard from warnings upwards only: their details are their own, and nobody reviews what
//! they say at lower levels about headers, tokens and statements. tiberius's reader of tokens is never heard,
//! because it quotes what the server said, and servers quote statements.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// The layout that the host parses.
const TIMESTAMP: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Targets of this crate start so.
const OWN_TARGET: &str = "terraform_provider_milink";

/// Quotes server text.
const SILENT_TARGET: &str = "tiberius::tds::stream::token";

/// The longest value of a field, in bytes.
const MAX_VALUE: usize = 8 << 10;

/// The longest line, in bytes. The host's buffer holds 64 KiB.
const MAX_LINE: usize = 60 << 10;

/// The level that the environment asks for: `TF_LOG_PROVIDER_<NAME>`, else `TF_LOG_PROVIDER`, else `TF_LOG`.
///
/// Nothing is logged when none is set. `JSON` and words that are no level mean everything, as for Terraform.
/// The host filters too, by the latter two: what we leave out need not be written and read.
pub fn level(provider: &str, lookup: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", provider.to_uppercase());
    let asked = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| lookup(name).filter(|value| !value.is_empty()));
    match asked.map(|word| word.to_uppercase()).as_deref() {
        None | Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some(_) => LevelFilter::TRACE,
    }
}

/// Logs to standard error from now on, for the whole process. Does nothing if something else logs already.
pub fn install(level: LevelFilter) {
    if level != LevelFilter::OFF {
        let layer = Hclog::new(std::io::stderr(), level);
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
    }
}

/// A layer that writes hclog lines. Fields of the spans around an event are fields of its line.
#[derive(Debug)]
pub struct Hclog<W> {
    writer: Mutex<W>,
    level: LevelFilter,
    clock: fn() -> OffsetDateTime,
}

impl<W: Write> Hclog<W> {
    /// Writes events of `level` and above to `writer`, each with one call of `write_all`.
    pub fn new(writer: W, level: LevelFilter) -> Self {
        Self { writer: Mutex::new(writer), level, clock: OffsetDateTime::now_utc }
    }

    fn write(&self, line: &str) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody to tell if nobody reads.
        let _ = writer.write_all(line.as_bytes());
    }
}

impl<S, W> Layer<S> for Hclog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let target = metadata.target();
        *metadata.level() <= self.level
            && target != SILENT_TARGET
            && (target.starts_with(OWN_TARGET) || *metadata.level() <= Level::WARN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        self.write(&line(fields, event.metadata(), (self.clock)()));
    }
}

/// One line, with its end.
fn line(Fields(mut fields): Fields, metadata: &Metadata<'_>, now: OffsetDateTime) -> String {
    let message = fields.remove("message").map(|message| match message {
        Value::String(text) => text,
        other => other.to_string(),
    });
    let standard = [
        ("@level", metadata.level().as_str().to_lowercase()),
        ("@message", message.unwrap_or_default()),
        ("@module", module(metadata.target())),
        ("@timestamp", now.format(&TIMESTAMP).unwrap_or_default()),
    ]
    .map(|(key, value)| (key.to_owned(), Value::String(value)));
    fields.extend(standard.clone());

    let whole = Value::Object(fields).to_string();
    if whole.len() <= MAX_LINE {
        return whole + "\n";
    }
    let mut short = Map::from_iter(standard);
    short.insert("omitted".into(), Value::String("the fields of this line, which was too long".into()));
    Value::Object(short).to_string() + "\n"
}

/// `milink.sql.session` for `terraform_provider_milink::sql::session`.
fn module(target: &str) -> String {
    target.strip_prefix("terraform_provider_").unwrap_or(target).replace("::", ".")
}

/// The fields of a span or an event, as JSON.
#[derive(Debug, Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        // The host's own keys start with this sign, and it trusts their types.
        let key = field.name().trim_start_matches('@');
        if !key.is_empty() {
            self.0.insert(key.to_owned(), value.into());
        }
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinities and no NaN.
        self.insert(
            field,
            serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number),
        );
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, shortened(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.insert(field, shortened(super::chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.insert(field, shortened(text));
    }
}

/// Cuts a text that is too long, and says so.
fn shortened(mut text: String) -> String {
    if text.len() > MAX_VALUE {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(MAX_VALUE));
        let _ = write!(text, "… ({whole} bytes)");
    }
    text
}

#[cfg(test)]
mod tests;
