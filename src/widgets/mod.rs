//! (room widgets)

pub mod finder;
pub mod input;
