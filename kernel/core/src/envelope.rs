//! Takes lines out of what a log daemon or a container runtime put around them. A line without it stays as it is.

use memchr::memchr2;
use regex::bytes::Regex;

use crate::delimited::closing_quote;
use crate::escapes::{self, Escapes};
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
    pub fn bare(&self, line: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.take_out(line, &mut out);
        out
    }

    /// Append the line as its server wrote it.
    fn take_out(&self, line: &[u8], out: &mut Vec<u8>) {
        let width = match self {
            Envelope::Prefix(pattern) => pattern.find(line).map_or(0, |found| found.end()),
            Envelope::Docker => {
                let before = out.len();
                if stored(line, out).is_some() {
                    return;
                }
                out.truncate(before);
                0
            }
        };
        out.extend_from_slice(&line[width..]);
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
            envelope.take_out(line, &mut bare.bytes);
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

/// Append the text in Docker's object, without its newline; None if the line is no such object, or the text is of several lines.
fn stored(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = line.strip_prefix(BEFORE)?;
    let mut at = 0;
    let width = loop {
        let next = at + memchr2(b'"', b'\\', &text[at..])?;
        out.extend_from_slice(&text[at..next]);
        if text[next] == b'"' {
            return None; // the text must end with a newline
        }
        at = next + 2;
        match text.get(next + 1)? {
            // The text's only newline is its last letter.
            b'n' if text.get(at) == Some(&b'"') => break at,
            b'n' => return None,
            b'u' => {
                let (letter, width) = letter(&text[next..])?;
                out.extend_from_slice(&letter);
                at = next + width;
            }
            byte @ (b'"' | b'\\' | b'/' | b'b' | b'f' | b'r' | b't') => out.push(escapes::control(*byte).unwrap_or(*byte)),
            _ => return None,
        }
    };
    let controls = text[..width].iter().fold(false, |any, &byte| any | (byte < b' '));
    (!controls && is_known(&text[width + 1..])).then_some(())
}

/// The bytes of an escape such as `\u00e9`, and its length. A server's byte that is no UTF-8 may stand there as half a letter.
fn letter(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if let Some((letter, width)) = Escapes::letter(text) {
        return (letter != '\n').then(|| (letter.to_string().into_bytes(), width));
    }
    match escapes::unit(text)? {
        byte @ 0xdc80..=0xdcff => Some((vec![byte as u8], 6)),
        _ => None,
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
            b'"' => text = &text[closing_quote(text, at + 1)? + 1..],
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEHIND: &str = r#","stream":"stdout","time":"2026-03-03T10:00:00.1Z"}"#;

    fn bare(log: &str, behind: &str) -> Option<String> {
        let line = format!(r#"{{"log":"{log}"{behind}"#);
        let mut text = Vec::new();
        stored(line.as_bytes(), &mut text).map(|()| String::from_utf8(text).unwrap())
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
