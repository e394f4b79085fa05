//! Types of management messages.

use core::fmt;

/// Type of a management message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MmType(pub u16);

/// What a message is in its exchange: the two lowest bits of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Wants a confirmation.
    Request,
    /// Answers a request.
    Confirm,
    /// Tells something; may want a response.
    Indication,
    /// Answers an indication.
    Response,
}

macro_rules! types {
    ($($(#[$doc:meta])* $constant:ident = $code:literal $name:literal,)+) => {
        impl MmType {
            $($(#[$doc])* pub const $constant: Self = Self($code);)+

            /// The name, where this crate knows the type.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

types! {
    /// Station to coordinator: which networks are there?
    CC_DISCOVER_LIST_REQ = 0x0014 "CC_DISCOVER_LIST.REQ",
    /// Answer to it.
    CC_DISCOVER_LIST_CNF = 0x0015 "CC_DISCOVER_LIST.CNF",
    /// A modem says that it is in no network.
    CM_UNASSOCIATED_STA_IND = 0x6007 "CM_UNASSOCIATED_STA.IND",
    /// Host to its modem: be in this network.
    CM_SET_KEY_REQ = 0x6008 "CM_SET_KEY.REQ",
    /// Answer to it.
    CM_SET_KEY_CNF = 0x6009 "CM_SET_KEY.CNF",
    /// Host to modem: which key?
    CM_GET_KEY_REQ = 0x600C "CM_GET_KEY.REQ",
    /// Answer to it.
    CM_GET_KEY_CNF = 0x600D "CM_GET_KEY.CNF",
    /// Amplitudes that a side can stand, carrier by carrier.
    CM_AMP_MAP_REQ = 0x601C "CM_AMP_MAP.REQ",
    /// Answer to it.
    CM_AMP_MAP_CNF = 0x601D "CM_AMP_MAP.CNF",
    /// Which stations does a bridge reach?
    CM_BRG_INFO_REQ = 0x6020 "CM_BRG_INFO.REQ",
    /// Answer to it.
    CM_BRG_INFO_CNF = 0x6021 "CM_BRG_INFO.CNF",
    /// Host to modem: which networks is it in?
    CM_NW_INFO_REQ = 0x6038 "CM_NW_INFO.REQ",
    /// Answer to it.
    CM_NW_INFO_CNF = 0x6039 "CM_NW_INFO.CNF",
    /// Host to modem: how fast is the network?
    CM_NW_STATS_REQ = 0x6048 "CM_NW_STATS.REQ",
    /// Answer to it.
    CM_NW_STATS_CNF = 0x6049 "CM_NW_STATS.CNF",
    /// Vehicle to all: who is there to be matched?
    CM_SLAC_PARM_REQ = 0x6064 "CM_SLAC_PARM.REQ",
    /// Charger to vehicle: here, and so shall you sound.
    CM_SLAC_PARM_CNF = 0x6065 "CM_SLAC_PARM.CNF",
    /// Vehicle to all: sounds follow.
    CM_START_ATTEN_CHAR_IND = 0x606A "CM_START_ATTEN_CHAR.IND",
    /// Charger to vehicle: so much of the sounds was lost on the way.
    CM_ATTEN_CHAR_IND = 0x606E "CM_ATTEN_CHAR.IND",
    /// Answer to it.
    CM_ATTEN_CHAR_RSP = 0x606F "CM_ATTEN_CHAR.RSP",
    /// Vehicle to all: a sound.
    CM_MNBC_SOUND_IND = 0x6076 "CM_MNBC_SOUND.IND",
    /// Vehicle to charger: watch the control pilot.
    CM_VALIDATE_REQ = 0x6078 "CM_VALIDATE.REQ",
    /// Answer to it.
    CM_VALIDATE_CNF = 0x6079 "CM_VALIDATE.CNF",
    /// Vehicle to charger: you are the one.
    CM_SLAC_MATCH_REQ = 0x607C "CM_SLAC_MATCH.REQ",
    /// Answer to it, with the key of the network.
    CM_SLAC_MATCH_CNF = 0x607D "CM_SLAC_MATCH.CNF",
    /// Modem to its host: so much was lost of one sound.
    CM_ATTEN_PROFILE_IND = 0x6086 "CM_ATTEN_PROFILE.IND",
    /// Qualcomm: which software?
    VS_SW_VER_REQ = 0xA000 "VS_SW_VER.REQ",
    /// Answer to it.
    VS_SW_VER_CNF = 0xA001 "VS_SW_VER.CNF",
    /// Qualcomm: restart.
    VS_RS_DEV_REQ = 0xA01C "VS_RS_DEV.REQ",
    /// Answer to it.
    VS_RS_DEV_CNF = 0xA01D "VS_RS_DEV.CNF",
    /// Qualcomm: networks and their stations.
    VS_NW_INFO_REQ = 0xA038 "VS_NW_INFO.REQ",
    /// Answer to it.
    VS_NW_INFO_CNF = 0xA039 "VS_NW_INFO.CNF",
    /// Qualcomm: a modem asks its host for something.
    VS_HOST_ACTION_REQ = 0xA060 "VS_HOST_ACTION.REQ",
    /// Qualcomm: a modem tells its host something.
    VS_HOST_ACTION_IND = 0xA062 "VS_HOST_ACTION.IND",
    /// Qualcomm: hardware and software.
    VS_OP_ATTRIBUTES_REQ = 0xA068 "VS_OP_ATTRIBUTES.REQ",
    /// Answer to it.
    VS_OP_ATTRIBUTES_CNF = 0xA069 "VS_OP_ATTRIBUTES.CNF",
    /// Qualcomm: is there a link?
    VS_PL_LNK_STATUS_REQ = 0xA0B8 "VS_PL_LNK_STATUS.REQ",
    /// Answer to it.
    VS_PL_LNK_STATUS_CNF = 0xA0B9 "VS_PL_LNK_STATUS.CNF",
    /// Qualcomm: what [`Self::CM_ATTEN_PROFILE_IND`] says, in the older form.
    VS_ATTEN_CHAR_IND = 0xA14E "VS_ATTEN_CHAR.IND",
    /// Lumissil: which software?
    LMS_VERSION_REQ = 0xAC6C "LMS_VERSION.REQ",
    /// Answer to it.
    LMS_VERSION_CNF = 0xAC6D "LMS_VERSION.CNF",
    /// Lumissil: restart. There is no answer.
    LMS_RESET_REQ = 0xAC70 "LMS_RESET.REQ",
    /// Lumissil: what is the modem doing?
    LMS_DEVICE_STATE_REQ = 0xAC98 "LMS_DEVICE_STATE.REQ",
    /// Answer to it.
    LMS_DEVICE_STATE_CNF = 0xAC99 "LMS_DEVICE_STATE.CNF",
    /// Lumissil: is there a link?
    LMS_LINK_STATUS_REQ = 0xAC9C "LMS_LINK_STATUS.REQ",
    /// Answer to it.
    LMS_LINK_STATUS_CNF = 0xAC9D "LMS_LINK_STATUS.CNF",
    /// Lumissil: a modem tells its host that it joined or left a network.
    LMS_HOST_MESSAGE_IND = 0xACA2 "LMS_HOST_MESSAGE.IND",
}

impl MmType {
    /// What the message is in its exchange.
    pub const fn variant(self) -> Variant {
        match self.0 & 3 {
            0 => Variant::Request,
            1 => Variant::Confirm,
            2 => Variant::Indication,
            _ => Variant::Response,
        }
    }

    /// Whether a vendor defines the message, whose OUI then stands in front of it.
    pub const fn is_vendor(self) -> bool {
        matches!(self.0, 0xA000..=0xBFFF)
    }
}

impl fmt::Display for MmType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "MME {:#06x}", self.0),
        }
    }
}

impl fmt::Debug for MmType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MmType({self})")
    }
}
