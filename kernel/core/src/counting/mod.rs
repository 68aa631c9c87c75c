//! Counts rows by columns of codes: it knows of no column what its codes stand for.
//!
//! Numbers arrive as bytes of 32 bits, lowest first, as Arrow has them in memory; so they need no copy.

pub mod absorbed;
pub mod grouping;
pub mod measure;
pub mod order;
pub mod used;

#[cfg(test)]
mod tests;

const WIDTH: usize = size_of::<i32>();

/// A column of numbers, as its bytes.
#[derive(Clone, Copy)]
pub struct Words<'b>(&'b [u8]);

impl<'b> Words<'b> {
    /// The numbers in these bytes.
    ///
    /// # Panics
    /// If they are no whole numbers of 32 bits.
    pub fn new(bytes: &'b [u8]) -> Self {
        assert!(bytes.len() % WIDTH == 0, "a column of 32 bits has other bytes");
        Words(bytes)
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.len() / WIDTH
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    #[inline]
    pub fn at(self, row: usize) -> i32 {
        word(&self.0[row * WIDTH..(row + 1) * WIDTH])
    }

    /// All of them.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = i32> + Clone + 'b {
        self.0.chunks_exact(WIDTH).map(word)
    }
}

#[inline]
fn word(bytes: &[u8]) -> i32 {
    i32::from_le_bytes(bytes.try_into().expect("the bytes of one number"))
}
