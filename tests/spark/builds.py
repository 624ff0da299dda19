"""Run dbt as each line of the input says, all in one process, for Spark's own Python.

Says after each, in a line, whether it went well.
"""

import json
import os
import sys

from dbt.cli.main import dbtRunner

if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        done = dbtRunner().invoke(json.loads(line))
        print(json.dumps(done.success), file=answers, flush=True)
