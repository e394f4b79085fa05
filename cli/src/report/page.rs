//! The page itself.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{ModeChoice, Outcome, Side};

use super::chart::{Base, Chart, Curve, Style, thinned};
use super::journal::{Ended, Journal};
use super::{content, escape};
use crate::observe::{Figures, Sample, advice, columns, micros};

/// Samples that the cursor can stop at.
const STOPS: usize = 1500;

/// The whole page.
pub(super) fn html(journal: &Journal, scenario: &Scenario) -> String {
    let title = if scenario.name.is_empty() { "Charging session" } else { &scenario.name };
    let figures = figures(journal);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\"><title>{} – v2g</title>\n<style>{}</style></head>\n<body>",
        escape::html(title),
        include_str!("page.css")
    );
    header(&mut page, title, journal, scenario, &figures);
    endings(&mut page, journal, scenario);
    curves(&mut page, journal);
    latencies(&mut page, &figures);
    messages(&mut page, journal);
    let data = json!({ "talk": content::of(journal), "stops": stops(journal) });
    let _ = write!(
        page,
        "<footer>Written by v2g {}.</footer>\n<script type=\"application/json\" id=\"data\">{}</script>\n\
         <script>{}</script></body></html>\n",
        env!("CARGO_PKG_VERSION"),
        escape::json(&data),
        include_str!("page.js")
    );
    page
}

fn figures(journal: &Journal) -> Figures {
    let mut figures = Figures::default();
    for entry in journal.messages() {
        figures.message(entry.kind, entry.latency);
    }
    figures
}

/// From the first thing that was seen to the last.
fn duration(journal: &Journal) -> Duration {
    let message = journal.messages().last().map(|entry| entry.at);
    let sample = journal.samples().last().map(|(at, _)| *at);
    let end = journal.ends.iter().map(|ended| ended.at).max();
    message.max(sample).max(end).unwrap_or_default()
}

/// Whether an end ended as the scenario has it.
fn is_right(ended: &Ended, scenario: &Scenario) -> bool {
    let right = match ended.side {
        Side::Station => &scenario.expect.station,
        Side::Vehicle => &scenario.expect.vehicle,
    };
    if right.is_empty() { ended.end.is_ok() } else { right.contains(&Outcome::of(ended.end)) }
}

fn header(page: &mut String, title: &str, journal: &Journal, scenario: &Scenario, figures: &Figures) {
    let services: Vec<&str> = scenario.services.iter().map(|service| service.name()).collect();
    let mode = match scenario.mode {
        Some(ModeChoice::Dynamic) => "dynamic",
        Some(ModeChoice::Scheduled) => "scheduled",
        None => "any mode",
    };
    let right = !journal.ends.is_empty() && journal.ends.iter().all(|ended| is_right(ended, scenario));
    let (class, verdict) = if right { ("good", "as it should be") } else { ("bad", "not as it should be") };
    let _ = write!(
        page,
        "<header><h1>{} <span class=\"badge {class}\">{verdict}</span></h1><p>{}</p>\
         <p class=\"tags\"><span>{}</span><span>{mode}</span><span>{:?}</span></p></header>",
        escape::html(title),
        escape::html(&scenario.about),
        escape::html(&services.join(", ")),
        scenario.profile,
    );
    let (rounds, _) = figures.overall();
    let [p50, _, p99, _] = columns(&rounds);
    let samples = journal.samples();
    let soc = |sample: Option<&(Duration, Sample)>| sample.map_or(0.0, |(_, s)| s.reading.soc * 100.0);
    let cards = [
        ("duration", format!("{:.2}", duration(journal).as_secs_f64()), "s"),
        ("messages", journal.messages().len().to_string(), ""),
        ("rounds of the loop", figures.rounds().to_string(), ""),
        ("state of charge", format!("{:.1} → {:.1}", soc(samples.first()), soc(samples.last())), "%"),
        ("loop latency, median", format!("{p50:.2}"), "ms"),
        ("loop latency, p99", format!("{p99:.2}"), "ms"),
    ];
    page.push_str("<section class=\"cards\">");
    for (name, value, unit) in cards {
        let _ = write!(page, "<div><b>{value}<small> {unit}</small></b><span>{name}</span></div>");
    }
    page.push_str("</section>");
}

fn endings(page: &mut String, journal: &Journal, scenario: &Scenario) {
    page.push_str("<section><h2>How it ended</h2><div class=\"ends\">");
    for ended in &journal.ends {
        let name = match ended.side {
            Side::Station => "Charger",
            Side::Vehicle => "Vehicle",
        };
        let class = if is_right(ended, scenario) { "good" } else { "bad" };
        let (requirement, look) = advice(ended.end);
        let _ = write!(
            page,
            "<div class=\"end {class}\"><h3>{name} <span class=\"badge {class}\">{}</span></h3><dl>\
             <dt>cause</dt><dd>{}</dd><dt>stage</dt><dd>{}</dd><dt>after</dt><dd>{:.3} s</dd>",
            Outcome::of(ended.end).name(),
            escape::html(&ended.end.cause.to_string()),
            ended.end.stage,
            ended.at.as_secs_f64(),
        );
        for (term, text) in [("requirement", requirement), ("look at", look)] {
            if let Some(text) = text {
                let _ = write!(page, "<dt>{term}</dt><dd>{}</dd>", escape::html(text));
            }
        }
        page.push_str("</dl></div>");
    }
    if journal.ends.is_empty() {
        page.push_str("<p>There was no session.</p>");
    }
    page.push_str("</div></section>");
}

fn charts(journal: &Journal) -> Vec<Chart> {
    let samples = journal.samples();
    let curve = |name, style, value: &dyn Fn(&Sample) -> Option<f64>| {
        let points = samples.iter().filter_map(|(at, s)| value(s).map(|value| (at.as_secs_f64(), value)));
        Curve { name, style, points: points.collect() }
    };
    let measured = |name, value: &dyn Fn(&Sample) -> f64| curve(name, Style::Measured, &|s| Some(value(s)));
    let kilowatts = |watts: f64| Some(watts / 1000.0);
    let power = vec![
        curve("most in", Style::Limit, &|s| kilowatts(s.charge_limit)),
        curve("most out", Style::Limit, &|s| kilowatts(-s.discharge_limit)),
        curve("set-point", Style::SetPoint, &|s| s.set_point.and_then(kilowatts)),
        curve("measured", Style::Measured, &|s| kilowatts(s.reading.voltage * s.reading.current)),
    ];
    vec![
        Chart { title: "Power", base: Base::Zero, unit: "kW", curves: power },
        Chart {
            title: "Current",
            base: Base::Zero,
            unit: "A",
            curves: vec![measured("measured", &|s| s.reading.current)],
        },
        Chart {
            title: "Voltage",
            base: Base::Zero,
            unit: "V",
            curves: vec![measured("outlet", &|s| s.reading.voltage)],
        },
        Chart {
            title: "State of charge",
            base: Base::Least,
            unit: "%",
            curves: vec![measured("battery", &|s| s.reading.soc * 100.0)],
        },
    ]
}

fn curves(page: &mut String, journal: &Journal) {
    page.push_str("<section id=\"curves\"><h2>What flowed <output id=\"at\"></output></h2>");
    let seconds = duration(journal).as_secs_f64();
    for (index, chart) in charts(journal).iter().enumerate() {
        let _ =
            write!(page, "<figure data-chart=\"{index}\"><figcaption><b>{}</b>, {}", chart.title, chart.unit);
        for curve in chart.curves.iter().filter(|curve| !curve.points.is_empty()) {
            let _ = write!(page, "<span class=\"key {}\">{}</span>", curve.style.class(), curve.name);
        }
        let _ = write!(page, "<output></output></figcaption>{}</figure>", chart.svg(seconds));
    }
    page.push_str("<p class=\"hint\">Positive: into the vehicle. Negative: out of it.</p></section>");
}

/// `[t, power, set-point, most in, most out, current, voltage, soc]` for the cursor.
fn stops(journal: &Journal) -> Vec<Value> {
    let samples = journal.samples();
    let times: Vec<(f64, f64)> = samples.iter().map(|(at, s)| (micros(*at), s.reading.current)).collect();
    let kept = thinned(&times, STOPS / 4);
    let mut next = 0;
    let round = |value: f64| (value * 100.0).round() / 100.0;
    kept.iter()
        .filter_map(|(t, _)| {
            let index = (next..times.len()).find(|index| times[*index].0 >= *t)?;
            next = index;
            let s = &samples[index].1;
            let power = s.reading.voltage * s.reading.current;
            Some(json!([
                t,
                round(power / 1e3),
                s.set_point.map(|p| round(p / 1e3)),
                round(s.charge_limit / 1e3),
                round(-s.discharge_limit / 1e3),
                round(s.reading.current),
                round(s.reading.voltage),
                round(s.reading.soc * 100.0)
            ]))
        })
        .collect()
}

fn latencies(page: &mut String, figures: &Figures) {
    page.push_str(
        "<section><h2>Response times</h2><table class=\"times\"><thead><tr><th>response<th>count<th>p50<th>p90<th>p99\
         <th>max<th class=\"bar\">p50 to max, ms, 0.01 to 10 000</tr></thead><tbody>",
    );
    // Times span orders of magnitude.
    let place = |ms: f64| ((ms.max(0.01).log10() + 2.0) / 6.0 * 100.0).clamp(0.0, 100.0);
    for (kind, histogram) in figures.by_kind() {
        let [p50, p90, p99, max] = columns(histogram);
        let (from, to) = (place(p50), place(max));
        let _ = write!(
            page,
            "<tr><td>{kind}<td>{}<td>{p50:.2}<td>{p90:.2}<td>{p99:.2}<td>{max:.2}<td class=\"bar\">\
             <i style=\"left:{from:.1}%;width:{:.1}%\"></i><em style=\"left:{:.1}%\"></em></tr>",
            histogram.count(),
            (to - from).max(0.6),
            place(p99),
        );
    }
    page.push_str(
        "</tbody></table><p class=\"hint\">As the end measures it that tells of the messages. The response to power \
         delivery waits for contactors, or for the current to fall.</p></section>",
    );
}

fn messages(page: &mut String, journal: &Journal) {
    let _ = write!(
        page,
        "<section><h2>Who said what</h2><div class=\"tools\"><input id=\"find\" type=\"search\" placeholder=\"Filter by \
         name or content\" aria-label=\"Filter messages\"><span id=\"found\">{} messages</span></div>\
         <div class=\"talk\"><div class=\"row head\"><span>time, s</span><span class=\"lane\"><b>Vehicle</b><b>Charger</b>\
         </span><span>ms</span></div><div id=\"talk\"></div></div>\
         <noscript><p>The messages are in the page, but to show them it needs its script.</p></noscript></section>",
        journal.messages().len()
    );
}
