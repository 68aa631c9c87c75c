"""Builds the distribution `weblog-anonymizer`. This file holds version ranges; `make pins` compiles requirements.txt."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup

try:  # `python setup.py sdist`, by which Beam packs this program for workers elsewhere, has only what its environment has
    from setuptools_rust import Binding, RustExtension
except ImportError:
    RustExtension = None

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "pipeline" / "__init__.py").read_text()).group(1)

# Without a compiler the program is installed all the same, as pure Python: a wheel must not claim a machine's type then.
NATIVE = {}
if RustExtension is not None and shutil.which("cargo"):
    KERNEL = RustExtension(
        "transforms._kernel",
        "kernel/binding/Cargo.toml",
        binding=Binding.PyO3,
        py_limited_api=True,
        debug=False,
        optional=True,  # an older compiler than the kernel needs is no reason to fail
        args=["--locked"],
    )
    NATIVE = {"rust_extensions": [KERNEL], "options": {"bdist_wheel": {"py_limited_api": "cp310"}}, "zip_safe": False}

setup(
    name="weblog-anonymizer",
    version=VERSION,
    description="Turns web server access logs into traffic statistics that cannot be tied to a person",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "transforms/data/README.md"],
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["pipeline", "pipeline.*", "transforms", "transforms.*"]),
    package_data={"transforms": ["data/*", "_kernel.pyi"]},
    **NATIVE,
    install_requires=[
        "apache-beam>=2.74,<3",
        "crawler-user-agents>=1.40",
        "geoip2>=5,<6",
        "isal>=1.7,<2",
        "maxminddb>=2.6,<4",
        "numpy>=2.0,<3",
        "publicsuffixlist>=1.0",
        "pyarrow>=18",
        "rich>=13.7,<16",
        "ua-parser[regex]>=1.0.1,<2",
        "user-agents>=2.2,<3",
    ],
    extras_require={
        "dp": ["opendp>=0.16,<0.17"],
        "dev": [
            "dp-accounting>=0.6,<0.7",
            "duckdb>=1.2",
            "hypothesis>=6.100",
            "mypy>=1.15",
            "pytest>=8.3",
            "pytest-xdist>=3.6",
            "ruff>=0.11",
            "scipy>=1.13",
            "setuptools>=77",
            "zstandard>=0.22",
        ],
        "aws": ["apache-beam[aws]>=2.74,<3"],
        "gcp": ["apache-beam[gcp]>=2.74,<3"],
        "stores": ["apache-beam[aws,gcp]>=2.74,<3", "moto[server]>=5.1,<6"],
        "dataflow": ["apache-beam[gcp]>=2.74,<3", "setuptools>=77"],
        "fuzz": ["atheris==3.0.0"],
        "data": ["mmdb_writer>=0.2.5", "PyYAML>=6"],
    },
    entry_points={"console_scripts": ["weblog-anonymizer = pipeline.__main__:main"]},
    classifiers=[
        "Environment :: Console",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: Log Analysis",
    ],
)
