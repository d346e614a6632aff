use serde::Serialize;

use crate::{app::App, failure::Failure};

#[derive(Serialize)]
struct SafetyNumber {
    roster_seq: u64,
    vault_seq: u64,
    safety_number: String,
}

pub(crate) async fn run(app: &App, at: Option<(u64, u64)>) -> Result<(), Failure> {
    let (roster_seq, vault_seq, number) = app.local().await?.safety_number(at).await?;
    let number = SafetyNumber { roster_seq, vault_seq, safety_number: number.to_string() };
    app.out.result(&number, |number| {
        format!(
            "{}\nat roster entry {} and commit {}. Compare it with another device:\nkeyfold safety-number --roster-seq {} --vault-seq {}",
            number.safety_number, number.roster_seq, number.vault_seq, number.roster_seq, number.vault_seq
        )
    })
}
