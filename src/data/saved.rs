//! A saved query: a plain `.sql` file with a comment header.

/// Where a saved query comes from; later ones hide earlier ones of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Ships with pgdeck.
    BuiltIn,
    /// The user's own folder.
    User,
    /// `.pgdeck/queries/` of the current project.
    Project,
    /// A file named on the command line, or standard input.
    File,
}

impl Origin {
    /// The word shown in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::User => "user",
            Self::Project => "project",
            Self::File => "file",
        }
    }
}

/// A parameter declared in a saved query's header, or met in its text without declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Name without the colon.
    pub name: String,
    /// SQL type name as written (`int`, `text[]` …); empty: the server infers it.
    pub type_name: String,
    /// What it means.
    pub help: String,
    /// Value taken when none is given; `Some(None)` is an explicit NULL.
    pub default: Option<Option<String>>,
    /// Fixed choices, if any.
    pub choices: Vec<String>,
    /// A query whose first column gives the choices.
    pub choices_query: Option<String>,
}

/// A saved query, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedQuery {
    /// File name without `.sql`; sub-folders are joined with `/`.
    pub name: String,
    /// One line for lists.
    pub title: String,
    /// Longer text, may be empty.
    pub description: String,
    /// Declared parameters in order, then undeclared ones in order of appearance.
    pub parameters: Vec<Parameter>,
    /// The header says the query only reads: run it in a read-only transaction.
    pub read_only: bool,
    /// Least server version (`server_version_num` / 10000), 0 for any.
    pub since: u32,
    /// The whole text of the file, header included.
    pub text: String,
    /// Where it was found.
    pub origin: Origin,
    /// Path on disk, empty for built-in ones.
    pub path: String,
}
