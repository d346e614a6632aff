use crate::output;

/// What can be measured, in the order in which `all` does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measurement {
    Idle,
    Poll,
    Push,
    PushMany,
    PushPostgres,
    Delta,
    Pull,
    Growth,
    Opening,
    Get,
    Evidence,
    Hints,
    Silent,
    Flood,
}

impl Measurement {
    pub(crate) const ALL: [Self; 14] = [
        Self::Idle,
        Self::Poll,
        Self::Push,
        Self::PushMany,
        Self::PushPostgres,
        Self::Delta,
        Self::Pull,
        Self::Growth,
        Self::Opening,
        Self::Get,
        Self::Evidence,
        Self::Hints,
        Self::Silent,
        Self::Flood,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Poll => "poll",
            Self::Push => "push",
            Self::PushMany => "push-100",
            Self::PushPostgres => "push-postgres",
            Self::Delta => "delta",
            Self::Pull => "pull",
            Self::Growth => "growth",
            Self::Opening => "opening",
            Self::Get => "get",
            Self::Evidence => "evidence",
            Self::Hints => "hints",
            Self::Silent => "silent",
            Self::Flood => "flood",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Idle => "memory of a server that nobody asks",
            Self::Poll => "polls of the head beside a bare actix route, and with 10,000 items beside 100",
            Self::Push => "durable pushes of one item by 16 writers beside raw commits of SQLite",
            Self::PushMany => "durable pushes of 100 items by 4 writers beside raw commits of 100 rows",
            Self::PushPostgres => "the same pushes on PostgreSQL beside pgbench",
            Self::Delta => "bytes that a second device fetches after one change among 1,000 items",
            Self::Pull => "pulls of 1,000 items beside a bare route with the same bytes, and memory of 16 at once",
            Self::Growth => "a push, a poll and a delta pull with 10, 1,000 and 100,000 items",
            Self::Opening => "decrypting 1,000 items beside AES-256-GCM alone",
            Self::Get => "signing in with a passkey beside a bare signature of ring",
            Self::Evidence => "verifying a sign-in and its device beside one bare verification of ring",
            Self::Hints => "memory of a hint stream that idles",
            Self::Silent => "memory of 10,000 connections that send nothing, and the setting that bounds them",
            Self::Flood => "honest pushes while 64 clients flood the server, beside quiet",
        }
    }
}

/// A line for each.
pub(crate) fn list() -> String {
    let line = |measurement: Measurement| format!("{:<15}{}", measurement.name(), measurement.about());
    Measurement::ALL.map(line).join("\n")
}

/// Says that a measurement begins.
pub(crate) fn announce(measurement: Measurement, place: usize, of: usize) {
    output::say(&format!("[{place}/{of}] {}: {}", measurement.name(), measurement.about()));
}
