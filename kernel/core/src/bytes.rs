//! Small questions about bytes.

/// Whether a byte is white space as Python and POSIX have it: space, tab, newline, vertical tab, form feed, carriage return.
#[inline]
pub fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

/// Whether all bytes are white space.
pub fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|&byte| is_space(byte))
}

/// The position of the first byte at or after `at` of which `stops` is true, or the text's length.
#[inline]
pub fn find_from(text: &[u8], at: usize, stops: impl Fn(u8) -> bool) -> usize {
    text[at..].iter().position(|&byte| stops(byte)).map_or(text.len(), |found| at + found)
}

/// The position of the first such byte at or after `at`, or the text's length. Most fields of a line are short.
#[inline]
pub fn find_byte(text: &[u8], at: usize, byte: u8) -> usize {
    const SHORT: usize = 16;
    let near = text.len().min(at + SHORT);
    match text[at..near].iter().position(|&other| other == byte) {
        Some(found) => at + found,
        None => memchr::memchr(byte, &text[near..]).map_or(text.len(), |found| near + found),
    }
}
