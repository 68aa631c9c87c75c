//! Goes through the text of one JSON object, once, and notes the values at the wanted keys.

use memchr::memchr2;

use super::keys::{Found, Keys, Leaf};
use crate::escapes::Escapes;

/// Objects and lists may stand in each other so deep.
const MAX_DEPTH: usize = 128;
/// Whole numbers of more digits are none for Python either.
const MAX_DIGITS: usize = 4300;
const LARGEST: f64 = 1e18;

/// A position in a text. Each method returns None where the text is no JSON.
pub struct Scan<'t, 'f> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// Whether control characters stand anywhere in the text: none may stand in a string.
    controls: bool,
    keys: &'f Keys,
    found: &'f mut Found,
}

/// A string's content as written, or a number's text.
type Span = (usize, usize);

impl<'t, 'f> Scan<'t, 'f> {
    /// Begin a text.
    pub fn new(text: &'t [u8], keys: &'f Keys, found: &'f mut Found) -> Scan<'t, 'f> {
        let controls = text.iter().fold(false, |any, &byte| any | (byte < b' '));
        found.clear();
        Scan { text, at: 0, depth: 0, controls, keys, found }
    }

    /// Go through the whole text; returns whether it is an object.
    pub fn whole(mut self) -> Option<bool> {
        self.space();
        let is_object = self.peek() == Some(b'{');
        if is_object {
            self.object(Some(0))?;
        } else {
            self.skip()?;
        }
        self.space();
        (self.at == self.text.len()).then_some(is_object)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Whether the text goes on with a word, which is taken then.
    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    /// An object at its brace; if `node` is given, values at the keys below it are noted.
    fn object(&mut self, node: Option<usize>) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.space();
        if !self.take(b'}') {
            loop {
                let child = self.key(node)?;
                self.space();
                match child {
                    Some(child) => self.noted(child)?,
                    None => self.skip()?,
                }
                self.space();
                if self.take(b'}') {
                    break;
                }
                if !self.take(b',') {
                    return None;
                }
                self.space();
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// A key and its colon; returns where it leads.
    #[inline]
    fn key(&mut self, node: Option<usize>) -> Option<Option<usize>> {
        let behind = self.text.get(self.at + 1..).filter(|_| self.peek() == Some(b'"'))?;
        let expected = node.and_then(|node| self.found.expected(node, behind));
        let child = match expected {
            Some((width, child)) => {
                self.at += 1 + width;
                child
            }
            None => {
                let (from, to) = self.string()?;
                let child = node.and_then(|node| self.found.child(self.keys, node, &self.text[from..], to - from));
                self.space();
                if !self.take(b':') {
                    return None;
                }
                child
            }
        };
        if let Some(child) = child {
            self.found.visit(self.keys, child);
        }
        Some(child)
    }

    /// A value at a wanted key.
    fn noted(&mut self, child: usize) -> Option<()> {
        let node = self.keys.node(child);
        let (is_leaf, is_branch) = (node.is_leaf(), node.is_branch());
        let leaf = match self.peek()? {
            b'"' => self.string().map(|(from, to)| Leaf::Text(from, to))?,
            b'{' => {
                self.object(is_branch.then_some(child))?;
                Leaf::Other
            }
            b'[' => self.list()?,
            b'n' => self.word(b"null").map(|()| Leaf::Null)?,
            _ => self.scalar()?,
        };
        if is_leaf {
            self.found.add(child, leaf);
        }
        Some(())
    }

    /// A value that nobody wants.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.object(None),
            b'[' => self.items(|scan| scan.skip()),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'N' => self.word(b"NaN"),
            b'I' => self.word(b"Infinity"),
            _ => self.number().map(|_| ()),
        }
    }

    /// A list at its bracket, each item by `item`.
    fn items(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.space();
        if !self.take(b']') {
            loop {
                item(self)?;
                self.space();
                if self.take(b']') {
                    break;
                }
                if !self.take(b',') {
                    return None;
                }
                self.space();
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// A list whose items, joined with commas, are a text, if each of them has one.
    fn list(&mut self) -> Option<Leaf> {
        let (mut joined, mut count, mut whole, mut only) = (Vec::new(), 0, true, None);
        self.items(|scan| {
            let leaf = match scan.peek()? {
                b'"' => scan.string().map(|(from, to)| Leaf::Text(from, to))?,
                b'{' => scan.object(None).map(|()| Leaf::Other)?,
                b'[' => scan.list()?,
                b'n' => scan.word(b"null").map(|()| Leaf::Null)?,
                _ => scan.scalar()?,
            };
            // One item alone needs no copy.
            if let Some((from, to)) = only.take() {
                Escapes::Json.undo(&scan.text[from..to], &mut joined);
            }
            match leaf {
                Leaf::Text(from, to) if count == 0 => only = Some((from, to)),
                Leaf::Text(from, to) => {
                    joined.extend_from_slice(b", ");
                    Escapes::Json.undo(&scan.text[from..to], &mut joined);
                }
                Leaf::Made(text) => {
                    joined.extend_from_slice(if count == 0 { b"" } else { b", " });
                    joined.extend_from_slice(&text);
                }
                Leaf::Null | Leaf::Other => whole = false,
            }
            count += 1;
            Some(())
        })?;
        Some(match only {
            _ if count == 0 || !whole => Leaf::Other,
            Some((from, to)) => Leaf::Text(from, to),
            None => Leaf::Made(joined),
        })
    }

    /// A number, or another value that is one word, except `null`.
    fn scalar(&mut self) -> Option<Leaf> {
        match self.peek()? {
            b't' => self.word(b"true").map(|()| Leaf::Made(b"True".to_vec())),
            b'f' => self.word(b"false").map(|()| Leaf::Made(b"False".to_vec())),
            b'N' => self.word(b"NaN").map(|()| Leaf::Other),
            b'I' => self.word(b"Infinity").map(|()| Leaf::Other),
            _ => match self.number()? {
                None => Some(Leaf::Other),
                Some(((from, to), None)) if &self.text[from..to] == b"-0" => Some(Leaf::Text(from + 1, to)),
                Some(((from, to), None)) => Some(Leaf::Text(from, to)),
                Some(((from, _), Some((whole, to)))) => Some(self.floor(from, whole, to)),
            },
        }
    }

    /// The largest whole number that is not above a fraction, as a double has it.
    fn floor(&self, from: usize, whole: usize, to: usize) -> Leaf {
        let fraction = &self.text[whole..to];
        let is_simple = fraction.first() == Some(&b'.') && fraction[1..].iter().all(u8::is_ascii_digit);
        // So near to the next number that a double may be that one.
        let may_round_up = whole - from > 10 || fraction.get(1..7).is_some_and(|digits| digits == b"999999");
        if is_simple && !may_round_up && self.text[from] != b'-' {
            return Leaf::Text(from, whole);
        }
        let number = std::str::from_utf8(&self.text[from..to]).ok().and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if number.abs() < LARGEST => Leaf::Made((number.floor() as i64).to_string().into_bytes()),
            _ => Leaf::Other,
        }
    }

    /// A number's span, with the end of its whole part and its own if it is a fraction or has an exponent; Some(None) for an
    /// infinite one.
    #[allow(clippy::type_complexity)]
    fn number(&mut self) -> Option<Option<(Span, Option<Span>)>> {
        let from = self.at;
        let negative = self.take(b'-');
        if negative && self.peek() == Some(b'I') {
            return self.word(b"Infinity").map(|()| None);
        }
        let digits = self.digits(self.at);
        if digits == 0 {
            return None;
        }
        // Behind a leading zero no digit belongs to the number, and none may follow it.
        let digits = if self.peek() == Some(b'0') { 1 } else { digits };
        let whole = self.at + digits;
        self.at = whole;
        if self.peek() == Some(b'.') {
            let digits = self.digits(whole + 1);
            if digits > 0 {
                self.at = whole + 1 + digits;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.text.get(self.at + 1), Some(b'+' | b'-')));
            let digits = self.digits(self.at + 1 + sign);
            if digits > 0 {
                self.at += 1 + sign + digits;
            }
        }
        if self.at > whole {
            return Some(Some(((from, self.at), Some((whole, self.at)))));
        }
        (digits <= MAX_DIGITS).then_some(Some(((from, whole), None)))
    }

    /// How many digits stand from a position on.
    #[inline]
    fn digits(&self, at: usize) -> usize {
        self.text.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
    }

    /// The content of a string.
    #[inline]
    fn string(&mut self) -> Option<Span> {
        if !self.take(b'"') {
            return None;
        }
        let from = self.at;
        loop {
            self.at += memchr2(b'"', b'\\', &self.text[self.at..])?;
            if self.text[self.at] == b'"' {
                break;
            }
            self.at += match self.text.get(self.at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                b'u' => {
                    let digits = self.text.get(self.at + 2..self.at + 6)?;
                    digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
                }
                _ => return None,
            };
        }
        let to = self.at;
        self.at += 1;
        if self.controls && self.text[from..to].iter().any(|&byte| byte < b' ') {
            return None;
        }
        Some((from, to))
    }
}
