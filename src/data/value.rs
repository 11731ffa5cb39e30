//! One cell: NULL or the server's own text, and what its type means for drawing and output.

/// A cell as the server sent it: `None` is NULL, otherwise the bytes of the text form.
///
/// The bytes are UTF-8 unless the database itself holds something else (`SQL_ASCII`).
pub type Cell<'a> = Option<&'a [u8]>;

/// What a type means for alignment, output and editing. Built from the type OID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `boolean`.
    Bool,
    /// `smallint`, `integer`, `bigint`, `oid`, `xid`, `xid8`, `cid`.
    Integer,
    /// `numeric`, `real`, `double precision`.
    Number,
    /// `money`: right-aligned, but not a number in JSON.
    Money,
    /// `date`, `time`, `timestamp` and their kin, `interval`.
    Time,
    /// `json`: the text is kept as it was written.
    Json,
    /// `jsonb`.
    Jsonb,
    /// `bytea`.
    Bytes,
    /// Any array type known by OID.
    Array,
    /// Everything else.
    Text,
}

impl Kind {
    /// The kind of a type by its OID (`pg_type.dat`; built-in OIDs never change).
    #[must_use]
    pub fn of(type_oid: u32) -> Self {
        match type_oid {
            16 => Self::Bool,
            20 | 21 | 23 | 26 | 28 | 29 | 5069 => Self::Integer,
            700 | 701 | 1700 => Self::Number,
            790 => Self::Money,
            1082 | 1083 | 1114 | 1184 | 1186 | 1266 => Self::Time,
            114 => Self::Json,
            3802 => Self::Jsonb,
            17 => Self::Bytes,
            199
            | 143
            | 629
            | 719
            | 775
            | 791
            | 651
            | 1000..=1028
            | 1034
            | 1040
            | 1041
            | 1115
            | 1182
            | 1183
            | 1185
            | 1187
            | 1231
            | 1263
            | 1270
            | 1561
            | 1563
            | 2201
            | 2207..=2211
            | 2287
            | 2949
            | 2951
            | 3221
            | 3643
            | 3644
            | 3645
            | 3735
            | 3770
            | 3807
            | 3905
            | 3907
            | 3909
            | 3911
            | 3913
            | 3927
            | 4073
            | 6150..=6157
            | 271 => Self::Array,
            _ => Self::Text,
        }
    }

    /// Numbers and money are drawn at the right edge of their column.
    #[must_use]
    pub fn right_aligned(self) -> bool {
        matches!(self, Self::Integer | Self::Number | Self::Money)
    }

    /// True for `json` and `jsonb`, whose text is embedded as it is in JSON output.
    #[must_use]
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonb)
    }
}

/// The text of a cell for people: invalid UTF-8 becomes U+FFFD. NULL is `None`.
#[must_use]
pub fn text(cell: Cell<'_>) -> Option<std::borrow::Cow<'_, str>> {
    cell.map(String::from_utf8_lossy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_oid() {
        for (oid, kind) in [
            (23, Kind::Integer),
            (1700, Kind::Number),
            (790, Kind::Money),
            (1184, Kind::Time),
            (1009, Kind::Array),
            (3802, Kind::Jsonb),
            (25, Kind::Text),
            (1042, Kind::Text),
        ] {
            assert_eq!(Kind::of(oid), kind, "oid {oid}");
        }
    }
}
