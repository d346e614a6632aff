use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use keyfold_client::transport::{Answer, Method, Request, Transport, TransportError};
use keyfold_server::Refusal;
use keyfold_store::InProcessBus;
use keyfold_vault::{
    Caller, Limits, Services, Settings, SignUp, SignedHeaders,
    chains::Offer,
    exact,
    pull::Since,
    sessions::SignedRequest,
    storage::{EnrolmentStep, Storage},
};
use prost::Message;

use super::{Time, whole};

/// The real services over any storage, asked without a connection. What a server does around them (TLS, rates, bounded
/// memory) is not here.
#[derive(Clone)]
pub struct InProcess {
    services: Arc<Services>,
    time: Time,
}

impl InProcess {
    pub const URL: &str = "https://keys.example";

    pub async fn start(storage: Arc<dyn Storage>, time: &Time) -> Self {
        let settings = Settings { public_url: Self::URL.to_owned(), sign_up: SignUp::Open, limits: Limits::default() };
        let (bus, clock) = (Arc::new(InProcessBus::default()), Arc::new(time.clone()));
        let services = Services::start(storage, bus, None, clock, settings).await.unwrap();
        Self { services: Arc::new(services), time: time.clone() }
    }

    /// Does what time makes due.
    pub async fn upkeep(&self) {
        self.services.upkeep().await.unwrap();
    }

    async fn answer(&self, request: &Request) -> Result<Vec<u8>, Refusal> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let steps: Vec<&str> = path.split('/').skip(2).collect();
        match (request.method, steps.as_slice()) {
            (Method::Get, ["server"]) => Ok(self.services.info().encode_to_vec()),
            (Method::Post, ["accounts"]) => {
                Ok(self.services.accounts.create(read(&request.body)?).await?.encode_to_vec())
            }
            (Method::Post, ["sessions"]) => {
                Ok(self.services.sessions.open(&read(&request.body)?).await?.encode_to_vec())
            }
            (Method::Post, ["recovery"]) => {
                Ok(self.services.recovery.find(&read(&request.body)?).await?.encode_to_vec())
            }
            (_, ["enrolments", ..]) => self.enrolments(request, &steps[1..], query).await,
            (_, steps) => self.member(request, steps, query).await,
        }
    }

    /// The routes of a member.
    async fn member(&self, request: &Request, steps: &[&str], query: &str) -> Result<Vec<u8>, Refusal> {
        let caller = self.caller(request).await?;
        let body = request.body.as_slice();
        let chains = &self.services.chains;
        Ok(match (request.method, steps) {
            (Method::Get, ["head"]) => self.services.heads.poll(&caller).await?.to_vec(),
            (Method::Post, ["roster"]) => chains.append(&caller, read(body)?).await?.encode_to_vec(),
            (Method::Post, ["commits"]) => chains.push(&caller, read(body)?).await?.encode_to_vec(),
            (Method::Post, ["offers"]) => {
                chains.offer(&caller, Offer::parse(&Bytes::copy_from_slice(body))?).await?.encode_to_vec()
            }
            (Method::Post, ["offers", "end"]) => chains.end_offers(&caller, read(body)?).await?.encode_to_vec(),
            (Method::Get, ["pull"]) => {
                let mut frames = self.services.pulls.pull(&caller, since(query)).await?;
                let mut pulled = Vec::new();
                // A page is read only for a member.
                while let Some(page) = frames.try_next().await? {
                    self.services.heads.poll(&caller).await?;
                    pulled.extend_from_slice(&page);
                }
                pulled
            }
            (method, steps) => panic!("no device asks for {method:?} {steps:?}"),
        })
    }

    async fn enrolments(&self, request: &Request, steps: &[&str], query: &str) -> Result<Vec<u8>, Refusal> {
        let enrolments = &self.services.enrolments;
        let body = request.body.as_slice();
        let id = steps.first().map(|id| id.parse().unwrap());
        match (request.method, id, steps.get(1)) {
            (Method::Post, None, _) => return Ok(enrolments.begin(&read(body)?).await?.encode_to_vec()),
            (Method::Get, None, _) => {
                let caller = self.caller(request).await?;
                let code = value(query, "code").unwrap_or_default();
                return Ok(enrolments.find(&caller, code).await?.encode_to_vec());
            }
            (Method::Get, Some(id), None) => {
                let wait = Duration::from_secs(value(query, "wait").map_or(0, |wait| wait.parse().unwrap()));
                let known = value(query, "known").map(step);
                let deadline = async {
                    tokio::time::sleep(wait.min(A_MOMENT)).await;
                    // Whoever waits grows older.
                    self.time.pass(u64::try_from(wait.as_millis()).unwrap());
                };
                return Ok(enrolments.wait(id, known, deadline).await?.encode_to_vec());
            }
            (Method::Post, Some(id), Some(&"approval")) => {
                enrolments.approve(&self.caller(request).await?, id, body).await?;
            }
            (Method::Post, Some(id), Some(&"opening")) => enrolments.open(id, body).await?,
            (Method::Post, Some(id), Some(&"completion")) => {
                enrolments.complete(&self.caller(request).await?, id, body).await?;
            }
            (Method::Post, Some(id), Some(&"failure")) => enrolments.fail(id).await?,
            (method, ..) => panic!("no device asks for {method:?} {steps:?} of an enrolment"),
        }
        Ok(Vec::new())
    }

    /// Who signed the request.
    async fn caller(&self, request: &Request) -> Result<Caller, Refusal> {
        let header = |name: &str| {
            let field = request.headers.iter().find(|(field, _)| *field == name);
            field.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let headers = SignedHeaders {
            content_digest: header("content-digest"),
            signature_input: header("signature-input"),
            signature: header("signature"),
        };
        let signed = SignedRequest { method: request.method.name(), path_and_query: &request.path, headers: &headers };
        let recognised = self.services.sessions.recognise(&signed).await?;
        Ok(self.services.sessions.admit(&recognised, &request.body)?.caller)
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        Ok(match self.answer(&request).await {
            Ok(body) => whole(200, body),
            Err(refusal) => {
                let (status, problem) = refusal.answer();
                // Whoever is told to wait does.
                self.time.pass(problem.retry_after);
                whole(status, problem.encode_to_vec())
            }
        })
    }
}

fn read<M: Message + Default>(body: &[u8]) -> Result<M, Refusal> {
    Ok(exact::decode(body, usize::MAX)?)
}

fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn since(query: &str) -> Since {
    let number = |name| value(query, name).map(|number| number.parse().unwrap());
    match (number("roster_since"), number("vault_since"), number("snapshot")) {
        (Some(roster), Some(vault), None) => Since::Heads { roster, vault, brief: value(query, "form").is_some() },
        (None, None, Some(seq)) => Since::AddedBy(seq),
        _ => Since::Nothing,
    }
}

fn step(name: &str) -> EnrolmentStep {
    match name {
        "begun" => EnrolmentStep::Begun,
        "approved" => EnrolmentStep::Approved,
        "opened" => EnrolmentStep::Opened,
        _ => EnrolmentStep::Completed,
    }
}

/// As long as anybody is really kept waiting.
const A_MOMENT: Duration = Duration::from_millis(20);
