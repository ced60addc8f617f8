//! Links: from an answer that names something to what can be done with it.
//!
//! Owns: finding them; they follow from paths alone. Refuses: being told them: what one endpoint says
//! of another would be forgotten.

use serde_json::{Map, Value, json};

/// What names the job in an answer, and where jobs are.
const JOB: (&str, &str) = ("#/components/schemas/BegunBody", "/api/v1/jobs");

/// Adds links to `paths`: from whatever makes a thing to what shows, changes and ends it, and from
/// what begins a job to the job.
pub(super) fn link(paths: &mut Map<String, Value>) {
    let things: Vec<(String, String, Vec<String>)> = paths
        .iter()
        .filter_map(|(path, operations)| {
            let (list, rest) = path.rsplit_once("/{")?;
            let parameter = rest.strip_suffix('}')?;
            let ids = operations.as_object()?.values();
            let ids = ids.filter_map(|one| one["operationId"].as_str().map(str::to_owned));
            Some((list.to_owned(), parameter.to_owned(), ids.collect()))
        })
        .collect();
    for (path, operations) in paths.iter_mut() {
        let Some(post) = operations.get_mut("post") else {
            continue;
        };
        let Some(responses) = post["responses"].as_object_mut() else {
            continue;
        };
        for (list, parameter, ids) in &things {
            let made = (list == path).then(|| member(parameter));
            for (status, response) in responses.iter_mut() {
                let named = match begins_job(response) && list == JOB.1 {
                    true => Some("job_id"),
                    false => made.filter(|_| status.starts_with('2')),
                };
                if let Some(member) = named {
                    let links = ids.iter().map(|id| {
                        let value = format!("$response.body#/{member}");
                        let parameters = json!({ parameter: value });
                        let link = json!({ "operationId": id, "parameters": parameters });
                        (id.clone(), link)
                    });
                    response["links"] = links.collect::<Map<_, _>>().into();
                }
            }
        }
    }
}

/// What the answer calls that which the path's parameter takes.
fn member(parameter: &str) -> &str {
    match parameter {
        "name" => "name",
        _ => "id",
    }
}

fn begins_job(response: &Value) -> bool {
    response["content"]["application/json"]["schema"]["$ref"] == JOB.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_thing_leads_to_what_is_done_with_it_and_what_begins_a_job_to_the_job() {
        let job = json!({"content": {"application/json": {"schema": {"$ref": JOB.0}}}});
        let mut paths = Map::new();
        let mut add = |path: &str, operations: Value| paths.insert(path.to_owned(), operations);
        let made = json!({"operationId": "make", "responses": {"201": {}, "422": {}}});
        add("/things", json!({"post": made}));
        let shown = json!({"operationId": "show"});
        add("/things/{id}", json!({"get": shown}));
        let begun = json!({"operationId": "begin", "responses": {"202": job, "200": {}}});
        add("/things/{id}/begin", json!({"post": begun}));
        let told = json!({"operationId": "show_job"});
        add("/api/v1/jobs/{id}", json!({"get": told}));
        link(&mut paths);
        let responses = &paths["/things"]["post"]["responses"];
        assert_eq!(
            responses["201"]["links"],
            json!({"show": {"operationId": "show", "parameters": {"id": "$response.body#/id"}}})
        );
        assert!(responses["422"]["links"].is_null());
        let begun = &paths["/things/{id}/begin"]["post"]["responses"];
        assert_eq!(
            begun["202"]["links"]["show_job"]["parameters"]["id"],
            "$response.body#/job_id"
        );
        assert!(begun["200"]["links"].is_null());
    }
}
