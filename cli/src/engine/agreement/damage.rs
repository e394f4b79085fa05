//! What happens to streams on the way, and to documents in the hands of people.

use crate::tree::{Element, Node, Value};

/// A small deterministic generator (xorshift64*): failures can be repeated.
pub(super) struct Random(u64);

impl Random {
    /// Numbers of their own for each seed and part.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        let mixed = (seed ^ part.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Nothing but zeros would stay zeros.
        Self(mixed.max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Changes bits and octets of a stream behind its header, takes some away or adds some.
pub(super) fn damage(exi: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        if exi.len() < 2 {
            return;
        }
        let at = 1 + random.below(exi.len() - 1);
        match random.below(6) {
            0 | 1 => exi[at] ^= 0x80 >> random.below(8),
            2 => exi[at] = random.next() as u8,
            3 => exi.truncate(at),
            4 => drop(exi.drain(at..exi.len().min(at + 1 + random.below(4)))),
            _ => exi.insert(at, random.next() as u8),
        }
    }
}

/// The values and child elements below an element, in order.
fn values<'e>(element: &'e mut Element, found: &mut Vec<&'e mut Value>) {
    found.extend(element.attributes.iter_mut().map(|(_, value)| value));
    for node in &mut element.content {
        match node {
            Node::Element(child) => values(child, found),
            Node::Value(value) => found.push(value),
        }
    }
}

fn elements<'e>(element: &'e mut Element, found: &mut Vec<&'e mut Vec<Node>>) {
    // Either the content itself or what is below it: one of the two is borrowed.
    if element.content.iter().any(|node| matches!(node, Node::Element(child) if !child.content.is_empty())) {
        for node in &mut element.content {
            if let Node::Element(child) = node {
                elements(child, found);
            }
        }
    } else {
        found.push(&mut element.content);
    }
}

/// Another text for a value: other forms of the same one, and what is none.
fn reword(text: &str, random: &mut Random) -> String {
    let half = text.char_indices().nth(random.below(text.chars().count().max(1))).map_or(0, |(at, _)| at);
    match random.below(12) {
        0 => format!(" {text}\n"),
        1 => format!("\t{text}"),
        2 => format!("+{text}"),
        3 => format!("-{text}"),
        4 => format!("00{text}"),
        5 => format!("{} {}", &text[..half], &text[half..]),
        6 => text[..half].to_owned(),
        7 => text.to_lowercase(),
        8 => format!("{text}{text}"),
        9 => [
            "0",
            "-0",
            "1",
            "255",
            "256",
            "-1",
            "-129",
            "65536",
            "4294967296",
            "-170141183460469231731687303715884105729",
        ][random.below(10)]
        .to_owned(),
        10 => ["true", "false", "", " ", "AA", "AAAA", "AB==", "A===", "====", "é", "\u{c}"]
            [random.below(11)]
        .to_owned(),
        _ => format!("{text}\u{1f50c}"),
    }
}

/// Changes a document somewhere.
pub(super) fn edit(root: &mut Element, random: &mut Random) {
    if random.below(4) > 0 {
        let mut found = Vec::new();
        values(root, &mut found);
        if !found.is_empty() {
            let at = random.below(found.len());
            *found[at] = Value::Text(reword(&found[at].lexical(), random));
        }
        return;
    }
    let mut found = Vec::new();
    elements(root, &mut found);
    let at = random.below(found.len());
    let content = &mut *found[at];
    if content.is_empty() {
        return;
    }
    let (one, other) = (random.below(content.len()), random.below(content.len()));
    match random.below(4) {
        0 => drop(content.remove(one)),
        1 => content.insert(one, content[other].clone()),
        2 => content.swap(one, other),
        _ => content.push(Node::Value(Value::Text("text".to_owned()))),
    }
}
