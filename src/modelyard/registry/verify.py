"""Verification: a fresh R process loads the very bytes that were stored and proves the version.

It scores the sample rows and compares with what the author's session gave, learns whether rows
are independent, whether the model is deterministic and which inputs may be missing, and records
the environment. What fails here would have failed, or been wrong, in production.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from modelyard.account import Account
from modelyard.contract import check_inputs, check_outputs
from modelyard.errors import (
    Detail,
    InvalidSignature,
    ModelError,
    ModelyardError,
    VerificationFailed,
)
from modelyard.registry.bits import differences, same
from modelyard.registry.inside import contents_notes
from modelyard.registry.probes import Probes
from modelyard.registry.sample import generated_rows, resolved_inputs
from modelyard.registry.session import repositories, session_notes
from modelyard.registry.types import Verified, VerifyRequest
from modelyard.runtime.environment import Environment, Package
from modelyard.runtime.manifest import Checks
from modelyard.runtime.messages import Inspected
from modelyard.signature import Column, Signature, infer_columns
from modelyard.workers.lease import Worker


def verify(account: Account, request: VerifyRequest) -> Verified:
    """Prove a version in a fresh worker.

    Raises:
        VerificationFailed: the worker's predictions are not the author's, or it cannot make them.
        InvalidSignature: no contract can be found, or it does not fit the model.
        ModelFault: the model cannot be loaded.
    """
    deadline = account.settings.verify_deadline_s
    with account.workers.fresh(request) as worker:
        return _Verification(worker, request, account.settings.sample_rows, deadline).run()


@dataclass(slots=True)
class _Verification:
    worker: Worker
    request: VerifyRequest
    sample_rows: int
    deadline_s: float
    started: float = 0.0
    origin: str | None = None
    notes: list[str] = field(default_factory=list)

    def run(self) -> Verified:
        self.started = time.monotonic()
        told, own_rows = self.worker.inspect(self.sample_rows, deadline_s=self.deadline_s)
        if told.link_scale:
            self.notes.append(_LINK_SCALE)
        self.notes.extend(contents_notes(self.worker.contents, told.r_version))
        samples = self._samples(own_rows)
        inputs = self._inputs(samples, told, own_rows)
        _check_needed(inputs, told)
        if samples is None:
            samples, self.origin = generated_rows(inputs), "generated"
        checked = check_inputs(samples, inputs)
        self.notes.extend(checked.notes)
        rows = checked.table.slice(0, self.sample_rows)
        try:
            answer, warnings = self._score(rows)
        except ModelError as e:
            return self._only_loaded(e, inputs)
        self._check_number(answer, rows)
        self.notes.extend(f"R warned while scoring the sample rows: {w}" for w in warnings[:3])
        signature = self._signature(inputs, answer)
        golden = check_outputs(answer, signature, rows.num_rows)
        return self._proven(told, signature, rows, golden, samples.num_rows)

    def _proven(
        self,
        told: Inspected,
        signature: Signature,
        rows: pa.Table,
        golden: pa.Table,
        rows_in: int,
    ) -> Verified:
        """The sample rows were scored: compare, and try what may be done with rows."""
        started = time.monotonic()
        deterministic = self._again(rows, signature, golden)
        predict_s = time.monotonic() - started
        if deterministic:
            self._compare(golden, signature, rows_in)
        probes = Probes(lambda asked: self._score(asked)[0], rows, signature, golden)
        until = self.started + self.deadline_s / 2
        nullable, notes = probes.nullable(self.request.nullable, until)
        self.notes.extend(notes)
        independent = deterministic and told.row_independent and probes.row_independent(nullable)
        signature = signature.with_nullable(nullable)
        checks = self._checks(
            verified="predictions" if self.request.predictions is not None else "worker",
            row_independent=independent,
            deterministic=deterministic,
            sample_rows=rows.num_rows,
            predict_s=round(predict_s, 6),
        )
        self.notes.extend(_remarks(checks, told))
        return self._verified(signature, checks, rows, golden if deterministic else None)

    def _samples(self, own_rows: pa.Table | None) -> pa.Table | None:
        given = self.request.samples
        if given is not None and given.num_rows > 0:
            self.origin = self.request.sample_origin or "sample_input"
            return given
        if own_rows is not None and own_rows.num_rows > 0 and self._covers(own_rows):
            self.origin = "model_frame"
            return own_rows
        return None

    def _covers(self, rows: pa.Table) -> bool:
        """Whether the model's own rows have every declared column."""
        declared = self.request.inputs
        return declared is None or {c.name for c in declared} <= set(rows.column_names)

    def _inputs(
        self, samples: pa.Table | None, told: Inspected, own_rows: pa.Table | None
    ) -> tuple[Column, ...]:
        """The columns declared, else those of the sample rows, else those the model names."""
        declared = self.request.inputs
        if declared is None:
            rows = own_rows if samples is None else samples
            if rows is None:
                names = ", ".join(told.predictors)
                knows = f"the model names {names} without their types" if names else "it names none"
                raise InvalidSignature(
                    f"No input columns were given, and {knows}.",
                    hint="Give input_cols, or sample_input with a few rows to score.",
                )
            found = infer_columns(rows.schema, _dictionaries(rows))
            # Rows may bring more, the response at least.
            declared = tuple(c for c in found if not told.predictors or c.name in told.predictors)
        plain = self.request.body is None and self.request.predict.fn == "predict"
        return resolved_inputs(declared, samples, told.levels, plain=plain)

    def _signature(self, inputs: Sequence[Column], answer: pa.Table) -> Signature:
        found = infer_columns(answer.schema, _dictionaries(answer))
        found = tuple(
            replace(c, type="string", levels=None) if c.type == "factor" else c for c in found
        )
        declared = self.request.outputs
        if declared is None:
            return Signature(tuple(inputs), found, self.request.rows)
        names, wanted = {c.name for c in found}, [c.name for c in declared]
        if len(declared) != len(found) and not set(wanted) <= names:
            raise InvalidSignature(
                f"The model answers {', '.join(c.name for c in found)}, and output_cols names "
                f"{', '.join(wanted)}.",
                hint="Name each column the model answers, or return them from a predict_body.",
            )
        return Signature(tuple(inputs), tuple(declared), self.request.rows)

    def _score(self, rows: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
        left = self.deadline_s - (time.monotonic() - self.started)
        found = self.worker.predict(rows, deadline_s=max(left, 1.0), request_id="verify")
        return found.table, found.warnings

    def _answer(self, rows: pa.Table, signature: Signature) -> pa.Table:
        return check_outputs(self._score(rows)[0], signature, rows.num_rows)

    def _check_number(self, answer: pa.Table, rows: pa.Table) -> None:
        if self.request.rows == "same" and answer.num_rows != rows.num_rows:
            hint = 'Log it with rows = "free" if its answer has rows of its own.'
            if answer.num_rows == 0:
                hint = "None at all come of a column that the input does not have. " + hint
            raise InvalidSignature(
                f"The answer has another number of rows than the input: {answer.num_rows}, not "
                f"{rows.num_rows}.",
                hint=hint,
            )

    def _only_loaded(self, error: ModelError, inputs: tuple[Column, ...]) -> Verified:
        """The sample rows could not be scored: refused when they should have been."""
        if self.request.predictions is not None or self.origin == "sample_input":
            raise VerificationFailed(
                "A fresh R process cannot score the sample rows: " + error.message,
                hint="What the model needs besides itself and predict_pkgs does not travel: put "
                "functions and values it uses into predict_body, packages into predict_pkgs, and "
                "files it reads into user_files. A worker runs no other process.",
            ) from error
        self.notes.append(
            f"No sample row could be scored ({error.message}), so the version is only known to "
            "load. Give sample_input to have it verified."
        )
        outputs = self.request.outputs or (Column("prediction", "double"),)
        checks = self._checks(verified="load", row_independent=False, deterministic=True)
        return self._verified(Signature(inputs, tuple(outputs), self.request.rows), checks)

    def _checks(self, **found: Any) -> Checks:
        return Checks(
            **found,
            sample_origin=self.origin,
            load_s=round(self.worker.load_s, 4),
            isolation=self.worker.isolation.level.value,
        )

    def _verified(
        self,
        signature: Signature,
        checks: Checks,
        samples: pa.Table | None = None,
        golden: pa.Table | None = None,
    ) -> Verified:
        environment, told = self._environment()
        if checks.verified != "load":
            self.notes.extend(session_notes(self.request.client, environment, checks.verified))
        return Verified(
            signature=signature,
            environment=environment,
            checks=checks,
            samples=samples,
            golden=golden,
            model_class=tuple(told.model_class),
            task=self.request.task or _TASKS.get(told.kind, "UNKNOWN"),
            kind=told.kind,
            notes=tuple(dict.fromkeys(self.notes)),
            contents=self.worker.contents,
        )

    def _again(self, rows: pa.Table, signature: Signature, golden: pa.Table) -> bool:
        return same(self._answer(rows, signature), golden)

    def _compare(self, golden: pa.Table, signature: Signature, rows_in: int) -> None:
        theirs = self.request.predictions
        if theirs is None:
            return
        details: list[Detail]
        try:
            expected = check_outputs(theirs, signature, rows_in)
            if self.request.rows == "same":
                expected = expected.slice(0, golden.num_rows)
            details = differences(golden, expected)
        except ModelyardError as e:
            details = [Detail(e.message)]
        if details:
            first = details[0]
            where = f" in column {first.column}, row {first.row}" if first.column else ""
            raise VerificationFailed(
                f"A fresh R process predicts otherwise than your session{where}: {first.reason}.",
                hint="Workers run in locale C.UTF-8 and time zone UTC with R's own options; "
                "look for options(), contrasts or a global value that the predictions depend on.",
                details=details,
            )

    def _environment(self) -> tuple[Environment, Inspected]:
        told, _ = self.worker.inspect(1, deadline_s=self.deadline_s)
        loaded = [Package.described(p) for p in told.packages]
        environment = Environment(
            r_version=told.r_version,
            platform=told.platform,
            packages={p.name: p.version for p in sorted(loaded, key=lambda p: p.name)},
            roots=tuple(told.roots),
            closure=(*loaded, *(Package.described(p) for p in told.builders)),
            repositories=repositories(self.request.client),
        )
        return environment, told


def _check_needed(inputs: Sequence[Column], told: Inspected) -> None:
    """Refuse inputs that lack a column of the model: it would take its own rows for it, or R's."""
    missing = [p for p in told.predictors if p not in {c.name for c in inputs}]
    if missing:
        raise InvalidSignature(
            f"The model needs {', '.join(missing)}, which the input columns do not have.",
            hint="Add the column, or give a predict_body that does not need it.",
            details=[Detail("needed by the model", column=p) for p in missing],
        )


_TASKS = {
    "regression": "TABULAR_REGRESSION",
    "binary": "TABULAR_BINARY_CLASSIFICATION",
    "multiclass": "TABULAR_MULTI_CLASSIFICATION",
}
"""The task of a version whose author names none, by what its model is for."""

_LINK_SCALE = (
    "Predictions are on the scale of the link, as R's predict() gives them for a glm. "
    'For the response scale log it with predict_args = list(type = "response").'
)


def _dictionaries(rows: pa.Table) -> dict[str, list[str]]:
    return {
        f.name: rows[f.name].combine_chunks().dictionary.to_pylist()
        for f in rows.schema
        if pa.types.is_dictionary(f.type)
    }


def _remarks(checks: Checks, told: Inspected) -> list[str]:
    notes = []
    if checks.sample_origin == "generated":
        notes.append(
            "The sample rows were made up from the signature; give sample_input for real ones."
        )
    if not checks.deterministic:
        notes.append(
            "The same rows gave different predictions twice: each request is seeded from its id."
        )
    elif not told.row_independent:
        notes.append(
            "A model of its class does not answer each row by itself, as it forecasts or draws "
            "lots between equal classes: a request is always one call."
        )
    elif not checks.row_independent:
        notes.append(
            "A row's prediction depends on the other rows, or the sample rows cannot show that it "
            "does not (a column has one value, or may be missing and could not be tried so): a "
            "request is always one call."
        )
    return notes
