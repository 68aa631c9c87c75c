//! Keys of messages: keyed BLAKE2b with digests of 64 bits.

use blake2::digest::consts::U8;
use blake2::digest::{FixedOutput, InvalidLength, Update};
use blake2::Blake2bMac;

/// One kind of keys under a secret.
pub struct Keyed(Blake2bMac<U8>);

impl Keyed {
    /// The keys of the kind `person` (at most 16 bytes) under a secret of at most 64 bytes.
    pub fn new(secret: &[u8], person: &[u8]) -> Result<Self, InvalidLength> {
        Blake2bMac::new_with_salt_and_personal(secret, &[], person).map(Keyed)
    }

    /// A message's key.
    pub fn key(&self, message: &[u8]) -> [u8; 8] {
        let mut state = self.0.clone();
        state.update(message);
        state.finalize_fixed().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_limits() {
        assert!(Keyed::new(&[0; 64], &[0; 16]).is_ok());
        assert!(Keyed::new(&[0; 65], b"").is_err());
        assert!(Keyed::new(&[0; 32], &[0; 17]).is_err());
    }
}
