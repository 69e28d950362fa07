//! The figures: what each is worth beside the others, and whether it is what it should be.

use std::{fmt, fs, path::Path};

use anyhow::Result;
use serde_json::{Map, json};

/// One thing that was measured.
#[derive(Debug)]
pub(crate) struct Row {
    name: &'static str,
    figures: Vec<(&'static str, f64)>,
    wanted: Vec<(String, bool)>,
}

impl Row {
    pub(crate) fn new(name: &'static str, covey: f64) -> Self {
        Self { name, figures: vec![("covey", covey)], wanted: Vec::new() }
    }

    /// The same of libtoxcore.
    pub(crate) fn tox(self, tox: f64) -> Self {
        let ratio = self.covey() / tox;
        self.and("tox", tox).and("ratio", ratio)
    }

    /// The same of something else.
    pub(crate) fn and(mut self, name: &'static str, figure: f64) -> Self {
        self.figures.push((name, figure));
        self
    }

    /// It should not be more.
    pub(crate) fn at_most(mut self, most: f64, words: &str) -> Self {
        self.wanted.push((format!("≤ {words}"), self.covey() <= most));
        self
    }

    /// It should not be less.
    pub(crate) fn at_least(mut self, least: f64, words: &str) -> Self {
        self.wanted.push((format!("≥ {words}"), self.covey() >= least));
        self
    }

    fn covey(&self) -> f64 {
        self.figures.first().map_or(f64::NAN, |(_, figure)| *figure)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|(name, figure)| format!("{name} {}", short(*figure)))
            .collect();
        write!(f, "{:<18} {:<64}", self.name, figures.join("  "))?;
        (self.wanted.iter()).try_for_each(|(words, met)| {
            write!(f, "  {words} {}", if *met { "met" } else { "MISSED" })
        })
    }
}

/// Three digits that count.
fn short(figure: f64) -> String {
    let digits = (2 - figure.abs().log10().floor() as i32).clamp(0, 4) as usize;
    format!("{figure:.digits$}")
}

/// Writes `{name: {"covey": …, …}}`.
pub(crate) fn write(rows: &[Row], path: &Path) -> Result<()> {
    let object = |row: &Row| -> Map<_, _> {
        row.figures.iter().map(|(name, figure)| ((*name).to_owned(), json!(figure))).collect()
    };
    let all: Map<_, _> = rows.iter().map(|row| (row.name.to_owned(), object(row).into())).collect();
    Ok(fs::write(path, serde_json::to_string_pretty(&all)?)?)
}

/// The middle one.
pub(crate) fn median(figures: [f64; 3]) -> f64 {
    quantile(figures.into(), 0.5)
}

/// Below it lies this part of the figures.
pub(crate) fn quantile(mut figures: Vec<f64>, part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let at = (figures.len() as f64 * part) as usize;
    figures.get(at.min(figures.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
