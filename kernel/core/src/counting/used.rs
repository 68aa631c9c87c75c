//! Columns of codes without the values that no row has.

use super::Words;

/// The codes of those values alone that a row has, and these values, in the order of their first rows; none if all are there.
///
/// # Panics
/// If a code is not below `width`.
pub fn used(codes: Words, width: usize) -> Option<(Vec<i32>, Vec<i32>)> {
    let mut table = vec![-1; width];
    let mut used = Vec::new();
    let number = |code: i32| {
        let place = &mut table[code as usize];
        if *place < 0 {
            *place = used.len() as i32;
            used.push(code);
        }
        *place
    };
    let compact = codes.iter().map(number).collect();
    (used.len() < width).then_some((compact, used))
}
