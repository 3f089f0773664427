//! `WAITFOR DELAY` and `WAITFOR TIME`, on the world's clock: who pushes the clock shortens the wait.
//!
//! Source: learn.microsoft.com "WAITFOR"; servers' own answers for 148, 241 and 9815.

use rusqlite::types::Value;
use sqlparser::ast::{Expr, Value as Literal};
use time::{OffsetDateTime, PrimitiveDateTime, Time};

use super::super::error::{self, SqlError, raise};
use super::super::query::Host as _;
use super::super::value::{Type, parse_moment};
use super::{Output, SqlSession};

/// Checks a constant before anything runs.
///
/// # Errors
/// 148.
pub(super) fn check(value: &Expr) -> Result<(), SqlError> {
    let Expr::Value(value) = value else { return Ok(()) };
    match &value.value {
        Literal::SingleQuotedString(text) | Literal::NationalStringLiteral(text)
            if !text.trim().is_empty() && clock_time(text).is_none() =>
        {
            Err(raise!(148, text))
        }
        _ => Ok(()),
    }
}

/// A time of day without a date.
fn clock_time(text: &str) -> Option<Time> {
    let text = text.trim();
    if !text.contains(':') || text.contains(['-', '/', 'T']) {
        return None;
    }
    parse_moment(text).map(PrimitiveDateTime::time)
}

impl SqlSession {
    /// Waits for a length of time, or until a time of day.
    ///
    /// # Errors
    /// 241 and 9815 of a variable.
    pub(super) async fn wait(&self, delay: bool, value: &Expr, output: &Output<'_>) -> Result<(), SqlError> {
        let (data_type, value) = self.typed(value)?;
        let text = match (data_type, value) {
            (_, Value::Null) => return Ok(()),
            (Type::VarChar(_) | Type::NVarChar(_) | Type::Char(_) | Type::NChar(_), Value::Text(text)) => {
                text
            }
            (Type::DateTime | Type::SmallDateTime, Value::Text(text)) => {
                text.split_once(' ').map_or_else(|| text.clone(), |(_, clock)| clock.to_owned())
            }
            (other, _) => return Err(raise!(9815, other.base_name())),
        };
        if text.trim().is_empty() {
            return Ok(());
        }
        let wanted = clock_time(&text).ok_or_else(error::date_conversion)?;
        let now = self.shared.world.glance(|estate| estate.clock.now());
        let until =
            if delay { now + (wanted - Time::MIDNIGHT) } else { next_at(self.host().now(), wanted, now) };
        tokio::select! {
            () = self.shared.world.reach(until) => {}
            () = output.attention.cancelled() => {}
        }
        Ok(())
    }
}

/// When the server's clock next shows a time of day; `now` is the world's time at `shown` of the server.
fn next_at(shown: OffsetDateTime, wanted: Time, now: OffsetDateTime) -> OffsetDateTime {
    let today = shown.replace_time(wanted);
    let then = if today >= shown { today } else { today + time::Duration::days(1) };
    now + (then - shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{datetime, time};

    #[test]
    fn a_time_of_day_that_is_over_is_tomorrows() {
        let now = datetime!(2026-11-23 15:00 UTC);
        assert_eq!(next_at(now, time!(16:30), now), datetime!(2026-11-23 16:30 UTC));
        assert_eq!(next_at(now, time!(14:00), now), datetime!(2026-11-24 14:00 UTC));
        // A server whose clock is an hour ahead is there an hour earlier.
        assert_eq!(
            next_at(datetime!(2026-11-23 16:00 UTC), time!(16:30), now),
            datetime!(2026-11-23 15:30 UTC)
        );
    }

    #[test]
    fn delays_have_no_date() {
        assert!(clock_time("00:00:05.5").is_some() && clock_time("01:30").is_some());
        assert!(clock_time("2026-01-01 00:00:05").is_none() && clock_time("x").is_none());
        assert!(clock_time("25:00:00").is_none() && clock_time("5").is_none());
    }
}
