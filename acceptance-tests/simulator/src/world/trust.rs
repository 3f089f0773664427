//! Who accepts whom when two mirroring endpoints meet.
//!
//! SQL Server knows the instance by a certificate named exactly as its FQDN and by a root that may vouch for that name;
//! the instance knows SQL Server by the very certificate, uploaded to it. Dates count when a connection is made, not
//! while it lives.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::assumption;
use super::endpoint::{Algorithm, Encryption, Endpoint, Role, State};
use super::estate::Estate;
use super::instance::{EngineKey, SqlInstance};
use super::managed::ManagedInstance;
use super::replication::opposite;
use super::security::{Certificate, Securable};
use super::x509;

/// Why the two ends of a link do not connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No packet arrives, nobody listens, or the listener turns connections away.
    #[error("no mirroring endpoint answers")]
    Unreachable,
    /// The instance does not know SQL Server's certificate (41973).
    #[error("the instance does not trust SQL Server's endpoint certificate")]
    SqlServerNotTrusted,
    /// SQL Server does not accept the instance's certificate (41974).
    #[error("SQL Server does not trust the instance's endpoint certificate")]
    InstanceNotTrusted,
    /// The groups are not there, do not name each other, or have no such database (41976).
    #[error("the groups do not fit each other")]
    Groups,
    /// Both sides have the same role (41976).
    #[error("both sides have the same role")]
    Roles,
    /// Failing over in both directions needs equal database formats (41988).
    #[error("the database formats do not match")]
    Formats,
}

/// Whether SQL Server accepts the certificate that the instance presents at `now`.
///
/// ASSUMED 21: which certificate it has under the FQDN does not matter, since the service renews its own without asking.
///
/// # Errors
/// [`LinkError::InstanceNotTrusted`].
pub fn sql_trusts_instance(
    sql: &SqlInstance,
    managed: &ManagedInstance,
    now: OffsetDateTime,
    opposites: &BTreeSet<u16>,
) -> Result<(), LinkError> {
    let now = now + Duration::seconds(sql.clock_skew);
    let fqdn = managed.view.fqdn.as_str();
    let one_label = opposite(opposites, assumption::STAR_OF_LABELS);
    let presented = managed.endpoint_chain.first();
    let held = sql.certificate(fqdn).is_some_and(|held| {
        Some(&held.der) == presented || !opposite(opposites, assumption::HELD_CERTIFICATE)
    });
    let vouches = |root: &Certificate| {
        let stands_in = managed.roots.iter().any(|(_, der)| *der == root.der);
        (stands_in || root.thumbprint == x509::real_root(opposites))
            && valid(root, now)
            && sql
                .issuers
                .iter()
                .any(|grant| grant.certificate == root.id && covers(&grant.dns, fqdn, one_label))
    };
    let accepted = x509::chain_holds(&managed.endpoint_chain, &managed.roots, fqdn, now)
        && held
        && sql.certificates.iter().any(vouches);
    if accepted { Ok(()) } else { Err(LinkError::InstanceNotTrusted) }
}

/// Whether the instance accepts the certificate that SQL Server's endpoint presents at `now`.
///
/// # Errors
/// [`LinkError::SqlServerNotTrusted`].
pub fn instance_trusts_sql(
    managed: &ManagedInstance,
    sql: &SqlInstance,
    now: OffsetDateTime,
) -> Result<(), LinkError> {
    let known =
        |one: &&Certificate| managed.trust_certificates.iter().any(|uploaded| uploaded.der == one.der);
    match presented(sql).filter(known) {
        Some(certificate) if valid(certificate, now) => Ok(()),
        _ => Err(LinkError::SqlServerNotTrusted),
    }
}

impl ManagedInstance {
    /// The service gives the instance a new certificate, of another issuing authority and root of the same names, as it
    /// does by itself every year. Connections live on; the next handshake shows the new one.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn renew_certificate(&mut self, now: OffsetDateTime) -> Result<(), rcgen::Error> {
        let made = x509::InstanceCertificates::make(&self.view.fqdn, now)?;
        let own = self.engine.endpoint.as_ref().and_then(|one| one.authentication.certificate);
        let held = self.engine.certificates.iter_mut().find(|one| Some(one.id) == own);
        if let (Some(held), Some(leaf)) = (held, made.chain.first().and_then(|der| x509::read("", der))) {
            *held = Certificate {
                name: held.name.clone(),
                id: held.id,
                private_key: held.private_key,
                key: made.key,
                ..leaf
            };
        }
        self.endpoint_chain = made.chain;
        self.roots = vec![(made.root_subject.to_owned(), made.root)];
        Ok(())
    }
}

impl Estate {
    /// A certificate of a SQL Server's own making becomes one that ends at another moment, in all its copies on managed
    /// instances, as if it had been made so.
    ///
    /// # Errors
    /// When the engine has no such certificate with its private key.
    pub fn reissue_certificate(
        &mut self,
        engine: &EngineKey,
        id: i32,
        end: OffsetDateTime,
    ) -> Result<(), rcgen::Error> {
        let held =
            self.engine_mut(engine).and_then(|one| one.certificates.iter_mut().find(|one| one.id == id));
        let held = held.ok_or(rcgen::Error::CouldNotParseCertificate)?;
        let begin = held.not_before.min(end - Duration::days(365));
        let der = x509::reissue(held, begin, end)?;
        let fresh = x509::read(&held.name, &der).ok_or(rcgen::Error::CouldNotParseCertificate)?;
        let before = std::mem::replace(&mut held.der, der.clone());
        held.serial = fresh.serial;
        held.thumbprint = fresh.thumbprint;
        (held.not_before, held.not_after) = (fresh.not_before, fresh.not_after);
        let uploads = self.managed_instances.iter_mut().flat_map(|managed| &mut managed.trust_certificates);
        for upload in uploads.filter(|upload| upload.der == before) {
            upload.der.clone_from(&der);
        }
        Ok(())
    }
}

/// Whether the endpoints of two SQL Servers accept each other at `now`: by Windows accounts, or by certificates that
/// either has of the other, with an owner who may connect. ["Use certificates for a database mirroring endpoint", 2025]
pub fn accept_each_other(
    one: &SqlInstance,
    other: &SqlInstance,
    now: OffsetDateTime,
    opposites: &BTreeSet<u16>,
) -> bool {
    let windows = |engine: &SqlInstance| {
        engine.endpoint.as_ref().is_some_and(|endpoint| endpoint.authentication.windows.is_some())
    };
    // ASSUMED 135.
    let accounts = !opposite(opposites, assumption::WINDOWS_ACCOUNTS);
    (accounts && windows(one) && windows(other) && same_domain(one, other))
        || (accepts(one, other, now) && accepts(other, one, now))
}

/// Whether the services of two SQL Servers run under accounts that may connect to both endpoints: those of one Windows
/// cluster do, and those of one DNS domain.
fn same_domain(one: &SqlInstance, other: &SqlInstance) -> bool {
    let domain = |engine: &SqlInstance| {
        engine.host.split_once('.').map_or(String::new(), |(_, domain)| domain.to_lowercase())
    };
    let cluster = |engine: &SqlInstance| engine.cluster.as_ref().map(|name| name.to_lowercase());
    (cluster(one).is_some() && cluster(one) == cluster(other)) || domain(one) == domain(other)
}

/// Whether one endpoint accepts the certificate of another.
fn accepts(engine: &SqlInstance, peer: &SqlInstance, now: OffsetDateTime) -> bool {
    let now = now + Duration::seconds(engine.clock_skew);
    let (Some(endpoint), Some(_), Some(shown)) = (&engine.endpoint, presented(engine), presented(peer))
    else {
        return false;
    };
    engine
        .certificates
        .iter()
        .any(|one| one.der == shown.der && valid(one, now) && may_connect(engine, endpoint, one.owner))
}

/// Whether the owner of a certificate may connect to the endpoint.
fn may_connect(engine: &SqlInstance, endpoint: &Endpoint, owner: i32) -> bool {
    const DBO: i32 = 1;
    const PUBLIC: i32 = 2;
    if owner == DBO {
        return true;
    }
    let user = engine.users.iter().find(|user| user.id == owner && user.database == "master");
    let Some(login) = user.and_then(|user| user.login) else { return false };
    let roles = engine.logins.iter().find(|one| one.id == login).map(|one| engine.roles_of(None, &one.roles));
    let roles = roles.unwrap_or_default();
    let grantees = [&[login, PUBLIC], engine.role_ids(None, &roles).as_slice()].concat();
    let connect = |denied: bool| {
        engine.permissions.iter().any(|one| {
            one.denied == denied
                && grantees.contains(&one.grantee)
                && (one.name == "CONNECT" || one.name == "CONTROL")
                && one.securable == Securable::Endpoint(endpoint.id)
        })
    };
    roles.contains(&"sysadmin") || (connect(false) && !connect(true))
}

/// The certificate that a SQL Server's endpoint presents.
pub fn presented(sql: &SqlInstance) -> Option<&Certificate> {
    sql.certificate_by_id(sql.endpoint.as_ref()?.authentication.certificate?)
}

/// Whether connections to an endpoint succeed at all.
pub fn listens(endpoint: &Endpoint) -> bool {
    endpoint.state == State::Started && endpoint.role != Role::Witness
}

/// Whether two endpoints find a way to encrypt, or not to.
pub fn agree(one: Encryption, other: Encryption) -> bool {
    let plain = one.level < 2 && other.level < 2 && (one.level == 0 || other.level == 0);
    let aes = |end: Encryption| end.level > 0 && end.algorithm != Algorithm::Rc4;
    let rc4 = |end: Encryption| end.level > 0 && end.algorithm != Algorithm::Aes;
    plain || (aes(one) && aes(other)) || (rc4(one) && rc4(other))
}

/// Whether an issuer's DNS pattern covers a name. ASSUMED 20: a star stands for any number of labels, and not for one.
pub fn covers(pattern: &str, name: &str, one_label: bool) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    match pattern.strip_prefix('*') {
        Some(end) => {
            let labels = name.strip_suffix(end);
            labels.is_some_and(|labels| !(labels.is_empty() || one_label && labels.contains('.')))
        }
        None => pattern == name,
    }
}

fn valid(certificate: &Certificate, now: OffsetDateTime) -> bool {
    certificate.not_before <= now && now <= certificate.not_after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_is_below_them() {
        let fqdn = "mi-sales.0123456789ab.database.windows.net";
        for pattern in ["*.database.windows.net", "*.0123456789AB.database.windows.net", fqdn] {
            assert!(covers(pattern, fqdn, false), "{pattern}");
        }
        assert!(!covers("*.database.windows.net", fqdn, true));
        assert!(covers("*.0123456789ab.database.windows.net", fqdn, true));
        for pattern in
            ["*.database.usgovcloudapi.net", "database.windows.net", "mi-other.database.windows.net"]
        {
            assert!(!covers(pattern, fqdn, false), "{pattern}");
        }
    }

    #[test]
    fn encryption_has_to_have_an_algorithm_in_common() {
        let end = |level, algorithm| Encryption { level, algorithm };
        let instance = end(2, Algorithm::Aes);
        assert!(agree(instance, end(1, Algorithm::Rc4Aes)));
        assert!(!agree(instance, end(2, Algorithm::Rc4)));
        assert!(!agree(instance, end(0, Algorithm::Aes)));
        assert!(agree(end(0, Algorithm::Aes), end(1, Algorithm::Rc4)));
    }
}
