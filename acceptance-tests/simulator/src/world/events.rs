//! When the world next does something by itself.
//!
//! Between two events everything flows evenly, and a stride may be as long as the time between them. So a jump of days is
//! as many strides as things happen, and not as many as it has seconds.

use time::{Duration, OffsetDateTime};

use super::connection::{Address, RETRY};
use super::estate::Estate;
use super::flow::{Way, sharing};
use super::instance::SqlInstance;
use super::link_life::{INITIATION, SEEDING_LIMIT};
use super::managed::{Link, LinkPhase, ManagedInstance};
use super::x509;

/// The whole seconds after which a moment is reached or passed.
pub(super) fn seconds_until(from: OffsetDateTime, moment: OffsetDateTime) -> i64 {
    let left = moment - from;
    left.whole_seconds() + i64::from(left.subsec_nanoseconds() > 0)
}

impl Estate {
    /// The next moment at which a link, a node, an operation or a backup may change how everything flows on.
    ///
    /// `acted` is when somebody last changed anything: what kept a link apart may be mended since, so its next attempt
    /// counts. After that only a date of a certificate can make an attempt end differently; `dates` are these, in order.
    pub(super) fn next_event(
        &self,
        acted: OffsetDateTime,
        dates: &[OffsetDateTime],
    ) -> Option<OffsetDateTime> {
        let running = self.operations.iter().filter(|one| one.outcome.is_none());
        let ends = running.filter_map(|one| one.ends);
        let instances = self.managed_instances.iter().flat_map(|managed| {
            let backups = managed.due_backups.iter().map(|(_, at)| *at);
            let links =
                managed.links.iter().filter_map(move |link| self.next_of(managed, link, acted, dates));
            backups.chain(links)
        });
        let nodes = self.next_of_nodes(acted, dates);
        ends.chain(instances).chain(self.log_events()).chain(nodes).min()
    }

    /// Whether any link or node waits for a connection, so that dates of certificates matter.
    pub(super) fn waits_for_connection(&self) -> bool {
        self.managed_instances.iter().flat_map(|managed| &managed.links).any(Link::waits)
            || self.pairs.iter().any(|pair| !pair.connected())
    }

    /// Bytes a second at which a link of an instance seeds now, or would.
    pub fn seeding_rate_of(&self, managed: &ManagedInstance, link: &Link) -> u64 {
        let partner = Address::parse(&link.request.partner_endpoint);
        let sql = partner.and_then(|partner| self.engine_behind(partner.host, partner.port));
        let sites = (managed.engine.host.as_str(), sql.map_or("", |sql| sql.host.as_str()));
        let sharing = sharing(&managed.links);
        Way::between(&self.network, sites, self.seeding_rate, self.log_rates, sharing).seeding
    }

    /// When a log of limited size is full, or may be cut.
    fn log_events(&self) -> impl Iterator<Item = OffsetDateTime> {
        let up = move |engine: &&SqlInstance| {
            !self.network.down.contains(&engine.host)
                && engine.databases.iter().any(|one| one.log.limit.is_some())
        };
        self.engines().filter(up).flat_map(move |engine| {
            let standing = engine.standing();
            let limited = engine.databases.iter().filter(|one| one.log.limit.is_some() && one.can_change());
            limited.filter_map(move |one| {
                if standing.receives(one) {
                    return None;
                }
                let seconds = one.seconds_of_room(standing.holds(one), standing.flows(one))?;
                self.reached.checked_add(Duration::seconds(i64::try_from(seconds).ok()?))
            })
        })
    }

    fn next_of(
        &self,
        managed: &ManagedInstance,
        link: &Link,
        acted: OffsetDateTime,
        dates: &[OffsetDateTime],
    ) -> Option<OffsetDateTime> {
        if link.waits() {
            let limit = match link.phase {
                LinkPhase::Initiating => Some(link.created + INITIATION),
                LinkPhase::Seeding => Some(link.created + SEEDING_LIMIT),
                _ => None,
            };
            let attempt = next_try(link.tried, link.next_attempt, acted, dates);
            return attempt.into_iter().chain(limit).min();
        }
        if link.phase != LinkPhase::Seeding {
            return None;
        }
        let share = self.seeding_rate_of(managed, link);
        let left = link.databases.iter().find_map(|one| {
            let (done, total) = one.seeded?;
            (done < total).then(|| total - done)
        });
        let seconds = left.filter(|_| share > 0).map(|left| left.div_ceil(share));
        let done = seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(Duration::seconds);
        let limit = link.created + SEEDING_LIMIT;
        done.and_then(|done| self.reached.checked_add(done)).map_or(Some(limit), |done| Some(done.min(limit)))
    }

    /// Every moment at which a certificate begins or ceases to be valid by the clock of somebody who checks it, in order.
    pub(super) fn validity_dates(&self) -> Vec<OffsetDateTime> {
        let mut skews: Vec<i64> = self.engines().map(|engine| engine.clock_skew).collect();
        skews.push(0);
        skews.sort_unstable();
        skews.dedup();
        let shown = self.managed_instances.iter().flat_map(|managed| {
            let roots = managed.roots.iter().map(|(_, der)| der);
            managed.endpoint_chain.iter().chain(roots).filter_map(|der| x509::validity(der))
        });
        let held = self.engines().flat_map(|engine| &engine.certificates);
        let all = shown.chain(held.map(|one| (one.not_before, one.not_after)));
        let mut dates: Vec<OffsetDateTime> = all
            // A certificate is still valid at its last moment.
            .flat_map(|(from, until)| [from, until + Duration::NANOSECOND])
            .flat_map(|date| skews.iter().map(move |skew| date - Duration::seconds(*skew)))
            .collect();
        dates.sort_unstable();
        dates.dedup();
        dates
    }
}

impl Link {
    /// Whether it is without a connection and still tries to get one.
    pub(super) fn waits(&self) -> bool {
        self.session.is_none() && !self.failed()
    }

    /// Whether its set-up or seeding failed, for good.
    pub(super) fn failed(&self) -> bool {
        matches!(self.phase, LinkPhase::InitError | LinkPhase::CreationError)
    }
}

/// The next attempt to connect that may end differently from the last one, if attempts go on in their beat.
pub(super) fn next_try(
    tried: Option<OffsetDateTime>,
    next_attempt: OffsetDateTime,
    acted: OffsetDateTime,
    dates: &[OffsetDateTime],
) -> Option<OffsetDateTime> {
    let Some(tried) = tried.filter(|tried| *tried > acted) else { return Some(next_attempt) };
    let date = dates.get(dates.partition_point(|date| *date <= tried))?;
    let beats = seconds_until(next_attempt, *date).max(0);
    let retry = RETRY.whole_seconds();
    next_attempt.checked_add(Duration::seconds((beats + retry - 1) / retry * retry))
}
