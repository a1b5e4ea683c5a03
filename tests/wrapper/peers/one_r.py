"""Run by a peer's Python: one R, one model, and only the bytes that were logged."""

import importlib.util
import os
import sys
import threading
import time

import pandas as pd


def load(folder, name):
    spec = importlib.util.spec_from_file_location(name, f"{folder}/custom_model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


one, two = (load(folder, f"model_{i}") for i, folder in enumerate(sys.argv[1:]))
rows = pd.DataFrame({"wt": [2.5, 3.0], "hp": [110.0, 150.0], "cyl": [4, 6]})
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
first = one.RModel(sys.argv[1]).predict(rows)
assert os.environ["TZ"] == "Asia/Tokyo" and "LC_ALL" not in os.environ
try:
    two.RModel(sys.argv[2]).predict(rows)
except two.RModelError as e:
    assert e.code == "conflict" and "another R model" in str(e)
else:
    raise AssertionError("a second model was loaded")

# The same version again is the same R, from any thread.
again = load(sys.argv[1], "model_again").RModel(sys.argv[1])
answers = []
threads = [threading.Thread(target=lambda: answers.append(again.predict(rows))) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(answers) == 8 and all(answer.equals(first) for answer in answers)

# R is the host's: a worker's own system() is not put into it.
from rpy2 import rinterface  # noqa: E402

assert list(rinterface.baseenv["environmentName"](rinterface.baseenv["environment"](
    rinterface.baseenv["system"]
))) == ["base"]  # fmt: skip

path = f"{sys.argv[2]}/model.rds"
with open(path, "r+b") as f:
    f.seek(50)
    byte = f.read(1)
    f.seek(50)
    f.write(bytes([byte[0] ^ 1]))
try:
    two.RModel(sys.argv[2])
except two.RModelError as e:
    assert e.code == "model_rejected" and "was changed" in str(e)
else:
    raise AssertionError("a changed file was read")
