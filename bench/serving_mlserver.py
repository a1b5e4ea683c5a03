"""A runtime of MLServer for R by rpy2, for bench/serving.py; runs in an environment of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import rpy2.robjects as ro
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from rpy2.robjects import numpy2ri, pandas2ri
from rpy2.robjects.conversion import localconverter


class RModel(MLModel):
    """One model in the R of the inference process."""

    async def load(self) -> bool:
        """Read it."""
        path = Path(self.settings.parameters.uri)
        forest = "function(model, rows) predict(model, rows)$predictions"
        plain = "function(model, rows) predict(model, rows)"
        ro.r("suppressPackageStartupMessages(library(ranger))")
        self._model = ro.r["readRDS"](str(path))
        self._predict = ro.r(forest if path.stem == "ranger" else plain)
        self._converter = ro.default_converter + numpy2ri.converter + pandas2ri.converter
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Predict the rows of one request."""
        rows = pd.DataFrame({i.name: NumpyCodec.decode_input(i).ravel() for i in payload.inputs})
        with localconverter(self._converter):
            numbers = self._predict(self._model, rows)
        output = NumpyCodec.encode_output("prediction", numbers)
        return InferenceResponse(model_name=self.name, outputs=[output])
