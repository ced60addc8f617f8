// Holds an OpenAPI document against the rules for such documents that Spectral ships: prints what is
// amiss, a line each, whatever its severity.
import fs from "node:fs";
import core from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";

const spectral = new core.Spectral();
spectral.setRuleset({ extends: [rulesets.oas] });
for (const found of await spectral.run(fs.readFileSync(process.argv[2], "utf8"))) {
  console.log(found.code, found.path.join("."), found.message);
}
