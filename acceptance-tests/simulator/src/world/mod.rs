//! The world: SQL Server instances, managed instances, networks and links as one model. No sockets, no SQL text.
