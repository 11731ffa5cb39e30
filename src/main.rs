//! Parse, run, exit code.

use pgdeck::{
    args::{self, Args, Command},
    data::saved::Origin,
    demo::{self, obtain::Install},
    format,
    headless::{conninfo, doctor, exit::Exit, explain, live, queries, run},
    pg::{
        self,
        target::{Input, Machine, Target, resolve},
    },
    settings::{
        self,
        config::{self, Config},
        paths::Paths,
        saved,
    },
    text::clean,
    tui::{self, Open},
};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

fn main() -> ExitCode {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(e) => {
            // help and the version go to standard output, complaints to standard error; either may be closed
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    keep_memory_private();
    match log(&args).and_then(|()| dispatch(&args)) {
        Ok(exit) => exit.into(),
        Err(text) => {
            tell(&text);
            Exit::Usage.into()
        }
    }
}

/// Passwords are in this process's memory: no core file of it, and nobody of the same user looks in.
fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // What the system refuses is as it was: no reason not to work.
    let most = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: most });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// `--log`.
fn log(args: &Args) -> Result<(), String> {
    let Some(path) = &args.log else { return Ok(()) };
    let all = [pg::log::TARGET, pg::log::VALUES];
    settings::log::start(path, if args.log_values { &all } else { &all[..1] })
}

/// Runs the subcommand. An error is one of usage.
fn dispatch(args: &Args) -> Result<Exit, String> {
    match &args.command {
        Some(Command::Run(run)) => run_query(args, run),
        Some(Command::Explain(asked)) => explain_plan(args, asked),
        Some(Command::Locks(asked)) => sample(args, asked, live::What::Locks),
        Some(Command::Activity(asked)) => {
            sample(args, &asked.sampled, live::What::Activity { all: asked.all })
        }
        Some(Command::Queries(q)) => {
            written(queries::queries(&places(), format::find(q.format.name()).ok_or("no such format")?))
        }
        Some(Command::Conninfo(c)) => conninfo(args, c),
        Some(Command::Doctor(d)) => examine(args, d),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            args::completions(*shell, &mut text);
            written(io::stdout().write_all(&text).map(|()| Exit::Done))
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            let made = args::man(&mut text);
            written(made.and_then(|()| io::stdout().write_all(&text)).map(|()| Exit::Done))
        }
        Some(Command::Demo(asked)) if asked.print_url => serve_demo(asked),
        Some(Command::Demo(asked)) => demo_console(args, asked),
        None => console(args, None),
    }
}

/// The console, on what the command line says or on a target of our own.
fn console(args: &Args, target: Option<Target>) -> Result<Exit, String> {
    let config = config(args)?;
    let input = args.input(config.profiles.clone());
    let open = Open {
        config,
        theme: args.theme.clone(),
        input,
        target,
        read_only: args.is_read_only(),
        paths: Paths::find(),
        saved: places(),
    };
    tui::open(open).map(|()| Exit::Done)
}

/// `pgdeck demo`: the server lives as long as the console.
fn demo_console(args: &Args, asked: &args::Demo) -> Result<Exit, String> {
    match demo::start(&demo_options(asked), &mut |words| eprintln!("{words}")) {
        Ok(demo) => console(args, Some(demo.target().clone())),
        Err(e) => no_demo(&e),
    }
}

/// `pgdeck demo --print-url`.
fn serve_demo(asked: &args::Demo) -> Result<Exit, String> {
    match demo::serve(&demo_options(asked)) {
        Ok(()) => Ok(Exit::Done),
        Err(e) => no_demo(&e),
    }
}

/// A folder that cannot be taken is a mistake of usage; else there is no server to connect to.
fn no_demo(error: &demo::DemoError) -> Result<Exit, String> {
    if matches!(error, demo::DemoError::Keep(_)) {
        return Err(error.to_string());
    }
    tell(&error.to_string());
    Ok(Exit::NoConnection)
}

fn demo_options(asked: &args::Demo) -> demo::Options {
    let usual = demo::Options::default();
    demo::Options {
        posts: asked.rows.unwrap_or(usual.posts),
        quiet: asked.quiet,
        keep: asked.keep.clone(),
        install: if asked.yes { Install::Yes } else { usual.install },
        fresh: asked.fresh,
        ..usual
    }
}

/// A reader that has gone is no error.
fn written(result: io::Result<Exit>) -> Result<Exit, String> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        other => other.map_err(|e| format!("the output cannot be written: {e}")),
    }
}

fn conninfo(args: &Args, c: &args::Conninfo) -> Result<Exit, String> {
    let config = config(args)?;
    let options =
        conninfo::Options { show_password: c.show_password, json: c.format == args::TextOrJson::Json };
    let input = args.input(config.profiles);
    let told = conninfo::conninfo(&input, &Machine, options, &mut io::stdout(), &mut io::stderr());
    written(told.map(|code| if code == 0 { Exit::Done } else { Exit::Usage }))
}

fn examine(args: &Args, d: &args::Doctor) -> Result<Exit, String> {
    let target = resolve(&args.input(config(args)?.profiles), &Machine).map_err(|e| e.message)?;
    let json = d.format == args::TableOrJson::Json;
    doctor::doctor(&doctor::Options { target, json, timeout: d.timeout }, &mut io::stdout())
}

fn run_query(args: &Args, asked: &args::Run) -> Result<Exit, String> {
    let options = run::Options {
        query: asked.query.clone(),
        params: asked.params.clone(),
        format: format::find(asked.format.name()).ok_or("no such format")?,
        output: asked.output.clone(),
        watch: asked.watch,
        timeout: asked.timeout,
        read_only: args.is_read_only(),
        single_transaction: asked.single_transaction,
        fail_if_rows: asked.fail_if_rows,
        fail_if_empty: asked.fail_if_empty,
        dry_run: asked.dry_run,
        places: places(),
        servers: if asked.dry_run { Vec::new() } else { servers(args, &asked.on)? },
    };
    Ok(run::run(&options))
}

fn explain_plan(args: &Args, asked: &args::Explain) -> Result<Exit, String> {
    let options = explain::Options {
        file: asked.file.clone(),
        format: format::plan::find(asked.format.name()).ok_or("no such format")?,
        output: asked.output.clone(),
        analyze: asked.analyze,
        timing: !asked.no_timing,
        generic: asked.generic,
        params: asked.params.clone(),
        timeout: asked.timeout,
        read_only: args.is_read_only(),
    };
    // a plan needs no server, so nothing is resolved for one
    let target = || {
        let mut servers = servers(args, &[])?;
        servers.pop().map(|server| server.target).ok_or_else(|| "no connection".to_owned())
    };
    Ok(explain::explain(&options, &target))
}

fn sample(args: &Args, asked: &args::Sampled, what: live::What) -> Result<Exit, String> {
    let target = servers(args, &[])?.pop().ok_or("no connection")?.target;
    let json = asked.format == args::TableOrJson::Json;
    let (watch, timeout) = (asked.watch, asked.timeout);
    Ok(live::live(&live::Options { what, json, watch, timeout, target }))
}

/// Where to run: the one connection that was said, or the profiles of `--on`.
fn servers(args: &Args, on: &[String]) -> Result<Vec<run::Server>, String> {
    let config = config(args)?;
    let input = args.input(config.profiles);
    let inputs: Vec<(Option<String>, Input)> = if on.is_empty() {
        vec![(None, input)]
    } else {
        let named = |name: &String| Input { profile: Some(name.clone()), ..input.clone() };
        on.iter().map(|name| (Some(name.clone()), named(name))).collect()
    };
    inputs
        .into_iter()
        .map(|(name, input)| match resolve(&input, &Machine) {
            Ok(target) => Ok(run::Server { name, target }),
            Err(refusal) => Err(refusal.message),
        })
        .collect()
}

/// The config; what is wrong in it is told and the rest counts.
fn config(args: &Args) -> Result<Config, String> {
    let usual = Paths::find().map(|p| p.config);
    let Some(path) = args.config.clone().or(usual) else { return Ok(Config::default()) };
    let config = config::load(&path, args.config.is_some())?;
    for problem in &config.problems {
        tell(problem);
    }
    Ok(config)
}

/// The folders with saved queries: the user's, then the project's.
fn places() -> Vec<(Origin, PathBuf)> {
    let mut places: Vec<_> = Paths::find().map(|p| (Origin::User, p.queries)).into_iter().collect();
    let home = std::env::home_dir();
    if let Ok(here) = std::env::current_dir() {
        match saved::project_folder(&here, home.as_deref()) {
            Ok(folder) => places.extend(folder.map(|f| (Origin::Project, f))),
            Err(problem) => tell(&problem),
        }
    }
    places
}

fn tell(text: &str) {
    // standard error may be closed
    let _ = writeln!(io::stderr(), "pgdeck: {}", clean::text(text));
}
