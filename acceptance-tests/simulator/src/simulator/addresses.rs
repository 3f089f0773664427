//! Where the servers of the world are on this machine, and the file that tells a provider under rehearsal.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

/// From `host:port` and `host\instance`, lower case, to an address of loopback.
pub(super) type Addresses = BTreeMap<String, SocketAddr>;

/// The addresses, which grow when statements make listeners, and the file that has them.
#[derive(Debug)]
pub(super) struct AddressBook {
    known: watch::Sender<Addresses>,
    /// What else the file says.
    other: Value,
    /// Where the file is, once it was asked for.
    file: Mutex<Option<PathBuf>>,
}

impl AddressBook {
    /// A book without a file; `other` is what the file says beside addresses.
    pub(super) fn new(known: Addresses, other: Value) -> Self {
        Self { known: watch::Sender::new(known), other, file: Mutex::default() }
    }

    pub(super) fn all(&self) -> Addresses {
        self.known.borrow().clone()
    }

    /// The address of a place, as soon as there is one.
    pub(super) async fn wait(&self, place: &str) -> Option<SocketAddr> {
        let mut known = self.known.subscribe();
        let known = known.wait_for(|known| known.contains_key(place)).await.ok()?;
        known.get(place).copied()
    }

    /// Adds places that are not known yet, to the file as well.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(
        &self,
        places: impl IntoIterator<Item = String>,
        address: SocketAddr,
    ) -> io::Result<()> {
        let mut all = self.all();
        for place in places {
            all.entry(place).or_insert(address);
        }
        // The file first: who waits for the address may read it there.
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.as_ref().map_or(Ok(()), |path| self.write(path, &all));
        self.known.send_replace(all);
        written
    }

    /// Writes the file, and again whenever a place is added.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(&self, path: &Path) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(path, &self.all())?;
        *file = Some(path.to_owned());
        Ok(())
    }

    /// Replaces it whole: a provider that starts must not read half of it.
    fn write(&self, path: &Path, addresses: &Addresses) -> io::Result<()> {
        let mut text = self.other.clone();
        if let Value::Object(members) = &mut text {
            let addresses =
                addresses.iter().map(|(name, address)| (name.clone(), json!(address.to_string())));
            members.insert("addresses".to_owned(), Value::Object(addresses.collect()));
        }
        let new = path.with_extension("new");
        std::fs::write(&new, format!("{text:#}\n"))?;
        std::fs::rename(new, path)
    }
}
