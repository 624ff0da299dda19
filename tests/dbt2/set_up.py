"""Let dbt 2 find DuckDB: `python tests/dbt2/set_up.py .venv-dbt2` writes `.venv-dbt2/bin/dbt2`.

dbt 2 is a program of its own, and speaks to DuckDB by a driver in a shared library. DuckDB's
package for Python has one, so both engines run the same DuckDB. It is a module of Python, too, and
asks for Python's own library.
"""

import platform
import shlex
import sys
import sysconfig
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

DRIVER = """\
manifest_version = 1
name = "duckdb"
version = "{version}"

[ADBC]
version = "1.1.0"

[Driver]
entrypoint = "duckdb_adbc_init"

[Driver.shared]
linux_{machine} = "{library}"
"""

COMMAND = """\
#!/bin/sh
# dbt 2 with the DuckDB of {prefix}.
# What dbt_project.yml says of the indirect selection is overlooked.
export ADBC_DRIVER_PATH={drivers} DBT_INDIRECT_SELECTION=buildable LD_PRELOAD={python}
exec {dbt} "$@"
"""

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def set_up(environment: Path) -> None:
    """Write the driver's description and the command.

    Raises SystemExit where there is no library of Python.
    """
    python = Path(*sysconfig.get_config_vars("LIBDIR", "INSTSONAME"))
    if ".so" not in python.name or not python.exists():
        raise SystemExit(
            "dbt 2 needs Python's shared library, which this Python lacks: install it (Debian's "
            f"libpython{sys.version_info.major}.{sys.version_info.minor}), or take another Python: "
            "make test-dbt2 PYTHON=…"
        )
    library = find_spec("_duckdb")
    assert library and library.origin
    drivers = environment / "drivers"
    drivers.mkdir(exist_ok=True)
    (drivers / "duckdb.toml").write_text(
        DRIVER.format(
            version=version("duckdb"),
            machine=MACHINES[platform.machine()],
            library=library.origin,
        )
    )
    paths = {
        "prefix": sys.prefix,
        "drivers": drivers,
        "python": python,
        "dbt": environment / "bin" / "dbt",
    }
    command = environment / "bin" / "dbt2"
    command.write_text(
        COMMAND.format(**{name: shlex.quote(str(path)) for name, path in paths.items()})
    )
    command.chmod(0o755)


if __name__ == "__main__":
    set_up(Path(sys.argv[1]).absolute())
