use actix_web::web::Data;
use keyfold_wire::v1::ServerInfo;

use crate::http::{
    State,
    answer::Answer,
    incoming::{Anonymous, Nothing},
};

/// GET /v1/server
pub(super) async fn info(state: Data<State>, _: Anonymous<Nothing>) -> Answer<ServerInfo> {
    Answer(state.services.info())
}
