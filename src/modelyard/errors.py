"""Every error Modelyard raises on purpose.

::

    ModelyardError
      Invalid            what was sent cannot be used as it is
        MalformedRequest  InvalidName  InvalidSignature  InvalidValue  ...
      Unauthenticated, Forbidden
      NotFound
      Conflict
        AlreadyExists  InUse
      ModelFault         the model, not the caller and not Modelyard, is at fault
        ModelError  ModelTimeout  MemoryLimit  WorkerCrashed  ...
      Overloaded, Unavailable, StorageFull, Internal

An error carries a stable ``code``, one sentence, an optional hint that says what to do, and
details that name the column and the row (counted from 1, as R does). It knows no HTTP:
``http_status.py`` holds the one table of status numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is wrong: where, and why.

    ``column`` is a column's name, ``row`` counts from 1; either may be absent.
    """

    reason: str
    column: str | None = None
    row: int | None = None


class ModelyardError(Exception):
    """The root: ``code`` is stable and documented, ``message`` is one sentence."""

    code: ClassVar[str] = "internal"

    def __init__(
        self, message: str, *, hint: str | None = None, details: Sequence[Detail] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = tuple(details)

    def envelope(self, request_id: str | None = None) -> dict[str, object]:
        """The one shape in which an error leaves the process.

        >>> NotFound("No model MPG.").envelope("r1")["error"]["code"]
        'not_found'
        """
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "details": [asdict(d) for d in self.details],
                "request_id": request_id,
            }
        }

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  hint: {self.hint}"


class Invalid(ModelyardError):
    """What was sent cannot be used as it is."""

    code = "invalid_value"


class MalformedRequest(Invalid):
    """The request cannot be read at all."""

    code = "malformed_request"


class TooLarge(Invalid):
    """More bytes, rows, columns or levels of nesting than a limit allows."""

    code = "too_large"


class UnsupportedMediaType(Invalid):
    """A body in a form nobody here reads."""

    code = "unsupported_media_type"


class InvalidName(Invalid):
    """A name that breaks the rule for names."""

    code = "invalid_name"


class InvalidSignature(Invalid):
    """A signature that cannot be one, or does not fit the model."""

    code = "invalid_signature"


class InvalidValue(Invalid):
    """A value outside what its place allows."""

    code = "invalid_value"


class MissingColumn(Invalid):
    """A column of the signature is not in the rows."""

    code = "missing_column"


class DuplicateColumn(Invalid):
    """A column is in the rows more than once."""

    code = "duplicate_column"


class UnexpectedColumn(Invalid):
    """A column the signature does not have, refused because ``strict`` was asked for."""

    code = "unexpected_column"


class TypeMismatch(Invalid):
    """A value of another type than the signature declares."""

    code = "type_mismatch"


class NullNotAllowed(Invalid):
    """A missing value where the signature allows none."""

    code = "null_not_allowed"


class UnknownLevel(Invalid):
    """A factor level the model was not trained on."""

    code = "unknown_level"


class IntegerOutOfRange(Invalid):
    """An integer that R's 32-bit integers cannot hold (-2147483648 is R's NA)."""

    code = "integer_out_of_range"


class PrecisionLoss(Invalid):
    """An integer a double cannot hold exactly."""

    code = "precision_loss"


class Unauthenticated(ModelyardError):
    """No token, or one that is unknown, expired or revoked."""

    code = "unauthenticated"


class Forbidden(ModelyardError):
    """A good token that may not do this."""

    code = "forbidden"


class NotFound(ModelyardError):
    """No such thing."""

    code = "not_found"


class Conflict(ModelyardError):
    """Not possible as things stand."""

    code = "conflict"


class AlreadyExists(Conflict):
    """The name is taken, or was once taken: names are never used twice."""

    code = "already_exists"


class InUse(Conflict):
    """Something still points at it."""

    code = "in_use"


class ModelFault(ModelyardError):
    """The model is at fault, not the caller and not Modelyard."""

    code = "model_error"


class ModelError(ModelFault):
    """R refused: the message is R's own."""

    code = "model_error"


class ModelTimeout(ModelFault):
    """The model did not answer before its deadline."""

    code = "model_timeout"


class MemoryLimit(ModelFault):
    """The model asked for more memory than its worker may have."""

    code = "memory_limit"


class WorkerCrashed(ModelFault):
    """The R process died while it worked on this request."""

    code = "worker_crashed"
    is_killed = False
    """By SIGKILL, as the kernel does when memory runs out: it may be another's doing."""


class VerificationFailed(ModelFault):
    """A fresh R process did not give the predictions the author's session gave."""

    code = "verification_failed"


class MissingPackage(ModelFault):
    """R packages the model needs are not installed, or not as they are needed: all of them.

    ``packages`` are their names, where the error was raised in this process.
    """

    code = "missing_package"
    packages: tuple[str, ...] = ()


class ModelRejected(ModelFault):
    """Bytes that are not a model that can be served."""

    code = "model_rejected"


class OutputViolation(ModelFault):
    """The model's answer breaks its own signature."""

    code = "contract_violation_output"


class Overloaded(ModelyardError):
    """Too much is waiting already; try again shortly."""

    code = "overloaded"


class Unavailable(ModelyardError):
    """Not ready, or not now; try again."""

    code = "unavailable"


class StorageFull(ModelyardError):
    """No room left to write to; what was stored stays as it was."""

    code = "storage_full"


class Internal(ModelyardError):
    """A fault of Modelyard itself; the log line with the request id has the cause."""

    code = "internal"


def all_errors() -> dict[str, type[ModelyardError]]:
    """Every code with the most derived class that carries it.

    >>> all_errors()["not_found"].__name__
    'NotFound'
    """
    found: dict[str, type[ModelyardError]] = {}
    todo: list[type[ModelyardError]] = [ModelyardError]
    while todo:
        cls = todo.pop(0)
        found[cls.code] = cls
        todo.extend(cls.__subclasses__())
    return found


def from_code(
    code: str, message: str, hint: str | None = None, details: Sequence[Detail] = ()
) -> ModelyardError:
    """The error with this code, for those that receive one as data; unknown: ``Internal``."""
    return all_errors().get(code, Internal)(message, hint=hint, details=details)
