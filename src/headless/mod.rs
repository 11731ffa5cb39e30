//! (room headless)
