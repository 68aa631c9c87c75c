//! A column of texts: each distinct text once, and for each row its number.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::escapes::Escapes;

/// What a row has in a column.
#[derive(Clone, Debug, Default)]
pub enum Value<'b> {
    /// Nothing: the column is null there.
    #[default]
    Missing,
    /// Bytes of the block, with the column's escapes.
    Written(&'b [u8]),
    /// Bytes that stand nowhere like this.
    Made(Vec<u8>),
}

/// Texts of rows by number, -1 for none. Equal texts have one number; numbers rise with the first row of each text.
///
/// Client-chosen text decides what is hashed, so the hash has a random seed.
pub struct Column<'b> {
    escapes: Escapes,
    codes: Vec<i32>,
    texts: Vec<u8>,
    ends: Vec<i32>,
    last: Option<(&'b [u8], i32)>,
    plain: HashMap<&'b [u8], i32, RandomState>,
    escaped: HashMap<&'b [u8], i32, RandomState>,
    made: HashMap<Vec<u8>, i32, RandomState>,
    scratch: Vec<u8>,
}

/// A finished column: row i has the text `texts[offsets[codes[i]]..offsets[codes[i] + 1]]`, in UTF-8.
pub struct Interned {
    /// A number of a text for each row, -1 for none.
    pub codes: Vec<i32>,
    /// One more than there are texts.
    pub offsets: Vec<i32>,
    /// All texts, one behind the other.
    pub texts: Vec<u8>,
    /// Rows without a text.
    pub missing: usize,
}

impl<'b> Column<'b> {
    /// An empty column of values with these escapes.
    pub fn new(escapes: Escapes) -> Self {
        Column {
            escapes,
            codes: Vec::new(),
            texts: Vec::new(),
            ends: vec![0],
            last: None,
            plain: HashMap::default(),
            escaped: HashMap::default(),
            made: HashMap::default(),
            scratch: Vec::new(),
        }
    }

    /// Append a row.
    #[inline]
    pub fn push(&mut self, value: Value<'b>) {
        let code = match value {
            Value::Missing => -1,
            Value::Written(raw) => self.code_of_written(raw),
            Value::Made(text) => self.code_of_made(&text),
        };
        self.codes.push(code);
    }

    #[inline]
    fn code_of_written(&mut self, raw: &'b [u8]) -> i32 {
        match self.last {
            Some((before, code)) if before == raw => code,
            _ => {
                let code = self.plain.get(raw).copied().unwrap_or_else(|| self.code_of_other(raw));
                self.last = Some((raw, code));
                code
            }
        }
    }

    /// The number of a text that is new, or not written as it reads.
    #[cold]
    fn code_of_other(&mut self, raw: &'b [u8]) -> i32 {
        if !self.escapes.changes(raw) && std::str::from_utf8(raw).is_ok() {
            let code = self.made.get(raw).copied().unwrap_or_else(|| self.add(raw));
            self.plain.insert(raw, code);
            return code;
        }
        if let Some(&code) = self.escaped.get(raw) {
            return code;
        }
        let mut own = std::mem::take(&mut self.scratch);
        own.clear();
        self.escapes.undo(raw, &mut own);
        let code = self.code_of_made(&own);
        self.scratch = own;
        self.escaped.insert(raw, code);
        code
    }

    fn code_of_made(&mut self, bytes: &[u8]) -> i32 {
        let text = String::from_utf8_lossy(bytes);
        let text = text.as_bytes();
        if let Some(&code) = self.plain.get(text).or_else(|| self.made.get(text)) {
            return code;
        }
        let code = self.add(text);
        self.made.insert(text.to_vec(), code);
        code
    }

    fn add(&mut self, text: &[u8]) -> i32 {
        self.texts.extend_from_slice(text);
        self.ends.push(i32::try_from(self.texts.len()).expect("a block's texts have less than 2 GiB"));
        self.ends.len() as i32 - 2
    }

    /// The finished column.
    pub fn finish(self) -> Interned {
        let missing = self.codes.iter().filter(|&&code| code < 0).count();
        Interned { codes: self.codes, offsets: self.ends, texts: self.texts, missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_number_however_they_are_written() {
        let mut column = Column::new(Escapes::Backslash);
        let rows: [&[u8]; 9] = [b"a", br"\x61", br"\x62", b"b", br"a\\b", br"a\b", br"a\x08", b"\xff", b"\xef\xbf\xbd"];
        rows.iter().for_each(|raw| column.push(Value::Written(raw)));
        column.push(Value::Missing);
        column.push(Value::Made(b"b".to_vec()));
        column.push(Value::Made(b"\\".to_vec()));
        column.push(Value::Made(b"\\".to_vec()));
        let made = column.finish();
        assert_eq!(made.codes, [0, 0, 1, 1, 2, 3, 3, 4, 4, -1, 1, 5, 5]);
        assert_eq!(made.missing, 1);
        let texts: Vec<_> = made.offsets.windows(2).map(|at| &made.texts[at[0] as usize..at[1] as usize]).collect();
        assert_eq!(texts, ["a".as_bytes(), b"b", br"a\b", b"a\x08", "\u{fffd}".as_bytes(), br"\"]);
    }
}
