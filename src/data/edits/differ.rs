//! Finds the smallest changes between two documents. It can pause, so that no key waits while millions of nodes are
//! walked, and it keeps what is still to be done on a list of its own: a deep document needs no deep stack.

use super::{
    JsonAct, JsonEdit, JsonOp,
    common::{Common, Pair, alike_paced},
};
use crate::data::json::{Json, JsonKind, Step};
use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Cells of the table that finds which elements two arrays share; of longer arrays few differences are looked for.
const MOST_PAIRS: usize = 250_000;
/// So many elements came or went between two long arrays at most; beyond it elements are compared pair by pair.
const MOST_LINES: usize = 400;
/// So many elements that changed at their places are taken for that; of more it is looked whether some moved.
const FEW: usize = 8;
/// Nodes walked in one piece.
const PIECE: usize = 60_000;
/// Bytes that are compared in the time of walking one node.
const BYTES: usize = 64;

/// How much is done at one go.
#[derive(Debug)]
pub(super) struct Pace {
    left: usize,
    piece: usize,
}

impl Pace {
    /// Without pauses.
    pub(super) fn none() -> Self {
        Self { left: usize::MAX, piece: usize::MAX }
    }

    async fn nodes(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        if self.left == 0 {
            self.left = self.piece;
            let mut paused = false;
            poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending })
                .await;
        }
    }

    pub(super) async fn bytes(&mut self, count: usize) {
        self.nodes(count / BYTES).await;
    }
}

/// Does all of it at once.
pub(super) fn now<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

/// What two documents were found to share. It holds as long as neither changes.
#[derive(Debug)]
pub struct Shared(Common);

impl Shared {
    /// As `JsonEdit::between`, without comparing everything anew.
    #[must_use]
    pub fn between(self, seen: &Json, new: &Json) -> JsonEdit {
        JsonEdit::knowing(seen, new, self.0)
    }
}

/// What was found: see `Comparing::step`.
pub type Compared = (Vec<(JsonOp, usize)>, Shared);

/// A comparison that is done piece by piece.
pub struct Comparing(Pin<Box<dyn Future<Output = Compared> + Send>>);

impl fmt::Debug for Comparing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Comparing")
    }
}

impl Comparing {
    /// What leads from the changed document back to the one that was seen.
    #[must_use]
    pub fn new(seen: Arc<Json>, changed: Arc<Json>) -> Self {
        Self(Box::pin(async move {
            let mut pace = Pace { left: PIECE, piece: PIECE };
            let mut common = Common::of(&seen, &changed, &mut pace).await;
            common.flipped = true;
            let found = found(&changed, &seen, &mut common, &mut pace).await;
            let ops = found.into_iter().map(|f| (f.op, f.nodes.last().copied().unwrap_or(0))).collect();
            (ops, Shared(common))
        }))
    }

    /// A piece of the work, some milliseconds of it. At the end the operations, each with the node of the changed
    /// document that it is about: what changes or goes, or what something is added to.
    pub fn step(&mut self) -> Option<Compared> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        }
    }
}

/// The operations that lead from one document to the other, in the order to be done.
pub(super) async fn found(base: &Json, new: &Json, common: &mut Common, pace: &mut Pace) -> Vec<Found> {
    let todo = vec![Task::Compare(0, 0)];
    let mut diff = Diff { base, new, common, pace, path: vec![], nodes: vec![], ops: vec![], todo };
    diff.run().await;
    diff.ops.reverse();
    diff.ops
}

/// An operation, and the nodes of the first document on its path as far as they are there.
pub(super) struct Found {
    pub(super) op: JsonOp,
    pub(super) nodes: Vec<usize>,
}

enum Task {
    /// Two nodes at the path.
    Compare(usize, usize),
    /// Two nodes one step further.
    Within(Step, usize, usize),
    /// The last step of the path is done with.
    Leave,
    /// This is an operation one step further, at a node if there is one.
    Push(Step, Option<usize>, JsonAct),
}

struct Diff<'a> {
    base: &'a Json,
    new: &'a Json,
    common: &'a mut Common,
    pace: &'a mut Pace,
    path: Vec<Step>,
    /// The nodes of `base` along the path.
    nodes: Vec<usize>,
    ops: Vec<Found>,
    /// The next one last.
    todo: Vec<Task>,
}

impl Diff<'_> {
    async fn run(&mut self) {
        while let Some(task) = self.todo.pop() {
            self.pace.nodes(1).await;
            match task {
                Task::Compare(b, n) => self.node(b, n).await,
                Task::Within(step, b, n) => {
                    self.path.push(step);
                    self.nodes.push(b);
                    self.todo.extend([Task::Leave, Task::Compare(b, n)]);
                }
                Task::Leave => {
                    self.path.pop();
                    self.nodes.pop();
                }
                Task::Push(step, node, act) => {
                    let (mut path, mut nodes) = (self.path.clone(), self.nodes.clone());
                    path.push(step);
                    nodes.extend(node);
                    self.ops.push(Found { op: JsonOp { path, act }, nodes });
                }
            }
        }
    }

    /// Are two nodes written alike? Long ones that lead through the first difference are known not to be.
    async fn alike(&mut self, x: usize, y: usize) -> bool {
        let ((from, to), (start, end)) = (self.base.place(x), self.new.place(y));
        if to - from != end - start {
            return false;
        }
        if from == start && from <= self.common.front && self.common.front < to {
            return false;
        }
        let (a, b) = (self.base.raw(x).as_bytes(), self.new.raw(y).as_bytes());
        alike_paced(a, b, self.pace).await == a.len()
    }

    /// The pairs of children that differ, of containers with as many. Where the texts are alike over many children,
    /// only their ends are looked at.
    async fn pairs(&mut self, b: usize, n: usize) -> Arc<Vec<Pair>> {
        let sides = if self.common.flipped { (n, b) } else { (b, n) };
        let turned = |(i, x, y): &Pair| (*i, *y, *x);
        if let Some(there) = self.common.pairs.get(&sides) {
            return if self.common.flipped {
                Arc::new(there.iter().map(turned).collect())
            } else {
                Arc::clone(there)
            };
        }
        let (base, new) = (self.base, self.new);
        let begin = |json: &Json, node: usize| json.key_place(node).unwrap_or(json.place(node).0);
        let (mut out, mut i, mut x, mut y) = (vec![], 0, b + 1, n + 1);
        let (end, other) = (base.next(b), new.next(n));
        while x < end && y < other {
            let (from, to) = (begin(base, x), begin(new, y));
            let (a, z) = (&base.text().as_bytes()[from..], &new.text().as_bytes()[to..]);
            let limit = from + alike_paced(a, z, self.pace).await;
            let by = y.wrapping_sub(x);
            // What ends just where the texts part may go on there: `1` and `12`.
            while x < end && base.place(x).1 < limit {
                (x, i) = (base.next(x), i + 1);
                self.pace.nodes(1).await;
            }
            y = x.wrapping_add(by);
            if x < end && y < other {
                if base.raw_key(x) != new.raw_key(y) || !self.alike(x, y).await {
                    out.push((i, x, y));
                }
                (x, y, i) = (base.next(x), new.next(y), i + 1);
            }
            self.pace.nodes(1).await;
        }
        let out = Arc::new(out);
        let kept =
            if self.common.flipped { Arc::new(out.iter().map(turned).collect()) } else { Arc::clone(&out) };
        self.common.pairs.insert(sides, kept);
        out
    }

    /// The children of two containers without those that are alike in both because the texts are, and how many of
    /// those stand before them.
    async fn children(&mut self, b: usize, n: usize) -> (usize, Vec<usize>, Vec<usize>) {
        let (base, new) = (self.base, self.new);
        let (Common { front, back, .. }, (b_start, b_end), (n_start, n_end)) =
            (&*self.common, base.place(b), new.place(n));
        let (front, back) = (*front, *back);
        let after = base.text().len() - b_end;
        // Only containers that begin and end alike correspond to each other child by child.
        let aligned = b == n && b_start == n_start && b_start < front;
        if !aligned || after != new.text().len() - n_end || after >= back {
            let mut all = (vec![], vec![]);
            for x in base.children(b) {
                all.0.push(x);
                self.pace.nodes(1).await;
            }
            for y in new.children(n) {
                all.1.push(y);
                self.pace.nodes(1).await;
            }
            return (0, all.0, all.1);
        }
        // What ends just where the texts part may go on there: `1` and `12`.
        let known = self.common.walked.get(&b).copied();
        let (mut count, mut from) = known.unwrap_or((0, b + 1));
        if known.is_none() {
            let end = base.next(b);
            while from < end && base.place(from).1 < front {
                (count, from) = (count + 1, base.next(from));
                self.pace.nodes(1).await;
            }
            self.common.walked.insert(b, (count, from));
        }
        let middle = |json: &Json, end: usize| {
            let limit = json.text().len() - back;
            let mut out = vec![];
            let mut at = from;
            while at < end && json.key_place(at).unwrap_or(json.place(at).0) <= limit {
                out.push(at);
                at = json.next(at);
            }
            out
        };
        let (xs, ys) = (middle(base, base.next(b)), middle(new, new.next(n)));
        self.pace.nodes(xs.len() + ys.len()).await;
        (count, xs, ys)
    }

    async fn node(&mut self, b: usize, n: usize) {
        if self.alike(b, n).await {
            return;
        }
        match (self.base.kind(b), self.new.kind(n)) {
            (JsonKind::Object, JsonKind::Object) => self.object(b, n).await,
            (JsonKind::Array, JsonKind::Array) => self.array(b, n).await,
            _ if same(self.base, b, self.new, n) => {}
            _ => {
                let act = JsonAct::Set { old: self.base.raw(b).into(), new: self.new.raw(n).into() };
                let op = JsonOp { path: self.path.clone(), act };
                self.ops.push(Found { op, nodes: self.nodes.clone() });
            }
        }
    }

    /// These are to be done next, the first one first.
    fn next(&mut self, tasks: Vec<Task>) {
        self.todo.extend(tasks.into_iter().rev());
    }

    async fn object(&mut self, b: usize, n: usize) {
        let (base, new) = (self.base, self.new);
        let mut tasks = vec![];
        if base.count(b) == new.count(n) {
            let pairs = self.pairs(b, n).await;
            if pairs.iter().all(|(_, x, y)| base.raw_key(*x) == new.raw_key(*y)) {
                tasks.extend(pairs.iter().map(|(_, x, y)| Task::Within(key(base, *x), *x, *y)));
                return self.next(tasks);
            }
        }
        // Of a key written twice the last counts, as for the server.
        let there = self.by_key(new, n).await;
        let here = self.by_key(base, b).await;
        let mut added = vec![];
        for y in new.children(n) {
            if last(&there, new, y) && new.key(y).is_some_and(|k| !here.contains_key(&k)) {
                added.push(y);
            }
            self.pace.nodes(2).await;
        }
        for x in base.children(b) {
            self.pace.nodes(2).await;
            let Some(name) = base.key(x).filter(|_| last(&here, base, x)) else { continue };
            let step = Step::Key(name.clone().into_owned());
            if let Some(y) = there.get(&name) {
                if !self.alike(x, *y).await {
                    tasks.push(Task::Within(step, x, *y));
                }
                continue;
            }
            let old = base.raw(x).to_owned();
            let renamed = added.iter().position(|y| base.raw(x) == new.raw(*y));
            let act = match renamed.map(|at| added.remove(at)).and_then(|y| new.key(y)) {
                Some(to) => JsonAct::Rename { to: to.into_owned(), old },
                None => JsonAct::Remove { old },
            };
            tasks.push(Task::Push(step, Some(x), act));
        }
        let add = |y: &usize| Task::Push(key(new, *y), None, JsonAct::Add { new: new.raw(*y).into() });
        tasks.extend(added.iter().map(add));
        self.next(tasks);
    }

    async fn by_key<'j>(&mut self, json: &'j Json, node: usize) -> HashMap<Cow<'j, str>, usize> {
        let mut out = HashMap::new();
        for child in json.children(node) {
            if let Some(key) = json.key(child) {
                out.insert(key, child);
            }
            // Keeping a key costs more than walking over a node.
            self.pace.nodes(4).await;
        }
        out
    }

    async fn array(&mut self, b: usize, n: usize) {
        if self.base.count(b) != self.new.count(n) {
            let tasks = self.lined_up(b, n).await;
            return self.next(tasks);
        }
        let pairs = self.pairs(b, n).await;
        if pairs.len() > FEW {
            // One element that went and one that came move all between them.
            let tasks = self.lined_up(b, n).await;
            if tasks.len() < pairs.len() {
                return self.next(tasks);
            }
        }
        self.next(pairs.iter().map(|(i, x, y)| Task::Within(Step::Index(*i), *x, *y)).collect());
    }

    /// What differs between two arrays whose elements may have come, gone or moved.
    async fn lined_up(&mut self, b: usize, n: usize) -> Vec<Task> {
        let (base, new) = (self.base, self.new);
        let mut tasks = vec![];
        let (mut front, xs, ys) = self.children(b, n).await;
        let (mut xs, mut ys) = (&xs[..], &ys[..]);
        while let ([x, left @ ..], [y, right @ ..]) = (xs, ys) {
            self.pace.nodes(1).await;
            if !self.alike(*x, *y).await && !same(base, *x, new, *y) {
                break;
            }
            (front, xs, ys) = (front + 1, left, right);
        }
        while let ([left @ .., x], [right @ .., y]) = (xs, ys) {
            self.pace.nodes(1).await;
            if !self.alike(*x, *y).await && !same(base, *x, new, *y) {
                break;
            }
            (xs, ys) = (left, right);
        }
        let kept = if xs.is_empty() || ys.is_empty() { vec![] } else { self.common(xs, ys).await };
        let (mut i, mut j) = (0, 0);
        for (ci, cj) in kept.into_iter().chain([(xs.len(), ys.len())]) {
            // Between two shared elements: as many changed as there are pairs, the rest goes or comes.
            while i < ci && j < cj {
                tasks.push(Task::Within(Step::Index(front + i), xs[i], ys[j]));
                (i, j) = (i + 1, j + 1);
            }
            for (i, x) in (i..ci).zip(&xs[i..ci]) {
                let act = JsonAct::Remove { old: base.raw(*x).into() };
                tasks.push(Task::Push(Step::Index(front + i), Some(*x), act));
            }
            for y in &ys[j..cj] {
                let act = JsonAct::Insert { new: new.raw(*y).into() };
                tasks.push(Task::Push(Step::Index(front + ci), None, act));
            }
            (i, j) = (ci + 1, cj + 1);
        }
        tasks
    }

    /// The longest sequence of elements that both share, as pairs of places.
    async fn common(&mut self, xs: &[usize], ys: &[usize]) -> Vec<(usize, usize)> {
        if xs.len().saturating_mul(ys.len()) > MOST_PAIRS {
            return self.few(xs, ys).await;
        }
        let width = ys.len() + 1;
        let mut length = vec![0u32; (xs.len() + 1) * width];
        let (base, new) = (self.base, self.new);
        let alike = |i: usize, j: usize| base.raw(xs[i]) == new.raw(ys[j]);
        for i in (0..xs.len()).rev() {
            for j in (0..ys.len()).rev() {
                length[i * width + j] = if alike(i, j) {
                    length[(i + 1) * width + j + 1] + 1
                } else {
                    length[(i + 1) * width + j].max(length[i * width + j + 1])
                };
            }
            self.pace.nodes(width).await;
        }
        let (mut i, mut j, mut out) = (0, 0, vec![]);
        while i < xs.len() && j < ys.len() {
            if alike(i, j) {
                out.push((i, j));
                (i, j) = (i + 1, j + 1);
            } else if length[(i + 1) * width + j] >= length[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
        out
    }
}

impl Diff<'_> {
    /// The same for long arrays between which few elements came or went (after E. Myers, An O(ND) Difference
    /// Algorithm, 1986); nothing when there are more.
    async fn few(&mut self, xs: &[usize], ys: &[usize]) -> Vec<(usize, usize)> {
        // Elements written alike get the same number: what follows compares them often.
        let (base, new) = (self.base, self.new);
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let (mut a, mut b) = (Vec::with_capacity(xs.len()), Vec::with_capacity(ys.len()));
        for (json, nodes, out) in [(base, xs, &mut a), (new, ys, &mut b)] {
            for node in nodes {
                let (raw, next) = (json.raw(*node), numbers.len() as u32);
                out.push(*numbers.entry(raw).or_insert(next));
                self.pace.bytes(raw.len()).await;
                self.pace.nodes(2).await;
            }
        }
        let (n, m) = (a.len() as isize, b.len() as isize);
        let middle = MOST_LINES as isize + 1;
        // Per diagonal how far along `a` one comes with so many steps; and the same before each step.
        let mut far = vec![0isize; 2 * middle as usize + 1];
        let mut before: Vec<Vec<isize>> = vec![];
        for steps in 0..=MOST_LINES as isize {
            before.push(far[(middle - steps) as usize..=(middle + steps) as usize].to_vec());
            for k in (-steps..=steps).step_by(2) {
                let at = |k: isize| (middle + k) as usize;
                let down = k == -steps || (k != steps && far[at(k - 1)] < far[at(k + 1)]);
                let mut x = if down { far[at(k + 1)] } else { far[at(k - 1)] + 1 };
                let from = x;
                while x < n && x - k < m && x - k >= 0 && a[x as usize] == b[(x - k) as usize] {
                    x += 1;
                }
                far[at(k)] = x;
                self.pace.nodes(1 + (x - from) as usize / 16).await;
                if k == n - m && x >= n {
                    return way_back(&before, (n, m), steps);
                }
            }
        }
        vec![]
    }
}

/// The pairs along the way that was found: `before` holds how far each diagonal had come before each step.
fn way_back(before: &[Vec<isize>], (n, m): (isize, isize), steps: isize) -> Vec<(usize, usize)> {
    let (mut x, mut y, mut out) = (n, m, vec![]);
    for d in (0..=steps).rev() {
        let far = |k: isize| before[d as usize].get((d + k) as usize).copied().unwrap_or(0);
        let k = x - y;
        let down = k == -d || (k != d && far(k - 1) < far(k + 1));
        let from = if down { k + 1 } else { k - 1 };
        let (px, py) = if d == 0 { (0, 0) } else { (far(from), far(from) - from) };
        while x > px && y > py {
            (x, y) = (x - 1, y - 1);
            out.push((x as usize, y as usize));
        }
        (x, y) = (px, py);
    }
    out.reverse();
    out
}

fn key(json: &Json, node: usize) -> Step {
    Step::Key(json.key(node).unwrap_or_default().into_owned())
}

/// Is the node the last one of its object with its key?
fn last(by_key: &HashMap<Cow<'_, str>, usize>, json: &Json, node: usize) -> bool {
    json.key(node).is_some_and(|k| by_key.get(&k) == Some(&node))
}

/// Do two nodes mean the same, however they are spaced and their keys are ordered? Numbers only when written alike.
pub(super) fn same(a: &Json, x: usize, b: &Json, y: usize) -> bool {
    if a.raw(x) == b.raw(y) {
        return true;
    }
    match (a.kind(x), b.kind(y)) {
        (JsonKind::String, JsonKind::String) => a.value(x) == b.value(y),
        (JsonKind::Array, JsonKind::Array) => {
            a.count(x) == b.count(y) && a.children(x).zip(b.children(y)).all(|(x, y)| same(a, x, b, y))
        }
        (JsonKind::Object, JsonKind::Object) => {
            if a.count(x) != b.count(y) {
                return false;
            }
            let there: HashMap<_, usize> = b.children(y).filter_map(|y| Some((b.key(y)?, y))).collect();
            there.len() == b.count(y)
                && a.children(x).all(|x| {
                    let other = a.key(x).and_then(|k| there.get(&k).copied());
                    other.is_some_and(|y| same(a, x, b, y))
                })
        }
        _ => false,
    }
}
