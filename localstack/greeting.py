"""What a person sees once the service answers: where it is, and the first thing to try."""

import sys

from localstack.foreground import Run
from shared.edge.process.port import address_of

GREETING = """
Spooled is ready.

  API            {url}/api/v1
  Documentation  {url}/docs
  Health         {url}/health
  Data           {home}   (stays when you stop; Ctrl-C stops)
{more}
Make your organization, then follow the guide:

  curl -X POST {url}/api/v1/organizations \\
    -H "Content-Type: application/json" \\
    -d '{{"name": "My Company", "slug": "my-company"}}'
"""


def greet(run: Run, more: str = "") -> None:
    """Print the greeting, with more lines of places if there are any."""
    url = f"http{'s' * run.settings.tls_is_on}://{address_of(run.opened)}"
    sys.stdout.write(GREETING.format(url=url, home=run.home, more=more))
    sys.stdout.flush()
