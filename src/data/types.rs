//! Names of built-in types and their OIDs, which never change; for parameters that declare a type.

/// Name, OID, OID of its array type.
const BUILT_IN: &[(&str, u32, u32)] = &[
    ("bool", 16, 1000),
    ("boolean", 16, 1000),
    ("bytea", 17, 1001),
    ("name", 19, 1003),
    ("int8", 20, 1016),
    ("bigint", 20, 1016),
    ("int2", 21, 1005),
    ("smallint", 21, 1005),
    ("int4", 23, 1007),
    ("int", 23, 1007),
    ("integer", 23, 1007),
    ("text", 25, 1009),
    ("oid", 26, 1028),
    ("json", 114, 199),
    ("xml", 142, 143),
    ("float4", 700, 1021),
    ("real", 700, 1021),
    ("float8", 701, 1022),
    ("double precision", 701, 1022),
    ("money", 790, 791),
    ("macaddr", 829, 1040),
    ("inet", 869, 1041),
    ("cidr", 650, 651),
    ("bpchar", 1042, 1014),
    ("char", 1042, 1014),
    ("character", 1042, 1014),
    ("varchar", 1043, 1015),
    ("character varying", 1043, 1015),
    ("date", 1082, 1182),
    ("time", 1083, 1183),
    ("time without time zone", 1083, 1183),
    ("timestamp", 1114, 1115),
    ("timestamp without time zone", 1114, 1115),
    ("timestamptz", 1184, 1185),
    ("timestamp with time zone", 1184, 1185),
    ("interval", 1186, 1187),
    ("timetz", 1266, 1270),
    ("time with time zone", 1266, 1270),
    ("numeric", 1700, 1231),
    ("decimal", 1700, 1231),
    ("regclass", 2205, 2210),
    ("regtype", 2206, 2211),
    ("uuid", 2950, 2951),
    ("jsonb", 3802, 3807),
    ("regrole", 4096, 4097),
    ("regnamespace", 4089, 4090),
    ("int2vector", 22, 1006),
    ("regproc", 24, 1008),
    ("tid", 27, 1010),
    ("xid", 28, 1011),
    ("cid", 29, 1012),
    ("oidvector", 30, 1013),
    ("point", 600, 1017),
    ("lseg", 601, 1018),
    ("path", 602, 1019),
    ("box", 603, 1020),
    ("polygon", 604, 1027),
    ("line", 628, 629),
    ("circle", 718, 719),
    ("macaddr8", 774, 775),
    ("bit", 1560, 1561),
    ("varbit", 1562, 1563),
    ("refcursor", 1790, 2201),
    ("regprocedure", 2202, 2207),
    ("regoperator", 2204, 2209),
    ("record", 2249, 2287),
    ("void", 2278, 2278),
    ("pg_lsn", 3220, 3221),
    ("tsvector", 3614, 3643),
    ("tsquery", 3615, 3645),
    ("regconfig", 3734, 3735),
    ("regdictionary", 3769, 3770),
    ("int4range", 3904, 3905),
    ("numrange", 3906, 3907),
    ("tsrange", 3908, 3909),
    ("tstzrange", 3910, 3911),
    ("daterange", 3912, 3913),
    ("int8range", 3926, 3927),
    ("jsonpath", 4072, 4073),
    ("int4multirange", 4451, 6150),
    ("nummultirange", 4532, 6151),
    ("tsmultirange", 4533, 6152),
    ("tstzmultirange", 4534, 6153),
    ("datemultirange", 4535, 6155),
    ("int8multirange", 4536, 6157),
    ("pg_snapshot", 5038, 5039),
    ("xid8", 5069, 271),
];

/// The OID of a built-in type by the name people write, arrays and type modifiers included (`numeric(10,2)[]`).
/// `None` for anything else: only the server knows.
#[must_use]
pub fn oid(name: &str) -> Option<u32> {
    let mut name = name.trim().to_ascii_lowercase();
    let mut array = false;
    while let Some(open) = name.strip_suffix(']').and_then(|n| n.rfind('[')) {
        if !name[open + 1..name.len() - 1].bytes().all(|b| b.is_ascii_digit() || b == b' ') {
            return None;
        }
        name.truncate(open);
        array = true;
    }
    if let (Some(open), Some(close)) = (name.find('('), name.find(')')) {
        if open > close {
            return None;
        }
        name.replace_range(open..=close, "");
    }
    let plain = name.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    BUILT_IN.iter().find(|(n, ..)| *n == plain).map(|(_, one, many)| if array { *many } else { *one })
}

/// The short name of a built-in type by its OID (`int8`, `text[]`). `None` for anything else.
#[must_use]
pub fn name(oid: u32) -> Option<std::borrow::Cow<'static, str>> {
    BUILT_IN.iter().find_map(|(name, one, many)| {
        if *one == oid { Some((*name).into()) } else { (*many == oid).then(|| format!("{name}[]").into()) }
    })
}

#[cfg(test)]
mod tests {
    use super::{name, oid};

    #[test]
    fn oids_have_short_names() {
        assert_eq!(name(20).as_deref(), Some("int8"));
        assert_eq!(name(1009).as_deref(), Some("text[]"));
        assert_eq!(name(1184).as_deref(), Some("timestamptz"));
        assert_eq!(name(3904).as_deref(), Some("int4range"));
        assert_eq!(name(1017).as_deref(), Some("point[]"));
        assert_eq!(name(99_999), None);
    }

    #[test]
    fn names_people_write() {
        for (name, expected) in [
            ("int", Some(23)),
            ("INTEGER", Some(23)),
            ("text[]", Some(1009)),
            ("int[3][]", Some(1007)),
            ("numeric(10, 2)", Some(1700)),
            ("numeric(10,2)[]", Some(1231)),
            ("double  precision", Some(701)),
            ("timestamp(3) with time zone", Some(1184)),
            ("mood", None),
            ("public.mood", None),
            ("int]", None),
            ("", None),
            (")(", None),
        ] {
            assert_eq!(oid(name), expected, "{name}");
        }
    }
}
