//! The committed vectors of the reference codec through `v2g exi`.

mod common;

use std::fmt::Write;

use serde_json::{Value as Json, json};

const SETS: [&str; 7] = ["appprotocol", "common", "dc", "ac", "wpt", "acdp", "xmldsig"];
const ENGINES: [&str; 2] = ["typed", "grammar"];

fn lines(name: &str) -> Vec<Json> {
    let path = format!("{}/../conformance/corpus/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ask(engine: &str, questions: &[Json]) -> Vec<Json> {
    let input = questions.iter().fold(String::new(), |mut text, question| {
        writeln!(text, "{question}").unwrap();
        text
    });
    let run = common::v2g(&["exi", "--batch", "--engine", engine], input.as_bytes());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let answers: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

fn decode(line: &Json, form: &str) -> Json {
    json!({"op": "decode", "schema": line["schema"], "fragment": line["fragment"], "exi_hex": line[form]})
}

fn encode(line: &Json, empty: &str) -> Json {
    json!({
        "op": "encode", "schema": line["schema"], "fragment": line["fragment"], "xml": line["xml"], "empty": empty,
    })
}

/// Content and bytes of documents, in both forms of empty elements.
fn check_documents(engine: &str, lines: &[Json]) {
    for (empty, form) in [("ee", "exi_hex"), ("ch", "exi_hex_ch")] {
        let written = ask(engine, &lines.iter().map(|line| encode(line, empty)).collect::<Vec<_>>());
        for (line, answer) in lines.iter().zip(written) {
            // Without empty elements there is one form.
            let exi = line.get(form).unwrap_or(&line["exi_hex"]);
            assert!(answer["exi_hex"] == *exi, "{line}\n{answer}");
        }
        let lines: Vec<_> = lines.iter().filter(|line| line[form].is_string()).collect();
        let read = ask(engine, &lines.iter().map(|line| decode(line, form)).collect::<Vec<_>>());
        for (line, answer) in lines.into_iter().zip(read) {
            let length = line[form].as_str().unwrap().len() / 2;
            assert!(answer["xml"] == line["xml"] && answer["consumed"] == length, "{line}\n{answer}");
        }
    }
}

#[test]
fn documents_and_fragments_decode_and_encode_exactly() {
    for engine in ENGINES {
        for set in SETS {
            let lines = lines(set);
            assert!(lines.len() >= 15, "{set}");
            check_documents(engine, &lines);
        }
    }
}

#[test]
fn literals_are_exact_and_table_references_refused() {
    for engine in ENGINES {
        let lines = lines("stringtable");
        check_documents(engine, &lines);
        let hits = ask(engine, &lines.iter().map(|line| decode(line, "exi_hex_hits")).collect::<Vec<_>>());
        for (line, answer) in lines.iter().zip(hits) {
            assert!(answer["error"].is_string(), "{line}\n{answer}");
        }
    }
}

#[test]
fn damaged_streams_are_refused_or_read_as_the_reference_reads_them() {
    for engine in ENGINES {
        let lines = lines("invalid");
        let answers = ask(engine, &lines.iter().map(|line| decode(line, "exi_hex")).collect::<Vec<_>>());
        for (line, answer) in lines.iter().zip(answers) {
            let refused = answer["error"].is_string();
            let same = answer["xml"] == line["xml"];
            // Where the reference neither checks values nor has the characters, its text is no evidence.
            let incomparable = line["lossy"] == true || line["schema_valid"] == false;
            let right = match line["expect"].as_str().unwrap() {
                "reject" => refused,
                "accept" => same,
                _ => refused || same || incomparable,
            };
            assert!(right, "{line}\n{answer}");
        }
    }
}

#[test]
fn questions_that_make_no_sense_are_answered_too() {
    let questions = [
        ("nonsense", "not a JSON object"),
        ("[]", "not a question"),
        ("{\"op\":\"fly\"}", "unknown variant"),
        ("{\"op\":\"decode\",\"schema\":\"iso3\",\"exi_hex\":\"80\"}", "unknown schema: iso3"),
        ("{\"op\":\"decode\",\"schema\":\"dc\"}", "`exi_hex` is missing"),
        ("{\"op\":\"encode\",\"schema\":\"dc\",\"empty\":\"no\"}", "unknown variant `no`"),
        ("{\"op\":\"decode\",\"schema\":\"dc\",\"exi_hex\":\"8\"}", "odd"),
        ("{\"op\":\"decode\",\"schema\":\"dc\",\"exi_hex\":\"\"}", "ends inside"),
        ("{\"op\":\"encode\",\"schema\":\"dc\",\"xml\":\"<a\"}", "not well-formed"),
    ];
    let input = questions.map(|(question, _)| question).join("\n\n");
    let run = common::v2g(&["exi", "--batch"], input.as_bytes());
    let answers: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((run.status, answers.len()), (0, questions.len()));
    for ((question, error), answer) in questions.iter().zip(answers) {
        assert!(answer["error"].as_str().unwrap().contains(error), "{question}\n{answer}");
    }
}

#[test]
fn an_id_comes_back_and_documents_can_be_checked() {
    let xml = &lines("dc")[0]["xml"];
    let wrong = xml.as_str().unwrap().replace("SessionID>", "SessionNumber>");
    let answers = ask(
        "grammar",
        &[
            json!({"op": "validate", "schema": "dc", "xml": xml, "id": 7}),
            json!({"op": "validate", "schema": "dc", "xml": wrong, "id": [1]}),
            json!({"op": "normalise", "xml": "<a  b='1'/>", "id": "x"}),
        ],
    );
    assert_eq!(answers[0], json!({"id": 7, "valid": true}));
    assert!(answers[1]["id"] == json!([1]) && answers[1]["valid"] == false, "{}", answers[1]);
    assert_eq!(answers[2], json!({"id": "x", "xml": "<a b=\"1\"></a>"}));
}

#[test]
fn damaged_streams_are_counted_and_unfit_ones_named() {
    let line = decode(&lines("dc")[0], "exi_hex").to_string();
    let run = common::v2g(&["exi", "--damage", "2000", "--seed", "3"], line.as_bytes());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let tally: Json = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&tally["streams"], &tally["documents"]), (&json!(2000), &json!(200)));
    assert!(tally["accepted"].as_u64().unwrap() > 0 && tally["written"].as_u64().unwrap() > 0, "{tally}");

    let unfit = r#"{"op":"decode","schema":"dc","exi_hex":"80"}"#;
    for (input, status, said) in [
        (String::new(), 2, "there are no streams"),
        (format!("{line}\n\n{unfit}\n"), 1, "line 3: both executors refuse it: "),
        ("{".to_owned(), 1, "line 1: not a question: "),
    ] {
        let run = common::v2g(&["exi", "--damage", "10"], input.as_bytes());
        assert_eq!(run.status, status);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}
