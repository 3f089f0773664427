"""A simulator for clients that we did not write, and places to install them in."""

import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import threading
import venv

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
CLIENTS = TARGET / "clients"


def installed(name, wanted, install):
    """The folder of a client below target/clients, made by `install` where it is not there yet or holds others."""
    folder, wanted = CLIENTS / name, "\n".join(wanted)
    made = folder / "made-of.txt"
    if not made.is_file() or made.read_text() != wanted:
        print(f"    makes {folder.relative_to(TARGET)}: {wanted.replace(chr(10), ', ')}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        made.write_text(wanted)
    return folder


def python_environment(name, packages):
    """A virtual environment with packages of PyPI."""

    def install(folder):
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", *packages], check=True)

    return installed(name, packages, install)


class Simulator:
    """A simulator in a process of its own; the quickstart's world where no estate is given."""

    def __init__(self, program, estate=None, variables=("sql_password", "client_secret")):
        chosen = ["--estate", str(estate)] if estate else []
        self.process = subprocess.Popen(
            [program, "serve", *chosen], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.exports = {}
        wanted = {"MILINK_REHEARSAL", *(f"TF_VAR_{name}" for name in variables)}
        while not wanted <= self.exports.keys():
            line = lines.get(timeout=60).strip()
            if line.startswith("export "):
                name, value = line.removeprefix("export ").split("=", 1)
                self.exports[name] = value[1:-1].replace("'\\''", "'")
        rehearsal = json.loads(pathlib.Path(self.exports["MILINK_REHEARSAL"]).read_text())
        self.addresses, self.authority = rehearsal["addresses"], rehearsal["ca_certificate"]
        self.origin = "https://localhost:" + self.addresses["management.azure.com:443"].rsplit(":", 1)[1]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
