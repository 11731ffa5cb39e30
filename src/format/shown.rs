//! Text as people see it in `table` and `expanded`: control characters visible, widths in terminal cells.

use crate::text::{clean, width as cells};
use std::borrow::Cow;

/// How NULL is shown: apart from the empty string and from the word.
pub(super) const NULL: &str = "∅";

/// Width in terminal cells.
pub(super) fn width(text: &str) -> usize {
    cells::width(text)
}

/// A text on one line.
pub(super) fn line(text: &str) -> String {
    clean::line(text).into_owned()
}

/// A value's lines.
pub(super) fn lines(bytes: &[u8]) -> Vec<Cow<'_, str>> {
    match clean::text_bytes(bytes) {
        Cow::Borrowed(text) => text.split('\n').map(Cow::Borrowed).collect(),
        Cow::Owned(text) => text.split('\n').map(|l| Cow::Owned(l.to_owned())).collect(),
    }
}
