//! What time does to the world: connections, seeding, log positions, operations, expiry.

use super::estate::Estate;

impl Estate {
    /// Moves links, seedings and operations along to the clock's present.
    pub fn catch_up(&mut self) {
        self.reached = self.clock.now();
    }
}
