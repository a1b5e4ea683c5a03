"""What may be wrong with rows or with the model, as errors with a code."""


class ContractError(ValueError):
    """Rows that do not fit the model's contract: ``code`` says how, ``problems`` say where."""

    def __init__(self, start: str, problems: "list[tuple[str, str]]") -> None:
        told = "; ".join(text for _, text in problems[:20])
        more = f" ({len(problems) - 20:,} more)" if len(problems) > 20 else ""
        super().__init__(f"{start}: {told}{more}.")
        self.code = problems[0][0]
        self.problems = [text for _, text in problems]


class RModelError(RuntimeError):
    """R refused: the message is R's own; ``code`` is ``model_error`` or more precise."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Refused(Exception):
    """Why one value, or with ``row`` None a whole column, does not fit."""

    def __init__(self, code: str, reason: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.row = code, reason, row
