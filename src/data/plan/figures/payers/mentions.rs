//! Which nodes mention which InitPlan or SubPlan: by name since 17 (`(InitPlan 1).col1`), by parameter before (`$0`).

use crate::data::plan::{Plan, Property};
use std::collections::HashMap;

/// Who mentions what, and what stands above them.
pub(super) struct Mentions<'a> {
    /// `$0` and `InitPlan 1` → the nodes, in order.
    nodes: HashMap<&'a str, Vec<usize>>,
    gathers: Vec<Option<usize>>,
    appends: Vec<Option<usize>>,
    limits: Vec<usize>,
}

impl<'a> Mentions<'a> {
    /// Reads the properties of all nodes.
    pub(super) fn of(plan: &'a Plan) -> Self {
        let len = plan.nodes.len();
        let mut all = Self {
            nodes: HashMap::new(),
            gathers: vec![None; len],
            appends: vec![None; len],
            limits: Vec::new(),
        };
        for (at, node) in plan.nodes.iter().enumerate() {
            if let Some(parent) = node.parent.filter(|parent| *parent < at && node.relationship.is_input()) {
                let kind = &*plan.nodes[parent].node_type;
                let gather = matches!(kind, "Gather" | "Gather Merge");
                all.gathers[at] = if gather { Some(parent) } else { all.gathers[parent] };
                let append = matches!(kind, "Append" | "Merge Append");
                all.appends[at] = if append { Some(parent) } else { all.appends[parent] };
            }
            if node.node_type == "Limit" {
                all.limits.push(at);
            }
            let mut left: Vec<&Property> = node.properties.iter().map(|(_, property)| property).collect();
            while let Some(property) = left.pop() {
                match property {
                    Property::Text(text) => all.read(at, text),
                    Property::List(list) => list.iter().for_each(|text| all.read(at, text)),
                    Property::Group(group) => left.extend(group.iter().map(|(_, property)| property)),
                    Property::Number(_) | Property::Bool(_) => (),
                }
            }
        }
        all
    }

    fn read(&mut self, at: usize, text: &'a str) {
        for token in tokens(text) {
            let nodes = self.nodes.entry(token).or_default();
            if nodes.last() != Some(&at) {
                nodes.push(at);
            }
        }
    }

    /// The nodes that mention the one with this `Subplan Name`.
    pub(super) fn of_subplan(&self, name: &str) -> impl Iterator<Item = usize> {
        // The head of the name itself, and its parameters: `InitPlan 1 (returns $0,$1)`.
        tokens(name).into_iter().filter_map(|token| self.nodes.get(token)).flatten().copied()
    }

    /// The nearest Gather above a node in its query.
    pub(super) fn gather_above(&self, node: usize) -> Option<usize> {
        self.gathers[node]
    }

    /// The nearest Append or Merge Append above a node in its query.
    pub(super) fn append_above(&self, node: usize) -> Option<usize> {
        self.appends[node]
    }

    /// The Limits among these nodes.
    pub(super) fn limits_between(&self, from: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.limits.partition_point(|limit| *limit < from);
        self.limits[first..].iter().copied().take_while(move |limit| *limit < end)
    }
}

/// The parameters and subplans an expression mentions. What stands in literals and quoted names is none.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += 1;
                }
                at += 1;
            }
            b'$' => {
                let end = word_end(bytes, at + 1, |byte| byte.is_ascii_digit());
                if end > at + 1 {
                    found.push(&text[at..end]);
                }
                at = end.max(at + 1);
            }
            b'I' | b'S' if at == 0 || !word(bytes[at - 1]) => {
                let head = ["InitPlan ", "SubPlan "].into_iter().find(|head| text[at..].starts_with(head));
                let end = head.map_or(at, |head| word_end(bytes, at + head.len(), word));
                if let Some(head) = head
                    && end > at + head.len()
                {
                    found.push(&text[at..end]);
                }
                at = end.max(at + 1);
            }
            _ => at += 1,
        }
    }
    found
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word_end(bytes: &[u8], from: usize, part: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !part(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn parameters_and_names() {
        let cases: [(&str, &[&str]); 8] = [
            ("InitPlan 1 (returns $0,$12)", &["InitPlan 1", "$0", "$12"]),
            ("(x = $1)", &["$1"]),
            ("(x > (InitPlan 10).col1)", &["InitPlan 10"]),
            ("(hashed SubPlan 2)", &["SubPlan 2"]),
            ("(x = '$1 InitPlan 2'::text)", &[]),
            ("(\"$1\" = 'it''s $2' || $3)", &["$3"]),
            ("(InitPlan expr_1).col1", &["InitPlan expr_1"]),
            ("MyInitPlan 1 $ $x é$4", &["$4"]),
        ];
        for (text, expected) in cases {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }
}
