"""FreeTDS' `tsql`: the course of run.py. What it prints is compared as it stands."""

import os
import pathlib
import subprocess
import tempfile

from course import take

ENCRYPTION = {"off": "off", "login": "request", "on": "require"}


def tsql(said, *batches, **other):
    told = said | other
    with tempfile.TemporaryDirectory() as scratch:
        settings = pathlib.Path(scratch, "freetds.conf")
        settings.write_text(
            f"[global]\ntds version = 7.4\nclient charset = UTF-8\nencryption = {ENCRYPTION[told['mode']]}\n"
            f"ca file = {told['ca']}\n"
            f"[named]\nhost = {told['host']}\ninstance = {told.get('instance')}\n"
        )
        place = ["-S", "named"] if "instance" in told else ["-H", told["host"], "-p", str(told["port"])]
        program = [os.environ["TSQL"], *place, "-U", told["user"]]
        program += ["-P", told["password"], "-D", told["database"], "-o", "q"]
        return subprocess.run(
            program, input="".join(f"{batch}\ngo\n" for batch in batches), capture_output=True, text=True,
            env=os.environ | {"FREETDSCONF": str(settings), "LC_ALL": "C.UTF-8"}, timeout=60,
        )


def course(said):
    batches = said["batches"]
    first = tsql(said, batches["who"])
    if first.returncode != 0:
        return {"refused": first.stdout + first.stderr}
    # Names of the columns, then the row.
    name, edition, encrypted = first.stdout.splitlines()[-1].split("\t")
    seen = {"who": [[name, int(edition), encrypted]]}
    if said["whole"]:
        for step in ("sets", "error", "unbound", "procedure", "messages"):
            done = tsql(said, batches[step])
            seen[step] = (done.stdout + done.stderr).splitlines()
        for step, other in (("wrong", {"password": "wrong"}), ("nowhere", {"database": "nowhere"})):
            done = tsql(said, "SELECT 1", **other)
            seen[step] = (done.stdout + done.stderr).splitlines()
    return seen


take(course)
