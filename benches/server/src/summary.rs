//! Quantiles, and their output.

/// The value below which this part of all lies.
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * part) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(&mut values.collect::<Vec<_>>(), 0.5)
}

/// Prints a line of a table of goals; a goal of `None` is none.
pub fn print_goal(what: &str, goal: Option<f64>, measured: f64) {
    let goal = goal.map_or("-".to_owned(), |goal| format!("{goal}"));
    println!("{what:<60}{goal:>10}{measured:>12.3}");
}

pub fn print_goals_header() {
    println!("{:<60}{:>10}{:>12}", "", "goal", "measured");
}
