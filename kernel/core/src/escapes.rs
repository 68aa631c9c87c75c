//! Undoes what a server did to a value when it wrote it into a line.

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// As they are.
    None,
    /// As Apache and nginx do: a backslash before a letter or before `x` and two hexadecimal digits.
    Backslash,
    /// In quotes, which are written twice inside (W3C), or as they are.
    Doubled,
    /// As in a string of JSON, which is a valid one. Half a letter becomes U+FFFD.
    Json,
}

impl Escapes {
    /// Whether a value is written otherwise than it reads. (Bytes that are no UTF-8 are not looked at.)
    pub fn changes(self, raw: &[u8]) -> bool {
        match self {
            Escapes::None => false,
            Escapes::Backslash | Escapes::Json => memchr::memchr(b'\\', raw).is_some(),
            Escapes::Doubled => is_quoted(raw),
        }
    }

    /// The letter of one or two escapes of JSON such as `\u00e9`, with which a text begins, and their length; None for half a letter.
    pub fn letter(text: &[u8]) -> Option<(char, usize)> {
        match unit(text)? {
            high @ 0xd800..0xdc00 => match unit(&text[6..])? {
                low @ 0xdc00..0xe000 => {
                    char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).map(|letter| (letter, 12))
                }
                _ => None,
            },
            unit => char::from_u32(unit).map(|letter| (letter, 6)),
        }
    }

    /// Append the value's own bytes to `out`.
    pub fn undo(self, raw: &[u8], out: &mut Vec<u8>) {
        match self {
            Escapes::None => out.extend_from_slice(raw),
            Escapes::Backslash => undo_backslashes(raw, out),
            Escapes::Doubled => undo_doubled(raw, out),
            Escapes::Json => undo_json(raw, out),
        }
    }
}

/// Whether a W3C field stands in quotes.
pub fn is_quoted(raw: &[u8]) -> bool {
    raw.len() > 1 && raw[0] == b'"' && raw[raw.len() - 1] == b'"'
}

fn undo_backslashes(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = match rest[at + 1..] {
            [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(high) << 4 | hex(low));
                &rest[at + 4..]
            }
            [letter, ..] => {
                out.push(control(letter).unwrap_or(letter));
                &rest[at + 2..]
            }
            [] => {
                out.push(b'\\');
                &[]
            }
        };
    }
    out.extend_from_slice(rest);
}

fn undo_doubled(raw: &[u8], out: &mut Vec<u8>) {
    if !is_quoted(raw) {
        out.extend_from_slice(raw);
        return;
    }
    let mut rest = &raw[1..raw.len() - 1];
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        out.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
}

fn undo_json(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let width = match rest {
            [_, b'u', ..] => {
                let (letter, width) = Escapes::letter(rest).unwrap_or((char::REPLACEMENT_CHARACTER, rest.len().min(6)));
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                width
            }
            [_, letter, ..] => {
                out.push(control(*letter).unwrap_or(*letter));
                2
            }
            _ => 1,
        };
        rest = &rest[width..];
    }
    out.extend_from_slice(rest);
}

/// The UTF-16 unit of an escape such as `\u00e9`, with which a text begins.
pub fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().all(u8::is_ascii_hexdigit).then(|| digits.iter().fold(0, |unit, &digit| unit << 4 | u32::from(hex(digit))))
}

/// The value of a hexadecimal digit.
pub fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// The control character of an escape such as `\\n`, by its letter.
pub fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(escapes: Escapes, raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        escapes.undo(raw, &mut out);
        out
    }

    #[test]
    fn backslashes_are_undone_once() {
        for (raw, text) in [
            (&br#"a\"b\\c"#[..], &br#"a"b\c"#[..]),
            (br"\x41\x4a\xg1\x4", b"AJxg1x4"),
            (br"\n\t\r\b\f\v\q", b"\n\t\r\x08\x0c\x0bq"),
            (br"\\x41\", br"\x41\"),
        ] {
            assert_eq!(undone(Escapes::Backslash, raw), text);
            assert!(Escapes::Backslash.changes(raw));
        }
        assert!(!Escapes::Backslash.changes(b"a\"b"));
    }

    #[test]
    fn doubled_quotes_are_undone_inside_of_quotes_only() {
        for (raw, text) in [
            (&br#""a ""b"" c""#[..], &br#"a "b" c"#[..]),
            (br#"a""b"#, br#"a""b"#),
            (br#""a""b"#, br#""a""b"#),
            (br#""""""#, br#"""#),
            (br#"""""#, br#"""#),
            (br#""""#, br#""#),
            (br#"""#, br#"""#),
        ] {
            assert_eq!(undone(Escapes::Doubled, raw), text, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn letters_of_json_are_read_whole_or_replaced() {
        for (raw, text) in [
            (br#"a\"\\\/\b\f\n\r\tb"#.as_slice(), "a\"\\/\x08\x0c\n\r\tb"),
            (br"\u00e9\u20AC\u0000", "\u{e9}\u{20ac}\0"),
            (br"\ud83d\ude00", "\u{1f600}"),
            (br"\ud83d\u0041\ude00", "\u{fffd}A\u{fffd}"),
            (br"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (br"\ud83d", "\u{fffd}"),
        ] {
            assert_eq!(undone(Escapes::Json, raw), text.as_bytes());
        }
    }
}
