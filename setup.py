"""Build of the compiled core. Everything else about the package stands in pyproject.toml.

Each extension is one ``.pyx`` and all C files of ``gateway/core``. The core is never optional: a
compiler error fails the installation. ``GATEWAY_SANITIZE=1`` builds with ASan and UBSan.
"""

from __future__ import annotations

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

CORE = Path("gateway/core")
SOURCES = sorted(str(path) for path in CORE.glob("*.c"))
HEADERS = sorted(str(path) for pattern in ("*.h", "*.pxd") for path in CORE.glob(pattern))

# Structs are laid over mapped bytes, so the compiler may not assume that types never alias.
CFLAGS = ["-O3", "-std=c11", "-g1", "-fno-strict-aliasing", "-Wall", "-Wextra"]
# All ordinary in what Cython writes; the hand-written C is compiled strictly by the tests.
CFLAGS += ["-Wno-unused-parameter", "-Wno-missing-field-initializers", "-Wno-sign-compare"]
LDFLAGS: list[str] = []
if os.environ.get("GATEWAY_SANITIZE") == "1":
    CFLAGS += ["-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-O1"]
    LDFLAGS += ["-fsanitize=address,undefined"]


def extension(name: str) -> Extension:
    """Describe the extension module ``gateway.core.<name>``."""
    return Extension(
        f"gateway.core.{name}",
        [str(CORE / f"{name}.pyx"), *SOURCES],
        include_dirs=[str(CORE)],
        depends=HEADERS,
        define_macros=[("_GNU_SOURCE", "1")],
        extra_compile_args=CFLAGS,
        extra_link_args=LDFLAGS,
    )


setup(
    ext_modules=cythonize(
        [extension("engine"), extension("probe")],
        build_dir="build/cython",  # generated C never lies beside the sources
        include_path=["."],
        compiler_directives={"language_level": "3"},
    )
)
