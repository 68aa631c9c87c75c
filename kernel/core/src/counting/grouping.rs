//! Divides rows into cells, by one column of codes after the other.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Words;

/// Which cell each row is in, -1 for none. Cells are numbered from 0, without gaps.
pub struct Grouping {
    pub(super) of_row: Vec<i32>,
    pub(super) cells: usize,
}

/// The cells into which a column of codes divides those of a grouping, ordered by the cell above and the code.
pub struct Divided {
    /// The new cells.
    pub grouping: Grouping,
    /// Of each new cell the one that it is a part of.
    pub above: Vec<i32>,
    /// Of each new cell the code of its rows.
    pub codes: Vec<i32>,
}

/// Up to this many possible cells, and one for each row, a table of all of them is the fastest way.
const FEW: usize = 1 << 16;
const NONE: i32 = -1;

impl Grouping {
    /// All rows in one cell.
    pub fn whole(rows: usize) -> Self {
        Grouping { of_row: vec![0; rows], cells: 1 }
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The cell of each row.
    pub fn of_row(&self) -> &[i32] {
        &self.of_row
    }

    /// The rows by known cells alone: cell i has the rows of cell `above[i]` whose code is `own[i]`, where neither is negative.
    ///
    /// # Panics
    /// If there is not one code for each row.
    pub fn placed(&self, codes: Words, width: usize, above: Words, own: Words) -> Self {
        self.check(codes, width);
        let known = above.iter().zip(own.iter()).zip(0..).filter(|((above, own), _)| *above >= 0 && *own >= 0);
        let known = known.map(|((above, own), cell)| (above as usize * width + own as usize, cell));
        let (possible, cells) = (self.cells * width, above.len());
        if possible <= self.of_row.len() + FEW {
            let mut table = vec![NONE; possible];
            known.for_each(|(key, cell)| table[key] = cell);
            return Grouping { of_row: self.found(codes, width, |key| table[key]), cells };
        }
        let table: HashMap<usize, i32, RandomState> = known.collect();
        Grouping { of_row: self.found(codes, width, |key| table.get(&key).copied().unwrap_or(NONE)), cells }
    }

    #[inline]
    fn found(&self, codes: Words, width: usize, place: impl Fn(usize) -> i32) -> Vec<i32> {
        let rows = self.of_row.iter().zip(codes.iter());
        rows.map(|(&cell, code)| if cell < 0 { NONE } else { place(cell as usize * width + code as usize) }).collect()
    }

    /// The rows of chosen cells (one byte each, 0 or 1) that are in no cell of another grouping.
    ///
    /// # Panics
    /// If that is a grouping of other rows.
    pub fn outside(&self, other: &Grouping, chosen: &[u8]) -> Self {
        assert_eq!(self.of_row.len(), other.of_row.len(), "a grouping has other rows");
        let rows = self.of_row.iter().zip(&other.of_row);
        let of_row = rows.map(|(&cell, &other)| if cell < 0 || other >= 0 || chosen[cell as usize] == 0 { NONE } else { cell });
        Grouping { of_row: of_row.collect(), cells: self.cells }
    }

    fn check(&self, codes: Words, width: usize) {
        assert_eq!(codes.len(), self.of_row.len(), "a column has other rows");
        assert!(codes.iter().all(|code| (code as u32 as usize) < width), "a code is outside its column's values");
    }

    /// The cells divided by codes from 0 to `width` - 1. Cells that are not `admitted` (one byte each, 0 or 1) are left out.
    ///
    /// # Panics
    /// If there is not one code for each row, or one is not below `width`.
    pub fn divided(&self, codes: Words, width: usize, admitted: Option<&[u8]>) -> Divided {
        self.check(codes, width);
        let possible = self.cells * width;
        if possible <= self.of_row.len() + FEW {
            let mut table = vec![NONE; possible];
            let (mut of_row, cells) = self.numbered(codes, width, admitted, |key, next| {
                let place = &mut table[key];
                if *place == NONE {
                    *place = next;
                }
                *place
            });
            // The table is in the order of the cells above and the codes.
            let mut rank = vec![NONE; cells];
            let (mut above, mut own) = (Vec::with_capacity(cells), Vec::with_capacity(cells));
            for (row, places) in table.chunks_exact(width.max(1)).enumerate() {
                for (code, &first) in places.iter().enumerate().filter(|(_, &first)| first != NONE) {
                    rank[first as usize] = own.len() as i32;
                    above.push(row as i32);
                    own.push(code as i32);
                }
            }
            rename(&mut of_row, &rank);
            return Divided { grouping: Grouping { of_row, cells }, above, codes: own };
        }
        // Clients choose which codes meet, so the hash has a random seed.
        let mut known: HashMap<usize, i32, RandomState> = HashMap::default();
        let mut keys = Vec::new();
        let (mut of_row, cells) = self.numbered(codes, width, admitted, |key, next| {
            *known.entry(key).or_insert_with(|| {
                keys.push((key, next));
                next
            })
        });
        drop(known);
        keys.sort_unstable();
        let mut rank = vec![NONE; cells];
        keys.iter().zip(0..).for_each(|(&(_, first), place)| rank[first as usize] = place);
        rename(&mut of_row, &rank);
        let above = keys.iter().map(|&(key, _)| (key / width) as i32).collect();
        let own = keys.iter().map(|&(key, _)| (key % width) as i32).collect();
        Divided { grouping: Grouping { of_row, cells }, above, codes: own }
    }

    /// The rows by cells that are numbered as they come, and how many these are. `number` finds the number of a cell, and takes
    /// the next one for a cell that is new.
    #[inline]
    fn numbered(
        &self,
        codes: Words,
        width: usize,
        admitted: Option<&[u8]>,
        mut number: impl FnMut(usize, i32) -> i32,
    ) -> (Vec<i32>, usize) {
        let mut cells = 0;
        let of_row = self.of_row.iter().zip(codes.iter()).map(|(&cell, code)| {
            if cell < 0 || admitted.is_some_and(|admitted| admitted[cell as usize] == 0) {
                return NONE;
            }
            let own = number(cell as usize * width + code as usize, cells);
            cells += i32::from(own == cells);
            own
        });
        (of_row.collect(), cells as usize)
    }
}

fn rename(of_row: &mut [i32], rank: &[i32]) {
    for cell in of_row.iter_mut().filter(|cell| **cell >= 0) {
        *cell = rank[*cell as usize];
    }
}
