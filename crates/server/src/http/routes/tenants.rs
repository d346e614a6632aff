use actix_web::web::{Data, Path};
use keyfold_assurance::{
    devices::Compliance,
    evidence::{Authority, Class, UnixMillis},
    leaves::Wanted,
    members::MemberCode,
    policy::State as ComplianceState,
};
use keyfold_wire::{
    AccountId, TenantId,
    v1::{
        self, EvidenceClass, ExportRecord, LeafBatch, LeafRequest, PostureReport, ProblemCode, Signed,
        TenantCompliance, TenantInvitation, TenantInvite, TenantMembership,
    },
};
use ring::digest::{self, SHA256};

use crate::http::{
    State,
    answer::{Answer, Done},
    error::Refusal,
    incoming::{Exact, Nothing, SignedLonger},
    signed::FromDevice,
};

/// POST /v1/invitations
pub(super) async fn invitation(
    state: Data<State>,
    request: FromDevice<TenantInvite>,
) -> Result<Answer<TenantInvitation>, Refusal> {
    let code = code(&request.message)?;
    let invited = state.assurance.members.invitation(request.caller().account, &code).await?;
    Ok(Answer(TenantInvitation { tenant: invited.tenant.to_vec(), name: invited.name }))
}

/// POST /v1/tenants/{tenant}/join
pub(super) async fn join(
    state: Data<State>,
    tenant: Path<String>,
    request: FromDevice<TenantInvite>,
) -> Result<Done, Refusal> {
    let (tenant, code) = (tenant_id(&tenant)?, code(&request.message)?);
    state.assurance.members.join(tenant, request.caller().account, &code).await?;
    Ok(Done)
}

/// GET /v1/tenants/{tenant}/membership
pub(super) async fn membership(
    state: Data<State>,
    tenant: Path<String>,
    request: FromDevice<Nothing>,
) -> Result<Answer<TenantMembership>, Refusal> {
    let tenant = member(&state, &tenant, &request).await?;
    let assurance = &state.assurance;
    let rp_ids = assurance.relying_parties.rp_ids(tenant).await?;
    let name = assurance.tenants.get(tenant).await?.name;
    let caller = request.caller();
    let compliance = assurance.devices.compliance(tenant, caller.account, caller.device).await?;
    let generation = generation(&state, tenant, caller.account).await?;
    Ok(Answer(TenantMembership { name, rp_ids, compliance: Some(told(&compliance)), generation }))
}

/// Changes with those who issue leaves, and with each time that the account joins: leaves from before count no more.
async fn generation(state: &Data<State>, tenant: TenantId, account: AccountId) -> Result<Vec<u8>, Refusal> {
    let assurance = &state.assurance;
    let (member, _) = assurance.members.get(tenant, account).await?;
    let mut hash = digest::Context::new(&SHA256);
    hash.update(&member.joined_at.to_be_bytes());
    let told = assurance.authorities.told(tenant).await?;
    if let Some(root) = &told.root {
        // Who counts by what the root has certified and taken back; nobody, if that cannot be told now.
        let authority = Authority::trust(root, &told.issuers, told.revoked.as_deref(), assurance.now());
        let counts = |issuer: &&Vec<u8>| authority.as_ref().is_ok_and(|known| known.issuer_until(issuer).is_some());
        let issuers = told.issuers.iter().filter(counts);
        std::iter::once(root).chain(issuers).for_each(|certificate| {
            hash.update(digest::digest(&SHA256, certificate).as_ref());
        });
    }
    Ok(hash.finish().as_ref().to_vec())
}

/// POST /v1/tenants/{tenant}/posture
pub(super) async fn posture(
    state: Data<State>,
    tenant: Path<String>,
    request: FromDevice<SignedLonger>,
) -> Result<Answer<TenantCompliance>, Refusal> {
    let caller = request.caller();
    let tenant = member(&state, &tenant, &request).await?;
    let report: PostureReport = state.services.informing.signed(&caller, &request.message.0).await?;
    let is_its_own = report.suite == 1
        && report.tenant == tenant.as_bytes()
        && report.account == caller.account.as_bytes()
        && report.device == caller.device.as_bytes();
    if !is_its_own {
        return Err(Refusal::new(ProblemCode::RuleBroken, "the report is of another device, account or tenant"));
    }
    let at = UnixMillis(report.at);
    let compliance = state.assurance.devices.report(tenant, caller.account, caller.device, at, &report.posture).await?;
    Ok(Answer(told(&compliance)))
}

/// POST /v1/tenants/{tenant}/leaves
pub(super) async fn leaves(
    state: Data<State>,
    tenant: Path<String>,
    request: FromDevice<LeafRequest>,
) -> Result<Answer<LeafBatch>, Refusal> {
    let caller = request.caller();
    let tenant = member(&state, &tenant, &request).await?;
    let wanted = request.message.keys.iter().map(wanted).collect::<Option<Vec<_>>>();
    let wanted = wanted.ok_or_else(|| Refusal::new(ProblemCode::Malformed, "an evidence key is not of its form"))?;
    let batch = state.assurance.leaves.issue(tenant, caller.account, caller.device, &wanted).await?;
    Ok(Answer(LeafBatch { leaves: batch.leaves, issuer: batch.issuer }))
}

/// POST /v1/tenants/{tenant}/statements
pub(super) async fn state(
    state: Data<State>,
    tenant: Path<String>,
    request: FromDevice<Exact>,
) -> Result<Done, Refusal> {
    let caller = request.caller();
    let tenant = member(&state, &tenant, &request).await?;
    state.assurance.statements.keep(tenant, caller.account, caller.device, &request.message.0).await?;
    Ok(Done)
}

/// POST /v1/tenants/{tenant}/exports
pub(super) async fn exported(
    state: Data<State>,
    tenant: Path<String>,
    request: FromDevice<Signed>,
) -> Result<Done, Refusal> {
    let caller = request.caller();
    let tenant = member(&state, &tenant, &request).await?;
    let record: ExportRecord = state.services.informing.signed(&caller, &request.message).await?;
    if record.account != caller.account.as_bytes() || record.device != caller.device.as_bytes() {
        return Err(Refusal::new(ProblemCode::RuleBroken, "the record is of another device or account"));
    }
    state.assurance.members.exported(tenant, caller.account, &request.message.body).await?;
    Ok(Done)
}

/// The tenant, if the caller's account is a member and the caller one of its devices, as its roster has it now.
async fn member<T>(state: &Data<State>, tenant: &str, request: &FromDevice<T>) -> Result<TenantId, Refusal> {
    let (tenant, caller) = (tenant_id(tenant)?, request.caller());
    state.assurance.members.check(tenant, caller.account, caller.device).await?;
    Ok(tenant)
}

fn tenant_id(text: &str) -> Result<TenantId, Refusal> {
    text.parse().map_err(|_| Refusal::new(ProblemCode::NotFound, "there is no such tenant here"))
}

fn code(message: &TenantInvite) -> Result<MemberCode, Refusal> {
    message.code.parse().map_err(|error| Refusal::new(ProblemCode::InviteInvalid, error))
}

fn wanted(key: &v1::EvidenceKey) -> Option<Wanted> {
    let class = match EvidenceClass::try_from(key.class).ok()? {
        EvidenceClass::Synced => Class::Synced,
        EvidenceClass::DeviceBound => Class::DeviceBound,
        EvidenceClass::Unspecified => return None,
    };
    Some(Wanted { class, key: key.key.as_slice().try_into().ok()?, proof: key.possession.as_slice().try_into().ok()? })
}

fn told(compliance: &Compliance) -> TenantCompliance {
    let state = match compliance.state {
        ComplianceState::Compliant => v1::ComplianceState::Compliant,
        ComplianceState::InGracePeriod => v1::ComplianceState::InGracePeriod,
        ComplianceState::Unknown => v1::ComplianceState::Unknown,
        ComplianceState::NonCompliant => v1::ComplianceState::NonCompliant,
        ComplianceState::Error => v1::ComplianceState::Error,
    };
    let failing = compliance.results.iter().filter(|result| result.state != ComplianceState::Compliant);
    TenantCompliance {
        state: state.into(),
        expires_at: compliance.expires_at,
        reasons: failing.map(|result| format!("{}/{}: {}", result.policy, result.rule, result.reason)).collect(),
    }
}
