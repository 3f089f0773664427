//! What the whole suite can be asked to run on: servers of another collation, servers that do the opposite of what is
//! believed of them.
//!
//! `MILINK_SUITE_COLLATION=Turkish_CI_AS MILINK_SUITE_OPPOSITES=all cargo test -p milink-acceptance-tests` asks for both.
//! Without the variables a scene is as it is written.

use milink_simulator::scene::Scene;
use milink_simulator::simulator::Options;
use milink_simulator::world::Estate;

use crate::{collation, opposites};

/// The world of a scene, with what this run asks for.
pub fn parts(scene: Scene) -> (Estate, Options) {
    let (mut estate, options) = scene.into_parts();
    if let Some(name) = collation::asked() {
        collation::impose(&mut estate, &name);
    }
    estate.opposites.extend(opposites::asked());
    (estate, options)
}

/// How far apart the attempts of a sweep are: all are made where this run asks for nothing, on other servers every eighth. It
/// is the same code that goes on from each, and what differs there every run meets all along.
pub fn stride() -> usize {
    if collation::asked().is_none() && !opposites::any_asked() { 1 } else { 8 }
}
