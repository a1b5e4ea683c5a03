"""What a deploy may say beside the version: how many processes, limits, what is kept and shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import ceil
from typing import Any

from modelyard.errors import InvalidValue
from modelyard.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """What a deploy may say beside the version.

    ``num_workers`` is the number of R processes of an instance, ``min_instances`` and
    ``max_instances`` how many instances there may be (0: none while nobody asks), ``deadline_s``
    the longest a request may take, in seconds, ``max_batch_rows`` the most rows of requests that
    are joined, ``memory_requests`` the most memory of an R process, such as ``2Gi``, and
    ``cpu_requests`` the processors it may use, such as ``2`` or ``500m``.
    ``split`` names versions that answer a share of the requests, ``shadow`` one that is asked what
    all are asked, and compared. ``autocapture`` keeps what is asked and answered: the share
    ``autocapture_sample`` of the requests, without the columns ``autocapture_drop``. The others
    describe a cluster; they are kept and shown, and mean nothing to a service on one machine.
    """

    num_workers: int | None = None
    deadline_s: float | None = None
    max_batch_rows: int | None = None
    min_instances: int | None = None
    max_instances: int = 1
    compute_pool: str | None = None
    image_repo: str | None = None
    image_build_compute_pool: str | None = None
    cpu_requests: str | None = None
    memory_requests: str | None = None
    gpu_requests: str | None = None
    autocapture: bool = False
    autocapture_sample: float | None = None
    autocapture_drop: tuple[str, ...] = ()
    split: Mapping[str, float] = field(default_factory=dict)
    shadow: str | None = None
    build_external_access_integrations: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, raw: object) -> Options:
        """Read the options of a request; what is null or absent has its default.

        Raises:
            InvalidValue: for an unknown option, or one of the wrong kind.
        """
        if raw is None:
            return cls()
        if not isinstance(raw, Mapping):
            raise InvalidValue(f"options are named values, not {raw!r}.")
        known = [f.name for f in fields(cls)]
        for name in raw:
            if name not in known:
                raise InvalidValue(
                    f"A service has no option {name!r}.", hint="Options are " + ", ".join(known)
                )
        given = {k: _option(k, v) for k, v in raw.items() if v is not None}
        options = cls(**given)
        if sum(options.split.values()) > 1:
            shares = ", ".join(f"{name} {share:g}" for name, share in options.split.items())
            raise InvalidValue(f"The shares of split make more than 1: {shares}.")
        if not options.autocapture and (options.autocapture_sample or options.autocapture_drop):
            raise InvalidValue(
                "autocapture_sample and autocapture_drop say what autocapture keeps, which is off.",
                hint="Say autocapture = TRUE too.",
            )
        if (options.min_instances or 0) > options.max_instances:
            raise InvalidValue(
                f"min_instances is {options.min_instances}, more than max_instances, "
                f"{options.max_instances}."
            )
        return options

    def to_dict(self) -> dict[str, Any]:
        """As they are stored and sent: only what differs from the default."""
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {k: _plain(v) for k, v in out.items()}
        default = Options()
        return {n: plain[n] for n in plain if out[n] != getattr(default, n)}


_QUANTITY = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([kKMGT]i?)?B?")
_UNITS = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LEAST_BYTES = 256 * 2**20


def bytes_of(quantity: str) -> int:
    """Bytes of a quantity of memory as Kubernetes writes it.

    >>> bytes_of("2Gi"), bytes_of("1.5G")
    (2147483648, 1500000000)

    Raises:
        InvalidValue: it is none, or less than an R process needs.
    """
    found = _QUANTITY.fullmatch(quantity.strip())
    if found is None:
        raise InvalidValue(f"memory_requests is an amount such as 2Gi or 500M, not {quantity!r}.")
    number, unit = float(found[1]), found[2] or ""
    is_binary = unit.endswith("i")
    scale = 1024 ** ("kMGT".index(unit[0].replace("K", "k")) + 1) if is_binary else None
    size = int(number * (scale or _UNITS.get(unit, 1)))
    if size < _LEAST_BYTES:
        raise InvalidValue(
            f"memory_requests is {quantity}, less than an R process needs.",
            hint="Ask for 256Mi or more.",
        )
    return size


_CPUS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(m?)")


def cpus_of(quantity: str) -> int:
    """Whole processors of a quantity of them as Kubernetes writes it, a part of one being one.

    >>> cpus_of("2"), cpus_of("2500m"), cpus_of("0.5")
    (2, 3, 1)

    Raises:
        InvalidValue: it is none.
    """
    found = _CPUS.fullmatch(quantity.strip())
    cpus = 0 if found is None else ceil(float(found[1]) / (1000 if found[2] else 1))
    if cpus < 1:
        raise InvalidValue(f"cpu_requests is an amount such as 2 or 500m, not {quantity!r}.")
    return cpus


_COUNTS = {"num_workers": 1, "max_batch_rows": 1, "min_instances": 0, "max_instances": 1}
_MOST = 1_000_000
_LONGEST_DEADLINE_S = 3600.0


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _shares(value: Any) -> Mapping[str, float]:
    good = isinstance(value, Mapping) and all(
        isinstance(share, int | float) and not isinstance(share, bool) and 0 < share < 1
        for share in value.values()
    )
    if not good:
        raise InvalidValue(f"split has a share between 0 and 1 for each version, not {value!r}.")
    return {str(name): float(share) for name, share in value.items()}


def _option(name: str, value: Any) -> Any:
    if name in _COUNTS:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
        if not whole or not _COUNTS[name] <= value <= _MOST:
            raise InvalidValue(f"{name} is a whole number from {_COUNTS[name]}, not {value!r}.")
        return int(value)
    if name == "deadline_s":
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not 0 < value <= _LONGEST_DEADLINE_S:
            raise InvalidValue(f"deadline_s is seconds up to 3600, not {value!r}.")
        return float(value)
    if name == "split":
        return _shares(value)
    if name == "autocapture":
        if not isinstance(value, bool):
            raise InvalidValue(f"autocapture is true or false, not {value!r}.")
        return value
    if name == "autocapture_sample":
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not 0 < value <= 1:
            raise InvalidValue(f"autocapture_sample is a share up to 1, not {value!r}.")
        return float(value)
    if name in ("build_external_access_integrations", "autocapture_drop"):
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise InvalidValue(f"{name} is a list of names, not {value!r}.")
        return tuple(values)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}"
    if name == "memory_requests" and isinstance(value, str):
        bytes_of(value)
    if name == "cpu_requests" and isinstance(value, str):
        cpus_of(value)
    if not isinstance(value, str) or len(value) > 1024:
        raise InvalidValue(f"{name} is a short text, not {value!r}.")
    return value


def limited(settings: Settings, options: Options) -> Settings:
    """The account's settings with what the deploy said."""
    memory, cpus = options.memory_requests, options.cpu_requests
    return replace(
        settings,
        max_workers=options.num_workers or settings.max_workers,
        predict_deadline_s=options.deadline_s or settings.predict_deadline_s,
        worker_memory_bytes=settings.worker_memory_bytes if memory is None else bytes_of(memory),
        worker_cpus=settings.worker_cpus if cpus is None else cpus_of(cpus),
    )
