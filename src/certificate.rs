//! X.509 certificates as this provider meets them: DER, PEM and 0x-hex in; thumbprints, names and dates out.
