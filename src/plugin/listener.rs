//! Where the plugin listens: a Unix socket of its own, or TCP on loopback where there are none.
//!
//! The socket is only for the user who runs Terraform (or for the group that the host names), and its path must
//! be short: systems allow 104 to 108 bytes. Directories are tried in turn, TCP comes last. Nobody listens on
//! anything but loopback.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::connection::Transport;
use super::environment::Environment;

/// A listening socket. A socket file is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    address: Address,
}

/// Where a listener is reached, as the handshake spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// Only ever a path in UTF-8, without the separator of the handshake's fields.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Windows is served over TCP"))]
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// No way to listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Neither a directory for a socket nor a port was usable.
    #[error("cannot listen on loopback, and on no Unix socket before that")]
    NoSocket(#[source] io::Error),
    /// The host wants the socket to belong to a group that this process cannot give it to.
    #[error("cannot hand the socket to the group {group:?} of PLUGIN_UNIX_SOCKET_GROUP")]
    Group {
        /// Name or number, as the host wrote it.
        group: String,
        /// What the system said.
        source: io::Error,
    },
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens where the host wants it, or where it can.
    pub(super) async fn bind(environment: &Environment) -> Result<Self, ListenError> {
        #[cfg(unix)]
        for directory in &environment.socket_directories {
            match bind_unix(directory) {
                Ok(listener) => {
                    let restricted = restrict(&listener.address, environment.socket_group.as_deref());
                    return restricted.map(|()| listener);
                }
                Err(error) => {
                    tracing::debug!(directory = %directory.display(), %error, "no socket in this directory");
                }
            }
        }
        bind_tcp(environment).await.map_err(ListenError::NoSocket)
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for the next client.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Transport>> {
        match &self.socket {
            #[cfg(unix)]
            Socket::Unix(socket) => Ok(Box::new(socket.accept().await?.0)),
            Socket::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            // Gone already is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Address {
    /// `unix` or `tcp`.
    pub(super) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

/// Binds a socket of a new name. The kernel is the judge of the path's length.
#[cfg(unix)]
fn bind_unix(directory: &Path) -> io::Result<Listener> {
    let directory = std::path::absolute(directory)?;
    // The handshake's fields are separated by bars, and it ends with the line.
    if directory.to_str().is_none_or(|text| text.contains(['|', '\n', '\r'])) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path that the handshake cannot carry"));
    }
    loop {
        let path = directory.join(format!("plugin{}", random_name()?));
        match UnixListener::bind(&path) {
            Ok(socket) => return Ok(Listener { socket: Socket::Unix(socket), address: Address::Unix(path) }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}

/// Eight hexadecimal digits that nobody can foresee, so that nobody can be there first.
#[cfg(unix)]
fn random_name() -> io::Result<String> {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(format!("{:08x}", u32::from_be_bytes(bytes)))
}

/// Leaves the socket to its owner, or to its owner and the group that the host names.
#[cfg(unix)]
fn restrict(address: &Address, group: Option<&str>) -> Result<(), ListenError> {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    let Address::Unix(path) = address else { return Ok(()) };
    let mode = |mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    match group {
        None => mode(0o600).map_err(ListenError::NoSocket),
        Some(group) => group_id(group)
            .and_then(|gid| chown(path, None, Some(gid)))
            .and_then(|()| mode(0o660))
            .map_err(|source| ListenError::Group { group: group.to_owned(), source }),
    }
}

/// The number of a group that is given by number or by name. Names are read from `/etc/group`: the resolver of
/// the C library would need unsafe code, and hosts of containers, who use this, have their groups there.
#[cfg(unix)]
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(gid) = group.parse() {
        return Ok(gid);
    }
    let groups = std::fs::read_to_string("/etc/group")?;
    groups
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok()).flatten()
        })
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such group in /etc/group"))
}

/// Binds the first free port of the host's range, or any port where the host names no range.
async fn bind_tcp(environment: &Environment) -> io::Result<Listener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "PLUGIN_MIN_PORT is above PLUGIN_MAX_PORT");
    for port in environment.ports.clone().unwrap_or(0..=0) {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(socket) => {
                let address = Address::Tcp(socket.local_addr()?);
                return Ok(Listener { socket: Socket::Tcp(socket), address });
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    fn environment(directories: &[&Path]) -> Environment {
        Environment {
            socket_directories: directories.iter().map(PathBuf::from).collect(),
            ..Environment::default()
        }
    }

    fn path(listener: &Listener) -> PathBuf {
        match listener.address() {
            Address::Unix(path) => path.clone(),
            Address::Tcp(address) => panic!("listens on {address}"),
        }
    }

    #[tokio::test]
    async fn a_socket_is_the_owners_alone_and_goes_with_its_listener() {
        let directory = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&environment(&[directory.path()])).await.unwrap();
        let path = path(&listener);
        assert!(path.starts_with(directory.path()));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_directory_with_too_long_a_path_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let long = directory.path().join("d".repeat(100));
        std::fs::create_dir(&long).unwrap();
        let listener = Listener::bind(&environment(&[&long, directory.path()])).await.unwrap();
        assert_eq!(path(&listener).parent(), Some(directory.path()));
    }

    #[tokio::test]
    async fn a_path_that_would_break_the_handshake_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let barred = directory.path().join("a|b");
        std::fs::create_dir(&barred).unwrap();
        let listener = Listener::bind(&environment(&[&barred, directory.path()])).await.unwrap();
        assert_eq!(path(&listener).parent(), Some(directory.path()));
    }

    #[tokio::test]
    async fn without_any_directory_it_is_loopback_within_the_range() {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        let missing = Path::new("/nonexistent/milink");

        let mut environment = environment(&[missing]);
        environment.ports = Some(port..=port);
        let error = Listener::bind(&environment).await.unwrap_err();
        assert!(matches!(error, ListenError::NoSocket(_)), "{error:?}");

        drop(free);
        let listener = Listener::bind(&environment).await.unwrap();
        assert_eq!(*listener.address(), Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
    }

    #[tokio::test]
    async fn the_group_gets_the_socket_if_the_host_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().metadata().unwrap().gid();
        let mut environment = environment(&[directory.path()]);

        environment.socket_group = Some(own.to_string());
        let listener = Listener::bind(&environment).await.unwrap();
        let metadata = path(&listener).metadata().unwrap();
        assert_eq!((metadata.gid(), metadata.permissions().mode() & 0o777), (own, 0o660));

        environment.socket_group = Some("no such group".into());
        let error = Listener::bind(&environment).await.unwrap_err();
        assert!(matches!(error, ListenError::Group { .. }), "{error:?}");
        assert_eq!(directory.path().read_dir().unwrap().count(), 1, "the refused socket is removed");
    }

    #[test]
    fn groups_are_found_by_name() {
        assert_eq!(group_id("root").ok().or_else(|| group_id("wheel").ok()), Some(0));
        assert_eq!(group_id("4711").unwrap(), 4711);
    }
}
