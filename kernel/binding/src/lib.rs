//! The Python module `transforms._kernel`: converts arguments and results, and nothing else.
#![forbid(unsafe_code)]
// A function of the module documents itself in `transforms/_kernel.pyi`, which type checkers and readers of Python see.
#![allow(missing_docs)]

mod guard;
mod lines;

use pyo3::prelude::*;

#[pymodule]
mod _kernel {
    use super::*;

    #[pymodule_export]
    use super::guard::KernelError;
    #[pymodule_export]
    use super::lines::{Around, Reader};

    #[pymodule_export]
    use super::panics;

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        guard::silence_panics();
        Ok(())
    }
}

/// Fail as a defect of the kernel would, with a message that quotes `text`: for the test that nobody sees it.
#[pyfunction]
fn panics(py: Python<'_>, text: &[u8]) -> PyResult<()> {
    guard::run(py, || panic!("{}", String::from_utf8_lossy(text)))
}
