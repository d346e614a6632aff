use keyfold_evidence::{
    Authority, Class, Compliance, Day, LeafClaims, Protection, StatusReference,
    issue::{Issuer, Names, SerialNumber, root},
};
use rcgen::KeyPair;

use super::{TODAY, now};

/// A tenant's authority: a root, and one that issues for it.
pub(crate) struct Tenant {
    pub(crate) root: Vec<u8>,
    pub(crate) of_root: Issuer<KeyPair>,
    pub(crate) issuer: Vec<u8>,
    issuing: Issuer<KeyPair>,
}

impl Tenant {
    pub(crate) fn new() -> Self {
        Self::since(TODAY)
    }

    pub(crate) fn since(day: Day) -> Self {
        let key = KeyPair::generate().unwrap();
        let root = root(&names(), serial(1), day..day.plus(7_000), &key).unwrap();
        let of_root = Issuer::new(names(), &root, key).unwrap();
        let (issuer, issuing) = Self::another(&of_root, 2, day..day.plus(90));
        Self { root, of_root, issuer, issuing }
    }

    /// Another that issues for the root.
    pub(crate) fn another(
        of_root: &Issuer<KeyPair>,
        number: u8,
        days: std::ops::Range<Day>,
    ) -> (Vec<u8>, Issuer<KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let issuer = of_root.intermediate(serial(number), days, &key).unwrap();
        let issuing = Issuer::new(names(), &issuer, key).unwrap();
        (issuer, issuing)
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::trust(&self.root, &[&self.issuer], None, now()).unwrap()
    }

    pub(crate) fn leaf(&self, class: Class, key: [u8; 65]) -> Vec<u8> {
        self.leaf_of(&claims(class), TODAY..TODAY.plus(7), key)
    }

    pub(crate) fn leaf_of(&self, claims: &LeafClaims, days: std::ops::Range<Day>, key: [u8; 65]) -> Vec<u8> {
        self.issuing.leaf(serial(3), days, claims, key).unwrap()
    }
}

pub(crate) fn claims(class: Class) -> LeafClaims {
    let status = StatusReference { index: 4_711, uri: "https://keyfold.example/v1/rp/status/1".to_owned() };
    LeafClaims { class, protection: Protection::Software, compliance: Compliance::Compliant, status }
}

pub(crate) fn names() -> Names {
    Names { country: "ZZ".to_owned(), organization: "Example tenant".to_owned() }
}

pub(crate) fn serial(number: u8) -> SerialNumber {
    SerialNumber([number; 16])
}
