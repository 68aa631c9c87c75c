//! Columns of numbers as Python gets them.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Numbers as bytes, lowest first, as Arrow has them in memory.
pub fn words<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    numbers: &[T],
    bytes: fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, numbers.len() * N, |out| {
        out.chunks_exact_mut(N).zip(numbers).for_each(|(place, &number)| place.copy_from_slice(&bytes(number)));
        Ok(())
    })
}
