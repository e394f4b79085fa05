"""Mutual TLS 1.3 between both ends of `v2g-tls` and the `openssl` program: the tests of tls/tests/openssl.rs."""

import shutil
import subprocess

from .environment import REPOSITORY, Missing

#: What the tests print when they have seen everything: a test that ran less has not passed.
EXPECTED = ("s_client: 12 combinations", "s_server: 12 combinations", "s_client: 6 refusals", "s_server: 7 refusals")


def main(_):
    if not shutil.which("openssl"):
        raise Missing("there is no `openssl`")
    print(subprocess.run(["openssl", "version"], check=True, stdout=subprocess.PIPE, text=True).stdout, end="")
    run = subprocess.run(["cargo", "test", "--workspace", "--all-features", "--test", "openssl", "--",
                          "--include-ignored", "--nocapture", "--test-threads=1"],
                         cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    print(run.stdout, end="")
    if run.returncode:
        return 1
    if absent := [line for line in EXPECTED if line not in run.stdout]:
        raise Missing(f"the tests did not see {absent}")
    return 0
