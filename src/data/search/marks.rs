//! The characters that mark hits in what `ts_headline` returns. They are taken out of the documents before, so that
//! nothing else in the answer can be one.

/// Before a hit.
pub const START: char = '\u{1}';
/// After a hit.
pub const STOP: char = '\u{2}';
/// Between two fragments.
pub const DELIMITER: char = '\u{3}';
