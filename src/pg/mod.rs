//! (room pg)
