"""Run by MLflow's peer, which has Python's pins: it finds the pin and its file, byte for byte."""

import hashlib
import sys
from pathlib import Path

from pins import board_folder

folder, name, digest = sys.argv[1:]
board = board_folder(folder)
assert board.pin_list() == [name], board.pin_list()
assert len(board.pin_versions(name)) == 1
meta = board.pin_meta(name)
assert meta.type == "rds" and meta.api_version == 1
assert isinstance(meta.user["required_pkgs"], list)
assert name != "ranger" or "ranger" in meta.user["required_pkgs"]
(path,) = board.pin_download(name)
data = Path(path).read_bytes()
assert len(data) == meta.file_size and hashlib.sha256(data).hexdigest() == digest
