//! A form of three fields, read and drawn.

use super::{FieldSet, FieldSpec, Fields, Form, FormDraft, FormSpec, Frame};
use crate::service::{FieldError, Refusal};

#[derive(Debug, Default, PartialEq)]
struct Order {
    name: String,
    count: Option<i64>,
    gift: bool,
}

type Part = FieldSpec<Order, Order>;

static FORM: FormSpec<Order, Order> = FormSpec::new(&[
    FieldSet {
        frame: Frame::Bare,
        fields: &[Fields::Stack(&[Part::text("name", "Name")
            .shows(|order| Some(order.name.clone()))
            .sets(|order, typed| order.name = typed.trimmed())])],
    },
    FieldSet {
        frame: Frame::Folded { title: "More" },
        fields: &[
            Fields::Titled(
                "Amount",
                &[Fields::Grid(&[Part::number("count", "Count")
                    .path("amount.count")
                    .shows(|order| order.count.map(|count| count.to_string()))
                    .sets(|order, typed| order.count = typed.number())])],
            ),
            Fields::Stack(&[Part::check("gift", "A gift")
                .path("amount")
                .initial(&["on"])
                .shows(|order| order.gift.then(|| "on".to_owned()))
                .sets(|order, typed| order.gift = typed.is_ticked())]),
        ],
    },
]);

fn error(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        message: "is wrong".to_owned(),
    }
}

fn drawn(fields: &[&str]) -> String {
    let errors = fields.iter().map(|field| error(field)).collect();
    FORM.draw(&FormDraft::wrong(Form::default(), errors))
        .to_string()
}

#[test]
fn what_a_thing_shows_is_read_back_as_the_same_thing() {
    for (count, gift) in [(None, true), (Some(3), false)] {
        let name = "Ada".to_owned();
        let order = Order { name, count, gift };
        let typed = FORM.of(&order).typed;
        assert_eq!(FORM.read(&typed, Order::default()).unwrap(), order);
    }
    let blank = FORM.read(&FORM.blank().typed, Order::default()).unwrap();
    assert!(blank.gift && blank.name.is_empty());
}

#[test]
fn everything_that_cannot_be_read_is_named_at_once_and_what_was_typed_stays() {
    let typed = Form::default().with("name", "<b>").with("count", "many");
    let Err(Refusal::Invalid(errors)) = FORM.read(&typed, Order::default()) else {
        panic!("many is no number");
    };
    let html = FORM.draw(&FormDraft::wrong(typed, errors)).to_string();
    assert!(html.contains("value=\"&#60;b&#62;\"") && html.contains("value=\"many\""));
    assert!(html.contains("Count: must be a number"), "{html}");
}

#[test]
fn an_error_stands_beside_the_field_whose_path_leads_closest_to_it() {
    let html = drawn(&["name[2]", "amount.count", "amount.other"]);
    assert!(html.contains("Name: [2] is wrong"), "{html}");
    assert!(html.contains("Count: is wrong"), "{html}");
    assert!(html.contains("A gift: other is wrong"), "{html}");
    let errors = ["names", "amount", "price"].map(error).to_vec();
    let view = FORM.draw(&FormDraft::wrong(Form::default(), errors));
    assert_eq!(view.left_over, ["names is wrong", "price is wrong"]);
}

#[test]
fn a_folded_group_opens_for_an_error_within() {
    assert!(!drawn(&["name"]).contains("<details class=\"card\" open>"));
    assert!(drawn(&["amount.count"]).contains("<details class=\"card\" open>"));
    let open = FORM.unfolded().draw(&FormDraft::default()).to_string();
    assert!(open.contains("<details class=\"card\" open>"));
}

#[test]
fn a_field_that_was_left_out_is_neither_drawn_nor_read() {
    let typed = Form::default().with("name", "Ada").with("count", "many");
    for narrowed in [FORM.only(&["name"]), FORM.without(&["count", "gift"])] {
        let order = narrowed.read(&typed, Order::default()).unwrap();
        assert_eq!(order.name, "Ada");
        let errors = vec![error("amount.count")];
        let view = narrowed.draw(&FormDraft::wrong(typed.clone(), errors));
        assert_eq!(view.left_over, ["amount.count is wrong"]);
        let html = view.to_string();
        assert!(
            !html.contains("Amount") && !html.contains("count"),
            "{html}"
        );
    }
}
