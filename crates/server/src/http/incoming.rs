use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use bytes::Bytes;
use keyfold_vault::{chains::Offer, exact};
use keyfold_wire::v1::{
    AppendEntry, BeginEnrolment, CreateAccount, LeafRequest, ProblemCode, Push, RecoveryLookup, Signed, TenantInvite,
};
use serde::de::DeserializeOwned;

use super::{
    State,
    address::address,
    body::{Body, Memory, Sender},
    error::Refusal,
    query::{NoQuery, query},
    repeated::occurrences,
};
use crate::rates::network;

/// What a route takes as its body.
pub(super) trait Incoming: Sized + Send + 'static {
    /// The most bytes.
    const LIMIT: usize;

    /// Reads it strictly.
    fn parse(bytes: &Bytes) -> Result<Self, Refusal>;
}

/// No body.
pub(super) struct Nothing;

/// A message whose exact bytes are kept.
pub(super) struct Exact(pub(super) Bytes);

/// A signed message of up to 20 KiB.
pub(super) struct SignedLonger(pub(super) Signed);

/// A request that anybody may make, counted by address.
pub(super) struct Anonymous<T, Q = NoQuery> {
    pub(super) message: T,
    pub(super) query: Q,
    /// Given back when the request is done.
    pub(super) _memory: Memory,
}

macro_rules! incoming {
    ($($message:ty: $limit:expr $(, at most $most:literal of $field:literal: $what:literal)*;)*) => {$(
        impl Incoming for $message {
            const LIMIT: usize = $limit;

            fn parse(bytes: &Bytes) -> Result<Self, Refusal> {
                $(if occurrences(bytes, $field).is_some_and(|count| count > $most) {
                    return Err(Refusal::new(ProblemCode::TooLarge, concat!("at most ", $most, " ", $what)));
                })*
                Ok(exact::decode(bytes, Self::LIMIT)?)
            }
        }
    )*};
}

incoming! {
    // Two entries of 32 KiB, a sealed key, an invite.
    CreateAccount: 68 * 1024;
    // SessionOpen or AccountDelete.
    Signed: 2 * 1024;
    // An entry of 32 KiB, a sealed key for each member, links.
    AppendEntry: 160 * 1024, at most 65 of 2: "sealed keys", at most 256 of 3: "links";
    // A commit of 128 KiB, 16 MiB of envelopes and their framing.
    Push: 17 * 1024 * 1024, at most 1000 of 2: "envelopes";
    BeginEnrolment: 64;
    TenantInvite: 64;
    // 64 keys, each with its own signature.
    LeafRequest: 64 * 160, at most 64 of 1: "keys";
    RecoveryLookup: 64;
}

impl Incoming for Offer {
    const LIMIT: usize = Self::MOST;

    fn parse(bytes: &Bytes) -> Result<Self, Refusal> {
        Ok(Self::parse(bytes)?)
    }
}

impl Incoming for SignedLonger {
    const LIMIT: usize = 21 * 1024;

    fn parse(bytes: &Bytes) -> Result<Self, Refusal> {
        Ok(Self(exact::decode(bytes, Self::LIMIT)?))
    }
}

impl Incoming for Nothing {
    const LIMIT: usize = 0;

    fn parse(_: &Bytes) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Incoming for Exact {
    const LIMIT: usize = 8 * 1024;

    fn parse(bytes: &Bytes) -> Result<Self, Refusal> {
        Ok(Self(bytes.clone()))
    }
}

/// The state that every route has.
pub(super) fn state(request: &HttpRequest) -> Result<Data<State>, Refusal> {
    let state = request.app_data::<Data<State>>().cloned();
    state.ok_or_else(|| Refusal::new(ProblemCode::Internal, "the server is not wired"))
}

impl<T: Incoming, Q: DeserializeOwned + 'static> FromRequest for Anonymous<T, Q> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state(&request)?;
            let address = address(&request, &state);
            state.rates.anonymous(address).await?;
            let query = query(&request)?;
            let sender = Sender::Stranger(network(address));
            let Body { bytes, memory } = state.bodies.read(&request, &mut payload, sender, T::LIMIT).await?;
            Ok(Self { message: T::parse(&bytes)?, query, _memory: memory })
        })
    }
}
