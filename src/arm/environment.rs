//! The clouds: where Azure Resource Manager, Entra ID and SQL tokens are.

/// A cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// URL of Azure Resource Manager, without a slash at the end.
    pub resource_manager: String,
    /// Audience of its tokens.
    pub audience: String,
    /// URL of Entra ID.
    pub authority_host: String,
    /// Resource of tokens for SQL Server and managed instances.
    pub sql_resource: String,
}

impl Environment {
    /// A named cloud; nothing for an unknown name.
    pub fn named(name: &str) -> Option<Self> {
        let (arm, login, sql) = match name {
            "public" => ("management.azure.com", "login.microsoftonline.com", "database.windows.net"),
            "usgovernment" => {
                ("management.usgovcloudapi.net", "login.microsoftonline.us", "database.usgovcloudapi.net")
            }
            "china" => ("management.chinacloudapi.cn", "login.chinacloudapi.cn", "database.chinacloudapi.cn"),
            _ => return None,
        };
        Some(Self {
            resource_manager: format!("https://{arm}"),
            audience: format!("https://{arm}"),
            authority_host: format!("https://{login}"),
            sql_resource: format!("https://{sql}"),
        })
    }
}
