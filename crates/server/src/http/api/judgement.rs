//! What a passkey and a device are judged to be, as it is told.

use keyfold_assurance::{
    evidence::{Class, Frames, Passkey, Protection, UserVerification},
    storage::Standing,
    verdicts::{Basis, DeviceVerdict, Judgement, Provider, Reason},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, base64url::Base64Url, problem::Kind};

/// What was asked for in the ceremony that a response is to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CeremonyAsked {
    /// The RP id, which the client has proved to own.
    #[schema(example = "shop.example")]
    pub(super) rp_id: String,
    /// The origins from which it may be answered.
    #[schema(example = json!(["https://shop.example"]), min_items = 1, max_items = 16)]
    pub(super) origins: Vec<String>,
    /// The challenge, as it was drawn for this ceremony alone.
    pub(super) challenge: Base64Url,
    /// Whether it must have been shown who was there.
    #[serde(default)]
    user_verification: Verification,
    /// The origins of pages that may hold the page that asks; absent: it must stand alone.
    #[serde(default)]
    top_origins: Option<Vec<String>>,
}

/// Whether a response without user verification will do.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verification {
    /// It will not.
    #[default]
    Required,
    /// It will.
    Optional,
}

impl CeremonyAsked {
    pub(super) const fn user_verification(&self) -> UserVerification {
        match self.user_verification {
            Verification::Required => UserVerification::Required,
            Verification::Optional => UserVerification::Optional,
        }
    }

    pub(super) fn origins(&self) -> Result<Vec<&str>, Problem> {
        if !(1..=MOST_ORIGINS).contains(&self.origins.len()) {
            return Err(Problem::new(Kind::Malformed, "1 to 16 origins"));
        }
        Ok(self.origins.iter().map(String::as_str).collect())
    }

    pub(super) fn top_origins(&self) -> Option<Vec<&str>> {
        Some(self.top_origins.as_ref()?.iter().map(String::as_str).collect())
    }
}

/// From which frames a response may come.
pub(super) fn frames<'a>(top_origins: Option<&'a [&'a str]>) -> Frames<'a> {
    top_origins.map_or(Frames::Refused, Frames::In)
}

/// What a passkey is, and why.
#[derive(Serialize, ToSchema)]
pub(super) struct Verdict {
    /// Whose it is: `keyfold` (of this tenant) or `other`.
    #[schema(example = "keyfold")]
    provider: &'static str,
    /// Where its private key may be: `synced` or `device-bound`.
    #[schema(example = "synced")]
    class: &'static str,
    /// What protects it, where somebody vouches for that: `software`, `tee`, `tpm` or `secure-element`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    protection: Option<&'static str>,
    /// On whose word: `attested` (the tenant's), `maker` (its authenticator's maker's), `stated` (the passkey's own key's, or a device's), `self-asserted`.
    #[schema(example = "attested")]
    basis: &'static str,
    /// Why, the strongest first.
    reasons: Vec<ReasonTold>,
    /// What is reported of it, as in a report's claim `keyfold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    passkey: Option<Passkey>,
}

/// A reason.
#[derive(Serialize, ToSchema)]
pub(super) struct ReasonTold {
    /// It stays the same.
    #[schema(example = "attested-by-tenant")]
    code: &'static str,
    /// For a person.
    detail: &'static str,
}

/// Which device signed.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceTold {
    /// `absent`: nothing tells. `verified`: one of the tenant's. `refused`: what should tell does not; take it for an attack.
    #[schema(example = "verified")]
    verdict: &'static str,
    /// What protects its keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    protection: Option<&'static str>,
    /// How it stood to the tenant's rules when its leaf was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    compliance: Option<&'static str>,
    /// Whether the tenant vouches for it now: `valid`, `invalid`, `suspended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<&'static str>,
    /// The same at each sign-in of this device at this relying party.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    evidence_key: Option<Base64Url>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl From<Judgement> for Verdict {
    fn from(judgement: Judgement) -> Self {
        Self {
            provider: match judgement.provider {
                Provider::Keyfold => "keyfold",
                Provider::Other => "other",
            },
            class: Class::name(judgement.class),
            protection: judgement.protection.map(Protection::name),
            basis: match judgement.basis {
                Basis::Attested => "attested",
                Basis::Maker => "maker",
                Basis::Stated => "stated",
                Basis::SelfAsserted => "self-asserted",
            },
            reasons: judgement.reasons.into_iter().map(ReasonTold::from).collect(),
            passkey: judgement.passkey,
        }
    }
}

impl From<Reason> for ReasonTold {
    fn from(reason: Reason) -> Self {
        let (code, detail) = match reason {
            Reason::AttestedByTenant => ("attested-by-tenant", "the tenant's authority vouches for the device"),
            Reason::AttestationWithdrawn => {
                ("attestation-withdrawn", "the tenant's authority vouches no more for the device that made it")
            }
            Reason::StatedByItself => ("stated-by-itself", "its own key has stated to the tenant what it is"),
            Reason::StatedByDevice => ("stated-by-device", "a device of the tenant has stated what it is"),
            Reason::Conflict => ("conflict", "what is stated of it cannot all be true"),
            Reason::NotAttested => ("not-attested", "nobody vouches for it: it is what its authenticator says"),
            Reason::AttestedByOthers => {
                ("attested-by-others", "it is attested by somebody of whom this tenant says nothing")
            }
            Reason::AttestedByMaker => ("attested-by-maker", "the maker of its authenticator vouches for the model"),
            Reason::BackupEligible => ("backup-eligible", "it says that it may be backed up (BE=1)"),
            Reason::NotBackupEligible => ("not-backup-eligible", "it says that it may not be backed up (BE=0)"),
            Reason::ClaimsKeyfold => ("claims-keyfold", "it names one of Keyfold's models, which anybody can"),
        };
        Self { code, detail }
    }
}

impl From<DeviceVerdict> for DeviceTold {
    fn from(verdict: DeviceVerdict) -> Self {
        let none = Self {
            verdict: "absent",
            protection: None,
            compliance: None,
            status: None,
            evidence_key: None,
            reason: None,
        };
        match verdict {
            DeviceVerdict::Absent => none,
            DeviceVerdict::Refused(error) => Self { verdict: "refused", reason: Some(error.to_string()), ..none },
            DeviceVerdict::Verified { protection, compliance, standing, evidence_key } => Self {
                verdict: "verified",
                protection: Some(protection.name()),
                compliance: Some(compliance.name()),
                status: Some(match standing {
                    Standing::Valid => "valid",
                    Standing::Invalid => "invalid",
                    Standing::Suspended => "suspended",
                }),
                evidence_key: Some(Base64Url(evidence_key.to_vec())),
                reason: None,
            },
        }
    }
}

const MOST_ORIGINS: usize = 16;
