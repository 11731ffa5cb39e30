//! Profiles at work: the password command, SQL to begin with, and the tunnel through the user's own ssh.

use crate::{Ran, fed, file, pgdeck, server, until};
use pgdeck::demo::cluster::{Cluster, Settings};
use std::{
    io::{self, Write},
    net::{Shutdown, TcpStream},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    process::Command,
    sync::OnceLock,
};

const PASSWORD: &str = "well-kept-by-a-command";

/// A server on TCP that asks for passwords, and has a certificate for `db.internal` where openssl is at hand.
fn guarded() -> &'static (Cluster, Option<String>) {
    static SERVER: OnceLock<(Cluster, Option<String>)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=db.internal"])
            .args(["-addext", "subjectAltName=DNS:db.internal", "-keyout", "server.key", "-out", "server.crt"])
            .current_dir(folder.path())
            .output()
            .is_ok_and(|o| o.status.success());
        let hba = b"local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n".to_vec();
        let plain =
            Settings { tcp: true, files: vec![("pg_hba.conf".into(), hba)], ..Settings::default() };
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
        let mut secured = plain.clone();
        secured.files.extend(["server.crt", "server.key"].map(|n| (n.to_owned(), read(n))));
        for (name, value) in [("ssl", "on"), ("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")] {
            secured.options.push((name.into(), value.into()));
        }
        let started = if made { server::try_start(secured).ok() } else { None };
        let root = started.is_some().then(|| String::from_utf8(read("server.crt")).expect("PEM"));
        let cluster = started.unwrap_or_else(|| server::start(plain));
        let role = format!("create role minded login password '{PASSWORD}'; create schema begun; grant usage on schema begun to public");
        server::execute(&cluster, "postgres", &role);
        (cluster, root)
    })
}

fn run(config: &str, env: &[(&str, &str)], sql: &str) -> Ran {
    let mut command = pgdeck(&["--config", config, "run", "-", "--profile", "p", "-w", "--format", "csv"]);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(env.iter().copied());
    fed(command, sql)
}

#[test]
fn a_command_gives_the_password_and_sql_is_run_to_begin_with() {
    let (cluster, _) = guarded();
    let folder = tempfile::tempdir().expect("a folder");
    let place = format!("host=127.0.0.1 port={} user=minded dbname=postgres", cluster.port());
    let profile = |more: &str| {
        file(folder.path(), "c.toml", &format!("[profile.p]\nconnection = \"{place}\"\n{more}\n"))
    };
    let asked = folder.path().join("asked");
    let command = format!("password_command = \"echo x >> {}; echo {PASSWORD}\"", asked.display());
    let ran = run(
        &profile(&format!("{command}\nstartup = \"set search_path = begun; set app.who = 'ann'\"")),
        &[],
        "select current_schemas(false)::text || current_setting('app.who') as w",
    );
    assert_eq!((ran.code, &*ran.out), (0, "w\n{begun}ann\n"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&asked).expect("it was asked"), "x\n");
    // A password in the environment is enough: then nobody asks the command.
    run(&profile(&command), &[("PGPASSWORD", PASSWORD)], "select 1");
    assert_eq!(std::fs::read_to_string(&asked).expect("there"), "x\n");
    // What the server refuses is asked for anew, as long as something else comes.
    let count = folder.path().join("count");
    let later = format!(
        "password_command = \"echo x >> {0}; if [ $(wc -l < {0}) = 1 ]; then echo stale; else echo {PASSWORD}; fi\"",
        count.display()
    );
    let ran = run(&profile(&later), &[], "select 1 as a");
    assert_eq!((ran.code, &*ran.out), (0, "a\n1\n"), "{}", ran.err);
    for (command, said) in [
        ("echo half-a-secret; echo locked >&2; exit 3", "locked"),
        ("true", "it printed nothing"),
        ("echo wrong", "28P01"),
    ] {
        let ran = run(&profile(&format!("password_command = \"{command}\"")), &[], "select 1");
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(ran.err.contains(said) && !ran.err.contains("half-a-secret"), "{}", ran.err);
    }
    let ran = run(&profile(&format!("{command}\nstartup = \"set no.such = x y\"")), &[], "select 1");
    assert_eq!((ran.code, ran.err.matches("startup SQL failed").count()), (3, 1), "{}", ran.err);
    let log = folder.path().join("log").display().to_string();
    let begins = profile("startup = \"set app.who = 'ann'\"");
    let mut logged = pgdeck(&["--config", &begins, "--log", &log, "run", "-", "--profile", "p", "-w"]);
    logged.env("PGPASSWORD", PASSWORD);
    let ran = fed(logged, "select 1");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("sent \"set app.who = ?\""), "{log}");
    let touched = folder.path().join("touched");
    let harm = format!("ssh = \"-oProxyCommand=touch {}\"", touched.display());
    let ran = run(&profile(&harm), &[], "select 1");
    assert!(!touched.exists());
    assert!(
        ran.code == 2 && ran.err.contains("c.toml, line 3") && ran.err.contains("where ssh goes"),
        "{}",
        ran.err
    );
}

#[test]
fn startup_sql_of_a_read_only_profile_writes_nothing() {
    let (cluster, _) = guarded();
    server::execute(cluster, "postgres", "create table begun.kept (x int)");
    let folder = tempfile::tempdir().expect("a folder");
    let place =
        format!("host={} port={} user=postgres dbname=postgres", cluster.folder().display(), cluster.port());
    for startup in [
        "begin read write; insert into begun.kept values (1); commit",
        "set default_transaction_read_only = off; begin; insert into begun.kept values (1); commit",
        "do $$ begin commit; set transaction read write; insert into begun.kept values (1); end $$",
    ] {
        let config =
            format!("[profile.p]\nconnection = \"{place}\"\nread_only = true\nstartup = \"{startup}\"\n");
        let ran = run(&file(folder.path(), "c.toml", &config), &[], "select 1");
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(ran.err.contains("may only SET") && ran.err.contains("HINT"), "{}", ran.err);
    }
    assert_eq!(server::ask(cluster, "postgres", "select count(*) from begun.kept"), "0");
    let config = format!(
        "[profile.p]\nconnection = \"{place}\"\nread_only = true\nstartup = \"set app.who = 'ann'\"\n"
    );
    let config = file(folder.path(), "c.toml", &config);
    let ran = run(&config, &[], "select current_setting('app.who') as w");
    assert_eq!((ran.code, &*ran.out), (0, "w\nann\n"), "{}", ran.err);
    assert_eq!(run(&config, &[], "insert into begun.kept values (1)").code, 1);
}

/// An `ssh` of the test's own: a script that turns this very test program into one.
fn ssh_in(folder: &Path) -> String {
    let exe = std::env::current_exe().expect("this program");
    let script = format!(
        "#!/bin/sh\nFAKE_SSH=\"$*\" exec {} --exact profiles::acts_as_ssh --nocapture --test-threads 1 >/dev/null\n",
        exe.display()
    );
    let path = folder.join("ssh");
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("to be run");
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// No test: what the script above runs. It forwards as ssh would be told to, only that `db.internal` is this machine.
#[test]
fn acts_as_ssh() {
    let Ok(arguments) = std::env::var("FAKE_SSH") else { return };
    let words: Vec<&str> = arguments.split(' ').collect();
    if words.last() == Some(&"refused") {
        let _ = writeln!(io::stderr(), "me@refused: Permission denied (publickey).");
        std::process::exit(255);
    }
    if let Ok(file) = std::env::var("FAKE_SSH_PID") {
        std::fs::write(file, format!("{} {arguments}", std::process::id())).expect("a file");
    }
    let forward = words.iter().position(|w| *w == "-L").and_then(|at| words.get(at + 1)).expect("-L");
    let (path, far) = forward.split_once(':').expect("socket:host:port");
    let port = far.rsplit_once(':').expect("a port").1.to_owned();
    let listener = UnixListener::bind(path).expect("listens");
    for near in listener.incoming() {
        let near = near.expect("a client");
        let far = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server");
        let (mut a, mut b) = (near.try_clone().expect("twice"), far.try_clone().expect("twice"));
        std::thread::spawn(move || {
            let _ = io::copy(&mut a, &mut b);
            let _ = b.shutdown(Shutdown::Write);
        });
        let (mut near, mut far): (UnixStream, TcpStream) = (near, far);
        std::thread::spawn(move || {
            let _ = io::copy(&mut far, &mut near);
            let _ = near.shutdown(Shutdown::Write);
        });
    }
}

#[test]
fn a_tunnel_leads_there_and_ends_with_us() {
    let (cluster, root) = guarded();
    let folder = tempfile::tempdir().expect("a folder");
    let path = ssh_in(folder.path());
    let pid = folder.path().join("pid");
    let place = format!("host=db.internal port={} user=minded dbname=postgres", cluster.port());
    let profile = |destination: &str, more: &str| {
        let text = format!(
            "[profile.p]\nconnection = \"{place} {more}\"\nssh = \"{destination}\"\npassword_command = \"echo {PASSWORD}\"\n"
        );
        file(folder.path(), "c.toml", &text)
    };
    let pid_name = pid.display().to_string();
    let env = [("PATH", path.as_str()), ("FAKE_SSH_PID", &pid_name)];
    let ran = run(&profile("me@bastion", ""), &env, "select 40 + 2 as a");
    assert_eq!((ran.code, &*ran.out), (0, "a\n42\n"), "{}", ran.err);
    let told = std::fs::read_to_string(&pid).expect("ssh was run");
    let (number, arguments) = told.split_once(' ').expect("pid and arguments");
    assert!(arguments.contains(&format!(":db.internal:{}", cluster.port())), "{arguments}");
    assert!(
        arguments.contains("ExitOnForwardFailure=yes") && arguments.ends_with("-- me@bastion"),
        "{arguments}"
    );
    let socket = arguments
        .split(' ')
        .find(|w| w.contains("pgdeck-ssh"))
        .and_then(|w| w.split(':').next())
        .expect("a socket");
    let (process, socket) = (format!("/proc/{number}"), Path::new(socket).to_owned());
    until("ssh ends with us", || !Path::new(&process).exists());
    assert!(!socket.exists() && !socket.parent().is_some_and(Path::exists), "nothing stays");
    // The certificate is looked at for the host's name, whatever socket leads there.
    if let Some(root) = root {
        let root = file(folder.path(), "root.crt", root);
        let full = format!("sslmode=verify-full sslrootcert={root}");
        let ran = run(
            &profile("me@bastion", &full),
            &env,
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
        );
        assert_eq!((ran.code, &*ran.out), (0, "ssl\nt\n"), "{}", ran.err);
        let other = profile("me@bastion", &full);
        let text = std::fs::read_to_string(&other).expect("there").replace("db.internal", "other.internal");
        std::fs::write(&other, text).expect("written");
        let ran = run(&other, &env, "select 1");
        assert!(ran.code == 3 && ran.err.contains("another host name"), "{}", ran.err);
    }
    // What ssh says is told, with what to do.
    let ran = run(&profile("refused", ""), &env, "select 1");
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("Permission denied (publickey)") && ran.err.contains("ssh refused"),
        "{}",
        ran.err
    );
}

/// However we end: killed, too.
#[test]
fn a_tunnel_ends_when_we_are_killed() {
    let (cluster, _) = guarded();
    let folder = tempfile::tempdir().expect("a folder");
    let (path, pid) = (ssh_in(folder.path()), folder.path().join("pid"));
    let text = format!(
        "[profile.p]\nconnection = \"host=db.internal port={} user=minded dbname=postgres\"\nssh = \"b\"\npassword_command = \"echo {PASSWORD}\"\n",
        cluster.port()
    );
    let config = file(folder.path(), "c.toml", &text);
    let sql = file(folder.path(), "q.sql", "select pg_sleep(600)");
    let mut command = pgdeck(&["--config", &config, "run", &sql, "--profile", "p", "-w"]);
    command.env("PATH", path).env("FAKE_SSH_PID", &pid).env("XDG_RUNTIME_DIR", folder.path());
    let mut child = command.spawn().expect("it starts");
    let number =
        || std::fs::read_to_string(&pid).ok().and_then(|t| t.split_once(' ').map(|(n, _)| n.to_owned()));
    until("ssh runs", || number().is_some());
    let process = format!("/proc/{}", number().expect("a pid"));
    child.kill().expect("killed");
    let _ = child.wait();
    until("ssh ends", || !Path::new(&process).exists());
    let names = || std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|e| e.file_name());
    until("its sockets go", || !names().any(|n| n.to_string_lossy().starts_with("pgdeck-ssh")));
}
