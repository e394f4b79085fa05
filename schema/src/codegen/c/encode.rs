//! The writing half of a struct of C's: as that of the type in Rust, with the fields as C has them.

use std::fmt::Write as _;

use super::super::encode::{Due, Write, limit};
use super::super::ir::{CodegenError, Item, Path, Slot, SlotKind, Struct, Ty};
use super::super::lower::{Registry, name_constant};
use super::super::profile::Profile;
use super::{Absence, Names, absence, plain, snake};

type Result<T> = std::result::Result<T, CodegenError>;

/// What the bodies of one module refer to.
pub(super) struct Body<'a> {
    pub(super) names: &'a Names,
    pub(super) registry: &'a Registry,
    pub(super) profile: &'a Profile<'a>,
}

impl Body<'_> {
    pub(super) fn of(&self, item: &Struct) -> Result<String> {
        let mut out = String::new();
        let mandatory =
            item.slots.iter().filter(|slot| slot.min > 0 && !slot.repeated() && slot.choice.is_none());
        let numbers =
            mandatory.filter(|slot| matches!(slot.single(), Some((_, Item { ty: Ty::Rational(_), .. }))));
        let present: Vec<String> = numbers.map(|slot| format!("self.{}.present", slot.field)).collect();
        if !present.is_empty() {
            let _ = writeln!(out, "complete({})?;", present.join(" & "));
        }
        let mut due = Due::Known { code: 0, bits: item.state(0).width };
        for (index, slot) in item.slots.iter().enumerate() {
            due = self.slot(&mut out, item, index, slot, due)?;
        }
        if !item.simple_content {
            let _ = writeln!(out, "w.event({}, {});", due.code(0, 0), due.bits(0));
        }
        out.push_str("Ok(())\n");
        Ok(out)
    }

    fn name(&self, xml: &str) -> String {
        format!("n::{}", name_constant(xml, self.profile.words))
    }

    fn rust(&self, path: &Path) -> String {
        super::rust_with_lifetime(self.registry, path)
    }

    fn slot(&self, out: &mut String, item: &Struct, index: usize, slot: &Slot, due: Due) -> Result<Due> {
        let after = item.state(index + 1);
        let field = format!("self.{}", slot.field);
        if slot.kind == SlotKind::Text {
            return text(out, slot, due);
        }
        let forbidden = slot.items().all(|(_, item)| matches!(item.ty, Ty::Opaque));
        if forbidden {
            if let Due::Variables = due {
                let _ = writeln!(out, "let code = code + {};", slot.width());
            }
            return Ok(due.skip(slot.width()));
        }
        if slot.choice.is_some() {
            return self.choice(out, item, index, slot, due);
        }
        let (code, single) =
            slot.single().ok_or_else(|| CodegenError::unsupported(&item.xml, "slot without element"))?;
        if slot.repeated() {
            let shape = format!(
                "const {{ ListShape::new({}, {}, {code}, {}, {}) }}",
                slot.min,
                slot.max.unwrap_or(0),
                slot.width(),
                after.count
            );
            let _ = writeln!(
                out,
                "let (code, bits) = {field}.write::<{}, _, _>(w, ({}, {}), &{shape}, {}, {})?;",
                self.item_type(single),
                due.code(0, 0),
                due.bits(0),
                self.name(&single.xml),
                self.item_writers(single)?
            );
            return Ok(Due::Variables);
        }
        let write = if slot.kind == SlotKind::Attribute {
            self.attribute(single, &field, due)?
        } else {
            self.write(single, &field, due, code)?
        };
        if slot.min > 0 {
            out.push_str(&write.code);
            return Ok(Due::Known { code: 0, bits: write.tail + after.width });
        }
        let there = match (absence(&single.ty), &single.ty) {
            (Absence::Flag, _) => format!("self.has_{} != 0", plain(&slot.field)),
            (_, Ty::Rational(_)) => format!("{field}.present != 0"),
            (_, Ty::Positive(_) | Ty::Enum { .. }) => format!("{field} != 0"),
            _ => format!("!{field}.is_none()"),
        };
        let _ = writeln!(
            out,
            "let (code, bits) = if {there} {{ {} (0, {}) }} else {{ ({}, {}) }};",
            write.code,
            write.tail + after.width,
            due.code(slot.width(), 0),
            due.bits(0)
        );
        Ok(Due::Variables)
    }

    fn choice(&self, out: &mut String, item: &Struct, index: usize, slot: &Slot, due: Due) -> Result<Due> {
        let unsupported = || CodegenError::unsupported(&item.xml, "choice");
        let path = slot.choice.as_ref().filter(|_| !slot.repeated()).ok_or_else(unsupported)?;
        let constant = self.names.constant(path);
        let choice = self.registry.choices.get(path).ok_or_else(unsupported)?;
        let after = item.state(index + 1);
        let mut arms = Vec::new();
        for ((code, alternative), (variant, _)) in slot.items().zip(&choice.variants) {
            let member = snake(variant);
            let kind = format!("{constant}_{}", member.to_ascii_uppercase());
            let mut write = if matches!(alternative.ty, Ty::Unit) {
                Write { code: format!("w.event({}, {});", due.code(code, 1), due.bits(1)), tail: 0 }
            } else {
                self.write(alternative, &format!("self.{}.value.{member}", slot.field), due, code)?
            };
            if let Ty::Rational(_) = alternative.ty {
                write.code = format!("complete(self.{}.value.{member}.present)?; {}", slot.field, write.code);
            }
            arms.push((kind, write));
        }
        let same = arms.iter().all(|(_, write)| write.tail == arms[0].1.tail);
        if slot.min > 0 && same {
            let _ = writeln!(out, "match self.{}.kind {{", slot.field);
            for (kind, write) in &arms {
                let _ = writeln!(out, "{kind} => {{ {} }}", write.code);
            }
            let _ = writeln!(out, "other => return Err(no_choice(other)),\n}}");
            return Ok(Due::Known { code: 0, bits: arms[0].1.tail + after.width });
        }
        if slot.min > 0 {
            let _ = writeln!(out, "let (code, bits) = match self.{}.kind {{", slot.field);
        } else {
            let _ = writeln!(
                out,
                "let (code, bits) = if self.has_{} == 0 {{ ({}, {}) }} else {{ match self.{}.kind {{",
                plain(&slot.field),
                due.code(slot.width(), 0),
                due.bits(0),
                slot.field
            );
        }
        for (kind, write) in &arms {
            let _ = writeln!(out, "{kind} => {{ {} (0, {}) }}", write.code, write.tail + after.width);
        }
        let _ = writeln!(out, "other => return Err(no_choice(other)),");
        out.push_str(if slot.min > 0 { "};\n" } else { "} };\n" });
        Ok(Due::Variables)
    }

    /// The type in Rust of an item.
    fn item_type(&self, item: &Item) -> String {
        match &item.ty {
            Ty::Struct { path, .. } | Ty::Enum { path, .. } => self.rust(path),
            Ty::Str { .. } => "exi_codec::Str<'_>".into(),
            Ty::Bytes { .. } => "exi_codec::Bytes<'_>".into(),
            _ => "u16".into(),
        }
    }

    /// Two functions that write an item of a list, its end included: one that was received, and one of C's.
    fn item_writers(&self, item: &Item) -> Result<String> {
        let n = self.name(&item.xml);
        if let Ty::Struct { .. } = item.ty {
            return Ok(format!("|w, v| w.child(0, 0, v, {n}), |w, v| w.element(0, 0, {n}, |w| v.encode(w))"));
        }
        let received = match &item.ty {
            Ty::Str { min, max } => format!("|w, v| w.text(0, 0, v, ({min}, {}), {n})", limit(*max)),
            Ty::Bytes { min, max, .. } => format!("|w, v| w.bytes(0, 0, v, ({min}, {}), {n})", limit(*max)),
            Ty::U16 => "|w, &v| { w.u32(0, 1, u32::from(v)); w.event(0, 1); Ok(()) }".into(),
            Ty::Enum { width, .. } => {
                format!("|w, &v| {{ w.small(0, 1, v as u32, {width}); w.event(0, 1); Ok(()) }}")
            }
            _ => return Err(CodegenError::unsupported(&item.xml, "list of such items")),
        };
        let own = self.write(item, "v", Due::Known { code: 0, bits: 0 }, 0)?;
        let value = if matches!(item.ty, Ty::U16 | Ty::Enum { .. }) { "&v" } else { "v" };
        let end = if own.tail > 0 { format!("w.event(0, {});", own.tail) } else { String::new() };
        Ok(format!("{received}, |w, {value}| {{ {} {end} Ok(()) }}", own.code))
    }

    fn attribute(&self, item: &Item, value: &str, due: Due) -> Result<Write> {
        let Ty::Str { min, max } = item.ty else {
            return Err(CodegenError::unsupported(&item.xml, "attribute that is not a string"));
        };
        let code = format!(
            "{value}.attribute(w, ({}, {}), ({min}, {}), {})?;\n",
            due.code(0, 0),
            due.bits(0),
            limit(max),
            self.name(&item.xml)
        );
        Ok(Write { code, tail: 0 })
    }

    /// Writes an element whose start has event code `add` in the state at hand.
    fn write(&self, item: &Item, value: &str, due: Due, add: u32) -> Result<Write> {
        let n = self.name(&item.xml);
        let (code, bits) = (due.code(add, 0), due.bits(0));
        // With the event of the text.
        let (text, text_bits) = (due.code(add, 1), due.bits(1));
        let small =
            |value: String, width: u32| (format!("w.small({text}, {text_bits}, {value}, {width});"), 1);
        let (code, tail) = match &item.ty {
            Ty::Bool => small(format!("u32::from({value} != 0)"), 1),
            Ty::Enum { path, width } => {
                let count = self.registry.enumerations.get(path).map_or(0, |item| item.variants.len());
                small(format!("index({value}, {count})?"), *width)
            }
            Ty::Ranged { path, width, .. } => {
                let ty = self.rust(path);
                small(format!("{ty}::new({value}).ok_or(VALUE)?.offset()"), *width)
            }
            Ty::U8 => small(format!("u32::from({value})"), 8),
            Ty::I8 => small(format!("u32::from({value} as u8 ^ 0x80)"), 8),
            Ty::U16 => (format!("w.u32({text}, {text_bits}, u32::from({value}));"), 1),
            Ty::U32 => (format!("w.u32({text}, {text_bits}, {value});"), 1),
            Ty::U64 => (format!("w.u64({text}, {text_bits}, {value});"), 1),
            Ty::Positive(_) => (format!("w.u32({text}, {text_bits}, positive({value})?);"), 1),
            Ty::I16 => (format!("w.i32({text}, {text_bits}, i32::from({value}));"), 1),
            Ty::I32 => (format!("w.i32({text}, {text_bits}, {value});"), 1),
            Ty::Rational(_) => (format!("w.rational({code}, {bits}, rational(&{value}));"), 0),
            Ty::Str { min, max } => {
                (format!("{value}.text(w, ({code}, {bits}), ({min}, {}), {n})?;", limit(*max)), 0)
            }
            Ty::Bytes { min, max, .. } => {
                (format!("{value}.bytes(w, ({code}, {bits}), ({min}, {}), {n})?;", limit(*max)), 0)
            }
            Ty::Array { .. } => (format!("w.array({code}, {bits}, &{value});"), 1),
            Ty::Integer => (format!("{value}.integer(w, ({text}, {text_bits}))?;"), 1),
            Ty::Struct { .. } => (format!("w.element({code}, {bits}, {n}, |w| {value}.encode(w))?;"), 0),
            Ty::Lazy { path, .. } => {
                (format!("{value}.write::<{}>(w, ({code}, {bits}), {n})?;", self.rust(path)), 0)
            }
            Ty::Wrapped { item: inner, min, max } => {
                let shape = format!("const {{ ListShape::new({min}, {}, 0, 1, 1) }}", max.unwrap_or(0));
                let call = format!(
                    "{value}.wrapped::<{}, _, _>(w, ({code}, {bits}), &{shape}, ({n}, {}), {})?;",
                    self.item_type(inner),
                    self.name(&inner.xml),
                    self.item_writers(inner)?
                );
                (call, 0)
            }
            Ty::Opaque | Ty::Unit => {
                return Err(CodegenError::unsupported(&item.xml, "element without content outside a choice"));
            }
        };
        Ok(Write { code: code + "\n", tail })
    }
}

fn text(out: &mut String, slot: &Slot, due: Due) -> Result<Due> {
    let (_, item) = slot.single().ok_or_else(|| CodegenError::unsupported(&slot.field, "text"))?;
    let Ty::Bytes { min, max, .. } = item.ty else {
        return Err(CodegenError::unsupported(&slot.field, "simple content other than octets"));
    };
    let _ = writeln!(
        out,
        "self.{}.octets_or_end(w, ({}, {}), ({min}, {}))?;",
        slot.field,
        due.code(0, 0),
        due.bits(0),
        limit(max)
    );
    Ok(due)
}
