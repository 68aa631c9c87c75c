//! Rows that cells absorb from others, and the visitors whom these have by absorbed rows alone.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::grouping::Grouping;
use super::measure::Units;
use super::Words;

/// Which cell absorbs each row, -1 for none, and of which part the row is, as one bit.
pub struct Absorbed {
    by: Vec<i32>,
    part: Vec<u32>,
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

/// What is known of a cell's last visitor.
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
        let mut absorbed = Absorbed { by: vec![-1; rows], part: vec![0; rows] };
        if let Some(before) = before {
            assert_eq!(before.by.len(), rows, "absorbed rows are others");
        }
        for (row, &cell) in failing.of_row.iter().enumerate() {
            if cell >= 0 {
                absorbed.by[row] = own.at(cell as usize);
                absorbed.part[row] = 1;
            } else if let Some(before) = before.filter(|before| before.by[row] >= 0) {
                absorbed.by[row] = passed.at(before.by[row] as usize);
                absorbed.part[row] = before.part[row] << 1;
            }
        }
        absorbed
    }

    /// Of each absorbing cell the visitors who are in it by absorbed rows alone, by the set of parts of these rows, in order.
    /// `own` are the cells' own rows.
    ///
    /// # Panics
    /// If these are not of the same rows.
    pub fn visitors(&self, units: &Units, own: &Grouping) -> Vec<Visitors> {
        assert!(self.by.len() == units.visitors.len() && self.by.len() == own.of_row.len(), "a grouping has other rows");
        let mut cells = vec![Last { visitor: -1, parts: 0, has_own: false }; own.cells()];
        let mut absorbs = vec![false; own.cells()];
        self.by.iter().filter(|&&by| by >= 0).for_each(|&by| absorbs[by as usize] = true);
        let mut counts: HashMap<(i32, u32), i32, RandomState> = HashMap::default();
        let mut add = |number: i32, last: &Last| {
            if last.parts != 0 && !last.has_own {
                *counts.entry((number, last.parts)).or_default() += 1;
            }
        };
        let mut of = |number: i32, visitor: i32, cells: &mut [Last]| {
            let last = &mut cells[number as usize];
            if last.visitor != visitor {
                add(number, last);
                *last = Last { visitor, parts: 0, has_own: false };
            }
        };
        let rows = self.by.iter().zip(&self.part).zip(&own.of_row).zip(&units.visitors);
        let mut before = None;
        for row @ (((&by, &part), &cell), &visitor) in rows {
            // What follows itself, such as a page's assets, tells nothing new.
            if before == Some(row) {
                continue;
            }
            before = Some(row);
            if by >= 0 {
                of(by, visitor, &mut cells);
                cells[by as usize].parts |= part;
            }
            if cell >= 0 && absorbs[cell as usize] {
                of(cell, visitor, &mut cells);
                cells[cell as usize].has_own = true;
            }
        }
        (0..).zip(&cells).for_each(|(number, last)| add(number, last));
        let mut counts: Vec<_> = counts.into_iter().map(|((cell, parts), count)| Visitors { cell, parts, count }).collect();
        counts.sort_unstable();
        counts
    }
}
