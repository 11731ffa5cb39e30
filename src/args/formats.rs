//! The formats that commands write.

use clap::ValueEnum;

/// Output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for reading
    #[default]
    Table,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// An array of objects
    Json,
    /// An object a line
    Ndjson,
    /// A Markdown table
    Markdown,
    /// A column a line
    Expanded,
}

impl Format {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Markdown => "markdown",
            Self::Expanded => "expanded",
        }
    }
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// Aligned figures beside the tree, for reading
    #[default]
    Tree,
    /// Every figure of every node, for programs
    Json,
    /// For a ticket or a wiki
    Markdown,
    /// A picture
    Svg,
}

impl PlanFormat {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Svg => "svg",
        }
    }
}

/// Text to read or JSON to process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For reading
    #[default]
    Text,
    /// For programs
    Json,
}
