"""Which Java is here."""

import os
import re
import shutil
import subprocess

NEEDED = 17
_WHERE = (
    f"Spark needs Java {NEEDED} or later, which Debian has as openjdk-{NEEDED}-jre-headless; "
    "JAVA_HOME names the folder of another one"
)


def what_java_lacks() -> str | None:
    """Return what is to be told if the Java that Spark needs is not here."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        return f"{_WHERE}. There is none here."
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < NEEDED:
        return f"{_WHERE}. {java} says: {said.strip().partition(chr(10))[0]}."
    return None
