"""`make mutants`: how much the tests of `ccd/core` notice. A seeded sample of mutmut's mutants, at least 90 % killed.

mutmut makes the mutants. Its own runner is not used, for it wraps every function in two more calls: a flow in a circle
reaches Python's limit of recursion before ours, and simulated days take several times as long. Here one function's
code is replaced in memory. All of it happens in a copy of the tree, which may be edited meanwhile.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]

with TemporaryDirectory() as folder:
    copy = Path(folder) / "ccd"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    raise SystemExit(subprocess.run([sys.executable, "-m", "tests.mutants.sample", *sys.argv[1:]], cwd=copy).returncode)
