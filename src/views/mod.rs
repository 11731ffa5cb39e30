//! Views of one row and of one value, which several panes open over their grid, and what live panes share. A view does commands but asks for
//! nothing: it has no effects and no jobs, its pane has.
pub mod live;
pub mod record;
pub mod value;
