//! What looks like an address within a line.

use crate::bytes::find_from;

/// Whether a word is an address, perhaps behind others and commas: the word is no part of a name then.
pub fn is_of_others(word: &[u8]) -> bool {
    let width = find_from(word, 0, |byte| byte == b' ');
    if width == word.len() {
        return false;
    }
    let word = &word[..width];
    // An address has no comma, except behind it.
    let inner = word.strip_suffix(b",").unwrap_or(word);
    is_address(&inner[memchr::memrchr(b',', inner).map_or(0, |comma| comma + 1)..])
}

/// Whether a text looks like an address, perhaps in brackets and with a port.
fn is_address(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"[").unwrap_or(text);
    is_dotted(text) || is_colons(text)
}

fn is_dotted(text: &[u8]) -> bool {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if text.get(at) != Some(&b'.') {
                return false;
            }
            at += 1;
        }
        let width = digits(&text[at..]);
        if !(1..=3).contains(&width) {
            return false;
        }
        at += width;
    }
    ends_address(&text[at..])
}

/// Whether a text is at most four hexadecimal digits, a colon, such digits, a colon, and at most 40 more of them, points and colons.
fn is_colons(text: &[u8]) -> bool {
    let mut at = 0;
    for _ in 0..2 {
        let width = find_from(text, at, |byte| !byte.is_ascii_hexdigit()) - at;
        if width > 4 || text.get(at + width) != Some(&b':') {
            return false;
        }
        at += width + 1;
    }
    let longest = find_from(text, at, |byte| !(byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')) - at;
    // The port's digits may be taken for the address's.
    (0..=longest.min(40)).any(|width| ends_address(&text[at + width..]))
}

/// Whether a bracket, a port, both or nothing is left.
fn ends_address(rest: &[u8]) -> bool {
    let rest = rest.strip_prefix(b"]").unwrap_or(rest);
    match rest {
        [] => true,
        [b':', port @ ..] => (1..=super::MAX_PORT_DIGITS).contains(&port.len()) && port.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn digits(text: &[u8]) -> usize {
    find_from(text, 0, |byte| !byte.is_ascii_digit())
}
