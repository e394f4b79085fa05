//! The forms that a reader has learned.

pub(crate) use kept::Forms;

#[cfg(target_pointer_width = "64")]
mod kept {
    use core::ptr;

    use crate::bits::form::{Form, Layout};

    /// Kinds of items whose form is remembered: no message has more of them in its long lists.
    const KINDS: usize = 3;

    /// What it costs to learn a form, in items passed: it must pay.
    const LESSON: u32 = 4;

    #[derive(Debug, Clone, Copy)]
    struct Known {
        layout: Layout,
        form: Option<Form>,
        lessons: u32,
    }

    /// The form that items of a kind had last.
    #[derive(Debug, Clone)]
    pub(crate) struct Forms([Option<Known>; KINDS]);

    impl Forms {
        #[inline(always)]
        pub(crate) const fn new() -> Self {
            Self([None; KINDS])
        }

        /// Where the form of items with this layout is kept.
        #[inline(always)]
        pub(crate) fn find(&mut self, layout: Layout) -> Option<usize> {
            self.0.iter_mut().position(|known| match known {
                Some(known) => ptr::eq(known.layout, layout),
                None => {
                    *known = Some(Known { layout, form: None, lessons: 0 });
                    true
                }
            })
        }

        #[inline(always)]
        pub(crate) fn get(&self, known: usize) -> Option<&Form> {
            self.0.get(known)?.as_ref()?.form.as_ref()
        }

        /// Learns from the item that starts at `start`.
        #[inline(never)]
        pub(crate) fn learn(&mut self, known: usize, data: &[u8], start: usize) {
            let Some(known) = self.0.get_mut(known).and_then(Option::as_mut) else { return };
            if known.lessons < LESSON {
                known.lessons += 1;
                known.form = Form::of(known.layout, data, start);
            }
        }
    }
}

#[cfg(not(target_pointer_width = "64"))]
mod kept {
    use crate::bits::form::{Form, Layout};

    #[derive(Debug, Clone)]
    pub(crate) struct Forms;

    impl Forms {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) const fn find(&mut self, _: Layout) -> Option<usize> {
            None
        }

        pub(crate) const fn get(&self, _: usize) -> Option<&Form> {
            None
        }

        pub(crate) const fn learn(&mut self, _: usize, _: &[u8], _: usize) {}
    }
}
