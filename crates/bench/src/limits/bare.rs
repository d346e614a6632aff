//! A bare actix route: one body, no session, no signature, no database. It runs in a process of its own, with as many
//! workers as `keyfoldd` has, and without TLS, as what is measured beside it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
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

/// A process that answers every request with the same body.
pub(crate) struct BareRoute {
    _child: Child,
    _folder: TempDir,
    address: String,
}

impl BareRoute {
    pub(crate) fn start(stage: &Stage, body: &[u8]) -> Result<Self, Failure> {
        let folder = stage.folder("bare.")?;
        let file = folder.path().join("body");
        fs::write(&file, body).map_err(Failure::io(file.display().to_string()))?;
        let own = std::env::current_exe().map_err(Failure::io("this program's path"))?;
        let mut command = Command::new(own);
        command.arg("bare-route").arg(&file).stdout(Stdio::piped());
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

/// Serves the body in this file until the process ends; prints where.
pub(crate) fn serve(file: &Path) -> Result<(), Failure> {
    let body = web::Bytes::from(fs::read(file).map_err(Failure::io(file.display().to_string()))?);
    System::new().block_on(async move {
        let app = move || {
            let body = body.clone();
            App::new().default_service(web::to(move || {
                let body = body.clone();
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
