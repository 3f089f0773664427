//! The mirroring connection of a link: when it comes about, when it is lost.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::assumption;
use super::build::Capability;
use super::estate::Network;
use super::group::{AvailabilityGroup, Role};
use super::instance::SqlInstance;
use super::managed::{Link, ManagedInstance, Session};
use super::replication::opposite;
use super::trust::{self, LinkError};
use crate::tsql::error::raise;

/// What an attempt to connect looks at.
pub(super) struct Ends<'a> {
    pub(super) link: &'a Link,
    pub(super) managed: &'a ManagedInstance,
    pub(super) sql: Option<&'a SqlInstance>,
    pub(super) network: &'a Network,
    pub(super) now: OffsetDateTime,
    pub(super) opposites: &'a BTreeSet<u16>,
}

impl Ends<'_> {
    /// Tries to connect. The order is that of the layers: packets, certificates, groups.
    pub(super) fn connect(&self) -> Result<Session, LinkError> {
        let sql = self.sql.ok_or(LinkError::Unreachable)?;
        let (Some(here), Some(there)) = (&self.managed.engine.endpoint, &sql.endpoint) else {
            return Err(LinkError::Unreachable);
        };
        let partner = Address::parse(&self.link.request.partner_endpoint).ok_or(LinkError::Unreachable)?;
        let bound = there.ip.as_ref().is_none_or(|ip| ip.eq_ignore_ascii_case(partner.host));
        let open = self.flows(sql) && trust::listens(here) && trust::listens(there);
        if !open || !bound || there.port != partner.port || !trust::agree(here.encryption, there.encryption) {
            return Err(LinkError::Unreachable);
        }
        trust::sql_trusts_instance(sql, self.managed, self.now, self.opposites)?;
        trust::instance_trusts_sql(self.managed, sql, self.now)?;
        let group = self.group(sql).ok_or(LinkError::Groups)?;
        if (group.role == Role::Primary) == self.link.instance_is_primary {
            return Err(LinkError::Roles);
        }
        if !self.formats_fit(sql) {
            return Err(self.misfit(sql));
        }
        let engines = (self.managed.engine.started, sql.started);
        Ok(Session { starts: there.starts, engines, group: group.id.clone(), engine: sql.key() })
    }

    /// Whether a connection that there was is still there. Certificates count no more.
    pub(super) fn lives(&self, session: &Session) -> bool {
        self.sql.is_some_and(|sql| {
            self.flows(sql)
                && sql.is(&session.engine)
                && session.engines == (self.managed.engine.started, sql.started)
                && sql
                    .endpoint
                    .as_ref()
                    .is_some_and(|one| trust::listens(one) && one.starts == session.starts)
                // A failover of a one-way link breaks it. ["Managed Instance link overview", 2026]
                && (!self.link.instance_is_primary || self.formats_fit(sql))
                && self.group(sql).is_some_and(|group| {
                    group.id == session.group
                        && (group.role == Role::Primary) != self.link.instance_is_primary
                })
        })
    }

    fn flows(&self, sql: &SqlInstance) -> bool {
        // An instance that scales replicates on until its engine moves.
        let up = matches!(self.managed.view.state.as_str(), "Ready" | "Updating");
        up && self.network.connects(&sql.host, &self.managed.engine.host)
    }

    /// SQL Server's distributed group, if it is the link's: names, the way to the instance, the local group below.
    fn group<'a>(&self, sql: &'a SqlInstance) -> Option<&'a AvailabilityGroup> {
        let request = &self.link.request;
        let group = sql.group(&self.link.name).filter(|group| group.distributed)?;
        let member = |name: &str| group.replicas.iter().find(|one| sql.same_name(&one.server_name, name));
        member(&request.partner_group)?;
        let way = Address::parse(&member(&request.instance_group)?.url)?;
        let there = self.managed.engine.endpoint.as_ref()?;
        // A mirroring connection to an instance arrives at a gateway, which needs the name to pass it on.
        let routed =
            way.server.is_some_and(|server| server.eq_ignore_ascii_case(&self.managed.view.path.name));
        let leads = self.managed.engine.answers_to(way.host) && way.port == there.port && routed;
        let below = sql.group(&request.partner_group).filter(|one| !one.distributed)?;
        (leads && below.role == Role::Primary).then_some(group)
    }

    /// How databases that SQL Server cannot take show.
    fn misfit(&self, sql: &SqlInstance) -> LinkError {
        // ASSUMED 91: a link that was turned round shows it as one that began so.
        let turned = self.link.instance_is_primary && !self.link.request.instance_is_primary;
        // ASSUMED 28.
        let old = self.link.instance_is_primary && !sql.has(Capability::Secondary);
        let silent = (turned && opposite(self.opposites, assumption::TURNED_ONE_WAY))
            || (!turned && old && opposite(self.opposites, assumption::MISSING_UPDATE));
        if silent { LinkError::Groups } else { LinkError::Formats }
    }

    /// SQL Server takes databases of its own format alone.
    fn formats_fit(&self, sql: &SqlInstance) -> bool {
        let back =
            self.link.request.failover_mode.as_deref() == Some("Manual") || self.link.instance_is_primary;
        let format = format(self.managed);
        // An update that is missing on SQL Server looks like a format that does not fit.
        let takes = !self.link.instance_is_primary || sql.has(Capability::Secondary);
        !back || (takes && format == Some(sql.build.major))
    }
}

/// The version whose format an instance keeps its databases in; nothing where it follows no version.
pub(super) fn format(managed: &ManagedInstance) -> Option<u8> {
    match managed.view.database_format.as_str() {
        "SQLServer2022" => Some(16),
        "SQLServer2025" => Some(17),
        _ => None,
    }
}

impl LinkError {
    /// Number and text as the instance reports them.
    pub fn on_instance(self, link: &Link) -> (i32, String) {
        let request = &link.request;
        match self {
            Self::Unreachable => raise!(41986),
            Self::SqlServerNotTrusted => raise!(41973),
            Self::InstanceNotTrusted => raise!(41974),
            Self::Groups | Self::Roles => raise!(41976, request.partner_group, request.partner_endpoint),
            Self::Formats => raise!(41988),
        }
        .told()
    }

    /// Number and text of `last_connect_error_*` on SQL Server. ASSUMED 25: the numbers.
    pub fn on_sql_server(self) -> (i32, &'static str) {
        match self {
            Self::Unreachable => (
                10060,
                "A connection attempt failed because the connected party did not properly respond after a period of time, \
                 or established connection failed because connected host has failed to respond.",
            ),
            Self::SqlServerNotTrusted | Self::InstanceNotTrusted => (
                28047,
                "Database Mirroring login attempt failed with error: 'Connection handshake failed. The certificate used \
                 by the peer is not trusted.'",
            ),
            Self::Groups | Self::Roles | Self::Formats => (
                35250,
                "The connection to the primary replica is not active.  The command cannot be processed.",
            ),
        }
    }
}

/// Where a `LISTENER_URL` or a partner endpoint leads: `TCP://host:port`, then `;Server=[…];Database=[…]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) server: Option<&'a str>,
}

impl<'a> Address<'a> {
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (place, options) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = place.rsplit_once(':')?;
        let server = options.split(';').find_map(|option| {
            let (key, value) = option.split_once('=')?;
            let value = value.trim().strip_prefix('[')?.strip_suffix(']')?;
            key.trim().eq_ignore_ascii_case("server").then_some(value)
        });
        let port = port.parse().ok()?;
        scheme.eq_ignore_ascii_case("tcp").then_some(Self { host, port, server })
    }
}

/// How long after a loss a link tries to connect again, and then after each failure. ASSUMED 8: within seconds.
pub(super) const RETRY: Duration = Duration::seconds(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_instance_behind_the_gateway() {
        let url = "tcp://mi.zone.database.windows.net:5022;Server=[mi];Database=[Sales]";
        let address = Address::parse(url).unwrap();
        assert_eq!((address.host, address.port), ("mi.zone.database.windows.net", 5022));
        assert_eq!(address.server, Some("mi"));
        assert_eq!(Address::parse("TCP://10.0.0.4:5022").unwrap().server, None);
        assert_eq!(Address::parse("http://10.0.0.4:5022"), None);
    }
}
