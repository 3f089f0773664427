//! By what a certificate of `master` is told apart.

use serde::{Deserialize, Serialize};

use crate::framework::model::Field;
use crate::resources::reach::Seen;

/// Where a certificate lives and what it is called, kept beside its state: Terraform hands it to the plan of whatever
/// replaces the object, and nothing else of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NaturalKey {
    /// The provider's block.
    #[serde(default)]
    sql_server: String,
    /// The instance.
    #[serde(default)]
    server_name: String,
    /// Its name.
    #[serde(default)]
    name: String,
}

impl NaturalKey {
    /// Of what a state holds.
    pub(in crate::resources) fn new(
        sql_server: &Field<String>,
        server_name: &Field<String>,
        name: &Field<String>,
    ) -> Self {
        let text = |field: &Field<String>| field.as_str().unwrap_or_default().to_owned();
        Self { sql_server: text(sql_server), server_name: text(server_name), name: text(name) }
    }

    /// Whether `name`, planned in the block `sql_server`, is this very certificate. `seen` is that block's server, where
    /// it could be asked; without it letter case counts for nothing, and the blocks' names tell the servers apart.
    pub(in crate::resources) fn is(
        &self,
        sql_server: &Field<String>,
        seen: Option<&Seen>,
        name: &str,
    ) -> bool {
        match seen {
            Some(seen) => {
                let facts = &seen.snapshot.facts;
                let here =
                    self.server_name.is_empty() || self.server_name.eq_ignore_ascii_case(&facts.server_name);
                here && facts.same_name(&self.name, name)
            }
            None => {
                let elsewhere = sql_server
                    .as_str()
                    .is_some_and(|block| !self.sql_server.is_empty() && block != self.sql_server);
                !elsewhere && self.name.to_lowercase() == name.to_lowercase()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_block_is_another_certificate_and_another_letter_case_is_not() {
        let known = |text: &str| Field::from(text);
        let key = NaturalKey::new(&known("hq"), &known("SQL1"), &known("Endpoint"));
        assert!(key.is(&known("hq"), None, "endpoint"));
        assert!(key.is(&Field::Unknown, None, "Endpoint"));
        assert!(!key.is(&known("branch"), None, "Endpoint"));
        assert!(!key.is(&known("hq"), None, "other"));
    }

    #[test]
    fn what_an_older_state_remembers_is_read() {
        let key: NaturalKey = serde_json::from_str(r#"{"name": "a"}"#).unwrap();
        assert!(key.is(&Field::from("hq"), None, "A"));
    }
}
