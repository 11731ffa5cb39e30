//! How results are ranked and shown: function, normalisation, weights, configuration, title, columns.

use super::Search;
use crate::{
    core::pane::{Cx, FormField, Popup},
    data::search::{Keeper, Ranking},
};

/// The question.
pub(super) const RANKING: &str = "search-ranking";

impl Search {
    /// Opens the form.
    pub(super) fn ask_ranking(&mut self, cx: &mut Cx<'_>) {
        let text = "Across several tables keep 32 in the normalisation, so that ranks can be compared.";
        let fields = self.ranking_fields();
        cx.popup(Popup::Form { question: RANKING, title: "Ranking".into(), text: text.into(), fields });
    }

    /// Opens it again as it was filled in, with what is wrong.
    fn ask_ranking_again(&self, values: &[Option<String>], why: String, cx: &mut Cx<'_>) {
        let mut fields = self.ranking_fields();
        for (field, value) in fields.iter_mut().zip(values) {
            field.value.clone_from(value);
        }
        cx.popup(Popup::Form { question: RANKING, title: "Ranking".into(), text: why, fields });
    }

    fn ranking_fields(&self) -> Vec<FormField> {
        let field = |label: &str, help: &str, value: String, choices: Vec<String>, only: bool| FormField {
            label: label.into(),
            type_name: String::new(),
            help: help.into(),
            value: Some(value),
            choices,
            only_choices: only,
        };
        let ranking = &self.ranking;
        let functions = vec!["ts_rank".to_owned(), "ts_rank_cd".to_owned()];
        let weights: Vec<String> = ranking.weights.iter().rev().map(f32::to_string).collect();
        let mut fields = vec![
            field(
                "function",
                "how often the words occur; _cd: how near they are",
                ranking.function().into(),
                functions,
                true,
            ),
            field(
                "normalisation",
                "0 none; add: 1 log length, 2 length, 4 distance, 8 and 16 words, 32 to 0..1",
                ranking.normalisation.to_string(),
                vec![],
                false,
            ),
            field("weights", "of A, B, C, D", weights.join(" "), vec![], false),
        ];
        if let [table] = self.tables.as_slice() {
            let configs = self.offer.as_ref().map(|o| o.configs.clone()).unwrap_or_default();
            let help = match table.source.keeper {
                Keeper::Chosen => "of the documents and of the line",
                _ => "must be that of the index or column, or nothing matches",
            };
            let (config, configs) = if table.languages.is_empty() {
                (table.config.clone(), configs)
            } else {
                ("each row's own".to_owned(), vec!["each row's own".to_owned()])
            };
            fields.push(field("configuration", help, config, configs, true));
            fields.push(field("title", "column", table.title.clone().unwrap_or_default(), vec![], false));
            fields.push(field("fragments", "columns, commas between", table.body.join(", "), vec![], false));
        }
        fields
    }

    /// The form was filled in.
    pub(super) fn ranking_filled(&mut self, values: &[Option<String>], cx: &mut Cx<'_>) {
        let text = |n: usize| values.get(n).and_then(Option::as_deref).unwrap_or_default().trim();
        let weights: Vec<f32> = text(2).split([' ', ',', ';']).filter_map(|w| w.parse().ok()).collect();
        let normalisation = text(1).parse::<u8>().ok().filter(|n| *n < 64);
        let (Some(normalisation), [a, b, c, d]) = (normalisation, weights.as_slice()) else {
            let why = "Not taken: normalisation is 0 to 63, weights are four numbers from 0 to 1";
            return self.ask_ranking_again(values, why.into(), cx);
        };
        let weights = [*d, *c, *b, *a];
        if weights.iter().any(|w| !(0.0..=1.0).contains(w)) {
            return self.ask_ranking_again(values, "Not taken: weights lie between 0 and 1".into(), cx);
        }
        let mut missing = vec![];
        if let ([table], true) = (self.tables.as_mut_slice(), values.len() > 5) {
            let columns: Vec<&str> =
                table.detail.iter().flat_map(|d| d.columns.iter().map(|c| c.name.as_str())).collect();
            let title = Some(text(4).to_owned()).filter(|t| !t.is_empty());
            let body: Vec<String> =
                text(5).split(',').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect();
            missing.extend(title.iter().chain(&body).filter(|c| !columns.contains(&c.as_str())).cloned());
            if missing.is_empty() {
                table.choose(text(3).to_owned(), title, body);
            }
        }
        if let Some(column) = missing.first() {
            let why = format!("Not taken: there is no column \"{column}\"");
            return self.ask_ranking_again(values, why, cx);
        }
        self.ranking = Ranking { cover: text(0) == "ts_rank_cd", normalisation, weights };
        self.keep(cx);
        self.changed(cx);
    }
}
