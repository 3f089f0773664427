//! List resources (`terraform query`), one a file.
