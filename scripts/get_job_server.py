"""Downloads Beam's job server with Flink or Spark inside: fetches the jars with Maven and checks them.

    python scripts/get_job_server.py flink
    build/engines/flink-1.19-beam-2.62.0/job-server.jar

The jar holds only a manifest that names the other jars beside it. So it starts with `java -jar`, and --flink_job_server_jar and
--spark_job_server_jar accept it. Maven's own settings decide where the jars come from. If they cannot be fetched, the exit code
is 1 and the reason is one line.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BEAM = "2.62.0"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


class JobServer(NamedTuple):
    """Main class and Maven coordinates of a job server; `digest` is SHA-256 over a line for each jar, see `digest`."""

    name: str
    main_class: str
    artifacts: tuple[str, ...]
    digest: str


ENGINES = {
    "flink": JobServer(
        f"flink-1.19-beam-{BEAM}",
        "org.apache.beam.runners.flink.FlinkJobServerDriver",
        (f"org.apache.beam:beam-runners-flink-1.19:{BEAM}", "org.slf4j:slf4j-simple:1.7.30"),
        "e3756fbe6cbcd86afbdc9edc4e9f7aea7d94d0419933a18a6685f91290722dab",
    ),
    "spark": JobServer(
        f"spark-3.5-beam-{BEAM}",
        "org.apache.beam.runners.spark.SparkJobServerDriver",
        (
            f"org.apache.beam:beam-runners-spark-3:{BEAM}",
            "org.apache.spark:spark-core_2.12:3.5.0",
            "org.apache.spark:spark-streaming_2.12:3.5.0",
            "org.apache.spark:spark-sql_2.12:3.5.0",
            "org.slf4j:slf4j-simple:1.7.30",
        ),
        "0eb3d2ca9f913630a5dedd5a9c3732f3b00e190567818ff5b706a5487151a00f",
    ),
}
OPENED = (
    *(f"java.{package}" for package in ("io", "lang", "lang.invoke", "lang.reflect", "net", "nio", "text", "time", "util")),
    *("java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action"),
)
"""Packages of java.base that Flink 1.19 and Spark 3.5 reach into by reflection."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fetches the job server of an engine.", allow_abbrev=False)
    parser.add_argument("engine", choices=tuple(ENGINES))
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "engines", help="where to keep it (build/engines)")
    options = parser.parse_args()
    server = ENGINES[options.engine]
    folder = options.folder / server.name
    jar = folder / "job-server.jar"
    if digest(folder) != server.digest:
        problem = fetch(server, folder)
        if problem:
            print(f"get_job_server.py: {problem}", file=sys.stderr)
            return 1
    write_jar(jar, server.main_class, (path.name for path in jars(folder)))
    print(jar)
    return 0


def fetch(server: JobServer, folder: Path) -> str | None:
    """Fetch all jars; gives what went wrong."""
    if shutil.which("mvn") is None:
        return "mvn was not found. Install Apache Maven (Debian: apt-get install maven)."
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pom = folder / "pom.xml"
    pom.write_text(project(server.artifacts))
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", pom, f"{PLUGIN}:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={folder}", "-DincludeScope=runtime"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
        return f"mvn failed: {errors[0].partition('ERROR]')[2].strip() if errors else done.returncode}"
    found = digest(folder)
    return None if found == server.digest else f"the jars in {folder} are not the expected ones: their digest is {found}."


def project(artifacts: Iterable[str]) -> str:
    """A Maven project that needs nothing but the job server."""
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
        for group, name, version in (artifact.split(":") for artifact in artifacts)
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>local</groupId>'
        f"<artifactId>job-server</artifactId><version>1</version><dependencies>{dependencies}</dependencies></project>\n"
    )


def jars(folder: Path) -> list[Path]:
    """The fetched jars, sorted."""
    return sorted(path for path in folder.glob("*.jar") if path.name != "job-server.jar")


def digest(folder: Path) -> str:
    """SHA-256 over a line `<SHA-256 of the jar>  <name>` for each jar that is there, sorted by name."""
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in jars(folder))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_jar(path: Path, main_class: str, names: Iterable[str]) -> None:
    """A jar of a manifest only, which starts the job server from the jars beside it."""
    entries = {
        "Manifest-Version": "1.0",
        "Main-Class": main_class,
        "Class-Path": " ".join(names),
        "Add-Opens": " ".join(f"java.base/{package}" for package in OPENED),
    }
    with zipfile.ZipFile(path, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "".join(folded(f"{name}: {value}") for name, value in entries.items()) + "\r\n")


def folded(line: str) -> str:
    """A manifest's line, as no line of it may be longer than 72 bytes; a continuation begins with a space."""
    parts = [line[:70], *(f" {line[start : start + 69]}" for start in range(70, len(line), 69))]
    return "".join(f"{part}\r\n" for part in parts)


if __name__ == "__main__":
    sys.exit(main())
