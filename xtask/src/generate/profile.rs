//! The vocabulary of ISO 15118-20 for the schema compiler.

use v2g_schema::{ChoiceName, Profile, SetModule, UnitRule};

const AP: &str = "app_protocol";
const DSIG: &str = "iso20/xmldsig";
const CT: &str = "iso20/common_types";
const CM: &str = "iso20/common_messages";
const DC: &str = "iso20/dc";
const AC: &str = "iso20/ac";
const WPT: &str = "iso20/wpt";
const ACDP: &str = "iso20/acdp";

const fn set(key: &'static str, module: &'static str, title: &'static str) -> SetModule<'static> {
    SetModule { key, module, title }
}

const fn unit(contains: &'static str, quantity: &'static str) -> UnitRule<'static> {
    UnitRule { contains, quantity: Some(quantity) }
}

const fn plain(contains: &'static str) -> UnitRule<'static> {
    UnitRule { contains, quantity: None }
}

const fn choice(element: &'static str, name: &'static str, field: &'static str) -> ChoiceName<'static> {
    ChoiceName { element, name, field }
}

/// The profile of the modules in `exi-codec`.
pub(super) const PROFILE: Profile<'static> = Profile {
    modules: &[
        ("urn:iso:15118:2:2010:AppProtocol", AP),
        ("http://www.w3.org/2000/09/xmldsig#", DSIG),
        ("urn:iso:std:iso:15118:-20:CommonTypes", CT),
        ("urn:iso:std:iso:15118:-20:CommonMessages", CM),
        ("urn:iso:std:iso:15118:-20:DC", DC),
        ("urn:iso:std:iso:15118:-20:AC", AC),
        ("urn:iso:std:iso:15118:-20:WPT", WPT),
        ("urn:iso:std:iso:15118:-20:ACDP", ACDP),
    ],
    sets: &[
        set("appprotocol", AP, "supportedAppProtocol"),
        set("xmldsig", DSIG, "xmldsig"),
        set("common", CM, "CommonMessages"),
        set("dc", DC, "DC"),
        set("ac", AC, "AC"),
        set("wpt", WPT, "WPT"),
        set("acdp", ACDP, "ACDP"),
    ],
    words: &[
        "EVSE",
        "EVCC",
        "SECC",
        "EVPC",
        "EVPPT",
        "EV",
        "IDs",
        "ID",
        "SOC",
        "DHP",
        "DH",
        "ECDH",
        "PnC",
        "EIM",
        "VAS",
        "BPT",
        "AC",
        "DC",
        "WPT",
        "ACDP",
        "LF",
        "URI",
        "SE",
        "CL",
        "AS",
        "CPD",
        "Wh",
        "VARh",
        "EMAIDs",
        "EMAID",
        "eMSP",
        "SMDT",
        "V2X",
        "PD",
        "SD",
        "SPC",
        "XPath",
        "HMAC",
        "WLAN",
        "CP",
        "Tx",
        "Rx",
        "LPE",
        "IP",
        "A",
        "GeneralPnC",
        "FOD",
        "LOP",
    ],
    message_suffixes: &["Req", "Res"],
    other_documents: &["SignedInstallationData", "SignedMeteringData"],
    fragments: &[
        "AbsolutePriceSchedule",
        "OEMProvisioningCertificateChain",
        "PnC_AReqAuthorizationMode",
        "PriceLevelSchedule",
        "SignedInfo",
        "SignedInstallationData",
        "SignedMeteringData",
    ],
    signable_types: &[
        "AbsolutePriceScheduleType",
        "PnC_AReqAuthorizationModeType",
        "PriceLevelScheduleType",
        "SignedCertificateChainType",
        "SignedInfoType",
        "SignedInstallationDataType",
        "SignedMeteringDataType",
    ],
    hot_types: &["MessageHeaderType"],
    lazy_elements: &["Signature", "MeterInfo", "Receipt"],
    opaque_elements: &["KeyInfo", "Object", "XPath", "HMACOutputLength"],
    rational_type: "RationalNumberType",
    units: &[
        plain("Fee"),
        plain("Ramp"),
        plain("Asymmetry"),
        plain("Control"),
        unit("ReactivePower", "Vars"),
        unit("Power", "Watts"),
        unit("Current", "Amperes"),
        unit("Voltage", "Volts"),
        unit("Frequency", "Frequency"),
        unit("Energy", "WattHours"),
    ],
    choices: &[
        choice("DC_CPDReqEnergyTransferMode", "DcCpdReqMode", "energy_transfer_mode"),
        choice("DC_CPDResEnergyTransferMode", "DcCpdResMode", "energy_transfer_mode"),
        choice("AC_CPDReqEnergyTransferMode", "AcCpdReqMode", "energy_transfer_mode"),
        choice("AC_CPDResEnergyTransferMode", "AcCpdResMode", "energy_transfer_mode"),
        choice("CLReqControlMode", "ClReqControlMode", "control_mode"),
        choice("CLResControlMode", "ClResControlMode", "control_mode"),
        choice("EIM_ASResAuthorizationMode", "AsResAuthorizationMode", "authorization_mode"),
        choice("EIM_AReqAuthorizationMode", "AReqAuthorizationMode", "authorization_mode"),
        choice("Dynamic_SEReqControlMode", "SeReqControlMode", "control_mode"),
        choice("Dynamic_SEResControlMode", "SeResControlMode", "control_mode"),
        choice("Dynamic_SMDTControlMode", "SmdtControlMode", "control_mode"),
        choice("Dynamic_EVPPTControlMode", "EvpptControlMode", "control_mode"),
        choice("AbsolutePriceSchedule", "PriceSchedule", "price_schedule"),
        choice("SECP521_EncryptedPrivateKey", "EncryptedPrivateKey", "encrypted_private_key"),
        choice("boolValue", "ParameterValue", "value"),
        choice("LF_TransmitterSetupData", "LfSetup", "setup"),
        choice("LF_TxData", "LfData", "data"),
    ],
};
