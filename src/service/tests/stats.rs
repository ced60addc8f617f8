//! Statistics: that they say what happened, and nothing of hookpost's own alerts.

use super::house::House;
use super::receiver::Receiver;
use crate::domain::delivery::Status;
use crate::service::stats::PeriodInput;

#[tokio::test(flavor = "multi_thread")]
async fn statistics_say_what_happened() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.script(&[500, 500]);
    let webhook = house.webhook(&receiver.url, &["1ms"]).await.webhook;
    let other = Receiver::start().await;
    house.webhook(&other.url, &[]).await;
    house.publish(0).await;
    house.counted(Status::Exhausted, 1).await;
    receiver.script(&[500]);
    house.publish(1).await;
    house.counted(Status::Delivered, 3).await;
    house.publish(2).await;
    house.counted(Status::Delivered, 5).await;
    let stats = house
        .service
        .webhook_stats(&house.caller, webhook.id, PeriodInput::default())
        .await
        .unwrap();
    assert_eq!((stats.counts.delivered, stats.counts.exhausted), (2, 1));
    assert_eq!((stats.total.attempts, stats.total.failures), (5, 3));
    assert_eq!((stats.total.delivered, stats.total.exhausted), (2, 1));
    assert!((stats.success_rate.unwrap() - 0.4).abs() < 1e-9);
    assert!(stats.p50_ms.is_some() && stats.p95_ms >= stats.p50_ms);
    let sum: u64 = stats.series.iter().map(|step| step.attempts).sum();
    assert_eq!(sum, 5);
    assert!((288..=290).contains(&stats.series.len()));
    let whole = house
        .service
        .workspace_stats(&house.caller, None, PeriodInput::default())
        .await
        .unwrap();
    let (consumer, whole) = whole;
    assert_eq!(consumer, None);
    assert_eq!((whole.total.events, whole.total.attempts), (3, 8));
    assert_eq!(whole.counts.delivered, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_period_has_no_rate_and_no_durations() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let webhook = house.webhook(&receiver.url, &[]).await.webhook;
    let stats = house
        .service
        .webhook_stats(&house.caller, webhook.id, PeriodInput::default())
        .await
        .unwrap();
    assert_eq!((stats.success_rate, stats.p50_ms), (None, None));
    assert_eq!(stats.total.attempts, 0);
}
