//! The class `Reader`: a log format, and what the lines of a block are in it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use weblog_kernel_core::delimited::{Delimited, Field, Quotes, Shape};
use weblog_kernel_core::envelope::Envelope;
use weblog_kernel_core::escapes::Escapes;
use weblog_kernel_core::expression::{Check, Expression, Messages, Unsupported};
use weblog_kernel_core::intern::Interned;
use weblog_kernel_core::json::Json;
use weblog_kernel_core::read::{read_block, Table};
use weblog_kernel_core::w3c::W3c;

use crate::guard;

enum Format {
    Delimited(Delimited),
    Expression(Expression),
    Json(Json),
    W3c(W3c),
}

#[pyclass(frozen, module = "transforms._kernel")]
pub struct Reader(Format);

/// What stands around each line.
#[pyclass(frozen, module = "transforms._kernel", name = "Envelope")]
pub struct Around(Envelope);

#[pymethods]
impl Around {
    #[staticmethod]
    fn prefix(pattern: &str) -> PyResult<Around> {
        Envelope::prefix(pattern).map(Around).map_err(unsupported)
    }

    #[staticmethod]
    fn docker() -> Around {
        Around(Envelope::Docker)
    }

    fn bare<'py>(&self, py: Python<'py>, line: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &guard::run(py, || self.0.bare(line))?))
    }
}

type FieldSpec = (String, Option<usize>, Option<String>);
type Column<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, usize);
type Lines<'py> = (usize, Bound<'py, PyBytes>, Vec<Column<'py>>, Vec<(i64, &'static str)>);

#[pymethods]
impl Reader {
    #[staticmethod]
    #[pyo3(signature = (fields, columns, separator, quotes, *, or_loose, more, backslash, messages))]
    #[allow(clippy::too_many_arguments)]
    fn delimited(
        fields: Vec<FieldSpec>,
        columns: usize,
        separator: &str,
        quotes: &str,
        or_loose: bool,
        more: bool,
        backslash: bool,
        messages: Vec<String>,
    ) -> PyResult<Reader> {
        let format = Delimited {
            separator: one_byte(separator)?,
            fields: fields.into_iter().map(field).collect::<PyResult<_>>()?,
            quotes: match quotes {
                "escaped" => Quotes::Escaped,
                "doubled" => Quotes::Doubled,
                "absent" => Quotes::Absent,
                _ => return Err(PyValueError::new_err("quotes are escaped, doubled or absent")),
            },
            or_loose,
            more,
            columns: vec![escapes(backslash); columns],
            messages: Messages::new(&messages).map_err(unsupported)?,
        };
        Ok(Reader(Format::Delimited(format)))
    }

    #[staticmethod]
    #[pyo3(signature = (pattern, columns, *, loose, more, backslash, messages))]
    fn expression(
        pattern: &str,
        columns: Vec<String>,
        loose: Option<Vec<FieldSpec>>,
        more: bool,
        backslash: bool,
        messages: Vec<String>,
    ) -> PyResult<Reader> {
        let of_fields = |fields: Vec<FieldSpec>| -> PyResult<Delimited> {
            Ok(Delimited {
                separator: b' ',
                fields: fields.into_iter().map(field).collect::<PyResult<_>>()?,
                quotes: Quotes::Loose,
                or_loose: true,
                more,
                columns: vec![],
                messages: Messages::new(&[]).map_err(unsupported)?,
            })
        };
        let loose = loose.map(of_fields).transpose()?;
        let messages = Messages::new(&messages).map_err(unsupported)?;
        let format = Expression::new(pattern, &columns, escapes(backslash), loose, messages).map_err(unsupported)?;
        Ok(Reader(Format::Expression(format)))
    }

    #[staticmethod]
    fn w3c(fields: Vec<(Option<usize>, Option<String>)>, separator: &str, messages: Vec<String>) -> PyResult<Reader> {
        let fields = fields.into_iter().map(|(column, pattern)| Ok((column, check(pattern)?))).collect::<PyResult<_>>()?;
        Ok(Reader(Format::W3c(W3c::new(one_byte(separator)?, fields, Messages::new(&messages).map_err(unsupported)?))))
    }

    #[staticmethod]
    fn json(
        paths: Vec<Vec<Vec<String>>>,
        time: usize,
        host: usize,
        of_requests: Vec<usize>,
        messages: Vec<String>,
    ) -> PyResult<Reader> {
        if time.max(host) >= paths.len() || of_requests.iter().any(|&column| column >= paths.len()) {
            return Err(PyValueError::new_err("a column has no paths"));
        }
        let messages = Messages::new(&messages).map_err(unsupported)?;
        Ok(Reader(Format::Json(Json::new(&paths, time, host, of_requests, messages))))
    }

    #[pyo3(signature = (block, first_of_file, envelope=None))]
    fn read<'py>(&self, py: Python<'py>, block: &[u8], first_of_file: bool, envelope: Option<&Around>) -> PyResult<Lines<'py>> {
        let envelope = envelope.map(|around| &around.0);
        let table = guard::run(py, || match &self.0 {
            Format::Delimited(format) => read_block(block, first_of_file, format, envelope),
            Format::Expression(format) => read_block(block, first_of_file, format, envelope),
            Format::Json(format) => read_block(block, first_of_file, format, envelope),
            Format::W3c(format) => read_block(block, first_of_file, format, envelope),
        })?;
        lines(py, &table)
    }
}

fn lines<'py>(py: Python<'py>, table: &Table) -> PyResult<Lines<'py>> {
    let starts = words(py, &table.starts, i64::to_le_bytes)?;
    let columns = table.columns.iter().map(|column| as_bytes(py, column)).collect::<PyResult<_>>()?;
    let others = table.others.iter().map(|&(start, reason)| (start, reason.code())).collect();
    Ok((table.lines, starts, columns, others))
}

fn as_bytes<'py>(py: Python<'py>, column: &Interned) -> PyResult<Column<'py>> {
    let codes = words(py, &column.codes, i32::to_le_bytes)?;
    let offsets = words(py, &column.offsets, i32::to_le_bytes)?;
    Ok((codes, offsets, PyBytes::new(py, &column.texts), column.missing))
}

/// Numbers as bytes, lowest first, as Arrow has them in memory.
fn words<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    numbers: &[T],
    bytes: fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, numbers.len() * N, |out| {
        out.chunks_exact_mut(N).zip(numbers).for_each(|(place, &number)| place.copy_from_slice(&bytes(number)));
        Ok(())
    })
}

fn field((shape, column, pattern): FieldSpec) -> PyResult<Field> {
    let shape = match shape.as_str() {
        "token" => Shape::Token(check(pattern)?),
        "bare" => Shape::Bare,
        "free" => Shape::Free,
        "list" if column.is_none() => Shape::Several,
        "list" => Shape::List(check(pattern)?),
        "last" => Shape::Last(check(pattern)?),
        "time" => Shape::Time,
        "quoted" => Shape::Quoted,
        "port" => Shape::Port,
        _ => return Err(PyValueError::new_err("a field of this shape has no reader")),
    };
    Ok(Field { shape, column })
}

fn check(pattern: Option<String>) -> PyResult<Option<Check>> {
    pattern.map(|pattern| Check::new(&pattern).map_err(unsupported)).transpose()
}

fn escapes(backslash: bool) -> Escapes {
    if backslash {
        Escapes::Backslash
    } else {
        Escapes::None
    }
}

fn one_byte(separator: &str) -> PyResult<u8> {
    match separator.as_bytes() {
        &[byte] => Ok(byte),
        _ => Err(PyValueError::new_err("a separator is one byte")),
    }
}

fn unsupported(_: Unsupported) -> PyErr {
    PyValueError::new_err("the kernel cannot compile this expression")
}
