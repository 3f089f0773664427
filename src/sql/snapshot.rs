//! What is read of a server at once, however many resources ask for it.
//!
//! Each section is a batch of its own: SQL Server refuses a batch as a whole when the login may not see one view of
//! it, and one denied view must hide only itself.

use std::sync::Arc;

use tokio::time::Instant;

use super::catalog::{
    self, CertificateRow, DatabaseRow, DatabaseStateRow, EndpointRow, GroupRow, IssuerRow, MasterKeyRow,
    ReplicaStateRow,
};
use super::connection::Connection;
use super::error::Error;
use super::instance::InstanceFacts;
use super::row::Row;

/// What one section holds, or why it could not be read.
pub type Section<T> = Result<T, Arc<Error>>;

/// A server's objects at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What the instance is.
    pub facts: InstanceFacts,
    /// The master key of `master`.
    pub master_key: Section<Option<MasterKeyRow>>,
    /// Certificates of `master`.
    pub certificates: Section<Vec<CertificateRow>>,
    /// Which root may vouch for what; nothing where the server has no procedure that lists it.
    pub issuers: Section<Option<Vec<IssuerRow>>>,
    /// The mirroring endpoint.
    pub endpoint: Section<Option<EndpointRow>>,
    /// Availability groups, local and distributed.
    pub groups: Section<Vec<GroupRow>>,
    /// Roles and connections of their replicas.
    pub replica_states: Section<Vec<ReplicaStateRow>>,
    /// Replication of their databases.
    pub database_states: Section<Vec<DatabaseStateRow>>,
    /// User databases.
    pub databases: Section<Vec<DatabaseRow>>,
    /// When loading began.
    pub begun: Instant,
}

impl Snapshot {
    /// Loads every section over one session. A lost connection fails the whole.
    pub(super) async fn load(
        connection: &mut Connection,
        facts: InstanceFacts,
        limit: std::time::Duration,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let mut reader = Reader { connection, limit };
        let master_key = reader.section(catalog::MASTER_KEY, catalog::master_key).await?;
        let certificates =
            reader.section(catalog::CERTIFICATES, |rows| each(rows, catalog::certificate)).await?;
        let issuers = if facts.lists_issuers {
            reader.section(catalog::ISSUERS, |rows| each(rows, catalog::issuer).map(Some)).await?
        } else {
            Ok(None)
        };
        let endpoint =
            reader.section(catalog::ENDPOINT, |rows| rows.first().map(catalog::endpoint).transpose()).await?;
        let members = reader.section(catalog::GROUP_DATABASES, |rows| Ok(rows.to_vec())).await?;
        let groups = match members {
            Ok(members) => reader.section(catalog::GROUPS, |rows| catalog::groups(rows, &members)).await?,
            Err(error) => Err(error),
        };
        let replica_states =
            reader.section(catalog::REPLICA_STATES, |rows| each(rows, catalog::replica_state)).await?;
        let database_states =
            reader.section(catalog::DATABASE_STATES, |rows| each(rows, catalog::database_state)).await?;
        let databases = reader.section(catalog::DATABASES, |rows| each(rows, catalog::database)).await?;
        Ok(Self {
            facts,
            master_key,
            certificates,
            issuers,
            endpoint,
            groups,
            replica_states,
            database_states,
            databases,
            begun,
        })
    }

    /// The certificate of this name.
    pub fn certificate(&self, name: &str) -> Section<Option<&CertificateRow>> {
        let rows = self.certificates.as_ref().map_err(Arc::clone)?;
        Ok(rows.iter().find(|row| self.facts.same_name(&row.name, name)))
    }

    /// The certificate that the endpoint shows; nothing where there is no endpoint, or it shows none.
    pub fn shown_certificate(&self) -> Section<Option<&CertificateRow>> {
        match self.endpoint.as_ref().map_err(Arc::clone)?.as_ref().and_then(|row| row.certificate.as_deref())
        {
            Some(name) => self.certificate(name),
            None => Ok(None),
        }
    }

    /// The group of this name, local or distributed.
    pub fn group(&self, name: &str) -> Section<Option<&GroupRow>> {
        let rows = self.groups.as_ref().map_err(Arc::clone)?;
        Ok(rows.iter().find(|row| self.facts.same_name(&row.name, name)))
    }

    /// Distributed groups that stand on the local group of this name.
    pub fn groups_over(&self, local: &str) -> Section<Vec<&GroupRow>> {
        let rows = self.groups.as_ref().map_err(Arc::clone)?;
        let over = |row: &&GroupRow| {
            row.is_distributed
                && row.replicas.iter().any(|member| self.facts.same_name(&member.server_name, local))
        };
        Ok(rows.iter().filter(over).collect())
    }

    /// This server's role in a group: 0 resolving, 1 primary, 2 secondary; nothing where it has none.
    pub fn local_role(&self, group_id: &str) -> Section<Option<i64>> {
        let states = self.replica_states.as_ref().map_err(Arc::clone)?;
        let local = states.iter().find(|state| state.is_local && state.group_id == group_id);
        Ok(local.and_then(|state| state.role))
    }

    /// What a distributed group says of its other side.
    pub fn remote_state(&self, group_id: &str) -> Section<Option<&ReplicaStateRow>> {
        let states = self.replica_states.as_ref().map_err(Arc::clone)?;
        Ok(states.iter().find(|state| !state.is_local && state.group_id == group_id))
    }
}

struct Reader<'a> {
    connection: &'a mut Connection,
    limit: std::time::Duration,
}

impl Reader<'_> {
    /// One section: an error of the server belongs to the section, any other to the whole.
    async fn section<T>(
        &mut self,
        query: &str,
        read: impl FnOnce(&[Row]) -> Result<T, Error>,
    ) -> Result<Section<T>, Error> {
        match self.connection.batch(query, self.limit).await {
            Ok(sets) => Ok(read(sets.first().map_or(&[], Vec::as_slice)).map_err(Arc::new)),
            Err(error @ Error::Server(_)) => Ok(Err(Arc::new(error))),
            Err(error) => Err(error),
        }
    }
}

fn each<T>(rows: &[Row], read: fn(&Row) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    rows.iter().map(read).collect()
}
