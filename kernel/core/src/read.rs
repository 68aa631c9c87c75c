//! Reads a block of lines: which are rows and what their columns hold, and why the others are none.

use memchr::memchr;

use crate::bytes::is_blank;
use crate::envelope::{Bare, Envelope};
use crate::escapes::Escapes;
use crate::intern::{Column, Interned, Value};

/// A line of more bytes is no row.
pub const MAX_LINE_BYTES: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a line is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// White space or nothing.
    Blank,
    /// It begins with `#`.
    Comment,
    /// It has more than `MAX_LINE_BYTES`.
    TooLong,
    /// It is of the same log, but about no request.
    NotHttp,
    /// It does not have the format's fields.
    Fields,
}

impl Reason {
    /// The reason's code, as the line account has it.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Blank => "blank",
            Reason::Comment => "comment",
            Reason::TooLong => "too_long",
            Reason::NotHttp => "not_http",
            Reason::Fields => "fields",
        }
    }
}

/// A reader of one log format: decides for one line whether it is of the format.
pub trait Reader: Send + Sync {
    /// What the reader needs while it reads a block.
    type Scratch;

    /// Its scratch space.
    fn scratch(&self) -> Self::Scratch;

    /// How the values of each column are written; as many as there are columns.
    fn columns(&self) -> Vec<Escapes>;

    /// Set the values of the line's columns, which are `Missing` before; false if the line is not of the format.
    fn read<'b>(&self, line: &'b [u8], values: &mut [Value<'b>], scratch: &mut Self::Scratch) -> bool;

    /// Whether a line that is not of the format is a message of the same server, about no request.
    fn is_message(&self, line: &[u8]) -> bool;
}

/// What the lines of a block are. Positions are bytes from the block's beginning.
pub struct Table {
    /// The number of lines: rows and others.
    pub lines: usize,
    /// Where the line of each row begins.
    pub starts: Vec<i64>,
    /// A column for each of the reader's.
    pub columns: Vec<Interned>,
    /// Where each other line begins, and why it is none.
    pub others: Vec<(i64, Reason)>,
}

/// Read whole lines; the last may lack its newline. The first line of a file may begin with a byte order mark.
pub fn read_block<R: Reader>(block: &[u8], first_of_file: bool, reader: &R, envelope: Option<&Envelope>) -> Table {
    match envelope {
        None => read_lines(Lines::of(block), first_of_file, reader),
        Some(envelope) => read_lines(Bare::of(block, envelope).lines(), first_of_file, reader),
    }
}

fn read_lines<'b, R: Reader>(lines: impl Iterator<Item = (usize, &'b [u8])>, first_of_file: bool, reader: &R) -> Table {
    let mut columns: Vec<Column<'b>> = reader.columns().into_iter().map(Column::new).collect();
    let mut values: Vec<Value<'b>> = vec![Value::Missing; columns.len()];
    let mut scratch = reader.scratch();
    let (mut starts, mut others, mut count) = (Vec::new(), Vec::new(), 0);
    for (start, mut line) in lines {
        if first_of_file && count == 0 {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        count += 1;
        match refused(line) {
            None if reader.read(line, &mut values, &mut scratch) => {
                starts.push(start as i64);
                columns.iter_mut().zip(&mut values).for_each(|(column, value)| column.push(std::mem::take(value)));
            }
            None => {
                values.fill(Value::Missing);
                others.push((start as i64, if reader.is_message(line) { Reason::NotHttp } else { Reason::Fields }));
            }
            Some(reason) => others.push((start as i64, reason)),
        }
    }
    Table { lines: count, starts, columns: columns.into_iter().map(Column::finish).collect(), others }
}

/// Why a line is no row of any format.
fn refused(line: &[u8]) -> Option<Reason> {
    if line.first() == Some(&b'#') {
        Some(Reason::Comment)
    } else if line.len() > MAX_LINE_BYTES {
        Some(if is_blank(line) { Reason::Blank } else { Reason::TooLong })
    } else {
        is_blank(line).then_some(Reason::Blank)
    }
}

/// The lines of a block and where each begins.
pub struct Lines<'b> {
    block: &'b [u8],
    at: usize,
}

impl<'b> Lines<'b> {
    /// The lines of a block.
    pub fn of(block: &'b [u8]) -> Self {
        Lines { block, at: 0 }
    }
}

impl<'b> Iterator for Lines<'b> {
    type Item = (usize, &'b [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.block.len() {
            return None;
        }
        let (start, rest) = (self.at, &self.block[self.at..]);
        let width = memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += width + 1;
        Some((start, &rest[..width]))
    }
}
