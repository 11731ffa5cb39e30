//! The grid: rows and columns of any number, of which only those on the screen cost anything.
//!
//! A pane keeps a `GridState`, gives a `GridSource` with each command and drawing, and asks
//! `wants` after each command whether rows beyond the loaded ones should be fetched.

mod columns;
mod draw;
mod find;
mod layout;
mod source;
mod state;
#[cfg(test)]
mod tests;

pub use columns::GridLayout;
pub use draw::{EMPTY, NULL};
pub use find::{Found, Needle};
pub use layout::Hit;
pub use source::{GridCell, GridColumn, GridSource, Rows, Sorted, Touch};
pub use state::{GridState, Want};
