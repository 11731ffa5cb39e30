//! Full-text search: what of a database can be searched and how, what was asked, what came out.

mod fragments;
mod hits;
mod marks;
mod nearest;
mod raw;

pub use fragments::{Fragment, Piece, fragments};
pub use hits::{Hit, Hits, Words};
pub use marks::{DELIMITER, START, STOP};
pub use nearest::{lexemes_of, nearest, put_right};
pub use raw::{Fault, fault};

/// How the line typed is turned into a tsquery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `websearch_to_tsquery`: words, `"phrases"`, `or`, `-not`.
    #[default]
    Web,
    /// `plainto_tsquery`: all words.
    Plain,
    /// `phraseto_tsquery`: the words beside each other.
    Phrase,
    /// `to_tsquery`: the operators `& | ! <->`, prefixes `:*`, weights `:AB`.
    Raw,
}

impl Mode {
    /// All, in the order the key goes through them.
    pub const ALL: [Self; 4] = [Self::Web, Self::Plain, Self::Phrase, Self::Raw];

    /// What people call it; also in what is kept.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Plain => "words",
            Self::Phrase => "phrase",
            Self::Raw => "raw",
        }
    }

    /// From the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.word() == word)
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|m| *m == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// The text search configuration of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Config {
    /// One for all rows, as `regconfig` prints it.
    Fixed(String),
    /// Each row's own, in a column of type regconfig (unquoted name).
    Column(String),
}

/// What keeps the searched vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keeper {
    /// A generated column.
    Generated,
    /// A column that a trigger fills.
    Trigger,
    /// A column that something else fills.
    Column,
    /// Nothing but the index: the vector is computed when a row is ranked.
    Expression,
    /// Nothing at all: text columns that were chosen.
    Chosen,
}

impl Keeper {
    /// What people call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Generated => "generated column",
            Self::Trigger => "column kept by a trigger",
            Self::Column => "tsvector column",
            Self::Expression => "expression of an index",
            Self::Chosen => "chosen columns, no vector kept",
        }
    }

    /// The vector is read from the row, not computed.
    #[must_use]
    pub fn is_stored(self) -> bool {
        matches!(self, Self::Generated | Self::Trigger | Self::Column)
    }
}

/// A piece of the document: a text that became a part of the vector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part {
    /// The text as an SQL expression over the table's columns.
    pub text: String,
    /// Its weight, when it has one other than D.
    pub weight: Option<char>,
}

/// An index that can serve a search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TextIndex {
    /// Its name.
    pub name: String,
    /// Access method: `gin`, `gist`, `rum`.
    pub method: String,
    /// The condition of a partial index, as SQL.
    pub predicate: Option<String>,
    /// Size on disk; 0: unknown (a partitioned index).
    pub bytes: u64,
}

/// One way in which a relation can be searched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// `pg_class.oid` of the relation.
    pub relation: u32,
    /// The vector as an SQL expression over the relation's columns, exactly as an index has it.
    pub vector: String,
    /// What keeps it.
    pub keeper: Keeper,
    /// The column's name (unquoted), when it is one.
    pub column: Option<String>,
    /// The columns that were chosen, where no vector is kept.
    pub chosen: Vec<String>,
    /// The configuration; none: it could not be found out.
    pub config: Option<Config>,
    /// The texts it is made of; none: unknown.
    pub parts: Vec<Part>,
    /// Indexes that serve it, the best one first.
    pub indexes: Vec<TextIndex>,
}

impl Source {
    /// An index on all rows serves it, or else a partial one.
    #[must_use]
    pub fn index(&self) -> Option<&TextIndex> {
        self.indexes.first()
    }
}

/// How results are ranked.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// `ts_rank_cd` (how near the words are) instead of `ts_rank` (how often they occur).
    pub cover: bool,
    /// The bits of the functions' `normalization`.
    pub normalisation: u8,
    /// Weights of D, C, B and A.
    pub weights: [f32; 4],
}

impl Ranking {
    /// The server's own weights.
    pub const WEIGHTS: [f32; 4] = [0.1, 0.2, 0.4, 1.0];

    /// The SQL function.
    #[must_use]
    pub fn function(&self) -> &'static str {
        if self.cover { "ts_rank_cd" } else { "ts_rank" }
    }
}

impl Default for Ranking {
    /// Long texts count a little less, and ranks lie between 0 and 1, so that tables can be compared.
    fn default() -> Self {
        Self { cover: false, normalisation: 1 | 32, weights: Self::WEIGHTS }
    }
}

/// The names that a title has most often, the likeliest first.
const TITLES: &[&str] = &[
    "title", "subject", "headline", "name", "label", "heading", "caption", "summary", "username", "login",
    "email", "slug", "path", "file", "code", "key",
];

/// Which of these columns (of text types, in the table's order) people would call the title: by name, else by what its
/// name ends in; none when nothing looks like one.
#[must_use]
pub fn title_like<'a>(columns: &[&'a str]) -> Option<&'a str> {
    let named = TITLES.iter().find_map(|t| columns.iter().find(|c| c.eq_ignore_ascii_case(t)));
    let ends = |c: &str, t: &str| {
        let c = c.to_ascii_lowercase();
        c.len() > t.len() && c.ends_with(t)
    };
    let ending = || TITLES[..4].iter().find_map(|t| columns.iter().find(|c| ends(c, t)));
    named.or_else(ending).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_known_by_its_name() {
        assert_eq!(title_like(&["id", "content", "title"]), Some("title"));
        assert_eq!(title_like(&["CompanyName", "ContactTitle"]), Some("ContactTitle"));
        assert_eq!(title_like(&["track_name", "composer"]), Some("track_name"));
        assert_eq!(title_like(&["body"]), None);
    }

    #[test]
    fn modes_go_round_and_read_back() {
        for mode in Mode::ALL {
            assert_eq!(Mode::parse(mode.word()), Some(mode));
        }
        assert_eq!(Mode::Raw.next(), Mode::Web);
    }
}
