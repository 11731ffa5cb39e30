//! Command lines and what they mean.

use super::*;

fn read(line: &str) -> Result<Args, clap::Error> {
    Args::read(std::iter::once("pgdeck").chain(line.split_whitespace()))
}

fn input(line: &str) -> Input {
    read(line).unwrap_or_else(|e| panic!("{line}: {e}")).input(vec![])
}

#[test]
fn the_definition_holds_together() {
    Args::command().debug_assert();
}

#[test]
fn a_connection_stands_beside_the_subcommands() {
    assert_eq!(input("mydb").connection.as_deref(), Some("mydb"));
    assert_eq!(input("postgresql://u@h/d").connection.as_deref(), Some("postgresql://u@h/d"));
    assert!(matches!(read("demo").map(|a| a.command), Ok(Some(Command::Demo(_)))));
    assert_eq!(input("-d demo").flags, [("dbname".into(), "demo".into())]);
    assert_eq!(input("prod run q").connection.as_deref(), Some("prod"));
    assert_eq!(input("conninfo run").connection.as_deref(), Some("run"));
    assert_eq!(input("locks shop").connection.as_deref(), Some("shop"));
    assert_eq!(input("shop activity --all").connection.as_deref(), Some("shop"));
    assert_eq!(input("locks -p 7").flags, [("port".into(), "7".into())]);
    assert_eq!(input("").connection, None);
}

#[test]
fn flags_mean_what_they_mean_to_psql() {
    let said = input("-h h -p 7 -U u -d d -W --service s");
    let words: Vec<_> = said.flags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(words.join(" "), "host=h user=u service=s port=7 dbname=d");
    assert_eq!(said.prompt, Prompt::Always);
    assert_eq!(input("conninfo -w").prompt, Prompt::Never);
    // Later words win over earlier ones.
    let said = input("-h a -p 1 run q -h b --port 2");
    let words: Vec<_> = said.flags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(words.join(" "), "host=b port=2");
}

#[test]
fn run_takes_parameters_by_p() {
    let args = read("--read-only run q -p a=1 -p b=x=y --param c= --timeout 0.5 -f ndjson").expect("reads");
    assert!(args.is_read_only());
    let Some(Command::Run(run)) = args.command else { panic!("run") };
    let words: Vec<_> = run.params.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    assert_eq!(words.join(" "), "a:1 b:x=y c:");
    assert_eq!((run.timeout, run.format), (Some(Duration::from_millis(500)), Format::Ndjson));
    let args = read("-h h --read-only explain q.sql -p 7 --param a=1 -f svg --analyze").expect("reads");
    assert!(args.is_read_only());
    let words: Vec<_> = args.input(vec![]).flags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(words.join(" "), "host=h port=7");
    let said = read("run q -p 5432").expect_err("no parameter").to_string();
    assert!(said.contains("the port is --port here"), "{said}");
}

#[test]
fn what_makes_no_sense_is_refused_with_code_2() {
    for line in [
        "--nonsense",
        "a b",
        "run",
        "run q --fail-if-rows --fail-if-empty",
        "run q --timeout 0",
        "run q --on a -h b",
        "-h b run q --on a",
        "explain p --generic --analyze",
        "explain p --no-timing",
        "explain p --format csv",
        "explain p q",
        "explain p --param 7",
        "--theme dark explain p",
        "x demo",
        "-h x queries",
        "a conninfo b",
        "a doctor b",
        "--read-only doctor",
        "doctor --format csv",
        "--theme dark run q",
        "--read-only conninfo",
        "conninfo --format csv",
        "a locks b",
        "locks --format csv",
        "activity --watch 0",
        "--read-only locks",
        "locks --all",
        "-w -W",
        "demo --rows 0",
    ] {
        assert_eq!(read(line).expect_err(line).exit_code(), 2, "{line}");
    }
    for line in ["--help", "-?", "--version", "run --help", "conninfo -?"] {
        assert_eq!(read(line).expect_err(line).exit_code(), 0, "{line}");
    }
}

#[test]
fn help_and_manual_tell_the_exit_codes() {
    let help = read("--help").expect_err("help").to_string();
    let (options, connection) = help.split_once("\nConnection:").expect("two headings");
    assert!(
        options.contains("--theme") && options.contains("--help") && !options.contains("--host"),
        "{help}"
    );
    assert!(connection.contains("--port") && !connection.contains("--theme <"), "{help}");
    let mut page = vec![];
    man(&mut page).expect("writes");
    let page = String::from_utf8(page).expect("text");
    for text in [&help, &page] {
        assert!(text.contains("an expectation failed") && text.contains("interrupted"), "{text}");
    }
    assert!(page.contains("PGDECK CONNINFO") && page.contains("show\\-password"), "{page}");
}
