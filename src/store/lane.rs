//! Threads that own SQLite connections. SQLite blocks, so no async thread touches it: a caller hands a job to a lane and
//! awaits its answer. The store has one lane with one thread for writing, and one with a few for reading.

use crate::store::{Fault, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

type Job = Box<dyn FnOnce(Result<&mut Connection, StoreError>) + Send>;
type Open = Arc<dyn Fn() -> Result<Connection, StoreError> + Send + Sync>;

/// One or more threads that take jobs from one queue, each with its own connection.
pub(super) struct Lane {
    // Taken in `drop`, so that the threads see the end of the queue before they are joined.
    queue: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    behavior: TransactionBehavior,
    database: PathBuf,
}

impl Lane {
    /// Starts `count` threads. A connection is opened by the first job that needs it, unless one is given for the
    /// first thread.
    pub(super) fn start(
        name: &str,
        count: usize,
        behavior: TransactionBehavior,
        database: PathBuf,
        mut ready: Option<Connection>,
        open: Open,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(count);
        for i in 0..count {
            let (jobs, open, ready) = (jobs.clone(), open.clone(), ready.take());
            let thread = std::thread::Builder::new()
                .name(format!("osler-{name}-{i}"))
                .spawn(move || work(&jobs, ready, &open))
                .map_err(|e| StoreError::Broken(format!("cannot start a thread: {e}")))?;
            threads.push(thread);
        }
        Ok(Self {
            queue: Some(queue),
            threads,
            behavior,
            database,
        })
    }

    /// Runs `job` in one transaction: committed where it gives a value, rolled back where it fails or panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let (behavior, database) = (self.behavior, self.database.clone());
        let job: Job = Box::new(move |conn| {
            let result = conn.and_then(|conn| {
                catch_unwind(AssertUnwindSafe(|| {
                    let tx = conn.transaction_with_behavior(behavior)?;
                    let value = job(&tx)?;
                    tx.commit()?;
                    Ok(value)
                }))
                .unwrap_or_else(|_| Err(StoreError::Broken("a statement panicked".into()).into()))
                .map_err(|fault: Fault| fault.at(&database))
            });
            // Nobody waits any more where the caller was cancelled; what was committed stands.
            let _ = answer.send(result);
        });
        self.queue
            .as_ref()
            .and_then(|queue| queue.send(job).ok())
            .ok_or(StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A thread cannot panic outside a job, and a job's panic is caught.
            let _ = thread.join();
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, mut ready: Option<Connection>, open: &Open) {
    loop {
        // The lock is held while waiting: one idle thread waits for the job, the others wait for the lock.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if ready.is_none() {
            match open() {
                Ok(conn) => ready = Some(conn),
                Err(e) => {
                    job(Err(e));
                    continue;
                }
            }
        }
        if let Some(conn) = ready.as_mut() {
            job(Ok(conn));
        }
    }
}
