//! Gathering: callers that want the same at the same time share one run of an operation.
//!
//! The first caller starts a run, and whoever comes while it is under way is part of the next one (group commit). There is
//! no timer: alone, a caller waits for nobody, and the longer a run takes the more it is worth that the next one
//! does. A run is a task of its own, so a caller that goes away takes nobody's answer along.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::fault::Fault;

/// What one run answers: a value for each input, in their order.
pub(crate) type Answers<T> = Result<Vec<T>, Fault>;

type Run<I, T> = dyn Fn(Vec<Arc<I>>) -> BoxFuture<'static, Answers<T>> + Send + Sync;

/// How much one run takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<I> {
    /// Runs under way at a time.
    pub(crate) runs: usize,
    /// Most inputs of one run.
    pub(crate) inputs: usize,
    /// Most that the inputs of one run weigh together; one that weighs more is run alone.
    pub(crate) weight: usize,
    /// What an input weighs.
    pub(crate) weigh: fn(&I) -> usize,
}

/// Shares runs between callers. A clone is the same gatherer.
pub(crate) struct Gatherer<I, T>(Arc<Inner<I, T>>);

struct Inner<I, T> {
    bounds: Bounds<I>,
    run: Box<Run<I, T>>,
    queue: Mutex<Queue<I, T>>,
}

struct Queue<I, T> {
    waiting: VecDeque<Waiting<I, T>>,
    under_way: usize,
}

struct Waiting<I, T> {
    input: Arc<I>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<I> Bounds<I> {
    /// The first of those who wait.
    fn next_group<T>(&self, waiting: &mut VecDeque<Waiting<I, T>>) -> Vec<Waiting<I, T>> {
        let (mut inputs, mut weight) = (0, 0_usize);
        for waiting in waiting.iter().take(self.inputs) {
            weight = weight.saturating_add((self.weigh)(&waiting.input));
            if inputs > 0 && weight > self.weight {
                break;
            }
            inputs += 1;
        }
        waiting.drain(..inputs).collect()
    }
}

impl<I, T> Clone for Gatherer<I, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<I: Send + Sync + 'static, T: Send + 'static> Gatherer<I, T> {
    /// `run` must leave nothing behind when it fails: its inputs are run again then, in smaller groups, until only those
    /// that fail by themselves are left.
    pub(crate) fn new(
        bounds: Bounds<I>,
        run: impl Fn(Vec<Arc<I>>) -> BoxFuture<'static, Answers<T>> + Send + Sync + 'static,
    ) -> Self {
        let queue = Queue {
            waiting: VecDeque::new(),
            under_way: 0,
        };
        Self(Arc::new(Inner {
            bounds,
            run: Box::new(run),
            queue: Mutex::new(queue),
        }))
    }

    /// Has the input run, beside those of others. When the caller goes away it is run all the same.
    pub(crate) async fn answer(&self, input: I) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let input = Arc::new(input);
        self.queue(Waiting { input, answer });
        let ended = |_| Err(Fault::unavailable("the process is about to end"));
        answered.await.unwrap_or_else(ended)
    }

    fn queue(&self, waiting: Waiting<I, T>) {
        let mut queue = self.0.lock();
        queue.waiting.push_back(waiting);
        if queue.under_way == self.0.bounds.runs {
            return;
        }
        queue.under_way += 1;
        // A runtime that ends drops what it is given at once, and a run that is dropped takes the lock.
        drop(queue);
        tokio::spawn(
            Running {
                gatherer: Arc::clone(&self.0),
                has_ended: false,
            }
            .all(),
        );
    }
}

impl<I, T> Inner<I, T> {
    fn lock(&self) -> MutexGuard<'_, Queue<I, T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answers(&self, group: &[Waiting<I, T>]) -> Answers<T> {
        let inputs = group.iter().map(|waiting| Arc::clone(&waiting.input)).collect();
        let run = AssertUnwindSafe(async { (self.run)(inputs).await }).catch_unwind();
        let answers = run
            .await
            .unwrap_or_else(|_| Err(Fault::unavailable("a group of operations panicked")))?;
        if answers.len() == group.len() {
            Ok(answers)
        } else {
            Err(Fault::unavailable("a group of operations left answers out"))
        }
    }

    async fn run(&self, group: Vec<Waiting<I, T>>) {
        let mut groups = vec![group];
        while let Some(mut group) = groups.pop() {
            let results: Vec<_> = match self.answers(&group).await {
                Ok(answers) => answers.into_iter().map(Ok).collect(),
                Err(fault) if group.len() == 1 => vec![Err(fault)],
                // Whatever ails the database ails everybody.
                Err(fault) if fault.is_everybodys() => {
                    let cause = fault.cause();
                    group
                        .iter()
                        .map(|_| Err(Fault::unavailable(cause.clone())))
                        .collect()
                }
                // Halves find the one at fault in a few runs.
                Err(_) => {
                    groups.push(group.split_off(group.len() / 2));
                    groups.push(group);
                    continue;
                }
            };
            for (waiting, result) in group.into_iter().zip(results) {
                // A caller that went away wants no answer.
                let _unwanted = waiting.answer.send(result);
            }
        }
    }
}

/// One of the runs under way. A task that is cut short counts no longer.
struct Running<I, T> {
    gatherer: Arc<Inner<I, T>>,
    has_ended: bool,
}

impl<I, T> Running<I, T> {
    /// Runs group after group until nobody waits.
    async fn all(mut self) {
        loop {
            // Whoever is about to come joins: a task that can go on at this moment goes first.
            tokio::task::yield_now().await;
            let Some(group) = self.next_group() else { return };
            self.gatherer.run(group).await;
        }
    }

    /// `None` ends this, under the lock: who comes later finds no run under way, and starts one.
    fn next_group(&mut self) -> Option<Vec<Waiting<I, T>>> {
        let mut queue = self.gatherer.lock();
        let group = self.gatherer.bounds.next_group(&mut queue.waiting);
        if group.is_empty() {
            queue.under_way -= 1;
            self.has_ended = true;
            return None;
        }
        Some(group)
    }
}

impl<I, T> Drop for Running<I, T> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.gatherer.lock().under_way -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use recado_ports::store::StoreError;
    use tokio::sync::Semaphore;

    const BOUNDS: Bounds<u32> = Bounds {
        runs: 1,
        inputs: 128,
        weight: 1_000,
        weigh: |input| *input as usize,
    };

    /// Answers ten times the input, and fails a group that holds 13; keeps what it was asked to run. A run takes a permit.
    struct Tenfold {
        groups: Arc<Mutex<Vec<Vec<u32>>>>,
        permits: Arc<Semaphore>,
        gatherer: Gatherer<u32, u32>,
    }

    impl Tenfold {
        fn new(bounds: Bounds<u32>, permits: usize, thirteen: fn() -> Fault) -> Self {
            let groups = Arc::new(Mutex::new(Vec::new()));
            let permits = Arc::new(Semaphore::new(permits));
            let (asked, permit) = (Arc::clone(&groups), Arc::clone(&permits));
            let gatherer = Gatherer::new(bounds, move |inputs: Vec<Arc<u32>>| {
                let (asked, permit) = (Arc::clone(&asked), Arc::clone(&permit));
                Box::pin(async move {
                    asked
                        .lock()
                        .unwrap()
                        .push(inputs.iter().map(|input| **input).collect());
                    permit.acquire().await.unwrap().forget();
                    if inputs.iter().any(|input| **input == 13) {
                        return Err(thirteen());
                    }
                    Ok(inputs.iter().map(|input| **input * 10).collect())
                })
            });
            Self {
                groups,
                permits,
                gatherer,
            }
        }

        fn groups(&self) -> Vec<Vec<u32>> {
            self.groups.lock().unwrap().clone()
        }

        /// The answers to callers that come at once, in that order.
        async fn answers(&self, inputs: impl IntoIterator<Item = u32>) -> Vec<Option<u32>> {
            let callers = inputs.into_iter().map(|input| self.gatherer.answer(input));
            join_all(callers).await.into_iter().map(Result::ok).collect()
        }

        /// A caller on its own, that has begun a run.
        async fn begin(&self, input: u32) -> tokio::task::JoinHandle<Result<u32, Fault>> {
            let gatherer = self.gatherer.clone();
            let runs = self.groups().len();
            let caller = tokio::spawn(async move { gatherer.answer(input).await });
            while self.groups().len() == runs {
                tokio::task::yield_now().await;
            }
            caller
        }
    }

    fn taken() -> Fault {
        Fault::conflict("thirteen")
    }

    #[tokio::test]
    async fn who_comes_during_a_run_shares_the_next_one() {
        let tenfold = Tenfold::new(BOUNDS, 0, taken);
        let first = tenfold.begin(1).await;
        let opening = async { tenfold.permits.add_permits(2) };
        let (others, ()) = tokio::join!(tenfold.answers([2, 3, 4]), opening);
        assert_eq!(others, [Some(20), Some(30), Some(40)]);
        assert_eq!(first.await.unwrap().unwrap(), 10);
        assert_eq!(tenfold.groups(), [vec![1], vec![2, 3, 4]]);
    }

    #[tokio::test]
    async fn a_caller_alone_waits_for_nobody() {
        let tenfold = Tenfold::new(BOUNDS, 2, taken);
        assert_eq!(tenfold.answers([1]).await, [Some(10)]);
        assert_eq!(tenfold.answers([2]).await, [Some(20)]);
        assert_eq!(tenfold.groups(), [[1], [2]]);
    }

    #[tokio::test]
    async fn a_group_is_bounded_in_number_and_weight() {
        let bounds = Bounds {
            inputs: 3,
            weight: 10,
            ..BOUNDS
        };
        let tenfold = Tenfold::new(bounds, 100, taken);
        tenfold.answers([1, 2, 3, 4, 5, 6, 50, 2]).await;
        let groups = [vec![1, 2, 3], vec![4, 5], vec![6], vec![50], vec![2]];
        assert_eq!(tenfold.groups(), groups);
    }

    #[tokio::test]
    async fn as_many_runs_are_under_way_as_may_be() {
        let tenfold = Tenfold::new(Bounds { runs: 2, ..BOUNDS }, 0, taken);
        let (first, second) = (tenfold.begin(1).await, tenfold.begin(2).await);
        let opening = async { tenfold.permits.add_permits(3) };
        let (others, ()) = tokio::join!(tenfold.answers([3, 4]), opening);
        assert_eq!(others, [Some(30), Some(40)]);
        assert_eq!(
            (first.await.unwrap().unwrap(), second.await.unwrap().unwrap()),
            (10, 20)
        );
        assert_eq!(tenfold.groups(), [vec![1], vec![2], vec![3, 4]]);
    }

    #[tokio::test]
    async fn the_fault_of_one_is_not_the_others() {
        let tenfold = Tenfold::new(BOUNDS, 100, taken);
        let inputs = 10..26;
        let expected: Vec<_> = inputs
            .clone()
            .map(|input| (input != 13).then_some(input * 10))
            .collect();
        assert_eq!(tenfold.answers(inputs).await, expected);
        assert!(tenfold.groups().len() < 12, "{:?}", tenfold.groups());
    }

    #[tokio::test]
    async fn whoever_is_at_fault_gets_their_own_fault() {
        let tenfold = Tenfold::new(BOUNDS, 100, taken);
        let (well, badly) = tokio::join!(tenfold.gatherer.answer(1), tenfold.gatherer.answer(13));
        assert!(well.is_ok());
        assert!(matches!(
            badly.map_err(StoreError::from),
            Err(StoreError::Conflict { .. })
        ));
    }

    #[tokio::test]
    async fn a_database_out_of_reach_is_asked_once() {
        let tenfold = Tenfold::new(BOUNDS, 100, || Fault::unavailable("no route to host"));
        let (one, other) = tokio::join!(tenfold.gatherer.answer(1), tenfold.gatherer.answer(13));
        for fault in [one.unwrap_err(), other.unwrap_err()] {
            assert_eq!(fault.cause(), "no route to host");
        }
        assert_eq!(tenfold.groups(), [[1, 13]]);
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_next_run_goes_on() {
        let tenfold = Tenfold::new(BOUNDS, 100, || panic!("a test's panic"));
        assert_eq!(tenfold.answers([1, 13]).await, [None, None]);
        assert_eq!(tenfold.answers([2]).await, [Some(20)]);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_takes_nobodys_answer_along() {
        let tenfold = Tenfold::new(BOUNDS, 0, taken);
        let first = tenfold.begin(1).await;
        first.abort();
        assert!(first.await.is_err());
        tenfold.permits.add_permits(2);
        assert_eq!(tenfold.answers([2]).await, [Some(20)]);
        assert_eq!(tenfold.groups(), [[1], [2]]);
    }
}
