//! Reads the reference implementation's grammars, printed as text.

/// A state of the reference.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) kind: String,
    pub(super) productions: usize,
    pub(super) width: u32,
    pub(super) second_level: usize,
    pub(super) events: Vec<Transition>,
    pub(super) undeclared: Vec<String>,
}

/// A production of the reference.
#[derive(Debug, Clone)]
pub(super) struct Transition {
    /// The event without the rule numbers.
    pub(super) event: String,
    /// Rule of the element that the event opens.
    pub(super) opens: Option<usize>,
    /// Rule after the event.
    pub(super) next: usize,
}

/// The number of a line that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadLine(pub(super) usize);

fn number(text: &str) -> Option<usize> {
    text.parse().ok()
}

fn rule(line: &str) -> Option<(usize, Rule)> {
    let mut words = line.strip_prefix("rule#")?.split(' ');
    let index = number(words.next()?)?;
    let mut rule = Rule { kind: words.next()?.to_owned(), ..Rule::default() };
    for word in words {
        match word.split_once('=') {
            Some(("n", value)) => rule.productions = number(value)?,
            Some(("bits", value)) => rule.width = value.parse().ok()?,
            Some(("2nd", value)) => rule.second_level = number(value)?,
            _ => {}
        }
    }
    Some((index, rule))
}

fn transition(line: &str, code: usize) -> Option<Transition> {
    let (index, rest) = line.trim_start().split_once(' ')?;
    if number(index)? != code {
        return None;
    }
    let (event, next) = rest.rsplit_once(" -> rule#")?;
    let (event, opens) = match event.rsplit_once("->rule#") {
        Some((event, opens)) => (event, Some(number(opens)?)),
        None => (event, None),
    };
    Some(Transition { event: event.to_owned(), opens, next: number(next)? })
}

fn undeclared(list: &str) -> Option<Vec<String>> {
    list.split_whitespace()
        .enumerate()
        .map(|(code, entry)| {
            let (index, name) = entry.split_once('=')?;
            (number(index)? == code).then(|| name.to_owned())
        })
        .collect()
}

/// The rules of a dump, by number.
pub(super) fn parse(text: &str) -> Result<Vec<Rule>, BadLine> {
    let mut rules: Vec<Rule> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let bad = || BadLine(index + 1);
        if line.starts_with("rule#") {
            let (number, rule) = rule(line).ok_or_else(bad)?;
            if number != rules.len() {
                return Err(bad());
            }
            rules.push(rule);
        } else {
            let rule = rules.last_mut().ok_or_else(bad)?;
            if let Some(list) = line.trim_start().strip_prefix("2nd:") {
                rule.undeclared = undeclared(list).ok_or_else(bad)?;
            } else {
                rule.events.push(transition(line, rule.events.len()).ok_or_else(bad)?);
            }
        }
    }
    Ok(rules)
}

/// An entry of fragment content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FragmentEntry {
    /// Name or event.
    pub(super) name: String,
    /// First-level productions of the first state, for elements.
    pub(super) events: Option<usize>,
    /// True if the relaxed grammar applies.
    pub(super) relaxed: bool,
}

/// Fragment content: code width and entries.
pub(super) fn parse_fragment(text: &str) -> Result<(u32, Vec<FragmentEntry>), BadLine> {
    let mut lines = text.lines().enumerate();
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    let width = header.rsplit_once("bits=").and_then(|(_, bits)| bits.parse().ok()).ok_or(BadLine(1))?;
    let mut entries = Vec::new();
    for (index, line) in lines {
        let mut words = line.split(' ');
        let code = words.next().and_then(number);
        let name = words.next();
        let (Some(code), Some(name)) = (code, name) else { return Err(BadLine(index + 1)) };
        if code != entries.len() {
            return Err(BadLine(index + 1));
        }
        let events = words.clone().find_map(|word| word.strip_prefix("events=")).and_then(number);
        let relaxed = words.any(|word| word == "RELAXED-ELEMENT-FRAGMENT");
        entries.push(FragmentEntry { name: name.to_owned(), events, relaxed });
    }
    Ok((width, entries))
}
