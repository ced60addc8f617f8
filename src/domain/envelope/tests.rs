//! What bodies carry, and that they carry it unchanged.

use proptest::prelude::*;

use super::*;

fn input(data: &str) -> EnvelopeInput<'_> {
    EnvelopeInput {
        event_type: "score.changed",
        event_version: None,
        event_id: "evt_1",
        delivery_id: "dlv_1",
        occurred_at: Timestamp::from_millis(1_773_655_500_000),
        workspace_id: "ws_1",
        data,
        content_type: None,
    }
}

fn body(profile: &str, format: Format, data: &str) -> String {
    let profile = Profile::built_in_named(profile).unwrap();
    let bytes = render(&profile, format, &input(data)).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn data_is_carried_with_its_spaces_escapes_and_digits() {
    let data = "{ \"b\" : 1.0, \"a\":12345678901234567890,\n \"e\":\"\\u00e9\\/\" }";
    for (profile, format) in [
        ("standard", Format::Json),
        ("armox", Format::Json),
        ("standard", Format::CloudEvents),
    ] {
        assert!(body(profile, format, data).contains(data));
    }
}

#[test]
fn a_text_with_a_content_type_goes_out_as_itself_if_it_goes_out_alone() {
    let profile = Profile::standard();
    let check = |format: Format, content_type: Option<&str>, data: &str, expect: &str| {
        let input = EnvelopeInput {
            content_type,
            ..input(data)
        };
        let text = String::from_utf8(render(&profile, format, &input).unwrap()).unwrap();
        assert!(text.ends_with(expect), "{text}");
        let json = render(&profile, format, &input.as_json()).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
    };
    let text = "\"<a>\\u00e9\\n</a>\"";
    check(Format::Data, Some("text/xml"), text, "<a>\u{e9}\n</a>");
    check(Format::Data, None, text, text);
    check(Format::Data, Some("text/xml"), "null", "null");
    check(Format::Json, Some("text/xml"), text, &format!("{text}}}"));
}

#[test]
fn flattening_keeps_the_members_and_lets_the_envelope_win() {
    let check = |data: &str, inner: &str| {
        let expect = format!(
            "{{\"event\":\"score.changed\",{inner}\"timestamp\":\"2026-03-16T10:05:00.000Z\"}}"
        );
        assert_eq!(body("indigiarmor", Format::Json, data), expect);
    };
    check("{}", "");
    check(" {\"a\" : 1.0 , \"b\":[1, 2]} ", "\"a\":1.0,\"b\":[1, 2],");
    check("{\"event\":\"x\",\"a\":1,\"timestamp\":5}", "\"a\":1,");
    check(
        "{\"\\u0065vent\":\"x\",\"a\":{\"event\":2}}",
        "\"a\":{\"event\":2},",
    );
    check("{\"\\u0061\":1,\"a\":2}", "\"\\u0061\":1,\"a\":2,");
    // Half a character is no text, but JSON allows it in a name.
    check("{\"\\udc00x\":1,\"event\":2}", "\"\\udc00x\":1,");
}

#[test]
fn only_objects_can_be_flattened() {
    let profile = Profile::built_in_named("indigiarmor").unwrap();
    for data in ["[]", "1", "null", "\"{}\"", " [{}]"] {
        let refused = Err(RenderError::NotAnObject);
        let json = BodySource::Envelope(Format::Json);
        assert_eq!(check_data(&profile, json, data), refused);
        assert_eq!(check_data(&profile, BodySource::Template, data), Ok(()));
        assert!(render(&profile, Format::Json, &input(data)).is_err());
        let slack = BodySource::Envelope(Format::Slack);
        assert_eq!(check_data(&profile, slack, data), Ok(()));
        assert_eq!(check_data(&Profile::standard(), json, data), Ok(()));
    }
    let json = BodySource::Envelope(Format::Json);
    assert_eq!(check_data(&profile, json, " {}"), Ok(()));
}

#[test]
fn a_cloud_event_has_every_required_attribute() {
    assert_eq!(
        body("standard", Format::CloudEvents, "{\"a\":1.0}"),
        "{\"specversion\":\"1.0\",\"id\":\"evt_1\",\"source\":\"/workspaces/ws_1\",\
         \"type\":\"score.changed\",\"time\":\"2026-03-16T10:05:00.000Z\",\
         \"datacontenttype\":\"application/json\",\"data\":{\"a\":1.0}}"
    );
}

#[test]
fn the_version_of_an_event_is_carried_and_nothing_where_it_has_none() {
    let profile = Profile::parse(
        r#"
        name = "versioned"
        envelope = [
            { name = "version", from = "event_version" },
            { name = "payload", from = "data" },
        ]
        signature = { header = "x-sig", encoding = "hex", content = "{body}", key = "utf8" }
        secret = { generate = "hex64" }
        "#,
    )
    .unwrap();
    let check = |event_version: Option<&str>, format: Format, expect: &str| {
        let input = EnvelopeInput {
            event_version,
            ..input("[1]")
        };
        let text = String::from_utf8(render(&profile, format, &input).unwrap()).unwrap();
        assert!(text.contains(expect), "{text}");
        assert_eq!(
            text.contains("version\":\"2"),
            event_version.is_some(),
            "{text}"
        );
    };
    check(
        Some("2"),
        Format::Json,
        "{\"version\":\"2\",\"payload\":[1]}",
    );
    check(None, Format::Json, "{\"payload\":[1]}");
    let cloud = "\"type\":\"score.changed\",\"eventversion\":\"2\",\"time\"";
    check(Some("2"), Format::CloudEvents, cloud);
    check(
        None,
        Format::CloudEvents,
        "\"type\":\"score.changed\",\"time\"",
    );
}

#[test]
fn every_kind_of_field_can_be_carried() {
    let profile = Profile::parse(
        r#"
        name = "sixth"
        envelope = [
            { name = "v", from = "constant", value = 2 },
            { name = "live", from = "constant", value = true },
            { name = "ev\"t", from = "constant", value = "a\"b" },
            { name = "delivery", from = "delivery_id" },
            { name = "workspace", from = "workspace_id" },
            { name = "at", from = "time_unix" },
            { name = "at_ms", from = "time_unix_ms" },
            { name = "payload", from = "data" },
        ]
        signature = { header = "x-sig", encoding = "hex", content = "{body}", key = "utf8" }
        secret = { generate = "hex64" }
        "#,
    )
    .unwrap();
    let bytes = render(&profile, Format::Json, &input("[1]")).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "{\"v\":2,\"live\":true,\"ev\\\"t\":\"a\\\"b\",\"delivery\":\"dlv_1\",\
         \"workspace\":\"ws_1\",\"at\":1773655500,\"at_ms\":1773655500000,\"payload\":[1]}"
    );
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("event|timestamp|.{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_body_is_json_and_nested_data_is_carried_byte_for_byte(
        value in json(),
        pretty in any::<bool>(),
    ) {
        let data = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        for profile in Profile::built_in() {
            for format in Format::ALL {
                let rendered = render(profile, format, &input(&data));
                let checked = check_data(profile, BodySource::Envelope(format), &data);
                prop_assert_eq!(rendered.is_ok(), checked.is_ok());
                let Ok(bytes) = rendered else { continue };
                let text = String::from_utf8(bytes).unwrap();
                let read: serde_json::Value = serde_json::from_str(&text).unwrap();
                prop_assert!(read.is_object() || format == Format::Data);
                if format != Format::Slack && !(profile.flattens() && format == Format::Json) {
                    prop_assert!(text.contains(&data));
                }
            }
        }
    }
}
