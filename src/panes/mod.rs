//! (room panes)
