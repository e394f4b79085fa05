//! The forms that a reader has learned.

#[cfg(target_pointer_width = "64")]
pub(crate) use learned::{find, get, learn};

/// What a reader has learned of items of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    #[cfg(target_pointer_width = "64")]
    layout: super::Layout,
    #[cfg(target_pointer_width = "64")]
    form: Option<super::form::Form>,
    #[cfg(target_pointer_width = "64")]
    lessons: u32,
}

/// Kinds of items whose form is remembered: no message has more of them in its long lists. None in firmware.
pub(crate) const KINDS: usize = if cfg!(target_pointer_width = "64") { 3 } else { 0 };

#[cfg(target_pointer_width = "64")]
mod learned {
    use core::ptr;

    use super::Known;
    use crate::bits::Layout;
    use crate::bits::form::Form;

    /// How often a form is learned: items that have another all the time are better read field by field.
    const LESSONS: u32 = 4;

    /// Where the form of items with this layout is kept.
    #[inline(always)]
    pub(crate) fn find(forms: &mut [Option<Known>], layout: Layout) -> Option<usize> {
        forms.iter_mut().position(|known| {
            let known = known.get_or_insert(Known { layout, form: None, lessons: 0 });
            ptr::eq(known.layout, layout)
        })
    }

    /// The form that items had last.
    #[inline(always)]
    pub(crate) fn get(forms: &[Option<Known>], index: usize) -> Option<&Form> {
        forms.get(index)?.as_ref()?.form.as_ref()
    }

    /// Learns from the item that starts at bit `start`.
    #[inline(never)]
    pub(crate) fn learn(forms: &mut [Option<Known>], index: usize, data: &[u8], start: usize) {
        if let Some(Some(known)) = forms.get_mut(index)
            && known.lessons < LESSONS
        {
            known.lessons += 1;
            known.form = Form::of(known.layout, data, start);
        }
    }
}
