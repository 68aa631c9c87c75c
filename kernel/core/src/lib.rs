//! The byte work of weblog-anonymizer, without Python: it splits lines and interns their values.
//!
//! No function prints, and no error holds text of a log.
#![forbid(unsafe_code)]
