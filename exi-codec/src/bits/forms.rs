//! The forms that a reader has learned.

#[cfg(target_pointer_width = "64")]
pub(crate) use learned::{find, get, learn};

/// What a reader has learned of items of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    #[cfg(target_pointer_width = "64")]
    layout: super::Layout,
    /// Width of the event code after an item.
    #[cfg(target_pointer_width = "64")]
    code: u8,
    #[cfg(target_pointer_width = "64")]
    form: super::form::Form,
    #[cfg(target_pointer_width = "64")]
    lessons: u32,
}

/// What a reader has learned of items of several kinds. No message has more of them in its long lists; in firmware there are none.
pub(super) type Forms = [Option<Known>; if cfg!(target_pointer_width = "64") { 3 } else { 0 }];

#[cfg(target_pointer_width = "64")]
mod learned {
    use core::ptr;

    use super::Known;
    use crate::bits::Layout;
    use crate::bits::form::Form;

    /// How often a form is learned: items that have another all the time are better read field by field.
    const LESSONS: u32 = 4;

    /// Where the form of items with this layout, followed by an event code of so many bits, is kept.
    #[inline(always)]
    pub(crate) fn find(forms: &mut [Option<Known>], layout: Layout, code: u8) -> Option<usize> {
        forms.iter_mut().position(|known| {
            let known = known.get_or_insert_with(|| Known {
                layout,
                code,
                form: Form::none(u32::from(code)),
                lessons: 0,
            });
            ptr::eq(known.layout, layout) && known.code == code
        })
    }

    /// The form that items had last.
    #[inline(always)]
    pub(crate) fn get(forms: &[Option<Known>], index: usize) -> Option<&Form> {
        let known = forms.get(index)?.as_ref()?;
        if known.form.is_none() { None } else { Some(&known.form) }
    }

    /// Learns from the item that starts at bit `start`. False if nothing was learned.
    #[inline(never)]
    pub(crate) fn learn(forms: &mut [Option<Known>], index: usize, data: &[u8], start: usize) -> bool {
        let Some(Some(known)) = forms.get_mut(index) else { return false };
        if known.lessons == LESSONS {
            return false;
        }
        known.lessons += 1;
        known.form.learn(known.layout, data, start);
        !known.form.is_none()
    }
}
