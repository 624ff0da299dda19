"""The tests set what they need; what the shell around them sets is for other folders."""

import os

from api.settings import Settings

SETTINGS = {f"STORE_UPTIME_{name.upper()}" for name in Settings.model_fields}

for name in [*os.environ]:
    if name in SETTINGS or name.startswith("DBT_"):
        del os.environ[name]
