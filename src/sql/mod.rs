//! SQL as text: tokens, statements, what a statement does, quoting, parameters. Pure.
pub mod complete;
pub mod copy;
mod copy_data;
pub mod edit;
pub mod explain;
pub mod filter;
pub mod highlight;
pub mod keywords;
pub mod kind;
pub mod known;
pub mod lex;
pub mod meta;
pub mod normal;
pub mod page;
#[cfg(test)]
mod page_tests;
pub mod params;
mod part;
pub mod pick;
pub mod quote;
pub mod rehearse;
pub mod search;
pub mod secrets;
mod session;
mod slash;
pub mod split;
mod variables;
mod volatile;
