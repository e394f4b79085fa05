//! The reading half of a type: event codes and values in stream order.

use std::fmt::Write as _;

use super::ir::{Alternative, CodegenError, Item, Slot, SlotKind, State, Struct, Ty};
use super::module::Emitter;

type Result<T> = std::result::Result<T, CodegenError>;

/// Where a struct of C's is to be filled, in an expression that does not know its field.
pub(super) const PLACE: char = '@';

/// What has been read of the event codes before a slot.
#[derive(Debug, Clone, Copy)]
enum Pending {
    /// So many zero bits are still to come.
    Lead(u32),
    /// The event code is in the variable `next`, counted from the slot's first production.
    Next,
    /// The end of the element has been read.
    Ended,
}

/// An expression that reads a value, and the zero bits that follow it before the next event code.
struct Read {
    expr: String,
    tail: u32,
    /// A call that reads the event code after the value as well, up to its last two arguments, and what turns the
    /// first part of its result into the value.
    with_event: Option<(String, &'static str)>,
}

impl Read {
    /// Value and following event code, as a tuple.
    fn then_event(&self, item: &Struct, state: State) -> Option<(String, &'static str)> {
        let (call, convert) = self.with_event.as_ref().filter(|_| !item.simple_content)?;
        Some((format!("{call}, {}, {})?", state.width, state.count), convert))
    }
}

pub(super) fn body(out: &mut String, item: &Struct, e: &mut Emitter<'_>) -> Result<()> {
    if item.place {
        let _ = writeln!(out, "let start = Place::start(r);");
    }
    let mut pending = Pending::Lead(0);
    let mut fused = 0;
    for (index, slot) in item.slots.iter().enumerate() {
        if fused > 0 {
            fused -= 1;
            continue;
        }
        if let (Pending::Lead(lead), Some(line)) = (pending, integer_and_rational(item, index, pending, e)) {
            let _ = writeln!(out, "{}", line.replace("LEAD", &(lead + 2).to_string()));
            fused = 1;
            e.place(out, &item.slots[index..=index + 1]);
            pending = Pending::Next;
            continue;
        }
        let state = item.state(index);
        let run = bools(item, index);
        if run.len() > 1 && !matches!(pending, Pending::Ended) {
            // With the event of the text.
            let lead = if let Pending::Lead(lead) = pending { lead + 2 } else { 1 };
            let fields: Vec<_> = run.iter().map(|(field, _)| *field).collect();
            let names: Vec<_> = run.iter().map(|(_, xml)| e.name(xml)).collect();
            let (fields, names) = (fields.join(", "), names.join(", "));
            let _ = writeln!(out, "let [{fields}] = r.bools({lead}, [{names}])?;");
            fused = run.len() - 1;
            e.place(out, &item.slots[index..=index + fused]);
            pending = Pending::Lead(1);
            continue;
        }
        pending = match pending {
            Pending::Lead(lead) if state.count == 1 && !item.simple_content => Pending::Lead(lead + 1),
            Pending::Lead(lead) => {
                let _ = writeln!(out, "let next = {};", event(item, lead, state));
                Pending::Next
            }
            other => other,
        };
        pending = slot_code(out, item, index, slot, pending, e)?;
        e.place(out, &item.slots[index..=index]);
    }
    finish(out, item, pending, e);
    if item.place {
        let _ = writeln!(out, "let place = Place::end(r, start);");
    }
    if e.fills() {
        return Ok(());
    }
    let fields = item.slots.iter().filter(|slot| !slot.field.is_empty()).map(|slot| slot.field.as_str());
    let fields = fields.chain(item.place.then_some("place")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "Ok(Self {{ {fields} }})");
    Ok(())
}

/// An integer and a decimal number, both mandatory, and the event code after them, as one operation.
fn integer_and_rational(
    item: &Struct,
    index: usize,
    pending: Pending,
    e: &mut Emitter<'_>,
) -> Option<String> {
    let mandatory = |index: usize| {
        let slot =
            item.slots.get(index).filter(|slot| slot.min == 1 && !slot.repeated() && slot.width() == 1)?;
        slot.single().map(|(_, item)| (slot, item))
    };
    let (first, integer) = mandatory(index).filter(|(slot, _)| slot.kind == SlotKind::Element)?;
    let (second, number) = mandatory(index + 1)?;
    let after = item.state(index + 2);
    let matches = matches!((&integer.ty, &number.ty), (Ty::U32, Ty::Rational(_)));
    if !matches || item.simple_content || !matches!(pending, Pending::Lead(0)) || item.state(index).count > 1
    {
        return None;
    }
    let next = if uses_next(item, index + 2) || after.count > 1 { "next" } else { "_" };
    Some(format!(
        "let ({}, {}, {next}) = r.u32_rational_then(LEAD, ({}, {}), {}, {})?;",
        first.field,
        second.field,
        e.name(&integer.xml),
        e.name(&number.xml),
        after.width,
        after.count
    ))
}

/// Fields and elements of the mandatory booleans from slot `index` on, of as many as one window shows. Not of one that is read
/// with the event after it.
fn bools<'a>(item: &'a Struct, index: usize) -> Vec<(&'a str, &'a str)> {
    let bool = |(at, slot): (usize, &'a Slot)| {
        let simple = slot.kind == SlotKind::Element && slot.min == 1 && !slot.repeated() && slot.width() == 1;
        let alone = at == index || item.state(at).count == 1;
        let (_, element) = slot.single().filter(|_| simple && alone && item.state(at + 1).count == 1)?;
        matches!(element.ty, Ty::Bool).then_some((slot.field.as_str(), element.xml.as_str()))
    };
    item.slots.iter().enumerate().skip(index).map_while(bool).take(8).collect()
}

fn event(item: &Struct, lead: u32, state: State) -> String {
    let call = if item.simple_content { "text_event" } else { "event" };
    format!("r.{call}({lead}, {}, {}, n::NONE)?", state.width, state.count)
}

/// Whether the code before slot `index` (or before the end) looks at the variable `next`.
fn uses_next(item: &Struct, index: usize) -> bool {
    match item.slots.get(index) {
        Some(slot) => slot.min == 0 || slot.width() > 1 || slot.kind == SlotKind::Text,
        None => item.mixed,
    }
}

/// The end of the element.
fn finish(out: &mut String, item: &Struct, pending: Pending, e: &mut Emitter<'_>) {
    if item.simple_content {
        return;
    }
    let state = item.state(item.slots.len());
    match pending {
        Pending::Lead(lead) if state.count == 1 => {
            let _ = writeln!(out, "r.zeros({}, n::NONE)?;", lead + 1);
            return;
        }
        Pending::Lead(lead) => {
            let _ = writeln!(out, "let next = {};", event(item, lead, state));
        }
        Pending::Ended => return,
        Pending::Next => {}
    }
    if item.mixed {
        e.imports.codec("ErrorKind");
        let _ = writeln!(out, "if next > 0 {{ return Err(r.fail(ErrorKind::MixedContent, n::NONE)); }}");
    }
}

fn slot_code(
    out: &mut String,
    item: &Struct,
    index: usize,
    slot: &Slot,
    pending: Pending,
    e: &mut Emitter<'_>,
) -> Result<Pending> {
    let lead = match pending {
        Pending::Lead(lead) => lead,
        Pending::Next | Pending::Ended => 0,
    };
    if slot.kind == SlotKind::Text {
        return text(out, slot, e);
    }
    if slot.alternatives.iter().any(|a| matches!(a, Alternative::Wildcard)) {
        wildcard(out, slot, e)?;
        if slot.single().is_none() {
            let _ = writeln!(out, "let next = next - {};", slot.width());
            return Ok(Pending::Next);
        }
    }
    if slot.choice.is_some() {
        return choice(out, item, index, slot, e);
    }
    let (code, single) =
        slot.single().ok_or_else(|| CodegenError::unsupported(&item.xml, "slot without element"))?;
    let last = !uses_next(item, index + 1);
    let next = if last { "_" } else { "next" };
    let field = &slot.field;
    if slot.repeated() {
        let shape = e.shape(item, index);
        let name = e.name(&single.xml);
        let list = if matches!(single.ty, Ty::Opaque) {
            format!("r.opaque_run(&{shape}, {name})?")
        } else {
            format!("r.list(&{shape}, {name}, {})?", item_reader(single, e)?)
        };
        if slot.min > 0 {
            if lead > 0 {
                let _ = writeln!(out, "r.zeros({lead}, {name})?;");
            }
            let _ = writeln!(out, "let ({field}, {next}) = {list};");
        } else {
            let (some, none) = if matches!(single.ty, Ty::Opaque) {
                (format!("let (v, after) = {list}; (Some(v), after)"), "None".into())
            } else {
                (list, e.imports.value("List") + "::default()")
            };
            let rest = if last { "0".into() } else { format!("next - {}", slot.width()) };
            let _ = writeln!(
                out,
                "let ({field}, {next}) = if next == {code} {{ {some} }} else {{ ({none}, {rest}) }};"
            );
        }
        return Ok(Pending::Next);
    }
    let mut read =
        if slot.kind == SlotKind::Attribute { attribute(single, lead, e)? } else { read(single, lead, e)? };
    read.expr = read.expr.replace(PLACE, field);
    let after = item.state(index + 1);
    if slot.min > 0 {
        let ends = item.is_leaf() && index + 1 == item.slots.len() && after.count == 1;
        if (after.count > 1 || ends)
            && let Some((both, convert)) = read.then_event(item, after)
        {
            let next = if uses_next(item, index + 1) || after.count > 1 { "next" } else { "_" };
            let _ = writeln!(out, "let ({field}, {next}) = {both};");
            if !convert.is_empty() {
                let _ = writeln!(out, "let {field} = {field}{convert};");
            }
            return Ok(if ends { Pending::Ended } else { Pending::Next });
        }
        let _ = writeln!(out, "let {field} = {};", read.expr);
        return Ok(Pending::Lead(read.tail));
    }
    if last && after.count == 1 && !item.simple_content {
        let _ = writeln!(
            out,
            "let {field} = if next == {code} {{ let v = {}; r.zeros({}, n::NONE)?; Some(v) }} else {{ None }};",
            read.expr,
            read.tail + 1
        );
    } else if let Some((both, convert)) = read.then_event(item, after) {
        let _ = writeln!(
            out,
            "let ({field}, next) = if next == {code} {{ let (v, next) = {both}; (Some(v{convert}), next) }} else {{ (None, next - {}) }};",
            slot.width()
        );
    } else {
        let _ = writeln!(
            out,
            "let ({field}, next) = if next == {code} {{ let v = {}; (Some(v), {}) }} else {{ (None, next - {}) }};",
            read.expr,
            event(item, read.tail, after),
            slot.width()
        );
    }
    Ok(Pending::Next)
}

fn text(out: &mut String, slot: &Slot, e: &mut Emitter<'_>) -> Result<Pending> {
    let (_, item) = slot.single().ok_or_else(|| CodegenError::unsupported(&slot.field, "text"))?;
    let Ty::Bytes { min, max, .. } = item.ty else {
        return Err(CodegenError::unsupported(&slot.field, "simple content other than octets"));
    };
    let field = &slot.field;
    let (bytes, max) = (e.imports.value("Bytes"), limit(max));
    let _ = writeln!(
        out,
        "let {field} = if next == 0 {{ let v = r.binary(0, {min}, {max}, n::NONE)?; r.zeros(1, n::NONE)?; v }} else {{ {bytes}::default() }};"
    );
    Ok(Pending::Next)
}

fn wildcard(out: &mut String, slot: &Slot, e: &mut Emitter<'_>) -> Result<()> {
    let wildcards = slot.alternatives.iter().filter(|a| matches!(a, Alternative::Wildcard)).count();
    if wildcards > 1 {
        return Err(CodegenError::unsupported(&slot.field, "several wildcards"));
    }
    let code = slot.width() - 1;
    e.imports.codec("ErrorKind");
    let _ = writeln!(out, "if next == {code} {{ return Err(r.fail(ErrorKind::Wildcard, n::NONE)); }}");
    Ok(())
}

fn choice(
    out: &mut String,
    item: &Struct,
    index: usize,
    slot: &Slot,
    e: &mut Emitter<'_>,
) -> Result<Pending> {
    let path = slot.choice.clone().ok_or_else(|| CodegenError::unsupported(&item.xml, "choice"))?;
    let after = item.state(index + 1);
    let variants = e.variants(&path);
    let items: Vec<(u32, Item)> = slot.items().map(|(code, item)| (code, item.clone())).collect();
    let mut arms = Vec::new();
    for ((code, alternative), variant) in items.iter().zip(&variants) {
        let (value, tail) = if matches!(alternative.ty, Ty::Unit) {
            let zeros = format!("r.zeros(1, {})?", e.name(&alternative.xml));
            (e.alternative(slot, &path, variant, &alternative.ty, None, &zeros), 0)
        } else {
            let read = read(alternative, 0, e)?;
            (e.alternative(slot, &path, variant, &alternative.ty, Some(&read.expr), ""), read.tail)
        };
        arms.push((*code, value, tail));
    }
    let field = &slot.field;
    let is_abstract = slot.alternatives.iter().any(|a| matches!(a, Alternative::Abstract));
    let error = if is_abstract {
        e.imports.codec("ErrorKind");
        "return Err(r.fail(ErrorKind::AbstractElement, n::NONE))"
    } else {
        ""
    };
    if slot.min > 0 {
        let same = arms.iter().all(|(_, _, tail)| *tail == arms[0].2);
        let tail = if same { arms[0].2 } else { 0 };
        let _ = writeln!(out, "let {field} = match next {{");
        for (position, (code, value, own)) in arms.iter().enumerate() {
            let pattern =
                if !is_abstract && position + 1 == arms.len() { "_".into() } else { code.to_string() };
            if *own > tail {
                let _ = writeln!(out, "{pattern} => {{ let v = {value}; r.zeros({own}, n::NONE)?; v }}");
            } else {
                let _ = writeln!(out, "{pattern} => {value},");
            }
        }
        if is_abstract {
            let _ = writeln!(out, "_ => {error},");
        }
        let _ = writeln!(out, "}};");
        return Ok(Pending::Lead(tail));
    }
    let last = !uses_next(item, index + 1);
    let next = if last { "_" } else { "next" };
    let _ = writeln!(out, "let ({field}, {next}) = match next {{");
    for (code, value, tail) in &arms {
        let _ = writeln!(out, "{code} => {{ let v = {value}; (Some(v), {}) }}", event(item, *tail, after));
    }
    let rest = if last { "0".into() } else { format!("next - {}", slot.width()) };
    if is_abstract {
        return Err(CodegenError::unsupported(&item.xml, "optional choice with an abstract head"));
    }
    let _ = writeln!(out, "_ => (None, {rest}),");
    let _ = writeln!(out, "}};");
    Ok(Pending::Next)
}

/// Reads an item of a list, its end included.
fn item_reader(item: &Item, e: &mut Emitter<'_>) -> Result<String> {
    let read = match item.ty {
        Ty::Struct { .. } => {
            Read { expr: format!("r.child(0, {})?", e.name(&item.xml)), tail: 0, with_event: None }
        }
        _ => read(item, 0, e)?,
    };
    Ok(if read.tail > 0 {
        format!("|r| {{ let v = {}; r.zeros({}, {})?; Ok(v) }}", read.expr, read.tail, e.name(&item.xml))
    } else {
        match read.expr.strip_suffix('?') {
            Some(call) => format!("|r| {call}"),
            None => format!("|r| Ok({})", read.expr),
        }
    })
}

fn limit(max: Option<u32>) -> String {
    max.map_or("u32::MAX".into(), |max| max.to_string())
}

fn attribute(item: &Item, lead: u32, e: &mut Emitter<'_>) -> Result<Read> {
    let Ty::Str { min, max } = item.ty else {
        return Err(CodegenError::unsupported(&item.xml, "attribute that is not a string"));
    };
    let expr = format!("r.string({lead}, {min}, {}, {})?", limit(max), e.name(&item.xml));
    Ok(Read { expr, tail: 0, with_event: None })
}

/// Reads an element after `lead` zero bits, the last of which started it.
fn read(item: &Item, lead: u32, e: &mut Emitter<'_>) -> Result<Read> {
    let n = e.name(&item.xml);
    // With the event of the text.
    let text = lead + 1;
    let (expr, tail) = match &item.ty {
        Ty::Bool => (format!("r.small({text}, 1, 2, {n})? == 1"), 1),
        Ty::Enum { path, .. } => (format!("{}::read(r, {text}, {n})?", e.imports.path(path)), 1),
        Ty::Ranged { path, width, count } => {
            (format!("{}::from_offset(r.small({text}, {width}, {count}, {n})?)", e.imports.path(path)), 1)
        }
        Ty::U8 => (format!("r.small({text}, 8, 256, {n})? as u8"), 1),
        Ty::I8 => (format!("(r.small({text}, 8, 256, {n})? as u8 ^ 0x80) as i8"), 1),
        Ty::U16 => (format!("r.u16({text}, {n})?"), 1),
        Ty::U32 => (format!("r.u32({text}, {n})?"), 1),
        Ty::U64 => (format!("r.u64({text}, {n})?"), 1),
        Ty::Positive(_) => (format!("r.positive({text}, {n})?"), 1),
        Ty::I16 => (format!("r.i16({text}, {n})?"), 1),
        Ty::I32 => (format!("r.i32({text}, {n})?"), 1),
        Ty::Rational(_) => (format!("r.rational({lead}, {n})?"), 0),
        Ty::Str { min, max } => (format!("r.text({text}, {min}, {}, {n})?", limit(*max)), 0),
        Ty::Bytes { min, max, .. } => (format!("r.bytes({text}, {min}, {}, {n})?", limit(*max)), 0),
        Ty::Array { .. } => (format!("r.array({text}, {n})?"), 1),
        Ty::Integer => (format!("r.integer({text}, {n})?"), 1),
        Ty::Struct { .. } if e.fills() => {
            (format!("r.element({lead}, {n}, |r| Filled::fill(r, &raw mut (*out).{PLACE}))?"), 0)
        }
        Ty::Struct { .. } | Ty::Lazy { .. } => (format!("r.child({lead}, {n})?"), 0),
        Ty::Wrapped { item: inner, min, max } => {
            let shape = e.final_shape(*min, *max, &inner.ty);
            let reader = item_reader(inner, e)?;
            (format!("r.wrapped({lead}, &{shape}, {n}, {}, {reader})?", e.name(&inner.xml)), 0)
        }
        Ty::Opaque => (format!("r.opaque({n})?"), 0),
        Ty::Unit => {
            return Err(CodegenError::unsupported(&item.xml, "element without content outside a choice"));
        }
    };
    let with_event = match &item.ty {
        Ty::Rational(_) => Some((format!("r.rational_then({lead}, {n}"), "")),
        Ty::Bool => Some((format!("r.small_then({text}, (1, 2), {n}"), " == 1")),
        Ty::U8 => Some((format!("r.small_then({text}, (8, 256), {n}"), " as u8")),
        Ty::Enum { path, .. } => Some((format!("{}::read_then(r, {text}, {n}", e.imports.path(path)), "")),
        _ => None,
    };
    Ok(Read { expr, tail, with_event })
}
