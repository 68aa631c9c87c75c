//! Keys of messages: keyed BLAKE2b with digests of 64 bits.

use blake2::digest::consts::U8;
use blake2::digest::{FixedOutput, Update};
use blake2::Blake2bMac;

const LONGEST_SECRET: usize = 64;
const LONGEST_KIND: usize = 16;

/// One kind of keys under a secret.
pub struct Keyed(Blake2bMac<U8>);

impl Keyed {
    /// The keys of the kind `person` under a secret; none if that is longer than 16 bytes, or the secret than 64.
    pub fn new(secret: &[u8], person: &[u8]) -> Option<Self> {
        if secret.len() > LONGEST_SECRET || person.len() > LONGEST_KIND {
            return None;
        }
        Blake2bMac::new_with_salt_and_personal(secret, &[], person).ok().map(Keyed)
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
        assert!(Keyed::new(&[0; 64], &[0; 16]).is_some());
        assert!(Keyed::new(&[0; 65], b"").is_none());
        assert!(Keyed::new(&[0; 32], &[0; 17]).is_none());
    }
}
