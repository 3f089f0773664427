//! The listener of an availability group: its clients arrive at the node to which it leads when they come.

use std::sync::Arc;

use async_trait::async_trait;

use super::engine::EngineBackend;
use super::session::SqlSession;
use crate::tds::backend::{Backend, Greeting, Login, Server, SqlMessage};
use crate::world::World;
use crate::world::instance::{EngineKey, SqlInstance};

/// A listener, for a TDS listener of its own.
#[derive(Debug)]
pub(crate) struct ListenerBackend {
    world: World,
    /// A name of it.
    name: String,
    /// The node whose record of it was found first: what a client hears of where nobody answers.
    first: Arc<EngineBackend>,
    nodes: Vec<(EngineKey, Arc<EngineBackend>)>,
}

impl ListenerBackend {
    /// A listener by its name, with the engines that it may lead to; nothing where there are none.
    pub(crate) fn new(
        world: &World,
        name: &str,
        nodes: Vec<(EngineKey, Arc<EngineBackend>)>,
    ) -> Option<Self> {
        let first = Arc::clone(nodes.first().map(|(_, node)| node)?);
        Some(Self { world: world.clone(), name: name.to_owned(), first, nodes })
    }

    /// Where it leads now.
    fn node(&self) -> Option<&Arc<EngineBackend>> {
        let key = self.world.with(|estate| estate.engine_listening(&self.name).map(SqlInstance::key))?;
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
        let (session, greeting) = node.login(login).await?;
        Ok((session.through(&self.name), greeting))
    }
}
