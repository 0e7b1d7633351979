//! Claiming: by what a worker read last of parameters and account, or by what they are now.

use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use recado_domain::channel::{HoldReason, Permit};
use recado_domain::outbox::LeaseToken;
use recado_domain::parameter::{Parameter, Parameters as ParameterValues};
use recado_ports::mail::Reports;
use recado_ports::outbox::{Claim, Revision};
use recado_ports::parameters::ParameterSnapshot;
use recado_ports::store::StoreError;

use super::attempt::Line;
use super::gate::Probe;
use super::lease::Lease;
use super::{AccountView, Batch, DATABASE_PAUSE, DeliverBatch, Look, Next, POLL};
use crate::outgoing;

/// How soon a row that is due, and was not to be had, is looked at again: it waits for a chain's head, whose settlement
/// wakes the worker, or for the head to count as blocked, which wakes nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl DeliverBatch {
    /// A batch, or why there is none and when to look again.
    pub(super) async fn claim(&self, line: &mut Line, at_most: u16) -> Result<Look<'_>, StoreError> {
        // What was read last mostly still counts, which the claim itself finds out.
        let recalled = self.gate.recall(self.clock.elapsed());
        if let Some(view) = &recalled {
            let under = Some(view.revision);
            if let Some(batch) = self.batch(view, (Permit::Pass, None), under, at_most).await? {
                return Ok(Look::Batch(Box::new(batch)));
            }
        }
        let claimed_by = recalled.map(|view| view.revision);
        self.claim_anew(line, at_most, claimed_by).await
    }

    /// Claims by what parameters and account are now, unless a claim by the same has just found nothing.
    async fn claim_anew(
        &self,
        line: &mut Line,
        at_most: u16,
        claimed_by: Option<Revision>,
    ) -> Result<Look<'_>, StoreError> {
        let account_id = self.gate.account();
        // In this order: by the nudges sessions and faults are told apart, so they must not be newer than the account.
        let channel = self.channels.find(account_id).await?;
        let ParameterSnapshot {
            revision,
            values: parameters,
            ..
        } = self.parameters.snapshot().await?;
        let now = self.clock.elapsed();
        self.gate.follow(&channel, now);
        let stopped = parameters.is_on(Parameter::StopOutgoingMail);
        self.gate.note_stopped(stopped);
        if stopped {
            self.hang_up(take(line)).await;
            return Ok(Look::Nothing(Next::Within(POLL)));
        }
        let account = match outgoing::account(&parameters, self.settings.way_out) {
            Ok(account) => account,
            Err(missing) => {
                self.hang_up(take(line)).await;
                self.hold(HoldReason::NotConfigured, missing.to_string()).await?;
                self.gate.hold_for(HoldReason::NotConfigured, now);
                return Ok(Look::Nothing(Next::Within(POLL)));
            }
        };
        if channel
            .hold
            .as_ref()
            .is_some_and(|hold| hold.reason == HoldReason::NotConfigured)
        {
            self.channels
                .release(account_id, &[HoldReason::NotConfigured])
                .await?;
            return Ok(Look::Nothing(Next::AtOnce));
        }
        let (permit, probe) = self.gate.permit(now);
        let wait = match permit {
            Permit::Pass | Permit::Probe => None,
            Permit::WaitUntil(until) => Some(until.saturating_sub(now).min(POLL)),
            Permit::WaitForProbe => Some(DATABASE_PAUSE),
            Permit::Held(_) => Some(POLL),
        };
        if let Some(wait) = wait {
            self.rest(line).await;
            return Ok(Look::Nothing(Next::Within(wait)));
        }
        let revision = Revision {
            parameters: revision,
            nudges: channel.nudges,
        };
        if channel.hold.is_some() || claimed_by != Some(revision) {
            let view = Arc::new(AccountView {
                account,
                reports: self.reports(&parameters),
                revision,
            });
            if channel.hold.is_none() {
                self.gate.remember(&view);
            }
            if let Some(batch) = self.batch(&view, (permit, probe), None, at_most).await? {
                return Ok(Look::Batch(Box::new(batch)));
            }
        }
        self.rest(line).await;
        self.until_due().await.map(Look::Nothing)
    }

    /// Claims a batch, if there are mails that may leave.
    async fn batch<'a>(
        &'a self,
        view: &Arc<AccountView>,
        (permit, probe): (Permit, Option<Probe<'a>>),
        under: Option<Revision>,
        at_most: u16,
    ) -> Result<Option<Batch<'a>>, StoreError> {
        let limit = if permit == Permit::Probe {
            1
        } else {
            at_most.min(self.settings.batch)
        };
        let token = LeaseToken(self.ids.random());
        let began = self.clock.elapsed();
        let claim = Claim {
            account: self.gate.account(),
            limit,
            lease: token,
            lease_time: self.settings.lease,
            now: self.clock.now(),
            blocked_after: self.settings.blocked_after,
            under,
        };
        let claimed = self.outbox.claim(&claim).await?;
        if claimed.is_empty() {
            return Ok(None);
        }
        fail::fail_point!("deliver.claimed");
        let (outbox, clock) = (self.outbox.clone(), self.clock.clone());
        Ok(Some(Batch {
            deliveries: claimed.into_iter().map(|claimed| claimed.delivery).collect(),
            view: Arc::clone(view),
            permit,
            _probe: probe,
            lease: Lease::new(outbox, clock, token, self.settings.lease, began),
        }))
    }

    /// Reports of success are asked for only where a program reads them.
    fn reports(&self, parameters: &ParameterValues) -> Reports {
        if self.settings.way_back.is_open(parameters) {
            Reports::All
        } else {
            Reports::Failure
        }
    }

    async fn until_due(&self) -> Result<Next, StoreError> {
        let due = self.outbox.next_due(self.gate.account()).await?;
        let now = self.clock.now();
        let wait = match due {
            None => POLL,
            Some(due) if due <= now => LOOK_AGAIN,
            Some(due) => Duration::try_from(due.duration_since(now))
                .unwrap_or_default()
                .min(POLL),
        };
        Ok(Next::Within(wait))
    }
}
