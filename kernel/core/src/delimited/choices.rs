//! Fields that may end in several places, which are tried one after the other.

use memchr::memchr;

use super::address::is_of_others;
use super::{Attempt, Check, Value, MAX_ITEMS};
use crate::bytes::{find_from, is_space};

impl<'b> Attempt<'_, 'b> {
    /// `a`, `a, b` or `a : b`, with as many items as possible.
    pub(super) fn several(&self, number: usize, at: usize, values: &mut [Value<'b>]) -> bool {
        let begins_item = |at| self.line.get(at).is_some_and(|&byte| byte != b':' && byte != b',' && !is_space(byte));
        let end_of_item = |at| find_from(self.line, at, |byte| is_space(byte) || byte == b',');
        let mut ends = [at; MAX_ITEMS + 1];
        let (mut count, mut item) = (0, at);
        while count <= MAX_ITEMS && begins_item(item) {
            ends[count] = end_of_item(item);
            item = match &self.line[ends[count]..] {
                [b',', b' ', ..] => ends[count] + 2,
                [b' ', b':', b' ', ..] => ends[count] + 3,
                _ => self.line.len(),
            };
            count += 1;
        }
        ends[..count].iter().rev().any(|&end| self.goes_on(number, end, values))
    }

    /// A list, with as many items as possible.
    pub(super) fn list(&self, number: usize, at: usize, check: Option<&Check>, last: bool, values: &mut [Value<'b>]) -> bool {
        let mut items = [at; MAX_ITEMS + 1];
        let mut count = 0;
        while count < MAX_ITEMS {
            match self.listed(items[count]) {
                Some(next) => {
                    count += 1;
                    items[count] = next;
                }
                None => break,
            }
        }
        for &item in items[..=count].iter().rev() {
            if let Some(end) = self.token(item, check) {
                self.set(self.format.fields[number].column, if last { item } else { at }, end, values);
                if self.goes_on(number, end, values) {
                    return true;
                }
            }
        }
        false
    }

    /// Where the item behind the one at `at` begins, if that ends with a comma and has a text before each comma.
    #[inline]
    fn listed(&self, at: usize) -> Option<usize> {
        let end = find_from(self.line, at, |byte| byte == b' ');
        let text = &self.line[at..end];
        let good = end < self.line.len()
            && text.last() == Some(&b',')
            && text[0] != b','
            && text.windows(2).all(|pair| pair != b",,")
            && !text.iter().any(|&byte| is_space(byte));
        good.then_some(end + 1)
    }

    /// A user's name: a word, perhaps an empty one, or else as many words as possible.
    pub(super) fn free(&self, number: usize, at: usize, values: &mut [Value<'b>]) -> bool {
        let column = self.format.fields[number].column;
        let end_of_word = |at| find_from(self.line, at, |byte| byte == b' ');
        let end = end_of_word(at);
        self.set(column, at, end, values);
        if self.goes_on(number, end, values) {
            return true;
        }
        if end == at || self.line[at..].starts_with(b"- ") || is_of_others(&self.line[at..]) {
            return false;
        }
        let mut ends = [end; MAX_ITEMS];
        let mut count = 1;
        while count < MAX_ITEMS {
            let word = find_from(self.line, ends[count - 1], |byte| byte != b' ');
            if word == ends[count - 1] || word == self.line.len() || is_of_others(&self.line[word..]) {
                break;
            }
            ends[count] = end_of_word(word);
            count += 1;
        }
        for &end in ends[1..count].iter().rev() {
            self.set(column, at, end, values);
            if self.goes_on(number, end, values) {
                return true;
            }
        }
        false
    }

    /// A text between quotes that may hold quotes, as short as possible.
    pub(super) fn loose(&self, number: usize, at: usize, values: &mut [Value<'b>]) -> bool {
        if self.line.get(at) != Some(&b'"') {
            return false;
        }
        let mut inside = at + 1;
        while let Some(quote) = memchr(b'"', &self.line[inside..]).map(|found| inside + found) {
            self.set(self.format.fields[number].column, at + 1, quote, values);
            if self.goes_on(number, quote + 1, values) {
                return true;
            }
            if is_edge(&self.line[quote + 1..]) {
                return false;
            }
            inside = quote + 1;
        }
        false
    }
}

/// Whether what stands behind a quote shows that it is the edge of a field: a space, perhaps a number or `-`, and a quote.
fn is_edge(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b" ") else { return false };
    if rest.first() == Some(&b'"') {
        return true;
    }
    let width = find_from(rest, 0, |byte| !(byte.is_ascii_digit() || byte == b'.'));
    let rest = if width > 0 { &rest[width..] } else { rest.strip_prefix(b"-").unwrap_or(b"") };
    rest.starts_with(b" \"")
}
