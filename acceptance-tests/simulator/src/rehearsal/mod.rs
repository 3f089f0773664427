//! Rehearsals: a user's configuration, run by the real Terraform on a copy and against the simulator.
//!
//! | module | what |
//! | --- | --- |
//! | [`configuration`] | which modules and providers a configuration uses |
//! | [`copy`] | the copy, with a state of its own |
//! | [`mirror`] | the provider, as Terraform installs it |

pub mod configuration;
pub mod copy;
pub mod mirror;
