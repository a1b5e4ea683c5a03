"""The one check of the one error shape."""


def assert_error(answer, status, code):
    """The answer is an error of this kind, in the envelope, with nothing internal in it."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    if answer.request.url.path.startswith("/v2"):  # the Open Inference Protocol has a text
        assert isinstance(error, str) and error
        return error
    assert set(error) == {"code", "message", "hint", "details", "request_id"}
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    for internal in ("Traceback", "/src/", "site-packages", 'File "'):
        assert internal not in answer.text
    return error
