//! Curves over time as SVG. However long a session was, a curve has a few points for each column of pixels.

use std::fmt::Write;

/// Size of the drawing inside its margins.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 22.0;
/// Columns in which a curve keeps its first, least, greatest and last point.
const COLUMNS: usize = 500;

/// How a curve is drawn: the class of its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// What was measured.
    Measured,
    /// What was to be.
    SetPoint,
    /// What might have been at most.
    Limit,
}

impl Style {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::SetPoint => "set-point",
            Self::Limit => "limit",
        }
    }
}

/// A curve: what it is called, how it is drawn, its points by time.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) style: Style,
    pub(super) points: Vec<(f64, f64)>,
}

/// Where the scale of values begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// At zero, or below it.
    Zero,
    /// At the least value, so that small changes can be seen.
    Least,
}

/// A drawing of curves that share a unit.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) base: Base,
    pub(super) unit: &'static str,
    pub(super) curves: Vec<Curve>,
}

/// Round numbers from at most `from` to at least `to`, about so many of them.
pub(super) fn ticks(from: f64, to: f64, about: u32) -> Vec<f64> {
    let span = (to - from).max(1e-9);
    let rough = span / f64::from(about);
    let power = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let (first, last) = ((from / step).floor(), (to / step).ceil());
    let count = (last - first) as u32;
    // Negative zero is no number for people.
    (0..=count).map(|i| (first + f64::from(i)) * step + 0.0).collect()
}

/// First, least, greatest and last point of each column.
pub(super) fn thinned(points: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    if points.len() <= 4 * columns {
        return points.to_vec();
    }
    let size = points.len().div_ceil(columns);
    let mut kept = Vec::with_capacity(4 * columns);
    for chunk in points.chunks(size) {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let mut corners: Vec<(f64, f64)> =
            [chunk.first(), chunk.iter().min_by(by_value), chunk.iter().max_by(by_value), chunk.last()]
                .into_iter()
                .flatten()
                .copied()
                .collect();
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        corners.dedup();
        kept.extend(corners);
    }
    kept
}

/// A number as short as a tick allows.
fn label(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Chart {
    /// The drawing over the time from 0 to `seconds`.
    pub(super) fn svg(&self, seconds: f64) -> String {
        let seconds = seconds.max(0.001);
        let values = || self.curves.iter().flat_map(|curve| curve.points.iter().map(|(_, value)| *value));
        let start = match self.base {
            Base::Zero => 0.0,
            Base::Least => values().next().unwrap_or(0.0),
        };
        let least = values().fold(start, f64::min);
        let most = values().fold(least + 1e-3, f64::max);
        let rows = ticks(least, most, 4);
        let (bottom, top) = (rows[0], rows[rows.len() - 1]);
        let x = |t: f64| LEFT + t / seconds * WIDTH;
        let y = |value: f64| TOP + (top - value) / (top - bottom) * HEIGHT;
        let (width, height) = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{} over time\" data-left=\"{LEFT}\" \
             data-width=\"{WIDTH}\" data-seconds=\"{seconds}\">",
            self.title
        );
        for row in &rows {
            let class = if *row == 0.0 { "axis" } else { "grid" };
            let _ = write!(
                svg,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"y\" x=\"{:.0}\" \
                 y=\"{:.1}\">{}</text>",
                LEFT + WIDTH,
                LEFT - 8.0,
                y(*row) + 4.0,
                label(*row),
                y = y(*row),
            );
        }
        for tick in ticks(0.0, seconds, 10).iter().filter(|tick| **tick <= seconds) {
            let _ = write!(
                svg,
                "<text class=\"x\" x=\"{:.1}\" y=\"{:.0}\">{} s</text>",
                x(*tick),
                TOP + HEIGHT + 17.0,
                label(*tick)
            );
        }
        for curve in &self.curves {
            let _ = write!(svg, "<path class=\"{}\" d=\"{}\"/>", curve.style.class(), path(curve, x, y));
        }
        let _ = write!(
            svg,
            "<line class=\"cursor\" x1=\"-9\" x2=\"-9\" y1=\"{TOP}\" y2=\"{:.0}\"/></svg>",
            TOP + HEIGHT
        );
        svg
    }
}

/// What is measured runs from point to point; what is set holds until it changes.
fn path(curve: &Curve, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for (index, (t, value)) in thinned(&curve.points, COLUMNS).iter().enumerate() {
        let (x, y) = (x(*t), y(*value));
        let _ = match (index, curve.style) {
            (0, _) => write!(path, "M{x:.1} {y:.1}"),
            (_, Style::Measured) => write!(path, "L{x:.1} {y:.1}"),
            _ => write!(path, "H{x:.1}V{y:.1}"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{Base, Chart, Curve, Style, thinned, ticks};

    #[test]
    fn ticks_are_round_and_enclose() {
        assert_eq!(ticks(0.0, 22.4, 4), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(ticks(-11.0, 40.0, 4), [-20.0, 0.0, 20.0, 40.0]);
        assert_eq!(ticks(0.0, 0.0, 4).first(), Some(&0.0));
    }

    #[test]
    fn thinning_keeps_peaks_ends_and_order() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
        points[54_321].1 = 1e6;
        points[60_000].1 = -1e6;
        let kept = thinned(&points, 500);
        assert!(kept.len() <= 2000, "{}", kept.len());
        assert!(kept.contains(&(54_321.0, 1e6)) && kept.contains(&(60_000.0, -1e6)));
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
        assert_eq!(thinned(&points[..99], 500), points[..99]);
    }

    #[test]
    fn a_chart_without_points_is_a_chart() {
        let curve = Curve { name: "none", style: Style::Limit, points: Vec::new() };
        let svg = Chart { title: "Power", base: Base::Least, unit: "kW", curves: vec![curve] }.svg(0.0);
        assert!(svg.contains("<path class=\"limit\" d=\"\"/>") && !svg.contains("NaN"), "{svg}");
    }
}
