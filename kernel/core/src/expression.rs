//! Regular expressions over bytes: a format's own, those of its fields, and those of messages.

use std::collections::HashSet;

use regex::bytes::{CaptureLocations, Regex, RegexBuilder};
use regex_automata::dfa::{dense, Automaton, StartKind};
use regex_automata::nfa::thompson::NFA;
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::ParserBuilder;

use crate::bytes::is_space;
use crate::delimited::Delimited;
use crate::escapes::Escapes;
use crate::intern::Value;
use crate::pattern::{self, Pattern};
use crate::read::Reader;

/// An expression cannot be compiled.
#[derive(Debug)]
pub struct Unsupported;

/// Which texts a narrow field may hold, none with white space: an automaton that takes one step a byte.
pub struct Check {
    automaton: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl Check {
    /// Compile the expression that must match the whole text. One that matches white space is not supported: a field with it
    /// would not end where a word ends.
    pub fn new(pattern: &str) -> Result<Check, Unsupported> {
        let automaton = dense::Builder::new()
            .syntax(syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true))
            .thompson(NFA::config().utf8(false))
            .configure(dense::Config::new().match_kind(MatchKind::All).start_kind(StartKind::Anchored))
            .build(pattern)
            .map_err(|_| Unsupported)?;
        let start = automaton.start_state_forward(&Input::new(b"").anchored(Anchored::Yes)).map_err(|_| Unsupported)?;
        let check = Check { automaton, start };
        if check.may_hold_space() {
            return Err(Unsupported);
        }
        Ok(check)
    }

    fn may_hold_space(&self) -> bool {
        let (mut seen, mut states) = (HashSet::from([self.start]), vec![self.start]);
        while let Some(state) = states.pop() {
            for byte in 0..=255 {
                let next = self.automaton.next_state(state, byte);
                if self.automaton.is_dead_state(next) {
                    continue;
                }
                // A match is known one step later: in the byte after it, which is no part of it then.
                let goes_on = !self.automaton.is_match_state(next) || self.goes_on(next);
                if is_space(byte) && goes_on {
                    return true;
                }
                if !is_space(byte) && seen.insert(next) {
                    states.push(next);
                }
            }
        }
        false
    }

    /// Whether a state is one from which more bytes, or the end, lead to a match.
    fn goes_on(&self, state: StateID) -> bool {
        let ends = self.automaton.is_match_state(self.automaton.next_eoi_state(state));
        ends || (0..=255).any(|byte| !self.automaton.is_dead_state(self.automaton.next_state(state, byte)))
    }

    /// Whether the whole text is one that the field may hold.
    #[inline]
    pub fn fits(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for &byte in text {
            state = self.automaton.next_state(state, byte);
            if self.automaton.is_dead_state(state) {
                return false;
            }
        }
        self.automaton.is_match_state(self.automaton.next_eoi_state(state))
    }
}

/// Lines of a server that are about no request, by how they begin.
pub struct Messages(Vec<Regex>);

impl Messages {
    /// Compile expressions, each anchored at the line's beginning.
    pub fn new(patterns: &[String]) -> Result<Messages, Unsupported> {
        patterns.iter().map(|pattern| compile(&format!(r"\A(?:{pattern})"))).collect::<Result<_, _>>().map(Messages)
    }

    /// Whether one of them matches.
    pub fn hold(&self, line: &[u8]) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(line))
    }
}

/// Compile an expression over bytes, in which a point is any byte.
pub fn compile(pattern: &str) -> Result<Regex, Unsupported> {
    RegexBuilder::new(pattern).unicode(false).dot_matches_new_line(true).build().map_err(|_| Unsupported)
}

/// A format that is one expression for the whole line, and perhaps fields for the lines that it does not match.
pub struct Expression {
    whole: Regex,
    /// The same, which nearly always finds the same much sooner.
    quick: Option<Pattern>,
    /// The column of each group, and the group's number.
    groups: Vec<(usize, usize)>,
    columns: Vec<Escapes>,
    /// The same columns by fields, for quotes that a server did not escape.
    loose: Option<Delimited>,
    messages: Messages,
}

impl Expression {
    /// Compile a format whose groups are named as `columns`; values are written with `escapes`.
    pub fn new(
        pattern: &str,
        columns: &[String],
        escapes: Escapes,
        loose: Option<Delimited>,
        messages: Messages,
    ) -> Result<Expression, Unsupported> {
        let whole = compile(&format!(r"\A(?:{pattern})\z"))?;
        let named = whole.capture_names().enumerate().filter_map(|(group, name)| {
            let column = columns.iter().position(|column| Some(column.as_str()) == name)?;
            Some((column, group))
        });
        let groups = named.collect();
        let mut parser = ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).build();
        let quick = parser.parse(pattern).ok().and_then(|parsed| Pattern::new(&parsed).ok());
        Ok(Expression { whole, quick, groups, columns: vec![escapes; columns.len()], loose, messages })
    }
}

/// What both engines need while they match.
pub struct Scratch {
    whole: CaptureLocations,
    quick: Option<pattern::Scratch>,
}

impl Expression {
    /// Whether the line matches, and where each group is then.
    fn matches<'s>(&self, line: &[u8], scratch: &'s mut Scratch) -> Option<impl Fn(usize) -> Option<(usize, usize)> + 's> {
        let quick = match (&self.quick, &mut scratch.quick) {
            (Some(pattern), Some(own)) => pattern.matches(line, own).ok(),
            _ => None,
        };
        let matches = quick.unwrap_or_else(|| self.whole.captures_read(&mut scratch.whole, line).is_some());
        let scratch: &'s Scratch = scratch;
        matches.then_some(move |group: usize| match (&scratch.quick, quick) {
            (Some(own), Some(_)) => own.group(group - 1),
            _ => scratch.whole.get(group),
        })
    }
}

impl Reader for Expression {
    type Scratch = Scratch;

    fn scratch(&self) -> Scratch {
        Scratch { whole: self.whole.capture_locations(), quick: self.quick.as_ref().map(Pattern::scratch) }
    }

    fn columns(&self) -> Vec<Escapes> {
        self.columns.clone()
    }

    fn read<'b>(&self, line: &'b [u8], values: &mut [Value<'b>], scratch: &mut Scratch) -> bool {
        let Some(group_of) = self.matches(line, scratch) else {
            return self.loose.as_ref().is_some_and(|fields| fields.read_loose(line, values));
        };
        for &(column, group) in &self.groups {
            if let Some((start, end)) = group_of(group) {
                values[column] = Value::Written(&line[start..end]);
            }
        }
        true
    }

    fn is_message(&self, line: &[u8]) -> bool {
        self.messages.hold(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_holds_for_whole_texts() {
        let check = Check::new(r"\d{3}|-|a*").unwrap();
        for (text, fits) in
            [("200", true), ("-", true), ("", true), ("aaa", true), ("20", false), ("2000", false), ("-a", false)]
        {
            assert_eq!(check.fits(text.as_bytes()), fits, "{text}");
        }
        assert!(Check::new(r"[^\x00-\x2a]+|\xff").unwrap().fits(b"\xff"));
    }

    #[test]
    fn no_check_holds_white_space() {
        for (pattern, is_known) in
            [(r"\S*[^\s,]", true), (r"[^?\s]*", true), (r"a.b", false), (r"a\ b", false), (r"(?:x\s)?", false)]
        {
            assert_eq!(Check::new(pattern).is_ok(), is_known, "{pattern}");
        }
    }
}
