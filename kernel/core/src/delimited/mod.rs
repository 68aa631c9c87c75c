//! Lines of fields between single separators, as Apache, nginx and load balancers write them.
//!
//! The line's fields are found from left to right. Most fields can end in one place only; a list, a user's name and a field with
//! unescaped quotes may end in several, which are tried in the order of a regular expression's preference, and the first after
//! which the rest of the line fits is taken.

mod address;
mod choices;
#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2};

use crate::bytes::{find_from, is_blank, is_space};
use crate::escapes::Escapes;
use crate::expression::{Check, Messages};
use crate::intern::Value;
use crate::read::Reader;

/// How a field is delimited.
pub enum Shape {
    /// No space inside; perhaps only certain texts.
    Token(Option<Check>),
    /// No space and no quote inside.
    Bare,
    /// Usually a token; may be several words (a user's name), of which none looks like an address.
    Free,
    /// A token, perhaps behind others, each of which ends with a comma; all of them are the value.
    List(Option<Check>),
    /// Such a list, of which the last item is the value.
    Last(Option<Check>),
    /// What nginx writes of several upstream servers, between commas or colons.
    Several,
    /// `[17/May/2015:10:05:03 +0000]`: the time, and the zone in the column behind it.
    Time,
    /// In quotes.
    Quoted,
    /// An address with a port, which is left out, or `-` for none.
    Port,
}

/// How quotes within quotes are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// With a backslash, which escapes any byte.
    Escaped,
    /// Twice.
    Doubled,
    /// Not at all.
    Absent,
    /// As they are, by a server that escapes nothing. What can only be the edge of a field is one.
    Loose,
}

/// One field: its shape and the number of its column, if it is kept.
pub struct Field {
    /// How it is delimited.
    pub shape: Shape,
    /// Its column.
    pub column: Option<usize>,
}

/// A format of fields.
pub struct Delimited {
    /// What stands between two fields.
    pub separator: u8,
    /// The fields.
    pub fields: Vec<Field>,
    /// How quotes are written in the first place.
    pub quotes: Quotes,
    /// Whether lines that do not fit are tried with loose quotes.
    pub or_loose: bool,
    /// Whether further fields may follow.
    pub more: bool,
    /// How the values of each column are written.
    pub columns: Vec<Escapes>,
    /// Lines about no request.
    pub messages: Messages,
}

/// Longer lines are not read with loose quotes: the time of that grows with the square of a line's length.
const LOOSE_BYTES: usize = 4 << 10;
const MAX_ITEMS: usize = 32;
const TIME_BYTES: usize = 20;
const ZONE_BYTES: usize = 5;
const MAX_PORT_DIGITS: usize = 5;

impl Reader for Delimited {
    type Scratch = ();

    fn scratch(&self) {}

    fn columns(&self) -> Vec<Escapes> {
        self.columns.clone()
    }

    fn read<'b>(&self, line: &'b [u8], values: &mut [Value<'b>], (): &mut ()) -> bool {
        Attempt { format: self, line, quotes: self.quotes }.fits(values) || (self.or_loose && self.read_loose(line, values))
    }

    fn is_message(&self, line: &[u8]) -> bool {
        self.messages.hold(line)
    }
}

impl Delimited {
    /// As `read`, with loose quotes.
    pub fn read_loose<'b>(&self, line: &'b [u8], values: &mut [Value<'b>]) -> bool {
        if line.len() > LOOSE_BYTES {
            return false;
        }
        values.fill(Value::Missing);
        Attempt { format: self, line, quotes: Quotes::Loose }.fits(values)
    }
}

/// One way to read one line.
struct Attempt<'f, 'b> {
    format: &'f Delimited,
    line: &'b [u8],
    quotes: Quotes,
}

impl<'b> Attempt<'_, 'b> {
    fn fits(&self, values: &mut [Value<'b>]) -> bool {
        self.rest(0, 0, values)
    }

    /// Whether the line fits from field `first` on, which begins at `at`.
    fn rest(&self, first: usize, mut at: usize, values: &mut [Value<'b>]) -> bool {
        let fields = &self.format.fields;
        for (number, field) in fields.iter().enumerate().skip(first) {
            let end = match &field.shape {
                Shape::Quoted if self.quotes == Quotes::Loose => return self.loose(number, at, values),
                Shape::Quoted => self.quoted(at).map(|end| (at + 1, end, end + 1)),
                Shape::Token(check) => self.token(at, check.as_ref()).map(|end| (at, end, end)),
                Shape::Bare => {
                    let end = self.token(at, None).filter(|&end| memchr(b'"', &self.line[at..end]).is_none());
                    end.map(|end| (at, end, end))
                }
                Shape::Time => self.time(at, field.column, values),
                Shape::Port => self.port(at, field.column, values),
                Shape::Several => return self.several(number, at, values),
                Shape::Free if self.format.separator != b' ' => self.token(at, None).map(|end| (at, end, end)),
                Shape::Free => return self.free(number, at, values),
                Shape::List(check) => return self.list(number, at, check.as_ref(), false, values),
                Shape::Last(check) => return self.list(number, at, check.as_ref(), true, values),
            };
            let Some((from, to, end)) = end else { return false };
            if !matches!(field.shape, Shape::Time | Shape::Port) {
                self.set(field.column, from, to, values);
            }
            match self.following(number, end) {
                Following::Field(next) => at = next,
                Following::End => return true,
                Following::Nothing => return false,
            }
        }
        false // a format without fields has no lines
    }

    /// What stands behind a field that ends at `end`.
    #[inline]
    fn following(&self, number: usize, end: usize) -> Following {
        if number + 1 < self.format.fields.len() {
            if self.line.get(end) == Some(&self.format.separator) {
                return Following::Field(end + 1);
            }
            return Following::Nothing;
        }
        let ends = if self.format.more { self.ends_with_more(end) } else { is_blank(&self.line[end..]) };
        if ends {
            Following::End
        } else {
            Following::Nothing
        }
    }

    /// As the tail of `rest`, for a field that was tried to end at `end`.
    fn goes_on(&self, number: usize, end: usize, values: &mut [Value<'b>]) -> bool {
        match self.following(number, end) {
            Following::Field(next) => self.rest(number + 1, next, values),
            Following::End => true,
            Following::Nothing => false,
        }
    }

    /// Whether only further fields follow, in which quotes enclose any text.
    fn ends_with_more(&self, mut at: usize) -> bool {
        if self.line.get(at) == Some(&self.format.separator) {
            while let Some(quote) = memchr(b'"', &self.line[at..]) {
                match closing_quote(self.line, at + quote + 1) {
                    Some(closing) => at = closing + 1,
                    None => return false,
                }
            }
            return true;
        }
        self.line[at..].iter().all(|&byte| is_space(byte) && byte != b' ')
    }

    #[inline]
    fn set(&self, column: Option<usize>, from: usize, to: usize, values: &mut [Value<'b>]) {
        if let Some(column) = column {
            values[column] = Value::Written(&self.line[from..to]);
        }
    }

    /// The end of the token at `at`.
    #[inline]
    fn token(&self, at: usize, check: Option<&Check>) -> Option<usize> {
        if self.format.separator != b' ' {
            let end = find_from(self.line, at, |byte| byte == self.format.separator);
            return check.is_none_or(|check| check.fits(&self.line[at..end])).then_some(end);
        }
        let end = find_from(self.line, at, is_space);
        let fits = check.map_or(end > at, |check| check.fits(&self.line[at..end]));
        fits.then_some(end)
    }

    /// The position of the quote that closes the one at `at`.
    #[inline]
    fn quoted(&self, at: usize) -> Option<usize> {
        if self.line.get(at) != Some(&b'"') {
            return None;
        }
        match self.quotes {
            Quotes::Escaped => closing_quote(self.line, at + 1),
            Quotes::Doubled => {
                let mut inside = at + 1;
                loop {
                    let quote = inside + memchr(b'"', &self.line[inside..])?;
                    if self.line.get(quote + 1) != Some(&b'"') {
                        return Some(quote);
                    }
                    inside = quote + 2;
                }
            }
            Quotes::Absent | Quotes::Loose => memchr(b'"', &self.line[at + 1..]).map(|found| at + 1 + found),
        }
    }

    fn time(&self, at: usize, column: Option<usize>, values: &mut [Value<'b>]) -> Option<(usize, usize, usize)> {
        let zone = at + 1 + TIME_BYTES + 1;
        let end = zone + ZONE_BYTES + 1;
        let text = self.line.get(at..end)?;
        let (written, offset) = (&text[1..=TIME_BYTES], &text[zone - at..zone - at + ZONE_BYTES]);
        let fits = text[0] == b'['
            && text[TIME_BYTES + 1] == b' '
            && text[end - at - 1] == b']'
            && !written.iter().any(|&byte| is_space(byte))
            && matches!(offset[0], b'+' | b'-')
            && offset[1..].iter().all(u8::is_ascii_digit);
        if let (true, Some(column)) = (fits, column) {
            values[column] = Value::Written(written);
            values[column + 1] = Value::Written(offset);
        }
        fits.then_some((at, end, end))
    }

    fn port(&self, at: usize, column: Option<usize>, values: &mut [Value<'b>]) -> Option<(usize, usize, usize)> {
        let end = self.token(at, None)?;
        let text = &self.line[at..end];
        let colon = text.iter().rposition(|&byte| byte == b':');
        let value = match colon {
            Some(colon) if colon > 0 => {
                let digits = &text[colon + 1..];
                if digits.is_empty() || digits.len() > MAX_PORT_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let host = &text[..colon];
                let host = host.strip_prefix(b"[").filter(|inner| !inner.is_empty()).unwrap_or(host);
                let host = host.strip_suffix(b"]").filter(|inner| !inner.is_empty()).unwrap_or(host);
                Value::Written(host)
            }
            _ if text == b"-" => Value::Missing,
            _ => return None,
        };
        if let Some(column) = column {
            values[column] = value;
        }
        Some((at, end, end))
    }
}

enum Following {
    /// The next field, which begins there.
    Field(usize),
    /// The end of the line.
    End,
    /// Something else.
    Nothing,
}

/// The first quote from `at` on without a backslash before it that escapes it.
#[inline]
pub fn closing_quote(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
