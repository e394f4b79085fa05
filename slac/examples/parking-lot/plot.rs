//! A figure: how many vehicles are matched, by the share of frames that the line loses.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::simulation::{Lot, Outcome, Scenario, Variant, Watch};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 310.0;
/// Highest loss in the figure, per cent.
const MOST: u64 = 60;

/// Share of vehicles that are matched, at the first go and in the end.
fn rates(variant: Variant, loss: u64, runs: u64) -> (f64, f64) {
    let (mut all, mut first, mut end) = (0, 0, 0);
    for seed in 0..runs {
        let scenario = Scenario {
            seed: seed * 1000 + loss,
            variant,
            chargers: 5,
            vehicles: 5,
            loss: loss * 10_000,
            duplication: 20_000,
            delay: 10,
            forgeries: 0,
            power_cycles: 0,
            mute: 0,
        };
        for outcome in Lot::new(scenario, Watch::Nothing).run().outcomes {
            all += 1;
            if let Outcome::Own { first_go, .. } = outcome {
                end += 1;
                first += u32::from(first_go);
            }
        }
    }
    let share = |n: u32| f64::from(n) / f64::from(all.max(1));
    (share(first), share(end))
}

fn x(loss: u64) -> f64 {
    LEFT + (RIGHT - LEFT) * loss as f64 / MOST as f64
}

fn y(rate: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * rate
}

/// Simulates `runs` lots for each point and writes an SVG.
pub(crate) fn write(file: &str, runs: u64) -> ExitCode {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    for percent in (0..=100).step_by(20) {
        let at = y(f64::from(percent) / 100.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{percent} %</text>",
            LEFT - 6.0,
            at + 4.0
        );
    }
    for loss in (0..=MOST).step_by(10) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{loss} %</text>",
            x(loss),
            BOTTOM + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">frames lost on the line</text>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 40.0
    );
    for (row, (variant, colour)) in
        Variant::ALL.into_iter().zip(["#1f5fa8", "#2e8b57", "#c8501e"]).enumerate()
    {
        let points: Vec<_> = (0..=MOST).step_by(5).map(|loss| (loss, rates(variant, loss, runs))).collect();
        for (dash, label, pick) in [("", "in the end", 1), ("6 4", "at the first go", 0)] {
            let path: Vec<_> = points
                .iter()
                .map(|(loss, (first, end))| {
                    format!("{:.1} {:.1}", x(*loss), y(if pick == 1 { *end } else { *first }))
                })
                .collect();
            let at = TOP + 160.0 + 18.0 * (row * 2 + usize::from(pick == 0)) as f64;
            let _ = writeln!(
                svg,
                "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
                 stroke-dasharray=\"{dash}\"/>\n<path d=\"M{} {at}h30\" stroke=\"{colour}\" stroke-width=\"2\" \
                 stroke-dasharray=\"{dash}\"/><text x=\"{}\" y=\"{}\">{variant:?}, {label}</text>",
                path.join("L"),
                LEFT + 16.0,
                LEFT + 54.0,
                at + 4.0
            );
        }
        for (loss, (first, end)) in &points {
            println!("{variant:?} {loss} %: {first:.4} {end:.4}");
        }
    }
    svg.push_str("</svg>\n");
    match std::fs::write(file, svg) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}
