"""A worker in a process of its own: it prints the first job of a stream, and then does nothing more.

python -m tests.support.stream_reader ADDRESS KEY [METADATA=VALUE ...]
"""

import asyncio
import sys

from tests.support.rpc import rpc_client
from tests.support.streams import next_of, streaming


async def read(address: str, key: str, *metadata: str) -> None:
    async with rpc_client(address, key) as rpc:
        job = await next_of(streaming(rpc, [tuple(pair.split("=")) for pair in metadata]))
        sys.stdout.write(f"{job.id}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(read(*sys.argv[1:]))
