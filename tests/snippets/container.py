"""What a container file says, as its published parser reads it, and a compose file, as YAML: reads their
paths from the command line, prints JSON."""
import json
import sys

import yaml
from dockerfile_parse import DockerfileParser

parser = DockerfileParser(sys.argv[1])
steps = [
    {"instruction": step["instruction"], "value": step["value"]}
    for step in parser.structure
    if step["instruction"] != "COMMENT"
]
with open(sys.argv[2], encoding="utf-8") as file:
    compose = yaml.safe_load(file)
print(json.dumps({"steps": steps, "base": parser.baseimage, "env": parser.envs, "compose": compose}))
