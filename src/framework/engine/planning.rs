//! Whether a plan is made while planning or in an apply.
//!
//! Terraform does not say. It plans once more in the apply, and allows no change of mind then; that it allows
//! deferrals shows an apply, unless the client allows them while planning too (Terraform Stacks). Such a client reads
//! each object before it plans it, and nothing is read in an apply: so an object that was read since the provider was
//! configured, and not planned since, is being planned for the first time. Nothing is kept where deferrals are not
//! allowed while planning.

use std::sync::{Mutex, PoisonError};

use crate::framework::equality::objects_equal;
use crate::framework::value::Object;

/// The objects that were read and are not planned yet.
#[derive(Debug, Default)]
pub(super) struct Planning {
    read: Mutex<Vec<Object>>,
}

impl Planning {
    /// The provider was configured: a new walk of Terraform's begins.
    pub(super) fn begin(&self) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// An object was read by a client that allows deferrals.
    pub(super) fn read(&self, object: &Object) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push(object.clone());
    }

    /// Whether the plan of an object, for a client that allows deferrals, is made in the apply.
    pub(super) fn is_over(&self, prior: &Object) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match read.iter().position(|object| objects_equal(object, prior)) {
            Some(position) => {
                read.swap_remove(position);
                false
            }
            None => true,
        }
    }
}
