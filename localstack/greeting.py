"""What a person sees once the service answers: where it is, and the first thing to try."""

import sys
from pathlib import Path

GREETING = """
Spooled is ready.

  API            {url}/api/v1
  Console        {url}/console
  Documentation  {url}/docs
  Health         {url}/health
{more}  Data           {home}   (stays when you stop; Ctrl-C stops)

Make your organization, then follow the guide:

  curl -X POST {url}/api/v1/organizations \\
    -H "Content-Type: application/json" \\
    -d '{{"name": "My Company", "slug": "my-company"}}'
"""


def greet(url: str, home: Path, more: str) -> None:
    """Print the greeting, with more lines of places."""
    sys.stdout.write(GREETING.format(url=url, home=home, more=more))
    sys.stdout.flush()
