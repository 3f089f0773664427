//! The private bytes beside each state: what an author remembers, and what the engine needs to know later.
//!
//! Terraform never says whether a removal is a destroy or half of a replacement, nor whether a create is the
//! other half. Two things tell: a destroy is planned by us before (and that plan's bytes reach the delete), while
//! the delete of a replacement is handed the bytes of the *create's* plan; and the create of a replacement is
//! planned with the bytes of the update's plan, while a new object's are empty. Hence bytes are never empty, and
//! only a destroy plan sets the mark. Both were tried on Terraform 1.11.4 and 1.15.5.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What the private bytes hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// What the author remembers; null is the default of its type.
    #[serde(default)]
    pub(crate) author: Json,
    /// What the author remembered of the object that this one is planned to replace. The delete of that object
    /// is given it, because Terraform hands the delete these bytes and not those of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaced: Option<Json>,
    /// Set by destroy plans only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) destroy_planned: bool,
}

/// Private bytes that nobody here wrote.
#[derive(Debug, thiserror::Error)]
#[error("the private part of the state is not this provider's")]
pub(crate) struct Foreign(#[source] serde_json::Error);

impl Envelope {
    /// Around what an author remembers.
    pub(crate) fn of(author: Json) -> Self {
        Self { author, ..Self::default() }
    }

    /// Reads bytes; none are an empty envelope.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Foreign> {
        if bytes.is_empty() { Ok(Self::default()) } else { serde_json::from_slice(bytes).map_err(Foreign) }
    }

    /// As bytes, never empty.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // A tree of JSON always serialises; were it not so, the mark alone would have to be kept.
        serde_json::to_vec(self).unwrap_or_else(|_| b"{}".to_vec())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn never_empty_and_read_back() {
        assert!(!Envelope::default().to_bytes().is_empty());
        let planned =
            Envelope { author: json!({"etag": "1"}), destroy_planned: true, replaced: Some(json!(1)) };
        assert_eq!(Envelope::read(&planned.to_bytes()).expect("ours"), planned);
        assert_eq!(Envelope::read(b"").expect("nothing"), Envelope::default());
        assert!(Envelope::read(b"\x00").is_err());
    }
}
