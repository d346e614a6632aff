//! From an attestation to a root that a relying party trusts.

use keyfold_evidence::{
    PathError, Roots, UnixMillis,
    attestation::{AttestationError, Kind, Model, Verdict},
};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use time::Duration;

use crate::world::{MODEL, Maker, Registering, attestation, authority, map, now, sign, tlv, x5c};

/// What comes of a `packed` attestation under whoever these are, the nearest to the leaf first.
fn attested(
    leaf: &CertificateParams,
    issuers: &[CertificateParams],
    maker: &Maker,
    at: UnixMillis,
) -> Result<Verdict, AttestationError> {
    let mut certificates = Vec::new();
    let mut above: Option<Issuer<'static, KeyPair>> = None;
    for params in issuers.iter().rev().chain([leaf]) {
        let key = KeyPair::generate().unwrap();
        let issued = params.signed_by(&key, above.as_ref().unwrap_or(&maker.of_root)).unwrap();
        certificates.insert(0, issued.der().to_vec());
        above = Some(Issuer::new(params.clone(), key));
    }
    let registering = Registering::new();
    let key = above.unwrap();
    let certificates: Vec<_> = certificates.iter().map(Vec::as_slice).collect();
    let members = [("alg", (-7).into()), ("sig", sign(key.key(), &registering.signed())), ("x5c", x5c(&certificates))];
    registering.statement("packed", &map(&members)).verify(&maker.roots(), at)
}

fn refused(error: PathError) -> Result<Verdict, AttestationError> {
    Err(AttestationError::Path(error))
}

fn issuing() -> CertificateParams {
    authority("Maker's issuer", BasicConstraints::Unconstrained)
}

#[test]
fn a_maker_vouches_for_its_model_by_whoever_issues_for_it() {
    let maker = Maker::new();
    let another = authority("Maker's other issuer", BasicConstraints::Unconstrained);
    for issuers in [vec![], vec![issuing()], vec![issuing(), another]] {
        let Verdict::Model(Model { kind, aaguid, .. }) = attested(&attestation(), &issuers, &maker, now()).unwrap()
        else {
            panic!("no model");
        };
        assert_eq!((kind, aaguid.unwrap().0), (Kind::Basic, MODEL));
    }
}

#[test]
fn threat_evidence_a_path_to_another_root_or_to_none_is_refused() {
    let (maker, other) = (Maker::new(), Maker::new());
    let registering = Registering::new();
    let key = KeyPair::generate().unwrap();
    let leaf = other.issues(&attestation(), &key);
    let of = |certificates: &[&[u8]]| {
        let signature = sign(&key, &registering.signed());
        map(&[("alg", (-7).into()), ("sig", signature), ("x5c", x5c(certificates))])
    };
    // The other root has the same name, and comes with it.
    for certificates in [&[leaf.as_slice()][..], &[&leaf, &other.root], &[&leaf, &maker.root]] {
        let statement = of(certificates);
        let verdict = registering.statement("packed", &statement).verify(&maker.roots(), now());
        assert_eq!(verdict, refused(PathError::Untrusted));
        assert_eq!(
            registering.statement("packed", &statement).verify(&Roots::default(), now()),
            refused(PathError::Untrusted)
        );
    }
    assert_eq!(registering.statement("packed", &of(&[])).verify(&maker.roots(), now()), refused(PathError::Malformed));
    let nine = [leaf.as_slice(); 9];
    assert_eq!(
        registering.statement("packed", &of(&nine)).verify(&other.roots(), now()),
        refused(PathError::Malformed)
    );
    // One that is trusted for itself is no authority.
    let statement = of(&[&leaf]);
    let itself = Roots::trust(&[&leaf]).unwrap();
    assert!(registering.statement("packed", &statement).verify(&itself, now()).is_ok());
    let of_leaf = Issuer::new(attestation(), key);
    let below = KeyPair::generate().unwrap();
    let certificate = attestation().signed_by(&below, &of_leaf).unwrap().der().to_vec();
    let signature = sign(&below, &registering.signed());
    let statement = map(&[("alg", (-7).into()), ("sig", signature), ("x5c", x5c(&[&certificate]))]);
    assert_eq!(registering.statement("packed", &statement).verify(&itself, now()), refused(PathError::NotIssuer));
}

#[test]
fn threat_evidence_whatever_has_expired_or_is_not_yet_valid_vouches_for_nothing() {
    let maker = Maker::new();
    for day in [-2, 2] {
        let shift = |mut params: CertificateParams| {
            params.not_before += Duration::days(day);
            params.not_after += Duration::days(day);
            params
        };
        let leaf = shift(attestation());
        assert_eq!(attested(&leaf, &[issuing()], &maker, now()), refused(PathError::NotNow));
        assert_eq!(attested(&attestation(), &[shift(issuing())], &maker, now()), refused(PathError::NotNow));
        let mut long = attestation();
        long.not_before -= Duration::days(9);
        long.not_after += Duration::days(9);
        let later = UnixMillis(now().0.checked_add_signed(day * 86_400_000).unwrap());
        // The root alone is not of that time.
        assert_eq!(attested(&long, &[], &maker, later), refused(PathError::NotNow));
    }
}

#[test]
fn threat_evidence_only_authorities_issue() {
    let maker = Maker::new();
    let with = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = issuing();
        change(&mut params);
        attested(&attestation(), &[params], &maker, now())
    };
    assert!(with(&|_| ()).is_ok());
    assert_eq!(with(&|params| params.is_ca = IsCa::ExplicitNoCa), refused(PathError::NotIssuer));
    assert_eq!(with(&|params| params.is_ca = IsCa::NoCa), refused(PathError::NotIssuer));
    let of_signatures = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(with(&|params| params.key_usages = of_signatures.clone()), refused(PathError::NotIssuer));
    let last = || authority("Maker's last issuer", BasicConstraints::Constrained(0));
    assert!(attested(&attestation(), &[last()], &maker, now()).is_ok());
    assert_eq!(attested(&attestation(), &[issuing(), last()], &maker, now()), refused(PathError::NotIssuer));
}

#[test]
fn threat_evidence_what_is_critical_and_not_known_is_refused() {
    let maker = Maker::new();
    let for_servers = tlv(0x30, &[&tlv(6, &[&[0x2b, 6, 1, 5, 5, 7, 3, 1]])]);
    let extensions = [(&[1, 3, 6, 1, 4, 1, 99_999][..], tlv(5, &[])), (&[2, 5, 29, 37], for_servers)];
    for (is_critical, (id, content)) in [false, true].into_iter().flat_map(|is| extensions.clone().map(|one| (is, one)))
    {
        let mut extension = CustomExtension::from_oid_content(id, content);
        extension.set_criticality(is_critical);
        let mut leaf = attestation();
        leaf.custom_extensions.push(extension.clone());
        assert_eq!(attested(&leaf, &[], &maker, now()).is_err(), is_critical);
        let mut issuer = issuing();
        issuer.custom_extensions.push(extension.clone());
        assert_eq!(attested(&attestation(), &[issuer], &maker, now()).is_err(), is_critical);
        // Twice is once too often.
        leaf.custom_extensions.push(extension);
        assert_eq!(attested(&leaf, &[], &maker, now()), refused(PathError::Malformed));
    }
}

#[test]
fn what_is_no_certificate_or_has_a_key_of_no_use_cannot_be_a_root() {
    let maker = Maker::new();
    let refused = Roots::trust(&[maker.root.as_slice(), b"nothing"]).unwrap_err();
    assert_eq!(refused.0, 1);
}
