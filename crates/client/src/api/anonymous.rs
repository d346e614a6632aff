use std::{sync::Arc, time::Duration};

use keyfold_crypto::exact;
use keyfold_ledger::printable;
use keyfold_wire::{
    AccountId, EnrolmentId,
    v1::{
        Accepted, BeginEnrolment, BegunEnrolment, EnrolmentOpening, EnrolmentState, RecoveryFound, RecoveryLookup,
        ServerInfo,
    },
};
use prost::Message;

use super::{ApiError, error::MAX_PROBLEM};
use crate::{
    clock::Clock,
    transport::{Answer, Method, Request, ServerUrl, Transport, TransportError},
};

/// The routes that need no session, and the way to all others.
#[derive(Clone)]
pub struct Api {
    transport: Arc<dyn Transport>,
    server: ServerUrl,
    clock: Arc<dyn Clock>,
}

impl Api {
    /// The API of `server` over `transport`.
    #[must_use]
    pub fn new(server: ServerUrl, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { transport, server, clock }
    }

    /// The server's public URL.
    #[must_use]
    pub const fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// GET /v1/server, checked to be the server that was asked for.
    pub async fn server_info(&self) -> Result<ServerInfo, ApiError> {
        let info: ServerInfo = self.call(Method::Get, "/v1/server", &[]).await?;
        if info.protocol != PROTOCOL {
            return Err(ApiError::BadAnswer("another version of the protocol"));
        }
        if info.public_url != self.server.as_str() {
            let public_url = printable(&info.public_url).chars().take(256).collect();
            return Err(ApiError::OtherUrl { public_url });
        }
        Ok(info)
    }

    /// POST /v1/accounts with the bytes of a `CreateAccount`.
    pub async fn create_account(&self, message: &[u8]) -> Result<Accepted, ApiError> {
        self.call(Method::Post, "/v1/accounts", message).await
    }

    /// POST /v1/accounts/delete with the bytes of a `Signed`.
    pub async fn delete_account(&self, signed: &[u8]) -> Result<(), ApiError> {
        self.tell("/v1/accounts/delete", signed).await
    }

    /// POST /v1/recovery: the accounts that a recovery code may belong to. What the server says of it proves nothing.
    pub async fn accounts_by_recovery(&self, lookup: &[u8; 32]) -> Result<Vec<AccountId>, ApiError> {
        let lookup = RecoveryLookup { lookup: lookup.to_vec() }.encode_to_vec();
        let found: RecoveryFound = self.call(Method::Post, "/v1/recovery", &lookup).await?;
        let accounts = found.accounts.iter().map(|account| AccountId::try_from(account.as_slice()));
        accounts.collect::<Result<_, _>>().map_err(|_| ApiError::BadAnswer("an account id of another length"))
    }

    /// POST /v1/enrolments
    pub async fn begin_enrolment(&self, begin: &BeginEnrolment) -> Result<BegunEnrolment, ApiError> {
        self.call(Method::Post, "/v1/enrolments", &begin.encode_to_vec()).await
    }

    /// GET /v1/enrolments/{id}: answers once the enrolment is past the step `known`, or after `wait`.
    pub async fn enrolment(&self, id: EnrolmentId, known: &str, wait: Duration) -> Result<EnrolmentState, ApiError> {
        let path = format!("/v1/enrolments/{id}?known={known}&wait={}", wait.as_secs());
        let answer = self.exchange_again(request(Method::Get, path, Vec::new(), wait)).await?;
        decode(&answer.read(MAX_ANSWER).await?)
    }

    /// POST /v1/enrolments/{id}/opening
    pub async fn open_enrolment(&self, id: EnrolmentId, opening: &EnrolmentOpening) -> Result<(), ApiError> {
        self.tell(&format!("/v1/enrolments/{id}/opening"), &opening.encode_to_vec()).await
    }

    /// POST /v1/enrolments/{id}/failure: burns the enrolment.
    pub async fn fail_enrolment(&self, id: EnrolmentId) -> Result<(), ApiError> {
        self.tell(&format!("/v1/enrolments/{id}/failure"), &[]).await
    }

    /// A call whose answer says no more than that it was done.
    async fn tell(&self, path: &str, body: &[u8]) -> Result<(), ApiError> {
        let request = request(Method::Post, path.to_owned(), body.to_vec(), Duration::ZERO);
        self.exchange_again(request).await?.read(MAX_ANSWER).await?;
        Ok(())
    }

    pub(super) async fn call<M: Message + Default>(
        &self,
        method: Method,
        path: &str,
        body: &[u8],
    ) -> Result<M, ApiError> {
        let answer = self.exchange_again(request(method, path.to_owned(), body.to_vec(), Duration::ZERO)).await?;
        decode(&answer.read(MAX_ANSWER).await?)
    }

    /// An exchange that is begun anew if its connection breaks before an answer: the server may have closed it as the request
    /// was on its way. The same bytes may always be sent again.
    async fn exchange_again(&self, request: Request) -> Result<Answer, ApiError> {
        match self.exchange(request.clone()).await {
            Err(ApiError::Transport(TransportError::Broken(_))) => self.exchange(request).await,
            answered => answered,
        }
    }

    /// An exchange that went well; anything but a status of 200 is a refusal.
    pub(super) async fn exchange(&self, request: Request) -> Result<Answer, ApiError> {
        let answer = tokio::time::timeout(request.patience, self.transport.exchange(request)).await;
        let answer = answer.map_err(|_| TransportError::Timeout)??;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(ApiError::refused(&answer.read(MAX_PROBLEM).await?)),
        }
    }
}

/// A request that may take its time, as long as its body needs on a slow line, and as long as the server is asked to wait.
pub(super) fn request(method: Method, path: String, body: Vec<u8>, wait: Duration) -> Request {
    let headers = match method {
        Method::Get => Vec::new(),
        Method::Post => vec![("content-type", "application/x-protobuf".to_owned())],
    };
    let sending = Duration::from_millis(u64::try_from(body.len() / UPLOAD_RATE).unwrap_or(u64::MAX));
    Request { method, path, headers, body, patience: PATIENCE + sending + wait }
}

pub(super) fn decode<M: Message + Default>(body: &[u8]) -> Result<M, ApiError> {
    exact::decode(body, MAX_ANSWER).map_err(|_| ApiError::BadAnswer("not the message that this route gives"))
}

const PROTOCOL: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes in a millisecond: a server reads the 17 MiB of the longest push for two minutes before it gives up.
const UPLOAD_RATE: usize = 128;
/// Of every answer that is not a stream.
pub(super) const MAX_ANSWER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{SystemClock, transport::slow::Slow};

    /// A server that takes so many bytes in a second, and then so long for its answer.
    struct Line {
        rate: u64,
        then: Duration,
    }

    #[async_trait]
    impl Transport for Line {
        async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
            let sending = Duration::from_secs(u64::try_from(request.body.len()).unwrap() / self.rate);
            tokio::time::sleep(sending.saturating_add(self.then)).await;
            Ok(Slow(|| None).answer())
        }
    }

    fn over(line: Line) -> Api {
        Api::new("https://localhost".parse().unwrap(), Arc::new(line), Arc::new(SystemClock))
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_not_waited_for() {
        let mute = over(Line { rate: u64::MAX, then: Duration::MAX });
        assert_eq!(mute.server_info().await.map(drop), Err(ApiError::Transport(TransportError::Timeout)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_push_gets_through_a_slow_line() {
        let slow = over(Line { rate: 150_000, then: Duration::from_secs(20) });
        let push = request(Method::Post, "/v1/commits".to_owned(), vec![0; 17 * 1024 * 1024], Duration::ZERO);
        assert!(slow.exchange(push).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_may_take_as_long_as_it_was_asked_to() {
        let patient = || over(Line { rate: u64::MAX, then: Duration::from_secs(45) });
        let ask = |wait| request(Method::Get, "/v1/enrolments/id".to_owned(), Vec::new(), wait);
        assert!(patient().exchange(ask(Duration::from_secs(20))).await.is_ok());
        assert!(patient().exchange(ask(Duration::ZERO)).await.is_err());
    }
}
