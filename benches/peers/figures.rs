//! Owns the figures of a run and the table that it prints.

use crate::run::Outcome;

/// The step that all others are compared with.
pub(crate) const COPY: &str = "cp -r";

/// All that was measured.
pub(crate) struct Figures {
    length_bytes: u64,
    stored_bytes: u64,
    steps: Vec<(&'static str, Vec<Outcome>)>,
}

impl Figures {
    /// For a library of `length_bytes`.
    pub(crate) fn new(length_bytes: u64) -> Self {
        Self { length_bytes, stored_bytes: 0, steps: Vec::new() }
    }

    /// Adds one run of a step; steps are printed in the order in which they first came.
    pub(crate) fn add(&mut self, step: &'static str, outcome: Outcome) {
        match self.steps.iter_mut().find(|(known, _)| *known == step) {
            Some((_, outcomes)) => outcomes.push(outcome),
            None => self.steps.push((step, vec![outcome])),
        }
    }

    /// Length of the repository, in bytes.
    pub(crate) fn stored_bytes(&mut self, length_bytes: u64) {
        self.stored_bytes = length_bytes;
    }

    /// A table that can be pasted into `benches/README.md`.
    pub(crate) fn print(&self) {
        let copies = self.steps.iter().find(|(step, _)| *step == COPY).map(|(_, outcomes)| sorted(outcomes, |outcome| outcome.wall));
        let (copy_median, copy_best) = copies.map_or((f64::NAN, f64::NAN), |copies| (median(&copies), copies[0]));
        println!();
        println!("| step | wall s: median | min | max | of it sync s | processor s | median to median cp | best to best cp |");
        println!("|---|---|---|---|---|---|---|---|");
        for (step, outcomes) in &self.steps {
            let walls = sorted(outcomes, |outcome| outcome.wall);
            let (middle, best, worst) = (median(&walls), walls[0], walls[walls.len() - 1]);
            let sync = median(&sorted(outcomes, |outcome| outcome.sync));
            let processor = median(&sorted(outcomes, |outcome| outcome.processor));
            let (to_median, to_best) = (middle / copy_median, best / copy_best);
            println!("| {step} | {middle:.2} | {best:.2} | {worst:.2} | {sync:.2} | {processor:.2} | {to_median:.2} | {to_best:.2} |");
        }
        let share = 100.0 * self.stored_bytes as f64 / self.length_bytes as f64;
        println!();
        println!("the repository of two snapshots has {} bytes, {share:.1} % of the library", self.stored_bytes);
    }
}

fn sorted(outcomes: &[Outcome], value: impl Fn(&Outcome) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = outcomes.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0
}
