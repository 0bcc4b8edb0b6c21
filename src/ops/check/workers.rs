//! Owns doing one thing for many items with several threads.

use crate::ops::Error;
use crate::repo::RepoError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Calls `work` for every item. After the first error no new item is begun; what was done until then is given with it.
/// Results come in the order of the items; an item that was not begun has none.
pub(super) fn for_each<I: Sync, T: Send>(
    threads: usize,
    items: &[I],
    work: impl Fn(&I) -> Result<T, RepoError> + Sync,
) -> (Vec<Option<T>>, Option<Error>) {
    let results: Mutex<Vec<Option<T>>> = Mutex::new(items.iter().map(|_| None).collect());
    let failed: Mutex<Option<RepoError>> = Mutex::default();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one = || {
        while !stopped.load(Ordering::Relaxed) {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(position) else { return };
            match work(item) {
                Ok(done) => {
                    if let Some(slot) = results.lock().unwrap_or_else(PoisonError::into_inner).get_mut(position) {
                        *slot = Some(done);
                    }
                }
                Err(error) => {
                    stopped.store(true, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        }
    };
    let threads = threads.min(items.len());
    if threads <= 1 {
        one();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(one);
            }
        });
    }
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    (results.into_inner().unwrap_or_else(PoisonError::into_inner), failed.map(Error::from))
}
