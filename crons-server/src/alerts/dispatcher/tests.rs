//! The wait after a failed attempt, and the outcome of each answer.

use super::*;
use crate::alerts::WebhookResponse;

fn waiting(attempts: u32) -> DueAlert {
    let begin = Timestamp::UNIX_EPOCH;
    DueAlert {
        id: 7,
        key: Uuid::nil(),
        target: "ops".to_owned(),
        body: "{}".to_owned(),
        created_at: begin,
        attempts,
        next_attempt_at: begin,
        is_drill: false,
        group_until: None,
        refused: false,
    }
}

fn answer(status: u16, retry_after: Option<u64>) -> TargetResponse {
    let body = " teapot\n".to_owned();
    let retry_after = retry_after.map(Duration::from_secs);
    WebhookResponse { status, body, elapsed: Duration::ZERO, retry_after }.into()
}

fn seconds(number: i64) -> Timestamp {
    Timestamp::from_second(number).unwrap()
}

#[test]
fn the_wait_doubles_up_to_a_minute_and_is_never_less_than_half() {
    let whole: Vec<u64> = (1..=12).map(|attempts| backoff(attempts, 0).as_secs()).collect();
    assert_eq!(whole, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
    assert_eq!(backoff(u32::MAX, 0), MAX_BACKOFF);
    assert_eq!(backoff(3, 1 << 15), Duration::from_secs(3));
    assert!((Duration::from_secs(30)..Duration::from_secs(31)).contains(&backoff(20, u16::MAX)));
}

#[test]
fn a_message_of_a_clock_that_was_ahead_is_sent_as_if_it_was_created_now() {
    let message = |attempts, created, next| DueAlert {
        created_at: seconds(created),
        next_attempt_at: seconds(next),
        ..waiting(attempts)
    };
    assert_eq!(message(0, 50, 50).due_at(seconds(60)), seconds(50));
    assert_eq!(message(0, 50, 80).due_at(seconds(60)), seconds(80), "its group waits");
    assert_eq!(message(0, 3_600, 3_600).due_at(seconds(60)), seconds(60));
    assert_eq!(message(0, 3_600, 3_630).due_at(seconds(60)), seconds(90));
    assert_eq!(
        message(1, 3_600, 62).due_at(seconds(60)),
        seconds(62),
        "the wait after an attempt is of this clock"
    );
}

#[test]
fn only_an_answer_of_2xx_counts_as_delivered() {
    let outcome = |response: Result<TargetResponse, DeliveryError>| {
        waiting(0).after(&response, vec![7], seconds(10), 0).outcome
    };
    let failed = |refused, next| DeliveryOutcome::Failed { next: seconds(next), refused };
    assert_eq!(outcome(Ok(answer(204, None))), DeliveryOutcome::Delivered);
    assert_eq!(outcome(Ok(answer(302, None))), failed(true, 11));
    assert_eq!(outcome(Ok(answer(400, None))), failed(true, 11));
    assert_eq!(outcome(Ok(answer(429, Some(30)))), failed(false, 40));
    assert_eq!(outcome(Ok(answer(503, Some(1 << 40)))), failed(false, 10 + 3600));
    assert_eq!(outcome(Err(DeliveryError::unknown("ops"))), failed(false, 11));
    assert_eq!(waiting(0).after(&Ok(answer(500, None)), vec![7], seconds(10), 0).answer, "HTTP 500: teapot");
}

#[test]
fn a_message_expires_after_a_day_and_ten_attempts() {
    const DAY: i64 = 24 * 60 * 60;
    let outcome =
        |attempts, at| waiting(attempts).after(&Ok(answer(500, None)), vec![7], seconds(at), 0).outcome;
    assert!(matches!(outcome(150, DAY - 1), DeliveryOutcome::Failed { .. }));
    assert_eq!(outcome(150, DAY), DeliveryOutcome::Expired);
    assert!(matches!(outcome(8, 7 * DAY), DeliveryOutcome::Failed { .. }), "the server was off");
    assert_eq!(outcome(9, 7 * DAY), DeliveryOutcome::Expired);
}
