//! What there is in the world that a configuration could have made, so that a rehearsal can tell what it left behind.
//!
//! An inventory is taken before the apply and after the destroy. It holds objects with what an administrator would see
//! of them, not what moves by itself (log positions, connections, counters).

use std::collections::BTreeMap;
use std::fmt;

use crate::world::Estate;
use crate::world::instance::SqlInstance;
use crate::world::managed::ManagedInstance;

/// Kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Database master key of `master`.
    MasterKey,
    /// Certificate of `master`.
    Certificate,
    /// What a certificate may vouch for.
    IssuerGrant,
    /// Database mirroring endpoint.
    Endpoint,
    /// Local availability group.
    AvailabilityGroup,
    /// Distributed availability group.
    DistributedGroup,
    /// Login.
    Login,
    /// Database.
    Database,
    /// Certificate of a SQL Server that was uploaded to a managed instance.
    TrustCertificate,
    /// Link, seen from Azure.
    Link,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Host name of the SQL Server or the managed instance.
    pub place: String,
    /// What it is.
    pub kind: Kind,
    /// Its name; empty for a master key, of which there is one.
    pub name: String,
}

/// Everything there is, each with what an administrator sees of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory(BTreeMap<Item, Facts>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Facts {
    /// Compared; not shown.
    properties: String,
    /// A database that came into being as the copy of another.
    copy: bool,
}

/// What is different after a rehearsal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// There, and by design: each with the reason.
    pub remaining: Vec<(Item, &'static str)>,
    /// There, and should not be.
    pub left_behind: Vec<Item>,
    /// Was there before, is not any more.
    pub missing: Vec<Item>,
    /// Is no longer as it was.
    pub changed: Vec<Item>,
}

impl Differences {
    /// Whether the world is as it should be after a destroy: nothing left behind, nothing of others lost or changed.
    pub fn is_clean(&self) -> bool {
        self.left_behind.is_empty() && self.missing.is_empty() && self.changed.is_empty()
    }
}

impl Inventory {
    /// Everything that is in `estate` now.
    pub fn of(estate: &Estate) -> Self {
        let mut inventory = Self::default();
        for server in &estate.sql_servers {
            inventory.add_engine(server);
        }
        for managed in &estate.managed_instances {
            inventory.add_managed(managed);
        }
        inventory
    }

    /// What is different in `after`.
    pub fn compare(&self, after: &Self) -> Differences {
        let mut differences = Differences::default();
        for (item, facts) in &after.0 {
            match self.0.get(item) {
                Some(before) if before.properties == facts.properties => {}
                // Of an endpoint that was taken over, the written arguments are managed, and it stays as it is.
                Some(_) if item.kind == Kind::Endpoint => {
                    differences.remaining.push((item.clone(), "it was taken over, with what was written"));
                }
                Some(_) => differences.changed.push(item.clone()),
                None => match reason_to_remain(item.kind, facts) {
                    Some(reason) => differences.remaining.push((item.clone(), reason)),
                    None => differences.left_behind.push(item.clone()),
                },
            }
        }
        differences.missing = self.0.keys().filter(|item| !after.0.contains_key(item)).cloned().collect();
        differences
    }

    fn add_engine(&mut self, engine: &SqlInstance) {
        let mut add = |kind, name: &str, properties: String, copy| {
            let item = Item { place: engine.key().to_string(), kind, name: name.to_owned() };
            self.0.insert(item, Facts { properties, copy });
        };
        if let Some(key) = &engine.master_key {
            add(Kind::MasterKey, "", key.guid.clone(), false);
        }
        for certificate in &engine.certificates {
            let properties = format!("{:?} {:?}", certificate.thumbprint, certificate.private_key);
            add(Kind::Certificate, &certificate.name, properties, false);
        }
        for grant in &engine.issuers {
            let issuer = engine.certificate_by_id(grant.certificate);
            let issuer = issuer.map_or("?", |certificate| certificate.name.as_str());
            add(Kind::IssuerGrant, &format!("{issuer} for {}", grant.dns), String::new(), false);
        }
        if let Some(endpoint) = &engine.endpoint {
            let properties = format!(
                "{:?} {} {:?} {:?} {:?} {:?}",
                endpoint.state,
                endpoint.port,
                endpoint.ip,
                endpoint.role,
                endpoint.authentication,
                endpoint.encryption
            );
            add(Kind::Endpoint, &endpoint.name, properties, false);
        }
        for group in &engine.groups {
            let kind = if group.distributed { Kind::DistributedGroup } else { Kind::AvailabilityGroup };
            let replicas: Vec<_> = group
                .replicas
                .iter()
                .map(|replica| (&replica.server_name, &replica.url, replica.synchronous))
                .collect();
            let properties = format!("{} {replicas:?} {:?} {:?}", group.id, group.databases, group.role);
            add(kind, &group.name, properties, false);
        }
        for login in &engine.logins {
            let properties = format!("{} {} {:?}", login.kind, login.enabled, login.roles);
            add(Kind::Login, &login.name, properties, false);
        }
        for database in &engine.databases {
            let properties = format!(
                "{} {:?} {} {} {} {:?}",
                database.guid,
                database.state,
                database.recovery_model,
                database.read_only,
                database.encrypted,
                database.group
            );
            add(Kind::Database, &database.name, properties, database.seeded_by.is_some());
        }
    }

    fn add_managed(&mut self, managed: &ManagedInstance) {
        self.add_engine(&managed.engine);
        let mut add = |kind, name: &str, properties: String| {
            let item = Item { place: managed.engine.host.clone(), kind, name: name.to_owned() };
            self.0.insert(item, Facts { properties, copy: false });
        };
        for certificate in &managed.trust_certificates {
            add(Kind::TrustCertificate, &certificate.name, format!("{:?}", certificate.der));
        }
        for link in &managed.links {
            add(Kind::Link, &link.name, format!("{:?} {}", link.request, link.instance_is_primary));
        }
    }
}

/// Why an object that a rehearsal brought into being may stay after its destroy.
fn reason_to_remain(kind: Kind, facts: &Facts) -> Option<&'static str> {
    match kind {
        Kind::MasterKey => Some("other private keys may depend on it by now"),
        Kind::Database if facts.copy => Some("ending a link never deletes data"),
        _ => None,
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, kind, name } = self;
        if name.is_empty() { write!(f, "{kind} on {place}") } else { write!(f, "{kind} {name} on {place}") }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MasterKey => "database master key",
            Self::Certificate => "certificate",
            Self::IssuerGrant => "issuer grant of",
            Self::Endpoint => "database mirroring endpoint",
            Self::AvailabilityGroup => "availability group",
            Self::DistributedGroup => "distributed availability group",
            Self::Login => "login",
            Self::Database => "database",
            Self::TrustCertificate => "server trust certificate",
            Self::Link => "link",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(items: &[(&str, Kind, &str, bool)]) -> Inventory {
        let entry = |&(name, kind, properties, copy): &(&str, Kind, &str, bool)| {
            let item = Item { place: "hq".into(), kind, name: name.into() };
            (item, Facts { properties: properties.into(), copy })
        };
        Inventory(items.iter().map(entry).collect())
    }

    #[test]
    fn copies_and_master_keys_may_stay_and_nothing_else() {
        let before = inventory(&[("theirs", Kind::Certificate, "1", false)]);
        let after = inventory(&[
            ("theirs", Kind::Certificate, "1", false),
            ("", Kind::MasterKey, "", false),
            ("Sales", Kind::Database, "", true),
            ("Other", Kind::Database, "", false),
        ]);
        let differences = before.compare(&after);
        let names = |items: &[Item]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
        let remaining: Vec<_> = differences.remaining.iter().map(|(item, _)| item.clone()).collect();
        assert_eq!(names(&remaining), ["database master key on hq", "database Sales on hq"]);
        assert_eq!(names(&differences.left_behind), ["database Other on hq"]);
        assert!(differences.missing.is_empty() && differences.changed.is_empty());
        assert!(!differences.is_clean());
    }

    #[test]
    fn what_belongs_to_others_may_neither_go_nor_change() {
        let before = inventory(&[("a", Kind::Certificate, "1", false), ("b", Kind::Login, "enabled", false)]);
        let after = inventory(&[("b", Kind::Login, "disabled", false)]);
        let differences = before.compare(&after);
        assert_eq!(differences.missing.len(), 1);
        assert_eq!(differences.changed.len(), 1);
        assert!(!differences.is_clean());
    }
}
