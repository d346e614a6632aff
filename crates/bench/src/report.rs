use comfy_table::{CellAlignment, ContentArrangement, Table, presets::NOTHING};
use serde::Serialize;

use crate::failure::Failure;

/// One result: a value beside its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: &'static str,
    /// In `unit`.
    pub(crate) value: f64,
    /// Of value and limit.
    pub(crate) unit: &'static str,
    /// What the machine does without us, or the most that is allowed; in `unit`.
    pub(crate) limit: f64,
    /// `value / limit`.
    pub(crate) ratio: f64,
    /// What the ratio must be, such as `>= 0.35`; none where the row only informs.
    pub(crate) target: Option<String>,
    /// Whether it is.
    pub(crate) holds: bool,
    /// What the limit is, in words.
    #[serde(skip)]
    against: &'static str,
}

/// What a ratio must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// The row only informs.
    None,
}

/// For whom rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Misses,
}

impl Row {
    /// `value` beside `limit`, which is `against` in words.
    pub(crate) fn new(
        name: &'static str,
        (value, limit, unit): (f64, f64, &'static str),
        target: Target,
        against: &'static str,
    ) -> Self {
        let ratio = value / limit;
        // A ratio that is no number holds nothing.
        let (target, holds) = match target {
            Target::AtLeast(least) => (Some(format!(">= {least}")), ratio >= least),
            Target::AtMost(most) => (Some(format!("<= {most}")), ratio <= most),
            Target::None => (None, true),
        };
        Self { name, value, unit, limit, ratio, target, holds, against }
    }
}

pub(crate) fn verdict(rows: &[Row]) -> Verdict {
    if rows.iter().all(|row| row.holds) { Verdict::Holds } else { Verdict::Misses }
}

pub(crate) fn render(rows: &[Row], form: Form) -> Result<String, Failure> {
    match form {
        Form::Json => serde_json::to_string_pretty(rows).map_err(Failure::client("JSON")),
        Form::Table => Ok(table(rows)),
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["", "name", "value", "limit", "unit", "ratio", "target", "the limit is"]);
    for row in rows {
        table.add_row([
            if row.holds { " " } else { "!" }.to_owned(),
            row.name.to_owned(),
            short(row.value),
            short(row.limit),
            row.unit.to_owned(),
            format!("{:.2}", row.ratio),
            row.target.clone().unwrap_or_default(),
            row.against.to_owned(),
        ]);
    }
    for column in NUMBERS {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let missed = rows.iter().filter(|row| !row.holds).count();
    let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.push(match missed {
        0 => "every target holds".to_owned(),
        missed => format!("{missed} of {} do not hold: those with a !", rows.len()),
    });
    lines.join("\n")
}

fn short(number: f64) -> String {
    if number.abs() >= 100.0 { format!("{number:.0}") } else { format!("{number:.2}") }
}

/// The columns of numbers.
const NUMBERS: [usize; 3] = [2, 3, 5];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_held_against_its_target() {
        let row = |value, target| Row::new("poll", (value, 100.0, "/s"), target, "a bare route");
        assert!(row(35.0, Target::AtLeast(0.35)).holds);
        assert!(!row(34.0, Target::AtLeast(0.35)).holds);
        assert!(row(150.0, Target::AtMost(1.5)).holds);
        assert!(!row(151.0, Target::AtMost(1.5)).holds);
        assert!(row(1.0, Target::None).holds);
    }

    #[test]
    fn what_was_not_measured_holds_nothing() {
        let row = Row::new("poll", (0.0, 0.0, "/s"), Target::AtLeast(0.35), "a bare route");
        assert_eq!((row.holds, verdict(&[row])), (false, Verdict::Misses));
    }

    #[test]
    fn programs_read_seven_members() {
        let row = Row::new("poll", (50.0, 100.0, "/s"), Target::AtLeast(0.35), "a bare route");
        let json: serde_json::Value = serde_json::from_str(&render(&[row], Form::Json).unwrap()).unwrap();
        let expected = serde_json::json!([{"name": "poll", "value": 50.0, "unit": "/s", "limit": 100.0, "ratio": 0.5,
            "target": ">= 0.35", "holds": true}]);
        assert_eq!(json, expected);
    }

    #[test]
    fn people_see_what_does_not_hold() {
        let rows = [
            Row::new("poll", (20.0, 100.0, "/s"), Target::AtLeast(0.35), "a bare route"),
            Row::new("idle", (20.0, 25.0, "MiB"), Target::AtMost(1.0), "what is allowed"),
        ];
        let text = render(&rows, Form::Table).unwrap();
        assert!(text.lines().any(|line| line.starts_with(" !") || line.starts_with('!')), "{text}");
        assert!(text.ends_with("1 of 2 do not hold: those with a !"), "{text}");
    }
}
