"""Uses what functions import late, from the folders of code and packages it is given and nothing else."""

import sys
from datetime import UTC, datetime, timedelta

sys.path[:] = [*sys.argv[1:], *sys.path[1:]]

import aws_lambda_powertools.metrics  # noqa: E402, F401
import jwt  # noqa: E402

from functions.app import every_function  # noqa: E402
from shared.edge.documentation import render  # noqa: E402
from shared.edge.openapi import document  # noqa: E402
from shared.edge.opening import open_redis  # noqa: E402
from shared.schedules.zones import find_zone  # noqa: E402
from shared.settings import Settings  # noqa: E402
from shared.webhooks.sealing import seal, unseal  # noqa: E402
from shared.webhooks.send import tls_context  # noqa: E402

settings = Settings(
    secret_key="a secret of thirty-two characters or more", redis_url="redis://nowhere.invalid"
)
claims = {"exp": datetime.now(UTC) + timedelta(minutes=1)}

assert unseal(settings, seal(settings, "word")) == "word"
assert jwt.decode(jwt.encode(claims, settings.secret_key), settings.secret_key, ["HS256"])
assert open_redis(settings) is not None
assert find_zone("Europe/Vienna").key == "Europe/Vienna"
assert tls_context().get_ca_certs()
assert render(document(every_function()[0]))
print("all there")  # noqa: T201
