//! Data sources, one a file.
