"""What a host writes of its requests, each in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from modelyard.services.folder import Folder
from modelyard.services.inference_log import inference_log
from modelyard.services.request_log import Refused, request_log
from modelyard.services.ring import Ring


@dataclass(frozen=True, slots=True)
class Records:
    """The rings of a host."""

    requests: Ring
    inferences: Ring

    @classmethod
    def of(cls, where: Folder) -> Records:
        """Those of the service in this folder."""
        return cls(request_log(where.requests_file), inference_log())

    def start(self) -> None:
        """Begin to write."""
        self.requests.start()
        self.inferences.start()

    def close(self) -> None:
        """Write what is there."""
        self.requests.close()
        self.inferences.close()

    def refuse(self, request_id: str, code: str, message: str) -> None:
        """Have the line written of a request that was answered an error."""
        self.requests.put(Refused(time.time(), request_id, code, message))

    def dropped(self) -> Mapping[str, int]:
        """Requests that each of them does not have."""
        return {"requests": self.requests.dropped, "inferences": self.inferences.dropped}
