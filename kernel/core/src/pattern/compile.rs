//! From an expression to the steps that match it.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::{Follow, Hard, Op, Pattern, Run, Set};

const MAX_STEPS: usize = 1 << 14;

pub fn compile(expression: &Hir) -> Result<Pattern, Hard> {
    let mut compiler = Compiler { code: Vec::new(), slots: 0 };
    compiler.add(expression)?;
    compiler.code.push(Op::End);
    let mut code = compiler.code;
    for place in 0..code.len() {
        let follow = match &code[place] {
            Op::Run(run) => follow_of(run, &code, place),
            _ => continue,
        };
        if let Op::Run(run) = &mut code[place] {
            run.follow = follow;
        }
    }
    Ok(Pattern { code, slots: compiler.slots })
}

struct Compiler {
    code: Vec<Op>,
    slots: usize,
}

impl Compiler {
    fn add(&mut self, expression: &Hir) -> Result<(), Hard> {
        if self.code.len() > MAX_STEPS {
            return Err(Hard);
        }
        match expression.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => self.code.push(Op::Bytes(literal.0.to_vec())),
            HirKind::Class(class) => self.run(set_of(class)?, 1, 1, true),
            HirKind::Look(_) => return Err(Hard),
            HirKind::Capture(group) => {
                let slot = 2 * (group.index as usize - 1);
                self.slots = self.slots.max(slot + 2);
                self.code.push(Op::Save(slot));
                self.add(&group.sub)?;
                self.code.push(Op::Save(slot + 1));
            }
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.add(part))?,
            HirKind::Alternation(parts) => self.alternatives(parts)?,
            HirKind::Repetition(repetition) => self.repeat(repetition)?,
        }
        Ok(())
    }

    fn run(&mut self, set: Set, least: usize, most: usize, greedy: bool) {
        self.code.push(Op::Run(Run { set, least, most, greedy, follow: Follow::Longest }));
    }

    fn alternatives(&mut self, parts: &[Hir]) -> Result<(), Hard> {
        let mut jumps = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let split = self.code.len();
            let is_last = number + 1 == parts.len();
            if !is_last {
                self.code.push(Op::Split(split + 1, 0));
            }
            self.add(part)?;
            if !is_last {
                jumps.push(self.code.len());
                self.code.push(Op::Jump(0));
                self.code[split] = Op::Split(split + 1, self.code.len());
            }
        }
        for jump in jumps {
            self.code[jump] = Op::Jump(self.code.len());
        }
        Ok(())
    }

    fn repeat(&mut self, repetition: &Repetition) -> Result<(), Hard> {
        let (sub, greedy) = (&*repetition.sub, repetition.greedy);
        let least = repetition.min as usize;
        let most = repetition.max.map_or(usize::MAX, |most| most as usize);
        if let Some(set) = set_of_one(sub) {
            self.run(set, least, most, greedy);
            return Ok(());
        }
        if sub.properties().minimum_len().unwrap_or(0) == 0 {
            return Err(Hard); // a repetition of nothing would have no end
        }
        for _ in 0..least {
            self.add(sub)?;
        }
        if most != usize::MAX {
            let mut splits = Vec::new();
            for _ in least..most {
                splits.push(self.code.len());
                self.code.push(Op::Jump(0));
                self.add(sub)?;
            }
            for split in splits {
                self.code[split] = branch(split + 1, self.code.len(), greedy);
            }
            return Ok(());
        }
        let start = self.code.len();
        let body = match sub.kind() {
            HirKind::Alternation(parts) if greedy && parts.len() == 2 => self.long_runs(&parts[0], &parts[1]),
            _ => None,
        };
        let split = self.code.len();
        self.code.push(Op::Jump(0));
        self.add(body.unwrap_or(sub))?;
        self.code.push(Op::Jump(start));
        self.code[split] = branch(split + 1, self.code.len(), greedy);
        Ok(())
    }

    /// Of `(?:A|B)*`, where A is one byte that B cannot begin with, all A at once; returns B, which is repeated with them.
    fn long_runs<'h>(&mut self, one: &Hir, other: &'h Hir) -> Option<&'h Hir> {
        let set = set_of_one(one)?;
        let first = match other.kind() {
            HirKind::Concat(parts) => set_of_first(parts.first()?)?,
            _ => set_of_first(other)?,
        };
        if set.iter().zip(first.iter()).any(|(one, other)| *one && *other) {
            return None;
        }
        self.run(set, 0, usize::MAX, true);
        Some(other)
    }
}

fn branch(inside: usize, behind: usize, greedy: bool) -> Op {
    if greedy {
        Op::Split(inside, behind)
    } else {
        Op::Split(behind, inside)
    }
}

fn set_of(class: &Class) -> Result<Set, Hard> {
    let Class::Bytes(class) = class else { return Err(Hard) };
    let mut set = Box::new([false; 256]);
    for range in class.ranges() {
        set[usize::from(range.start())..=usize::from(range.end())].fill(true);
    }
    Ok(set)
}

/// The set of an expression of one byte.
fn set_of_one(expression: &Hir) -> Option<Set> {
    match expression.kind() {
        HirKind::Class(class) => set_of(class).ok(),
        HirKind::Literal(literal) if literal.0.len() == 1 => Some(set_of_byte(literal.0[0])),
        _ => None,
    }
}

/// The set of the byte with which an expression begins.
fn set_of_first(expression: &Hir) -> Option<Set> {
    match expression.kind() {
        HirKind::Literal(literal) => literal.0.first().map(|&byte| set_of_byte(byte)),
        _ => set_of_one(expression),
    }
}

fn set_of_byte(byte: u8) -> Set {
    let mut set = Box::new([false; 256]);
    set[usize::from(byte)] = true;
    set
}

/// What may follow a run: looked up in all ways in which the expression may go on behind it.
fn follow_of(run: &Run, code: &[Op], place: usize) -> Follow {
    let (mut set, mut end) = (Box::new([false; 256]), false);
    let mut seen = vec![false; code.len()];
    let mut places = vec![place + 1];
    while let Some(place) = places.pop() {
        if std::mem::replace(&mut seen[place], true) {
            continue;
        }
        match &code[place] {
            Op::Bytes(bytes) => set[usize::from(bytes[0])] = true,
            Op::Run(next) => {
                set.iter_mut().zip(next.set.iter()).for_each(|(all, own)| *all |= *own);
                if next.least == 0 {
                    places.push(place + 1);
                }
            }
            Op::Split(first, second) => places.extend([*first, *second]),
            Op::Jump(other) => places.push(*other),
            Op::Save(_) => places.push(place + 1),
            Op::End => end = true,
        }
    }
    let both: Vec<usize> = (0..256).filter(|&byte| set[byte] && run.set[byte]).collect();
    let all = set.iter().filter(|is_in| **is_in).count();
    // A run of a limited length may also end where it could go on.
    match both.as_slice() {
        [] => Follow::Longest,
        [byte] if all == 1 && !end => Follow::Byte(*byte as u8),
        _ => Follow::Any(set, end),
    }
}
