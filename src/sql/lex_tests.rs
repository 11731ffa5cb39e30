//! Cases and properties of the lexer.

use super::*;
use proptest::prelude::*;

const VARIABLES: Options = Options { standard_conforming_strings: true, variables: true };
const OLD_STRINGS: Options = Options { standard_conforming_strings: false, variables: true };

/// The significant tokens' texts, joined by `|`.
fn cut(text: &str, options: Options) -> String {
    significant(text, options).iter().map(|t| t.text(text)).collect::<Vec<_>>().join("|")
}

#[test]
fn tokens_end_where_the_server_ends_them() {
    let cases = [
        ("select 'it''s', E'a\\'b', e'x'", r"select|'it''s'|,|E'a\'b'|,|e'x'"),
        (r"select 'a\', 'b'", r"select|'a\'|,|'b'"),
        (r#"U&'d\0061t' U&"d!0061" uescape '!'"#, r#"U&'d\0061t'|U&"d!0061"|uescape|'!'"#),
        ("B'01' x'1F' N'n' b'0''1'", "B'01'|x'1F'|N'n'|b'0'|'1'"),
        ("u&a", "u|&|a"),
        ("$$a 'b$$ $t$ $$ $ta$ $t$ $1 $ a$b$c", "$$a 'b$$|$t$ $$ $ta$ $t$|$1|$|a$b$c"),
        ("$1$ $é$x$é$", "$1|$|$é$x$é$"),
        ("\"a\"\"b\" U&\"x\"", "\"a\"\"b\"|U&\"x\""),
        ("a/* x /* y */ z */b--c\nd", "a|b|d"),
        ("/*/a", ""),
        ("/*/*/x*/**/a", "a"),
        ("/*/*/x*/*/a", "a"),
        ("1..2 1.5 .5 1. 1e10 1E-5 1e 1.e3 1_000.5_0", "1|..|2|1.5|.5|1.|1e10|1E-5|1|e|1.e3|1_000.5_0"),
        ("0x1F 0o17 0b10 0x_1 0xg 1__0 1_", "0x1F|0o17|0b10|0x_1|0|xg|1|__0|1|_"),
        ("a[1:2] x::int y:=1", "a|[|1|:|2|]|x|::|int|y|:=|1"),
        ("=-1 @-1 *+- <-> a+-b a-- c", "=|-|1|@-|1|*|+|-|<->|a|+|-|b|a"),
        ("+/*c*/- <=--x\n>= !=-1 ->>'a'", "+|-|<=|>=|!=-|1|->>|'a'"),
        ("a.b.* , ( [ ; \\x", "a|.|b|.|*|,|(|[|;|\\|x"),
        ("größe = 'ä'", "größe|=|'ä'"),
        ("'open", "'open"),
        ("E'open\\", "E'open\\"),
        ("\"open", "\"open"),
        ("$x$open$y$", "$x$open$y$"),
    ];
    for (text, want) in cases {
        assert_eq!(cut(text, Options::default()), want, "{text:?}");
    }
}

#[test]
fn a_string_goes_on_after_a_line_end_in_the_same_kind() {
    let kinds = |text: &str| -> Vec<TokenKind> {
        significant(text, Options::default()).iter().map(|t| t.kind).collect()
    };
    let escape = TokenKind::String(StringKind::Escape);
    let plain = TokenKind::String(StringKind::Plain);
    assert_eq!(kinds("E'a'\n'b\\'c'"), [escape, escape]);
    assert_eq!(kinds("E'a' -- note\n  'b\\'c' 'd'"), [escape, escape, plain]);
    assert_eq!(kinds("E'a' 'b\\'"), [escape, plain]);
    assert_eq!(kinds("E'a' /* c */\n'b\\'"), [escape, plain]);
    assert_eq!(kinds("B'0'\n'1'"), [TokenKind::String(StringKind::Bits); 2]);
}

#[test]
fn the_setting_and_variables_change_the_reading() {
    assert_eq!(cut(r"'a\'b' N'\''", OLD_STRINGS), r"'a\'b'|N'\''");
    assert_eq!(
        cut(":a+:'b' :\"c\" :{?d} :1 ::x :=y :'z :\n", VARIABLES),
        ":a|+|:'b'|:\"c\"|:{?d}|:1|::|x|:=|y|:|'z :\n"
    );
    assert_eq!(cut(":a", Options::default()), ":|a");
}

#[test]
fn unfinished_tokens_are_marked() {
    for text in ["'a", "\"a", "/* a /* */", "$$a", "$t$ $$", "E'a\\", "B'0"] {
        assert!(tokens(text, Options::default())[0].open, "{text:?}");
    }
    for text in ["'a'", "\"a\"", "/**/", "$$$$", "--a"] {
        assert!(!tokens(text, Options::default())[0].open, "{text:?}");
    }
}

/// Text full of the characters that matter.
fn sqlish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "'",
        "''",
        "\"",
        "$$",
        "$a$",
        "$",
        "/*",
        "*/",
        "--",
        "\n",
        "\r\n",
        " ",
        "E'",
        "U&'",
        "B'",
        "\\",
        ";",
        ":",
        "a",
        "begin",
        "end",
        "create function f()",
        "1",
        ".",
        "_",
        "+",
        "-",
        "*",
        "/",
        "@",
        "(",
        ")",
        "é",
        "copy t from stdin;",
        "\\.",
        "\\g",
        "\\if",
        "\\endif",
        "\\;",
        "[",
        "]",
        "0x",
        "e",
        "\0",
        "\u{feff}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|v| v.concat())
}

/// Lexes line by line, carrying the state, and gives each byte's kind.
fn kinds_by_line(text: &str, options: Options) -> Vec<TokenKind> {
    let mut state = LineState::Normal;
    let mut out = Vec::new();
    for line in text.split('\n') {
        let mut lexer = Lexer::resume(line, state, options);
        for token in lexer.by_ref() {
            out.extend(std::iter::repeat_n(token.kind, token.end - token.start));
        }
        state = lexer.into_state();
    }
    out
}

proptest! {
    #[test]
    fn tokens_join_back_to_the_text(text in prop_oneof![sqlish(), any::<String>()], on in any::<bool>(), variables in any::<bool>()) {
        let options = Options { standard_conforming_strings: on, variables };
        let all = tokens(&text, options);
        let mut at = 0;
        for t in &all {
            prop_assert_eq!(t.start, at);
            prop_assert!(t.end > t.start);
            prop_assert!(text.is_char_boundary(t.end));
            at = t.end;
        }
        prop_assert_eq!(at, text.len());
    }

    #[test]
    fn line_by_line_is_the_same_as_all_at_once(text in sqlish(), on in any::<bool>()) {
        let text = text.replace('\r', "");
        let options = Options { standard_conforming_strings: on, variables: true };
        let whole: Vec<TokenKind> = tokens(&text, options)
            .iter()
            .flat_map(|t| t.text(&text).bytes().filter(|b| *b != b'\n').map(|_| t.kind))
            .collect();
        prop_assert_eq!(kinds_by_line(&text, options), whole);
    }
}
