//! Azure token sources, one kind a file, and the chain.
