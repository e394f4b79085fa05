//! `v2g pki` as users start it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn v2g(words: &[&str]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_v2g")).env_remove("V2G_PASSPHRASE").args(words).output();
    program.expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn good(words: &[&str]) -> String {
    let output = v2g(words);
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    said(&output)
}

/// A folder of its own that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("v2g-pki-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn path(&self, inside: &str) -> String {
        self.0.join(inside).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_made_keeps_the_rules_and_every_fault_is_named() {
    let folder = Folder::new("faults");
    good(&["pki", "new", &folder.path("lab"), "--fault", "all", "--contracts", "3"]);
    let words = good(&["pki", "check", &folder.path("lab")]);
    assert!(words.contains("11 checked, all keep the rules"), "{words}");
    let faults = good(&["pki", "new", "nowhere", "--fault", "list"]);
    assert!(faults.lines().count() > 30);
    for fault in faults.lines() {
        let path = folder.path(&format!("lab/faults/{fault}"));
        let output = v2g(&["pki", "check", &path]);
        assert_eq!(output.status.code(), Some(1), "{fault}: {}", said(&output));
        let said = said(&output);
        let manifest = std::fs::read_to_string(Path::new(&path).join("pki.json")).expect("written");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        let verdict = manifest["fault"]["verdict"].as_str().expect("a verdict");
        let rule = verdict.split_once(": ").expect("subject and rule").1;
        let refused: Vec<&str> = said.lines().filter(|line| line.contains("REFUSED")).collect();
        assert!(matches!(refused[..], [line] if line.ends_with(rule)), "{fault}: {said}");
    }
}

#[test]
fn the_same_seed_and_day_give_the_same_bytes_for_every_algorithm() {
    let folder = Folder::new("seed");
    for algorithm in ["p521", "ed448", "p256"] {
        let make = |name: &str, seed: &[&str]| {
            let path = folder.path(&format!("{algorithm}-{name}"));
            let words = ["pki", "new", &path, "--algorithm", algorithm, "--at", "2026-03-01"];
            good(&[&words, seed].concat());
            let checked = good(&["pki", "check", &path, "--at", "2026-03-02"]);
            assert!(checked.contains("all keep the rules"), "{checked}");
            let relative = |(file, content): (PathBuf, _)| {
                (file.strip_prefix(&path).expect("below").to_owned(), content)
            };
            files(Path::new(&path)).into_iter().map(relative).collect::<Vec<_>>()
        };
        let first = make("a", &["--seed", "one"]);
        assert!(first == make("b", &["--seed", "one"]), "{algorithm}");
        assert!(first != make("c", &["--seed", "two"]), "{algorithm}");
        assert!(make("d", &[]) != make("e", &[]), "{algorithm}: without a seed it is chance");
    }
}

#[test]
fn private_keys_are_secret_files_and_encrypted_on_demand() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = Folder::new("secret");
    let word = folder.path("passphrase");
    std::fs::create_dir_all(&folder.0).expect("made");
    std::fs::write(&word, "correct horse\n").expect("written");
    good(&["pki", "new", &folder.path("plain"), "--algorithm", "p256"]);
    good(&["pki", "new", &folder.path("closed"), "--algorithm", "p256", "--passphrase-file", &word]);
    for (name, label) in [("plain", "BEGIN PRIVATE KEY"), ("closed", "BEGIN ENCRYPTED PRIVATE KEY")] {
        let keys = files(&folder.0.join(name)).into_iter();
        let keys: Vec<_> = keys.filter(|(path, _)| path.ends_with("key.pem")).collect();
        assert!(keys.len() > 20);
        for (path, content) in keys {
            assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600, "{path:?}");
            assert!(String::from_utf8_lossy(&content).contains(label), "{path:?}");
        }
    }
    let refused = v2g(&["pki", "check", &folder.path("closed")]);
    assert!(said(&refused).contains("the key is encrypted"), "{}", said(&refused));
    good(&["pki", "check", &folder.path("closed"), "--passphrase-file", &word]);
    let again = v2g(&["pki", "new", &folder.path("plain")]);
    assert_eq!(again.status.code(), Some(2), "what is there is not overwritten");
}

/// Whom authorities revoke is refused at once, and whom they issue anew is not.
#[test]
fn authorities_issue_and_revoke() {
    let folder = Folder::new("issue");
    let path = folder.path("lab");
    good(&["pki", "new", &path]);
    let said_by = |output: Output| said(&output);
    good(&["pki", "revoke", &path, "DE8AA0000000006", "secc"]);
    let checked = said_by(v2g(&["pki", "check", &path]));
    assert_eq!(checked.matches("the certificate is revoked").count(), 2, "{checked}");
    let list = good(&["pki", "show", &folder.path("lab/crl/mo-sub-ca2.crl")]);
    assert!(list.contains("issuer       C=DE, O=V2G authorities, CN=MO sub-CA 2, DC=MO"), "{list}");
    assert_eq!(list.matches("revoked  ").count(), 1, "{list}");
    let response = good(&["pki", "show", &folder.path("lab/ocsp/secc.ocsp")]);
    assert!(response.contains("REVOKED"), "{response}");

    let taken = v2g(&["pki", "issue", &path, "--role", "secc"]);
    assert_eq!(taken.status.code(), Some(2), "what is there is not replaced unasked");
    good(&["pki", "issue", &path, "--role", "secc", "--replace"]);
    good(&["pki", "issue", &path, "--role", "contract", "--name", "DE83DUIEN83QGZD", "--days", "30"]);
    let checked = said_by(v2g(&["pki", "check", &path]));
    assert_eq!(checked.matches("REFUSED").count(), 1, "{checked}");
    assert!(checked.contains("contract       ok       DE83DUIEN83QGZD"), "{checked}");
    good(&["pki", "crl", &path]);
    good(&["pki", "ocsp", &path]);
    let checked = said_by(v2g(&["pki", "check", &path]));
    assert_eq!(checked.matches("REFUSED").count(), 1, "revoked for good: {checked}");
    let foreign = v2g(&["pki", "issue", &path, "--role", "cps", "--replace", "--days", "0"]);
    assert_eq!(foreign.status.code(), Some(1), "{}", said(&foreign));
    let shown = good(&["pki", "show", &folder.path("lab/secc/key.pem"), &folder.path("lab/secc/chain.pem")]);
    assert!(shown.contains("a private key, which is not shown"), "{shown}");
    assert!(shown.contains("purpose      serverAuth (critical)"), "{shown}");
}

/// The private half is elsewhere: the folder names the key on its token.
#[test]
fn a_certificate_for_a_key_that_is_elsewhere() {
    let folder = Folder::new("token");
    let (ours, theirs) = (folder.path("ours"), folder.path("theirs"));
    good(&["pki", "new", &ours]);
    good(&["pki", "new", &theirs]);
    let request = std::fs::read_to_string(folder.path("theirs/secc/chain.pem")).expect("there");
    std::fs::write(folder.path("no-key.pem"), request).expect("written");
    let words = ["pki", "issue", &ours, "--role", "secc", "--replace", "--token", "secc", "--public-key"];
    let refused = v2g(&[&words[..], &[&folder.path("no-key.pem")]].concat());
    assert!(said(&refused).contains("has no public key"), "{}", said(&refused));
    // RFC 7468 has no Base64 of ours to lean on here: a public key that is DER.
    let info = [
        &[0x30, 0x81, 0x9B, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05][..],
        &[0x2B, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04],
        &[1; 132],
    ];
    std::fs::write(folder.path("public.der"), info.concat()).expect("written");
    good(&[&words[..], &[&folder.path("public.der")]].concat());
    let token = std::fs::read_to_string(folder.path("ours/secc/key.token")).expect("written");
    assert_eq!(token, "secc\n");
    assert!(!folder.0.join("ours/secc/key.pem").exists(), "the old key is gone");
    // The point is none, which the check of the chain sees and names.
    let checked = v2g(&["pki", "check", &ours]);
    assert!(said(&checked).contains("not a point of its curve"), "{}", said(&checked));
}

/// Changes are made as a whole, and a damaged file is not the end of it.
#[test]
fn a_trust_store_on_the_disk() {
    let folder = Folder::new("trust");
    good(&["pki", "new", &folder.path("lab")]);
    let store = folder.path("store");
    let root = |kind: &str| format!("{kind}={}", folder.path(&format!("lab/roots/{kind}/root.pem")));
    let no_root = format!("v2g={}", folder.path("lab/secc/chain.pem"));
    let refused = v2g(&["pki", "trust", &store, "--add", &root("v2g"), "--add", &no_root]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(!folder.0.join("store").exists(), "all or nothing");
    good(&["pki", "trust", &store, "--add", &root("v2g"), "--add", &root("mo")]);
    let listed = good(&["pki", "trust", &store, "--remove", &root("mo"), "--add", &root("oem")]);
    let kinds: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(kinds, ["v2g", "oem", "generation"], "{listed}");
    let again = v2g(&["pki", "trust", &store, "--add", &root("v2g")]);
    assert!(said(&again).contains("is there already"), "{}", said(&again));

    // The newer image is damaged: the older one counts. Both: nothing is trusted, and that is said.
    let names = ["trust.a", "trust.b"].map(|name| folder.0.join("store").join(name));
    let image = names.clone().map(|name| std::fs::read(name).expect("two images"));
    let newer = usize::from(image[1][5..9] > image[0][5..9]);
    let mut damaged = image[newer].clone();
    damaged[100] ^= 1;
    std::fs::write(&names[newer], &damaged).expect("written");
    let listed = good(&["pki", "trust", &store]);
    assert!(listed.contains("mo ") && listed.contains("generation 1"), "{listed}");
    std::fs::write(&names[1 - newer], &damaged).expect("written");
    let nothing = v2g(&["pki", "trust", &store]);
    assert!(said(&nothing).contains("no intact image is stored"), "{}", said(&nothing));
}
