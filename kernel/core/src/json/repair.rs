//! What servers write that is nearly JSON, as JSON.

use regex::bytes::Regex;
use std::sync::LazyLock;

use crate::escapes::hex;

/// A line in which bytes are written as `\x41`, with these bytes, or with their JSON escapes.
pub fn without_hex(line: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(line.len()), line);
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let width = match rest {
            [_, b'\\', ..] => {
                out.extend_from_slice(b"\\\\");
                2
            }
            [_, b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                match hex(*high) << 4 | hex(*low) {
                    byte if byte >= b' ' && byte != b'"' && byte != b'\\' => out.push(byte),
                    _ => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', *high, *low]),
                }
                4
            }
            _ => {
                out.push(b'\\');
                1
            }
        };
        rest = &rest[width..];
    }
    out.extend_from_slice(rest);
    out
}

/// A line in which nothing stands for some values (nginx writes so an absent number without quotes), with `null` there. None if
/// there is no such value.
pub fn with_nulls(line: &[u8]) -> Option<Vec<u8>> {
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)[{,][\t-\r ]*"[^"\\,{}]*":[\t-\r ]*-?"#).expect("it is an expression"));
    let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(key) = KEY.find_at(line, at) {
        if matches!(line.get(key.end()), Some(b',' | b'}')) {
            let end = key.end() - usize::from(line[key.end() - 1] == b'-');
            out.extend_from_slice(&line[copied..end]);
            out.extend_from_slice(b"null");
            copied = key.end();
            at = key.end();
        } else {
            at = key.start() + 1;
        }
    }
    out.extend_from_slice(&line[copied..]);
    (copied > 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_escapes_become_bytes_or_escapes() {
        for (line, text) in [
            (&br#"a\x41\xc3\xa9"#[..], "aA\u{e9}".as_bytes()),
            (br#"\x22\x5C\x0a\\x41\n\xg"#, br#"\u0022\u005C\u000a\\x41\n\xg"#),
            (br"\", br"\"),
        ] {
            assert_eq!(without_hex(line), text);
        }
    }

    #[test]
    fn absent_numbers_become_null() {
        assert_eq!(with_nulls(br#"{"a":,"b": -,"c":-}"#).unwrap(), br#"{"a":null,"b": null,"c":null}"#);
        assert_eq!(with_nulls(br#"{"a":1,"b":"x"}"#), None);
    }
}
