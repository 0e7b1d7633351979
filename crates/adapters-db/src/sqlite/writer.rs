//! The writer thread: whatever jobs are queued share one transaction, a savepoint each where there are several, and are
//! answered after its commit (group commit).
//!
//! A job that fails is rolled back alone. When the whole transaction is gone with it (a full disk, a broken file), or
//! a job panics, every job of the group fails and the connection is opened anew: none of them was answered yet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::deserialize::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::connection::{Connection, establish, finished};
use crate::cached::Cached;
use crate::fault::Fault;
use crate::operation::{Operation, Terms};
use crate::wakeup::{News, Wakeups};

/// Most jobs in one transaction.
const GROUP: usize = 128;
/// How often the thread looks for other processes' commits while somebody waits for news.
const LOOK: Duration = Duration::from_millis(200);
/// A commit that did not wait for the disk is on it after this.
const FLUSH: Duration = Duration::from_millis(800);
/// Commits after which the log is copied into the database, once nobody has written for a [`LULL`]. Left to the commit
/// that fills the log, the copying would keep that one's callers waiting for some twenty milliseconds.
const LOGGED: u32 = 64;
const LULL: Duration = Duration::from_millis(20);

/// The way to the writer thread. Dropping it lets the thread finish what is queued, and waits for that.
pub(super) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(path: PathBuf, wakeups: Arc<Wakeups>) -> Self {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("recado-writer".to_owned())
            .spawn(move || Loop::new(path, wakeups).run(&queue))
            .expect("the system gives a thread at the start");
        Self {
            jobs: Some(jobs),
            thread: Mutex::new(Some(thread)),
        }
    }

    /// Queues a job and waits for its group's commit. When the caller goes away the job is still done.
    pub(super) async fn write<I, T>(
        &self,
        terms: Terms,
        input: I,
        operation: Operation<Connection, I, T>,
    ) -> Result<T, Fault>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Task {
            terms,
            input,
            operation,
            result: None,
            answer,
        });
        let jobs = self.jobs.as_ref().expect("the queue is open until the drop");
        jobs.send(job)
            .map_err(|_| Fault::unavailable("the writer thread has ended"))?;
        answered
            .await
            .unwrap_or_else(|_| Err(Fault::unavailable("the writer thread has ended")))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the database's writer thread panicked");
        }
    }
}

/// A queued transaction, its types hidden.
trait Job: Send {
    fn terms(&self) -> Terms;
    /// Runs it; the caller undoes it when this fails.
    fn run(&mut self, connection: &mut Connection) -> Ran;
    /// Tells the caller how the group ended.
    fn answer(self: Box<Self>, end: &Result<(), String>);
}

/// How a job went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    Well,
    Badly,
}

struct Task<I, T> {
    terms: Terms,
    input: I,
    operation: Operation<Connection, I, T>,
    result: Option<Result<T, Fault>>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<I: Send, T: Send> Job for Task<I, T> {
    fn terms(&self) -> Terms {
        self.terms
    }

    fn run(&mut self, connection: &mut Connection) -> Ran {
        let result = finished((self.operation)(connection, &self.input));
        let ran = if result.is_ok() { Ran::Well } else { Ran::Badly };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, end: &Result<(), String>) {
        let result = match (end, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Fault::unavailable("the job was not run")),
            (Err(cause), _) => Err(Fault::unavailable(cause.clone())),
        };
        // A caller that went away wants no answer.
        let _unwanted = self.answer.send(result);
    }
}

/// What the thread keeps between groups. Its pace is its own matter, so it asks no clock port.
struct Loop {
    path: PathBuf,
    wakeups: Arc<Wakeups>,
    connection: Option<Connection>,
    synchronous: Synchronous,
    /// Since when there are commits that did not wait for the disk.
    unflushed_since: Option<Instant>,
    /// Commits since the log was last copied in a lull.
    logged: u32,
    /// Whether the last group failed, or what was due after it.
    is_failing: bool,
    /// What `PRAGMA data_version` was, and when: it changes with other connections' commits alone.
    seen: Option<(i64, Instant)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Synchronous {
    Full,
    Normal,
}

impl Loop {
    fn new(path: PathBuf, wakeups: Arc<Wakeups>) -> Self {
        Self {
            path,
            wakeups,
            connection: None,
            synchronous: Synchronous::Full,
            unflushed_since: None,
            logged: 0,
            is_failing: false,
            seen: None,
        }
    }

    fn run(mut self, queue: &Receiver<Box<dyn Job>>) {
        if let Err(fault) = self.connection() {
            tracing::warn!(?fault, "the database cannot be opened yet");
        }
        loop {
            let mut lull = false;
            let patience = if self.logged < LOGGED { LOOK } else { LULL };
            match queue.recv_timeout(patience) {
                Ok(first) => {
                    let mut group = vec![first];
                    group.extend(queue.try_iter().take(GROUP - 1));
                    self.commit(group);
                }
                Err(RecvTimeoutError::Timeout) => lull = true,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let chores = catch_unwind(AssertUnwindSafe(|| self.chores(lull)));
            if !matches!(chores, Ok(Ok(()))) {
                self.reset();
            }
        }
        if self.unflushed_since.is_some() && self.flush().is_err() {
            tracing::warn!("the last marks were not flushed to disk; the system will do so");
        }
    }

    /// Runs a group in one transaction and answers its jobs.
    fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        let transaction = catch_unwind(AssertUnwindSafe(|| self.transact(&mut group)));
        let end = match transaction {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err(recado_ports::store::StoreError::from(fault)),
            Err(_) => Err(recado_ports::store::StoreError::Unavailable(
                "a job of the group panicked".into(),
            )),
        };
        let end = end.map_err(|error| {
            self.reset();
            let cause =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            tracing::error!(jobs = group.len(), %cause, "a group of writes failed");
            cause
        });
        let news = group
            .iter()
            .fold(News::Nothing, |news, job| news.and(job.terms().news));
        for job in group {
            job.answer(&end);
        }
        if end.is_ok() {
            // Nobody was told of what other processes wrote while it failed.
            let was_failing = std::mem::take(&mut self.is_failing);
            self.wakeups.spread(if was_failing { News::Both } else { news });
        }
    }

    fn transact(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        let flushed = group.iter().any(|job| job.terms().is_flushed());
        self.set_synchronous(if flushed {
            Synchronous::Full
        } else {
            Synchronous::Normal
        })?;
        let connection = self.connection()?;
        execute(connection, "BEGIN IMMEDIATE")?;
        // Undoing fails when the transaction is gone altogether: nothing that this group did counts then.
        if let [job] = group {
            if job.run(connection) == Ran::Badly {
                return execute(connection, "ROLLBACK");
            }
        } else {
            for job in group.iter_mut() {
                execute(connection, "SAVEPOINT job")?;
                if job.run(connection) == Ran::Badly {
                    execute(connection, "ROLLBACK TO job")?;
                }
                execute(connection, "RELEASE job")?;
            }
        }
        for job in group.iter() {
            job.terms().before_commit();
        }
        execute(connection, "COMMIT")?;
        for job in group.iter() {
            job.terms().after_commit();
        }
        self.unflushed_since = if flushed {
            None
        } else {
            self.unflushed_since.or(Some(Instant::now()))
        };
        self.logged = self.logged.saturating_add(1);
        Ok(())
    }

    /// What is due between groups: flushing, copying the log, and looking for what other processes wrote.
    fn chores(&mut self, lull: bool) -> Result<(), Fault> {
        let now = Instant::now();
        if self
            .unflushed_since
            .is_some_and(|since| now.duration_since(since) >= FLUSH)
        {
            self.flush()?;
        }
        if lull && self.logged >= LOGGED {
            self.logged = 0;
            // As far as no reader needs what is there: nobody waits. On a full disk it fails, and costs nothing but room.
            if let Err(fault) = execute(self.connection()?, "PRAGMA wal_checkpoint(PASSIVE)") {
                tracing::warn!(?fault, "the write-ahead log was not copied into the database");
            }
        }
        if self.wakeups.is_awaited() && self.seen.is_none_or(|(_, at)| now.duration_since(at) >= LOOK) {
            let version = data_version(self.connection()?)?;
            if self.seen.is_some_and(|(seen, _)| seen != version) {
                self.wakeups.spread(News::Both);
            }
            self.seen = Some((version, now));
        }
        Ok(())
    }

    /// A commit that waits for the disk takes those before it along: the write-ahead log is one file.
    fn flush(&mut self) -> Result<(), Fault> {
        self.set_synchronous(Synchronous::Full)?;
        execute(
            self.connection()?,
            "UPDATE flush SET number = number + 1 WHERE id = 0",
        )?;
        self.unflushed_since = None;
        Ok(())
    }

    fn set_synchronous(&mut self, wanted: Synchronous) -> Result<(), Fault> {
        self.connection()?;
        if self.synchronous != wanted {
            let pragma = match wanted {
                Synchronous::Full => "PRAGMA synchronous = FULL",
                Synchronous::Normal => "PRAGMA synchronous = NORMAL",
            };
            // Not one that stays prepared: SQLite obeys while it prepares.
            let obeyed = SimpleAsyncConnection::batch_execute(self.connection()?, pragma);
            obeyed.now_or_never().expect("nothing that runs inline waits")?;
            self.synchronous = wanted;
        }
        Ok(())
    }

    fn connection(&mut self) -> Result<&mut Connection, Fault> {
        if self.connection.is_none() {
            let mut connection = Connection::new(establish(&self.path)?);
            // Known before anybody waits, so that the first look finds what was written since.
            self.seen = Some((data_version(&mut connection)?, Instant::now()));
            self.connection = Some(connection);
            self.synchronous = Synchronous::Full;
        }
        Ok(self.connection.as_mut().expect("it was opened above"))
    }

    /// Closes the connection, and with it whatever transaction was left; the next group opens another.
    fn reset(&mut self) {
        self.connection = None;
        // What other processes wrote meanwhile would go unnoticed by the new connection. Told of each failure in a row, those
        // who wait would try again at once, for as long as a disk is full.
        if !std::mem::replace(&mut self.is_failing, true) {
            self.wakeups.spread(News::Both);
        }
    }
}

/// Runs a statement that stays prepared.
fn execute(connection: &mut Connection, sql: &str) -> Result<(), Fault> {
    let statement = Cached(diesel::sql_query(sql));
    finished(RunQueryDsl::execute(statement, connection))?;
    Ok(())
}

fn data_version(connection: &mut Connection) -> Result<i64, Fault> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = BigInt)]
        data_version: i64,
    }
    let query = diesel::sql_query("PRAGMA data_version").get_result::<Version>(connection);
    Ok(query
        .now_or_never()
        .expect("nothing that runs inline waits")?
        .data_version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::{Direction, migrate_sqlite};
    use crate::operation::Purpose;
    use futures_util::future::{BoxFuture, join_all};
    use recado_ports::store::StoreError;

    type Ran = Result<(), Fault>;

    fn writer() -> (Writer, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("recado.db");
        migrate_sqlite(&path, Direction::Up).unwrap();
        (Writer::start(path, Arc::new(Wakeups::new())), directory)
    }

    /// Runs the SQL that it is given.
    #[expect(clippy::ptr_arg, reason = "an operation borrows what its caller gave")]
    fn sql<'a>(connection: &'a mut Connection, text: &'a String) -> BoxFuture<'a, Ran> {
        Box::pin(async move { Ok(SimpleAsyncConnection::batch_execute(connection, text).await?) })
    }

    fn panics<'a>(_connection: &'a mut Connection, _input: &'a String) -> BoxFuture<'a, Ran> {
        Box::pin(async { panic!("a test's panic") })
    }

    fn keys<'a>(connection: &'a mut Connection, _input: &'a ()) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        use crate::schema::installation::dsl::{installation, key};
        use diesel::QueryDsl;
        Box::pin(async move { Ok(installation.select(key).order(key).load(connection).await?) })
    }

    fn synchronous<'a>(connection: &'a mut Connection, _input: &'a ()) -> BoxFuture<'a, Result<i64, Fault>> {
        #[derive(QueryableByName)]
        struct Level {
            #[diesel(sql_type = BigInt)]
            synchronous: i64,
        }
        Box::pin(async move {
            let level: Level = diesel::sql_query("PRAGMA synchronous")
                .get_result(connection)
                .await?;
            Ok(level.synchronous)
        })
    }

    fn insert(key: &str) -> String {
        format!("INSERT INTO installation (key, value) VALUES ('{key}', '')")
    }

    fn terms() -> Terms {
        Purpose::Record.with(News::Nothing)
    }

    async fn stored(writer: &Writer) -> Vec<String> {
        writer.write(terms(), (), keys).await.unwrap()
    }

    /// Queues jobs beside each other: each future is polled once, and so sends its job, before any is answered.
    async fn together(writer: &Writer, jobs: Vec<(String, Operation<Connection, String, ()>)>) -> Vec<bool> {
        let jobs = jobs
            .into_iter()
            .map(|(text, operation)| writer.write(terms(), text, operation));
        join_all(jobs)
            .await
            .into_iter()
            .map(|result| result.is_ok())
            .collect()
    }

    #[tokio::test]
    async fn a_job_that_fails_is_undone_alone() {
        let (writer, _directory) = writer();
        let both = format!("{}; {}", insert("b"), insert("a"));
        let jobs = vec![(insert("a"), sql as _), (both, sql as _), (insert("c"), sql as _)];
        assert_eq!(together(&writer, jobs).await, [true, false, true]);
        assert_eq!(stored(&writer).await, ["a", "c"]);
    }

    #[tokio::test]
    async fn a_group_waits_for_the_disk_where_a_job_needs_it() {
        let (writer, _directory) = writer();
        for (purpose, level) in [Purpose::Record, Purpose::Track]
            .into_iter()
            .zip([2, 1])
            .cycle()
            .take(6)
        {
            let seen = writer.write(purpose.with(News::Nothing), (), synchronous).await;
            assert_eq!(seen.unwrap(), level, "{purpose:?}");
        }
    }

    #[tokio::test]
    async fn the_log_is_copied_into_the_database_when_nobody_writes() {
        let (writer, directory) = writer();
        let size = || {
            std::fs::metadata(directory.path().join("recado.db"))
                .unwrap()
                .len()
        };
        let before = size();
        for number in 0..LOGGED {
            let large =
                format!("INSERT INTO installation (key, value) VALUES ('{number}', hex(zeroblob(2048)))");
            writer.write(terms(), large, sql).await.unwrap();
        }
        let patience = Instant::now() + Duration::from_secs(20);
        while size() < before + u64::from(LOGGED) * 4096 {
            assert!(Instant::now() < patience, "{} octets, then {}", before, size());
            tokio::time::sleep(LULL).await;
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_to_whoever_was_writing_and_outlived() {
        let (writer, _directory) = writer();
        writer
            .write(terms(), "PRAGMA max_page_count = 1".to_owned(), sql)
            .await
            .unwrap();
        let large = format!(
            "INSERT INTO installation (key, value) VALUES ('large', hex(zeroblob({})))",
            1 << 20
        );
        let full = writer
            .write(terms(), large.clone(), sql)
            .await
            .map_err(StoreError::from);
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
        // As an operator makes room: the next group finds it, whatever became of the connection.
        writer
            .write(terms(), "PRAGMA max_page_count = 1000000".to_owned(), sql)
            .await
            .unwrap();
        writer.write(terms(), large, sql).await.unwrap();
        assert_eq!(stored(&writer).await, ["large"]);
    }

    #[tokio::test]
    async fn a_group_whose_transaction_is_gone_fails_as_a_whole_and_the_next_goes_on() {
        let (writer, _directory) = writer();
        // ROLLBACK stands for what a full disk may do by itself: the savepoints are gone with the transaction.
        let gone = "ROLLBACK; SELECT no_such_column".to_owned();
        let before = writer.write(terms(), insert("a"), sql);
        let (before, broken) = tokio::join!(before, writer.write(terms(), gone, sql));
        assert!(broken.is_err());
        let survivors = if before.is_ok() { vec!["a", "b"] } else { vec!["b"] };
        writer.write(terms(), insert("b"), sql).await.unwrap();
        assert_eq!(
            stored(&writer).await,
            survivors,
            "what was answered well is stored, and nothing else"
        );
    }

    #[tokio::test]
    async fn a_panic_fails_its_group_and_the_next_goes_on() {
        let (writer, _directory) = writer();
        assert_eq!(
            together(&writer, vec![(String::new(), panics as _)]).await,
            [false]
        );
        assert_eq!(together(&writer, vec![(insert("a"), sql as _)]).await, [true]);
        assert_eq!(stored(&writer).await, ["a"]);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_nothing_open() {
        let (writer, _directory) = writer();
        let job = Box::pin(writer.write(terms(), insert("a"), sql));
        assert!(
            job.now_or_never().is_none(),
            "the job is queued, and its caller is gone"
        );
        writer.write(terms(), insert("b"), sql).await.unwrap();
        assert_eq!(stored(&writer).await, ["a", "b"]);
    }

    #[test]
    fn a_writer_that_is_dropped_finishes_what_is_queued() {
        let (writer, directory) = writer();
        assert!(
            Box::pin(writer.write(terms(), insert("a"), sql))
                .now_or_never()
                .is_none()
        );
        drop(writer);
        let mut connection = establish(&directory.path().join("recado.db")).unwrap();
        let found = diesel::connection::SimpleConnection::batch_execute(&mut connection, &insert("a"));
        assert!(found.is_err(), "the key is taken");
    }
}
