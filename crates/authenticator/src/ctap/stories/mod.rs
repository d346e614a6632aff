//! What platforms do with the authenticator, over the wire: a platform of our own that speaks both PIN protocols.

mod blobs;
mod configuration;
mod management;
mod next;
mod pin;
mod protection;
mod reset;

use ciborium::Value;
use ring::digest;

use crate::cbor::{self, Fields, bytes, text_map};
use crate::pin_protocol::authenticate;
use crate::testing::*;
use crate::*;

/// A platform and the authenticator that it speaks to, which can neither verify nor choose by itself.
struct Platform {
    authenticator: TestAuthenticator,
    protocol: PinProtocol,
    now: u64,
}

/// Somebody who touches the authenticator, and can do nothing else.
struct Touch;

impl UserVerification for Touch {
    fn ask(&mut self, _: &Prompt<'_>) -> Answer {
        Answer::Present { account: 0 }
    }

    fn can_verify(&self) -> bool {
        false
    }

    fn can_choose(&self) -> bool {
        false
    }
}

const PIN: &str = "a1b2c3d4";
const MC: i64 = 0x01;
const GA: i64 = 0x02;
const CM: i64 = 0x04;
const LBW: i64 = 0x10;
const ACFG: i64 = 0x20;
const PCMR: i64 = 0x40;
const BOTH: [PinProtocol; 2] = [PinProtocol::One, PinProtocol::Two];

type Answered = Result<Fields, u8>;

impl Platform {
    fn new(protocol: PinProtocol) -> Self {
        let mut authenticator = authenticator();
        authenticator.power_cycle(UnixMillis(0)).unwrap();
        Platform { authenticator, protocol, now: 1_000 }
    }

    /// With a PIN.
    fn with_pin(protocol: PinProtocol) -> Self {
        let mut platform = Platform::new(protocol);
        platform.set_pin(PIN).unwrap();
        platform
    }

    fn send(&mut self, command: u8, parameters: Value) -> Answered {
        self.send_as(command, parameters, &mut Touch)
    }

    fn send_as(&mut self, command: u8, parameters: Value, user: &mut dyn UserVerification) -> Answered {
        let request = [vec![command], cbor::encode(&parameters).unwrap()].concat();
        self.raw(&request, user)
    }

    fn raw(&mut self, request: &[u8], user: &mut dyn UserVerification) -> Answered {
        let now = UnixMillis(self.now);
        let answer = self.authenticator.call(request, user, &|| now);
        match answer.split_first() {
            Some((0, [])) => Fields::of(Value::Map(Vec::new())).map_err(|error| error.code()),
            Some((0, rest)) => Ok(Fields::of(cbor::decode(rest).unwrap()).unwrap()),
            Some((status, rest)) => {
                assert!(rest.is_empty());
                Err(*status)
            }
            None => panic!("no answer"),
        }
    }

    fn number(&self) -> Value {
        Value::from(match self.protocol {
            PinProtocol::One => 1,
            PinProtocol::Two => 2,
        })
    }

    /// What clientPIN answers to this subcommand with these further members.
    fn client_pin(&mut self, subcommand: i64, members: Vec<(i64, Value)>) -> Answered {
        let mut entries = vec![(1.into(), self.number()), (2.into(), Value::from(subcommand))];
        entries.extend(members.into_iter().map(|(key, value)| (Value::from(key), value)));
        self.send(0x06, Value::Map(entries))
    }

    /// Agrees on a secret anew, as platforms do for each subcommand.
    fn agree(&mut self) -> (Value, SharedSecret) {
        let own = KeyAgreement::generate(&mut Script::endless());
        let theirs = self.client_pin(2, Vec::new()).unwrap().required(1).unwrap();
        (own.public_key(), own.agree(self.protocol, theirs).unwrap())
    }

    fn set_pin(&mut self, pin: &str) -> Result<(), u8> {
        let (own, secret) = self.agree();
        let sealed = secret.encrypt(&padded(pin), &mut Script::endless()).unwrap();
        let mac = secret.authenticate(&sealed);
        self.client_pin(3, vec![(3, own), (4, mac.into()), (5, sealed.into())]).map(drop)
    }

    fn change_pin(&mut self, old: &str, new: &str) -> Result<(), u8> {
        let (own, secret) = self.agree();
        let sealed = secret.encrypt(&padded(new), &mut Script::endless()).unwrap();
        let hash = secret.encrypt(&hash_of(old), &mut Script::endless()).unwrap();
        let mac = secret.authenticate(&[sealed.clone(), hash.clone()].concat());
        self.client_pin(4, vec![(3, own), (4, mac.into()), (5, sealed.into()), (6, hash.into())]).map(drop)
    }

    /// A token with these permissions, for this relying party.
    fn token_for(&mut self, pin: &str, permissions: i64, rp_id: Option<&str>) -> Result<[u8; 32], u8> {
        let (own, secret) = self.agree();
        let hash = secret.encrypt(&hash_of(pin), &mut Script::endless()).unwrap();
        let mut members = vec![(3, own), (6, hash.into()), (9, permissions.into())];
        members.extend(rp_id.map(|id| (10, Value::from(id))));
        let sealed = bytes(self.client_pin(9, members)?.required(2).unwrap()).unwrap();
        Ok(secret.decrypt(&sealed).unwrap().as_slice().try_into().unwrap())
    }

    fn token(&mut self, permissions: i64) -> [u8; 32] {
        let rp_id = (permissions & (MC | GA) != 0).then_some("example.org");
        self.token_for(PIN, permissions, rp_id).unwrap()
    }

    /// The token of the older subcommand.
    fn old_token(&mut self, pin: &str) -> Result<[u8; 32], u8> {
        let (own, secret) = self.agree();
        let hash = secret.encrypt(&hash_of(pin), &mut Script::endless()).unwrap();
        let sealed = bytes(self.client_pin(5, vec![(3, own), (6, hash.into())])?.required(2).unwrap()).unwrap();
        Ok(secret.decrypt(&sealed).unwrap().as_slice().try_into().unwrap())
    }

    fn mac(&self, token: &[u8; 32], message: &[u8]) -> Value {
        authenticate::mac(self.protocol, token, message).into()
    }

    /// Makes a discoverable passkey for this account with a fresh token; its credential id.
    fn register(&mut self, handle: u8) -> Vec<u8> {
        self.register_with(handle, Vec::new()).0
    }

    /// The same with extensions; also what the authenticator answers.
    fn register_with(&mut self, handle: u8, extensions: Vec<(&str, Value)>) -> (Vec<u8>, Fields) {
        let token = self.token(MC);
        let request = self.creation(handle, true, extensions, Some(&token));
        let mut made = self.send(0x01, request).unwrap();
        let data = bytes(made.required(2).unwrap()).unwrap();
        made = Fields::of(Value::Map(vec![
            (2.into(), data.clone().into()),
            (5.into(), made.optional(5).unwrap_or(Value::Null)),
        ]))
        .unwrap();
        (data[55..87].to_vec(), made)
    }

    fn creation(&self, handle: u8, rk: bool, extensions: Vec<(&str, Value)>, token: Option<&[u8; 32]>) -> Value {
        let user = text_map([("id", Value::from(vec![handle])), ("name", Value::from(format!("user {handle}")))]);
        let mut members = vec![
            (1, Value::from(vec![3; 32])),
            (2, text_map([("id", Value::from("example.org")), ("name", Value::from("Example"))])),
            (3, user),
            (4, Value::Array(vec![text_map([("alg", Value::from(-7)), ("type", Value::from("public-key"))])])),
            (7, text_map([("rk", Value::from(rk))])),
        ];
        if !extensions.is_empty() {
            members.push((6, map_of(extensions)));
        }
        if let Some(token) = token {
            members.extend([(8, self.mac(token, &[3; 32])), (9, self.number())]);
        }
        entries(members)
    }

    fn assertion(&self, members: Vec<(i64, Value)>, token: Option<&[u8; 32]>) -> Value {
        let mut all = vec![(1, Value::from("example.org")), (2, Value::from(vec![3; 32]))];
        all.extend(members);
        if let Some(token) = token {
            all.extend([(6, self.mac(token, &[3; 32])), (7, self.number())]);
        }
        entries(all)
    }
}

fn entries(members: Vec<(i64, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

fn map_of(members: Vec<(&str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

fn named(ids: &[&[u8]]) -> Value {
    let descriptor = |id: &&[u8]| text_map([("id", Value::from(id.to_vec())), ("type", Value::from("public-key"))]);
    Value::Array(ids.iter().map(descriptor).collect())
}

fn padded(pin: &str) -> Vec<u8> {
    let mut padded = pin.as_bytes().to_vec();
    padded.resize(64, 0);
    padded
}

fn hash_of(pin: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, pin.as_bytes()).as_ref()[..16].to_vec()
}
