//! RFC 9106 §5.3, the Argon2id example. Its parameters (32 KiB, 4 lanes, secret, associated data) are none that this
//! module accepts, so it goes to the library with the same features and version.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};

#[test]
fn argon2id_answers_as_rfc_9106_prints() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .build()
        .unwrap();
    let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
    assert_eq!(data_encoding::HEXLOWER.encode(&tag), expected);
}
