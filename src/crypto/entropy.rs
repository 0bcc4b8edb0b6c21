//! Owns randomness: the system's, or a seeded stream so that a simulated run can be replayed.

use super::CryptoError;
use crate::clock::Timestamp;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where random bytes come from.
#[derive(Debug)]
pub struct Entropy {
    seeded: Option<Mutex<(u64, u64)>>,
    counter: AtomicU64,
}

impl Entropy {
    /// The system's random numbers.
    pub fn system() -> Self {
        Self { seeded: None, counter: AtomicU64::new(0) }
    }

    /// The same bytes for the same seed. For simulations only: what is sealed with it is not secret.
    pub fn seeded(seed: u64) -> Self {
        Self { seeded: Some(Mutex::new((seed, 0))), counter: AtomicU64::new(0) }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], CryptoError> {
        let mut bytes = [0; N];
        match &self.seeded {
            None => getrandom::fill(&mut bytes).map_err(|_| CryptoError::NoRandom)?,
            Some(state) => {
                let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                state.1 = state.1.wrapping_add(1);
                let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 simulated entropy");
                hasher.update(&state.0.to_le_bytes()).update(&state.1.to_le_bytes());
                hasher.finalize_xof().fill(&mut bytes);
            }
        }
        Ok(bytes)
    }

    /// A salt for a new file. Besides random bytes it takes in the time, the process, a counter and what is stored:
    /// a cloned machine that repeats its random numbers still never seals two things under one key and nonce.
    pub fn salt(&self, now: Timestamp, content: &[u8]) -> Result<[u8; 32], CryptoError> {
        let random: [u8; 32] = self.bytes()?;
        let process = if self.seeded.is_some() { 0 } else { std::process::id() };
        let mut hasher = blake3::Hasher::new_derive_key("tintype 2026 salt");
        hasher.update(&random).update(&now.seconds.to_le_bytes()).update(&now.nanoseconds.to_le_bytes());
        hasher.update(&process.to_le_bytes()).update(&self.counter.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.update(blake3::hash(content).as_bytes());
        Ok(*hasher.finalize().as_bytes())
    }
}
