//! Rows that cells absorb from others, and the visitors whom these have by absorbed rows alone.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::grouping::Grouping;
use super::measure::Units;
use super::Words;

/// Absorbed rows in their order.
pub struct Absorbed {
    rows: usize,
    absorbed: Vec<Row>,
}

#[derive(Clone, Copy)]
struct Row {
    number: u32,
    /// The cell that absorbs it.
    by: i32,
    /// The part that it is of, as one bit.
    part: u32,
}

/// How many visitors a cell has by absorbed rows of exactly these parts, and by no row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visitors {
    /// The absorbing cell.
    pub cell: i32,
    /// The set of parts, one bit each.
    pub parts: u32,
    /// How many visitors.
    pub count: i32,
}

/// What is known of a cell's last visitor, which has absorbed rows in it.
#[derive(Clone)]
struct Last {
    visitor: i32,
    parts: u32,
    has_own: bool,
}

impl Absorbed {
    /// Rows of `failing` are absorbed by the cell `own[i]`, where i is their cell. Those that a cell j has absorbed `before` go
    /// on to `passed[j]`, and the bit of their part moves up by one.
    ///
    /// # Panics
    /// If these are not of the same rows.
    pub fn new(failing: &Grouping, own: Words, before: Option<&Absorbed>, passed: Words) -> Self {
        let rows = failing.of_row.len();
        let mut before = match before {
            Some(before) => {
                assert_eq!(before.rows, rows, "absorbed rows are others");
                before.absorbed.iter().peekable()
            }
            None => [].iter().peekable(),
        };
        let on = |row: &Row| Row { by: passed.at(row.by as usize), part: row.part << 1, ..*row };
        let mut absorbed = Vec::new();
        for (number, &cell) in (0..).zip(&failing.of_row).filter(|(_, &cell)| cell >= 0) {
            while let Some(row) = before.next_if(|row| row.number < number) {
                absorbed.push(on(row));
            }
            absorbed.push(Row { number, by: own.at(cell as usize), part: 1 });
        }
        absorbed.extend(before.map(on));
        absorbed.retain(|row| row.by >= 0);
        absorbed.shrink_to_fit();
        Absorbed { rows, absorbed }
    }

    /// Of each absorbing cell the visitors who are in it by absorbed rows alone, by the set of parts of these rows, in order.
    /// `own` are the cells' own rows.
    ///
    /// # Panics
    /// If these are not of the same rows.
    pub fn visitors(&self, units: &Units, own: &Grouping) -> Vec<Visitors> {
        assert!(self.rows == units.visitors.len() && self.rows == own.of_row.len(), "a grouping has other rows");
        let mut cells = vec![Last { visitor: -1, parts: 0, has_own: false }; own.cells()];
        let mut counts: HashMap<(i32, u32), i32, RandomState> = HashMap::default();
        let mut touched = Vec::new();
        for rows in
            self.absorbed.chunk_by(|one, next| units.visitors[one.number as usize] == units.visitors[next.number as usize])
        {
            let first = rows[0].number as usize;
            let visitor = units.visitors[first];
            for row in rows {
                let last = &mut cells[row.by as usize];
                if last.visitor != visitor {
                    *last = Last { visitor, parts: 0, has_own: false };
                    touched.push(row.by);
                }
                last.parts |= row.part;
            }
            let begin = units.visitors[..first].iter().rposition(|&other| other != visitor).map_or(0, |row| row + 1);
            let theirs = units.visitors[begin..].iter().zip(&own.of_row[begin..]).take_while(|(&other, _)| other == visitor);
            for (_, &cell) in theirs.filter(|(_, &cell)| cell >= 0) {
                cells[cell as usize].has_own = true;
            }
            for cell in touched.drain(..).filter(|&cell| !cells[cell as usize].has_own) {
                *counts.entry((cell, cells[cell as usize].parts)).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().map(|((cell, parts), count)| Visitors { cell, parts, count }).collect();
        counts.sort_unstable();
        counts
    }
}
