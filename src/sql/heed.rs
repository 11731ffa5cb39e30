//! Whether vacuum heeds the old snapshot of a statement that runs, as far as its text tells (`ComputeXidHorizons` in the
//! server's `procarray.c`, whose flags nobody can read).

use super::lex::{Options, Token, TokenKind, significant};
use crate::data::live::horizon::Heed;

/// Of a statement as a session shows it, or what an autovacuum worker says it does. `whole`: the text was not cut.
#[must_use]
pub fn heed(statement: &str, whole: bool) -> Heed {
    if let Some(work) = statement.strip_prefix("autovacuum: ") {
        return match work.strip_prefix("VACUUM ") {
            // A table of the schema "analyze" comes with a dot.
            Some(rest) if rest.starts_with("ANALYZE ") => Heed::Analyzing,
            Some(_) => Heed::No,
            None => Heed::Yes,
        };
    }
    // Most statements are neither, and need not be read.
    let tokens = match first_word(statement) {
        Some(word) if ["vacuum", "create"].iter().any(|w| word.eq_ignore_ascii_case(w)) => {
            significant(statement, Options::default())
        }
        _ => return Heed::Yes,
    };
    let tokens = match tokens.split_last() {
        Some((last, rest)) if last.kind == TokenKind::Semicolon => rest,
        _ => &tokens,
    };
    if tokens.iter().any(|t| t.kind == TokenKind::Semicolon) {
        return Heed::Yes;
    }
    let words = Words { statement, tokens };
    if words.eat("vacuum").is_some() {
        vacuum(words)
    } else if whole && plain_index(words).is_some() {
        Heed::OfCatalogs
    } else {
        Heed::Yes
    }
}

/// The first word, behind comments as people put them in front.
fn first_word(statement: &str) -> Option<&str> {
    let mut text = statement.trim_start();
    while let Some(comment) = text.strip_prefix("/*") {
        text = comment.split_once("*/")?.1.trim_start();
    }
    while let Some(comment) = text.strip_prefix("--") {
        text = comment.split_once('\n')?.1.trim_start();
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.get(..end)
}

#[derive(Clone, Copy)]
struct Words<'t> {
    statement: &'t str,
    tokens: &'t [Token],
}

impl Words<'_> {
    /// What follows this word, if it comes next.
    fn eat(self, word: &str) -> Option<Self> {
        let (first, tokens) = self.tokens.split_first()?;
        first.is_word(self.statement, word).then_some(Self { tokens, ..self })
    }

    /// What follows it, if it comes next; otherwise nothing is passed.
    fn skip(self, word: &str) -> Self {
        self.eat(word).unwrap_or(self)
    }

    /// What follows an opening parenthesis.
    fn open(self) -> Option<Self> {
        let (first, tokens) = self.tokens.split_first()?;
        (first.kind == TokenKind::LParen).then_some(Self { tokens, ..self })
    }

    fn next(self) -> Option<(Token, Self)> {
        let (first, tokens) = self.tokens.split_first()?;
        Some((*first, Self { tokens, ..self }))
    }
}

/// `VACUUM`: lazy unless `FULL`, and only lazy when it does not analyse as well.
fn vacuum(words: Words<'_>) -> Heed {
    let Some(rest) = words.eat("vacuum") else { return Heed::Yes };
    let (mut full, mut analyze) = (false, false);
    match rest.open() {
        Some(inside) => {
            let options = inside.tokens.iter().take_while(|t| t.kind != TokenKind::RParen);
            let options: Vec<Token> = options.copied().collect();
            for option in options.split(|t| t.kind == TokenKind::Comma) {
                let words = Words { statement: words.statement, tokens: option };
                let Some((name, value)) = words.next() else { continue };
                // What is said in another way than to be off may be on.
                let on = !value.next().is_some_and(|(value, _)| {
                    let text = value.text(words.statement);
                    ["off", "false", "0", "'off'", "'false'"].iter().any(|no| text.eq_ignore_ascii_case(no))
                });
                let text = name.text(words.statement).trim_matches('"');
                full |= on && text.eq_ignore_ascii_case("full");
                analyze |= on && ["analyze", "analyse"].iter().any(|a| text.eq_ignore_ascii_case(a));
            }
        }
        None => {
            full = rest.eat("full").is_some();
            let rest = rest.skip("full").skip("freeze").skip("verbose");
            analyze = rest.eat("analyze").is_some() || rest.eat("analyse").is_some();
        }
    }
    match (full, analyze) {
        (true, _) => Heed::Yes,
        (_, true) => Heed::Analyzing,
        _ => Heed::No,
    }
}

/// `CREATE INDEX CONCURRENTLY` of columns alone: neither an expression nor a condition runs code that may look at other
/// tables. What is not sure is none.
fn plain_index(words: Words<'_>) -> Option<()> {
    let words = words.eat("create")?.skip("unique").eat("index")?.eat("concurrently")?;
    let is = |t: &Token, word: &str| t.is_word(words.statement, word);
    if words.tokens.iter().any(|t| is(t, "where")) {
        return None;
    }
    let at = words.tokens.iter().position(|t| t.kind == TokenKind::LParen)?;
    let inside = words.tokens.get(at + 1..)?;
    let end = inside.iter().position(|t| matches!(t.kind, TokenKind::LParen | TokenKind::RParen))?;
    (inside.get(end)?.kind == TokenKind::RParen).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lazy_vacuum_is_told_from_what_vacuum_must_heed() {
        for (statement, expected) in [
            ("VACUUM", Heed::No),
            ("vacuum (verbose, parallel 2) \"full\", analyze;", Heed::No),
            ("/* nightly */ -- of all\n vacuum freeze verbose posts", Heed::No),
            ("vacuum (full off, analyze false) posts", Heed::No),
            ("vacuum full posts", Heed::Yes),
            ("vacuum (analyze, full) posts", Heed::Yes),
            ("vacuum (\"full\" 1) posts", Heed::Yes),
            ("vacuum verbose analyze posts", Heed::Analyzing),
            ("vacuum (verbose, analyse on)", Heed::Analyzing),
            ("cluster posts", Heed::Yes),
            ("analyze posts", Heed::Yes),
            ("select 'vacuum'", Heed::Yes),
            ("vacuum posts; select pg_sleep(9)", Heed::Yes),
            ("", Heed::Yes),
            ("/* never closed vacuum", Heed::Yes),
            ("autovacuum: VACUUM public.posts (to prevent wraparound)", Heed::No),
            ("autovacuum: VACUUM ANALYZE public.posts", Heed::Analyzing),
            ("autovacuum: VACUUM ANALYZE.posts", Heed::No),
            ("autovacuum: ANALYZE public.posts", Heed::Yes),
            ("autovacuum: BRIN summarize public.i 1", Heed::Yes),
        ] {
            assert_eq!(heed(statement, true), expected, "{statement}");
        }
    }

    #[test]
    fn an_index_of_columns_built_beside_holds_catalogs_only() {
        for (statement, expected) in [
            (
                "create index concurrently on t (a, b desc) include (c) with (fillfactor = 70)",
                Heed::OfCatalogs,
            ),
            ("create unique index concurrently if not exists i on only t using btree (a);", Heed::OfCatalogs),
            ("create index concurrently on t (lower(a))", Heed::Yes),
            ("create index concurrently on t (a) where b", Heed::Yes),
            ("create index on t (a)", Heed::Yes),
            ("create index concurrently on t (a", Heed::Yes),
            ("create table t (a int)", Heed::Yes),
        ] {
            assert_eq!(heed(statement, true), expected, "{statement}");
        }
        let cut = "create index concurrently on t (a) ";
        assert_eq!(heed(cut, false), Heed::Yes, "a condition may follow");
    }
}
