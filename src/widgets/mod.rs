//! (room widgets)
