//! ARM's throttling: one bucket of tokens per kind of call, refilled all the time.
//!
//! The headers are those of the bucket model that recordings from 2024 on show: global reads
//! 16,499, writes 799 and global 11,999, deletes likewise. A call that finds its bucket empty gets 429 and
//! `Retry-After`. Limits of resource providers of their own are not modelled; a fault rule can play one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::reply::{ArmError, Reply};

/// Kinds of calls that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// GET, HEAD.
    Read,
    /// PUT, PATCH, POST.
    Write,
    /// DELETE.
    Delete,
}

impl CallKind {
    /// The kind of a verb.
    pub fn of(method: &str) -> Self {
        match method {
            "GET" | "HEAD" => Self::Read,
            "DELETE" => Self::Delete,
            _ => Self::Write,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Write => 1,
            Self::Delete => 2,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Delete => "deletes",
        }
    }
}

/// Size and refill of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Calls that fit into a full bucket.
    pub capacity: u32,
    /// Calls that come back a second (wall-clock).
    pub per_second: f64,
}

/// The buckets. Clones share them.
#[derive(Debug, Clone)]
pub struct Throttle {
    buckets: Arc<Mutex<[Bucket; 3]>>,
}

#[derive(Debug)]
struct Bucket {
    limit: Limit,
    level: f64,
    filled: Instant,
}

impl Default for Throttle {
    fn default() -> Self {
        let bucket = |capacity: u32| Bucket {
            limit: Limit { capacity, per_second: f64::from(capacity) / 20.0 },
            level: f64::from(capacity),
            filled: Instant::now(),
        };
        Self { buckets: Arc::new(Mutex::new([bucket(16_500), bucket(800), bucket(800)])) }
    }
}

impl Throttle {
    /// Gives one kind of call another limit, with a full bucket.
    pub fn limit(&self, kind: CallKind, limit: Limit) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(kind.index()) {
            *bucket = Bucket { limit, level: f64::from(limit.capacity), filled: Instant::now() };
        }
    }

    /// Takes one call out of its bucket and returns how many are left.
    ///
    /// # Errors
    /// 429 with `Retry-After` when the bucket is empty.
    pub fn take(&self, kind: CallKind, subscription: &str) -> Result<u32, ArmError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(kind.index()) else { return Ok(0) };
        let now = Instant::now();
        let refill = now.duration_since(bucket.filled).as_secs_f64() * bucket.limit.per_second;
        bucket.level = (bucket.level + refill).min(f64::from(bucket.limit.capacity));
        bucket.filled = now;
        if bucket.level < 1.0 {
            let wait = ((1.0 - bucket.level) / bucket.limit.per_second).ceil().max(1.0);
            return Err(ArmError::gateway(
                429,
                "SubscriptionRequestsThrottled",
                format!("Number of requests for subscription '{subscription}' and operation '{}' exceeded the backend storage limit. Please try again after '{wait}' seconds.", kind.word()),
            )
            .header("retry-after", format!("{wait}")));
        }
        bucket.level -= 1.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a u32")]
        Ok(bucket.level as u32)
    }

    /// Adds the headers that tell how many calls are left.
    #[must_use]
    pub fn announce(reply: Reply, kind: CallKind, left: u32) -> Reply {
        match kind {
            CallKind::Read => {
                reply.header("x-ms-ratelimit-remaining-subscription-global-reads", left.to_string())
            }
            CallKind::Write | CallKind::Delete => {
                let word = kind.word();
                reply
                    .header(&format!("x-ms-ratelimit-remaining-subscription-{word}"), left.to_string())
                    .header(&format!("x-ms-ratelimit-remaining-subscription-global-{word}"), "11999")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_answers_429_with_retry_after() {
        let throttle = Throttle::default();
        throttle.limit(CallKind::Write, Limit { capacity: 2, per_second: 0.1 });
        assert_eq!(throttle.take(CallKind::Write, "s"), Ok(1));
        assert_eq!(throttle.take(CallKind::Write, "s"), Ok(0));
        let error = throttle.take(CallKind::Write, "s").unwrap_err();
        assert_eq!(error.status, 429);
        assert!(
            error.headers.iter().any(|(name, value)| name == "retry-after" && value == "10"),
            "{error:?}"
        );
        assert!(throttle.take(CallKind::Read, "s").is_ok());
    }
}
