"""What is uploaded to Lambda: a layer of dependencies for each architecture, and one archive of code."""

from infra.package.build import build

__all__ = ["build"]
