//! A message that holds secrets prints nothing of them, wherever it stands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_wire::v1::{
    Accepted, BoundKey, CreateAccount, DeviceSecrets, Field, FieldTag, Foreign, Heads, Imported, Item, Passkey,
    PullFrame, SessionOpened, pull_frame,
};

#[test]
fn a_message_with_secrets_prints_its_name_and_no_more() {
    let shell = r#"{"title":"Bank"}"#.to_owned();
    let imported = Imported { from: None, position: 0, foreign_before: 0, credential: String::new(), shell };
    let passkey = Passkey {
        rp_id: "example.org".to_owned(),
        credential_id: vec![1; 32],
        user_handle: vec![2; 16],
        algorithm: -7,
        private_key: vec![0x5e; 32],
        cred_random_with_uv: vec![0x5e; 32],
        cred_random_without_uv: vec![0x5e; 32],
        created_at: 1,
        created_by: vec![3; 16],
        backup_eligible: true,
        cred_blob: vec![0x5e; 32],
        imported: Some(imported),
        cred_protect: 0,
        server_side: false,
        bound_by: 0,
    };
    let name = Field { tag: FieldTag::UserName.into(), stamp: None, value: b"ana@example.org".to_vec() };
    let device = DeviceSecrets {
        version: 1,
        account: vec![4; 16],
        signing_algorithm: 1,
        signing_key: vec![0x5e; 32],
        wrapping_key: vec![0x5e; 32],
        local_key: vec![0x5e; 32],
    };
    let bound = BoundKey {
        rp_id: "example.org".to_owned(),
        credential_id: vec![1; 32],
        private_key: vec![0x5e; 32],
        cred_random_with_uv: vec![0x5e; 32],
        cred_random_without_uv: vec![0x5e; 32],
    };
    let printed = [
        format!("{passkey:#?}"),
        format!("{:#?}", passkey.imported.as_ref().unwrap()),
        format!("{:#?}", Foreign { from: None, document: r#"{"password":"hunter2"}"#.to_owned() }),
        format!("{name:#?}"),
        format!("{:#?}", Item { version: 1, passkey: Some(passkey), fields: vec![name], ..Item::default() }),
        format!("{device:#?}"),
        format!("{bound:#?}"),
        format!("{:#?}", SessionOpened { session: "id".to_owned(), secret: vec![0x5e; 32], expires_at: 1 }),
        format!("{:#?}", CreateAccount { invite: "let-me-in".to_owned(), ..CreateAccount::default() }),
    ];
    insta::assert_snapshot!(printed.join("\n"), @"
    Passkey(..)
    Imported(..)
    Foreign(..)
    Field(..)
    Item(..)
    DeviceSecrets(..)
    BoundKey(..)
    SessionOpened(..)
    CreateAccount(..)
    ");
}

#[test]
fn all_other_messages_print_what_they_hold() {
    let heads = Heads { roster_seq: 7, ..Heads::default() };
    let frame = PullFrame { frame: Some(pull_frame::Frame::Heads(heads.clone())) };
    assert!(format!("{frame:?}").contains("roster_seq: 7"));
    assert!(format!("{:?}", Accepted { heads: Some(heads) }).contains("roster_seq: 7"));
}
