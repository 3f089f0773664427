//! Entra administrators of an instance and whether it refuses SQL logins, read-only: an instance of an estate has neither
//! an administrator nor the refusal.

use serde_json::{Map, Value};

use super::backend::InstanceView;
use super::call::Call;
use super::keys::read_only;
use super::path::ChildType;
use super::reply::{ArmError, Reply};
use super::shape::put;

/// The list of either type, or the item named: `administrators/ActiveDirectory`, `azureADOnlyAuthentications/Default`.
///
/// # Errors
/// 404 for an unknown name, 405 for anything but GET.
pub fn handle(
    call: &Call<'_>,
    instance: &InstanceView,
    child: ChildType,
    name: Option<&str>,
) -> Result<Reply, ArmError> {
    read_only(call)?;
    let items: Vec<Value> = if child == ChildType::EntraOnlyAuthentications {
        let mut properties = Map::new();
        put(&mut properties, "azureADOnlyAuthentication", Some(false));
        vec![call.child(&instance.path, child, "Default", properties)]
    } else {
        Vec::new()
    };
    match name {
        None => Ok(call.list(&format!("{}/{}", instance.path.id(), child.segment()), items)),
        Some(name) => items
            .into_iter()
            .find(|_| name.eq_ignore_ascii_case("Default"))
            .map(Reply::ok)
            .ok_or_else(|| ArmError::child_not_found(child.segment(), name)),
    }
}
