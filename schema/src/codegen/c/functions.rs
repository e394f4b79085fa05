//! The functions of a module for C: of its messages, of the items of lists, of elements that are decoded when they are wanted.

use std::collections::BTreeSet;

use super::super::ir::{Item, Path, Ty};
use super::super::module::{Root, Roots};
use super::super::naming::{camel, words};
use super::{Emitter, leaf, snake};

impl Emitter<'_> {
    pub(super) fn messages(&mut self, roots: &Roots<'_>) {
        let profile = self.profile;
        let leaf = leaf(roots.set.module).to_owned();
        let (c, constant) =
            (format!("v2g_exi_{leaf}_message"), format!("V2G_EXI_{}_MESSAGE", leaf.to_ascii_uppercase()));
        let items: Vec<(String, Item)> = roots
            .documents
            .iter()
            .map(|root: &Root| {
                let ty = Ty::Struct { path: root.path.clone(), borrows: root.borrows };
                (camel(&words(&root.xml, profile.words)), Item { xml: root.xml.clone(), ty })
            })
            .collect();
        let variants: Vec<(String, &Item)> = items.iter().map(|(name, item)| (name.clone(), item)).collect();
        self.union(&c, &constant, &variants, "The messages");
        let rust = format!("exi_codec::{}::Message<'a>", roots.set.module.replace('/', "::"));
        let document = format!("<{} as exi_codec::Document<'_>>::WIDTH", rust.replace("'a", "'_"));
        self.line(format!(
            "impl Encoded for {c} {{\n#[cfg_attr(target_pointer_width = \"64\", inline(always))]\n\
             unsafe fn encode(&self, w: &mut Writer<'_>) -> Written {{\n\
             const WIDTH: u32 = {document};\n\
             // SAFETY: promised by the caller; the kind says which member was set.\nunsafe {{ match self.kind {{"
        ));
        for root in &roots.documents {
            let member = snake(&camel(&words(&root.xml, profile.words)));
            let (kind, code) = (format!("{constant}_{}", member.to_ascii_uppercase()), root.code);
            self.line(format!("{kind} => {{ w.root({code}, WIDTH); self.value.{member}.encode(w) }}"));
        }
        self.line("other => Err(no_choice(other)),\n} }\n}\n}\n");
        let title = roots.set.title;
        self.line(format!(
            "/// Decodes a message of the set {title}. What `out` then holds refers to `bytes`, which have to stay.\n///\n\
             /// `V2G_E_EXI_*`: it is none; `error`, which may be null, says where and in which element."
        ));
        self.line(format!(
            "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn v2g_exi_{leaf}_decode(\n    bytes: *const u8,\n    length: usize,\n    \
             out: *mut {c},\n    error: *mut v2g_exi_error,\n) -> i32 {{\n    // SAFETY: promised by the caller, see the top of \
             v2g.h.\n    unsafe {{\n        decode(bytes, length, out, error, {document}, |code, r| match code {{"
        ));
        for root in &roots.documents {
            let (ty, code) = (self.rust_with_lifetime(&root.path), root.code);
            let name = snake(&camel(&words(&root.xml, profile.words)));
            let kind = format!("{constant}_{}", name.to_ascii_uppercase());
            self.line(format!(
                "{code} => message::<{ty}>(r, (&raw mut (*out).kind, {kind}), &raw mut (*out).value.{name}),"
            ));
        }
        self.line("_ => Err(r.no_root()),\n})\n    }\n}\n");
        self.line(format!(
            "/// Encodes a message of the set {title} into `out`, and says in `length` how many octets it takes.\n///\n\
             /// `V2G_E_BUFFER`: `out` is too small, `length` says how much is needed.\n\
             /// `V2G_E_MISSING`: something mandatory is absent. `V2G_E_EXI_*`: a value is outside the limits of the schema; `error`,\n\
             /// which may be null, says in which element."
        ));
        self.line(format!(
            "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn v2g_exi_{leaf}_encode(\n    message: *const {c},\n    out: *mut u8,\n    \
             capacity: usize,\n    length: *mut usize,\n    error: *mut v2g_exi_error,\n) -> i32 {{\n    // SAFETY: promised by the \
             caller.\n    unsafe {{ encode(message, (out, capacity), length, error) }}\n}}\n"
        ));
    }

    /// Functions for the items of lists, and for elements that are decoded when they are wanted.
    pub(super) fn accessors(&mut self) {
        let (mut listed, mut deferred) = (BTreeSet::new(), BTreeSet::new());
        for item in self.registry.structs.values() {
            for slot in &item.slots {
                for (_, inner) in slot.items() {
                    if let Ty::Wrapped { item, .. } = &inner.ty
                        && let Some(path) = path_of(&item.ty)
                    {
                        listed.insert(path.clone());
                    }
                    if let Ty::Lazy { path, .. } = &inner.ty {
                        deferred.insert(path.clone());
                    }
                }
                if slot.repeated() {
                    let inner = slot
                        .choice
                        .as_ref()
                        .or_else(|| slot.single().and_then(|(_, item)| path_of(&item.ty)));
                    listed.extend(inner.cloned());
                }
            }
        }
        for choice in self.registry.choices.values() {
            for (_, item) in &choice.variants {
                if let Ty::Wrapped { item, .. } = &item.ty
                    && let Some(path) = path_of(&item.ty)
                {
                    listed.insert(path.clone());
                }
            }
        }
        let own = |path: &&Path| path.module.as_deref() == Some(self.module);
        let listed: Vec<Path> = listed.iter().filter(own).cloned().collect();
        let deferred: Vec<Path> = deferred.iter().filter(own).cloned().collect();
        for path in listed {
            let (c, rust) = (self.names.c(&path), self.rust_with_lifetime(&path));
            let item =
                if self.registry.enumerations.contains_key(&path) { "u8".to_owned() } else { c.clone() };
            self.line(format!(
                "/// Begins to read a list of `{item}` that was received.\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn \
                 {c}_begin(list: *const v2g_exi_list, iter: *mut v2g_exi_iter) -> i32 {{\n    // SAFETY: promised by the caller.\n    \
                 unsafe {{ begin::<{rust}>(list, iter) }}\n}}\n"
            ));
            self.line(format!(
                "/// Reads the next item. `V2G_NONE`: there is none.\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn \
                 {c}_next(iter: *mut v2g_exi_iter, out: *mut {item}) -> i32 {{\n    // SAFETY: promised by the caller.\n    unsafe \
                 {{ next::<{rust}>(iter, out) }}\n}}\n"
            ));
        }
        for path in deferred {
            let (c, rust) = (self.names.c(&path), self.rust_with_lifetime(&path));
            self.line(format!(
                "/// Reads an element that was received. `V2G_NONE`: it is absent.\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn \
                 {c}_get(element: *const v2g_exi_lazy, out: *mut {c}) -> i32 {{\n    // SAFETY: promised by the caller.\n    unsafe \
                 {{ get::<{rust}>(element, out) }}\n}}\n"
            ));
        }
    }
}

fn path_of(ty: &Ty) -> Option<&Path> {
    match ty {
        Ty::Struct { path, .. } | Ty::Enum { path, .. } => Some(path),
        _ => None,
    }
}
