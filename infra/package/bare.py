"""The measure of a cold start: the least function that FastAPI, Mangum and the database driver allow."""

import psycopg
from fastapi import FastAPI
from mangum import Mangum

DRIVER = psycopg.AsyncConnection
app = FastAPI()


@app.get("/")
async def read_root() -> dict[str, bool]:
    return {"ok": True}


handler = Mangum(app, lifespan="off")
