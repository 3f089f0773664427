//! How long to wait before asking again: what the service says, within reason, and else a little longer each time.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The wait between polls where the service does not say (Microsoft's clients use 15 to 30 s).
pub(super) const POLL: Duration = Duration::from_secs(15);
/// The longest wait that the service can impose between two polls.
const LONGEST: Duration = Duration::from_secs(300);
/// The longest wait before a read is repeated: a plan is waiting for it.
const LONGEST_FOR_A_READ: Duration = Duration::from_secs(30);

/// Reads `Retry-After`: seconds, or a moment.
pub(super) fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let moment = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
    let rest = moment - OffsetDateTime::now_utc();
    Some(Duration::try_from(rest).unwrap_or_default().min(LONGEST))
}

/// Before the `attempt`-th repetition of a read, counted from 1. Our own waits differ by up to a half, so that those
/// who failed together do not come back together.
pub(super) fn before_read(attempt: u32, said: Option<Duration>) -> Duration {
    match said {
        Some(said) => said.min(LONGEST_FOR_A_READ),
        None => {
            let base = Duration::from_millis(250 << attempt.min(6));
            base + base.mul_f64(f64::from(dice()) / 512.0)
        }
    }
}

/// Anything from 0 to 255. Without randomness it is no worse than before.
fn dice() -> u8 {
    let mut byte = [0];
    let _even = aws_lc_rs::rand::fill(&mut byte);
    let [byte] = byte;
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_bounded() {
        assert_eq!(retry_after("17"), Some(Duration::from_secs(17)));
        assert_eq!(retry_after("86400"), Some(LONGEST));
        assert_eq!(retry_after("soon"), None);
        assert_eq!(retry_after("-1"), None);
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let later = OffsetDateTime::now_utc() + Duration::from_secs(60);
        let text = later.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let read = retry_after(&text).unwrap();
        assert!(read > Duration::from_secs(50) && read <= Duration::from_secs(60), "{text}: {read:?}");
    }

    #[test]
    fn waits_grow_and_stay_short() {
        for attempt in 1..20 {
            let wait = before_read(attempt, None);
            let base = Duration::from_millis(250 << attempt.min(6));
            assert!(wait >= base && wait <= base.mul_f64(1.5), "{attempt}: {wait:?}");
        }
        assert_eq!(before_read(1, Some(LONGEST)), LONGEST_FOR_A_READ);
        assert_eq!(before_read(1, Some(Duration::ZERO)), Duration::ZERO);
    }
}
