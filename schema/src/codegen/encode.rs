//! The writing half of a type: the mirror image of the reading half.

use std::fmt::Write as _;

use super::ir::{CodegenError, Item, Slot, SlotKind, Struct, Ty};
use super::module::Emitter;

type Result<T> = std::result::Result<T, CodegenError>;

/// The event codes that are due before a slot, as one field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    /// Known to the generator.
    Known { code: u32, bits: u32 },
    /// In the variables `code` and `bits`.
    Variables,
}

impl Due {
    pub(super) fn code(self, add: u32, shift: u32) -> String {
        match (self, add, shift) {
            (Self::Known { code, .. }, _, _) => ((code + add) << shift).to_string(),
            (Self::Variables, 0, 0) => "code".into(),
            (Self::Variables, add, 0) => format!("code + {add}"),
            (Self::Variables, 0, shift) => format!("code << {shift}"),
            (Self::Variables, add, shift) => format!("(code + {add}) << {shift}"),
        }
    }

    pub(super) fn bits(self, add: u32) -> String {
        match (self, add) {
            (Self::Known { bits, .. }, _) => (bits + add).to_string(),
            (Self::Variables, 0) => "bits".into(),
            (Self::Variables, add) => format!("bits + {add}"),
        }
    }

    pub(super) fn skip(self, productions: u32) -> Self {
        match self {
            Self::Known { code, bits } => Self::Known { code: code + productions, bits },
            Self::Variables => Self::Variables,
        }
    }
}

/// Statements that write a value, and the zero bits that are due after it.
pub(super) struct Write {
    pub(super) code: String,
    pub(super) tail: u32,
}

pub(super) fn body(out: &mut String, item: &Struct, e: &mut Emitter<'_>) -> Result<()> {
    let mut due = Due::Known { code: 0, bits: item.state(0).width };
    for (index, slot) in item.slots.iter().enumerate() {
        due = slot_code(out, item, index, slot, due, e)?;
    }
    if !item.simple_content {
        let _ = writeln!(out, "w.event({}, {});", due.code(0, 0), due.bits(0));
    }
    let _ = writeln!(out, "Ok(())");
    Ok(())
}

fn slot_code(
    out: &mut String,
    item: &Struct,
    index: usize,
    slot: &Slot,
    due: Due,
    e: &mut Emitter<'_>,
) -> Result<Due> {
    let after = item.state(index + 1);
    let field = format!("self.{}", slot.field);
    if slot.kind == SlotKind::Text {
        return text(out, slot, due);
    }
    if slot.items().next().is_none() {
        if let Due::Variables = due {
            let _ = writeln!(out, "let code = code + {};", slot.width());
        }
        return Ok(due.skip(slot.width()));
    }
    if slot.choice.is_some() {
        return choice(out, item, index, slot, due, e);
    }
    let (code, single) =
        slot.single().ok_or_else(|| CodegenError::unsupported(&item.xml, "slot without element"))?;
    let opaque = matches!(single.ty, Ty::Opaque);
    if slot.repeated() && !opaque {
        let (shape, name) = (e.shape(item, index), e.name(&single.xml));
        let writer = item_writer(single, e)?;
        let _ = writeln!(
            out,
            "let (code, bits) = w.list({}, {}, &{shape}, &{field}, {name}, {writer})?;",
            due.code(0, 0),
            due.bits(0)
        );
        return Ok(Due::Variables);
    }
    if slot.min > 0 {
        let write = if slot.kind == SlotKind::Attribute {
            attribute(single, &field, due, e)?
        } else {
            write(single, &field, due, code, e)?
        };
        out.push_str(&write.code);
        return Ok(Due::Known { code: 0, bits: write.tail + after.width });
    }
    let write = if slot.kind == SlotKind::Attribute {
        attribute(single, "v", due, e)?
    } else {
        write(single, "v", due, code, e)?
    };
    // An unbounded opaque run may be followed by more of its kind: the state stays the same.
    let next = if slot.repeated() {
        format!("({}, {})", slot.width(), item.state(index).width)
    } else {
        format!("(0, {})", write.tail + after.width)
    };
    let _ = writeln!(
        out,
        "let (code, bits) = if let Some(v) = {field} {{ {} {next} }} else {{ ({}, {}) }};",
        write.code,
        due.code(slot.width(), 0),
        due.bits(0)
    );
    Ok(Due::Variables)
}

fn text(out: &mut String, slot: &Slot, due: Due) -> Result<Due> {
    let (_, item) = slot.single().ok_or_else(|| CodegenError::unsupported(&slot.field, "text"))?;
    let Ty::Bytes { min, max, .. } = item.ty else {
        return Err(CodegenError::unsupported(&slot.field, "simple content other than octets"));
    };
    let _ = writeln!(
        out,
        "w.octets_or_end({}, {}, &self.{}, ({min}, {}), n::NONE)?;",
        due.code(0, 0),
        due.bits(0),
        slot.field,
        limit(max)
    );
    Ok(due)
}

fn choice(
    out: &mut String,
    item: &Struct,
    index: usize,
    slot: &Slot,
    due: Due,
    e: &mut Emitter<'_>,
) -> Result<Due> {
    let path = slot.choice.clone().ok_or_else(|| CodegenError::unsupported(&item.xml, "choice"))?;
    let name = e.imports.path(&path);
    let variants = e.variants(&path);
    let after = item.state(index + 1);
    let items: Vec<(u32, Item)> = slot.items().map(|(code, item)| (code, item.clone())).collect();
    let mut arms = Vec::new();
    for ((code, alternative), variant) in items.iter().zip(&variants) {
        if matches!(alternative.ty, Ty::Unit) {
            let code = format!("w.event({}, {});", due.code(*code, 1), due.bits(1));
            arms.push((format!("{name}::{variant}"), Write { code, tail: 0 }));
        } else {
            let write = write(alternative, "v", due, *code, e)?;
            arms.push((format!("{name}::{variant}(v)"), write));
        }
    }
    let same = arms.iter().all(|(_, write)| write.tail == arms[0].1.tail);
    if slot.min > 0 && same {
        let _ = writeln!(out, "match self.{} {{", slot.field);
        for (pattern, write) in &arms {
            let _ = writeln!(out, "{pattern} => {{ {} }}", write.code);
        }
        let _ = writeln!(out, "}}");
        return Ok(Due::Known { code: 0, bits: arms[0].1.tail + after.width });
    }
    let _ = writeln!(out, "let (code, bits) = match self.{} {{", slot.field);
    for (pattern, write) in &arms {
        let pattern = if slot.min == 0 { format!("Some({pattern})") } else { pattern.clone() };
        let _ = writeln!(out, "{pattern} => {{ {} (0, {}) }}", write.code, write.tail + after.width);
    }
    if slot.min == 0 {
        let _ = writeln!(out, "None => ({}, {}),", due.code(slot.width(), 0), due.bits(0));
    }
    let _ = writeln!(out, "}};");
    Ok(Due::Variables)
}

/// Writes an item of a list, its end included.
fn item_writer(item: &Item, e: &mut Emitter<'_>) -> Result<String> {
    if let Ty::Struct { .. } = item.ty {
        return Ok(format!("|w, v| w.child(0, 0, v, {})", e.name(&item.xml)));
    }
    let write = write(item, "v", Due::Known { code: 0, bits: 0 }, 0, e)?;
    let code = write.code.trim();
    Ok(match code.strip_suffix("?;") {
        Some(call) if write.tail == 0 => format!("|w, &v| {call}"),
        _ if write.tail == 0 => format!("|w, &v| {{ {code} Ok(()) }}"),
        _ => format!("|w, &v| {{ {code} w.event(0, {}); Ok(()) }}", write.tail),
    })
}

pub(super) fn limit(max: Option<u32>) -> String {
    max.map_or("u32::MAX".into(), |max| max.to_string())
}

fn attribute(item: &Item, value: &str, due: Due, e: &mut Emitter<'_>) -> Result<Write> {
    let Ty::Str { min, max } = item.ty else {
        return Err(CodegenError::unsupported(&item.xml, "attribute that is not a string"));
    };
    let name = e.name(&item.xml);
    let code = format!(
        "w.string({}, {}, &{value}, ({min}, {}), {name})?;\n",
        due.code(0, 0),
        due.bits(0),
        limit(max)
    );
    Ok(Write { code, tail: 0 })
}

/// Writes an element whose start has event code `add` in the state at hand.
fn write(item: &Item, value: &str, due: Due, add: u32, e: &mut Emitter<'_>) -> Result<Write> {
    let n = e.name(&item.xml);
    let (code, bits) = (due.code(add, 0), due.bits(0));
    // With the event of the text.
    let (text, text_bits) = (due.code(add, 1), due.bits(1));
    let small = |value: String, width: u32| (format!("w.small({text}, {text_bits}, {value}, {width});"), 1);
    let (code, tail) = match &item.ty {
        Ty::Bool => small(format!("u32::from({value})"), 1),
        Ty::Enum { width, .. } => small(format!("{value} as u32"), *width),
        Ty::Ranged { width, .. } => small(format!("{value}.offset()"), *width),
        Ty::U8 => small(format!("u32::from({value})"), 8),
        Ty::I8 => small(format!("u32::from({value} as u8 ^ 0x80)"), 8),
        Ty::U16 => (format!("w.u32({text}, {text_bits}, u32::from({value}));"), 1),
        Ty::U32 => (format!("w.u32({text}, {text_bits}, {value});"), 1),
        Ty::U64 => (format!("w.u64({text}, {text_bits}, {value});"), 1),
        Ty::Positive(_) => (format!("w.u32({text}, {text_bits}, {value}.get());"), 1),
        Ty::I16 => (format!("w.i32({text}, {text_bits}, i32::from({value}));"), 1),
        Ty::I32 => (format!("w.i32({text}, {text_bits}, {value});"), 1),
        Ty::Rational(path) => {
            let number =
                if path.name == "RationalNumber" { value.into() } else { format!("{value}.number()") };
            (format!("w.rational({code}, {bits}, {number});"), 0)
        }
        Ty::Str { min, max } => {
            (format!("w.text({code}, {bits}, &{value}, ({min}, {}), {n})?;", limit(*max)), 0)
        }
        Ty::Bytes { min, max, .. } => {
            (format!("w.bytes({code}, {bits}, &{value}, ({min}, {}), {n})?;", limit(*max)), 0)
        }
        Ty::Array { .. } => (format!("w.array({code}, {bits}, &{value});"), 1),
        Ty::Integer => (format!("w.integer({text}, {text_bits}, &{value});"), 1),
        Ty::Struct { .. } | Ty::Lazy { .. } => (format!("w.child({code}, {bits}, &{value}, {n})?;"), 0),
        Ty::Wrapped { item: inner, min, max } => {
            let shape = e.final_shape(*min, *max, &inner.ty);
            let writer = item_writer(inner, e)?;
            let name = e.name(&inner.xml);
            (format!("w.wrapped({code}, {bits}, &{shape}, &{value}, {n}, {name}, {writer})?;"), 0)
        }
        Ty::Opaque => (format!("w.opaque({code}, {bits}, &{value});"), 0),
        Ty::Unit => {
            return Err(CodegenError::unsupported(&item.xml, "element without content outside a choice"));
        }
    };
    Ok(Write { code: code + "\n", tail })
}
