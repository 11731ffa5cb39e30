//! What panes are built of: each widget is plain state plus a `draw` onto a screen buffer.
//!
//! A widget knows no events, effects or jobs. It takes the theme and draws by style names; where a
//! text cursor belongs, `draw` returns its place. Text of unknown origin goes through `text::clean`.

pub mod chrome;
pub mod cursor;
pub mod editor;
pub mod finder;
pub mod form;
pub mod grid;
pub mod input;
pub mod paint;
pub mod spark;
pub mod syntax;
pub mod textview;
pub mod tree;
