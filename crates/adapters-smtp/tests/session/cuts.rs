//! The connection cut after every byte of the dialogue, in both directions.

use super::*;
use recado_test_support::smtp_server::{Extension, SmtpServerBuilder};

/// Longer than any dialogue here.
const WHOLE: usize = 4_096;

/// Sends one mail through a server cut at each byte in turn; gives the outcome and what the server took.
///
/// The cut that changes nothing any more ends the round.
async fn every_cut(cut: impl Fn(usize) -> SmtpServerBuilder) -> Vec<(Result<Reply, SendError>, usize)> {
    let transport = transport();
    let mut outcomes = Vec::new();
    for bytes in 0..WHOLE {
        let server = cut(bytes).start().await;
        let result = deliver(&transport, &account(&server), "a@x").await;
        let done = result.is_ok();
        outcomes.push((result, server.count()));
        if done {
            return outcomes;
        }
    }
    panic!("no mail went through in {WHOLE} cuts");
}

fn builders() -> [SmtpServerBuilder; 2] {
    [
        SmtpServer::builder(),
        SmtpServer::builder().without(Extension::Pipelining),
    ]
}

#[tokio::test]
async fn a_server_that_hears_less_and_less_never_makes_a_false_report() {
    for builder in builders() {
        let outcomes = every_cut(|bytes| builder.clone().cut_after_received(bytes)).await;
        assert!(outcomes.len() > 150, "{} cuts", outcomes.len());
        assert_reports_are_true(&outcomes);
        // A server that heard less than the final dot took nothing.
        let taken: usize = outcomes.iter().map(|(_, taken)| taken).sum();
        assert_eq!(taken, 1);
    }
}

#[tokio::test]
async fn a_server_that_says_less_and_less_never_makes_a_false_report() {
    for builder in builders() {
        let outcomes = every_cut(|bytes| builder.clone().cut_after_sent(bytes)).await;
        assert!(outcomes.len() > 150, "{} cuts", outcomes.len());
        assert_reports_are_true(&outcomes);
        // From the final dot on the server had the mail, and its answer was cut: unsure, not failed.
        let unsure = outcomes
            .iter()
            .filter(|(result, _)| matches!(result, Err(SendError::Unsure(_))))
            .count();
        let taken: usize = outcomes.iter().map(|(_, taken)| taken).sum();
        assert!(unsure > 20);
        assert_eq!(taken, unsure + 1);
    }
}

/// Success only where the server took the mail; where it took it and we could not know, `Unsure` and nothing else.
fn assert_reports_are_true(outcomes: &[(Result<Reply, SendError>, usize)]) {
    for (bytes, (result, taken)) in outcomes.iter().enumerate() {
        match result {
            Ok(_) => assert_eq!(*taken, 1, "{bytes} bytes: success without a mail"),
            Err(SendError::Unsure(_)) => assert!(*taken <= 1),
            Err(SendError::Channel(fault)) => {
                assert!(*taken == 0 && fault.hold.is_none(), "{bytes} bytes: {fault:?}");
            }
            Err(SendError::Cut { .. }) => assert_eq!(*taken, 0, "{bytes} bytes: {result:?}"),
            Err(other) => panic!("{bytes} bytes: {other:?}"),
        }
    }
}
