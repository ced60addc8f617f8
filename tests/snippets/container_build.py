"""Builds the image of a container file without a builder: CONTEXT ROOT. Every COPY is done as it says; in the
place of the base, which has the C library and no shell, stands the C library of this machine. Prints as JSON
what else the file says."""
import json
import os
import re
import shutil
import subprocess
import sys

from dockerfile_parse import DockerfileParser

context, root = sys.argv[1:]
parser = DockerfileParser(os.path.join(context, "Dockerfile"))
said = {"env": parser.envs}


def mode_of(options):
    found = [option.split("=")[1] for option in options if option.startswith("--chmod=")]
    return int(found[0], 8) if found else None


def copy(value):
    words = value.split()
    options = [word for word in words if word.startswith("--")]
    source, target = [word for word in words if not word.startswith("--")]
    source, target = os.path.join(context, source), root + target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)
    if mode_of(options) is not None:
        os.chmod(target, mode_of(options))
    return target


def base(binary):
    listed = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"/\S+", listed):
        os.makedirs(os.path.dirname(root + library), exist_ok=True)
        shutil.copy(os.path.realpath(library), root + library)


for step in parser.structure:
    name, value = step["instruction"], step["value"]
    if name == "COPY":
        copied = copy(value)
        if os.access(copied, os.X_OK) and os.path.isfile(copied):
            base(copied)
    elif name == "HEALTHCHECK":
        said["healthcheck"] = json.loads(value[value.index("CMD") + 3 :])
    elif name in ("ENTRYPOINT", "CMD"):
        said[name.lower()] = json.loads(value)
    elif name in ("USER", "STOPSIGNAL"):
        said[name.lower()] = value
    elif name not in ("FROM", "COMMENT", "ENV", "VOLUME", "EXPOSE"):
        sys.exit(f"{name} is not known here")
print(json.dumps(said))
