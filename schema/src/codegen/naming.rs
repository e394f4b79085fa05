//! Idiomatic Rust names from XML names.

/// Splits an XML name into words: at underscores and other punctuation, before capitals, and around the words of
/// the vocabulary.
pub(super) fn words(name: &str, vocabulary: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut rest = part;
        while !rest.is_empty() {
            let (word, tail) = rest.split_at(first_word(rest, vocabulary));
            words.push(word.to_ascii_lowercase());
            rest = tail;
        }
    }
    words
}

/// Length of the first word of `text`.
fn first_word(text: &str, vocabulary: &[&str]) -> usize {
    let known = vocabulary
        .iter()
        .filter(|word| text.starts_with(**word))
        .filter(|word| !text[word.len()..].starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|word| word.len())
        .max();
    if let Some(length) = known {
        return length;
    }
    let bytes = text.as_bytes();
    let upper = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_uppercase);
    let lower = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_lowercase);
    let mut end = 1;
    if upper(0) && upper(1) {
        // An acronym ends before the capital that starts the next word.
        while end < bytes.len() && !lower(end) && !(upper(end) && lower(end + 1)) {
            end += 1;
        }
    } else {
        while end < bytes.len() && !upper(end) {
            end += 1;
        }
    }
    end
}

pub(super) fn camel(words: &[String]) -> String {
    words
        .iter()
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
        })
        .collect()
}

pub(super) fn snake(words: &[String]) -> String {
    let name = words.join("_");
    if matches!(name.as_str(), "type" | "match" | "ref" | "use" | "move" | "loop") {
        return format!("r#{name}");
    }
    name
}

pub(super) fn constant(words: &[String]) -> String {
    words.join("_").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(name: &str) -> String {
        words(name, &["EVSE", "EVCC", "EV", "ID", "IDs", "PnC", "eMSP", "DH", "Wh", "SE", "AS"]).join(" ")
    }

    #[test]
    fn acronyms_and_punctuation_separate_words() {
        assert_eq!(split("EVSEID"), "evse id");
        assert_eq!(split("ListOfRootCertificateIDs"), "list of root certificate ids");
        assert_eq!(split("DHPublicKey"), "dh public key");
        assert_eq!(split("PnC_ASResAuthorizationMode"), "pnc as res authorization mode");
        assert_eq!(split("WARNING_eMSPUnknown"), "warning emsp unknown");
        assert_eq!(split("ChargedEnergyReadingWh"), "charged energy reading wh");
        assert_eq!(split("X509IssuerName"), "x509 issuer name");
        assert_eq!(split("XMLParser"), "xml parser");
        assert_eq!(split("External confirmation"), "external confirmation");
        assert_eq!(split("SelectedService"), "selected service");
    }
}
