use zeroize::Zeroizing;

use super::*;

/// An array as a platform writes it: CBOR and 16 bytes of its hash.
fn serialized(entries: Vec<Value>) -> Vec<u8> {
    let mut array = Vec::new();
    ciborium::into_writer(&Value::Array(entries), &mut array).unwrap();
    let hash = digest::digest(&digest::SHA256, &array);
    [array.as_slice(), &hash.as_ref()[..16]].concat()
}

impl Platform {
    fn blobs(&mut self) -> Vec<u8> {
        let mut read = Vec::new();
        loop {
            let request = entries(vec![(1, 64.into()), (3, Value::from(u64::try_from(read.len()).unwrap()))]);
            let fragment = bytes(self.send(0x0c, request).unwrap().required(1).unwrap()).unwrap();
            read.extend_from_slice(&fragment);
            if fragment.len() < 64 {
                return read;
            }
        }
    }

    fn fragment(&mut self, fragment: &[u8], offset: u32, length: Option<usize>, token: Option<&[u8; 32]>) -> Answered {
        let hash = digest::digest(&digest::SHA256, fragment);
        let message = [[0xff; 32].as_slice(), &[0x0c, 0], &offset.to_le_bytes(), hash.as_ref()].concat();
        let mut members = vec![(2, Value::from(fragment.to_vec())), (3, Value::from(offset))];
        members.extend(length.map(|length| (4, Value::from(u64::try_from(length).unwrap()))));
        if let Some(token) = token {
            members.extend([(5, self.mac(token, &message)), (6, self.number())]);
        }
        self.send(0x0c, entries(members))
    }

    fn write(&mut self, array: &[u8]) -> Result<(), u8> {
        let token = self.token(LBW);
        for (number, part) in array.chunks(100).enumerate() {
            let offset = u32::try_from(number * 100).unwrap();
            self.fragment(part, offset, (number == 0).then_some(array.len()), Some(&token))?;
        }
        Ok(())
    }
}

#[test]
fn an_array_is_written_and_read_in_parts() {
    for protocol in BOTH {
        let mut platform = Platform::with_pin(protocol);
        assert_eq!(platform.blobs(), serialized(Vec::new()));
        let array = serialized(vec![entries(vec![(1, vec![7; 300].into())]), 5.into()]);
        platform.write(&array).unwrap();
        assert_eq!(platform.blobs(), array);
    }
}

#[test]
fn a_passkeys_blob_is_its_own_wherever_it_was_written() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let (_, mut made) = platform.register_with(1, vec![("largeBlobKey", Value::from(true))]);
    let passkey = platform.authenticator.store().passkeys()[0].clone();
    let key = passkey.large_blob_key();
    assert_eq!(made.required(5), Ok(key.expose().to_vec().into()));
    let blob = LargeBlob { size: 4, deflated: Zeroizing::new(vec![1, 2, 3]) };
    let foreign = entries(vec![(1, vec![9; 20].into()), (2, vec![8; 12].into()), (3, 4.into())]);
    platform.write(&serialized(vec![foreign.clone(), blob.seal(&key).unwrap()])).unwrap();
    let store = platform.authenticator.store();
    assert_eq!(store.large_blob(&passkey.rp_id, &passkey.credential_id), Ok(Some(blob.clone())));
    assert_eq!(platform.blobs(), serialized(vec![foreign.clone(), blob.seal(&key).unwrap()]));

    platform.write(&serialized(vec![foreign.clone()])).unwrap();
    let store = platform.authenticator.store_mut();
    assert_eq!(store.large_blob(&passkey.rp_id, &passkey.credential_id), Ok(None), "whoever leaves it out deletes it");
    store.set_large_blob(&passkey.rp_id, &passkey.credential_id, Some(&blob)).unwrap();
    assert_eq!(platform.blobs(), serialized(vec![foreign, blob.seal(&key).unwrap()]), "what another device wrote");
}

#[test]
fn parts_that_do_not_fit_together_are_refused_and_change_nothing() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    let array = serialized(vec![entries(vec![(1, vec![7; 300].into())])]);
    let (first, rest) = array.split_at(100);
    assert_eq!(platform.fragment(first, 0, Some(array.len()), None).err(), Some(0x36), "PUAT_REQUIRED");
    let other = platform.token(CM);
    assert_eq!(platform.fragment(first, 0, Some(array.len()), Some(&other)).err(), Some(0x33));
    let token = platform.token(LBW);
    assert_eq!(platform.fragment(first, 0, None, Some(&token)).err(), Some(0x02), "how long is it?");
    assert_eq!(platform.fragment(first, 0, Some(16), Some(&token)).err(), Some(0x02), "longer than it said");
    assert_eq!(platform.fragment(first, 0, Some(15), Some(&token)).err(), Some(0x02), "shorter than its hash");
    assert_eq!(platform.fragment(first, 0, Some(32_769), Some(&token)).err(), Some(0x18), "LARGE_BLOB_STORAGE_FULL");
    assert_eq!(platform.fragment(rest, 100, None, Some(&token)).err(), Some(0x04), "where is its beginning?");
    platform.fragment(first, 0, Some(array.len()), Some(&token)).unwrap();
    assert_eq!(platform.fragment(rest, 99, None, Some(&token)).err(), Some(0x04), "INVALID_SEQ");
    let mut damaged = array.clone();
    damaged[10] ^= 1;
    assert_eq!(platform.write(&damaged).err(), Some(0x3d), "INTEGRITY_FAILURE");
    assert_eq!(platform.blobs(), serialized(Vec::new()));
    let beyond = entries(vec![(1, 1.into()), (3, 18.into())]);
    assert_eq!(platform.send(0x0c, beyond).err(), Some(0x02));
    let both = entries(vec![(1, 1.into()), (2, vec![0; 17].into()), (3, 0.into()), (4, 17.into())]);
    assert_eq!(platform.send(0x0c, both).err(), Some(0x02));
}

/// What another device wrote while this platform read is not deleted for being left out.
#[test]
fn only_what_a_platform_was_shown_can_it_delete() {
    let mut platform = Platform::with_pin(PinProtocol::Two);
    platform.register(1);
    platform.register(2);
    let passkeys: Vec<Passkey> = platform.authenticator.store().passkeys().into_iter().cloned().collect();
    let blob = |byte: u8| LargeBlob { size: 4, deflated: Zeroizing::new(vec![byte; 3]) };
    let keep = |platform: &mut Platform, passkey: &Passkey, blob: &LargeBlob| {
        let store = platform.authenticator.store_mut();
        store.set_large_blob(&passkey.rp_id, &passkey.credential_id, Some(blob)).unwrap();
    };
    keep(&mut platform, &passkeys[0], &blob(1));
    let shown = platform.blobs();
    keep(&mut platform, &passkeys[1], &blob(2));
    let rest = entries(vec![(1, 64.into()), (3, 40.into())]);
    let rest = bytes(platform.send(0x0c, rest).unwrap().required(1).unwrap()).unwrap();
    assert_eq!(rest, shown[40..], "what it began to read stays the same to it");
    platform.write(&serialized(Vec::new())).unwrap();
    let store = platform.authenticator.store();
    assert_eq!(store.large_blob(&passkeys[0].rp_id, &passkeys[0].credential_id), Ok(None));
    assert_eq!(store.large_blob(&passkeys[1].rp_id, &passkeys[1].credential_id), Ok(Some(blob(2))));
}
