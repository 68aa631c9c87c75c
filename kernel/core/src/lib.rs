//! The byte work of weblog-anonymizer, without Python: it splits the lines of a block and interns their values.
//!
//! Each kind of log format has one reader, which decides for every line alone whether it is of the format, and what its columns
//! hold. No function prints, and no error holds text of a log.
#![forbid(unsafe_code)]

pub mod bytes;
pub mod delimited;
pub mod envelope;
pub mod escapes;
pub mod expression;
pub mod intern;
pub mod json;
pub mod pattern;
pub mod read;
pub mod w3c;
