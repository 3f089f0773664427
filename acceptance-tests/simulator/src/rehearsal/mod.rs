//! Rehearsals: a user's configuration, run by the real Terraform on a copy and against the simulator.
//!
//! | module | what |
//! | --- | --- |
//! | [`configuration`] | which modules and providers a configuration uses |
//! | [`copy`] | the copy, with a state of its own |
//! | [`provider`] | the provider's executable, built |
//! | [`mirror`] | the provider, as Terraform installs it |
//! | [`status`] | how the links stand, both halves side by side |
//! | [`inventory`] | what there is, before and after |

pub mod configuration;
pub mod copy;
pub mod inventory;
pub mod mirror;
pub mod provider;
pub mod status;
