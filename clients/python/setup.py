"""Build of the client's accelerator. Everything else about the package stands in pyproject.toml.

The accelerator is ``gateway_client/_accel.pyx`` over the C client's one header, which lies in
``../c`` in the repository and in ``include`` in a source distribution. It is never optional: a
compiler error fails the installation. ``GATEWAY_CLIENT_PURE=1`` leaves it out on purpose; the
client then reads in plain Python, on x86-64 only.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from setuptools import Extension, setup

HERE = Path(__file__).resolve().parent
HEADER = HERE / "include" / "gateway.h"


def take_header() -> None:
    """Copy the C client's header beside us, where we are built inside the repository."""
    origin = HERE.parent / "c" / "gateway.h"
    if origin.exists():
        HEADER.parent.mkdir(exist_ok=True)
        if not HEADER.exists() or HEADER.read_bytes() != origin.read_bytes():
            shutil.copyfile(origin, HEADER)
    if not HEADER.exists():
        raise SystemExit(f"{HEADER} is missing: build from the repository or from an sdist")


def extensions() -> list[Extension]:
    """Describe the accelerator; nothing where it is left out on purpose."""
    take_header()
    if os.environ.get("GATEWAY_CLIENT_PURE") == "1":
        return []
    from Cython.Build import cythonize  # not needed for a pure build

    accelerator = Extension(
        "gateway_client._accel",
        ["gateway_client/_accel.pyx"],
        include_dirs=["include"],
        depends=["include/gateway.h"],
        define_macros=[("_GNU_SOURCE", "1")],
        extra_compile_args=["-O3", "-std=c11", "-g1", "-Wall"],
        libraries=["m"],
    )
    return cythonize(
        [accelerator],
        build_dir="build/cython",  # generated C never lies beside the sources
        compiler_directives={"language_level": "3"},
    )


setup(ext_modules=extensions())
