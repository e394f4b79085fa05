//! Who may use whom.

use serde_json::Value;

use super::packages;
use crate::Failure;

/// What a package may use of ours. A package that is not listed may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("exi-codec", &[]),
    ("v2gtp", &[]),
    ("v2g-slac", &[]),
    ("v2g-pki", &["exi-codec"]),
    ("iso15118-20", &["exi-codec", "v2gtp", "v2g-pki"]),
    ("v2g-ffi", &["exi-codec", "v2gtp", "v2g-slac", "v2g-pki", "iso15118-20", "v2g-tls"]),
    ("v2g-tls", &["v2g-pki"]),
    ("v2g-pkcs11", &["v2g-pki"]),
    ("v2g-cli", &["exi-codec", "v2gtp", "v2g-slac", "v2g-pki", "iso15118-20", "v2g-tls", "v2g-pkcs11"]),
    ("v2g-schema", &[]),
    ("v2g-benches", &["exi-codec", "v2gtp", "v2g-slac", "v2g-pki", "iso15118-20"]),
    ("v2g-examples", &["exi-codec", "v2gtp", "v2g-slac", "v2g-pki", "iso15118-20", "v2g-tls"]),
    ("xtask", &["v2g-schema", "iso15118-20"]),
];

/// What not even the tests of another package may use.
const ENDS: &[&str] = &["v2g-ffi", "v2g-cli"];

/// Compares the dependencies of all packages with [`ARROWS`].
pub(super) fn check(metadata: &Value) -> Result<(), Failure> {
    let wrong: Vec<String> = packages(metadata).flat_map(wrong_arrows).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("\n"))) }
}

fn wrong_arrows(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(package, _)| *package == name) else {
        return vec![format!("{name} has no place in the architecture")];
    };
    let ours =
        package["dependencies"].as_array().into_iter().flatten().filter(|used| used["path"].is_string());
    ours.filter_map(|used| {
        let target = used["name"].as_str().unwrap_or_default();
        let wrong = match used["kind"].as_str() {
            Some("dev") => ENDS.contains(&target),
            _ => !allowed.contains(&target),
        };
        wrong.then(|| format!("{name} must not use {target}"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    fn with(package: &str, kind: Option<&str>, used: &str) -> bool {
        let dependency = json!({ "name": used, "kind": kind, "path": "/elsewhere" });
        check(&json!({ "packages": [{ "name": package, "dependencies": [dependency] }] })).is_ok()
    }

    #[test]
    fn arrows_point_one_way() {
        assert!(with("iso15118-20", None, "exi-codec"));
        assert!(!with("exi-codec", None, "iso15118-20"));
        assert!(!with("exi-codec", Some("build"), "v2g-schema"));
        assert!(!with("v2gtp", None, "exi-codec"));
        assert!(!with("a-new-crate", None, "exi-codec"));
    }

    #[test]
    fn tests_may_use_more_but_not_the_ends() {
        assert!(with("iso15118-20", Some("dev"), "v2g-schema"));
        assert!(!with("iso15118-20", Some("dev"), "v2g-cli"));
    }
}
