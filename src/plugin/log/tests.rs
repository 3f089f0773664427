//! The form of the lines, byte for byte.

use std::sync::{Arc, Mutex};

use time::macros::datetime;
use tracing::{Level, event};

use super::*;

/// Collects what is written.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is written when `log` runs.
fn logged(level: LevelFilter, log: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let mut layer = Hclog::new(buffer.clone(), level);
    layer.clock = || datetime!(2024-02-03 04:05:06.000007 UTC);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// The only line, parsed.
fn parsed(log: impl FnOnce()) -> Map<String, Value> {
    let text = logged(LevelFilter::TRACE, log);
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    serde_json::from_str(text.trim_end()).unwrap()
}

#[test]
fn a_line_is_hclog_json() {
    let text = logged(LevelFilter::TRACE, || {
        tracing::warn!(rows = 3, server = "hq", slow = true, ratio = 0.5, "a batch\nof \"two\"");
    });
    insta::assert_snapshot!(text.trim_end(), @r#"{"@level":"warn","@message":"a batch\nof \"two\"","@module":"milink.plugin.log.tests","@timestamp":"2024-02-03T04:05:06.000007Z","ratio":0.5,"rows":3,"server":"hq","slow":true}"#);
}

#[test]
fn fields_of_spans_are_fields_of_the_line() {
    let text = logged(LevelFilter::TRACE, || {
        let outer = tracing::info_span!("rpc", rpc = "ReadResource", kind = tracing::field::Empty);
        outer.record("kind", "milink_link");
        let _outer = outer.entered();
        let _inner = tracing::info_span!("statement", server = "hq", rows = 1).entered();
        tracing::info!(rows = 2, "done");
    });
    insta::assert_snapshot!(text.trim_end(), @r#"{"@level":"info","@message":"done","@module":"milink.plugin.log.tests","@timestamp":"2024-02-03T04:05:06.000007Z","kind":"milink_link","rows":2,"rpc":"ReadResource","server":"hq"}"#);
}

#[test]
fn what_the_host_trusts_to_be_strings_is_strings() {
    // Each of these would crash Terraform if it reached the line as it is.
    let messages = [
        parsed(|| tracing::info!(message = 5)),
        parsed(|| tracing::info!(message = true)),
        parsed(|| tracing::info!(rows = 1)),
        parsed(|| event!(Level::INFO, "@level" = 7, "@message" = 8, "@timestamp" = 9, "text")),
    ];
    for line in messages {
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[key].is_string(), "{key} in {line:?}");
        }
    }
}

#[test]
fn numbers_that_json_lacks_are_text() {
    let line = parsed(|| tracing::info!(nan = f64::NAN, big = u128::MAX, "x"));
    assert_eq!(line["nan"], "NaN");
    assert_eq!(line["big"], u128::MAX.to_string());
}

#[test]
fn errors_come_with_their_causes() {
    let error = super::super::ServeError::Handshake(std::io::Error::other("the pipe is closed"));
    let line = parsed(|| tracing::error!(error = &error as &dyn std::error::Error, "x"));
    assert_eq!(line["error"], "cannot write the handshake to standard output: the pipe is closed");
}

#[test]
fn lines_stay_below_the_buffer_of_the_host() {
    let long = "ä".repeat(100_000);
    let text = logged(LevelFilter::TRACE, || {
        tracing::info!(
            a = long,
            b = long,
            c = long,
            d = long,
            e = long,
            f = long,
            g = long,
            h = long,
            "{long}"
        );
    });
    assert!(text.len() < 64 << 10, "{} bytes", text.len());
    let line: Map<String, Value> = serde_json::from_str(text.trim_end()).unwrap();
    assert!(line["@message"].as_str().unwrap().ends_with("… (200000 bytes)"));
}

#[test]
fn levels_are_asked_for_by_the_most_special_variable() {
    let level = |variables: &[(&str, &str)]| {
        level("milink", |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(level(&[]), LevelFilter::OFF);
    assert_eq!(level(&[("TF_LOG", "")]), LevelFilter::OFF);
    assert_eq!(level(&[("TF_LOG", "info")]), LevelFilter::INFO);
    assert_eq!(level(&[("TF_LOG", "JSON")]), LevelFilter::TRACE);
    assert_eq!(level(&[("TF_LOG", "1")]), LevelFilter::TRACE);
    assert_eq!(level(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "WARN")]), LevelFilter::WARN);
    assert_eq!(
        level(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "WARN"), ("TF_LOG_PROVIDER_MILINK", "off")]),
        LevelFilter::OFF
    );
}

#[test]
fn only_what_is_asked_for_and_reviewed_is_written() {
    let own = || tracing::debug!("own");
    assert_eq!(logged(LevelFilter::INFO, own), "");
    assert_ne!(logged(LevelFilter::DEBUG, own), "");
    let foreign = |level| {
        move || match level {
            Level::WARN => event!(target: "h2::codec", Level::WARN, "foreign"),
            _ => event!(target: "h2::codec", Level::INFO, "foreign"),
        }
    };
    assert_eq!(logged(LevelFilter::TRACE, foreign(Level::INFO)), "");
    assert_ne!(logged(LevelFilter::TRACE, foreign(Level::WARN)), "");
    let quoting = || event!(target: "tiberius::tds::stream::token", Level::ERROR, "near 'secret'");
    assert_eq!(logged(LevelFilter::TRACE, quoting), "");
}
