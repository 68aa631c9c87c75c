//! Lines of the W3C extended log format: as many fields as their header names, some perhaps in quotes.

use memchr::memchr;

use crate::bytes::find_byte;
use crate::escapes::{is_quoted, Escapes};
use crate::expression::{Check, Messages};
use crate::intern::Value;
use crate::read::Reader;

/// A header's format.
pub struct W3c {
    separator: u8,
    /// For each field its column, and which texts it may hold.
    fields: Vec<(Option<usize>, Option<Check>)>,
    columns: usize,
    messages: Messages,
}

impl W3c {
    /// A format of fields, each with the number of its column (from 0, all but for those that are not kept) and its narrow texts.
    pub fn new(separator: u8, fields: Vec<(Option<usize>, Option<Check>)>, messages: Messages) -> W3c {
        let columns = fields.iter().filter_map(|(column, _)| *column).max().map_or(0, |last| last + 1);
        W3c { separator, fields, columns, messages }
    }

    /// Where the field that begins at `at` ends: at the next separator, but in quotes a separator is text, and a quote is doubled.
    fn end(&self, line: &[u8], at: usize) -> usize {
        if line.get(at) == Some(&b'"') {
            let mut inside = at + 1;
            while let Some(quote) = memchr(b'"', &line[inside..]).map(|found| inside + found) {
                match line.get(quote + 1) {
                    Some(b'"') => inside = quote + 2,
                    Some(&next) if next != self.separator => break,
                    _ => return quote + 1,
                }
            }
        }
        find_byte(line, at, self.separator)
    }
}

impl Reader for W3c {
    type Scratch = ();

    fn scratch(&self) {}

    fn columns(&self) -> Vec<Escapes> {
        vec![Escapes::Doubled; self.columns]
    }

    fn read<'b>(&self, line: &'b [u8], values: &mut [Value<'b>], (): &mut ()) -> bool {
        let width = line.len() - line.iter().rev().take_while(|&&byte| byte == b'\r').count();
        let line = &line[..width];
        let mut at = 0;
        for (number, (column, check)) in self.fields.iter().enumerate() {
            if number > 0 {
                if at >= line.len() {
                    return false;
                }
                at += 1;
            }
            let end = self.end(line, at);
            let field = &line[at..end];
            at = end;
            let text = if is_quoted(field) { &field[1..field.len() - 1] } else { field };
            if check.as_ref().is_some_and(|check| !check.fits(text)) {
                return false;
            }
            if let Some(column) = *column {
                values[column] = Value::Written(field);
            }
        }
        at == line.len()
    }

    fn is_message(&self, line: &[u8]) -> bool {
        self.messages.hold(line)
    }
}
