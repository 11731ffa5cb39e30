//! A plan in the formats it is printed, exported and copied in: one row each in the table below, used by
//! `pgdeck explain --format` and by the Plan pane alike.

mod explain;
mod json;
mod label;
mod markdown;
mod svg;
mod tree;

pub use explain::explain_json;
pub use label::label;

use crate::data::plan::{Broken, Plan, figures::Figures, findings::Finding};

/// A plan with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Analysis<'a> {
    /// As it was read.
    pub plan: &'a Plan,
    /// What each node took.
    pub figures: &'a Figures,
    /// What is wrong with it, the most important first.
    pub findings: &'a [Finding],
}

/// A format: one row of `FORMATS`.
#[derive(Clone, Copy)]
pub struct Format {
    /// The name `--format` takes and the menu shows.
    pub name: &'static str,
    /// File name ending without its dot.
    pub extension: &'static str,
    /// One line of help.
    pub help: &'static str,
    write: Write,
}

type Write = fn(&[Analysis<'_>], Option<&Broken>) -> String;

impl Format {
    /// All plans of a text. `broken` says where reading it ended too early.
    #[must_use]
    pub fn text(&self, plans: &[Analysis<'_>], broken: Option<&Broken>) -> String {
        (self.write)(plans, broken)
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Format").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every format.
pub static FORMATS: &[Format] = &[
    Format {
        name: "tree",
        extension: "txt",
        help: "aligned columns beside the tree, for people",
        write: tree::text,
    },
    Format {
        name: "json",
        extension: "json",
        help: "every figure of every node, for programs",
        write: json::text,
    },
    Format { name: "markdown", extension: "md", help: "for a ticket or a wiki", write: markdown::text },
    Format { name: "svg", extension: "svg", help: "a picture, for a ticket or a page", write: svg::text },
];

/// The format of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
