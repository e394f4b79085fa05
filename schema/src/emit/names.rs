//! Rust names of schema components.

/// `EVSEStatus` becomes `EVSE_STATUS`, `listOfIDs` becomes `LIST_OF_IDS`.
pub(super) fn constant(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let is_lower = |index: usize| letters.get(index).is_some_and(|letter| letter.is_lowercase());
    let mut constant = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after_lower = before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        // A single small letter, as in `IDs` or `VARh`, belongs to the abbreviation before it.
        let starts_word = is_lower(index + 1) && is_lower(index + 2);
        let in_word = before.is_some_and(char::is_alphanumeric);
        if letter.is_uppercase() && in_word && (after_lower || starts_word) {
            constant.push('_');
        }
        if letter.is_alphanumeric() {
            constant.extend(letter.to_uppercase());
        } else {
            constant.push('_');
        }
    }
    constant
}

#[cfg(test)]
mod tests {
    use super::constant;

    #[test]
    fn words_are_separated_once() {
        let cases = [
            ("SessionID", "SESSION_ID"),
            ("EVSEStatus", "EVSE_STATUS"),
            ("sessionIDType", "SESSION_ID_TYPE"),
            ("AC_CPDReqEnergyTransferMode", "AC_CPD_REQ_ENERGY_TRANSFER_MODE"),
            ("X509IssuerSerial", "X509_ISSUER_SERIAL"),
            ("AlternativeSECCList", "ALTERNATIVE_SECC_LIST"),
            ("ListOfRootCertificateIDs", "LIST_OF_ROOT_CERTIFICATE_IDS"),
            ("CapacitiveEnergyReadingVARh", "CAPACITIVE_ENERGY_READING_VARH"),
            ("URI", "URI"),
        ];
        for (name, expected) in cases {
            assert_eq!(constant(name), expected);
        }
    }
}
