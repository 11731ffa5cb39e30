//! The tunnel through a real sshd by the user's own ssh: straight, over a jump host, and all that goes wrong with it, in
//! the console and without a screen. Passed over with a word where no sshd is to be had.

use crate::{server, tty::Tty};
use pgdeck::demo::cluster::{Cluster, Settings};
use std::{
    net::{TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread::sleep,
    time::Duration,
};

const SSHD: &str = "/usr/sbin/sshd";
const F5: &str = "\x1b[15~";
const F6: &str = "\x1b[17~";
const ALT_2: &str = "\x1b2";

/// An sshd with keys of its own, an `ssh` that reads a config of its own, and profiles that go through it.
struct Lab {
    folder: tempfile::TempDir,
    sshd: Child,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// The server behind the tunnel.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| server::start(Settings { tcp: true, ..Settings::default() }))
}

fn key(folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&file)
        .status()
        .is_ok_and(|s| s.success());
    assert!(made, "ssh-keygen");
    std::fs::read_to_string(folder.join(format!("{name}.pub"))).expect("a public key")
}

impl Lab {
    fn new() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("passed over: there is no {SSHD}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().to_owned();
        let path = |name: &str| at.join(name).display().to_string();
        let write = |name: &str, text: &str| std::fs::write(at.join(name), text).expect("a file");
        let user = Command::new("id").arg("-un").output().expect("id");
        let user = String::from_utf8(user.stdout).expect("a name").trim().to_owned();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let host = key(&at, "host");
        write("authorized", &key(&at, "mine"));
        let other = key(&at, "other");
        if user == "root" {
            // Its own folder for what it does without rights.
            let _ = std::fs::create_dir_all("/run/sshd");
            let _ = chown("/run/sshd", Some(0), Some(0));
        }
        write(
            "sshd_config",
            &format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nUsePAM no\nStrictModes no\n\
                 PidFile none\nPermitRootLogin yes\nPasswordAuthentication yes\nAllowTcpForwarding yes\nMaxStartups 100\n",
                path("host"),
                path("authorized")
            ),
        );
        write("known", &format!("[127.0.0.1]:{port} {host}"));
        write("changed", &format!("[127.0.0.1]:{port} {other}"));
        write("nobody", "");
        let mut config = String::from("Host nowhere\n  HostName no-such-host.invalid\n");
        for (host, more) in [
            ("straight jump", "UserKnownHostsFile FOLDER/known"),
            ("inner", "UserKnownHostsFile FOLDER/known\n  ProxyJump jump"),
            ("changed", "UserKnownHostsFile FOLDER/changed"),
            ("unknown", "UserKnownHostsFile FOLDER/nobody"),
            (
                "asking",
                "UserKnownHostsFile FOLDER/known\n  PreferredAuthentications password\n  NumberOfPasswordPrompts 1",
            ),
        ] {
            config.push_str(&format!("Host {host}\n  {}\n", more.replace("FOLDER", &path(""))));
        }
        config.push_str(&format!(
            "Host *\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             GlobalKnownHostsFile {}\n  StrictHostKeyChecking ask\n",
            path("mine"),
            path("nobody")
        ));
        write("ssh_config", &config);
        // The user's own ssh is the one in the PATH; this one reads another config and writes down who it is.
        std::fs::create_dir(at.join("bin")).expect("a folder");
        let ssh = format!(
            "#!/bin/sh\necho $$ >> {}\nexec /usr/bin/ssh -F {} \"$@\"\n",
            path("pids"),
            path("ssh_config")
        );
        write("bin/ssh", &ssh);
        std::fs::set_permissions(at.join("bin/ssh"), PermissionsExt::from_mode(0o755)).expect("to be run");
        let mut profiles = String::new();
        for name in ["straight", "inner", "changed", "unknown", "asking", "nowhere"] {
            profiles.push_str(&format!(
                "[profile.{name}]\nconnection = \"host=127.0.0.1 port={} user=postgres dbname=postgres\"\nssh = \"{name}\"\n",
                cluster().port()
            ));
        }
        write("config.toml", &profiles);
        let sshd = Command::new(SSHD)
            .args(["-D", "-E", &path("log"), "-f", &path("sshd_config")])
            .stdin(Stdio::null())
            .spawn()
            .expect("sshd");
        let mut lab = Self { folder, sshd };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = lab.sshd.try_wait().expect("sshd");
            assert!(
                ended.is_none(),
                "{ended:?}: {}",
                std::fs::read_to_string(at.join("log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(20));
        }
        Some(lab)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn search(&self) -> String {
        format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default())
    }

    /// Runs without a screen; nobody is there to be asked.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let config = self.path("config.toml").display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdeck"));
        command.args(["--config", &config]).args(args);
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env(name, self.folder.path());
        }
        command
            .env("PATH", self.search())
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "force");
        let out = command.stdin(Stdio::null()).output().expect("pgdeck runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    }

    fn console(&self, profile: &str, width: u16, height: u16) -> Tty {
        let config = self.path("config.toml").display().to_string();
        let (home, search) = (self.folder.path().display().to_string(), self.search());
        let names = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
        let mut env: Vec<(&str, &str)> = names.iter().map(|n| (*n, home.as_str())).collect();
        env.push(("PATH", &search));
        Tty::start(&["--config", &config, "--profile", profile], &env, width, height)
    }

    /// The `ssh` that was started last is killed.
    fn kill_ssh(&self) {
        let pids = std::fs::read_to_string(self.path("pids")).expect("ssh ran");
        let last = pids.lines().last().expect("a number");
        assert!(Command::new("kill").args(["-9", last]).status().is_ok_and(|s| s.success()));
    }
}

#[test]
fn without_a_screen() {
    let Some(lab) = Lab::new() else { return };
    std::fs::write(lab.path("q.sql"), "select inet_server_port() as port").expect("a file");
    let query = lab.path("q.sql").display().to_string();
    for profile in ["straight", "inner"] {
        let (code, out, err) = lab.run(&["run", &query, "--profile", profile, "--format", "csv"]);
        assert_eq!((code, out), (Some(0), format!("port\n{}\n", cluster().port())), "{profile}: {err}");
        let (code, out, err) = lab.run(&["doctor", "--profile", profile]);
        assert_eq!(code, Some(0), "{profile}: {out}{err}");
        let told = |l: &str| l.trim().starts_with("ssh ") && l.contains(profile);
        assert!(out.lines().any(told), "{out}");
    }
    for (profile, why) in [
        ("changed", "Host key verification failed"),
        ("unknown", "Host key verification failed"),
        ("asking", "Permission denied"),
        ("nowhere", "Could not resolve hostname no-such-host.invalid"),
    ] {
        for args in [&["run", &query, "--profile", profile][..], &["doctor", "--profile", profile]] {
            let (code, out, err) = lab.run(args);
            let said = format!("{out}{err}");
            assert_eq!(code, Some(3), "{profile}: {said}");
            assert!(said.contains(why) && said.contains(&format!("ssh {profile}")), "{profile}: {said}");
        }
    }
    // Nothing of the tunnels is left.
    let mine = format!("pgdeck-ssh-{}", std::process::id());
    let left = std::fs::read_dir("/tmp").expect("a folder").flatten();
    assert!(!left.map(|e| e.file_name()).any(|n| n.to_string_lossy().starts_with(&mine)));
}

#[test]
fn in_the_console_a_tunnel_that_dies_is_opened_again() {
    let Some(lab) = Lab::new() else { return };
    let mut tty = lab.console("inner", 120, 40);
    tty.see("inner").see("postgres @");
    lab.kill_ssh();
    tty.see("Connected again");
    tty.send(ALT_2).see("Statement").send("select 'through' || '-it' as a").send(F5).see("through-it");
    tty.send("\x11");
    tty.end();
}

#[test]
fn from_the_console_a_tunnel_that_fails_leaves_the_connection() {
    let Some(lab) = Lab::new() else { return };
    let mut tty = lab.console("straight", 120, 40);
    tty.see("straight").see("postgres @");
    // A temporary sequence counts on as long as the session is the same.
    tty.send(ALT_2).see("Statement");
    tty.send("create temp sequence if not exists kept; select 'tick' || '-' || nextval('kept') as a")
        .send(F6);
    tty.see("tick-1");
    let places = [
        ("changed", "Host key verification failed"),
        ("nowhere", "Could not resolve hostname"),
        ("asking", "Permission denied"),
        ("unknown", "Host key verification failed"),
    ];
    for (n, (place, why)) in places.into_iter().enumerate() {
        go(&mut tty, place);
        tty.until(why, |s| flat(s).contains(why) && flat(s).contains("The connection stays as it is"));
        assert!(!tty.screen().contains("password:"), "{}", tty.screen());
        tty.send(ALT_2).send(F6).see(&format!("tick-{}", n + 2)).gone("stays as it is");
    }
    go(&mut tty, "inner");
    // In the status line, and not in the line that was typed.
    tty.until("the other place", |s| {
        s.contains(" inner  postgres postgres @") && !s.contains("connecting to")
    });
    tty.send(ALT_2).send(F6).see("tick-1");
    tty.send("\x11");
    tty.end();
}

/// `:c PLACE`, when the line is there.
fn go(tty: &mut Tty, place: &str) {
    tty.send("\x1b1")
        .send(":")
        .see("╭ Command")
        .send(&format!("c {place}"))
        .see(&format!("c {place}"))
        .send("\r");
}

#[test]
fn what_ssh_asks_is_asked_before_the_screen_comes() {
    let Some(lab) = Lab::new() else { return };
    let mut tty = lab.console("asking", 80, 24);
    tty.see("password:");
    assert!(!tty.alternate());
    tty.send("wrong\r");
    tty.until("refusal", |s| flat(s).contains("Not connected:") && flat(s).contains("Permission denied"));
    assert!(tty.alternate());
    // The other places are offered.
    tty.see("╭ Connect to").send("\x11");
    tty.end();
}

/// The screen in one line.
fn flat(screen: &str) -> String {
    screen.split_whitespace().filter(|w| *w != "│").collect::<Vec<_>>().join(" ")
}
