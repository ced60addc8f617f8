//! A form as it is drawn: label, hint, what was typed, what is wrong with it.
//!
//! Owns: the HTML of fields, and tying label, hint and fault to the input for who listens instead of
//! looking. Refuses: checking values; and the `<form>` around it with its token and buttons, which are
//! the page's.

use askama::Template;
use askama::filters::HtmlSafe;

use super::field::{FieldKind, FieldSpec, Offer, OfferGroup};
use super::posted::Form;
use crate::ui::parts::further;
use crate::ui::speech::filters;

/// So many values to pick are looked through by eye; above, a field narrows them.
const FILTERED_FROM: usize = 12;

/// A form's fields, filled in.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/form.html")]
pub struct FormView {
    pub(super) sets: Vec<FieldSetView>,
    pub(super) hidden: Vec<(&'static str, String)>,
    pub(super) left_over: Vec<String>,
    pub(super) has_errors: bool,
}

impl HtmlSafe for FormView {}

impl FormView {
    /// With what the field called `name` offers at this time; without effect where it is left out.
    #[must_use]
    pub fn offer(mut self, name: &str, offers: &[Offer]) -> Self {
        for field in self.fields_mut().filter(|field| field.name == name) {
            field.offers = offers.to_vec();
        }
        self
    }

    /// With values to pick for the list in the field called `name`. What of the list is among them is
    /// ticked there; the rest stays in the field.
    #[must_use]
    pub fn pick(mut self, name: &str, groups: &[OfferGroup]) -> Self {
        for field in self.fields_mut().filter(|field| field.name == name) {
            field.pick(groups);
        }
        self
    }

    /// With a word about what the field called `name` does not offer for want of room.
    #[must_use]
    pub fn not_offered(mut self, name: &str, count: usize) -> Self {
        if count > 0 {
            for field in self.fields_mut().filter(|field| field.name == name) {
                let further = further(count as u64);
                field.further = format!("{further} in the catalogue: type their names");
            }
        }
        self
    }

    /// With the hint that fits the moment.
    #[must_use]
    pub fn hint(mut self, name: &str, hint: &str) -> Self {
        for field in self.fields_mut().filter(|field| field.name == name) {
            hint.clone_into(&mut field.hint);
        }
        self
    }

    /// Whether something is wrong with what was typed.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// What stands above the form when it comes back: that nothing was done, and what no field shows.
    #[must_use]
    pub fn notice(&self, said: &'static str) -> Notice {
        Notice {
            said: self.has_errors.then_some(said),
            faults: self.left_over.clone(),
        }
    }

    /// As [`FormView::notice`], for a form so short that its fields say the rest.
    #[must_use]
    pub fn left_over(&self) -> Notice {
        Notice {
            said: None,
            faults: self.left_over.clone(),
        }
    }

    fn fields_mut(&mut self) -> impl Iterator<Item = &mut FieldView> {
        let sets = self.sets.iter_mut();
        sets.flat_map(|set| set.fields.iter_mut().flat_map(FieldsView::fields_mut))
    }
}

/// Fields in their frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldSetView {
    pub(super) frame: FrameView,
    pub(super) fields: Vec<FieldsView>,
}

/// What is around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameView {
    Bare,
    Card {
        id: &'static str,
        title: &'static str,
    },
    Folded {
        title: &'static str,
        is_open: bool,
    },
}

/// How fields stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Stack,
    Grid,
    Halves,
    Titled(&'static str),
}

/// Fields that stand together.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/form_fields.html")]
pub(super) struct FieldsView {
    pub(super) layout: Layout,
    /// The fields; those of halves in two parts.
    pub(super) parts: Vec<Vec<FieldView>>,
    /// What stands under the title.
    pub(super) within: Vec<FieldsView>,
}

impl HtmlSafe for FieldsView {}

impl FieldsView {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(Vec::is_empty) && self.within.is_empty()
    }

    pub(super) fn has_faults(&self) -> bool {
        let mut fields = self.parts.iter().flatten();
        fields.any(|field| !field.faults.is_empty()) || self.within.iter().any(Self::has_faults)
    }

    fn fields_mut(&mut self) -> Vec<&mut FieldView> {
        let own = self.parts.iter_mut().flatten();
        let within = self.within.iter_mut().flat_map(Self::fields_mut);
        own.chain(within).collect()
    }
}

/// A labelled input.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/form_field.html")]
pub(super) struct FieldView {
    name: &'static str,
    label: &'static str,
    kind: FieldKind,
    hint: String,
    example: &'static str,
    autocomplete: &'static str,
    required: bool,
    values: Vec<String>,
    offers: Vec<Offer>,
    groups: Vec<OfferGroup>,
    /// What is said of values that there was no room to offer.
    further: String,
    faults: Vec<String>,
}

impl HtmlSafe for FieldView {}

impl FieldView {
    pub(super) fn of<M, I>(field: &FieldSpec<M, I>, typed: &Form, faults: Vec<String>) -> Self {
        Self {
            name: field.name,
            label: field.label,
            kind: field.kind,
            hint: field.hint.to_owned(),
            example: field.example,
            autocomplete: field.autocomplete,
            required: field.required,
            values: typed.all(field.name).map(str::to_owned).collect(),
            offers: (field.offers)(),
            groups: Vec::new(),
            further: String::new(),
            faults,
        }
    }

    fn pick(&mut self, groups: &[OfferGroup]) {
        let listed = |text: &String| {
            let values = text.split(['\n', ',', ' ']).filter(|one| !one.is_empty());
            values.map(str::to_owned).collect::<Vec<_>>()
        };
        let is_offered = |value: &String| groups.iter().any(|group| group.values.contains(value));
        let all = self.values.iter().flat_map(listed);
        let (picked, typed): (Vec<_>, Vec<_>) = all.partition(is_offered);
        if !picked.is_empty() {
            self.values = [vec![typed.join("\n")], picked].concat();
        }
        self.groups = groups.to_vec();
    }

    /// How many there are to pick.
    fn picks(&self) -> usize {
        self.groups.iter().map(|group| group.values.len()).sum()
    }

    /// What an input of one line is to HTML.
    fn html_type(&self) -> &'static str {
        match self.kind {
            FieldKind::Url => "url",
            FieldKind::Number => "number",
            FieldKind::Email => "email",
            FieldKind::Password => "password",
            FieldKind::Hidden => "hidden",
            FieldKind::Text
            | FieldKind::Code
            | FieldKind::Lines { .. }
            | FieldKind::Sealed { .. }
            | FieldKind::Choice
            | FieldKind::Check
            | FieldKind::Boxes => "text",
        }
    }

    fn value(&self) -> &str {
        match self.kind {
            FieldKind::Password | FieldKind::Code | FieldKind::Sealed { .. } => "",
            FieldKind::Text
            | FieldKind::Url
            | FieldKind::Number
            | FieldKind::Email
            | FieldKind::Lines { .. }
            | FieldKind::Choice
            | FieldKind::Check
            | FieldKind::Boxes
            | FieldKind::Hidden => self.values.first().map_or("", String::as_str),
        }
    }

    /// Whether nothing but names is offered: these are short and stand side by side.
    fn offers_names(&self) -> bool {
        self.offers.iter().all(|offer| offer.word == offer.value)
    }

    fn has(&self, value: &str) -> bool {
        self.values.iter().any(|own| own == value)
    }

    /// The ids of what is said about the input; hints within a label are read with it.
    fn described_by(&self) -> String {
        let hint = match self.kind {
            FieldKind::Check | FieldKind::Boxes => "",
            FieldKind::Text
            | FieldKind::Url
            | FieldKind::Number
            | FieldKind::Email
            | FieldKind::Password
            | FieldKind::Code
            | FieldKind::Lines { .. }
            | FieldKind::Sealed { .. }
            | FieldKind::Choice
            | FieldKind::Hidden => self.hint.as_str(),
        };
        let mut ids = Vec::new();
        if !hint.is_empty() {
            ids.push(format!("{}-hint", self.name));
        }
        if !self.faults.is_empty() {
            ids.push(format!("{}-fault", self.name));
        }
        ids.join(" ")
    }
}

/// What stands above a form that comes back.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/form_notice.html")]
pub struct Notice {
    said: Option<&'static str>,
    faults: Vec<String>,
}

impl HtmlSafe for Notice {}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(field: &FieldSpec<(), ()>, typed: &[&str]) -> String {
        let form = typed
            .iter()
            .fold(Form::default(), |form, one| form.with("d", *one));
        FieldView::of(field, &form, vec!["is wrong".to_owned()]).to_string()
    }

    #[test]
    fn what_was_typed_is_kept_as_text() {
        let html = drawn(&FieldSpec::lines("d", "Data", 3), &["</textarea><script>"]);
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("&#60;/textarea&#62;"), "{html}");
    }

    #[test]
    fn a_password_or_a_code_is_never_shown_again() {
        for field in [
            FieldSpec::password("d", "Password"),
            FieldSpec::code("d", "Code"),
        ] {
            let html = drawn(&field, &["123456"]);
            assert!(!html.contains("123456"), "{html}");
        }
    }

    #[test]
    fn whatever_its_kind_an_input_is_tied_to_its_fault() {
        let offers = || vec![Offer::named("a"), Offer::named("b")];
        for field in [
            FieldSpec::text("d", "Data"),
            FieldSpec::lines("d", "Data", 3),
            FieldSpec::choice("d", "Data").offers(offers),
            FieldSpec::check("d", "Data"),
            FieldSpec::boxes("d", "Data").offers(offers),
        ] {
            let html = drawn(&field, &["b"]);
            assert!(html.contains("aria-describedby=\"d-fault\""), "{html}");
            assert!(html.contains("id=\"d-fault\""), "{html}");
            assert!(html.contains("Data: is wrong"), "{html}");
        }
    }

    #[test]
    fn what_is_offered_is_ticked_and_the_rest_of_a_list_stays_in_its_field() {
        let group = |values: &[&str]| OfferGroup {
            title: "Orders <b>".to_owned(),
            values: values.iter().map(|one| (*one).to_owned()).collect(),
        };
        let field: FieldSpec<(), ()> = FieldSpec::lines("d", "Data", 3);
        let drawn = |typed: &[&str]| {
            let form = typed
                .iter()
                .fold(Form::default(), |form, one| form.with("d", *one));
            let mut view = FieldView::of(&field, &form, Vec::new());
            view.pick(&[group(&["a.*", "a.b"]), group(&["c"])]);
            view.to_string()
        };
        let html = drawn(&["a.b\nx.y, c", "a.b"]);
        assert!(html.contains(">\nx.y</textarea>"), "{html}");
        assert_eq!(html.matches(" checked").count(), 2, "{html}");
        assert!(
            html.contains("value=\"a.b\" checked") && !html.contains("<b>"),
            "{html}"
        );
        let html = drawn(&["no  name,"]);
        assert!(html.contains(">\nno  name,</textarea>"), "{html}");
        assert_eq!(html.matches(" checked").count(), 0, "{html}");
    }

    #[test]
    fn what_was_chosen_stays_chosen() {
        let offers = || vec![Offer::named("a"), Offer::new("b", "the second")];
        let html = drawn(&FieldSpec::choice("d", "Data").offers(offers), &["b"]);
        assert!(html.contains("<option value=\"b\" selected>the second</option>"));
        let html = drawn(&FieldSpec::boxes("d", "Data").offers(offers), &["b"]);
        assert_eq!(html.matches(" checked").count(), 1, "{html}");
    }
}
