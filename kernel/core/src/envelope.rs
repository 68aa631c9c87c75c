//! Takes lines out of what a log daemon or a container runtime put around them. A line without it stays as it is.

use std::borrow::Cow;

use memchr::memchr2;
use regex::bytes::Regex;

use crate::escapes::Escapes;
use crate::expression::{compile, Unsupported};
use crate::read::Lines;

/// What stands around each line.
pub enum Envelope {
    /// A text in front of the line.
    Prefix(Regex),
    /// The object in which Docker's driver json-file stores it.
    Docker,
}

impl Envelope {
    /// What an expression matches at the line's beginning.
    pub fn prefix(pattern: &str) -> Result<Envelope, Unsupported> {
        compile(&format!(r"\A(?:{pattern})")).map(Envelope::Prefix)
    }

    /// The line as its server wrote it.
    pub fn bare<'b>(&self, line: &'b [u8]) -> Cow<'b, [u8]> {
        match self {
            Envelope::Prefix(pattern) => Cow::Borrowed(&line[pattern.find(line).map_or(0, |found| found.end())..]),
            Envelope::Docker => stored(line).map_or(Cow::Borrowed(line), Cow::Owned),
        }
    }
}

/// The bare lines of a block, one behind the other.
pub struct Bare {
    bytes: Vec<u8>,
    /// Where the line begins in the block, and where the bare line ends here.
    ends: Vec<(usize, usize)>,
}

impl Bare {
    /// The lines of a block out of their envelope.
    pub fn of(block: &[u8], envelope: &Envelope) -> Bare {
        let mut bare = Bare { bytes: Vec::with_capacity(block.len()), ends: Vec::new() };
        for (start, line) in Lines::of(block) {
            bare.bytes.extend_from_slice(&envelope.bare(line));
            bare.ends.push((start, bare.bytes.len()));
        }
        bare
    }

    /// The lines, and where each begins in the block.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut from = 0;
        self.ends.iter().map(move |&(start, to)| (start, &self.bytes[std::mem::replace(&mut from, to)..to]))
    }
}

const BEFORE: &[u8] = br#"{"log":""#;

/// The text in Docker's object, without its newline; None if the line is no such object, or the text is of several lines.
fn stored(line: &[u8]) -> Option<Vec<u8>> {
    let text = line.strip_prefix(BEFORE)?;
    let (width, last) = string(text)?;
    if text[last..width] != *br"\n" || text[..width].iter().any(|&byte| byte < b' ') {
        return None;
    }
    is_known(&text[width + 1..]).then_some(())?;
    let text = decoded(&text[..last])?;
    memchr::memchr(b'\n', &text).is_none().then_some(text)
}

/// The length of a string's content, and where its last letter or escape begins.
fn string(text: &[u8]) -> Option<(usize, usize)> {
    let (mut at, mut last) = (0, 0);
    loop {
        let width = memchr2(b'"', b'\\', text.get(at..)?)?;
        if width > 0 {
            last = at + width - 1;
        }
        at += width;
        if text[at] == b'"' {
            return Some((at, last));
        }
        last = at;
        at += 2;
    }
}

/// Whether the rest of the object is what Docker writes behind the text.
fn is_known(rest: &[u8]) -> bool {
    known(rest).is_some_and(crate::bytes::is_blank)
}

fn known(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(br#","stream":"std"#)?;
    let mut rest = rest.strip_prefix(b"out").or_else(|| rest.strip_prefix(b"err"))?.strip_prefix(b"\"")?;
    if let Some(attributes) = rest.strip_prefix(br#","attrs":{"#) {
        rest = behind_brace(attributes)?;
    }
    let time = rest.strip_prefix(br#","time":""#)?;
    let is_of_time = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z' | b':' | b'.' | b'+' | b'-');
    let width = time.iter().take_while(|byte| is_of_time(byte)).count();
    (width > 0).then(|| time[width..].strip_prefix(br#""}"#)).flatten()
}

/// What stands behind the closing brace of an object of strings.
fn behind_brace(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let at = text.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}'))?;
        match text[at] {
            b'}' => return Some(&text[at + 1..]),
            b'"' => text = text[at + 1..].get(string(&text[at + 1..])?.0 + 1..)?,
            _ => return None,
        }
    }
}

/// The text of a string's content; None if an escape is none of JSON's, or half a letter.
fn decoded(raw: &[u8]) -> Option<Vec<u8>> {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        rest = &rest[at..];
        let width = match rest.get(1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => Escapes::letter(rest)?.1,
            _ => return None,
        };
        rest = &rest[width..];
    }
    let mut text = Vec::with_capacity(raw.len());
    Escapes::Json.undo(raw, &mut text);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEHIND: &str = r#","stream":"stdout","time":"2026-03-03T10:00:00.1Z"}"#;

    fn bare(log: &str, behind: &str) -> Option<String> {
        let line = format!(r#"{{"log":"{log}"{behind}"#);
        stored(line.as_bytes()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_stored_line_is_taken_out() {
        assert_eq!(bare(r#"a \"b\" \u0026 \\\n"#, BEHIND).unwrap(), r#"a "b" & \"#);
        assert_eq!(bare(r"\n", BEHIND).unwrap(), "");
        assert_eq!(bare(r"a\n", &(BEHIND.replace("out", "err") + " \r")).unwrap(), "a");
        let attributes = BEHIND.replace(r#","time"#, r#","attrs":{"a":"}\""},"time"#);
        assert_eq!(bare(r"\ud83d\ude00\n", &attributes).unwrap(), "\u{1f600}");
    }

    #[test]
    fn what_docker_does_not_write_stays() {
        for log in [r"a", r"a\\n", r"a\nb\n", r"a\q\n", r"\ud83d\n", r"\u12\n", "", "a\tb\\n", r"n"] {
            assert_eq!(bare(log, BEHIND), None, "{log}");
        }
        for behind in ["", r#","stream":"stdin","time":"1"}"#, r#","stream":"stdout","time":""}"#, &(BEHIND.to_string() + "x")]
        {
            assert_eq!(bare(r"a\n", behind), None, "{behind}");
        }
    }
}
