use keyfold_crypto::{Hash, random};
use keyfold_wire::{
    EnrolmentId,
    v1::{BeginEnrolment, BegunEnrolment},
};

use super::{EnrolmentError, Enrolments, short_code};
use crate::{
    clock::MINUTE,
    storage::{NewEnrolment, StorageError},
};

impl Enrolments {
    /// Begins an enrolment for a device that commits to its offer. Nobody needs to be known for that.
    ///
    /// # Errors
    /// [`EnrolmentError::Field`] if the commitment is not a hash.
    pub async fn begin(&self, request: &BeginEnrolment) -> Result<BegunEnrolment, EnrolmentError> {
        let commitment = Hash::try_from(request.commitment.as_slice())
            .map_err(|_| EnrolmentError::Field("the commitment is not a hash"))?;
        let expires_at = self.clock.now().saturating_add(LIFETIME);
        for _ in 0..ATTEMPTS {
            let mut rng = random::system();
            let enrolment = EnrolmentId::new(random::bytes(&mut rng));
            let short_code = short_code::draw(&mut rng);
            let new = NewEnrolment { enrolment, short_code: short_code.clone(), commitment, expires_at };
            if self.storage.begin_enrolment(new).await? {
                return Ok(BegunEnrolment { enrolment: enrolment.to_vec(), short_code, expires_at });
            }
        }
        Err(StorageError::Damaged("every short code is taken").into())
    }
}

const LIFETIME: u64 = 10 * MINUTE;
/// With 31^8 codes even the second attempt is never seen.
const ATTEMPTS: usize = 8;
