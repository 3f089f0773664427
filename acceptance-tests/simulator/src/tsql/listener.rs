//! The listener of an availability group: its clients arrive at the node to which it leads when they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::engine::EngineBackend;
use super::session::SqlSession;
use crate::tds::backend::{Backend, Greeting, Login, Server, SqlMessage};
use crate::world::World;
use crate::world::instance::EngineKey;

/// A listener, for a TDS listener of its own.
#[derive(Debug)]
pub(crate) struct ListenerBackend {
    world: World,
    /// A name of it, and its port.
    name: String,
    port: i32,
    /// How many sessions that only read came.
    readers: AtomicUsize,
    /// The node whose record of it was found first: what a client hears of where nobody answers.
    first: Arc<EngineBackend>,
    nodes: Vec<(EngineKey, Arc<EngineBackend>)>,
}

impl ListenerBackend {
    /// A listener by its name and port, with the engines that it may lead to; nothing where there are none.
    pub(crate) fn new(
        world: &World,
        name: &str,
        port: i32,
        nodes: Vec<(EngineKey, Arc<EngineBackend>)>,
    ) -> Option<Self> {
        let first = Arc::clone(nodes.first().map(|(_, node)| node)?);
        let (world, name, readers) = (world.clone(), name.to_owned(), AtomicUsize::new(0));
        Some(Self { world, name, port, readers, first, nodes })
    }

    /// Where it leads now.
    fn node(&self) -> Option<&Arc<EngineBackend>> {
        let key = self.world.with(|estate| {
            let engine = estate.engine_listening(&self.name)?;
            let mut listeners = estate.sql_servers.iter().flat_map(|one| {
                one.groups.iter().filter_map(move |group| Some((one, group.listener.as_ref()?)))
            });
            // Another port may have been set since.
            let here = listeners.any(|(one, listener)| {
                listener.port == self.port && listener.answers_to(&self.name, &one.host)
            });
            here.then(|| engine.key())
        })?;
        self.nodes.iter().find(|(node, _)| *node == key).map(|(_, node)| node)
    }
}

#[async_trait]
impl Backend for ListenerBackend {
    type Session = SqlSession;

    fn server(&self) -> Server {
        self.node().unwrap_or(&self.first).server()
    }

    fn is_up(&self) -> bool {
        self.node().is_some_and(|node| node.is_up())
    }

    async fn login(&self, login: Login) -> Result<(SqlSession, Greeting), Vec<SqlMessage>> {
        // Where it leads nowhere any more, the session is cut at its first request.
        let node = Arc::clone(self.node().unwrap_or(&self.first));
        let turn = login.read_only_intent.then(|| self.readers.fetch_add(1, Ordering::Relaxed));
        let (session, greeting) = node.sign_in(login, turn)?;
        Ok((session.through(&self.name), greeting))
    }
}
