use std::{
    cell::{Cell, RefCell},
    path::Path,
    rc::Rc,
};

use age::secrecy::SecretString;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::MechanismType,
    object::ObjectHandle,
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
};
use keyfold_assurance::authority::RootError;

use super::error::{TokenError, Tries};
use crate::commands::tenancy::{root_arguments::InToken, secret};

/// Whether something is written into a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Reads,
    Writes,
}

/// A token whose user has logged in. It logs out, closes its session and ends the library as it goes.
pub(super) struct Token {
    pub(super) session: Session,
    pub(super) label: String,
    /// What this program made in it.
    pub(super) made: RefCell<Vec<ObjectHandle>>,
    /// Why it did not sign; what builds certificates has no word for it.
    pub(super) failed: Cell<Option<TokenError>>,
    /// After the session.
    _library: Library,
}

struct Library(Pkcs11);

impl Token {
    pub(super) fn open(place: &InToken, access: Access) -> Result<Rc<Self>, TokenError> {
        let library = Library::load(&place.pkcs11)?;
        let slot = library.slot(&place.token)?;
        let info = library.0.get_token_info(slot)?;
        library.can_sign(slot)?;
        if access == Access::Writes && info.write_protected() {
            return Err(TokenError::ReadOnly);
        }
        let session = match access {
            Access::Reads => library.0.open_ro_session(slot),
            Access::Writes => library.0.open_rw_session(slot),
        }?;
        if info.login_required() {
            let pin = pin(&info, place.pin_file.as_deref())?;
            session.login(UserType::User, pin.as_ref()).map_err(|error| library.refused(slot, error))?;
        }
        let label = place.token.clone();
        let token = Self { session, label, made: RefCell::default(), failed: Cell::default(), _library: library };
        Ok(Rc::new(token))
    }

    /// Why a root did not do it, where the token knows better.
    pub(super) fn cause_of(&self, error: RootError) -> TokenError {
        self.failed.take().unwrap_or_else(|| error.into())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        // The process ends soon, and its logins with it.
        let _ = self.session.logout();
    }
}

impl Library {
    fn load(path: &Path) -> Result<Self, TokenError> {
        let failed = |error| TokenError::Module { path: path.to_owned(), error };
        let context = Pkcs11::new(path).map_err(failed)?;
        context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(failed)?;
        Ok(Self(context))
    }

    /// Where the token of this label is.
    fn slot(&self, label: &str) -> Result<Slot, TokenError> {
        let slots = self.0.get_slots_with_initialized_token()?;
        let labelled = |slot: Slot| Ok::<_, Error>((slot, self.0.get_token_info(slot)?.label().to_owned()));
        let labelled = slots.into_iter().map(labelled).collect::<Result<Vec<_>, _>>()?;
        let named: Vec<Slot> = labelled.iter().filter(|(_, other)| other == label).map(|(slot, _)| *slot).collect();
        match named.as_slice() {
            [slot] => Ok(*slot),
            [_, _, ..] => Err(TokenError::SeveralTokens(label.to_owned())),
            [] => {
                let there = labelled.into_iter().map(|(_, label)| label).collect();
                Err(TokenError::NoToken { label: label.to_owned(), there })
            }
        }
    }

    fn can_sign(&self, slot: Slot) -> Result<(), TokenError> {
        let able = self.0.get_mechanism_list(slot)?;
        let needed = [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA];
        if needed.iter().all(|mechanism| able.contains(mechanism)) { Ok(()) } else { Err(TokenError::NoP256) }
    }

    /// Why nobody logged in; and what the token tells now of the tries that are left.
    fn refused(&self, slot: Slot, error: Error) -> TokenError {
        let Error::Pkcs11(reason, _) = &error else { return error.into() };
        match reason {
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => match self.0.get_token_info(slot) {
                Ok(info) if info.user_pin_locked() => TokenError::PinLocked,
                Ok(info) if info.user_pin_final_try() => TokenError::WrongPin(Tries::One),
                Ok(info) if info.user_pin_count_low() => TokenError::WrongPin(Tries::Fewer),
                _ => TokenError::WrongPin(Tries::Untold),
            },
            RvError::PinLocked => TokenError::PinLocked,
            RvError::PinExpired => TokenError::PinExpired,
            RvError::UserPinNotInitialized => TokenError::NoPin,
            _ => error.into(),
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // As the process's end would.
        let _ = self.0.clone().finalize();
    }
}

/// The PIN; `None` where it is typed at the token itself. A wrong one costs a try: none is spent on a token that would refuse it.
fn pin(info: &TokenInfo, file: Option<&Path>) -> Result<Option<SecretString>, TokenError> {
    if !info.user_pin_initialized() {
        return Err(TokenError::NoPin);
    }
    if info.user_pin_locked() {
        return Err(TokenError::PinLocked);
    }
    let failed = |path: &Path, error| TokenError::PinFile { path: path.to_owned(), error };
    if let Some(path) = file {
        return secret::first_line(path).map(Some).map_err(|error| failed(path, error));
    }
    if info.protected_authentication_path() {
        return Ok(None);
    }
    let typed = secret::typed("PIN of the token: ").map_err(|error| failed(Path::new("the terminal"), error))?;
    typed.map(Some).ok_or(TokenError::NoTerminal)
}
