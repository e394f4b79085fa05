//! Fields of SDP messages whose values the standard enumerates.

use core::ops::BitOr;

use thiserror::Error;

use super::SdpError;

/// Declares a byte-coded enumeration together with both directions of its code.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident, $error:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// The code on the wire.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl TryFrom<u8> for $name {
            type Error = SdpError;

            fn try_from(code: u8) -> Result<Self, SdpError> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(SdpError::$error(code)),
                }
            }
        }
    };
}

coded! {
    /// Whether the TCP connection is secured.
    Security, Security {
        /// 0x00: TLS.
        Tls = 0x00,
        /// 0x10: plain TCP.
        Plain = 0x10,
    }
}

coded! {
    /// Transport of the session.
    Transport, Transport {
        /// 0x00: TCP, the only one in use.
        Tcp = 0x00,
        /// 0x10: set aside for UDP. Readable, but the machines refuse it.
        ReservedUdp = 0x10,
    }
}

coded! {
    /// How vehicle and charger are coupled.
    Coupling, Coupling {
        /// 0x00: pantograph that comes down from the infrastructure, contacts across the vehicle.
        InvertedPantographCrossRail = 0x00,
        /// 0x01: pantograph that comes down from the infrastructure, contacts in line.
        InvertedPantographInLine = 0x01,
        /// 0x02: pantograph of the infrastructure with a contact dome.
        PantographContactDome = 0x02,
        /// 0x03: pantograph mounted on the vehicle.
        VehiclePantograph = 0x03,
        /// 0x04: connection device under the vehicle.
        Underbody = 0x04,
        /// 0x05: connection device of the infrastructure at the side or the roof of the vehicle.
        SideOrRoof = 0x05,
        /// 0x10: wireless power transfer.
        Wpt = 0x10,
        /// 0x20: ACD-U, manipulator on the infrastructure.
        AcdUnderbodyInfrastructure = 0x20,
        /// 0x21: ACD-U, manipulator on the vehicle.
        AcdUnderbodyVehicle = 0x21,
        /// 0x30: ACD-S.
        AcdSide = 0x30,
        /// 0x40: conductive, plugged by hand.
        Manual = 0x40,
        /// 0xFF: not applicable.
        NotApplicable = 0xFF,
    }
}

coded! {
    /// How far an SECC is with finding out at which EVSE the vehicle stands.
    DiagStatus, DiagStatus {
        /// 0x00: not known yet, ask again.
        Ongoing = 0x00,
        /// 0x01: found, the EVSE id is in the response.
        FinishedWithEvseId = 0x01,
        /// 0x02: finished, but without an EVSE id.
        FinishedWithoutEvseId = 0x02,
        /// 0x10: no SECC serves this vehicle.
        NoSecc = 0x10,
    }
}

/// Pairing and positioning devices that a vehicle can use, a set of flags.
///
/// Flags without a meaning yet are kept as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PositioningDevices(u16);

impl PositioningDevices {
    /// Point-to-point signalling device on the infrastructure.
    pub const PPD_INFRASTRUCTURE: Self = Self(0x0100);
    /// Point-to-point signalling device on the vehicle.
    pub const PPD_VEHICLE: Self = Self(0x0200);
    /// Low-frequency transmitter of WPT on the infrastructure.
    pub const LF_INFRASTRUCTURE: Self = Self(0x0400);
    /// Low-frequency transmitter of WPT on the vehicle.
    pub const LF_VEHICLE: Self = Self(0x0800);
    /// Camera on the vehicle.
    pub const CAMERA_VEHICLE: Self = Self(0x1000);
    /// Infrared link of ACD-U.
    pub const ACD_U_INFRARED: Self = Self(0x2000);
    /// Directed WLAN of ACD.
    pub const ACD_DIRECTED_WLAN: Self = Self(0x4000);

    /// Any 16 flags.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// All flags.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for PositioningDevices {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Why a text is no [`FixedId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// The text is longer than the field.
    #[error("an id of {len} characters does not fit {capacity} bytes")]
    TooLong {
        /// Length of the text, bytes.
        len: usize,
        /// Length of the field, bytes.
        capacity: usize,
    },
    /// The text has a byte outside the visible ASCII characters.
    #[error("an id consists of visible ASCII characters")]
    NotVisibleAscii,
}

/// An id in a field of `N` bytes: right-aligned, zero bytes in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FixedId<const N: usize>([u8; N]);

impl FixedId<20> {
    /// The EVID of a vehicle that does not know its own.
    pub const UNKNOWN_EVID: Self = Self(*b"\0\0\0\0\0\0\0\0\0\0\0\0\0ZZ00000");
}

impl<const N: usize> FixedId<N> {
    /// No id: the field is all zero.
    pub const EMPTY: Self = Self([0; N]);

    /// Right-aligns `text`.
    ///
    /// # Errors
    /// See [`IdError`].
    pub fn new(text: &str) -> Result<Self, IdError> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IdError::NotVisibleAscii);
        }
        let Some(start) = N.checked_sub(text.len()) else {
            return Err(IdError::TooLong { len: text.len(), capacity: N });
        };
        let mut field = [0; N];
        field[start..].copy_from_slice(text.as_bytes());
        Ok(Self(field))
    }

    /// A field as it was received, whatever it holds.
    pub const fn from_bytes(field: [u8; N]) -> Self {
        Self(field)
    }

    /// The whole field.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The id without its padding, or `None` where the field is not padded visible ASCII.
    pub fn text(&self) -> Option<&str> {
        let start = self.0.iter().position(|byte| *byte != 0).unwrap_or(N);
        let id = &self.0[start..];
        if !id.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        core::str::from_utf8(id).ok()
    }
}
