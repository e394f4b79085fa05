"""Where things are: the repository, the evidence outside of it, the program under test."""

import gzip
import json
import os
import subprocess
import threading
from pathlib import Path

CONFORMANCE = Path(__file__).resolve().parent.parent
REPOSITORY = CONFORMANCE.parent
#: The sets that the product encodes and decodes, in the order in which they are reported.
SETS = ("appprotocol", "common", "dc", "ac", "wpt", "acdp", "xmldsig")


class Missing(Exception):
    """Something that a check needs is not there; a check that cannot run has not passed."""


def evidence(*parts):
    """A path below the evidence folder, which has to exist."""
    base = Path(os.environ.get("V2G_EVIDENCE", REPOSITORY.parent / "shared"))
    path = base.joinpath(*parts)
    if not path.exists():
        raise Missing(f"{path} does not exist; set V2G_EVIDENCE to the folder that holds {Path(*parts)}")
    return path


def vectors(name):
    """The lines of one file of the full corpus."""
    with gzip.open(evidence("oracle", "corpus", f"{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def program():
    """The `v2g` program: $V2G, else a release build of this tree."""
    if given := os.environ.get("V2G"):
        return given
    return artifact(["--release", "--bin", "v2g"], "v2g")


def example(name):
    """An example of this workspace, as `cargo test --workspace --all-features` builds it."""
    return artifact(["--workspace", "--all-features", "--example", name], name)


def artifact(options, name):
    """Builds a program and says where it is."""
    command = ["cargo", "build", "--quiet", *options]
    built = subprocess.run([*command, "--message-format", "json"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        raise Missing(f"`{' '.join(command)}` failed")
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return message["executable"]
    raise Missing(f"cargo did not say where it put {name}")


def batch(command, questions):
    """Answers of a program that reads and writes JSON lines, one for each question, in order."""
    if not questions:
        return []
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def feed():
        try:
            for question in questions:
                process.stdin.write(json.dumps(question) + "\n")
            process.stdin.close()
        except BrokenPipeError:
            pass  # its exit status or the number of answers tells

    writer = threading.Thread(target=feed)
    writer.start()
    answers = [json.loads(line) for line in process.stdout]
    writer.join()
    if process.wait() != 0 or len(answers) != len(questions):
        raise Missing(f"{command[0]} stopped after {len(answers)} of {len(questions)} questions")
    return answers
