"""Keys on a token of SoftHSM: what `v2g-pkcs11` promises, seen on a token that is made for the occasion."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import token_session
from .environment import Missing, example

LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
             "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so")
#: A run that has seen less has not passed.
LEAST = 50


def library():
    found = next((path for path in LIBRARIES if Path(path).is_file()), None)
    if not found or not shutil.which("softhsm2-util"):
        raise Missing("SoftHSM is not installed (Debian package softhsm2)")
    return found


def token(folder, label):
    """Makes a token in a folder of its own; answers the environment in which programs find it and its PIN."""
    tokens = Path(folder) / "tokens"
    tokens.mkdir()
    configuration = Path(folder) / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    pin = secrets.token_hex(8)
    variables = dict(os.environ, SOFTHSM2_CONF=str(configuration), V2G_PIN=pin)
    # The tool takes PINs from its command line alone: this token lives for a minute, in a folder of ours.
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", secrets.token_hex(8),
                    "--pin", pin], env=variables, check=True, stdout=subprocess.DEVNULL)
    return variables


def main(_):
    path = library()
    with tempfile.TemporaryDirectory() as folder:
        variables = token(folder, "station")
        run = subprocess.run([example("token"), path, "station"], env=variables, stdout=subprocess.PIPE, text=True)
        wrong = 0
        if not run.returncode:
            again = Path(folder) / "sessions"
            again.mkdir()
            wrong = token_session.main(path, token(again, token_session.TOKEN), again)
    print(run.stdout, end="")
    if run.returncode or wrong:
        return 1
    count = run.stdout.count("seen: ")
    print(f"{count} properties of keys on a token seen")
    if count < LEAST:
        raise Missing(f"{LEAST} were expected")
    return 0
