//! Views: what stands in a received message, or what is to be sent.

use core::ffi::c_char;
use core::mem::MaybeUninit;

use exi_codec::{Bytes, Element, Integer, Iter, Lazy, List, Str};

use super::Mirrored;
use crate::border::{Outcome, put, reference, slice, slice_mut};
use crate::status::{V2G_E_BUFFER, V2G_E_VALUE, V2G_OK};
use crate::text::v2g_bytes;

/// Marks of views that are not of lists and elements.
pub(super) const TEXT: u32 = 0x5600_0001;
pub(super) const OCTETS: u32 = 0x5600_0002;
pub(super) const INTEGER: u32 = 0x5600_0003;
/// Mark of the place of a signable element.
pub const PLACE: u32 = 0x5600_0004;
pub(super) const LIST: u32 = 0x5610_0000;
pub(super) const LAZY: u32 = 0x5620_0000;
const ITER: u32 = 0x5630_0000;

/// A place in a received message, which has to stay. Zeros: none. Not to be looked into or made up.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_view {
    /// What kind of place.
    pub tag: u32,
    /// Zero.
    pub reserved: u32,
    /// The place.
    pub opaque: [MaybeUninit<usize>; 6],
}

impl v2g_exi_view {
    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn store<T: Copy>(tag: u32, value: T, out: *mut Self) {
        const { assert!(size_of::<T>() <= size_of::<[usize; 6]>() && align_of::<T>() <= align_of::<usize>()) };
        // SAFETY: promised by the caller; the value fits, as just said.
        unsafe {
            (&raw mut (*out).tag).write(tag);
            (&raw mut (*out).reserved).write(0);
            (&raw mut (*out).opaque).cast::<T>().write(value);
        }
    }

    /// # Safety
    /// As [`store`](Self::store).
    #[inline]
    pub(crate) unsafe fn absent(out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe { (&raw mut (*out).tag).write(0) };
    }

    /// The value of a type that was stored under a mark, if one was.
    ///
    /// # Safety
    /// A view with that mark was made by [`store`](Self::store) of that type, and what it refers to still lives.
    #[inline]
    pub(crate) unsafe fn peek<T: Copy>(&self, tag: u32) -> Outcome<Option<&T>> {
        match self.tag {
            0 => Ok(None),
            // SAFETY: promised by the caller; aligned, as `store` makes sure.
            own if own == tag => Ok(Some(unsafe { &*(&raw const self.opaque).cast::<T>() })),
            _ => Err(V2G_E_VALUE),
        }
    }

    /// A copy of it.
    ///
    /// # Safety
    /// As [`peek`](Self::peek).
    pub(crate) unsafe fn load<T: Copy>(&self, tag: u32) -> Outcome<Option<T>> {
        // SAFETY: promised by the caller.
        Ok(unsafe { self.peek(tag) }?.copied())
    }
}

/// A text. To be sent: `data` and `length`, UTF-8. Received: `data` is null; copy it with `v2g_exi_text_copy`.
///
/// All zeros: an optional one is absent, any other is empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_text {
    /// First octet.
    pub data: *const c_char,
    /// Octets.
    pub length: usize,
    /// Where it stands.
    pub received: v2g_exi_view,
}

/// Octets. To be sent: `data` and `length`. Received: `data` is null; copy them with `v2g_exi_octets_copy`.
///
/// All zeros: an optional one is absent, any other is empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_octets {
    /// First octet.
    pub data: *const u8,
    /// Octets; of received ones too.
    pub length: usize,
    /// Where they stand.
    pub received: v2g_exi_view,
}

/// An integer of any size, such as the serial number of a certificate. To be sent: its magnitude, big-endian. Received: `data`
/// is null; copy it with `v2g_exi_integer_copy`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_integer {
    /// First octet of the magnitude.
    pub data: *const u8,
    /// Octets of it; of received ones too.
    pub length: usize,
    /// 1: below zero.
    pub negative: u32,
    /// Zero.
    pub reserved: u32,
    /// Where it stands.
    pub received: v2g_exi_view,
}

/// Repeated elements. To be sent: `items` is an array of `count` structs, of the type that the field names. Received: `items` is
/// null; read them with the `*_begin` and `*_next` functions of that type.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_list {
    /// The items.
    pub items: *const core::ffi::c_void,
    /// How many; of received ones too.
    pub count: usize,
    /// Where they stand.
    pub received: v2g_exi_view,
}

/// A large optional element. To be sent: `value` is a struct of the type that the field names. Received: `value` is null; read it
/// with the `*_get` function of that type. All zeros: absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_lazy {
    /// The element.
    pub value: *const core::ffi::c_void,
    /// Where it stands.
    pub received: v2g_exi_view,
}

/// A walk over a received list. Not to be looked into or made up.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_iter {
    /// What it walks over.
    pub tag: u32,
    /// Zero.
    pub reserved: u32,
    /// Where it is.
    pub opaque: [MaybeUninit<u64>; 20],
}

impl v2g_exi_text {
    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn store(text: Str<'_>, out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).data).write(core::ptr::null());
            (&raw mut (*out).length).write(0);
            v2g_exi_view::store(TEXT, text, &raw mut (*out).received);
        }
    }

    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn absent(out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).data).write(core::ptr::null());
            (&raw mut (*out).length).write(0);
            v2g_exi_view::absent(&raw mut (*out).received);
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.data.is_null() && self.received.tag == 0
    }

    /// # Safety
    /// What it points to lives for `'a`.
    pub(crate) unsafe fn load<'a>(&self) -> Outcome<Str<'a>> {
        // SAFETY: promised by the caller; views with this mark are made above.
        unsafe {
            if self.data.is_null() {
                return Ok(self.received.load(TEXT)?.unwrap_or_default());
            }
            Ok(Str::new(crate::text::v2g_str { data: self.data, length: self.length }.get()?))
        }
    }
}

impl v2g_exi_octets {
    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn store(octets: Bytes<'_>, out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).data).write(core::ptr::null());
            (&raw mut (*out).length).write(octets.len());
            v2g_exi_view::store(OCTETS, octets, &raw mut (*out).received);
        }
    }

    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn absent(out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).data).write(core::ptr::null());
            (&raw mut (*out).length).write(0);
            v2g_exi_view::absent(&raw mut (*out).received);
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.data.is_null() && self.received.tag == 0
    }

    /// # Safety
    /// What it points to lives for `'a`.
    pub(crate) unsafe fn load<'a>(&self) -> Outcome<Bytes<'a>> {
        // SAFETY: promised by the caller; views with this mark are made above.
        unsafe {
            if self.data.is_null() {
                return Ok(self.received.load(OCTETS)?.unwrap_or_default());
            }
            Ok(Bytes::new(v2g_bytes { data: self.data, length: self.length }.get()?))
        }
    }
}

impl v2g_exi_integer {
    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn store(integer: Integer<'_>, out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).data).write(core::ptr::null());
            (&raw mut (*out).length).write(integer.len_bytes());
            (&raw mut (*out).negative).write(u32::from(integer.is_negative()));
            (&raw mut (*out).reserved).write(0);
            v2g_exi_view::store(INTEGER, integer, &raw mut (*out).received);
        }
    }

    /// # Safety
    /// What it points to lives for `'a`.
    pub(crate) unsafe fn load<'a>(&self) -> Outcome<Integer<'a>> {
        // SAFETY: promised by the caller; views with this mark are made above.
        unsafe {
            if self.data.is_null() {
                return Ok(self.received.load(INTEGER)?.unwrap_or(Integer::from_be_bytes(&[])));
            }
            let magnitude = slice(self.data, self.length)?;
            Ok(match self.negative {
                0 => Integer::from_be_bytes(magnitude),
                _ => Integer::negative_from_be_bytes(magnitude),
            })
        }
    }
}

impl v2g_exi_list {
    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn store<'a, T: Mirrored<'a> + 'a>(list: List<'a, T>, out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).items).write(core::ptr::null());
            (&raw mut (*out).count).write(list.len());
            v2g_exi_view::store(LIST | T::TAG, list, &raw mut (*out).received);
        }
    }

    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn absent(out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).items).write(core::ptr::null());
            (&raw mut (*out).count).write(0);
            v2g_exi_view::absent(&raw mut (*out).received);
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.items.is_null() && self.received.tag == 0
    }

    /// The list, if it was received; an empty one if there is none.
    ///
    /// # Safety
    /// What it refers to lives for `'a`.
    pub(crate) unsafe fn received<'a, T: Mirrored<'a> + 'a>(&self) -> Outcome<List<'a, T>> {
        if !self.items.is_null() {
            return Err(V2G_E_VALUE);
        }
        // SAFETY: promised by the caller; views with this mark are made above.
        Ok(unsafe { self.received.load(LIST | T::TAG) }?.unwrap_or_default())
    }
}

impl v2g_exi_lazy {
    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn store<'a, T: Mirrored<'a> + 'a>(element: Lazy<'a, T>, out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).value).write(core::ptr::null());
            v2g_exi_view::store(LAZY | T::TAG, element, &raw mut (*out).received);
        }
    }

    /// # Safety
    /// There is memory for it.
    #[inline]
    pub(crate) unsafe fn absent(out: *mut Self) {
        // SAFETY: promised by the caller.
        unsafe {
            (&raw mut (*out).value).write(core::ptr::null());
            v2g_exi_view::absent(&raw mut (*out).received);
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.value.is_null() && self.received.tag == 0
    }

    /// The element, if it was received.
    ///
    /// # Safety
    /// What it refers to lives for `'a`.
    pub(crate) unsafe fn received<'a, T: Mirrored<'a> + 'a>(&self) -> Outcome<Option<Lazy<'a, T>>> {
        if !self.value.is_null() {
            return Err(V2G_E_VALUE);
        }
        // SAFETY: promised by the caller; views with this mark are made above.
        unsafe { self.received.load(LAZY | T::TAG) }
    }
}

impl v2g_exi_iter {
    pub(crate) fn over<'a, T: Mirrored<'a> + Element<'a> + 'a>(list: List<'a, T>) -> Self {
        const {
            assert!(size_of::<Iter<'a, T>>() <= size_of::<[u64; 20]>());
            assert!(align_of::<Iter<'a, T>>() <= align_of::<u64>());
        };
        let mut iter = Self { tag: ITER | T::TAG, reserved: 0, opaque: [MaybeUninit::uninit(); 20] };
        // SAFETY: large enough and aligned, as just said.
        unsafe { (&raw mut iter.opaque).cast::<Iter<'a, T>>().write(list.iter()) };
        iter
    }

    /// # Safety
    /// An iterator with the mark of the type was made by [`over`](Self::over), and what it walks over still lives.
    pub(crate) unsafe fn advance<'a, T: Mirrored<'a> + Element<'a> + 'a>(&mut self) -> Outcome<Option<T>> {
        if self.tag != ITER | T::TAG {
            return Err(V2G_E_VALUE);
        }
        // SAFETY: promised by the caller.
        Ok(unsafe { &mut *(&raw mut self.opaque).cast::<Iter<'a, T>>() }.next())
    }
}

/// Copies a text that was received, or that is to be sent, as UTF-8 into `out`; `length` becomes its length. No zero is put behind
/// it.
///
/// `V2G_E_BUFFER`: `capacity` is too small, `length` says how much is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_text_copy(
    text: *const v2g_exi_text,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller, see the top of v2g.h.
    let copied = || unsafe {
        let (text, out) = (reference(text)?.load()?, slice_mut(out, capacity)?);
        match text.copy_to(out) {
            Ok(used) => put(length, used.len()),
            Err(error) => put(length, error.needed).and(Err(V2G_E_BUFFER)),
        }
    };
    crate::border::status(copied().map(|()| V2G_OK))
}

/// Copies octets that were received, or that are to be sent, into `out`; `length` becomes their number.
///
/// `V2G_E_BUFFER`: `capacity` is too small, `length` says how much is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_octets_copy(
    octets: *const v2g_exi_octets,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let copied = || unsafe {
        let (octets, out) = (reference(octets)?.load()?, slice_mut(out, capacity)?);
        match octets.copy_to(out) {
            Ok(used) => put(length, used.len()),
            Err(error) => put(length, error.needed).and(Err(V2G_E_BUFFER)),
        }
    };
    crate::border::status(copied().map(|()| V2G_OK))
}

/// Copies the magnitude of an integer, big-endian without leading zeros, into `out`; `length` becomes its length.
///
/// `V2G_E_BUFFER`: `capacity` is too small, `length` says how much is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_integer_copy(
    integer: *const v2g_exi_integer,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let copied = || unsafe {
        let (integer, out) = (reference(integer)?.load()?, slice_mut(out, capacity)?);
        match integer.magnitude_be(out) {
            Ok(used) => put(length, used.len()),
            Err(error) => put(length, error.needed).and(Err(V2G_E_BUFFER)),
        }
    };
    crate::border::status(copied().map(|()| V2G_OK))
}
