//! A small proxy between us and a server that can be told to break: it drops, delays, cuts and garbles bytes, at a
//! chosen place of the conversation.
#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};

/// Where the conversation is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// After so many more bytes to the server.
    Up(usize),
    /// After so many more bytes from it.
    Down(usize),
    /// At a COMMIT of ours: before it reaches the server, or (true) after.
    Commit(bool),
}

/// How it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both lines are closed.
    Cut,
    /// Nothing is passed on any more, and nobody is told.
    Silence,
    /// One byte is changed.
    Garble,
    /// It goes on later.
    Delay(Duration),
}

/// What is to be done once, by the first connection that comes to the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// How.
    pub how: How,
}

/// A running proxy.
pub struct Proxy {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// How many faults were given, so that connections know when to count anew; and the one that has not come about.
    fault: Mutex<(usize, Option<Fault>)>,
    /// Connections are closed at once.
    refuse: AtomicBool,
    /// Nothing is passed on by any connection, old or new.
    silent: AtomicBool,
}

impl Proxy {
    /// In front of a server's socket. Runs as long as the runtime does.
    pub async fn start(socket: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared::default());
        let all = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if all.refuse.load(Ordering::SeqCst) {
                    continue;
                }
                let (socket, all) = (socket.clone(), Arc::clone(&all));
                tokio::spawn(async move {
                    let Ok(server) = UnixStream::connect(&socket).await else { return };
                    carry(client, server, &all).await;
                });
            }
        });
        Self { port, shared }
    }

    /// What happens next, or nothing.
    pub fn fault(&self, fault: Option<Fault>) {
        let mut next = self.shared.fault.lock().expect("not poisoned");
        *next = (next.0 + 1, fault);
    }

    /// Whether the fault given last has not come about.
    pub fn waits(&self) -> bool {
        self.shared.fault.lock().expect("not poisoned").1.is_some()
    }

    /// Closes every new connection at once, or no more.
    pub fn refuse(&self, on: bool) {
        self.shared.refuse.store(on, Ordering::SeqCst);
    }

    /// Swallows everything of everybody, or no more (what was swallowed is lost, its connections stay silent).
    pub fn silence(&self, on: bool) {
        self.shared.silent.store(on, Ordering::SeqCst);
    }
}

/// One direction's next step.
enum Step {
    On,
    End,
}

struct Line<'a> {
    shared: &'a Shared,
    /// Bytes since the last fault was given: up, down.
    passed: [usize; 2],
    given: usize,
    silent: bool,
}

impl Line<'_> {
    /// Passes a piece on, unless its time has come.
    async fn pass(&mut self, to: &mut (impl AsyncWrite + Unpin), piece: &mut [u8], down: bool) -> Step {
        self.silent |= self.shared.silent.load(Ordering::SeqCst);
        if self.silent {
            return Step::On;
        }
        let Some((at, how)) = self.due(piece, down) else {
            self.passed[usize::from(down)] += piece.len();
            return if to.write_all(piece).await.is_ok() { Step::On } else { Step::End };
        };
        let (before, after) = piece.split_at_mut(at);
        if to.write_all(before).await.is_err() {
            return Step::End;
        }
        match how {
            How::Cut => return Step::End,
            How::Silence => {
                self.silent = true;
                return Step::On;
            }
            How::Garble => {
                if let Some(byte) = after.first_mut() {
                    *byte ^= 0x15;
                }
            }
            How::Delay(time) => tokio::time::sleep(time).await,
        }
        if to.write_all(after).await.is_ok() { Step::On } else { Step::End }
    }

    /// Takes the fault when it is due in this piece: after how many bytes of it, and how.
    fn due(&mut self, piece: &[u8], down: bool) -> Option<(usize, How)> {
        let (given, fault) = &mut *self.shared.fault.lock().expect("not poisoned");
        if *given != self.given {
            (self.given, self.passed) = (*given, [0, 0]);
        }
        let Fault { place, how } = (*fault)?;
        let passed = self.passed[usize::from(down)];
        let at = match place {
            Place::Up(n) if !down && passed + piece.len() > n => n - passed,
            Place::Down(n) if down && passed + piece.len() > n => n - passed,
            Place::Commit(after) if !down => {
                let word = b"COMMIT\0";
                let at = piece.windows(word.len()).position(|w| w == word)?;
                if after { piece.len() } else { at }
            }
            _ => return None,
        };
        *fault = None;
        Some((at, how))
    }
}

async fn carry(mut client: TcpStream, mut server: UnixStream, shared: &Shared) {
    let given = shared.fault.lock().expect("not poisoned").0;
    let mut line = Line { shared, passed: [0, 0], given, silent: false };
    let (mut up, mut down) = (vec![0; 16384], vec![0; 16384]);
    loop {
        let step = tokio::select! {
            n = read(&mut client, &mut up) => match n {
                0 => return,
                n => line.pass(&mut server, &mut up[..n], false).await,
            },
            n = read(&mut server, &mut down) => match n {
                // Who is silent does not tell the end either.
                0 if line.silent => {
                    while read(&mut client, &mut up).await > 0 {}
                    return;
                }
                0 => return,
                n => line.pass(&mut client, &mut down[..n], true).await,
            },
        };
        if matches!(step, Step::End) {
            return;
        }
    }
}

async fn read(from: &mut (impl AsyncRead + Unpin), into: &mut [u8]) -> usize {
    from.read(into).await.unwrap_or(0)
}
