//! Where fields end.

use super::*;

/// Lines and what their columns hold.
type Lines = &'static [(&'static str, &'static str)];

fn format(shapes: Vec<Shape>, quotes: Quotes, more: bool) -> Delimited {
    let fields: Vec<_> = shapes.into_iter().enumerate().map(|(column, shape)| Field { shape, column: Some(column) }).collect();
    let columns = vec![Escapes::None; fields.len()];
    let messages = Messages::new(&[]).unwrap();
    Delimited { separator: b' ', fields, quotes, or_loose: true, more, columns, messages }
}

/// The columns of a line, joined with bars.
fn read(format: &Delimited, line: &str) -> Option<String> {
    let mut values = vec![Value::Missing; format.fields.len()];
    format.read(line.as_bytes(), &mut values, &mut ()).then(|| {
        let text = |value: &Value| match value {
            Value::Written(raw) => String::from_utf8(raw.to_vec()).unwrap(),
            _ => "(none)".to_string(),
        };
        values.iter().map(text).collect::<Vec<_>>().join("|")
    })
}

#[test]
fn a_field_ends_where_an_expression_would_end_it() {
    let digits = || Some(Check::new(r"\d+|-").unwrap());
    let cases: [(Vec<Shape>, Lines); 5] = [
        (
            vec![Shape::Last(None), Shape::Free, Shape::Token(digits())],
            &[
                ("a - 1", "a|-|1"),
                ("a, b - 1 \r", "b|-|1"),
                ("a  1", "a||1"),
                ("a jane van doe 1", "a|jane van doe|1"),
                ("a - jane 1", "no"),
                ("a jane 8.8.8.8 1", "no"),
                ("a jane ::1, 1", "no"),
                ("a 8.8.8.8 1", "a|8.8.8.8|1"),
                ("a - x", "no"),
            ],
        ),
        (
            vec![Shape::List(digits()), Shape::Token(None)],
            &[("1 x", "1|x"), ("a, b, 2 x", "a, b, 2|x"), ("a, 1 2,", "a, 1|2,"), ("a,, 1 x", "no")],
        ),
        (
            vec![Shape::Port, Shape::Bare],
            &[
                ("192.0.2.7:443 x", "192.0.2.7|x"),
                ("[2001:db8::1]:443 x", "2001:db8::1|x"),
                ("- x", "(none)|x"),
                ("[]:80 x", "]|x"),
                ("[:80 x", "[|x"),
                (":80 x", "no"),
                ("a:123456 x", "no"),
                ("a:1 x\"", "no"),
            ],
        ),
        (
            vec![Shape::Quoted, Shape::Token(digits()), Shape::Quoted],
            &[
                (r#""a \" b" 1 "c""#, r#"a \" b|1|c"#),
                (r#""a " b" 1 "c""#, r#"a " b|1|c"#),
                (r#""a" 1 "b" 2 "c""#, "no"),
                (r#""a" x "b""#, "no"),
                (r#""a" - """#, "a|-|"),
            ],
        ),
        (
            vec![Shape::Several, Shape::Bare],
            &[("a x", "(none)|x"), ("a, b : c x", "(none)|x"), ("a : b", "no"), ("a, x", "no")],
        ),
    ];
    for (shapes, lines) in cases {
        let format = format(shapes, Quotes::Escaped, false);
        for (line, columns) in lines {
            assert_eq!(read(&format, line).as_deref().unwrap_or("no"), *columns, "{line}");
        }
    }
}

#[test]
fn further_fields_have_closed_quotes() {
    let format = format(vec![Shape::Bare], Quotes::Escaped, true);
    for (line, fits) in
        [("a", true), ("a\r", true), ("a b", true), (r#"a "b c\"" d"#, true), (r#"a "b"#, false), ("a\"", false)]
    {
        assert_eq!(read(&format, line).is_some(), fits, "{line}");
    }
}
