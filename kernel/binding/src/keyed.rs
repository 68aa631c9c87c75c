//! The function `keys`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use weblog_kernel_core::keyed::Keyed;

use crate::guard;

#[pyfunction]
pub fn keys<'py>(py: Python<'py>, secret: &[u8], person: &[u8], messages: Vec<PyBackedBytes>) -> PyResult<Bound<'py, PyBytes>> {
    let keyed = Keyed::new(secret, person).ok_or_else(|| PyValueError::new_err("the secret or the kind is too long"))?;
    let keys = guard::run(py, || messages.iter().flat_map(|message| keyed.key(message)).collect::<Vec<u8>>())?;
    Ok(PyBytes::new(py, &keys))
}
