"""Files a version holds beside the model: the author's own and the generated ones."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.fake import ANNA, MPG, believe, log, opened, orphans, problems, ref, request_for

from modelyard.errors import InvalidName, InvalidValue, MalformedRequest
from modelyard.names import Qualified
from modelyard.registry import generated
from modelyard.registry.bring_in import import_folder, import_tar
from modelyard.registry.delete import delete_model
from modelyard.registry.export import export_folder, export_tar, seal
from modelyard.registry.gc import collect
from modelyard.registry.log import log_version
from modelyard.registry.roles import (
    GENERATED,
    MAX_FILES,
    MAX_ROLE,
    check_authors_role,
    check_role,
    check_roles,
)
from modelyard.registry.tar import Member, write_tar

OTHER = Qualified(MPG.namespace, "OTHER")

SAFE = ["user/a", "code/pkg/__init__.py", "user/a b/c-1.2_3.txt", "user/.hidden"]
UNSAFE = [
    "user/../model",
    "user/..",
    "user/.",
    "user/a/../../b",
    "user//a",
    "user/",
    "user",
    "/etc/passwd",
    "user/\\..\\a",
    "user/C:a",
    "user/a\0b",
    "user/a\nb",
    "user/é",
    "user/a.",
    "user/a ",
    "user/ a",
    "user/a/",
    "other/a",
    "User/a",
    "user/" + "a" * MAX_ROLE,
    "",
    None,
    7,
]


@pytest.fixture
def writes(monkeypatch):
    """Every generated file, with a text that tells of the manifest it was given."""
    writers = {r: lambda m, r=r: f"{r} for R {m.environment.r_version}\n" for r in GENERATED}
    monkeypatch.setattr(generated, "WRITERS", writers)


def _log(account, files: dict[str, bytes]):
    wanted = request_for(account)
    more = {r: account.artifacts.put(io.BytesIO(b)).digest for r, b in files.items()}
    wanted.files.update(more)  # type: ignore[attr-defined]
    return log_version(account, ANNA, MPG, wanted, verifier=believe).version


def _bytes_of(account, version, role) -> bytes:
    with account.artifacts.open(version.manifest.file(role).digest) as stream:
        return stream.read()


@pytest.mark.parametrize("role", SAFE)
def test_a_path_that_is_safe_anywhere_is_taken(role):
    assert check_role(role) == role


@pytest.mark.parametrize("role", UNSAFE, ids=repr)
def test_a_path_that_is_not_is_refused(role):
    with pytest.raises(InvalidName):
        check_authors_role(role)


@given(st.text(max_size=30))
def test_what_is_taken_stays_in_its_folder(text):
    try:
        role = check_role("user/" + text)
    except InvalidName:
        return
    assert role.isascii() and not set("\\:\0") & set(role)
    assert not {"", ".", ".."} & set(role.split("/"))


@pytest.mark.parametrize(
    "roles",
    [
        ["user/a", "user/A"],
        ["user/a", "user/a"],
        ["user/a", "user/A/b"],
        ["model", "model"],
        [f"user/{i}" for i in range(MAX_FILES + 1)],
    ],
    ids=["case", "twice", "folder", "model", "many"],
)
def test_files_that_cannot_lie_side_by_side_are_refused(account, roles):
    with pytest.raises(InvalidName):
        check_roles(roles)


def test_the_authors_files_are_kept_as_they_are(account):
    version = _log(account, {"user/table.csv": b"a,b\n", "code/pkg/__init__.py": b""})
    assert _bytes_of(account, version, "user/table.csv") == b"a,b\n"
    assert _bytes_of(account, version, "code/pkg/__init__.py") == b""
    named = [f["role"] for f in version.to_dict()["files"] if f["role"] not in GENERATED]
    assert named == ["model", "samples", "golden", "code/pkg/__init__.py", "user/table.csv"]


@pytest.mark.parametrize("role", ["user/../a", "golden", "renv.lock", "weights"])
def test_a_log_with_another_file_is_refused(account, role):
    with pytest.raises((InvalidName, InvalidValue)):
        _log(account, {role: b"x"})
    assert problems(account) == []


def test_generated_files_are_written_from_what_is_known(account, writes):
    version = _log(account, {})
    for role in GENERATED:
        assert _bytes_of(account, version, role) == f"{role} for R 4.2.2\n".encode()


def test_every_file_goes_out_and_comes_in_again(account, writes, tmp_path):
    files = {"user/a/b.txt": b"b", "code/pkg/__init__.py": b"", "user/a/c": b"c" * 3000}
    first = _log(account, files)
    folder = export_folder(account, ref(), tmp_path / "v1")
    assert (folder / "files/user/a/b.txt").read_bytes() == b"b"
    assert (folder / "files/renv.lock").read_text() == "renv.lock for R 4.2.2\n"
    data = b"".join(export_tar(account, ref())[1])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert {f"files/{f.role}" for f in first.manifest.files} < set(tar.getnames())
    with opened(tmp_path / "other") as other:
        by_tar = import_tar(other, ANNA, MPG, io.BytesIO(data)).version
        by_folder = import_folder(other, ANNA, OTHER, folder).version
        assert by_tar.manifest == by_folder.manifest == first.manifest
        assert _bytes_of(other, by_tar, "user/a/c") == b"c" * 3000
        assert problems(other) == []


def test_a_version_without_them_comes_in_as_before(account, tmp_path):
    first = log(account).version
    folder = export_folder(account, ref(), tmp_path / "v1")
    assert import_folder(account, ANNA, OTHER, folder).version.manifest == first.manifest


def test_a_link_in_a_folder_is_refused(account, tmp_path):
    _log(account, {"user/a": b"a"})
    folder = export_folder(account, ref(), tmp_path / "v1")
    (folder / "files/user/a").unlink()
    (folder / "files/user/a").symlink_to("/etc/passwd")
    with pytest.raises(MalformedRequest, match="link"):
        import_folder(account, ANNA, OTHER, folder)


@pytest.mark.parametrize("role", ["user/../../evil", "user/A", "user/a/b", "user//b"])
def test_an_archive_with_an_unsafe_place_is_refused(account, role):
    """Even one whose description names it, and whose seal fits."""
    _log(account, {"user/a": b"a"})
    folder: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(export_tar(account, ref())[1]))) as tar:
        for member in tar:
            folder[member.name] = tar.extractfile(member).read()  # type: ignore[union-attr]
    raw = json.loads(folder["model.json"])
    one = next(f for f in raw["manifest"]["files"] if f["role"] == "user/a")
    raw["manifest"]["files"].append({**one, "role": role})
    folder["model.json"] = json.dumps(seal(raw)).encode()
    folder[f"files/{role}"] = b"a"
    packed = b"".join(write_tar(Member(n, len(b), lambda b=b: [b]) for n, b in folder.items()))
    with pytest.raises(MalformedRequest):
        import_tar(account, ANNA, OTHER, io.BytesIO(packed))


def test_their_bytes_go_with_the_version(account, writes):
    _log(account, {"user/a": b"an author's file"})
    assert collect(account, ANNA, 0.0).deleted == 0
    delete_model(account, ANNA, MPG)
    assert len(orphans(account)) == 7
    assert collect(account, ANNA, 0.0).deleted == 7 and orphans(account) == set()
