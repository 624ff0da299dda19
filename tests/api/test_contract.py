"""Whatever is sent, the answer is one that the OpenAPI schema declares, and never a 5xx.

`STORE_UPTIME_CONTRACT_EXAMPLES` sets how much is sent to each endpoint; see `make test-contract`.
"""

import os
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.access import Access
from api.builds import BuildError, Staging, write_staging
from api.main import create_app
from api.settings import Settings
from tests.api.fakes import AS_OF, FakeBuilder
from tests.api.readable import publish_copy

EXAMPLES = int(os.environ.get("STORE_UPTIME_CONTRACT_EXAMPLES", "5"))


@pytest.fixture
def schema_and_token(
    settings: Settings, builder: FakeBuilder, sample: Path, staging: Staging
) -> tuple[schemathesis.BaseSchema, dict[str, str]]:
    """Offer the schema of a service with a release, and whose token is needed."""
    publish_copy(settings, sample, "sample", as_of=AS_OF)
    # As the service's worker would: uploads wait for it.
    write_staging(staging, settings.db.parent / "target")

    def fail() -> None:
        raise BuildError("The release of the test stays the newest.")

    builder.meanwhile = fail
    token = Access(settings.output).create("contract", ["admin"])
    roomy = settings.model_copy(update={"requests_per_minute": 0})
    app = create_app(roomy, builder)
    # This starts the service, too.
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    return schema, {"Authorization": f"Bearer {token}"}


def test_answers_are_as_declared(
    schema_and_token: tuple[schemathesis.BaseSchema, dict[str, str]],
):
    api_schema, token = schema_and_token
    operations = [found.ok() for found in api_schema.get_all_operations()]
    assert operations
    for operation in operations:

        @examples(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def is_as_declared(case: Case) -> None:
            # Whether a cursor was given out, or `from` lies before `to`, a schema cannot say.
            case.call_and_validate(headers=token, excluded_checks=[positive_data_acceptance])

        is_as_declared()
