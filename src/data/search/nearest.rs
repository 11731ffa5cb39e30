//! "Did you mean": the lexeme of a sample that is nearest to one that no row has.

use crate::data::near::slips;

/// The lexemes in a tsquery as the server prints it, with their being prefixes.
#[must_use]
pub fn lexemes_of(query: &str) -> Vec<(String, bool)> {
    let mut out: Vec<(String, bool)> = vec![];
    let mut chars = query.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' {
            continue;
        }
        let mut lexeme = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.peek() == Some(&'\'') => {
                    chars.next();
                    lexeme.push('\'');
                }
                '\'' => break,
                '\\' => lexeme.extend(chars.next()),
                c => lexeme.push(c),
            }
        }
        let mut prefix = false;
        if chars.peek() == Some(&':') {
            while let Some(c) = chars.next_if(|c| ":*ABCD".contains(*c)) {
                prefix |= c == '*';
            }
        }
        if !out.iter().any(|(l, _)| *l == lexeme) {
            out.push((lexeme, prefix));
        }
    }
    out
}

/// The lexeme that was probably meant: one of at most two slips (one in a short word), the fewest first, then the most
/// frequent. None when the word itself is there.
#[must_use]
pub fn nearest<'a>(lexeme: &str, prefix: bool, known: &'a [(String, u64)]) -> Option<&'a str> {
    let letters: Vec<char> = lexeme.chars().collect();
    let most = if letters.len() < 6 { 1 } else { 2 };
    if letters.len() < 3 || known.iter().any(|(k, _)| k == lexeme || (prefix && k.starts_with(lexeme))) {
        return None;
    }
    let mut best: Option<(usize, u64, &str)> = None;
    for (other, rows) in known {
        let there: Vec<char> = other.chars().collect();
        // Half a word: the words that begin so are meant.
        let begun = !prefix && letters.len() >= 4 && other.starts_with(lexeme);
        // What is still being typed is compared with beginnings.
        let lengths = if prefix && there.len() > letters.len() {
            vec![letters.len(), letters.len() + 1, there.len()]
        } else {
            vec![there.len()]
        };
        for length in lengths {
            let there = &there[..length.min(there.len())];
            if there.len().abs_diff(letters.len()) > most && !begun {
                continue;
            }
            let slips = if begun { 0 } else { slips(&letters, there) };
            let better = best.is_none_or(|(s, r, _)| slips < s || (slips == s && *rows > r));
            if slips <= most && better {
                best = Some((slips, *rows, other));
            }
        }
    }
    best.map(|(_, _, other)| other)
}

/// The line with the word put right: the one that begins most like the lexeme.
#[must_use]
pub fn put_right(line: &str, lexeme: &str, meant: &str) -> Option<String> {
    let common =
        |word: &str| word.to_lowercase().chars().zip(lexeme.chars()).take_while(|(a, b)| a == b).count();
    let mut best: Option<(usize, usize, usize)> = None;
    let mut at = 0;
    for word in line.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let alike = common(bare);
        if alike > 0 && best.is_none_or(|(a, ..)| alike > a) {
            best = Some((alike, at, at + bare.len()));
        }
        at += word.len();
    }
    let (_, from, to) = best?;
    Some(format!("{}{meant}{}", &line[..from], &line[to..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexemes_are_read_out_of_a_query() {
        assert_eq!(
            lexemes_of("'o''neil' & !'a\\\\b':*A | ( 'x' <-> 'x' )"),
            [("o'neil".to_owned(), false), ("a\\b".to_owned(), true), ("x".to_owned(), false)]
        );
        assert_eq!(lexemes_of(""), []);
    }

    #[test]
    fn the_fewest_slips_and_then_the_most_rows() {
        let known: Vec<(String, u64)> = [("vacuum", 40), ("vacant", 90), ("index", 9), ("indent", 50)]
            .map(|(w, n)| (w.to_owned(), n))
            .into();
        assert_eq!(nearest("vacum", false, &known), Some("vacuum"));
        assert_eq!(nearest("vaucum", false, &known), Some("vacuum"), "swapped letters are one slip");
        assert_eq!(nearest("vacuum", false, &known), None);
        assert_eq!(nearest("vacu", true, &known), None, "the beginning of one that is there");
        assert_eq!(nearest("vacu", false, &known), Some("vacuum"), "no word, but many begin so");
        assert_eq!(nearest("vaccu", true, &known), Some("vacuum"), "a beginning with a slip");
        assert_eq!(nearest("indx", false, &known), Some("index"));
        assert_eq!(nearest("quite other", false, &known), None);
    }

    #[test]
    fn the_word_is_put_right_in_its_line() {
        assert_eq!(put_right("slow \"vacums\" -x", "vacum", "vacuum").as_deref(), Some("slow \"vacuum\" -x"));
        assert_eq!(put_right("größe", "größ", "gross").as_deref(), Some("gross"));
        assert_eq!(put_right("!!", "x", "y"), None);
    }
}
