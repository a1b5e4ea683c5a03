"""OpenAPI 3.1 of one service, made from the contract of the version that answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.json_rows.tensors import DATATYPE
from modelyard.scoring.dialects import CSV
from modelyard.scoring.frames import ARROW, JSON, RDS
from modelyard.services.about import About
from modelyard.services.protocols import schemas
from modelyard.services.protocols.routes import DOCS, LIFE
from modelyard.services.protocols.schemas import Schema, one_object
from modelyard.signature import Column, Signature

Rows = Sequence[Mapping[str, Any]]

_FAULTS = {
    "400": "The body cannot be read.",
    "401": "No token, or no good one.",
    "403": "A token for something else.",
    "404": "There is no such thing.",
    "413": "More than the limits allow.",
    "415": "A form that is not read here.",
    "422": "Rows that do not fit the contract, or R's own refusal.",
    "429": "Too many requests wait.",
    "500": "A fault here, or an answer that breaks the contract.",
    "502": "The model's R process died.",
    "503": "Not ready.",
    "504": "The model took too long.",
}
_TEXT: Schema = {"type": "string"}
_LIST: Schema = {"type": "array"}
_NULL_OR_TEXT: Schema = {"type": ["string", "null"]}
_ERROR = one_object(
    {
        "error": one_object(
            {
                "code": _TEXT,
                "message": _TEXT,
                "hint": _NULL_OR_TEXT,
                "details": _LIST,
                "request_id": _NULL_OR_TEXT,
            }
        )
    }
)
_ANSWER_HEADERS = {
    "x-modelyard-version": {"description": "The version that answered.", "schema": _TEXT},
    "x-request-id": {"description": "The request, as the service's log names it.", "schema": _TEXT},
}


def openapi(about: About, samples: Rows) -> Schema:
    """The description of a service; ``samples`` are rows of the version, as JSON writes them."""
    version = about.version
    signature = version.manifest.signature
    of_model = f"/v2/models/{version.model.name}"
    return {
        "openapi": "3.1.0",
        "info": {"title": str(about.name), "version": version.name, "summary": f"{version}"},
        "security": [{"token": []}],
        "paths": {
            "/predict": {"post": _predict(signature, samples)},
            "/invocations": {"post": _invocations(signature, samples)},
            f"{of_model}/infer": {"post": _infer(signature, samples)},
            of_model: _get(
                "The model's tensors", one_object({"name": _TEXT, "inputs": _LIST}), True
            ),
            f"{of_model}/ready": _get("Whether it answers", one_object({"ready": {}}), True),
            "/v2": _get("The server", one_object({"name": _TEXT, "version": _TEXT}), True),
            "/": _get("Name, version and contract", one_object({"name": _TEXT, "signature": {}})),
            "/metadata": _get("Version and packages", one_object({"version": _TEXT})),
            "/version": _get("Modelyard's version", _TEXT, form="text/plain"),
            "/metrics": _get("Its figures", _TEXT, form="text/plain"),
            "/openapi.json": _get("This description", one_object({"openapi": _TEXT})),
            **{path: _open(path) for path in (*LIFE, DOCS)},
        },
        "components": {
            "schemas": {
                "Row": schemas.record(signature.inputs, is_input=True),
                "Prediction": schemas.record(signature.outputs, is_input=False),
                "Error": _ERROR,
                "InferenceError": one_object({"error": _TEXT}),
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _predict(signature: Signature, samples: Rows) -> Schema:
    inputs, records = signature.inputs, {"type": "array", "items": _ref("Row")}
    body = {
        "anyOf": [
            one_object({"dataframe_records": records}),
            one_object({"dataframe_split": schemas.split(inputs)}),
            one_object({"data": schemas.numbered(inputs)}),
            records,
        ]
    }
    rows = [list(row.values()) for row in samples]
    split = {"columns": [c.name for c in inputs], "data": rows}
    examples = {
        "dataframe_records": {"dataframe_records": samples},
        "dataframe_split": {"dataframe_split": split},
        "data": {"data": [[i, *row] for i, row in enumerate(rows)]},
        "records": samples,
    }
    plain = {"type": "array", "items": _ref("Prediction")}
    answer = {"anyOf": [schemas.answered(signature), plain]}
    said = _post("Score rows", body, examples if samples else {}, answer)
    for form in (RDS, ARROW):
        said["requestBody"]["content"][form] = {}
        said["responses"]["200"]["content"][form] = {}
    strict = {"name": "strict", "in": "query", "schema": {"type": "boolean"}}
    said["parameters"] = [{**strict, "description": "Refuse columns that are not used."}]
    return said


def _invocations(signature: Signature, samples: Rows) -> Schema:
    inputs, records = signature.inputs, {"type": "array", "items": _ref("Row")}
    columns = {c.name: {"type": "array", "items": schemas.cell(c)} for c in inputs}
    body = {
        "anyOf": [
            one_object({"dataframe_records": records}),
            one_object({"dataframe_split": schemas.split(inputs)}),
            one_object({"instances": {"anyOf": [records, schemas.instances(inputs)]}}),
            one_object({"inputs": {"anyOf": [records, one_object(columns)]}}),
        ]
    }
    by_column = {c.name: [row.get(c.name) for row in samples] for c in inputs}
    examples = {"inputs": {"inputs": by_column}, "instances": {"instances": samples}}
    answer = one_object({"predictions": {"type": "array", "items": _ref("Prediction")}})
    said = _post("Score rows, as MLflow does", body, examples if samples else {}, answer)
    said["requestBody"]["content"][CSV] = {"schema": _TEXT}
    return said


def _infer(signature: Signature, samples: Rows) -> Schema:
    body = one_object(
        {"id": _TEXT, "inputs": schemas.tensors(signature.inputs)},
        required=["inputs"],
    )
    answer = one_object(
        {
            "model_name": _TEXT,
            "model_version": _TEXT,
            "outputs": schemas.tensors_answered(signature.outputs),
        }
    )
    sent = {"inputs": [_tensor(c, [row.get(c.name) for row in samples]) for c in signature.inputs]}
    examples = {"tensors": sent} if samples else {}
    return _post("Score tensors, as the Open Inference Protocol does", body, examples, answer, True)


def _tensor(column: Column, data: list[Any]) -> Schema:
    datatype = DATATYPE[column.type]
    return {"name": column.name, "datatype": datatype, "shape": [len(data)], "data": data}


def _post(
    what: str, body: Schema, examples: Schema, answer: Schema, is_oip: bool = False
) -> Schema:
    named = {name: {"value": value} for name, value in examples.items()}
    sent: Schema = {"schema": body, **({"examples": named} if named else {})}
    return {
        "summary": what,
        "requestBody": {"required": True, "content": {JSON: sent}},
        "responses": {
            "200": {**_content("The predictions.", answer, JSON), "headers": _ANSWER_HEADERS},
            **_faults(is_oip),
        },
    }


def _get(what: str, schema: Schema, is_oip: bool = False, form: str = JSON) -> Schema:
    good = _content(f"{what}.", schema, form)
    return {"get": {"summary": what, "responses": {"200": good, **_faults(is_oip)}}}


def _open(path: str) -> Schema:
    """A path that needs no token."""
    if path == DOCS:
        good = _content("The page.", _TEXT, "text/html")
        return {"get": {"summary": "Try it", "security": [], "responses": {"200": good}}}
    form, schema = (
        ("text/plain", _TEXT) if path in ("/livez", "/readyz") else (JSON, one_object({}))
    )
    answers = {"200": _content("Yes.", schema, form), "503": _content("Not yet.", schema, form)}
    what = "Whether it lives" if LIFE[path] == "live" else "Whether it is ready"
    return {"get": {"summary": what, "security": [], "responses": answers}}


def _faults(is_oip: bool) -> Schema:
    error = _ref("InferenceError" if is_oip else "Error")
    return {status: _content(said, error, JSON) for status, said in _FAULTS.items()}


def _content(description: str, schema: Schema, form: str) -> Schema:
    return {"description": description, "content": {form: {"schema": schema}}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
