//! What statements do, checked against the numbers of the facts.
