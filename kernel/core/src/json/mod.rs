//! Lines that are JSON objects: for each column the value of the first of its keys that has one.
//!
//! The scanner accepts what Python's `json` accepts, and reads each value as that does: of a key that stands twice the last one
//! counts, numbers become whole ones, and a list of texts is joined with commas.

mod keys;
mod repair;
mod scan;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use memchr::memchr_iter;

use crate::escapes::Escapes;
use crate::expression::Messages;
use crate::intern::Value;
use crate::read::Reader;
use keys::{Found, Keys, Leaf};
use scan::Scan;

/// A format of JSON.
pub struct Json {
    keys: Keys,
    messages: Messages,
    columns: usize,
    time: usize,
    host: usize,
    of_requests: Vec<usize>,
}

const TIME_BYTES: usize = 20;

impl Json {
    /// A format whose columns are read at `paths`, the preferred one first. `time` and `host` are the numbers of their columns;
    /// an object with a message and without any of the columns `of_requests` is about no request.
    ///
    /// Two columns stand behind those of the paths: the zone of a time such as Apache's, and how the time is written: `clf`,
    /// `epoch` or `iso`.
    pub fn new(paths: &[Vec<Vec<String>>], time: usize, host: usize, of_requests: Vec<usize>, messages: Messages) -> Json {
        Json { keys: Keys::new(paths), messages, columns: paths.len(), time, host, of_requests }
    }

    /// Find the leaves of a line, and the text in which they are: usually the line itself. None if it is no object.
    fn scan<'b>(&self, line: &'b [u8], found: &mut Found) -> Option<Cow<'b, [u8]>> {
        let has_hex = memchr_iter(b'\\', line).any(|at| line.get(at + 1) == Some(&b'x'));
        let text = if has_hex { Cow::Owned(repair::without_hex(line)) } else { Cow::Borrowed(line) };
        match Scan::new(&text, &self.keys, found).whole() {
            Some(is_object) => is_object.then_some(text),
            None => {
                let text = repair::with_nulls(&text)?;
                Scan::new(&text, &self.keys, found).whole()?.then_some(Cow::Owned(text))
            }
        }
    }
}

impl Reader for Json {
    type Scratch = Found;

    fn scratch(&self) -> Found {
        Found::new(&self.keys, self.columns)
    }

    fn columns(&self) -> Vec<Escapes> {
        vec![Escapes::Json; self.columns + 2]
    }

    fn read<'b>(&self, line: &'b [u8], values: &mut [Value<'b>], found: &mut Found) -> bool {
        let Some(text) = self.scan(line, found) else { return false };
        found.choose(&self.keys);
        for (column, value) in values[..self.columns].iter_mut().enumerate() {
            *value = match found.chosen(column) {
                Some(Leaf::Text(from, to)) => match &text {
                    Cow::Borrowed(line) => Value::Written(&line[*from..*to]),
                    Cow::Owned(text) => Value::Made(undone(&text[*from..*to])),
                },
                Some(Leaf::Made(made)) => Value::Made(made.clone()),
                _ => Value::Missing,
            };
        }
        let has_host = match &values[self.host] {
            Value::Missing => false,
            Value::Written(host) => !host.is_empty(),
            Value::Made(host) => !host.is_empty(),
        };
        has_host && self.set_time(values)
    }

    fn is_message(&self, line: &[u8]) -> bool {
        if self.messages.hold(line) {
            return true;
        }
        let mut found = self.scratch();
        if self.scan(line, &mut found).is_none() || !found.has_message(&self.keys) {
            return false;
        }
        found.choose(&self.keys);
        self.of_requests.iter().all(|&column| found.chosen(column).is_none())
    }
}

impl Json {
    /// Split the time into its columns; false if there is none.
    fn set_time<'b>(&self, values: &mut [Value<'b>]) -> bool {
        let (time, zone, clock) = match std::mem::take(&mut values[self.time]) {
            Value::Missing => return false,
            Value::Written(raw) if !Escapes::Json.changes(raw) => {
                let (time, zone, clock) = split_time(raw);
                (Value::Written(time), zone.map(Value::Written), clock)
            }
            Value::Written(raw) => made_time(&undone(raw)),
            Value::Made(text) => made_time(&text),
        };
        let is_there = match &time {
            Value::Missing => false,
            Value::Written(text) => !text.is_empty(),
            Value::Made(text) => !text.is_empty(),
        };
        values[self.time] = time;
        values[self.columns] = zone.unwrap_or_default();
        values[self.columns + 1] = Value::Written(clock);
        is_there
    }
}

fn made_time<'b>(text: &[u8]) -> (Value<'b>, Option<Value<'b>>, &'static [u8]) {
    let (time, zone, clock) = split_time(text);
    (Value::Made(time.to_vec()), zone.map(|zone| Value::Made(zone.to_vec())), clock)
}

/// The time without brackets, its zone where it stands behind it, and how the time is written.
fn split_time(text: &[u8]) -> (&[u8], Option<&[u8]>, &'static [u8]) {
    let is_bracket = |byte: &u8| matches!(byte, b'[' | b']');
    let from = text.iter().position(|byte| !is_bracket(byte)).unwrap_or(text.len());
    let to = text.iter().rposition(|byte| !is_bracket(byte)).map_or(from, |last| last + 1);
    let time = &text[from..to];
    let is_clf = time.len() > 11
        && (time[0].is_ascii_digit() && time[1].is_ascii_digit() && time[2] == b'/')
        && (time[3].is_ascii_uppercase() && time[4].is_ascii_lowercase() && time[5].is_ascii_lowercase() && time[6] == b'/')
        && (time[7..11].iter().all(u8::is_ascii_digit) && time[11] == b':');
    if is_clf {
        let zone = time.get(TIME_BYTES + 1..).unwrap_or_default();
        return (&time[..time.len().min(TIME_BYTES)], Some(zone), b"clf");
    }
    let points = time.iter().filter(|&&byte| byte == b'.').count();
    let digits = time.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_epoch = points <= 1 && digits > 0 && points + digits == time.len();
    (time, None, if is_epoch { b"epoch" } else { b"iso" })
}

fn undone(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    Escapes::Json.undo(raw, &mut text);
    text
}
