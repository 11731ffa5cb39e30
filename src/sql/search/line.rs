//! The line typed as a tsquery.

use crate::data::search::Mode;

/// Letters of the last word from which on it is taken for the beginning of one: a shorter one meets half of the words
/// there are.
const LEAST: usize = 3;

/// The last word is still being typed: it is to match every word that begins with it.
#[must_use]
pub fn completes(mode: Mode, text: &str) -> bool {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    let letters = word.chars().filter(|c| c.is_alphanumeric()).count();
    if letters < LEAST || !word.ends_with(char::is_alphanumeric) {
        return false;
    }
    match mode {
        Mode::Raw => false,
        Mode::Plain | Mode::Phrase => true,
        // Within quotes and behind a minus a word is meant as it is.
        Mode::Web => {
            text.matches('"').count().is_multiple_of(2)
                && !word.starts_with('-')
                && !word.eq_ignore_ascii_case("or")
        }
    }
}

/// The tsquery of a line as an SQL expression; `config`: an SQL expression, too; `parameter`: where the line is bound.
///
/// A prefix is made of the last lexeme of what the server made of the line, so that precedence and distances stay: of
/// `'a' & 'b'` it becomes `'a' & 'b':*`. Where the text does not end in a lexeme of its own (`!'b'`, a compound word in
/// parentheses) nothing is added.
#[must_use]
pub fn tsquery(mode: Mode, config: &str, parameter: &str, text: &str) -> String {
    let function = match mode {
        Mode::Web => "websearch_to_tsquery",
        Mode::Plain => "plainto_tsquery",
        Mode::Phrase => "phraseto_tsquery",
        Mode::Raw => "to_tsquery",
    };
    let plain = format!("{function}({config}, {parameter})");
    if !completes(mode, text) {
        return plain;
    }
    format!(
        "(CASE WHEN {plain}::text ~ '(^|[ (])''([^'']|'''')+''$' THEN ({plain}::text || ':*')::tsquery ELSE {plain} END)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_being_typed_is_a_beginning() {
        for (mode, text, want) in [
            (Mode::Web, "vac", true),
            (Mode::Web, "va", false),
            (Mode::Web, "vacuum ", false),
            (Mode::Web, "a or vacuum", true),
            (Mode::Web, "cat dog -mouse", false),
            (Mode::Web, "\"slow qu", false),
            (Mode::Web, "\"slow query\" plan", true),
            (Mode::Web, "\"slow query\"", false),
            (Mode::Web, "🎉🎉🎉", false),
            (Mode::Web, "日本語", true),
            (Mode::Plain, "-mouse", true),
            (Mode::Raw, "vacuum", false),
            (Mode::Web, "", false),
        ] {
            assert_eq!(completes(mode, text), want, "{text}");
        }
    }
}
