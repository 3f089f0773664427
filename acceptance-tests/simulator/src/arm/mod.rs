//! The ARM and Entra face over HTTPS.
