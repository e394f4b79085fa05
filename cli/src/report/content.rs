//! Messages and events as data for the page: each word once, everything else by its number.

use std::collections::HashMap;

use serde_json::{Value, json};
use v2g_scenario::scenario::Side;

use super::escape;
use super::journal::{Entry, Journal};
use crate::command;
use crate::observe::{fact, meaning, micros, millis};

/// More messages than this are too many for a browser: those in the middle are left out.
const MOST: usize = 20_000;

/// Words with their numbers.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, usize>,
    list: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        let word = escape::visible(word);
        let next = self.list.len();
        *self.numbers.entry(word).or_insert_with_key(|word| {
            self.list.push(word.clone());
            next
        })
    }
}

fn side(side: Side) -> u8 {
    u8::from(side == Side::Station)
}

/// `{ words, messages, notes, left_out }`. A message is `[t, sender, name, latency, facts, [depth, name, value, …]]`,
/// a note `[t, side, name, detail]`; senders and sides are 0 for the vehicle and 1 for the charger.
pub(super) fn of(journal: &Journal) -> Value {
    let mut words = Words::default();
    let all = journal.messages();
    let left_out = all.len().saturating_sub(MOST);
    let (first, last) =
        if left_out == 0 { (all, &[][..]) } else { (&all[..MOST / 2], &all[all.len() - MOST / 2..]) };
    let messages: Vec<Value> = first.iter().chain(last).map(|entry| message(entry, &mut words)).collect();
    let notes: Vec<Value> = journal
        .notes
        .iter()
        .map(|note| {
            let name = words.number(&note.name);
            json!([micros(note.at), side(note.side), name, words.number(&note.detail)])
        })
        .collect();
    json!({ "words": words.list, "messages": messages, "notes": notes, "left_out": left_out })
}

fn message(entry: &Entry, words: &mut Words) -> Value {
    let meaning = meaning(entry.payload_type, &entry.payload);
    let facts: Vec<String> = meaning.facts.iter().map(|(name, value)| fact(name, value)).collect();
    let mut rows = Vec::new();
    match command::decode::content(entry.payload_type, &entry.payload) {
        Ok(content) => {
            for row in content {
                rows.extend([row.depth, words.number(&row.name), words.number(&row.value)]);
            }
        }
        Err(reason) => rows.extend([0, words.number("undecodable"), words.number(&reason)]),
    }
    let name = words.number(entry.kind.map_or(meaning.name, iso15118_20::message::MessageKind::name));
    let latency = entry.latency.map(millis);
    json!([micros(entry.at), side(entry.sender), name, latency, words.number(&facts.join("  ")), rows])
}
