//! A bare actix route: ready bodies, no session, no signature, no database. It runs in a process of its own, with as many
//! workers as `keyfoldd` has, and without TLS, as what is measured beside it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, rt::System, web};
use tempfile::TempDir;

use crate::{
    children::{Child, End},
    failure::Failure,
    line::Line,
    load::{self, Client},
    output,
    stage::Stage,
};

/// A process that answers with one body after the other, and begins anew.
pub(crate) struct BareRoute {
    _child: Child,
    _folder: TempDir,
    address: String,
}

impl BareRoute {
    pub(crate) fn start(stage: &Stage, bodies: &[Vec<u8>]) -> Result<Self, Failure> {
        let folder = stage.folder("bare.")?;
        let own = std::env::current_exe().map_err(Failure::io("this program's path"))?;
        let mut command = Command::new(own);
        command.arg("bare-route").stdout(Stdio::piped());
        for (number, body) in bodies.iter().enumerate() {
            let file = folder.path().join(number.to_string());
            fs::write(&file, body).map_err(Failure::io(file.display().to_string()))?;
            command.arg(file);
        }
        let mut child = Child::start(command, End::Kill)?;
        let mut address = String::new();
        BufReader::new(child.stdout()?).read_line(&mut address).map_err(Failure::io("the bare route"))?;
        Ok(Self { _child: child, _folder: folder, address: address.trim().to_owned() })
    }

    /// Answers a second to so many clients that send this request over and over.
    pub(crate) async fn rate(&self, request: &[u8], clients: usize, time: Duration) -> Result<f64, Failure> {
        let mut asking = Vec::new();
        for _ in 0..clients {
            asking.push(Client::again(Line::connect(&self.address).await?, request.to_vec()));
        }
        Ok(load::run(asking, time).await?.0.rate)
    }
}

/// Serves the bodies in these files until the process ends; prints where.
pub(crate) fn serve(files: &[PathBuf]) -> Result<(), Failure> {
    let body = |file: &PathBuf| fs::read(file).map(web::Bytes::from).map_err(Failure::io(file.display().to_string()));
    let bodies: Arc<[web::Bytes]> = files.iter().map(body).collect::<Result<_, _>>()?;
    let answered = Arc::new(AtomicUsize::new(0));
    System::new().block_on(async move {
        let app = move || {
            let (bodies, answered) = (Arc::clone(&bodies), Arc::clone(&answered));
            App::new().default_service(web::to(move || {
                let turn = answered.fetch_add(1, Ordering::Relaxed) % bodies.len().max(1);
                let body = bodies.get(turn).cloned().unwrap_or_default();
                async { HttpResponse::Ok().content_type("application/x-protobuf").body(body) }
            }))
        };
        let server = HttpServer::new(app).bind(("127.0.0.1", 0)).map_err(Failure::io("the bare route"))?;
        for address in server.addrs() {
            output::print(&address.to_string())?;
        }
        server.run().await.map_err(Failure::io("the bare route"))
    })
}
