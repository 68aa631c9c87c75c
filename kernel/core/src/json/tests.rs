//! The scanner against serde_json, on objects made by chance, whole and spoiled.

use serde_json::{Map, Value as Tree};

use super::*;

/// Numbers by chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

const KEYS: [&str; 8] = ["host", "time", "status", "request", "uri", "headers", "msg", r"ti\u006de"];
const STRINGS: [&str; 10] =
    ["", "a", "[17/May/2015:10:05:03 +0000]", "1772532000.5", r#"\"\\\/\n\u00e9"#, r"\ud83d\ude00", "é", "b c", "{}", "x,y"];
const NUMBERS: [&str; 14] = [
    "0",
    "-0",
    "7",
    "-12",
    "200",
    "0.5",
    "-0.5",
    "1772532000.25",
    "1772532000.9999999",
    "1e2",
    "1E+3",
    "12345678901.5",
    "1e17",
    "1e300",
];

fn value(chance: &mut Chance, depth: usize) -> String {
    match chance.below(if depth > 3 { 4 } else { 7 }) {
        0 | 1 => format!("\"{}\"", chance.one_of(&STRINGS)),
        2 => chance.one_of(&NUMBERS).to_string(),
        3 => chance.one_of(&["null", "true", "false"]).to_string(),
        4 => {
            let items: Vec<_> = (0..chance.below(4)).map(|_| value(chance, depth + 1)).collect();
            format!("[{}]", items.join(chance.one_of(&[",", " , "])))
        }
        _ => object(chance, depth + 1),
    }
}

fn object(chance: &mut Chance, depth: usize) -> String {
    let space = chance.one_of(&["", " ", "\t"]);
    let pairs: Vec<_> = (0..chance.below(7))
        .map(|number| {
            // Nothing is a line without these two.
            let key = if depth == 0 && number < 2 { KEYS[number] } else { chance.one_of(&KEYS) };
            format!("{space}\"{key}\"{space}:{space}{}{space}", value(chance, depth))
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn paths() -> Vec<Vec<Vec<String>>> {
    let path = |words: &str| words.split('>').map(String::from).collect();
    ["request>host host", "time request>time", "status headers>status", "request request>uri uri"]
        .iter()
        .map(|paths| paths.split(' ').map(path).collect())
        .collect()
}

fn text_of(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Bool(true) => Some("True".into()),
        Tree::Bool(false) => Some("False".into()),
        Tree::Number(number) if number.is_f64() => {
            let number = number.as_f64()?;
            // The only whole number without a sign of its own.
            (number.abs() < 1e18).then(|| (number.floor() as i64).to_string())
        }
        Tree::Number(number) => Some(number.to_string()),
        Tree::String(text) => Some(text.clone()),
        Tree::Array(items) if !items.is_empty() => {
            items.iter().map(text_of).collect::<Option<Vec<_>>>().map(|texts| texts.join(", "))
        }
        _ => None,
    }
}

fn expected(tree: &Map<String, Tree>, paths: &[Vec<String>]) -> Option<String> {
    let at = |path: &Vec<String>| {
        let (first, rest) = path.split_first()?;
        let tree = rest.iter().try_fold(tree.get(first)?, |tree, key| tree.as_object()?.get(key))?;
        (!tree.is_null()).then_some(tree)
    };
    text_of(paths.iter().find_map(at)?)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Missing => None,
        Value::Written(raw) => Some(String::from_utf8(undone(raw)).unwrap()),
        Value::Made(text) => Some(String::from_utf8(text).unwrap()),
    }
}

fn read(format: &Json, line: &[u8]) -> Option<Vec<Option<String>>> {
    let mut values = vec![Value::Missing; 6];
    format.read(line, &mut values, &mut format.scratch()).then(|| values.into_iter().map(text).collect())
}

#[test]
fn values_are_those_that_serde_json_finds() {
    let format = Json::new(&paths(), 1, 0, vec![0, 2, 3], Messages::new(&[]).unwrap());
    let (mut chance, mut read_lines, mut refused) = (Chance(42), 0, 0);
    for _ in 0..20_000 {
        let mut line = object(&mut chance, 0).into_bytes();
        for _ in 0..chance.below(3) {
            let at = chance.below(line.len());
            match chance.below(3) {
                0 => line[at] = chance.one_of(br#""{}[]:,\0-.eu "#),
                1 => line.insert(at, chance.one_of(br#""{}[]:,\0-.eu "#)),
                _ => drop(line.remove(at)),
            }
            if line.is_empty() {
                line.push(b'{');
            }
        }
        // What Python takes besides, and serde_json does not: half letters, absent numbers, bytes that are no UTF-8.
        if std::str::from_utf8(&line).is_err()
            || repair::with_nulls(&line).is_some()
            || line.windows(3).any(|part| part == br"\ud")
        {
            continue;
        }
        let tree = serde_json::from_slice::<Tree>(&line).ok();
        let tree = tree.as_ref().and_then(Tree::as_object);
        let columns: Option<Vec<_>> = tree.map(|tree| paths().iter().map(|paths| expected(tree, paths)).collect());
        let time_of = |time: &String| split_time(time.as_bytes()).0.to_vec();
        let whole = columns.filter(|columns| {
            let (host, time) = (columns[0].as_ref(), columns[1].as_ref().map(time_of));
            host.is_some_and(|host| !host.is_empty()) && time.is_some_and(|time| !time.is_empty())
        });
        let shown = String::from_utf8_lossy(&line);
        let found = read(&format, &line);
        assert_eq!(found.is_some(), whole.is_some(), "{shown}");
        if let (Some(found), Some(whole)) = (found, whole) {
            assert_eq!((&found[0], &found[2], &found[3]), (&whole[0], &whole[2], &whole[3]), "{shown}");
            assert_eq!(found[1].as_ref().map(|time| time.as_bytes().to_vec()), whole[1].as_ref().map(time_of), "{shown}");
            read_lines += 1;
        } else {
            refused += 1;
        }
    }
    assert!(read_lines > 1_000 && refused > 1_000, "{read_lines} {refused}");
}

#[test]
fn what_only_python_takes_is_taken() {
    let format = Json::new(&paths(), 1, 0, vec![0, 2, 3], Messages::new(&[]).unwrap());
    let line = |rest: &str| format!(r#"{{"host":"a","time":"t"{rest}}}"#).into_bytes();
    for rest in
        ["", ",\"x\":NaN", ",\"x\":[-Infinity,Infinity]", r#","x":"\ud800""#, ",\"x\":", ",\"x\": -", r#","x":"\x41\x22""#]
    {
        assert!(read(&format, &line(rest)).is_some(), "{rest}");
    }
    let digits = "1".repeat(4300);
    assert!(read(&format, &line(&format!(",\"x\":{digits}"))).is_some());
    assert!(read(&format, &line(&format!(",\"x\":{digits}0"))).is_none());
    assert!(read(&format, &line(&format!(",\"x\":{digits}0.5"))).is_some());
    for (depth, fits) in [(127, true), (128, false)] {
        assert_eq!(read(&format, &line(&format!(",\"x\":{}{}", "[".repeat(depth), "]".repeat(depth)))).is_some(), fits);
    }
    assert_eq!(
        read(&format, &line(r#","status":"\x41\x22","uri":"\ud800x""#)).unwrap()[2..4],
        [Some("A\"".into()), Some("\u{fffd}x".into())]
    );
    assert_eq!(read(&format, &line(r#","status":1e300"#)).unwrap()[2], None);
}

#[test]
fn an_object_with_a_message_and_without_a_request_is_one() {
    let format = Json::new(&paths(), 1, 0, vec![0, 2, 3], Messages::new(&["AH".into()]).unwrap());
    for (line, is_message) in [
        (r#"{"msg":null,"time":"t"}"#, true),
        (r#"{"message":"m","host":null}"#, true),
        (r#"{"msg":"m","status":{}}"#, false),
        (r#"{"time":"t"}"#, false),
        (r#"{"msg":"m""#, false),
        ("AH00001: x", true),
    ] {
        assert_eq!(format.is_message(line.as_bytes()), is_message, "{line}");
    }
}

#[test]
fn lines_are_read_alike_whatever_keys_the_lines_before_them_have() {
    let format = Json::new(&paths(), 1, 0, vec![0, 2, 3], Messages::new(&[]).unwrap());
    let mut chance = Chance(7);
    let mut found = format.scratch();
    for _ in 0..2_000 {
        let line = object(&mut chance, 0);
        let mut values = vec![Value::Missing; 6];
        let fits = format.read(line.as_bytes(), &mut values, &mut found);
        let alone = read(&format, line.as_bytes());
        assert_eq!(fits, alone.is_some(), "{line}");
        let texts: Vec<_> = values.into_iter().map(text).collect();
        assert!(!fits || alone == Some(texts), "{line}");
    }
}
