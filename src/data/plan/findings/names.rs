//! Names and figures as sentences and statements write them.
//!
//! `sql/quote` is the room's way to write a name; `data` may not ask it, so this quotes whatever is a key word that is not
//! free for every use. A test of `sql` holds the two together.

/// The key words that may not stand everywhere without quotes.
const KEY_WORDS: &str = "\
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case \
    cast char character check coalesce collate collation column concurrently constraint create cross \
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec \
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign \
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect \
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query \
    json_scalar json_serialize json_table json_value lateral leading least left like limit localtime \
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on \
    only or order out outer overlaps overlay placing position precision primary real references returning right \
    row select session_user setof similar smallint some substring symmetric system_user table tablesample then \
    time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where \
    window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot \
    xmlserialize xmltable int";

/// A name as SQL writes it.
#[must_use]
pub fn name(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && !KEY_WORDS.split(' ').any(|word| word == name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `schema.name`; without a schema the name alone.
#[must_use]
pub fn qualified(schema: Option<&str>, relation: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", name(schema), name(relation)),
        None => name(relation),
    }
}

/// `12,345`
pub(super) fn whole(number: u64) -> String {
    crate::text::units::count(number)
}

/// A count as a figure to reckon with.
pub(super) fn number(count: u64) -> f64 {
    count as f64
}
