//! Whether a session may work in a database: its state, and what the replica that keeps it lets in.
//!
//! Sources: the texts stand in the tables of engine errors ("Database Engine events and errors", 0 to 999); which
//! connections a replica lets in is "Configure read-only access to a secondary replica" (2025).

use super::error::{SqlError, raise};
use crate::world::database::{Database, DatabaseState};
use crate::world::group::{AvailabilityGroup, Replica, Role};
use crate::world::instance::{Edition, SqlInstance};

/// Lets a session into a database, or says why not. `read_only` is the application intent of the session.
///
/// # Errors
/// 927 and 942 for the database's state; 976, 978, 979 and 983 for its replica's role.
pub(crate) fn may_open(engine: &SqlInstance, database: &Database, read_only: bool) -> Result<(), SqlError> {
    let name = database.name.as_str();
    match database.state {
        DatabaseState::Restoring => return Err(raise!(927, name)),
        DatabaseState::Offline => return Err(raise!(942, name)),
        _ => {}
    }
    let Some(group) = database.group.as_deref().and_then(|group| engine.group(group)) else { return Ok(()) };
    let Some(replica) = own_replica(engine, group) else { return Ok(()) };
    match (group.role, engine.is_secondary(database)) {
        (Role::Resolving, _) => Err(raise!(983, name)),
        (Role::Primary, false) if read_only && replica.primary_connections == READ_WRITE => {
            Err(raise!(979, name))
        }
        (Role::Primary, false) => Ok(()),
        _ => match replica.secondary_connections {
            0 => Err(raise!(976, name)),
            1 if !read_only => Err(raise!(978, name)),
            _ => Ok(()),
        },
    }
}

/// `primary_role_allow_connections` of a replica that takes no sessions that only read.
const READ_WRITE: u8 = 3;

/// The replica of a local group that is this engine. On a managed instance there is one, which the service names as it
/// likes.
fn own_replica<'a>(engine: &SqlInstance, group: &'a AvailabilityGroup) -> Option<&'a Replica> {
    if engine.edition == Edition::Managed {
        return group.replicas.first();
    }
    let own = engine.server_name();
    group.replicas.iter().find(|replica| engine.same_name(&replica.server_name, &own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::tests::Bench;

    /// How `Sales` on SQL1 answers in a group of that role with these settings.
    fn number(
        role: Role,
        (primary, secondary): (u8, u8),
        read_only: bool,
        state: DatabaseState,
    ) -> Option<i32> {
        let bench = Bench::prepared();
        bench.world.with(|estate| {
            let engine = &mut estate.sql_servers[0];
            let group = &mut engine.groups[0];
            group.role = role;
            group.replicas[0].primary_connections = primary;
            group.replicas[0].secondary_connections = secondary;
            engine.database_mut("Sales").unwrap().state = state;
            let database = engine.database("Sales").unwrap();
            may_open(engine, database, read_only).err().map(|error| error.number)
        })
    }

    #[test]
    fn a_replica_lets_in_whom_it_is_set_to() {
        let online = DatabaseState::Online;
        for (role, settings, read_only, expected) in [
            (Role::Primary, (2, 0), false, None),
            (Role::Primary, (2, 0), true, None),
            (Role::Primary, (3, 2), true, Some(979)),
            (Role::Primary, (3, 2), false, None),
            (Role::Secondary, (2, 0), true, Some(976)),
            (Role::Secondary, (2, 1), false, Some(978)),
            (Role::Secondary, (2, 1), true, None),
            (Role::Secondary, (2, 2), false, None),
            (Role::Resolving, (2, 2), true, Some(983)),
        ] {
            assert_eq!(
                number(role, settings, read_only, online),
                expected,
                "{role:?} {settings:?} {read_only}"
            );
        }
        assert_eq!(number(Role::Primary, (2, 0), false, DatabaseState::Restoring), Some(927));
        assert_eq!(number(Role::Primary, (2, 0), false, DatabaseState::Offline), Some(942));
    }
}
