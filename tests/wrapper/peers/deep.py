"""Run by a peer's Python: an endless recursion in R is an error, in whichever thread, and R goes on."""

import sys
import threading

import pandas as pd

(folder,) = sys.argv[1:]
sys.path.insert(0, folder)
import custom_model  # noqa: E402

model = custom_model.RModel(folder)
ended = []


def ask():
    try:
        model.predict(pd.DataFrame({"wt": [1.0]}))
    except custom_model.RModelError as e:
        assert e.code == "model_error" and "C stack usage" in str(e), (e.code, str(e))
    else:
        raise AssertionError("an endless recursion ended")
    answer = model.predict(pd.DataFrame({"wt": [-1.0]}))
    assert answer["prediction"].tolist() == [-1.0]
    ended.append(True)


ask()
for size in (0, 2**20):  # the system's own, and a small one
    threading.stack_size(size)
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
assert len(ended) == 3
