"""The reference's wrapper behind FastAPI, for bench/serving.py; in the reference's environment."""

import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import uvicorn
from bench.bridge_reference import CODE, Systems
from fastapi import Body, FastAPI

model = Path(sys.argv[1])
systems = Systems(model.parent, model.stem)
# The one line its user writes for a ranger, whose predict() takes no newdata.
FOREST = """
suppressPackageStartupMessages(library(ranger))
result_{uid} <- data.frame(prediction = predict(model, input_{uid})$predictions)
"""
code = FOREST if model.stem == "ranger" else CODE
app = FastAPI()


Records = Annotated[list[dict[str, float]], Body(embed=True)]


@app.post("/predict")
async def predict(dataframe_records: Records) -> dict[str, Any]:
    """R answers in the loop's thread: it can be asked by one thread only."""
    found = systems.predict(pd.DataFrame(dataframe_records), code)
    return {"data": found["prediction"].tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
