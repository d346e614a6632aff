use crate::der::{self, BOOLEAN, Der, ENUMERATED, INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, Tag};

/// What a key may do, and of which device it is (`AuthorizationList`), as far as it is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authorizations {
    /// 2 is to sign, 7 to attest other keys.
    pub purposes: Vec<u64>,
    /// 1 is RSA, 3 is EC.
    pub algorithm: Option<u64>,
    /// In bits.
    pub key_size: Option<u64>,
    /// It may be used without any authentication.
    pub no_auth_required: bool,
    /// Bit 0 is a passphrase, bit 1 a finger or a face.
    pub user_auth_type: Option<u64>,
    /// For so many seconds an authentication counts; without it, for one use.
    pub auth_timeout: Option<u64>,
    /// Someone must be there.
    pub trusted_user_presence: bool,
    /// Only while the device is unlocked.
    pub unlocked_device_required: bool,
    /// For whatever program.
    pub all_applications: bool,
    /// When it was made, in milliseconds since 1970, by the device's own clock.
    pub created: Option<u64>,
    /// How it came to be.
    pub origin: Option<Origin>,
    /// What the device booted.
    pub root_of_trust: Option<RootOfTrust>,
    /// Such as 140000 for 14.
    pub os_version: Option<u64>,
    /// The month, such as 202408.
    pub os_patch_level: Option<u64>,
    /// The month, or the day.
    pub vendor_patch_level: Option<u64>,
    /// The month, or the day.
    pub boot_patch_level: Option<u64>,
    /// Which program asked for the key.
    pub application: Option<Application>,
    /// Brand, device, product, manufacturer and model, in this order.
    pub model: [Option<String>; 5],
}

/// How a key came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was made where it is kept.
    Generated,
    /// It was derived, imported, or nobody knows: others may have it.
    Elsewhere(u64),
}

/// What a device booted (`RootOfTrust`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootOfTrust {
    /// The hash of the key that verified it; zeros if none did.
    pub verified_boot_key: Vec<u8>,
    /// Nothing else can be flashed.
    pub device_locked: bool,
    /// By whose key it was verified.
    pub verified_boot_state: VerifiedBoot,
    /// Of what was booted; since version 3.
    pub verified_boot_hash: Option<Vec<u8>>,
}

/// By whose key a device's system was verified as it booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifiedBoot {
    /// The maker's.
    Verified,
    /// Its user's.
    SelfSigned,
    /// Nobody's.
    Unverified,
    /// It was not what had been signed.
    Failed,
}

/// A program, by its packages and whoever signed them (`AttestationApplicationId`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Name and version.
    pub packages: Vec<(String, u64)>,
    /// SHA-256 of each signer's certificate.
    pub signers: Vec<Vec<u8>>,
}

impl Authorizations {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut members = Der::of(bytes);
        let mut all = Self::default();
        let mut seen = Vec::new();
        while !members.is_empty() {
            let (tag, content) = members.next()?;
            let number = tag.number()?;
            // Devices exist that do not order them; none may stand twice.
            if seen.contains(&number) || seen.len() == MOST_MEMBERS {
                return None;
            }
            seen.push(number);
            all.member(number, content)?;
        }
        Some(all)
    }

    fn member(&mut self, number: u32, content: &[u8]) -> Option<()> {
        let whole = || der::whole(der::only(content, INTEGER)?);
        let is_said = || der::only(content, NULL)?.is_empty().then_some(true);
        match number {
            1 => self.purposes = set(der::only(content, SET)?, INTEGER, der::whole)?,
            2 => self.algorithm = Some(whole()?),
            3 => self.key_size = Some(whole()?),
            503 => self.no_auth_required = is_said()?,
            504 => self.user_auth_type = Some(whole()?),
            505 => self.auth_timeout = Some(whole()?),
            507 => self.trusted_user_presence = is_said()?,
            509 => self.unlocked_device_required = is_said()?,
            600 => self.all_applications = is_said()?,
            701 => self.created = Some(whole()?),
            702 => {
                self.origin = Some(match whole()? {
                    0 => Origin::Generated,
                    other => Origin::Elsewhere(other),
                });
            }
            704 => self.root_of_trust = Some(RootOfTrust::read(der::only(content, SEQUENCE)?)?),
            705 => self.os_version = Some(whole()?),
            706 => self.os_patch_level = Some(whole()?),
            709 => self.application = Some(Application::read(der::only(content, OCTET_STRING)?)?),
            710 | 711 | 712 | 716 | 717 => {
                let place = [710, 711, 712, 716, 717].iter().position(|known| *known == number)?;
                *self.model.get_mut(place)? = Some(text(der::only(content, OCTET_STRING)?)?);
            }
            718 => self.vendor_patch_level = Some(whole()?),
            719 => self.boot_patch_level = Some(whole()?),
            _ => {}
        }
        Some(())
    }
}

impl RootOfTrust {
    fn read(content: &[u8]) -> Option<Self> {
        let mut members = Der::of(content);
        let verified_boot_key = members.take(OCTET_STRING)?.to_vec();
        let device_locked = der::boolean(members.take(BOOLEAN)?)?;
        let verified_boot_state = match der::whole(members.take(ENUMERATED)?)? {
            0 => VerifiedBoot::Verified,
            1 => VerifiedBoot::SelfSigned,
            2 => VerifiedBoot::Unverified,
            3 => VerifiedBoot::Failed,
            _ => return None,
        };
        let verified_boot_hash = match members.is_empty() {
            true => None,
            false => Some(members.take(OCTET_STRING)?.to_vec()),
        };
        let root = Self { verified_boot_key, device_locked, verified_boot_state, verified_boot_hash };
        members.is_empty().then_some(root)
    }
}

impl Application {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut members = Der::of(der::only(bytes, SEQUENCE)?);
        let package = |content| {
            let mut members = Der::of(content);
            let package = (text(members.take(OCTET_STRING)?)?, der::whole(members.take(INTEGER)?)?);
            members.is_empty().then_some(package)
        };
        let packages = set(members.take(SET)?, SEQUENCE, package)?;
        let signers = set(members.take(SET)?, OCTET_STRING, |content| Some(content.to_vec()))?;
        members.is_empty().then_some(Self { packages, signers })
    }
}

/// All members of a set, which have one tag.
fn set<'a, T>(content: &'a [u8], tag: Tag, read: impl Fn(&'a [u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut members = Der::of(content);
    let mut all = Vec::new();
    while !members.is_empty() {
        if all.len() == MOST_MEMBERS {
            return None;
        }
        all.push(read(members.take(tag)?)?);
    }
    Some(all)
}

fn text(content: &[u8]) -> Option<String> {
    String::from_utf8(content.to_vec()).ok()
}

/// Some fifty are defined.
const MOST_MEMBERS: usize = 128;
