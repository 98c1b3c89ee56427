//! Files for programs to read.

use tokio::io::AsyncWriteExt;

use super::Side;
use crate::fleet::Duplex;
use crate::live::put::{self, Answer, Put};

impl Side {
    /// Takes a file in over a stream, and says at its end where it lies.
    pub(super) fn put(&self, put: Put) -> Duplex {
        let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
        let folder = self.pasted.clone();
        tokio::spawn(async move {
            let answer = match put::take(folder, put, &mut ours).await {
                Ok(path) => Answer::Ok(path),
                Err(error) => Answer::Err(error),
            };
            let mut line = serde_json::to_vec(&answer).unwrap_or_default();
            line.push(b'\n');
            // Who asked may be gone.
            let _ = ours.write_all(&line).await;
            let _ = ours.shutdown().await;
        });
        Box::new(theirs)
    }
}
