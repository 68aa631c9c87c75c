//! Runs the kernel's work without the interpreter's lock, and keeps what a panic says to itself.

use std::cell::Cell;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe, Location};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

pyo3::create_exception!(_kernel, KernelError, PyRuntimeError, "A defect of the kernel, by its place in the source: file:line.");

thread_local! {
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Replace the hook that would print a panic's message, which may quote the log: only its place is kept.
pub fn silence_panics() {
    set_hook(Box::new(|info| {
        let place = |at: &Location| format!(" {}:{}", at.file().rsplit(['/', '\\']).next().unwrap_or_default(), at.line());
        PLACE.set(info.location().map(place));
    }));
}

/// The result of `work`, or `KernelError` if it panics. Other threads of Python run meanwhile.
pub fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work)).map_err(|_| PLACE.take().unwrap_or_default()))
        .map_err(|place| KernelError::new_err(format!("kernel_panic{place}")))
}
