//! Values that strangers could have written: what terminals obey, what hides, what reorders, what fills, what is wide.

/// All of them, each once, without NUL (which PostgreSQL keeps out of texts).
pub fn corpus() -> Vec<String> {
    let mut all: Vec<String> = vec![];
    let mut add = |text: String| {
        if !all.contains(&text) {
            all.push(text);
        }
    };
    // Every control character, in the midst of a word.
    for c in (1..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
        add(format!("a{c}b"));
    }
    // Sequences, by their seven-bit and their eight-bit beginning.
    for body in CSI {
        add(format!("\x1b[{body}"));
        add(format!("\u{9b}{body}"));
    }
    for body in OSC {
        add(format!("\x1b]{body}\x07"));
        add(format!("\x1b]{body}\x1b\\"));
        add(format!("\u{9d}{body}\u{9c}"));
        add(format!("\x1b]{body}"));
    }
    for (seven, eight, body) in STRINGS {
        add(format!("\x1b{seven}{body}\x1b\\"));
        add(format!("{eight}{body}\u{9c}"));
        add(format!("\x1b{seven}{body}"));
    }
    for body in ESCAPES {
        add(format!("\x1b{body}"));
    }
    // What cannot be seen, or moves what can.
    for code in HIDDEN.iter().copied() {
        let c = char::from_u32(code).unwrap_or('?');
        add(format!("{c}"));
        add(format!("a{c}bc"));
    }
    for text in TEXTS {
        add((*text).to_owned());
    }
    for mark in ['\u{300}', '\u{489}', '\u{20dd}', '\u{e47}', '\u{fe0f}', '\u{200d}'] {
        add(format!("z{}", mark.to_string().repeat(60)));
        add(mark.to_string());
    }
    add("\u{202e}".repeat(40));
    add("👨\u{200d}".repeat(30));
    add("日".repeat(80));
    add("\n".repeat(50));
    add("\t".repeat(50));
    add("x".repeat(3000));
    add(format!("{}\x1b[2J", " ".repeat(300)));
    all
}

const CSI: &[&str] = &[
    "2J",
    "3J",
    "K",
    "H",
    "999;999H",
    "5A",
    "5B",
    "5C",
    "5D",
    "10S",
    "10T",
    "1;5r",
    "?1049h",
    "?1049l",
    "?25l",
    "?2004l",
    "?1000h",
    "?1003h",
    "?2026h",
    "?5h",
    "?7l",
    "?6h",
    "4h",
    "20h",
    "6n",
    "5n",
    "?6n",
    "c",
    ">c",
    "=c",
    ">q",
    "0q",
    "5 q",
    "!p",
    "s",
    "u",
    "?1u",
    ">1u",
    "<u",
    "18t",
    "21t",
    "3;1;1t",
    "8;1;1t",
    "31m",
    "8m",
    "7;5;1m",
    "38;2;255;0;0m",
    "38:5:196m",
    "4:3m",
    "1;1$r",
    "2$~",
    "200~",
    "201~",
    "?69h",
    "1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20m",
    "99999999999999C",
    "31",
    ";;;",
    "i",
    "4i",
    "5i",
    "x",
];

const OSC: &[&str] = &[
    "0;title",
    "1;icon",
    "2;window",
    "4;1;rgb:ff/00/00",
    "4;1;?",
    "7;file:///etc",
    "8;;http://evil.example\x1b\\click\x1b]8;;",
    "9;notify",
    "9;4;1;50",
    "10;#ff0000",
    "11;?",
    "12;red",
    "22;wait",
    "50;?",
    "52;c;ZXZpbA==",
    "52;c;?",
    "104",
    "110",
    "133;A",
    "633;P;Cwd=/",
    "777;notify;a;b",
    "1337;File=inline=1:AAAA",
    "1337;SetMark",
    "1337;CopyToClipboard=",
    "L;x",
    "",
];

const STRINGS: &[(&str, &str, &str)] = &[
    ("P", "\u{90}", "q#0;2;0;0;0#0~~@@"),
    ("P", "\u{90}", "$qm"),
    ("P", "\u{90}", "+q544e"),
    ("P", "\u{90}", "tmux;\x1b\x1b]0;x\x07"),
    ("P", "\u{90}", "1$tx"),
    ("_", "\u{9f}", "Gf=100,a=T;iVBORw0KGgo="),
    ("_", "\u{9f}", "Gi=1,a=q;AAAA"),
    ("^", "\u{9e}", "private"),
    ("X", "\u{98}", "start of string"),
    ("k", "\u{9a}", "screen title"),
];

const ESCAPES: &[&str] = &[
    "c", "7", "8", "D", "E", "H", "M", "N", "O", "Z", "=", ">", "#8", "#3", "(0", "(B", ")0", "*0", "%G",
    "%@", "n", "o", "|", "}", "~", "\\", "[", "]", "P", "_", "^", " F", "l", "m", "1", "\x1b", "\x1b[31m",
    "",
];

const HIDDEN: &[u32] = &[
    0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e,
    0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2064, 0x2066, 0x2067,
    0x2068, 0x2069, 0x206a, 0x206f, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfdd0, 0xfffe,
    0xffff, 0xe0001, 0xe0020, 0xe0041, 0xe007f, 0xe0100, 0xe01ef, 0x1d173, 0x10ffff, 0xe000, 0x600, 0x6dd,
    0x70f, 0x8e2, 0x110bd, 0x1bca0, 0x13430, 0xfe00, 0xfe0f,
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "NULL",
    "null",
    "''",
    "\\N",
    "\"",
    "a\"b'c",
    "%s%n",
    "$(id)",
    "`id`",
    "{{7*7}}",
    "<b>&amp;</b>",
    "-- ; drop",
    "over\rwritten",
    "line\r\nline",
    "back\u{8}\u{8}space",
    "tab\tbed",
    "form\u{c}feed",
    "vertical\u{b}tab",
    "bell\u{7}",
    "שלום עולם",
    "مرحبا بالعالم",
    "می\u{200c}خواهم",
    "नमस्ते",
    "สวัสดี",
    "日本語テキスト",
    "한국어",
    "ｆｕｌｌ",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦",
    "🏳\u{fe0f}\u{200d}🌈",
    "👍🏽",
    "🇨🇿🇨🇿🇨",
    "1\u{fe0f}\u{20e3}",
    "❤\u{fe0f}",
    "❤",
    "☺\u{fe0e}",
    "e\u{301}",
    "a\u{300}\u{301}\u{302}",
    "\u{301}lead",
    "①②③",
    "°±§",
    "…—",
    "﷽",
    "꧅",
    "𒐫",
    "𝕏",
    "ﬁ",
    "ǆ",
    "İ",
    "ß",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "a\u{202e}txt.exe",
    "\u{2066}if\u{2069} admin",
    "pass\u{200b}word",
    "аdmin",
    "\u{feff}bom",
    "null\u{2400}picture",
    "␛[31m",
    "‹U+202E›",
];
