//! Functions that order rows, and leave out values that no row has.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use weblog_kernel_core::counting::order::{Partition, Prepared, Visitors};
use weblog_kernel_core::counting::{used, Words};

use crate::guard;
use crate::numbers::words;

type Column<'py> = Bound<'py, PyBytes>;
type Ordered<'py> = (Column<'py>, Column<'py>, Column<'py>, [Column<'py>; 3], Vec<(i32, usize)>);

#[pyfunction]
pub fn partition<'py>(py: Python<'py>, networks: &[u8], owners: &[u8], shards: u64) -> PyResult<[Column<'py>; 4]> {
    let parts = guard::run(py, || Partition::new(networks, Words::new(owners), shards))?;
    columns(py, [&parts.visitors, &parts.lengths, &parts.hits, &parts.sizes])
}

#[pyfunction]
pub fn prepared<'py>(
    py: Python<'py>,
    dates: &[u8],
    networks: &[u8],
    addresses: &[u8],
    visitors: &[u8],
    lengths: &[u8],
    seconds: &[u8],
) -> PyResult<Ordered<'py>> {
    let made = guard::run(py, || {
        let (dates, lengths) = (Words::new(dates), Words::new(lengths));
        Prepared::new(Visitors { dates, networks, addresses, visitors, lengths }, Words::new(seconds))
    })?;
    let [order, owners, hits] = columns(py, [&made.visitors, &made.owners, &made.hits])?;
    let [networks, addresses, visitors] = &made.numbers;
    Ok((order, owners, hits, columns(py, [networks, addresses, visitors])?, made.starts))
}

#[pyfunction]
pub fn used_codes<'py>(py: Python<'py>, codes: &[u8], width: usize) -> PyResult<Option<[Column<'py>; 2]>> {
    let used = guard::run(py, || used::used(Words::new(codes), width))?;
    used.map(|(codes, used)| columns(py, [&codes, &used])).transpose()
}

fn columns<'py, const N: usize>(py: Python<'py>, numbers: [&[i32]; N]) -> PyResult<[Column<'py>; N]> {
    let mut made = Vec::with_capacity(N);
    for column in numbers {
        made.push(words(py, column, i32::to_le_bytes)?);
    }
    Ok(made.try_into().expect("as many columns as before"))
}
