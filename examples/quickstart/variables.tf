variable "subscription_id" {
  description = "Azure subscription of the managed instance."
  type        = string
  default     = "11111111-2222-4333-8444-555555555555"
}

variable "tenant_id" {
  description = "Entra tenant to sign in to."
  type        = string
  default     = "99999999-8888-4777-8666-555555555555"
}

variable "client_id" {
  description = "Application that Terraform signs in as."
  type        = string
  default     = "12345678-1234-4234-8234-123456789abc"
}

variable "client_secret" {
  description = "Its secret. Ephemeral: never in a plan or a state."
  type        = string
  ephemeral   = true
}

variable "resource_group" {
  description = "Resource group of the managed instance."
  type        = string
  default     = "data-platform"
}

variable "managed_instance" {
  description = "Name of the managed instance."
  type        = string
  default     = "mi-sales"
}

variable "sql_server_host" {
  description = "SQL Server, as this machine reaches it."
  type        = string
  default     = "sql1.corp.example"
}

variable "sql_server_address" {
  description = "SQL Server, as the managed instance reaches it."
  type        = string
  default     = "10.0.0.4"
}

variable "sql_username" {
  description = "Login with the rights that the documentation lists for an apply."
  type        = string
  default     = "terraform"
}

variable "sql_password" {
  description = "Its password. Ephemeral: never in a plan or a state."
  type        = string
  ephemeral   = true
}

variable "master_key_password" {
  description = "Password of the database master key of `master`, if one has to be made."
  type        = string
  ephemeral   = true
}

variable "database" {
  description = "The database to link. In FULL recovery, with a full backup."
  type        = string
  default     = "Sales"
}
