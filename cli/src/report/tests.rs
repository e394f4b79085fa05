use std::time::Duration;

use exi_codec::Str;
use exi_codec::iso20::common_messages::SessionSetupReq;
use exi_codec::iso20::common_types::MessageHeader;
use iso15118_20::message::{MessageKind, Request};
use iso15118_20::sequence::Stage;
use iso15118_20::{Cause, End};
use serde_json::Value;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::Side;

use super::{Journal, page};
use crate::observe::{Message, Sample, Seen, Sink, Way};
use crate::runtime::Reading;

const HOSTILE: &str = "</script><img src=x onerror='alert(1)'>\"&\u{202e}";

fn seen(side: Side, millis: u64) -> Seen {
    Seen { session: 0, side, at: Duration::from_millis(millis) }
}

fn setup(name: &str) -> Vec<u8> {
    let header = MessageHeader { session_id: [0; 8], time_stamp: 1, signature: None };
    let request = Request::SessionSetupReq(SessionSetupReq { header, evcc_id: Str::new(name) });
    let mut frame = [0; 512];
    let len = request.encode(&mut frame).unwrap();
    frame[v2gtp::HEADER_LEN..len].to_vec()
}

fn tell(journal: &mut Journal, millis: u64, payload: &[u8]) {
    let kind = MessageKind::SessionSetupReq;
    let message = Message {
        way: Way::Sent,
        kind: Some(kind),
        payload_type: kind.payload_type(),
        payload,
        latency: None,
    };
    journal.message(seen(Side::Vehicle, millis), &message);
}

/// The data that the page's script reads.
fn data(page: &str) -> Value {
    let start = "<script type=\"application/json\" id=\"data\">";
    let (_, rest) = page.split_once(start).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn what_the_peer_says_is_shown_and_never_markup() {
    let mut journal = Journal::default();
    tell(&mut journal, 1, &setup(HOSTILE));
    journal.note(seen(Side::Station, 2), "session", HOSTILE);
    let scenario = Scenario { name: HOSTILE.to_owned(), about: HOSTILE.to_owned(), ..Scenario::default() };
    let page = page::html(&journal, &scenario);
    assert!(!page.contains("<img") && !page.contains('\u{202e}'));
    // One for the data, one for the script.
    assert_eq!((page.matches("<script").count(), page.matches("</script>").count()), (2, 2));
    let data = data(&page);
    let words: Vec<&str> =
        data["talk"]["words"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert!(words.iter().any(|word| word.contains("</script><img src=x")), "{words:?}");
    assert!(words.contains(&"EVCCID"), "{words:?}");
}

#[test]
fn nothing_is_fetched() {
    let page = page::html(&Journal::default(), &Scenario::default());
    for word in ["http://", "https://", "url(", "@import", "<link", " src="] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("There was no session."));
}

#[test]
fn ten_thousand_messages_make_a_page_of_a_few_megabytes() {
    let mut journal = Journal::default();
    let payload = setup("WMIV2G00000000001");
    for i in 0..10_000 {
        tell(&mut journal, i * 10, &payload);
        let reading = Reading { voltage: 400.0, current: f64::from(i as u32 % 90), soc: 0.5 };
        let sample = Sample { reading, set_point: Some(22e3), charge_limit: 4e4, discharge_limit: 11e3 };
        journal.sample(seen(Side::Station, i * 10), &sample);
    }
    let page = page::html(&journal, &Scenario::default());
    assert_eq!(data(&page)["talk"]["messages"].as_array().unwrap().len(), 10_000);
    assert!(data(&page)["stops"].as_array().unwrap().len() <= 1500);
    assert!(page.len() < 3_000_000, "{}", page.len());
    let longest =
        page.split(" d=\"").skip(1).map(|path| path.split('"').next().unwrap().len()).max().unwrap();
    assert!(longest < 40_000, "{longest}");
}

#[test]
fn more_than_a_browser_can_take_is_left_out_in_the_middle() {
    let mut journal = Journal::default();
    for i in 0..25_000 {
        tell(&mut journal, i, &[]);
    }
    let talk = &data(&page::html(&journal, &Scenario::default()))["talk"];
    assert_eq!((&talk["left_out"], talk["messages"].as_array().unwrap().len()), (&5000.into(), 20_000));
    assert_eq!(talk["messages"][19_999][0], 24.999);
}

#[test]
fn ends_are_told_with_cause_requirement_and_verdict() {
    let mut journal = Journal::default();
    let end = End { stage: Stage::ChargeLoop, cause: Cause::Timeout(iso15118_20::Timer::Sequence) };
    journal.ended(seen(Side::Station, 2000), end);
    let shown = page::html(&journal, &Scenario::default());
    for words in ["no request in time", "[V2G20-441]", "ChargeLoop", "not as it should be"] {
        assert!(shown.contains(words), "{words}");
    }
    let expected = Scenario::parse("[expect]\nstation = [\"timeout\"]").unwrap();
    assert!(!page::html(&journal, &expected).contains("not as it should be"));
}
