//! Views of one row and of one value, which several panes open over their grid, and what live panes share. A view does
//! commands but asks for nothing itself: it has no jobs, and effects it makes are handed to its pane.
pub mod live;
pub mod record;
pub mod value;
