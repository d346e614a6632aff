use std::path::Path;

use data_encoding::HEXLOWER;
use keyfold_client::exchange::{self, Exchange, ExportPlan, Exported, ImportPlan, LeftOut, Planned};
use serde::Serialize;

use super::shown;
use crate::terminal::{printable, rfc3339, table};

#[derive(Serialize)]
pub(super) struct ExportView {
    /// Null for a dry run.
    file: Option<String>,
    passkeys: Vec<PasskeyView>,
    others: u64,
    left_out: Vec<String>,
    /// Null for a dry run.
    record: Option<RecordView>,
}

#[derive(Serialize)]
pub(super) struct ImportView {
    /// Whether it was done, or only would be.
    imported: bool,
    exporter: Option<ExporterView>,
    passkeys: Vec<PasskeyView>,
    others: u64,
    /// Titles of earlier ones whose place they take.
    replaced: Vec<String>,
    present: u64,
    left_out: Vec<LeftOutView>,
}

#[derive(Serialize)]
struct ExporterView {
    name: String,
    rp_id: String,
    at: String,
}

#[derive(Serialize)]
struct PasskeyView {
    id: String,
    rp_id: String,
    user_name: String,
}

#[derive(Serialize)]
struct LeftOutView {
    title: String,
    reason: String,
    /// Whether the next export gives it back all the same.
    kept: bool,
}

#[derive(Serialize)]
pub(super) struct Exports {
    exports: Vec<RecordView>,
}

#[derive(Serialize)]
struct RecordView {
    at: String,
    device: String,
    device_name: String,
    passkeys: u64,
    others: u64,
    encrypted: bool,
    /// SHA-256 of the file, as `sha256sum` prints it.
    file_sha256: String,
    /// Whether that device signed the record.
    signed: bool,
}

impl ExportView {
    pub(super) fn planned(plan: &ExportPlan) -> Self {
        Self {
            file: None,
            passkeys: plan.passkeys.iter().map(PasskeyView::of).collect(),
            others: plan.others,
            left_out: plan.remains.iter().map(ToString::to_string).collect(),
            record: None,
        }
    }

    pub(super) fn done(exported: &Exported, file: &Path) -> Self {
        let record = RecordView::of(&exported.record, "this device", true);
        Self { file: Some(shown(file)), record: Some(record), ..Self::planned(&exported.plan) }
    }

    pub(super) fn text(&self) -> String {
        let what = format!("{} passkeys and {} other items", self.passkeys.len(), self.others);
        let mut lines = Vec::new();
        match (&self.file, &self.record) {
            (Some(file), Some(record)) => {
                let form = if record.encrypted { "encrypted" } else { "NOT encrypted" };
                lines.push(format!("Exported: {what} into {file}, {form}."));
                lines.push(
                    "Delete the file once it has done its work. `keyfold exports` shows this export on every device."
                        .into(),
                );
            }
            _ => {
                lines.push(format!("An export would hold {what}."));
                lines.push(passkeys(&self.passkeys));
            }
        }
        lines.push("No passkey of this vault counts its signatures: none is left out for that.".into());
        lines.extend(self.left_out.iter().map(|reason| format!("Left out: {}.", printable(reason))));
        lines.join("\n")
    }
}

impl ImportView {
    pub(super) fn of(exchange: &Exchange, plan: &ImportPlan, imported: bool) -> Self {
        let exporter = exchange.exporter.as_ref().map(|exporter| ExporterView {
            name: exporter.name.clone(),
            rp_id: exporter.rp_id.clone(),
            at: rfc3339(exporter.at.saturating_mul(1_000)),
        });
        Self {
            imported,
            exporter,
            passkeys: plan.passkeys.iter().map(PasskeyView::of).collect(),
            others: plan.others,
            replaced: plan.replaced.clone(),
            present: plan.present,
            left_out: plan.left_out.iter().map(LeftOutView::of).collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        let verb = if self.imported { "Imported" } else { "An import would add" };
        let mut lines = vec![
            format!("{verb}: {} passkeys, and {} other items for the next export.", self.passkeys.len(), self.others),
            passkeys(&self.passkeys),
        ];
        if self.present > 0 {
            lines.push(format!("{} were here already.", self.present));
        }
        lines.extend(
            self.replaced.iter().map(|title| format!("Replaced by another of the same id: \"{}\".", printable(title))),
        );
        lines.extend(self.left_out.iter().map(|left| {
            let verb = if left.kept { "Kept, not used" } else { "Left out" };
            format!("{verb}: \"{}\": {}.", printable(&left.title), left.reason)
        }));
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
}

impl Exports {
    pub(super) fn text(&self) -> String {
        let rows = self.exports.iter().map(|export| {
            let form = if export.encrypted { "encrypted" } else { "NOT encrypted" };
            let believed = if export.signed { "" } else { "NOT SIGNED by that device" };
            let (passkeys, others) = (export.passkeys.to_string(), export.others.to_string());
            [&export.at, &export.device_name, &passkeys, &others, form, &export.file_sha256, believed]
                .map(str::to_owned)
        });
        table(["EXPORTED", "BY", "PASSKEYS", "OTHERS", "FILE", "SHA-256", ""], rows)
    }
}

impl From<&exchange::Exports> for Exports {
    fn from(exports: &exchange::Exports) -> Self {
        let views =
            exports.0.iter().map(|export| RecordView::of(&export.record, &export.device_name, export.is_signed));
        Self { exports: views.collect() }
    }
}

impl RecordView {
    fn of(record: &keyfold_client::item::ExportRecord, device_name: &str, signed: bool) -> Self {
        Self {
            at: rfc3339(record.at),
            device: record.device.to_string(),
            device_name: device_name.to_owned(),
            passkeys: record.passkeys,
            others: record.others,
            encrypted: record.encrypted,
            file_sha256: HEXLOWER.encode(&record.file_hash),
            signed,
        }
    }
}

impl PasskeyView {
    fn of(planned: &Planned) -> Self {
        Self { id: planned.id.to_string(), rp_id: planned.rp_id.clone(), user_name: planned.user_name.clone() }
    }
}

impl LeftOutView {
    fn of(left: &LeftOut) -> Self {
        Self { title: left.title.clone(), reason: left.why.to_string(), kept: left.why.is_kept() }
    }
}

fn passkeys(passkeys: &[PasskeyView]) -> String {
    if passkeys.is_empty() {
        return String::new();
    }
    table(
        ["RELYING PARTY", "ACCOUNT"],
        passkeys.iter().map(|passkey| [passkey.rp_id.clone(), passkey.user_name.clone()]),
    )
}

/// The first few, for a question.
pub(super) fn relying_parties<'a>(rp_ids: impl Iterator<Item = &'a str>) -> String {
    let mut rp_ids: Vec<&str> = rp_ids.collect();
    rp_ids.sort_unstable();
    rp_ids.dedup();
    match rp_ids.split_at_checked(FEW) {
        Some((few, [_, ..])) => format!("{} and {} more", few.join(", "), rp_ids.len() - FEW),
        _ if rp_ids.is_empty() => "no relying party".to_owned(),
        _ => rp_ids.join(", "),
    }
}

const FEW: usize = 8;
