//! Views of one row and of one value, which several panes open over their grid. A view does commands but asks for
//! nothing: it has no effects and no jobs, its pane has.
pub mod record;
pub mod value;
