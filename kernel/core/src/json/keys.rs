//! The keys that lead to columns, as a tree, and the values that a line has at them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::escapes::Escapes;

/// A value at a key.
pub enum Leaf {
    /// `null`: as if the key were not there.
    Null,
    /// What has no text: an object, an empty list, a number too large.
    Other,
    /// Text as it is written, from one position of the line to another.
    Text(usize, usize),
    /// Text that stands nowhere like this.
    Made(Vec<u8>),
}

/// What a key leads to.
#[derive(Default)]
pub struct Node {
    children: HashMap<Vec<u8>, usize, RandomState>,
    parent: usize,
    /// The columns that are read here, and which number the path has among the column's own.
    uses: Vec<(usize, usize)>,
    is_message: bool,
}

impl Node {
    /// Whether a value here is of use, if it is not an object.
    pub fn is_leaf(&self) -> bool {
        self.is_message || !self.uses.is_empty()
    }

    /// Whether an object here may have values of use.
    pub fn is_branch(&self) -> bool {
        !self.children.is_empty()
    }
}

/// The keys that lead to columns. The first node is the line itself.
pub struct Keys(Vec<Node>);

const MESSAGES: [&str; 2] = ["msg", "message"];

impl Keys {
    /// The tree of all columns' paths.
    pub fn new(paths: &[Vec<Vec<String>>]) -> Keys {
        let mut keys = Keys(vec![Node::default()]);
        for (column, paths) in paths.iter().enumerate() {
            for (preference, path) in paths.iter().enumerate() {
                let node = path.iter().fold(0, |node, key| keys.child(node, key));
                keys.0[node].uses.push((column, preference));
            }
        }
        for key in MESSAGES {
            let node = keys.child(0, key);
            keys.0[node].is_message = true;
        }
        keys
    }

    fn child(&mut self, parent: usize, key: &str) -> usize {
        let next = self.0.len();
        let node = *self.0[parent].children.entry(key.as_bytes().to_vec()).or_insert(next);
        if node == next {
            self.0.push(Node { parent, ..Node::default() });
        }
        node
    }

    /// The node of this number.
    pub fn node(&self, number: usize) -> &Node {
        &self.0[number]
    }

    /// Whether a node lies below another one, or is it.
    fn is_below(&self, mut node: usize, other: usize) -> bool {
        while node != other && node != 0 {
            node = self.0[node].parent;
        }
        node == other
    }
}

/// A key as an earlier line has it, with its closing quote and colon: in which object, and where it leads.
struct Expected {
    node: usize,
    written: Vec<u8>,
    child: Option<usize>,
}

/// The values that a line has at the keys, and what is remembered of other lines.
pub struct Found {
    leaves: Vec<(usize, Leaf)>,
    seen: Vec<bool>,
    /// For each column the preference and the place of its value.
    best: Vec<Option<(usize, usize)>>,
    /// The keys of an earlier line in their order, and which of them is the next.
    order: Vec<Expected>,
    next: usize,
    /// How many keys of this line were not expected, and how many more lines may show an order.
    surprises: usize,
    lessons: usize,
}

/// So many lines show their order, if those after them have another one. Some servers have none.
const LESSONS: usize = 8;

impl Found {
    /// Nothing yet.
    pub fn new(keys: &Keys, columns: usize) -> Found {
        Found {
            leaves: Vec::new(),
            seen: vec![false; keys.0.len()],
            best: vec![None; columns],
            order: Vec::new(),
            next: 0,
            surprises: 0,
            lessons: LESSONS,
        }
    }

    /// Forget the line before, except for an order of keys that it kept to.
    pub fn clear(&mut self) {
        self.leaves.clear();
        self.seen.fill(false);
        if self.surprises > self.next && self.lessons > 0 {
            self.order.clear();
            self.lessons -= 1;
        }
        self.next = 0;
        self.surprises = 0;
    }

    /// The key with which a text goes on behind a quote, if it is the one that an earlier line leads to expect: the length with the
    /// closing quote and the colon, and where it leads. A server writes most lines with the same keys in the same order.
    #[inline]
    pub fn expected(&mut self, node: usize, text: &[u8]) -> Option<(usize, Option<usize>)> {
        // A key that stood there may be missing.
        for at in self.next..self.next + 2 {
            let expected = self.order.get(at)?;
            if expected.node == node && text.starts_with(&expected.written) {
                self.next = at + 1;
                return Some((expected.written.len(), expected.child));
            }
        }
        None
    }

    /// Where a key of an object leads, which begins at the text's beginning and has this length as it is written.
    pub fn child(&mut self, keys: &Keys, node: usize, text: &[u8], width: usize) -> Option<usize> {
        let (key, children) = (&text[..width], &keys.0[node].children);
        let child = if Escapes::Json.changes(key) {
            let mut own = Vec::new();
            Escapes::Json.undo(key, &mut own);
            children.get(&own)
        } else {
            children.get(key)
        };
        let child = child.copied();
        if self.next == self.order.len() && text[width..].starts_with(b"\":") {
            self.order.push(Expected { node, written: text[..width + 2].to_vec(), child });
            self.next += 1;
        } else {
            self.surprises += 1;
        }
        child
    }

    /// A key stands here. If it stood before, what was there is gone.
    #[inline]
    pub fn visit(&mut self, keys: &Keys, node: usize) {
        if std::mem::replace(&mut self.seen[node], true) {
            self.leaves.retain(|(other, _)| !keys.is_below(*other, node));
        }
    }

    /// A value stands at a key.
    pub fn add(&mut self, node: usize, leaf: Leaf) {
        self.leaves.push((node, leaf));
    }

    /// Choose for each column the value that it prefers.
    pub fn choose(&mut self, keys: &Keys) {
        self.best.fill(None);
        for (place, (node, leaf)) in self.leaves.iter().enumerate() {
            if matches!(leaf, Leaf::Null) {
                continue;
            }
            for &(column, preference) in &keys.0[*node].uses {
                if self.best[column].is_none_or(|(best, _)| preference < best) {
                    self.best[column] = Some((preference, place));
                }
            }
        }
    }

    /// The chosen value of a column, which is not null.
    pub fn chosen(&self, column: usize) -> Option<&Leaf> {
        self.best[column].map(|(_, place)| &self.leaves[place].1)
    }

    /// Whether the line has a message.
    pub fn has_message(&self, keys: &Keys) -> bool {
        self.leaves.iter().any(|(node, _)| keys.0[*node].is_message)
    }
}
