//! The codec: messages as structs of C's.
//!
//! Numbers, choices and short octet strings stand in the structs. Texts, octet strings, lists and large optional elements are views: of
//! a received message, or of what the caller wants to send. `generated` has the structs; here is what their fields are made of.

mod encoded;
mod view;

use exi_codec::mirror::{Reader, Writer};
use exi_codec::{Bytes, Element, ErrorKind, Fault, RationalNumber, Str};

use crate::border::{Outcome, put, reference, room, slice, slice_mut, status};
use crate::number::v2g_number;
use crate::status::{V2G_E_BUFFER, V2G_NONE, V2G_OK, of_exi};
use crate::text::v2g_str;

pub use encoded::{Encoded, Stop, Written};
pub(crate) use encoded::{VALUE, complete, index, no_choice, positive, rational};
pub use view::{
    PLACE, v2g_exi_integer, v2g_exi_integer_copy, v2g_exi_iter, v2g_exi_lazy, v2g_exi_list, v2g_exi_octets,
    v2g_exi_octets_copy, v2g_exi_text, v2g_exi_text_copy, v2g_exi_view,
};

/// Where a message could not be read or written.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_exi_error {
    /// `V2G_E_EXI_*`.
    pub status: i32,
    /// Offset in bits from the start of the stream; when writing, how many bits had been written.
    pub bit_offset: u32,
    /// Elements in `path`, outermost first.
    pub path_length: u32,
    /// Zero.
    pub reserved: u32,
    /// XML names of the innermost elements around the fault. They live for ever.
    pub path: [v2g_str; 5],
}

impl From<&exi_codec::Error> for v2g_exi_error {
    fn from(error: &exi_codec::Error) -> Self {
        let mut out = Self {
            status: of_exi(error),
            bit_offset: error.bit_offset(),
            path_length: 0,
            reserved: 0,
            path: [v2g_str::new(""); 5],
        };
        for (place, name) in out.path.iter_mut().zip(error.path()) {
            *place = v2g_str::new(name);
            out.path_length += 1;
        }
        out
    }
}

/// A type of the codec that has one of C's.
///
/// # Safety
/// None is needed to implement it; `load` relies on what callers promise about pointers.
pub trait Mirrored<'a>: Copy {
    /// The type in C.
    type C: Copy;
    /// Mark of its views.
    const TAG: u32;

    /// Writes it as one of C's. What is absent may be left as it is, where a flag says so.
    ///
    /// # Safety
    /// There is memory for it.
    unsafe fn store(&self, out: *mut Self::C);
}

impl From<RationalNumber> for v2g_number {
    fn from(number: RationalNumber) -> Self {
        Self::of(number)
    }
}

impl From<Option<RationalNumber>> for v2g_number {
    fn from(number: Option<RationalNumber>) -> Self {
        number.map_or(Self::NONE, Self::of)
    }
}

impl<'a> Mirrored<'a> for Str<'a> {
    type C = v2g_exi_text;
    const TAG: u32 = 0x1_0000;

    unsafe fn store(&self, out: *mut v2g_exi_text) {
        // SAFETY: promised by the caller.
        unsafe { v2g_exi_text::store(*self, out) }
    }
}

impl<'a> Mirrored<'a> for Bytes<'a> {
    type C = v2g_exi_octets;
    const TAG: u32 = 0x1_0002;

    unsafe fn store(&self, out: *mut v2g_exi_octets) {
        // SAFETY: promised by the caller.
        unsafe { v2g_exi_octets::store(*self, out) }
    }
}

impl Mirrored<'_> for u16 {
    type C = u16;
    const TAG: u32 = 0x1_0001;

    unsafe fn store(&self, out: *mut u16) {
        // SAFETY: promised by the caller.
        unsafe { out.write(*self) }
    }
}

/// A struct of C's, as content of an element.
pub trait Filled {
    /// Reads the content. What is absent may be left as it is, where a flag says so.
    ///
    /// # Safety
    /// There is memory for it.
    ///
    /// # Errors
    /// The content does not conform to the schema; the reader knows the details.
    unsafe fn fill(r: &mut Reader<'_>, out: *mut Self) -> Result<(), Fault>;
}

/// Reads a message of a set: `read` is handed the code of the root, of `width` bits, and reads the type that belongs to it
/// right into its place.
///
/// # Safety
/// As the functions for C.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the struct of C's is to be filled where the message is read")]
pub(crate) unsafe fn decode<'a, C>(
    bytes: *const u8,
    length: usize,
    out: *mut C,
    error: *mut v2g_exi_error,
    width: u32,
    read: impl FnOnce(u32, &mut Reader<'a>) -> Result<(), exi_codec::Error>,
) -> i32 {
    let decoded = || {
        room(out)?;
        // SAFETY: promised by the caller.
        let bytes: &'a [u8] = unsafe { slice(bytes, length) }?;
        // SAFETY: promised by the caller.
        Reader::stream(bytes, width, read).map_err(|fault| unsafe { unread(&fault, error) })
    };
    status(decoded().map(|()| V2G_OK))
}

/// Reads a message of one type, and says of which kind it is.
///
/// Firmware reads the type in Rust, which it has anyway, and copies.
///
/// # Safety
/// There is memory for both.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[cfg_attr(target_pointer_width = "32", inline(never))]
#[allow(clippy::inline_always, reason = "as above; firmware has one copy of each")]
pub(crate) unsafe fn message<'a, T: Mirrored<'a, C: Filled> + Element<'a>>(
    r: &mut Reader<'a>,
    (kind, number): (*mut u32, u32),
    out: *mut T::C,
) -> Result<(), exi_codec::Error> {
    let content = |r: &mut Reader<'a>| {
        // SAFETY: promised by the caller.
        unsafe {
            if cfg!(target_pointer_width = "64") {
                T::C::fill(r, out)?;
            } else {
                T::decode(r)?.store(out);
            }
        }
        Ok(())
    };
    // SAFETY: promised by the caller; of no kind until all of it is there.
    unsafe { kind.write(0) };
    r.whole(content)?;
    // SAFETY: promised by the caller.
    unsafe { kind.write(number) };
    Ok(())
}

/// Says why a message was not read.
///
/// # Safety
/// As [`tell`].
#[cold]
#[inline(never)]
unsafe fn unread(fault: &exi_codec::Error, error: *mut v2g_exi_error) -> i32 {
    // SAFETY: promised by the caller.
    let told = unsafe { tell(error, fault) };
    told.err().unwrap_or_else(|| of_exi(fault))
}

/// # Safety
/// As [`put`]; null is nobody who wants to know.
#[cold]
unsafe fn tell(error: *mut v2g_exi_error, fault: &exi_codec::Error) -> Outcome {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: promised by the caller.
    unsafe { put(error, fault.into()) }
}

/// Writes a message.
///
/// # Safety
/// As the functions for C.
#[cfg_attr(target_pointer_width = "64", inline(always))]
#[allow(clippy::inline_always, reason = "the message is to be written where its kind is looked at")]
pub(crate) unsafe fn encode<C: Encoded>(
    message: *const C,
    (out, capacity): (*mut u8, usize),
    length: *mut usize,
    error: *mut v2g_exi_error,
) -> i32 {
    let encoded = || {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (message, out) = unsafe { (reference(message)?, slice_mut(out, capacity)?) };
        room(length)?;
        let mut w = Writer::begin(out);
        // SAFETY: as above.
        unsafe {
            match message.encode(&mut w) {
                Ok(()) => match w.close() {
                    Ok(used) => {
                        length.write(used);
                        Ok(())
                    }
                    Err(fault) => Err(refused(&fault, length, error)),
                },
                Err(stop) => {
                    length.write(0);
                    Err(stop.status().unwrap_or_else(|| refused(&w.error(), length, error)))
                }
            }
        }
    };
    status(encoded().map(|()| V2G_OK))
}

/// Says why a message was not written.
///
/// # Safety
/// As the functions for C.
#[cold]
#[inline(never)]
unsafe fn refused(fault: &exi_codec::Error, length: *mut usize, error: *mut v2g_exi_error) -> i32 {
    // SAFETY: promised by the caller.
    let told = unsafe {
        if fault.kind() == ErrorKind::BufferTooSmall {
            put(length, (fault.bit_offset() as usize).div_ceil(8)).map(|()| V2G_E_BUFFER)
        } else {
            tell(error, fault).map(|()| of_exi(fault))
        }
    };
    status(told)
}

/// Begins to read a list.
///
/// # Safety
/// As the functions for C.
pub(crate) unsafe fn begin<'a, T: Mirrored<'a> + Element<'a> + 'a>(
    list: *const v2g_exi_list,
    iter: *mut v2g_exi_iter,
) -> i32 {
    let begun = || {
        // SAFETY: promised by the caller.
        unsafe { put(iter, v2g_exi_iter::over(reference(list)?.received::<T>()?)) }
    };
    status(begun().map(|()| V2G_OK))
}

/// Reads the next item of a list.
///
/// # Safety
/// As the functions for C.
pub(crate) unsafe fn next<'a, T: Mirrored<'a> + Element<'a> + 'a>(
    iter: *mut v2g_exi_iter,
    out: *mut T::C,
) -> i32 {
    let read = || {
        room(out)?;
        room(iter)?;
        // SAFETY: promised by the caller; the pointers were checked.
        unsafe {
            match v2g_exi_iter::advance::<T>(&mut *iter)? {
                None => Ok(V2G_NONE),
                Some(item) => {
                    item.store(out);
                    Ok(V2G_OK)
                }
            }
        }
    };
    status(read())
}

/// Reads an element that was received.
///
/// # Safety
/// As the functions for C.
pub(crate) unsafe fn get<'a, T: Mirrored<'a> + Element<'a> + 'a + Default>(
    element: *const v2g_exi_lazy,
    out: *mut T::C,
) -> i32 {
    let read = || {
        room(out)?;
        // SAFETY: promised by the caller.
        unsafe {
            match reference(element)?.received::<T>()? {
                None => Ok(V2G_NONE),
                Some(element) => {
                    element.get().store(out);
                    Ok(V2G_OK)
                }
            }
        }
    };
    status(read())
}

/// Begins to read a list of texts that was received.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_text_begin(list: *const v2g_exi_list, iter: *mut v2g_exi_iter) -> i32 {
    // SAFETY: promised by the caller, see the top of v2g.h.
    unsafe { begin::<Str<'_>>(list, iter) }
}

/// Reads the next text. `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_text_next(iter: *mut v2g_exi_iter, out: *mut v2g_exi_text) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { next::<Str<'_>>(iter, out) }
}

/// Begins to read a list of octet strings that was received.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_octets_begin(list: *const v2g_exi_list, iter: *mut v2g_exi_iter) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { begin::<Bytes<'_>>(list, iter) }
}

/// Reads the next octet string. `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_octets_next(iter: *mut v2g_exi_iter, out: *mut v2g_exi_octets) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { next::<Bytes<'_>>(iter, out) }
}

/// Begins to read a list of numbers of 16 bits that was received.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_u16_begin(list: *const v2g_exi_list, iter: *mut v2g_exi_iter) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { begin::<u16>(list, iter) }
}

/// Reads the next number. `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_exi_u16_next(iter: *mut v2g_exi_iter, out: *mut u16) -> i32 {
    // SAFETY: promised by the caller.
    unsafe { next::<u16>(iter, out) }
}
