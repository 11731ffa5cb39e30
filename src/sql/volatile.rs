//! Functions a statement calls: whether all of them are known to change nothing.

use super::keywords::{Category, category};
use super::kind::View;
use super::lex::TokenKind;

/// The statement calls a function that is not known to be harmless.
pub(super) fn calls_unknown(view: &View<'_>) -> bool {
    (0..view.tokens.len()).any(|at| view.kind(at + 1) == Some(TokenKind::LParen) && is_unknown_call(view, at))
}

/// `at` is a word in front of a parenthesis.
fn is_unknown_call(view: &View<'_>, at: usize) -> bool {
    let quoted = view.kind(at) == Some(TokenKind::QuotedIdent);
    if !quoted && view.kind(at) != Some(TokenKind::Word) {
        return false;
    }
    let before = at.checked_sub(1).and_then(|b| view.kind(b));
    let qualified = before == Some(TokenKind::Dot);
    if qualified && !at.checked_sub(2).is_some_and(|schema| view.is(schema, "pg_catalog")) {
        return true;
    }
    let name = view.text(at).trim_matches('"').to_ascii_lowercase();
    if SAFE.binary_search(&name.as_str()).is_ok() {
        return false;
    }
    qualified || !(names_columns(view, at) || (!quoted && is_syntax(view.text(at))))
}

/// A key word with a parenthesis of its own: `in (`, `over (`, `numeric(`.
fn is_syntax(word: &str) -> bool {
    match category(word) {
        Some(Category::Reserved | Category::ColumnName | Category::TypeOrFunction) => true,
        Some(Category::Unreserved) => {
            const WORDS: &[&str] = &[
                "by",
                "columns",
                "cube",
                "filter",
                "materialized",
                "over",
                "path",
                "recursive",
                "repeatable",
                "rollup",
                "sets",
                "within",
            ];
            WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
        }
        None => word.eq_ignore_ascii_case("bit") || word.eq_ignore_ascii_case("varbit"),
    }
}

/// The word is an alias or the name of a `WITH` query with its list of columns, or a type.
fn names_columns(view: &View<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let alias = match view.kind(before) {
        Some(TokenKind::RParen | TokenKind::QuotedIdent | TokenKind::Cast) => true,
        Some(TokenKind::Word) => view.is(before, "as") || category(view.text(before)).is_none(),
        _ => false,
    };
    alias || is_with_query(view, at)
}

fn is_with_query(view: &View<'_>, at: usize) -> bool {
    let mut next = view.behind_paren(at + 1);
    if !view.is(next, "as") {
        return false;
    }
    next += 1;
    next += usize::from(view.is(next, "not"));
    next += usize::from(view.is(next, "materialized"));
    let queries = ["select", "with", "values", "table", "insert", "update", "delete", "merge"];
    view.kind(next) == Some(TokenKind::LParen)
        && (view.any(next + 1, &queries) || view.kind(next + 1) == Some(TokenKind::LParen))
}

/// Built-in functions that change nothing, sorted. What is missing here only costs a statement the right to be
/// broken off early.
#[rustfmt::skip]
const SAFE: &[&str] = &[
    "abbrev", "abs", "acos", "age", "any_value", "area", "array_agg", "array_append", "array_cat",
    "array_dims", "array_fill", "array_length", "array_lower", "array_ndims", "array_position",
    "array_positions", "array_prepend", "array_remove", "array_replace", "array_reverse", "array_sample",
    "array_shuffle", "array_sort", "array_to_json", "array_to_string", "array_to_tsvector", "array_upper",
    "ascii", "asin", "atan", "atan2", "avg", "bit_and", "bit_count", "bit_length", "bit_or", "bit_xor",
    "bool_and", "bool_or", "box", "broadcast", "btrim", "cardinality", "casefold", "cbrt", "ceil",
    "ceiling", "center", "char", "char_length", "character_length", "chr", "circle", "clock_timestamp",
    "col_description", "concat", "concat_ws", "convert", "convert_from", "convert_to", "corr", "cos",
    "count", "covar_pop", "covar_samp", "crc32", "crc32c", "cume_dist", "current_database",
    "current_schema", "current_schemas", "current_setting", "current_user", "date", "date_bin", "date_part",
    "date_trunc", "daterange", "decode", "degrees", "dense_rank", "div", "encode", "erf", "erfc", "every",
    "exp", "factorial", "family", "first_value", "floor", "format", "format_type", "gamma", "gcd",
    "gen_random_uuid", "generate_series", "generate_subscripts", "get_bit", "get_byte", "greatest",
    "has_any_column_privilege", "has_column_privilege", "has_database_privilege",
    "has_foreign_data_wrapper_privilege", "has_function_privilege", "has_language_privilege",
    "has_parameter_privilege", "has_schema_privilege", "has_sequence_privilege", "has_server_privilege",
    "has_table_privilege", "has_tablespace_privilege", "has_type_privilege", "hashtext", "host", "hostmask",
    "inet_client_addr", "inet_merge", "inet_same_family", "inet_server_addr", "inet_server_port", "initcap",
    "int4multirange", "int4range", "int8range", "interval", "isclosed", "isempty", "isfinite", "isopen",
    "json_agg", "json_array", "json_array_element", "json_array_element_text", "json_array_elements",
    "json_array_elements_text", "json_array_length", "json_build_array", "json_build_object", "json_each",
    "json_each_text", "json_extract_path", "json_extract_path_text", "json_object", "json_object_agg",
    "json_object_field", "json_object_field_text", "json_object_keys", "json_populate_record",
    "json_populate_recordset", "json_strip_nulls", "json_to_record", "json_to_recordset",
    "json_to_tsvector", "json_typeof", "jsonb_agg", "jsonb_array_element", "jsonb_array_element_text",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array",
    "jsonb_build_object", "jsonb_concat", "jsonb_delete", "jsonb_each", "jsonb_each_text", "jsonb_exists",
    "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_insert", "jsonb_object", "jsonb_object_agg",
    "jsonb_object_field", "jsonb_object_field_text", "jsonb_object_keys", "jsonb_path_exists",
    "jsonb_path_exists_tz", "jsonb_path_match", "jsonb_path_match_tz", "jsonb_path_query",
    "jsonb_path_query_array", "jsonb_path_query_array_tz", "jsonb_path_query_first",
    "jsonb_path_query_first_tz", "jsonb_path_query_tz", "jsonb_populate_record", "jsonb_populate_recordset",
    "jsonb_pretty", "jsonb_set", "jsonb_set_lax", "jsonb_strip_nulls", "jsonb_to_record",
    "jsonb_to_recordset", "jsonb_to_tsvector", "jsonb_typeof", "justify_days", "justify_hours",
    "justify_interval", "lag", "last_value", "lcm", "lead", "left", "length", "lgamma", "line", "ln", "log",
    "log10", "lower", "lower_inc", "lower_inf", "lpad", "lseg", "ltrim", "make_date", "make_interval",
    "make_time", "masklen", "max", "md5", "min", "min_scale", "mod", "mode", "multirange", "netmask",
    "network", "normalize", "now", "npoints", "nth_value", "ntile", "nullif", "num_nonnulls", "num_nulls",
    "numnode", "numrange", "obj_description", "octet_length", "overlay", "parse_ident", "path",
    "percent_rank", "percentile_cont", "percentile_disc", "pg_backend_pid", "pg_blocking_pids",
    "pg_client_encoding", "pg_column_compression", "pg_column_size", "pg_conf_load_time",
    "pg_current_wal_lsn", "pg_current_xact_id_if_assigned", "pg_database_size", "pg_encoding_to_char",
    "pg_get_catalog_foreign_keys", "pg_get_constraintdef", "pg_get_expr", "pg_get_function_arg_default",
    "pg_get_function_arguments", "pg_get_function_identity_arguments", "pg_get_function_result",
    "pg_get_function_sqlbody", "pg_get_functiondef", "pg_get_indexdef", "pg_get_keywords",
    "pg_get_object_address", "pg_get_partition_constraintdef", "pg_get_partkeydef", "pg_get_ruledef",
    "pg_get_serial_sequence", "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns",
    "pg_get_statisticsobjdef_expressions", "pg_get_triggerdef", "pg_get_userbyid", "pg_get_viewdef",
    "pg_indexes_size", "pg_input_error_info", "pg_input_is_valid", "pg_is_in_recovery",
    "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp", "pg_lock_status",
    "pg_options_to_table", "pg_postmaster_start_time", "pg_relation_filenode", "pg_relation_filepath",
    "pg_relation_size", "pg_safe_snapshot_blocking_pids", "pg_size_bytes", "pg_size_pretty",
    "pg_table_is_visible", "pg_table_size", "pg_tablespace_location", "pg_tablespace_size",
    "pg_total_relation_size", "pg_trigger_depth", "pg_type_is_visible", "pg_typeof", "pg_wal_lsn_diff",
    "phraseto_tsquery", "pi", "plainto_tsquery", "point", "polygon", "position", "power", "querytree",
    "quote_ident", "quote_literal", "quote_nullable", "radians", "random", "random_normal",
    "range_adjacent_multirange", "range_after_multirange", "range_agg", "range_before_multirange",
    "range_intersect", "range_intersect_agg", "range_merge", "range_minus", "rank", "regexp_count",
    "regexp_instr", "regexp_like", "regexp_match", "regexp_matches", "regexp_replace",
    "regexp_split_to_array", "regexp_split_to_table", "regexp_substr", "regr_avgx", "regr_avgy",
    "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "repeat",
    "replace", "reverse", "right", "round", "row_number", "row_security_active", "row_to_json", "rpad",
    "rtrim", "scale", "session_user", "set_masklen", "setweight", "sha224", "sha256", "sha384", "sha512",
    "shobj_description", "sign", "similarity", "sin", "split_part", "sqrt", "starts_with",
    "statement_timestamp", "stddev", "stddev_pop", "stddev_samp", "string_agg", "string_to_array",
    "string_to_table", "strip", "strpos", "substr", "substring", "sum", "tan", "text", "time", "timeofday",
    "timestamp", "to_ascii", "to_bin", "to_char", "to_date", "to_hex", "to_json", "to_jsonb", "to_number",
    "to_oct", "to_regclass", "to_regcollation", "to_regnamespace", "to_regoper", "to_regoperator",
    "to_regproc", "to_regprocedure", "to_regrole", "to_regtype", "to_timestamp", "to_tsquery",
    "to_tsvector", "transaction_timestamp", "translate", "trim", "trim_array", "trim_scale", "trunc",
    "ts_debug", "ts_delete", "ts_filter", "ts_headline", "ts_lexize", "ts_parse", "ts_rank", "ts_rank_cd",
    "ts_token_type", "tsrange", "tstzrange", "tsvector_to_array", "txid_current_if_assigned",
    "unicode_version", "unnest", "upper", "upper_inc", "upper_inf", "uuid_extract_timestamp",
    "uuid_extract_version", "uuidv4", "uuidv7", "var_pop", "var_samp", "variance", "version",
    "websearch_to_tsquery", "width_bucket", "word_similarity", "xmlagg", "xpath", "xpath_exists",
];

#[cfg(test)]
mod tests {
    use super::SAFE;

    #[test]
    fn the_list_is_sorted() {
        assert!(SAFE.windows(2).all(|w| w[0] < w[1]));
        assert!(SAFE.binary_search(&"nextval").is_err());
    }
}
