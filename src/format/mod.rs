//! (room format)
