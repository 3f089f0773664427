//! The TDS face: packets, TLS, login, tokens. Knows no SQL.
