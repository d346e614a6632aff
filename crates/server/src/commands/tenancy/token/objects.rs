use cryptoki::{
    error::{Error, RvError},
    object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle},
};
use keyfold_assurance::authority::SelfSigned;
use ring::digest::{SHA256, digest};

use super::{error::TokenError, session::Token};

/// The halves of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// What certifies those that issue leaves.
    Root,
    /// What certifies those that sign metadata.
    Metadata,
}

impl Part {
    /// What people read in the token (CKA_LABEL).
    pub(super) fn label(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    /// What key and certificate have in common (CKA_ID): the label's hash, as long as such ids are.
    pub(super) fn id(self, name: &str) -> Vec<u8> {
        digest(&SHA256, self.label(name).as_bytes()).as_ref().iter().copied().take(ID).collect()
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Root => "keyfold root: ",
            Self::Metadata => "keyfold metadata root: ",
        }
    }
}

impl Token {
    /// Whether there is a root of this tenant, or what is left of one.
    pub(super) fn has_anything_of(&self, name: &str) -> Result<bool, TokenError> {
        for part in [Part::Root, Part::Metadata] {
            let by_id = self.session.find_objects(&[Attribute::Id(part.id(name))])?;
            let by_label = self.session.find_objects(&[Attribute::Label(part.label(name).into_bytes())])?;
            if !by_id.is_empty() || !by_label.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whose roots there are.
    pub(super) fn roots(&self) -> Result<Vec<String>, TokenError> {
        let mut names = Vec::new();
        for object in self.session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)])? {
            let label = self.bytes(object, AttributeType::Label)?;
            let label = label.and_then(|label| String::from_utf8(label).ok()).unwrap_or_default();
            names.extend(label.strip_prefix(Part::Root.prefix()).map(str::to_owned));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// A certificate (DER). Nothing of it is verified.
    pub(super) fn certificate(&self, part: Part, name: &str) -> Result<Vec<u8>, TokenError> {
        let object = self.only(ObjectClass::CERTIFICATE, part, name)?;
        let certificate = self.bytes(object, AttributeType::Value)?;
        certificate.ok_or_else(|| TokenError::Certificate { label: part.label(name) })
    }

    /// The object of a class that is there once.
    pub(super) fn only(&self, class: ObjectClass, part: Part, name: &str) -> Result<ObjectHandle, TokenError> {
        let found = self.session.find_objects(&[Attribute::Class(class), Attribute::Id(part.id(name))])?;
        match found.as_slice() {
            [object] => Ok(*object),
            found => Err(TokenError::Missing { label: part.label(name), found: found.len() }),
        }
    }

    /// Keeps a certificate (DER) beside its key; everybody may read it.
    pub(super) fn keep_certificate(&self, part: Part, name: &str, der: &[u8]) -> Result<(), TokenError> {
        let label = part.label(name);
        let refused = || TokenError::Certificate { label: label.clone() };
        let SelfSigned { subject, serial, .. } = SelfSigned::of(der).ok_or_else(refused)?;
        let template = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Label(label.clone().into_bytes()),
            Attribute::Id(part.id(name)),
            Attribute::Subject(subject.clone()),
            Attribute::Issuer(subject),
            Attribute::SerialNumber(serial),
            Attribute::Value(der.to_vec()),
        ];
        let object = self.session.create_object(&template).map_err(|error| match error {
            Error::Pkcs11(RvError::TokenWriteProtected | RvError::SessionReadOnly, _) => TokenError::ReadOnly,
            error => TokenError::NoCertificates(error),
        })?;
        self.made.borrow_mut().push(object);
        Ok(())
    }

    /// Destroys what this program has made in the token.
    pub(super) fn take_back(&self) {
        for object in self.made.take() {
            // What is left is told of by the next `ca root` of this name.
            let _ = self.session.destroy_object(object);
        }
    }

    fn bytes(&self, object: ObjectHandle, kind: AttributeType) -> Result<Option<Vec<u8>>, TokenError> {
        let attributes = self.session.get_attributes(object, &[kind])?;
        Ok(attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::Label(bytes) | Attribute::Value(bytes) => Some(bytes),
            _ => None,
        }))
    }
}

const ID: usize = 20;
