"""Spark's Java is named where it is missing; none is needed here."""

from pathlib import Path

import pytest

from spark.java import what_java_lacks


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ('openjdk version "17.0.15" 2025-04-15', None),
        ('openjdk version "21" 2023-09-19', None),
        ('openjdk version "11.0.2" 2019-01-15', "openjdk-17-jre-headless"),
        ('java version "1.8.0_402"', "1.8.0_402"),
        ("no such thing", "no such thing"),
    ],
)
def test_java_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, said: str | None
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    lacks = what_java_lacks()
    assert (lacks is None) is (said is None)
    assert said is None or said in (lacks or "")


def test_without_java_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert "openjdk-17-jre-headless" in (what_java_lacks() or "")
