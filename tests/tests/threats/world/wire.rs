use std::sync::{
    Arc, Mutex, RwLock,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use keyfold_client::{
    api::Frame,
    transport::{Answer, Body, HttpsTransport, Method, Request, Transport, TransportError},
};
use keyfold_wire::v1::{BriefHeads, Signed};
use prost::Message;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    Home, Interruption, Span,
    frames::{bytes, frames},
    interruption::{Trap, lost},
};

/// The way from a device to its server, and who sits on it: it records what passes, and changes it as a script says.
pub(crate) struct Wire {
    server: RwLock<HttpsTransport>,
    script: Mutex<Script>,
    seen: Mutex<Vec<Request>>,
    last_pull: Mutex<Option<Reply>>,
    trap: Trap,
    lets_brief_pass: AtomicBool,
}

/// What the device gets, as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Done, and nothing to say.
    pub(crate) fn done() -> Self {
        Self { status: 204, body: Vec::new() }
    }
}

type Instead = Box<dyn FnMut(&Request) -> Option<Reply> + Send>;
type Change = Box<dyn FnMut(&Request, &mut Reply) + Send>;

#[derive(Default)]
struct Script {
    instead: Option<Instead>,
    change: Option<Change>,
    hints: Option<UnboundedReceiver<&'static str>>,
}

impl Wire {
    pub(crate) fn to(home: &Home) -> Arc<Self> {
        let server = HttpsTransport::new(home.place(), &home.trust()).unwrap();
        Arc::new(Self {
            server: RwLock::new(server),
            script: Mutex::default(),
            seen: Mutex::default(),
            last_pull: Mutex::default(),
            trap: Trap::default(),
            lets_brief_pass: AtomicBool::new(false),
        })
    }

    /// Leads to another server from here on.
    pub(crate) fn leads_to(&self, home: &Home) {
        *self.server.write().unwrap() = HttpsTransport::new(home.place(), &home.trust()).unwrap();
    }

    /// Passes on what the server says.
    pub(crate) fn is_honest(&self) {
        *self.script.lock().unwrap() = Script::default();
    }

    /// Answers requests itself; those for which it gives nothing reach the server.
    pub(crate) fn answers(&self, instead: impl FnMut(&Request) -> Option<Reply> + Send + 'static) {
        self.script.lock().unwrap().instead = Some(Box::new(instead));
    }

    /// Changes what the server gives for paths that begin with `path`; refusals, and what has no body, pass.
    pub(crate) fn changes(&self, path: &'static str, mut change: impl FnMut(&mut Reply) + Send + 'static) {
        let change = move |request: &Request, reply: &mut Reply| {
            if request.path.starts_with(path) && reply.status == 200 {
                change(reply);
            }
        };
        self.script.lock().unwrap().change = Some(Box::new(change));
    }

    /// Changes a message that the server answers with.
    pub(crate) fn rewrites<M: Message + Default>(
        &self,
        path: &'static str,
        mut rewrite: impl FnMut(&mut M) + Send + 'static,
    ) {
        self.changes(path, move |reply| {
            let mut message = M::decode(reply.body.as_slice()).unwrap();
            rewrite(&mut message);
            reply.body = message.encode_to_vec();
        });
    }

    /// Lets brief pulls pass, and changes them as others. Without it none succeeds and none counts, so that each script
    /// meets whole ones.
    pub(crate) fn lets_brief_pass(&self) {
        self.lets_brief_pass.store(true, Ordering::Relaxed);
    }

    /// Changes what pulls bring.
    pub(crate) fn rewrites_pulls(&self, mut rewrite: impl FnMut(&mut Vec<Frame>) + Send + 'static) {
        self.changes("/v1/pull", move |reply| {
            let mut frames = frames(&reply.body);
            rewrite(&mut frames);
            reply.body = bytes(frames);
        });
    }

    /// What the last pull was answered with.
    pub(crate) fn last_pull(&self) -> Reply {
        self.last_pull.lock().unwrap().clone().unwrap()
    }

    /// Answers every pull with this.
    pub(crate) fn answers_pulls(&self, reply: Reply) {
        self.answers(move |request| request.path.starts_with("/v1/pull").then(|| reply.clone()));
    }

    /// Lets no hint of the server's pass; the device hears only what is sent here.
    pub(crate) fn forges_hints(&self) -> UnboundedSender<&'static str> {
        let (sender, receiver) = unbounded_channel();
        self.script.lock().unwrap().hints = Some(receiver);
        sender
    }

    /// Keeps requests under a session from the server, so that a test can send them as it likes.
    pub(crate) fn records_only(&self) {
        self.answers(|request| {
            let signed = request.headers.iter().any(|(name, _)| *name == "signature");
            signed.then(|| Reply { status: 500, body: Vec::new() })
        });
    }

    /// Interrupts a request to a path that begins so, after it has let some pass.
    pub(crate) fn interrupts(&self, path: &'static str, spares: usize, what: Interruption, span: Span) {
        self.trap.lay(path, spares, what, span);
    }

    /// Interrupts nothing any more; whether it did.
    pub(crate) fn heals(&self) -> bool {
        self.trap.lift()
    }

    /// Returns once a request is held.
    pub(crate) async fn holds(&self) {
        self.trap.holds().await;
    }

    /// The request that is held goes on.
    pub(crate) fn lets_go(&self) {
        self.trap.lets_go();
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Requests so far that would change an account.
    pub(crate) fn writes(&self) -> usize {
        let writes = ["/v1/accounts", "/v1/roster", "/v1/commits", "/v1/offers"];
        self.seen().iter().filter(|request| writes.iter().any(|path| request.path.starts_with(path))).count()
    }

    /// The body of the last POST to a path that ends so.
    pub(crate) fn last_sent(&self, path: &str) -> Vec<u8> {
        let seen = self.seen();
        let sent = seen.iter().rfind(|request| request.method == Method::Post && request.path.ends_with(path));
        sent.unwrap().body.clone()
    }

    async fn ask(&self, request: Request) -> Result<Answer, TransportError> {
        let server = self.server.read().unwrap().clone();
        server.exchange(request).await
    }
}

#[async_trait]
impl Transport for Wire {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        if let Some(since) = brief(&request.path)
            && !self.lets_brief_pass.load(Ordering::Relaxed)
        {
            return Ok(Answer { status: 200, body: Box::new(Heard { heard: Some(unfounded(since)), end: Ok(None) }) });
        }
        self.seen.lock().unwrap().push(request.clone());
        let interruption = self.trap.meets(&request.path);
        match interruption {
            Some(Interruption::RequestLost) => return Err(lost()),
            Some(Interruption::HeldBefore) => self.trap.hold().await,
            _ => {}
        }
        if request.path.starts_with("/v1/hints") {
            let forged = self.script.lock().unwrap().hints.take();
            return match forged {
                Some(hints) => Ok(Answer { status: 200, body: Box::new(ForgedHints(hints)) }),
                None => self.ask(request).await,
            };
        }
        let instead = self.script.lock().unwrap().instead.as_mut().and_then(|instead| instead(&request));
        let mut reply = match instead {
            Some(reply) => reply,
            None => {
                let answer = self.ask(request.clone()).await?;
                Reply { status: answer.status, body: answer.read(LONGEST).await? }
            }
        };
        if let Some(change) = self.script.lock().unwrap().change.as_mut() {
            change(&request, &mut reply);
        }
        if request.path.starts_with("/v1/pull") {
            *self.last_pull.lock().unwrap() = Some(reply.clone());
        }
        let mut end = Ok(None);
        match interruption {
            Some(Interruption::AnswerLost) => return Err(lost()),
            Some(Interruption::AnswerBroken) => {
                reply.body.truncate(reply.body.len() / 2);
                end = Err(lost());
            }
            Some(Interruption::HeldAfter) => self.trap.hold().await,
            _ => {}
        }
        Ok(Answer { status: reply.status, body: Box::new(Heard { heard: Some(reply.body), end }) })
    }
}

/// Where a brief pull begins.
fn brief(path: &str) -> Option<(u64, u64)> {
    let since = path.strip_prefix("/v1/pull?roster_since=")?.strip_suffix("&form=brief")?;
    let (roster, vault) = since.split_once("&vault_since=")?;
    Some((roster.parse().unwrap(), vault.parse().unwrap()))
}

/// A brief pull of an entry that is none: it proves nothing, and the device asks for the whole.
fn unfounded((roster, vault): (u64, u64)) -> Vec<u8> {
    let heads = BriefHeads {
        roster_seq: roster + 1,
        roster_head: Vec::new(),
        vault_seq: vault + 1,
        vault_head: Vec::new(),
        roster_signature: vec![0; 64],
        vault_signature: vec![0; 64],
    };
    bytes(vec![Frame::BriefHeads(heads), Frame::Entry(Signed::default())])
}

/// What comes of an answer.
struct Heard {
    heard: Option<Vec<u8>>,
    end: Result<Option<Vec<u8>>, TransportError>,
}

#[async_trait]
impl Body for Heard {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        match self.heard.take() {
            Some(heard) => Ok(Some(heard)),
            None => self.end.clone(),
        }
    }
}

struct ForgedHints(UnboundedReceiver<&'static str>);

#[async_trait]
impl Body for ForgedHints {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(self.0.recv().await.map(|hint| hint.as_bytes().to_vec()))
    }
}

const LONGEST: usize = 64 * 1024 * 1024;
