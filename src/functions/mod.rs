//! Provider functions, one a file. Pure: no connection, no clock.
