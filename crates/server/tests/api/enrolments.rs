//! Enrolments, as the two devices and strangers meet them.

use keyfold_wire::{
    EnrolmentId,
    v1::{BegunEnrolment, ProblemCode},
};

use crate::world::{Device, Server, begin};

#[test]
fn what_names_no_enrolment_is_not_found() {
    let server = Server::start();
    for id in ["aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "%ff", "%0a"] {
        assert_eq!(server.get(&format!("/v1/enrolments/{id}")).code(), ProblemCode::NotFound, "{id}");
    }
}

#[test]
fn an_enrolment_that_is_claimed_is_no_other_devices() {
    let server = Server::start();
    let (ana, ben) = (Device::founded(&server), Device::founded(&server));
    let begun: BegunEnrolment = begin(&server, "").message();
    let id = EnrolmentId::try_from(begun.enrolment.as_slice()).unwrap();
    let path = format!("/v1/enrolments/{id}/approval");
    assert_eq!(ana.post(&path, &ana.approval(id)).status, 204);
    assert_eq!(ana.post(&path, &ana.approval(id)).status, 204, "the same again is the same");
    assert_eq!(ben.post(&path, &ben.approval(id)).code(), ProblemCode::EnrolmentStep);
    assert_eq!(server.post(&format!("/v1/enrolments/{id}/failure"), b"").status, 204);
    assert_eq!(server.get(&format!("/v1/enrolments/{id}")).code(), ProblemCode::EnrolmentEnded);
}
