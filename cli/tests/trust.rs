//! `v2g session --tls`: handshakes, contracts, and everything that can be wrong with certificates.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// A session as programs see it: the lines, the summary, the exit status.
struct Seen {
    lines: Vec<Value>,
    summary: Value,
    status: i32,
}

impl Seen {
    fn messages(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line["message"].as_str()).collect()
    }

    fn findings(&self, side: &str) -> Vec<&str> {
        self.summary[side]["findings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The ways of authorization that were tried, in their order, and how each ended.
    fn authorization(&self) -> Vec<(String, String)> {
        let of = |name| self.lines.iter().filter(move |line| line["message"] == name);
        let finished = of("AuthorizationReq")
            .zip(of("AuthorizationRes"))
            .filter(|(_, answer)| answer["processing"].is_null());
        let text = |value: &'_ Value| value.as_str().map(ToOwned::to_owned).unwrap_or_default();
        finished.map(|(ask, answer)| (text(&ask["service"]), text(&answer["code"]))).collect()
    }
}

fn session(args: &[&str]) -> Seen {
    let rounds: &[&str] = if args.contains(&"--loops") { &[] } else { &["--loops", "2"] };
    let all = [&["session", "--json", "--tls"], rounds, args].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_v2g")).args(all).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap_or_default();
    Seen { lines, summary, status: output.status.code().unwrap() }
}

fn ways(ways: &[(&str, &str)]) -> Vec<(String, String)> {
    ways.iter().map(|(way, code)| ((*way).to_owned(), (*code).to_owned())).collect()
}

fn temporary(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_contract_is_fetched_and_pays_for_energy_both_ways() {
    let seen = session(&["--pnc", "--install-contract", "--service", "dc-bpt", "--loops", "4"]);
    assert_eq!((seen.status, &seen.summary["ok"]), (0, &Value::Bool(true)), "{}", seen.summary);
    assert_eq!(seen.authorization(), ways(&[("PnC", "OK")]));
    assert_eq!(seen.findings("vehicle"), ["contract installed: DE8AA0000000006"]);
    assert_eq!(
        seen.findings("station"),
        ["contract wanted: from the provider", "contract accepted: DE8AA0000000006"]
    );
    assert_eq!(seen.messages().last(), Some(&"SessionStopRes"));
    for flow in ["charged_wh", "discharged_wh"] {
        assert!(seen.summary[flow].as_f64().unwrap() > 1.0, "{}", seen.summary);
    }
    // Both ends know how the link is secured, and by whom.
    for (side, peer) in [("vehicle", "DEABCS"), ("station", "WMIV1234567890ABCDEX")] {
        let tls = &seen.summary[side]["tls"];
        assert_eq!((&tls["version"], &tls["group"]), (&"TLS 1.3".into(), &"secp521r1".into()), "{side}");
        assert_eq!(tls["suite"], "TLS_AES_256_GCM_SHA384");
        assert!(tls["peer"].as_str().unwrap().starts_with(peer), "{side}: {tls}");
    }
    assert_eq!(seen.lines[0]["tls"], seen.summary["vehicle"]["tls"]);
}

#[test]
fn without_contracts_the_card_pays() {
    let seen = session(&[]);
    assert_eq!((seen.status, seen.authorization()), (0, ways(&[("EIM", "OK")])));
    let seen = session(&["--pnc"]);
    assert_eq!((seen.status, seen.authorization()), (0, ways(&[("PnC", "OK")])));
    assert!(!seen.messages().contains(&"CertificateInstallationReq"));
    let seen = session(&["--pnc", "--offline", "--install-contract"]);
    assert_eq!((seen.status, seen.authorization()), (0, ways(&[("PnC", "OK")])));
}

#[test]
fn what_is_wrong_with_a_contract_is_said_and_another_way_is_found() {
    let (card, none) = (("EIM", "OK"), [].as_slice());
    let revoked = ("PnC", "WARNING_CertificateRevoked");
    let unknown = ("PnC", "WARNING_eMSPUnknown");
    let expired = ("PnC", "WARNING_CertificateExpired");
    for (fault, options, expected, reason) in [
        ("revoked-contract", none, vec![revoked, card], "leaf certificate: the certificate is revoked"),
        ("revoked-contract", &["--install-contract"], vec![revoked, card], "the certificate is revoked"),
        ("unknown-emsp", none, vec![unknown, card], "chain: no root that may certify this role"),
        ("expired-contract", none, vec![expired, card], "leaf certificate: the certificate has expired"),
        // The old one has expired: a new one is fetched.
        ("expired-contract", &["--install-contract"], vec![expired, ("PnC", "OK")], "has expired"),
        ("revoked-contract", &["--offline"], vec![revoked, card], "the certificate is revoked"),
    ] {
        let seen = session(&[&["--pnc", "--fault", fault], options].concat());
        assert_eq!((seen.status, seen.authorization()), (0, ways(&expected)), "{fault}: {}", seen.summary);
        assert!(seen.findings("station").iter().any(|found| found.contains(reason)), "{}", seen.summary);
        assert_eq!(seen.messages().last(), Some(&"SessionStopRes"), "{fault}");
    }
    let seen = session(&["--pnc", "--install-contract", "--fault", "forged-delivery"]);
    assert_eq!((seen.status, seen.authorization()), (0, ways(&[card])));
    let [found] = seen.findings("vehicle")[..] else { panic!("{}", seen.summary) };
    assert_eq!(found, "contract refused: signature: the digest is not that of the element");
}

#[test]
fn links_to_whom_is_not_trusted_never_come_about() {
    for (fault, refuses, why, told) in [
        ("revoked-secc", "vehicle", "leaf certificate: the certificate is revoked", "CertificateRevoked"),
        ("cross-root", "vehicle", "chain: no root that may certify this role", "UnknownCA"),
        ("revoked-vehicle", "station", "leaf certificate: the certificate is revoked", "CertificateRevoked"),
    ] {
        let seen = session(&["--pnc", "--fault", fault]);
        assert_eq!(seen.status, 0, "as expected: {}", seen.summary);
        let end = &seen.summary[refuses];
        assert_eq!(end["outcome"], "not-secured", "{}", seen.summary);
        assert!(end["cause"].as_str().unwrap().contains(why), "{}", seen.summary);
        let other = &seen.summary[if refuses == "vehicle" { "station" } else { "vehicle" }];
        // A vehicle whose certificate is refused learns it from the first answer.
        let heard = other["link"].as_str().or(other["cause"].as_str()).unwrap();
        assert!(heard.contains(told), "{}", seen.summary);
        assert!(!seen.messages().contains(&"SessionSetupReq"), "{fault}");
        assert_eq!(seen.summary["rounds"], 0);
    }
}

#[test]
fn meter_readings_are_confirmed_by_the_contract() {
    let scenario = temporary("metering.toml");
    let text = "services = [\"dc\"]\nmode = \"dynamic\"\nlapse = 60\n[vehicle]\nrounds = 8\n[[event]]\n\
                when = \"round 3\"\nside = \"station\"\naction = \"confirm-metering\"\nwithin = \"60 s\"\n";
    std::fs::write(&scenario, text).unwrap();
    let seen = session(&["--pnc", "--loops", "8", "--scenario", scenario.to_str().unwrap()]);
    assert_eq!(seen.status, 0, "{}", seen.summary);
    assert!(seen.messages().contains(&"MeteringConfirmationRes"));
    let signed = |found: &&str| found.starts_with("meter confirmed: ") && found.ends_with(" Wh, signed");
    assert!(seen.findings("station").iter().any(signed), "{}", seen.summary);
}

#[test]
fn secured_sessions_are_paused_and_resumed() {
    let scenario = temporary("pause-tls.toml");
    let text = "services = [\"ac\"]\nmode = \"scheduled\"\nlapse = 10\n[vehicle]\nrounds = 6\n\
                resume = \"4 s\"\n[[event]]\nwhen = \"round 3\"\nside = \"vehicle\"\naction = \"pause\"\n";
    std::fs::write(&scenario, text).unwrap();
    let seen = session(&["--pnc", "--loops", "6", "--scenario", scenario.to_str().unwrap()]);
    assert_eq!(seen.status, 0, "{}", seen.summary);
    let joined: Vec<_> = seen.lines.iter().filter(|line| line["message"] == "SessionSetupRes").collect();
    let codes: Vec<_> = joined.iter().map(|line| line["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["OK_NewSessionEstablished", "OK_OldSessionJoined"]);
    assert_eq!(seen.lines.iter().filter(|line| line["tls"].is_object()).count(), 2);
    assert_eq!(seen.authorization().len(), 1, "once is enough");
}

#[test]
fn the_same_seed_gives_the_same_certificates_and_another_others() {
    let fingerprint = |seed: &str| {
        let scenario = temporary(&format!("seed-{seed}.toml"));
        std::fs::write(&scenario, format!("services = [\"ac\"]\nseed = {seed}\n[vehicle]\nrounds = 1\n"))
            .unwrap();
        let seen = session(&["--scenario", scenario.to_str().unwrap()]);
        seen.summary["station"]["tls"]["fingerprint"].as_str().unwrap().to_owned()
    };
    let [one, again, other] = ["7", "7", "8"].map(fingerprint);
    assert_eq!(one, again);
    assert_ne!(one, other);
}

#[test]
fn secrets_are_written_on_request_only_and_loudly() {
    let path = temporary("secrets.log");
    let _ = std::fs::remove_file(&path);
    let output = Command::new(env!("CARGO_BIN_EXE_v2g"))
        .args(["session", "--tls", "--loops", "1", "--service", "ac", "--keylog"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("SECRETS"));
    let log = std::fs::read_to_string(&path).unwrap();
    for label in ["CLIENT_TRAFFIC_SECRET_0", "SERVER_HANDSHAKE_TRAFFIC_SECRET"] {
        assert_eq!(
            log.lines().filter(|line| line.starts_with(label)).count(),
            2,
            "{label}: once for each end"
        );
    }
}

#[test]
fn a_folder_has_the_keys_of_both_ends() {
    let folder = temporary("folder-pki");
    let _ = std::fs::remove_dir_all(&folder);
    let made = Command::new(env!("CARGO_BIN_EXE_v2g")).args(["pki", "new"]).arg(&folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let pki = folder.to_str().unwrap();
    for options in [&["--pnc"][..], &["--pnc", "--install-contract"]] {
        let seen = session(&[&["--pki", pki], options].concat());
        assert_eq!((seen.status, seen.authorization()), (0, ways(&[("PnC", "OK")])), "{}", seen.summary);
    }
    // A key on a token is not found without the token, and no key is not found at all.
    std::fs::remove_file(folder.join("secc/key.pem")).unwrap();
    let failing = |words: &str| {
        let args = ["session", "--tls", "--pki", pki];
        let output = Command::new(env!("CARGO_BIN_EXE_v2g")).args(args).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(words), "{error}");
    };
    failing("neither key.pem nor key.token");
    std::fs::write(folder.join("secc/key.token"), "secc\n").unwrap();
    failing("the key secc is on a token");
    std::fs::remove_dir_all(folder.join("roots")).unwrap();
    failing("no folder of keys and certificates");
}

#[test]
fn many_secured_sessions_run_at_once() {
    let seen = session(&["--pnc", "--sessions", "12"]);
    assert_eq!(seen.status, 0, "{}", seen.summary);
    assert_eq!((&seen.summary["sessions"], &seen.summary["failed"]), (&12.into(), &0.into()));
}

#[test]
fn options_that_need_each_other_say_so() {
    for args in [&["session", "--pnc"][..], &["session", "--tls", "--install-contract"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_v2g")).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}
