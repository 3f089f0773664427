//! Listeners of availability groups.
//!
//! Source: "Database Engine events and errors" 19000-20999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    injected(
        19405,
        16,
        "Failed to create, join or add replica to availability group '%.*ls', because node '%.*ls' is a \
         possible owner for both replica '%.*ls' and '%.*ls'. If one replica is failover cluster instance, \
         remove the overlapped node from its possible owners and try again.",
    ),
    injected(
        19456,
        16,
        "None of the IP addresses configured for the availability group listener can be hosted by the \
         server '%.*ls'. Either configure a public cluster network on which one of the specified IP \
         addresses can be hosted, or add another listener IP address which can be hosted on a public \
         cluster network for this server.",
    ),
    injected(
        19457,
        16,
        "The specified IP Address '%.*ls' is not valid in the cluster-allowed IP range. Check with the \
         network administrator to select values that are appropriate for the cluster-allowed IP range.",
    ),
    injected(
        19458,
        16,
        "The WSFC nodes that host the primary and secondary replicas belong to different subnets. DHCP \
         across multiple subnets is not supported for availability replicas. Use the static IP option to \
         configure the availability group listener.",
    ),
    injected(
        19459,
        16,
        "The listener with DNS name '%.*ls' does not conform to SQL Server listener guidelines, and cannot \
         be configured through SQL Server. Reconfigure the listener through the WSFC Cluster Manager.",
    ),
    injected(
        19460,
        16,
        "The availability group listener with DNS name '%.*ls' is configured to use DHCP. For listeners \
         with this configuration, IP addresses cannot be added through SQL Server. To add IP addresses to \
         the listener, drop the DHCP listener and create it again configured to use static IP addresses.",
    ),
    injected(
        19461,
        16,
        "The WSFC node that hosts the primary replica belongs to multiple subnets. To use the DHCP option \
         in a multi-subnet environment, supply an IPv4 IP address and subnet mask of the subnet for the \
         listener.",
    ),
    raised(
        19468,
        16,
        "The listener with DNS name '%.*ls' for the availability group '%.*ls' is already listening on the \
         TCP port %u. Please choose a different TCP port for the listener. If there is a problem with the \
         listener, try restarting the listener to correct the problem.",
    ),
    raised(
        19469,
        16,
        "The specified listener with DNS name, '%.*ls', does not exist for the Availability Group '%.*ls'. \
         Use an existing listener, or create a new listener.",
    ),
    raised(
        19477,
        16,
        "The availability group '%.*ls' already has a listener with DNS name '%.*ls'. Availability groups \
         can have only one listener. Use the existing listener, or drop the existing listener and create a \
         new one.",
    ),
    raised(
        19482,
        16,
        "The port number, %u, that is specified is invalid. Valid port numbers range from 1 to 65535, \
         inclusive. Select a port number in this range. If a port number is not provided, the default \
         number 1433 is used.",
    ),
    raised(
        19483,
        16,
        "The format for the IP address, '%.*ls', is invalid. Please use a valid value for the IP address.",
    ),
    raised(
        19484,
        16,
        "The specified IP Address, '%.*ls', is duplicated in the IP address list. Each IP address included \
         in the listener configuration must be unique. Change the statement to remove or replace the \
         duplicated values.",
    ),
    raised(
        19485,
        16,
        "The specified DNS name, '%.*ls', is invalid. The length of the DNS name needs to be between 1 and \
         63 characters, inclusive. Change the value of the DNS name to meet this requirement.",
    ),
    injected(
        19516,
        16,
        "Creating Availability Group Listener '%.*ls' in Availability Group '%.*ls' with \
         DISTRIBUTED_NETWORK_NAME option is not supported in non WSFC cluster.",
    ),
];
