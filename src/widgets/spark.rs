//! Small charts as text: sparklines and bars.

const UP: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ACROSS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The newest values, one sign each, at most `cells`; scaled from 0 to the greatest of them (or to
/// `most`, if given). A missing value (NaN) is a blank, and anything above 0 is never drawn as none.
#[must_use]
pub fn sparkline(values: &[f64], cells: usize, most: Option<f64>) -> String {
    let shown = &values[values.len().saturating_sub(cells)..];
    let most = most.unwrap_or_else(|| shown.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max));
    shown
        .iter()
        .map(|v| {
            if !v.is_finite() {
                ' '
            } else if *v <= 0.0 || most <= 0.0 {
                UP[0]
            } else {
                let step = (v / most * 8.0).ceil() as usize;
                UP[step.clamp(1, 8) - 1]
            }
        })
        .collect()
}

/// A bar of `share` (0 to 1) of `cells`, in eighths of a cell; padded with blanks to its full width.
#[must_use]
pub fn bar(share: f64, cells: usize) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let mut eighths = (share * (cells * 8) as f64).round() as usize;
    if share > 0.0 {
        eighths = eighths.max(1);
    }
    let mut out = "█".repeat(eighths / 8);
    let mut used = eighths / 8;
    if !eighths.is_multiple_of(8) {
        out.push(ACROSS[eighths % 8 - 1]);
        used += 1;
    }
    out.extend(std::iter::repeat_n(' ', cells.saturating_sub(used)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines() {
        assert_eq!(sparkline(&[0.0, 1.0, 4.0, 8.0], 9, None), "▁▁▄█");
        assert_eq!(sparkline(&[9.0, 1.0, f64::NAN, 2.0], 3, Some(2.0)), "▄ █");
        assert_eq!(sparkline(&[], 3, None), "");
        assert_eq!(sparkline(&[0.0, 0.0], 3, None), "▁▁");
    }

    #[test]
    fn bars() {
        assert_eq!(bar(0.5, 4), "██  ");
        assert_eq!(bar(0.001, 4), "▏   ");
        assert_eq!(bar(1.7, 2), "██");
        assert_eq!(bar(0.55, 2), "█▏");
        assert_eq!(bar(f64::NAN, 2), "  ");
        assert_eq!(bar(0.0, 0), "");
    }
}
