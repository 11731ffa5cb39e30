//! Buffer counters and I/O times of a node.

/// The counters of `BUFFERS` in blocks, and the times of `track_io_timing` in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Blocks {
    /// `Shared Hit Blocks`
    pub shared_hit: u64,
    /// `Shared Read Blocks`
    pub shared_read: u64,
    /// `Shared Dirtied Blocks`
    pub shared_dirtied: u64,
    /// `Shared Written Blocks`
    pub shared_written: u64,
    /// `Local Hit Blocks`
    pub local_hit: u64,
    /// `Local Read Blocks`
    pub local_read: u64,
    /// `Local Dirtied Blocks`
    pub local_dirtied: u64,
    /// `Local Written Blocks`
    pub local_written: u64,
    /// `Temp Read Blocks`
    pub temp_read: u64,
    /// `Temp Written Blocks`
    pub temp_written: u64,
    /// `Shared I/O Read Time`, `I/O Read Time` before 17 (shared and local together), ms over all processes.
    pub shared_read_ms: f64,
    /// `Shared I/O Write Time`, `I/O Write Time` before 17.
    pub shared_write_ms: f64,
    /// `Local I/O Read Time` (17 and later).
    pub local_read_ms: f64,
    /// `Local I/O Write Time` (17 and later).
    pub local_write_ms: f64,
    /// `Temp I/O Read Time` (15 and later).
    pub temp_read_ms: f64,
    /// `Temp I/O Write Time` (15 and later).
    pub temp_write_ms: f64,
}

impl Blocks {
    /// The block counters under their names in the JSON format, in its order.
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); 10] {
        [
            ("Shared Hit Blocks", self.shared_hit),
            ("Shared Read Blocks", self.shared_read),
            ("Shared Dirtied Blocks", self.shared_dirtied),
            ("Shared Written Blocks", self.shared_written),
            ("Local Hit Blocks", self.local_hit),
            ("Local Read Blocks", self.local_read),
            ("Local Dirtied Blocks", self.local_dirtied),
            ("Local Written Blocks", self.local_written),
            ("Temp Read Blocks", self.temp_read),
            ("Temp Written Blocks", self.temp_written),
        ]
    }

    /// The counter of this name in the JSON format.
    pub fn counter_mut(&mut self, name: &str) -> Option<&mut u64> {
        Some(match name {
            "Shared Hit Blocks" => &mut self.shared_hit,
            "Shared Read Blocks" => &mut self.shared_read,
            "Shared Dirtied Blocks" => &mut self.shared_dirtied,
            "Shared Written Blocks" => &mut self.shared_written,
            "Local Hit Blocks" => &mut self.local_hit,
            "Local Read Blocks" => &mut self.local_read,
            "Local Dirtied Blocks" => &mut self.local_dirtied,
            "Local Written Blocks" => &mut self.local_written,
            "Temp Read Blocks" => &mut self.temp_read,
            "Temp Written Blocks" => &mut self.temp_written,
            _ => return None,
        })
    }

    /// The time of this name in the JSON format.
    pub fn time_mut(&mut self, name: &str) -> Option<&mut f64> {
        Some(match name {
            "Shared I/O Read Time" | "I/O Read Time" => &mut self.shared_read_ms,
            "Shared I/O Write Time" | "I/O Write Time" => &mut self.shared_write_ms,
            "Local I/O Read Time" => &mut self.local_read_ms,
            "Local I/O Write Time" => &mut self.local_write_ms,
            "Temp I/O Read Time" => &mut self.temp_read_ms,
            "Temp I/O Write Time" => &mut self.temp_write_ms,
            _ => return None,
        })
    }
}

impl std::ops::AddAssign for Blocks {
    fn add_assign(&mut self, other: Self) {
        for (name, count) in other.counters() {
            if let Some(counter) = self.counter_mut(name) {
                *counter = counter.saturating_add(count);
            }
        }
        self.shared_read_ms += other.shared_read_ms;
        self.shared_write_ms += other.shared_write_ms;
        self.local_read_ms += other.local_read_ms;
        self.local_write_ms += other.local_write_ms;
        self.temp_read_ms += other.temp_read_ms;
        self.temp_write_ms += other.temp_write_ms;
    }
}
