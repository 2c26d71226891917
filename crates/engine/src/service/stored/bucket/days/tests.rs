use proptest::prelude::*;

use super::*;

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

fn camera(name: &str) -> Camera {
    name.parse().unwrap()
}

fn day(number: u32) -> Day {
    format!("2026-11-{number:02}").parse().unwrap()
}

/// An index with days of one camera, each with the hours in which an event began; `None` as an older Owlery writes it.
fn index(days: &[(u32, Option<&[usize]>)]) -> HostIndex {
    let sums = days.iter().map(|(number, hours)| {
        let mut counts = [0; HOURS];
        hours.unwrap_or_default().iter().for_each(|hour| counts[*hour] += 1);
        let events = hours.map_or(1, <[usize]>::len) as u64;
        let sums = match hours {
            Some(_) => serde_json::json!({"events": events, "bytes": 9, "saved": 0, "hours": counts}),
            None => serde_json::json!({"events": events, "bytes": 9}),
        };
        (day(*number).to_string(), sums)
    });
    let sums: serde_json::Map<String, serde_json::Value> = sums.collect();
    let index = serde_json::json!({"version": 1, "archive": "a", "cameras": {"Camera1": sums}});
    serde_json::from_value(index).unwrap()
}

fn days_of(index: &HostIndex) -> Days {
    let mut days = Days::default();
    days.set_host(&host("a"), index, |_, _| None);
    days
}

/// The days of the month that a query loads first, and where its page is right up to.
fn wanted(days: &Days, query: &Query) -> (Vec<String>, Option<String>) {
    let wanted = days.wanted(query, 9);
    let batch = wanted.batch.iter().map(|place| place.day.to_string().split_off(8)).collect();
    (batch, wanted.edge.map(|edge| edge.format("%d %H:%M:%S").to_string()))
}

#[test]
fn the_hours_bound_what_a_page_needs() {
    let days =
        days_of(&index(&[(10, Some(&[5, 7])), (11, Some(&[0])), (12, Some(&[23])), (13, None), (14, Some(&[]))]));
    let newest = Query::new();
    assert_eq!(
        wanted(&days, &newest),
        (vec!["13".into(), "12".into(), "11".into(), "10".into()], Some("15 00:00:00".to_owned()))
    );
    let oldest = Query::new().order(Order::Asc);
    assert_eq!(
        wanted(&days, &oldest),
        (vec!["11".into(), "10".into(), "13".into(), "12".into()], Some("10 00:00:00".to_owned()))
    );
    let early = Query::new().to(day(10).at(8 * 3600));
    assert_eq!(
        wanted(&days, &early),
        (vec!["11".into(), "10".into()], Some("10 08:00:00".to_owned())),
        "frames before midnight"
    );
    let between = Query::new().from(day(10).at(8 * 3600)).to(day(10).at(9 * 3600));
    assert_eq!(wanted(&days, &between), (vec!["11".into()], Some("10 09:00:00".to_owned())));
    let saved = Query::new().saved(true);
    assert_eq!(wanted(&days, &saved), (vec!["13".into()], Some("15 00:00:00".to_owned())), "the others have none");
    assert_eq!(wanted(&days, &Query::new().camera("b:Camera1")), (vec![], None));
    assert_eq!(wanted(&days, &Query::new().camera("a:Camera1")).0.len(), 4);
}

#[test]
fn a_day_is_loaded_again_when_it_changes() {
    let first = index(&[(10, Some(&[5])), (11, None)]);
    let mut days = days_of(&first);
    let batch = days.wanted(&Query::new(), 9).batch;
    days.begin(&batch);
    assert_eq!(wanted(&days, &Query::new()).0, [""; 0], "they are being loaded");
    assert!(days.wanted(&Query::new(), 9).edge.is_some(), "and the page is not right before");
    let sums = |events: u64| {
        let mut hours = [0; HOURS];
        hours[7] = u32::try_from(events).unwrap();
        let camera = camera("a:Camera1");
        DaySummary { camera, day: day(10), events, saved: events, loose: 0, bytes: Some(9 * events), hours }
    };
    for place in &batch {
        days.loaded(place, &sums(1));
    }
    assert_eq!(days.wanted(&Query::new(), 9).edge, None);
    let told = days.summaries(None, (None, None));
    assert_eq!((told[0].hours[7], told[0].saved, told[1].hours[7], told[1].saved), (1, 1, 1, 1), "as its events are");

    let again = days.set_host(&host("a"), &first, |_, _| None);
    assert_eq!(again, Changed::default());
    let changed = days.set_host(&host("a"), &index(&[(10, Some(&[5, 6])), (11, None)]), |_, _| None);
    assert!(changed.is_changed && changed.gone.is_empty());
    assert_eq!(wanted(&days, &Query::new()).0, ["10"]);

    // It changes again while it is being loaded.
    let batch = days.wanted(&Query::new(), 9).batch;
    days.begin(&batch);
    days.set_host(&host("a"), &index(&[(10, Some(&[5, 6, 7])), (11, None)]), |_, _| None);
    assert!(!days.is_unloaded(&batch[0]));
    days.loaded(&batch[0], &sums(0));
    assert_eq!(wanted(&days, &Query::new()).0, ["10"]);
    days.begin(&batch);
    days.give_up(&batch[0]);
    assert!(days.is_unloaded(&batch[0]));

    // Its manifest is missing.
    let batch = days.wanted(&Query::new(), 9).batch;
    days.loaded(&batch[0], &sums(0));
    let told = days.summaries(None, (None, None));
    assert_eq!((told.len(), told[0].day, days.totals()[0].events), (1, day(11), 1));
}

#[test]
fn what_is_gone_is_told() {
    let mut days = days_of(&index(&[(10, Some(&[5])), (11, Some(&[5]))]));
    days.set_host(&host("b"), &index(&[(10, Some(&[5]))]), |_, _| None);
    assert_eq!(days.count(), (2, 3));
    let changed = days.set_host(&host("a"), &index(&[(11, Some(&[5]))]), |_, _| None);
    assert_eq!(changed.gone, [(host("a"), camera("Camera1"), day(10))]);
    let changed = days.keep_hosts(&[host("a")].into());
    assert_eq!(changed.gone, [(host("b"), camera("Camera1"), day(10))]);
    assert!(days.has(&camera("a:Camera1"), day(11)) && !days.has(&camera("a:Camera1"), day(10)));
    let totals = days.totals();
    assert_eq!((totals.len(), totals[0].events, totals[0].days), (1, 1, Some((day(11), day(11)))));
}

#[test]
fn what_an_earlier_run_has_loaded_stays() {
    let first = index(&[(10, Some(&[5])), (11, Some(&[5]))]);
    let version = days_of(&first).wanted(&Query::new(), 1).batch[0].version;
    let mut days = Days::default();
    days.set_host(&host("a"), &first, |_, asked| (asked == day(11)).then_some(version));
    assert_eq!(wanted(&days, &Query::new()).0, ["10"]);
    days.unload_all();
    assert_eq!(wanted(&days, &Query::new()).0, ["11", "10"]);
    let id = "a:Camera1/2026-11-10/05-00-00".parse().unwrap();
    assert_eq!(days.unloaded(&id).unwrap().day, day(10));
    assert_eq!(days.unloaded(&"b:Camera1/2026-11-10/05-00-00".parse().unwrap()), None);
}

proptest! {
    /// An event of a day that is not loaded never begins beyond the edge.
    #[test]
    fn no_event_begins_beyond_the_edge(
        starts in prop::collection::vec((1u32..28, -3600i64..90_000), 1..20),
        is_desc: bool,
        without_hours: bool,
    ) {
        let mut hours: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (number, secs) in &starts {
            let hour = usize::try_from(secs.div_euclid(3600).clamp(0, 23)).unwrap();
            hours.entry(*number).or_default().push(hour);
        }
        let told: Vec<_> =
            hours.iter().map(|(number, hours)| (*number, (!without_hours).then_some(&hours[..]))).collect();
        let days = days_of(&index(&told));
        let edge = days.wanted(&Query::new().order(if is_desc { Order::Desc } else { Order::Asc }), 1).edge.unwrap();
        for (number, secs) in starts {
            let start = day(number).at(secs);
            prop_assert!(if is_desc { start <= edge } else { start >= edge }, "{start} {edge}");
        }
    }
}
