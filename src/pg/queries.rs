//! EVERY QUERY OF OURS that reads the catalog, one row per file of `queries/catalog/`.

macro_rules! queries {
    ($($(#[$doc:meta])* $id:ident $file:literal;)*) => {
        $($(#[$doc])* pub const $id: &str = include_str!(concat!("../../queries/catalog/", $file));)*
        /// Name and text of each, for tests that prepare them all.
        pub const TABLE: &[(&str, &str)] = &[$(($file, $id),)*];
    };
}

queries! {
    /// Database, search path, databases, schemas.
    PLACE "place.sql";
    /// All relations.
    RELATIONS "relations.sql";
    /// One relation.
    RELATION "relation.sql";
    /// Columns of all relations.
    COLUMNS "columns.sql";
    /// Columns of one relation.
    COLUMNS_OF "columns_of.sql";
    /// Keys of one relation.
    KEYS_OF "keys_of.sql";
    /// All foreign keys.
    FOREIGN_KEYS "foreign_keys.sql";
    /// Foreign keys of and to one relation.
    FOREIGN_KEYS_OF "foreign_keys_of.sql";
    /// Functions.
    FUNCTIONS "functions.sql";
    /// Types.
    TYPES "types.sql";
    /// Ends a backend.
    TERMINATE "terminate.sql";
}
