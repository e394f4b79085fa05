//! Line breaking, where that of rustfmt takes too much room.

/// Longest line.
const WIDTH: usize = 110;

/// `[a, b, c]` over as many lines as it takes.
pub(super) fn filled_list(items: &[String]) -> String {
    let mut text = String::from("[");
    let mut column = WIDTH;
    for item in items {
        if column + item.len() + 2 > WIDTH {
            text.truncate(text.trim_end().len());
            text.push_str("\n    ");
            column = 4;
        }
        text.push_str(item);
        text.push_str(", ");
        column += item.len() + 2;
    }
    text.truncate(text.trim_end().len());
    text.push_str("\n]");
    text
}
