//! What two long documents share, so that only the rest is compared.

use super::differ::Pace;
use crate::data::json::Json;
use std::{collections::HashMap, sync::Arc};

/// How much of two texts is alike at their beginnings and ends. What lies wholly in there need not be compared, which
/// makes a change of one node in a document of millions cheap.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) front: usize,
    pub(super) back: usize,
    /// Per container: number of children wholly in front, and the node after them. The same in both documents.
    pub(super) walked: HashMap<usize, (usize, usize)>,
    /// Per two containers of equal size: the children that differ, as they were found first.
    pub(super) pairs: HashMap<(usize, usize), Arc<Vec<Pair>>>,
    /// The documents have changed sides since `pairs` was filled.
    pub(super) flipped: bool,
}

/// Two children at the same place that differ: their number, and their nodes.
pub(super) type Pair = (usize, usize, usize);

/// By how many bytes two texts begin alike.
pub(super) fn alike(a: &[u8], b: &[u8]) -> usize {
    const PIECE: usize = 4 << 10;
    let least = a.len().min(b.len());
    // Most differences come soon.
    let near = a.iter().zip(b).take(64).take_while(|(x, y)| x == y).count();
    if near < 64 {
        return near;
    }
    let mut at = near;
    while at < least && a[at..(at + PIECE).min(least)] == b[at..(at + PIECE).min(least)] {
        at = (at + PIECE).min(least);
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(x, y)| x == y).count()
}

/// As `alike`, with pauses.
pub(super) async fn alike_paced(a: &[u8], b: &[u8], pace: &mut Pace) -> usize {
    let (mut at, least) = (0, a.len().min(b.len()));
    while at < least {
        let to = (at + PACED).min(least);
        let same = alike(&a[at..to], &b[at..to]);
        at += same;
        if at < to {
            break;
        }
        pace.bytes(same).await;
    }
    at
}

/// Bytes compared between two looks at the pace.
const PACED: usize = 1 << 20;

impl Common {
    /// Compares the texts.
    pub(super) async fn of(a: &Json, b: &Json, pace: &mut Pace) -> Self {
        const PIECE: usize = 4 << 10;
        let (a, b) = (a.text().as_bytes(), b.text().as_bytes());
        let front = alike_paced(a, b, pace).await;
        let (a, b) = (&a[front..], &b[front..]);
        let least = a.len().min(b.len());
        let tail = |t: &'_ [u8], from: usize, to: usize| (t.len() - to, t.len() - from);
        let mut back = 0;
        while back < least {
            let to = (back + PIECE).min(least);
            let ((x, xe), (y, ye)) = (tail(a, back, to), tail(b, back, to));
            if a[x..xe] != b[y..ye] {
                break;
            }
            back = to;
            pace.bytes(PIECE).await;
        }
        let (x, y) = (&a[..a.len() - back], &b[..b.len() - back]);
        back += x.iter().rev().zip(y.iter().rev()).take_while(|(x, y)| x == y).count();
        Self { front, back, walked: HashMap::new(), pairs: HashMap::new(), flipped: false }
    }
}
