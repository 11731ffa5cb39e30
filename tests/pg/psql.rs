//! The same words to the real psql and to us: what they resolve to, as far as a server and psql's errors show it.

use crate::{rows, run, server, sql};
use pgdeck::{
    demo::cluster::Cluster,
    pg::{
        connect::{self, Options},
        target::{Environment, Found, Input, Machine, Target, resolve},
    },
};
use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixListener},
    process::Command,
};

/// Keywords an older psql does not know.
const NEWER: [&str; 13] = [
    "require_auth",
    "sslcertmode",
    "sslnegotiation",
    "load_balance_hosts",
    "gssdelegation",
    "min_protocol_version",
    "max_protocol_version",
    "sslkeylogfile",
    "scram_client_key",
    "scram_server_key",
    "oauth_issuer",
    "oauth_scope",
    "servicefile",
];

/// What we are compared with: before, libpq looked for its files in the passwd entry's home and not in `$HOME`, and knew no
/// addresses in certificates.
const OLDEST: u32 = 15;

/// A psql that runs.
pub struct Psql {
    path: PathBuf,
    home: TempDir,
}

/// What psql or we came to.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    /// Let in; whether with TLS.
    In(bool),
    Refused,
}

/// The major version of a psql, 0 where none runs.
fn version(path: &Path) -> u32 {
    let Ok(out) = std::process::Command::new(path).arg("--version").output() else { return 0 };
    let told = String::from_utf8_lossy(&out.stdout);
    let number = told.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    number.and_then(|n| n.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).unwrap_or(0)
}

impl Psql {
    /// The one beside the server, else the one in the path. `None`, with a word, where there is none that runs.
    pub fn find(cluster: &Cluster) -> Option<Self> {
        let beside = cluster.bins().folder.join("psql");
        let found = [beside, "psql".into()].into_iter().find(|path| version(path) >= OLDEST);
        if found.is_none() {
            eprintln!("no psql from {OLDEST} on on this machine: nothing is compared with it");
        }
        Some(Self { path: found?, home: tempfile::tempdir().unwrap() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path()).env("LC_ALL", "C").env("PGCONNECT_TIMEOUT", "20");
        command.args(["-X", "-w", "-A", "-t"]).stdin(Stdio::null());
        command
    }

    /// Each connection string lets psql in exactly when it lets us in, and in the same way.
    pub async fn same(&self, cases: &[String]) {
        let (mut wrong, mut compared) = (vec![], 0);
        for case in cases {
            let ask = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
            let out = self.command().args(["-d", case, "-c", ask]).output().await.unwrap();
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            if NEWER.iter().any(|k| said.contains(&format!("invalid connection option \"{k}\""))) {
                continue;
            }
            let psql =
                if out.status.success() { Got::In(out.stdout.starts_with(b"t")) } else { Got::Refused };
            let ours = match crate::try_open(case).await {
                Ok(mut s) => {
                    let told = rows(
                        &run(&mut s, &sql(&ask.replace("select ssl", "select ssl::text"))).await.unwrap(),
                    );
                    Got::In(told == [[Some("true".to_owned())]])
                }
                Err(e) if e.error.message.is_empty() => panic!("{case}: refused without a word"),
                Err(_) => Got::Refused,
            };
            compared += 1;
            if psql != ours {
                let why = crate::try_open(case).await.err().map(|e| e.error.message).unwrap_or_default();
                wrong.push(format!("{case}\n  psql {psql:?}: {}\n  we {ours:?}: {why}", said.trim()));
            }
        }
        assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
        assert!(compared > cases.len() / 2, "{compared} of {}", cases.len());
    }
}

/// What somebody who connects says first, and his password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    unix: bool,
    parameters: BTreeMap<String, String>,
    password: Option<String>,
}

/// Listens on TCP and on a socket, asks everybody for a password, lets nobody in and remembers what they said.
struct Door {
    port: u16,
    folder: TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Connections that have not ended yet.
    busy: Arc<()>,
}

impl Door {
    async fn open() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = tcp.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let unix = UnixListener::bind(folder.path().join(format!(".s.PGSQL.{port}"))).unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let busy = Arc::new(());
        let (first, second) = (Arc::clone(&seen), Arc::clone(&seen));
        let (one, two) = (Arc::clone(&busy), Arc::clone(&busy));
        tokio::spawn(async move {
            while let Ok((socket, _)) = tcp.accept().await {
                let (seen, busy) = (Arc::clone(&first), Arc::clone(&one));
                tokio::spawn(async move {
                    let _ = hear(socket, false, seen).await;
                    drop(busy);
                });
            }
        });
        tokio::spawn(async move {
            while let Ok((socket, _)) = unix.accept().await {
                let (seen, busy) = (Arc::clone(&second), Arc::clone(&two));
                tokio::spawn(async move {
                    let _ = hear(socket, true, seen).await;
                    drop(busy);
                });
            }
        });
        Self { port, folder, seen, busy }
    }

    /// What was said, once everybody has gone. Who has gone was accepted: he had an answer.
    async fn taken(&self) -> Vec<Seen> {
        while Arc::strong_count(&self.busy) > 3 {
            tokio::task::yield_now().await;
        }
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// A text with the places put in.
    fn placed(&self, text: &str) -> String {
        text.replace("{port}", &self.port.to_string())
            .replace("{dir}", &self.folder.path().display().to_string())
    }
}

async fn hear(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    unix: bool,
    all: Arc<Mutex<Vec<Seen>>>,
) -> std::io::Result<()> {
    let body = loop {
        let length = socket.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        socket.read_exact(&mut body).await?;
        match body[..4] {
            [4, 210, 22, 47 | 48] => socket.write_all(b"N").await?,
            _ => break body,
        }
    };
    let words: Vec<_> =
        body[4..].split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
    let parameters = words.chunks_exact(2).filter(|p| !p[0].is_empty()).map(|p| (p[0].clone(), p[1].clone()));
    let mut seen = Seen { unix, parameters: parameters.collect(), password: None };
    socket.write_all(b"R\0\0\0\x08\0\0\0\x03").await?;
    if let Ok(b'p') = socket.read_u8().await {
        let length = socket.read_u32().await?;
        let mut password = vec![0; length as usize - 4];
        socket.read_exact(&mut password).await?;
        password.pop();
        seen.password = Some(String::from_utf8_lossy(&password).into_owned());
    }
    all.lock().unwrap().push(seen);
    socket.write_all(b"E\0\0\0\x1dSFATAL\0C28P01\0Mnobody\0\0\0\0").await
}

/// The test's own environment on this machine's files.
struct Around {
    vars: BTreeMap<String, String>,
    home: PathBuf,
}

impl Environment for Around {
    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned()
    }
    fn file(&self, path: &Path) -> Found {
        Machine.file(path)
    }
    fn exists(&self, path: &Path) -> bool {
        Machine.exists(path)
    }
    fn user(&self) -> Result<String, String> {
        Machine.user()
    }
    fn home(&self) -> Option<PathBuf> {
        Some(self.home.clone())
    }
}

/// One case: a connection string, variables, flags, files (of the home folder: name, mode, text).
#[derive(Clone, Copy, Default)]
struct Case<'a> {
    text: &'a str,
    vars: &'a [(&'a str, &'a str)],
    flags: &'a [(&'a str, &'a str)],
    files: &'a [(&'a str, u32, &'a str)],
}

const fn case(text: &str) -> Case<'_> {
    Case { text, vars: &[], flags: &[], files: &[] }
}

/// Odd ways to say a connection; everything leads to the door or is refused.
const CASES: &[Case<'_>] = &[
    case("host=127.0.0.1 port={port} user=u dbname=d password=p"),
    case("postgresql://u:p@127.0.0.1:{port}/d"),
    case("postgres://u:p@127.0.0.1:{port}/d?application_name=a%20b%2Bc+d"),
    case("postgres://u%3A:%70%40%2F@127.0.0.1:{port}/%64%2Fe"),
    case("postgres://127.0.0.1:{port}?user=u&password=p&dbname=q"),
    case("postgres://u@127.0.0.1:1/d?port={port}"),
    case("postgres://u@nowhere:1/d?host=127.0.0.1&port={port}"),
    case("postgres://u@nowhere:{port}/d?hostaddr=127.0.0.1"),
    case("postgres:///d?host={dir}&port={port}&user=u"),
    case("postgres://u@%2Fnonexistent,127.0.0.1:{port}/d"),
    case("postgres://u@127.0.0.1:1,127.0.0.1:{port}/d"),
    case("postgres://u@127.0.0.1,127.0.0.1:{port}/d?port=1,{port}"),
    case("postgres://@127.0.0.1:{port}/"),
    case("postgres://:p@127.0.0.1:{port}/"),
    case("postgres://u:@127.0.0.1:{port}/d"),
    case("postgres://u@127.0.0.1:{port}/d?ssl=true"),
    case("postgres://u@127.0.0.1:{port}/d?ssl=false"),
    case("postgres://u@127.0.0.1:{port}/d?sslmode=disable&sslmode=prefer"),
    case("postgres://u@127.0.0.1:{port}/d#frag"),
    case("postgres://u@127.0.0.1:{port}/d?"),
    case("postgres://u@127.0.0.1:{port}/d?&user=v"),
    case("postgres://u@127.0.0.1:{port}/d?user"),
    case("postgres://u@127.0.0.1:{port}/d?user="),
    case("postgres://u@127.0.0.1:{port}/d?User=v"),
    case("postgres://u@127.0.0.1:{port}/d?database=v"),
    case("postgres://u@127.0.0.1:{port}/d?connect_timeout=1O"),
    case("postgres://u@127.0.0.1:{port}x/d"),
    case("postgres://u@127.0.0.1: {port}/d"),
    case("postgres://u@127.0.0.1:{port}/d%zz"),
    case("postgres://u@127.0.0.1:{port}/d%"),
    case("postgres://u@127.0.0.1:{port}/d%00"),
    case("postgres://u@[127.0.0.1]:{port}/d"),
    case("postgres://u@[::1]x:{port}/d"),
    case("postgres://u@[]:{port}/d"),
    case("POSTGRES://u@127.0.0.1:{port}/d"),
    case("postgresq://u@127.0.0.1:{port}/d"),
    case(" postgres://u@127.0.0.1:{port}/d"),
    case("host = 127.0.0.1  port\t=\n{port} user = 'u u' dbname = 'it''s'"),
    case("host=127.0.0.1 port={port} user='u\\'u\\\\' dbname=d\\ e"),
    case("host=127.0.0.1 port={port} user= dbname="),
    case("host=127.0.0.1 port={port} user='' dbname=''"),
    case("host=127.0.0.1 port={port} user=u user=v dbname=d dbname=e"),
    case("host=127.0.0.1 port={port} user=u dbname='host=nowhere'"),
    case("host=127.0.0.1 port={port} user=u dbname=postgres://x"),
    case("host=127.0.0.1 port=' {port} ' user=u"),
    case("host=127.0.0.1 port=+{port} user=u"),
    case("host=127.0.0.1 port=0x10 user=u"),
    case("host=127.0.0.1 port=0 user=u"),
    case("host=127.0.0.1 port=65536 user=u"),
    case("host=127.0.0.1 port=-1 user=u"),
    case("host=127.0.0.1 port=5432,5433 user=u"),
    case("host=127.0.0.1,127.0.0.1 port={port} user=u"),
    case("host=127.0.0.1,127.0.0.1 port=1,{port} user=u"),
    case("host=127.0.0.1, port=1,{port} user=u hostaddr=127.0.0.1,127.0.0.1"),
    case("host=a,b hostaddr=127.0.0.1 user=u"),
    case("hostaddr=127.0.0.1 port={port} user=u"),
    case("hostaddr=127.1 port={port} user=u"),
    case("hostaddr=localhost port={port} user=u"),
    case("host={dir} port={port} user=u"),
    case("host=/nonexistent,{dir} port={port} user=u"),
    case("host={dir} hostaddr=127.0.0.1 port={port} user=u"),
    case("host=127.0.0.1 port={port} user=u options='-c work_mem=1MB -c a.b=c\\ d'"),
    case("host=127.0.0.1 port={port} user=u options=-c\\ geqo=off"),
    case("host=127.0.0.1 port={port} user=u application_name='mine' fallback_application_name='other'"),
    case("host=127.0.0.1 port={port} user=u application_name="),
    case("host=127.0.0.1 port={port} user=u sslmode=nonsense"),
    case("host=127.0.0.1 port={port} user=u sslmode=require"),
    case("host=127.0.0.1 port={port} user=u sslmode=verify-full sslrootcert=/nonexistent"),
    case("host=127.0.0.1 port={port} user=u channel_binding=maybe"),
    case("host=127.0.0.1 port={port} user=u channel_binding=require password=p"),
    case("host=127.0.0.1 port={port} user=u target_session_attrs=best"),
    case("host=127.0.0.1 port={port} user=u require_auth=password password=p"),
    case("host=127.0.0.1 port={port} user=u require_auth=scram-sha-256 password=p"),
    case("host=127.0.0.1 port={port} user=u require_auth=!password password=p"),
    case("host=127.0.0.1 port={port} user=u require_auth=!md5,!scram-sha-256 password=p"),
    case("host=127.0.0.1 port={port} user=u require_auth=md5,!none password=p"),
    case("host=127.0.0.1 port={port} user=u require_auth=, password=p"),
    case(
        "host=127.0.0.1 port={port} user=u keepalives=0 keepalives_idle=5 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=1000",
    ),
    case("host=127.0.0.1 port={port} user=u keepalives=x"),
    case("host=127.0.0.1 port={port} user=u tcp_user_timeout=1s"),
    case("host=127.0.0.1 port={port} user=u connect_timeout=x"),
    case("host=127.0.0.1 port={port} user=u connect_timeout=' 7'"),
    case("host=127.0.0.1 port={port} user=u nonsense=1"),
    case("host=127.0.0.1 port={port} user=u ="),
    case("host=127.0.0.1 port={port} user=u password"),
    case("host=127.0.0.1 port={port} user=u password='open"),
    case("host=127.0.0.1 port={port} user=u password=\\"),
    case("host=127.0.0.1 port={port} user=u password=p\\'q"),
    case("host=127.0.0.1 port={port} user=u passfile=/nonexistent"),
    case("host=127.0.0.1 port={port} user=u service=nowhere"),
    case("host=127.0.0.1 port={port} user=u gssencmode=disable krbsrvname=x"),
    case("host=127.0.0.1 port={port} user=ü dbname=ж password=пароль"),
    // flags and variables
    Case { flags: &[("-h", "127.0.0.1"), ("-p", "{port}"), ("-U", "u")], ..case("d") },
    Case {
        flags: &[("-h", "nowhere"), ("-p", "1"), ("-U", "x")],
        ..case("host=127.0.0.1 port={port} user=u")
    },
    Case {
        flags: &[("-h", "127.0.0.1"), ("-p", "{port}"), ("-U", "")],
        vars: &[("PGUSER", "env")],
        ..case("")
    },
    Case {
        vars: &[
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", "{port}"),
            ("PGUSER", "u"),
            ("PGDATABASE", "d"),
            ("PGPASSWORD", "p"),
        ],
        ..case("")
    },
    Case { vars: &[("PGHOST", "127.0.0.1"), ("PGPORT", "{port}"), ("PGDATABASE", "user=x")], ..case("") },
    Case {
        vars: &[("PGHOSTADDR", "127.0.0.1"), ("PGPORT", "{port}"), ("PGUSER", "u")],
        ..case("host=nowhere")
    },
    Case { vars: &[("PGPORT", "{port}"), ("PGUSER", "u")], ..case("postgres://127.0.0.1") },
    Case { vars: &[("PGPORT", "{port}"), ("PGUSER", "u")], ..case("postgres://127.0.0.1,127.0.0.1") },
    Case { vars: &[("PGHOST", ""), ("PGPORT", ""), ("PGUSER", "")], ..case("host=127.0.0.1 port={port}") },
    Case {
        vars: &[
            ("PGAPPNAME", "env"),
            ("PGTZ", "UTC"),
            ("PGDATESTYLE", "SQL, DMY"),
            ("PGGEQO", "default"),
            ("PGOPTIONS", "-c a.b=c"),
        ],
        ..case("host=127.0.0.1 port={port} user=u")
    },
    Case { vars: &[("PGREQUIRESSL", "1")], ..case("host=127.0.0.1 port={port} user=u") },
    Case { vars: &[("PGSSLMODE", "")], ..case("host=127.0.0.1 port={port} user=u") },
    Case { vars: &[("PGCHANNELBINDING", "require")], ..case("host=127.0.0.1 port={port} user=u password=p") },
    Case { vars: &[("PGTARGETSESSIONATTRS", "nonsense")], ..case("host=127.0.0.1 port={port} user=u") },
    Case { vars: &[("PGSERVICE", "nowhere")], ..case("host=127.0.0.1 port={port} user=u") },
    // password files
    Case {
        files: &[(".pgpass", 0o600, "127.0.0.1:{port}:d:u:one\n")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "#127.0.0.1:*:*:*:no\n *:*:*:*:no\n*:*:d:u:a\\:b\\\\c:rest\r\n")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "*:*:*:u:\n*:*:*:*:later\n")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o640, "*:*:*:*:open to the group\n")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o400, "*:*:*:*:readable\n")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "name:*:*:*:by name\n127.0.0.1:*:*:*:by address\n")],
        ..case("host=name hostaddr=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "localhost:*:*:*:socket\n")],
        ..case("host={dir} port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "{dir}:*:*:*:socket\n")],
        ..case("host={dir} port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "*:*:a\\:b:u\\\\:hit\n")],
        ..case("host=127.0.0.1 port={port} user='u\\\\' dbname=a:b")
    },
    Case {
        files: &[(".pgpass", 0o600, "*:*:*:*:no end")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "*:*:*:*:file\n")],
        vars: &[("PGPASSWORD", "env")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[(".pgpass", 0o600, "*:*:*:*:file\n")],
        vars: &[("PGPASSWORD", "")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[("other", 0o600, "*:*:*:*:other\n")],
        vars: &[("PGPASSFILE", "{home}/other")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d")
    },
    Case {
        files: &[("other", 0o600, "*:*:*:*:other\n")],
        ..case("host=127.0.0.1 port={port} user=u dbname=d passfile={home}/other")
    },
    // service files
    Case {
        files: &[(
            ".pg_service.conf",
            0o644,
            "[s]\nhost=127.0.0.1\nport={port}\nuser=svc\ndbname=d\npassword=p q\n",
        )],
        ..case("service=s")
    },
    Case {
        files: &[(".pg_service.conf", 0o644, "[s]\nhost=127.0.0.1\nport={port}\nuser=svc\n")],
        vars: &[("PGUSER", "env"), ("PGSERVICE", "s")],
        ..case("")
    },
    Case {
        files: &[(".pg_service.conf", 0o644, "[s]\nhost=127.0.0.1\nport={port}\nuser=svc\n")],
        ..case("postgres:///d?service=s")
    },
    Case {
        files: &[(
            ".pg_service.conf",
            0o644,
            "  # c\n[t]\nhost=no\n[s]\n  host=127.0.0.1\n\tport={port}\nuser=svc\n[s]\nuser=second\n",
        )],
        ..case("service=s")
    },
    Case {
        files: &[(".pg_service.conf", 0o644, "[s]\nhost=127.0.0.1\nport={port}\nldap://x/y\n")],
        ..case("service=s")
    },
    Case { files: &[(".pg_service.conf", 0o644, "[s]\nhost =127.0.0.1\n")], ..case("service=s") },
    Case { files: &[(".pg_service.conf", 0o644, "[s]\nservice=t\n")], ..case("service=s") },
    Case { files: &[(".pg_service.conf", 0o644, "[s]\nnonsense\n")], ..case("service=s") },
    Case {
        files: &[("svc", 0o644, "[s]\nhost=127.0.0.1\nport={port}\nuser=svc\n")],
        vars: &[("PGSERVICEFILE", "{home}/svc")],
        ..case("service=s user=x")
    },
    Case {
        files: &[("pg_service.conf", 0o644, "[s]\nhost=127.0.0.1\nport={port}\nuser=sys\n")],
        vars: &[("PGSYSCONFDIR", "{home}")],
        ..case("service=s")
    },
    Case { vars: &[("PGSERVICEFILE", "/nonexistent")], ..case("service=s") },
];

struct Setting<'a> {
    psql: &'a Psql,
    door: &'a Door,
}

impl Setting<'_> {
    fn placed(&self, text: &str) -> String {
        self.door.placed(text).replace("{home}", &self.psql.home.path().display().to_string())
    }

    async fn by_psql(&self, case: &Case<'_>) -> (Vec<Seen>, String) {
        let mut command = self.psql.command();
        for (name, value) in case.vars {
            command.env(name, self.placed(value));
        }
        for (flag, value) in case.flags {
            command.args([*flag, &self.placed(value)]);
        }
        if !case.text.is_empty() {
            command.args(["-d", &self.placed(case.text)]);
        }
        let out = command.args(["-c", "select 1"]).output().await.unwrap();
        assert!(!out.status.success(), "the door lets nobody in");
        (self.door.taken().await, String::from_utf8_lossy(&out.stderr).into_owned())
    }

    async fn by_us(&self, case: &Case<'_>) -> (Vec<Seen>, String) {
        let mut vars: BTreeMap<_, _> =
            case.vars.iter().map(|(k, v)| ((*k).to_owned(), self.placed(v))).collect();
        vars.insert("LC_ALL".into(), "C".into());
        let around = Around { vars, home: self.psql.home.path().to_owned() };
        let names = [("-h", "host"), ("-p", "port"), ("-U", "user")];
        let keyword = |flag: &str| names.iter().find(|(f, _)| *f == flag).unwrap().1.to_owned();
        let mut flags: Vec<_> = case.flags.iter().map(|(f, v)| (keyword(f), self.placed(v))).collect();
        if !case.text.is_empty() {
            flags.push(("dbname".into(), self.placed(case.text)));
        }
        let input = Input { flags, ..Input::default() };
        let resolved: Result<Target, _> = resolve(&input, &around);
        let words = match resolved {
            Err(refusal) => refusal.message,
            Ok(target) => {
                let options = Options { application_name: "psql".into(), ..Options::default() };
                connect::open(&target, &options).await.map(|_| ()).unwrap_err().error.message
            }
        };
        (self.door.taken().await, words)
    }
}

/// What we send besides, to read every server alike.
fn comparable(mut seen: Vec<Seen>) -> Vec<Seen> {
    for s in &mut seen {
        s.parameters.remove("client_encoding");
    }
    seen
}

#[tokio::test]
async fn odd_words_mean_to_us_what_they_mean_to_psql() {
    let Some(psql) = Psql::find(server::cluster()) else { return };
    let door = Door::open().await;
    let setting = Setting { psql: &psql, door: &door };
    let (mut wrong, mut compared) = (vec![], 0);
    for case in CASES {
        for (name, mode, text) in case.files {
            let path = psql.home.path().join(name);
            std::fs::write(&path, setting.placed(text)).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).unwrap();
        }
        let (theirs, said) = setting.by_psql(case).await;
        if !NEWER.iter().any(|k| said.contains(&format!("option \"{k}\""))) {
            let (ours, words) = setting.by_us(case).await;
            compared += 1;
            if comparable(theirs.clone()) != comparable(ours.clone()) || words.is_empty() {
                wrong.push(format!(
                    "{} {:?} {:?}\n  psql {theirs:?} {}\n  we   {ours:?} {words}",
                    case.text,
                    case.vars,
                    case.flags,
                    said.trim()
                ));
            }
        }
        for (name, ..) in case.files {
            std::fs::remove_file(psql.home.path().join(name)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 100, "{compared}");
}
