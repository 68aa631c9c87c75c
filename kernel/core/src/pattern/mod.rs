//! Matches a whole line with an expression by trying, as most engines do, and soon gives up where that is no good.
//!
//! Expressions of log formats are texts between marks: nearly always a text ends before the first byte that may follow it. So
//! one look at each byte is enough, where an engine for any expression takes many. Where much must be tried again, `find` says
//! so, and an engine whose time is linear must decide.

mod compile;

use memchr::{memchr, memrchr};
use regex_syntax::hir::Hir;

/// An expression, ready to match. The whole text must match it; of several ways to do so the first one is taken, by the order of
/// preference that Perl has.
pub struct Pattern {
    code: Vec<Op>,
    slots: usize,
}

/// What an expression does next.
enum Op {
    /// These bytes stand here.
    Bytes(Vec<u8>),
    /// As many bytes of a set as there are, or as few.
    Run(Run),
    /// Go on at one place, or else at another one.
    Split(usize, usize),
    /// Go on elsewhere.
    Jump(usize),
    /// A group begins or ends here.
    Save(usize),
    /// The text must end here.
    End,
}

/// Bytes of a set, some times.
struct Run {
    set: Set,
    least: usize,
    most: usize,
    greedy: bool,
    follow: Follow,
}

/// A set of bytes.
type Set = Box<[bool; 256]>;

/// Where a run may end.
enum Follow {
    /// Only where it can go on no longer: what follows it is not in its set.
    Longest,
    /// Before this byte, which is in its set.
    Byte(u8),
    /// Before one of these bytes, or at the end if that is true.
    Any(Set, bool),
}

/// What must be tried if all that was tried since fails.
enum Choice {
    Go(usize, usize),
    /// Of the run at this place, an end between two positions.
    Ends(usize, usize, usize),
    Slot(usize, usize),
}

/// The expression needs too many trials, or a way of matching that is not known here.
#[derive(Debug, PartialEq, Eq)]
pub struct Hard;

/// Reused from line to line.
pub struct Scratch {
    /// Where each group begins and ends.
    slots: Vec<usize>,
    choices: Vec<Choice>,
}

const NOWHERE: usize = usize::MAX;
const TRIALS_A_BYTE: usize = 16;
const TRIALS: usize = 1 << 10;

impl Pattern {
    /// Compile an expression.
    pub fn new(expression: &Hir) -> Result<Pattern, Hard> {
        compile::compile(expression)
    }

    /// Its scratch space.
    pub fn scratch(&self) -> Scratch {
        Scratch { slots: vec![NOWHERE; self.slots], choices: Vec::new() }
    }

    /// Whether the whole text matches; `Hard` if that would take too long to find out.
    pub fn matches(&self, text: &[u8], scratch: &mut Scratch) -> Result<bool, Hard> {
        scratch.slots.fill(NOWHERE);
        scratch.choices.clear();
        let mut left = TRIALS + TRIALS_A_BYTE * text.len();
        let (mut place, mut at) = (0, 0);
        loop {
            let next = match &self.code[place] {
                Op::Bytes(bytes) => text[at..].starts_with(bytes).then(|| (place + 1, at + bytes.len())),
                Op::Run(run) => {
                    let longest = run.longest(text, at);
                    left = left.checked_sub(longest - at + 1).ok_or(Hard)?;
                    match run.follow {
                        Follow::Longest => (longest >= at + run.least).then_some((place + 1, longest)),
                        _ => self.end(place, text, at + run.least, longest, scratch),
                    }
                }
                Op::Split(first, second) => {
                    scratch.choices.push(Choice::Go(*second, at));
                    Some((*first, at))
                }
                Op::Jump(other) => Some((*other, at)),
                Op::Save(slot) => {
                    scratch.choices.push(Choice::Slot(*slot, scratch.slots[*slot]));
                    scratch.slots[*slot] = at;
                    Some((place + 1, at))
                }
                Op::End if at == text.len() => return Ok(true),
                Op::End => None,
            };
            (place, at) = match next {
                Some(next) => next,
                None => match self.other(text, scratch, &mut left)? {
                    Some(other) => other,
                    None => return Ok(false),
                },
            };
        }
    }

    /// The last choice that is left.
    fn other(&self, text: &[u8], scratch: &mut Scratch, left: &mut usize) -> Result<Option<(usize, usize)>, Hard> {
        while let Some(choice) = scratch.choices.pop() {
            *left = left.checked_sub(1).ok_or(Hard)?;
            match choice {
                Choice::Go(place, at) => return Ok(Some((place, at))),
                Choice::Slot(slot, before) => scratch.slots[slot] = before,
                Choice::Ends(place, least, most) => {
                    if let Some(next) = self.end(place, text, least, most, scratch) {
                        return Ok(Some(next));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The preferred end of a run, at or between two positions; the others are kept as a choice.
    fn end(&self, place: usize, text: &[u8], least: usize, most: usize, scratch: &mut Scratch) -> Option<(usize, usize)> {
        let Op::Run(run) = &self.code[place] else { return None };
        if least > most {
            return None;
        }
        let end = if run.greedy { run.last(text, least, most)? } else { run.first(text, least, most)? };
        let others = if run.greedy { (least, end.checked_sub(1)) } else { (end + 1, Some(most)) };
        if let (least, Some(most)) = others {
            if least <= most {
                scratch.choices.push(Choice::Ends(place, least, most));
            }
        }
        Some((place + 1, end))
    }
}

impl Scratch {
    /// Where a group begins and ends, if it took part in the match.
    pub fn group(&self, number: usize) -> Option<(usize, usize)> {
        let (from, to) = (self.slots[2 * number], self.slots[2 * number + 1]);
        (to != NOWHERE).then_some((from, to))
    }
}

impl Run {
    /// Where the run ends at the latest.
    #[inline]
    fn longest(&self, text: &[u8], at: usize) -> usize {
        let end = at.saturating_add(self.most).min(text.len());
        text[at..end].iter().position(|&byte| !self.set[usize::from(byte)]).map_or(end, |width| at + width)
    }

    /// The first position, at or between two, where the run may end.
    fn first(&self, text: &[u8], least: usize, most: usize) -> Option<usize> {
        match &self.follow {
            Follow::Longest => Some(most),
            Follow::Byte(byte) => memchr(*byte, &text[least..text.len().min(most + 1)]).map(|found| least + found),
            Follow::Any(set, end) => (least..=most).find(|&at| text.get(at).map_or(*end, |&byte| set[usize::from(byte)])),
        }
    }

    /// The last such position.
    fn last(&self, text: &[u8], least: usize, most: usize) -> Option<usize> {
        match &self.follow {
            Follow::Longest => Some(most),
            Follow::Byte(byte) => memrchr(*byte, &text[least..text.len().min(most + 1)]).map(|found| least + found),
            Follow::Any(set, end) => (least..=most).rev().find(|&at| text.get(at).map_or(*end, |&byte| set[usize::from(byte)])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::bytes::RegexBuilder;
    use regex_syntax::ParserBuilder;

    fn compiled(expression: &str) -> Pattern {
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).build();
        Pattern::new(&parser.parse(expression).unwrap()).expect(expression)
    }

    #[test]
    fn groups_are_those_of_another_engine_for_all_short_texts() {
        let expressions = [
            r"(a*)(a*)b",
            r"(a*?)(a*)b?",
            r"(\S+) (\S+?)\s*",
            r#"(?:"((?:[^"\\]|\\.)*)"|(-)) ?(.*?)\s*"#,
            r#""((?:[^"\\]|\\.)*?)" ?(.*)"#,
            r"((?:a,)*)(a+|b)(?:,b)?",
            r"(?:(a)|(b)|ab)*?(b?)",
            r"((?:[^ ,]+, ){0,2}[^ ]+) (.{1,2})(.{0,2}?)",
            r"[^a]*(a|ab)(b|)(.?)",
            r"(?:(-)|(a+?))?(a+) ?",
            r"(|a)(b?)(?: a*)*",
        ];
        let mut texts = vec![Vec::new()];
        for at in 0..1 + 7 + 49 + 343 {
            let longer = br#"ab" ,\-"#.iter().map(|&letter| [texts[at].as_slice(), &[letter]].concat());
            texts.extend(longer.collect::<Vec<_>>());
        }
        for expression in expressions {
            let pattern = compiled(expression);
            let mut scratch = pattern.scratch();
            let mut builder = RegexBuilder::new(&format!(r"\A(?:{expression})\z"));
            let other = builder.unicode(false).dot_matches_new_line(true).build().unwrap();
            for text in &texts {
                let found = pattern.matches(text, &mut scratch).unwrap();
                let groups = other.captures(text);
                let shown = String::from_utf8_lossy(text);
                assert_eq!(found, groups.is_some(), "{expression} {shown}");
                for number in 1..groups.as_ref().map_or(0, |groups| groups.len()) {
                    let group = groups.as_ref().and_then(|groups| groups.get(number)).map(|group| (group.start(), group.end()));
                    assert_eq!(scratch.group(number - 1), group, "{expression} {shown}");
                }
            }
        }
    }

    #[test]
    fn what_takes_too_many_trials_is_hard() {
        let text = [b'a'; 2000];
        for expression in ["(a*)(a*)(a*)(a*)b", "(?:a|aa)*[ab]*?[bc]"] {
            let pattern = compiled(expression);
            assert_eq!(pattern.matches(&text[..2], &mut pattern.scratch()), Ok(false));
            assert_eq!(pattern.matches(&text, &mut pattern.scratch()), Err(Hard));
        }
    }
}
