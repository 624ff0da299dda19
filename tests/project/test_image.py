"""The image holds what the service needs."""

import re
import tomllib

from api.settings import PROJECT


def test_no_tool_of_the_developers_is_left_in_the_image() -> None:
    groups = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]
    tools = {re.split(r"[<>=~]", said)[0] for said in groups["dev"]}
    dockerfile = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    uninstalled = re.findall(r"pip uninstall --yes (.*?) *(?:&&|\n)", dockerfile)
    # Libraries look zones up in tzdata, too, and dbt asks for sqlglot.
    assert tools - {"tzdata", "sqlglot"} <= set(" ".join(uninstalled).split())
