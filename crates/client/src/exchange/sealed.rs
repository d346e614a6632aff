//! The age format (age-encryption.org/v1), with a passphrase: scrypt, then ChaCha20-Poly1305 in pieces.

use std::{
    io::{Read, Write},
    iter,
};

use age::{DecryptError, Decryptor, Encryptor, armor::ArmoredReader, scrypt, secrecy::SecretString};
use zeroize::Zeroizing;

use super::{ExchangeError, MAX_FILE};
use crate::device::Passphrase;

/// Whether a file is an age file, binary or armored.
#[must_use]
pub fn is_encrypted(file: &[u8]) -> bool {
    file.starts_with(b"age-encryption.org/") || file.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

/// Encrypts a document under a passphrase, with scrypt's N at 2^18: 256 MiB of memory for each guess.
///
/// # Errors
/// None that an input could cause.
pub fn seal(document: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, ExchangeError> {
    let mut recipient = scrypt::Recipient::new(secret(passphrase));
    recipient.set_work_factor(WORK);
    let encryptor = Encryptor::with_recipients(iter::once(&recipient as _))
        .map_err(|error| ExchangeError::Damaged(error.to_string()))?;
    let mut file = Vec::with_capacity(document.len());
    let written = encryptor.wrap_output(&mut file).and_then(|mut writer| {
        writer.write_all(document)?;
        writer.finish()
    });
    written.map_err(|error| ExchangeError::Damaged(error.to_string()))?;
    Ok(file)
}

/// Decrypts an age file with a passphrase.
///
/// # Errors
/// [`ExchangeError`].
pub fn open(file: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
    if file.len() > MAX_FILE {
        return Err(ExchangeError::TooLarge);
    }
    let mut binary = Vec::with_capacity(file.len());
    ArmoredReader::new(file).read_to_end(&mut binary).map_err(|error| ExchangeError::Damaged(error.to_string()))?;
    // The library reads a header again for each of its lines.
    if !binary.windows(HEADER_END.len()).take(MAX_HEADER).any(|bytes| bytes == HEADER_END) {
        return Err(ExchangeError::Damaged("its header has no end".to_owned()));
    }
    let decryptor = Decryptor::new_buffered(binary.as_slice())?;
    if !decryptor.is_scrypt() {
        return Err(ExchangeError::NotToAPassphrase);
    }
    let mut identity = scrypt::Identity::new(secret(passphrase));
    identity.set_max_work_factor(MAX_WORK);
    let mut reader = decryptor.decrypt(iter::once(&identity as _))?;
    // The plaintext is shorter than the file: nothing of it is copied as the buffer grows.
    let mut document = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut document).map_err(|error| ExchangeError::Damaged(error.to_string()))?;
    Ok(document)
}

fn secret(passphrase: &Passphrase) -> SecretString {
    SecretString::from(passphrase.as_str().to_owned())
}

impl From<DecryptError> for ExchangeError {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => Self::WrongPassphrase,
            DecryptError::NoMatchingKeys => Self::NotToAPassphrase,
            DecryptError::ExcessiveWork { required, .. } => Self::TooMuchWork(required),
            error => Self::Damaged(error.to_string()),
        }
    }
}

const HEADER_END: &[u8] = b"\n---";
/// A header with a passphrase has some 150 bytes; one with keys 100 for each.
const MAX_HEADER: usize = 4 * 1_024;
const WORK: u8 = 18;
/// 1 GiB of memory.
const MAX_WORK: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::typed(text.to_owned().into())
    }

    #[test]
    fn a_file_opens_by_its_passphrase_alone_and_only_whole() {
        let document = vec![7; 100_000];
        let file = seal(&document, &passphrase("open sesame")).unwrap();
        assert!(is_encrypted(&file) && !is_encrypted(&document));
        assert_eq!(*open(&file, &passphrase("open sesame")).unwrap(), document);
        assert_eq!(open(&file, &passphrase("open barley")), Err(ExchangeError::WrongPassphrase));
        // Cut in its last piece, and where a piece ends.
        for cut in [1, 100_000 - 64 * 1024 + 16] {
            let cut = open(&file[..file.len() - cut], &passphrase("open sesame"));
            assert!(matches!(cut, Err(ExchangeError::Damaged(_))), "{cut:?}");
        }
        let mut changed = file;
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(open(&changed, &passphrase("open sesame")), Err(ExchangeError::Damaged(_))));
    }

    #[test]
    fn work_without_bound_is_refused_before_it_begins() {
        let header = "age-encryption.org/v1\n-> scrypt 3Ga/oh5CRdNyQoNvgOgjGA 40\n\
                      gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n--- gxhoSa5BciRDt8lOpYNcx4EYtKpS0CJ06F3ZwN82VaM\n";
        let file = [header.as_bytes(), &[0; 64]].concat();
        assert_eq!(open(&file, &passphrase("open sesame")), Err(ExchangeError::TooMuchWork(40)));
    }

    #[test]
    fn a_header_without_an_end_is_refused_before_it_is_read() {
        let file = format!("age-encryption.org/v1\n{}", "-> a\n\n".repeat(500_000));
        let error = open(file.as_bytes(), &passphrase("open sesame"));
        assert_eq!(error, Err(ExchangeError::Damaged("its header has no end".to_owned())));
    }

    #[test]
    fn an_armored_file_opens_too() {
        let file = seal(b"document", &passphrase("open sesame")).unwrap();
        let mut writer = age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor).unwrap();
        writer.write_all(&file).unwrap();
        let armored = writer.finish().unwrap();
        assert!(is_encrypted(&armored));
        assert_eq!(**open(&armored, &passphrase("open sesame")).unwrap(), *b"document");
    }

    #[test]
    fn a_file_to_a_key_says_so() {
        let key = age::x25519::Identity::generate().to_public();
        let mut file = Vec::new();
        let encryptor = Encryptor::with_recipients(iter::once(&key as _)).unwrap();
        encryptor.wrap_output(&mut file).and_then(age::stream::StreamWriter::finish).unwrap();
        assert_eq!(open(&file, &passphrase("open sesame")), Err(ExchangeError::NotToAPassphrase));
    }
}
