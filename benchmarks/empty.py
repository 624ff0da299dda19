"""An endpoint that does nothing, served as the service is: what FastAPI itself takes."""

import os

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def empty() -> dict:
    return {}


if __name__ == "__main__":
    port = int(os.environ["STORE_UPTIME_PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False)
