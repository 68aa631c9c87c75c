//! The classes `Grouping`, `Units` and `Absorbed`: rows by cells, and what is counted of these.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use weblog_kernel_core::counting::{absorbed, grouping, measure, Words};

use crate::guard;
use crate::numbers::words;

#[pyclass(frozen, module = "transforms._kernel")]
pub struct Grouping(grouping::Grouping);

type Counts<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);
type Visitors<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);
type Divided<'py> = (Grouping, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl Grouping {
    #[new]
    fn new(py: Python<'_>, rows: usize) -> PyResult<Grouping> {
        guard::run(py, || Grouping(grouping::Grouping::whole(rows)))
    }

    fn __len__(&self) -> usize {
        self.0.cells()
    }

    fn of_row<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        words(py, self.0.of_row(), i32::to_le_bytes)
    }

    #[pyo3(signature = (codes, width, admitted=None))]
    fn divided<'py>(&self, py: Python<'py>, codes: &[u8], width: usize, admitted: Option<&[u8]>) -> PyResult<Divided<'py>> {
        let cells = guard::run(py, || self.0.divided(Words::new(codes), width, admitted))?;
        let above = words(py, &cells.above, i32::to_le_bytes)?;
        Ok((Grouping(cells.grouping), above, words(py, &cells.codes, i32::to_le_bytes)?))
    }

    fn placed(&self, py: Python<'_>, codes: &[u8], width: usize, above: &[u8], own: &[u8]) -> PyResult<Grouping> {
        guard::run(py, || Grouping(self.0.placed(Words::new(codes), width, Words::new(above), Words::new(own))))
    }

    fn outside(&self, py: Python<'_>, other: &Grouping, chosen: &[u8]) -> PyResult<Grouping> {
        guard::run(py, || Grouping(self.0.outside(&other.0, chosen)))
    }
}

#[pyclass(frozen, module = "transforms._kernel")]
pub struct Units(measure::Units);

#[pymethods]
impl Units {
    #[new]
    fn new(py: Python<'_>, networks: &[u8], addresses: &[u8], visitors: &[u8]) -> PyResult<Units> {
        let columns = [networks, addresses, visitors];
        guard::run(py, || {
            let [networks, addresses, visitors] = columns.map(Words::new);
            Units(measure::Units::new(networks, addresses, visitors))
        })
    }

    fn counts<'py>(&self, py: Python<'py>, grouping: &Grouping, caps: &[u8]) -> PyResult<Counts<'py>> {
        let counts = guard::run(py, || self.0.counts(&grouping.0, Words::new(caps)))?;
        Ok((
            words(py, &counts.hits, i32::to_le_bytes)?,
            words(py, &counts.visitors, i32::to_le_bytes)?,
            words(py, &counts.capped_addresses, i32::to_le_bytes)?,
            words(py, &counts.largest_address, i32::to_le_bytes)?,
        ))
    }
}

#[pyclass(frozen, module = "transforms._kernel")]
pub struct Absorbed(absorbed::Absorbed);

#[pymethods]
impl Absorbed {
    #[new]
    fn new(py: Python<'_>, failing: &Grouping, own: &[u8], before: Option<&Absorbed>, passed: &[u8]) -> PyResult<Absorbed> {
        let before = before.map(|before| &before.0);
        guard::run(py, || Absorbed(absorbed::Absorbed::new(&failing.0, Words::new(own), before, Words::new(passed))))
    }

    fn visitors<'py>(&self, py: Python<'py>, units: &Units, own: &Grouping) -> PyResult<Visitors<'py>> {
        let (cells, parts, counts): (Vec<_>, Vec<_>, Vec<_>) = guard::run(py, || {
            let counted = self.0.visitors(&units.0, &own.0);
            counted.iter().map(|each| (each.cell, each.parts, each.count)).collect()
        })?;
        Ok((words(py, &cells, i32::to_le_bytes)?, words(py, &parts, u32::to_le_bytes)?, words(py, &counts, i32::to_le_bytes)?))
    }
}
