"""The configuration of the stack that `make cloud` runs, from the settings of this machine."""

import json
from collections.abc import Mapping

from pydantic.alias_generators import to_camel

from infra.config import LISTENER_SETTINGS, SECRET_SETTINGS
from infra.stack_file import own_values, stack_config
from shared.settings import Settings

# Of the process that listens, which here is the gateway.
_NOT_OF_FUNCTIONS = LISTENER_SETTINGS | {"FORWARDED_ALLOW_IPS"}
_OWN_PLACE = {"SPOOLED_ENV": "environment", "PUBLIC_URL": "publicUrl"}


def stack_values(stack: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What `Config.read` takes: the stack's file, and over it what is set here.

    A setting that the stack does not know as its own goes to every function.
    """
    set_here = {
        name: environment[name]
        for name in (field.upper() for field in Settings.model_fields)
        if environment.get(name) and name not in _NOT_OF_FUNCTIONS
    }
    places = _OWN_PLACE | {name: to_camel(name.lower()) for name in SECRET_SETTINGS}
    values = {places[name]: value for name, value in set_here.items() if name in places}
    others = {name: value for name, value in set_here.items() if name not in places}
    return {**own_values(stack_config(stack)), **values, "settings": json.dumps(others)}
