"""Tests set what they need; settings of the shell around them name other folders, and go."""

import os

from api.settings import Settings

SETTINGS = {f"STORE_UPTIME_{name.upper()}" for name in Settings.model_fields}

for name in [*os.environ]:
    if name in SETTINGS or name.startswith("DBT_"):
        del os.environ[name]
