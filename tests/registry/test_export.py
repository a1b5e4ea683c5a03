"""Out of the registry and in again: the same version, or a refusal."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.fake import ANNA, HERE, MPG, log, opened, problems, ref

from modelyard.access import list_events
from modelyard.errors import AlreadyExists, Internal, MalformedRequest, NotFound, TooLarge
from modelyard.names import Qualified
from modelyard.registry.bring_in import import_folder, import_tar
from modelyard.registry.describe import list_models
from modelyard.registry.export import export_folder, export_tar, seal
from modelyard.registry.roles import GENERATED
from modelyard.registry.tar import Member, read_tar, write_tar

OTHER = Qualified(HERE, "OTHER")
LONG = "x" * 300


def archive(account) -> bytes:
    return b"".join(export_tar(account, ref())[1])


def bring_in(account, data: bytes, **kwargs):
    return import_tar(account, ANNA, OTHER, io.BytesIO(data), **kwargs)


def test_an_archive_comes_back_as_the_same_version(account):
    first = log(account, comment="c", metrics={"rmse": 0.1}, tags={"team": "x"}).version
    again = bring_in(account, archive(account)).version
    assert again.name == "V1" and again.manifest == first.manifest
    assert (again.comment, again.metrics, again.tags) == ("c", {"rmse": 0.1}, {"team": "x"})
    assert bring_in(account, archive(account), version_name="Copy").version.name == "Copy"
    assert bring_in(account, archive(account)).version.name == "V2"


def test_an_archive_comes_into_another_account(account, tmp_path):
    first = log(account).version
    with opened(tmp_path / "other") as other:
        again = bring_in(other, archive(account)).version
        assert again.manifest == first.manifest
        for file in again.manifest.files:
            with account.artifacts.open(file.digest) as a, other.artifacts.open(file.digest) as b:
                assert a.read() == b.read()
        event = list_events(other)[0]
        assert (event.kind, event.detail["model"]) == ("VersionImported", "ML_DB.MODELS.MPG")


def test_the_same_key_imports_once(account):
    log(account)
    data = archive(account)
    assert not bring_in(account, data, idempotency_key="k").replayed
    assert bring_in(account, data, idempotency_key="k").replayed


def test_a_folder_comes_back_as_the_same_version(account, tmp_path):
    first = log(account).version
    folder = export_folder(account, ref("V1"), tmp_path / "out" / "v1")
    named = {p.name for p in folder.rglob("*") if p.is_file()}
    assert named - set(GENERATED) == {"golden", "model", "model.json", "samples"}
    again = import_folder(account, ANNA, OTHER, folder).version
    assert again.manifest == first.manifest and problems(account) == []


def test_other_tools_read_and_write_the_archive(account, tmp_path):
    first = log(account).version
    (tmp_path / "a.tar").write_bytes(archive(account))
    (tmp_path / "x").mkdir()
    subprocess.run(["tar", "xf", tmp_path / "a.tar", "-C", tmp_path / "x"], check=True)
    packed = ["tar", "cf", tmp_path / "b.tar", "-C", tmp_path / "x", "."]
    subprocess.run(packed, check=True)
    again = bring_in(account, (tmp_path / "b.tar").read_bytes()).version
    assert again.manifest == first.manifest


def test_a_folder_that_is_there_is_not_written_into(account, tmp_path):
    log(account)
    (tmp_path / "v1").mkdir()
    export_folder(account, ref(), tmp_path / "v1")
    with pytest.raises(AlreadyExists):
        export_folder(account, ref(), tmp_path / "v1")


def test_a_folder_without_a_description_is_no_export(account, tmp_path):
    with pytest.raises(NotFound, match=r"model\.json"):
        import_folder(account, ANNA, OTHER, tmp_path)


def test_an_export_of_damaged_bytes_leaves_nothing(account, tmp_path):
    version = log(account).version
    digest = version.manifest.model.digest
    place = account.settings.home / "artifacts" / digest[:2] / digest
    place.write_bytes(b"b model")
    with pytest.raises(Internal, match="not what they were"):
        export_folder(account, ref(), tmp_path / "v1")
    assert list(tmp_path.iterdir()) == []


def test_one_changed_bit_anywhere_is_refused_or_harmless(account):
    first = log(account).version
    data = archive(account)
    taken = 0
    for at in range(0, len(data), 97):
        changed = bytearray(data)
        changed[at] ^= 1
        try:
            again = bring_in(account, bytes(changed)).version
        except MalformedRequest:
            continue
        taken += 1
        assert again.manifest == first.manifest
    assert problems(account) == []
    assert 0 < taken < 40  # such as in the bytes that fill a block


def test_every_cut_is_refused(account):
    log(account)
    data = archive(account)
    for end in range(0, len(data) - 1024, 211):
        with pytest.raises(MalformedRequest):
            bring_in(account, data[:end])
    assert [m.name for m in list_models(account)] == [MPG]


def _described(account, sealed=True, **changes) -> bytes:
    """The archive with another description."""
    members = dict(_read(archive(account)))
    raw = json.loads(members["model.json"])
    for dotted, value in changes.items():
        *path, last = dotted.split("__")
        inner = raw
        for part in path:
            inner = inner[part]
        inner[last] = value
    members["model.json"] = json.dumps(seal(raw) if sealed else raw).encode()
    return _pack(members)


def _read(data: bytes):
    for name, part in read_tar(io.BytesIO(data), max_members=16, max_bytes=10**6):
        yield name, part.read()


def _pack(members: dict[str, bytes]) -> bytes:
    return b"".join(write_tar(Member(n, len(b), lambda b=b: [b]) for n, b in members.items()))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"manifest": None},
        {"manifest": []},
        {"manifest__files": []},
        {"manifest__checks__row_independent": "yes"},
        {"manifest__checks__surprise": 1},
        {"manifest__signature__inputs": []},
        {"manifest__environment__packages": 3},
        {"manifest__options": [1]},
        {"manifest__task": 7},
        {"metrics": {"rmse": True}},
        {"tags": {"team": None}},
        {"comment": None},
    ],
)
def test_a_description_that_is_none_is_refused(account, changes):
    log(account)
    with pytest.raises(MalformedRequest):
        bring_in(account, _described(account, **changes))
    assert len(list_models(account)) == 1


def test_a_description_that_was_changed_is_refused(account):
    log(account)
    with pytest.raises(MalformedRequest, match="not as it was written"):
        bring_in(account, _described(account, sealed=False, comment="better"))
    assert bring_in(account, _described(account, comment="better")).version.comment == "better"


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "../evil"},
        {"name": "/etc/passwd"},
        {"name": "files/../../evil"},
        {"name": "files/weights"},
        {"name": "files/model", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"name": "files/model", "type": tarfile.LNKTYPE, "linkname": "model.json"},
        {"name": "files/model", "type": tarfile.CHRTYPE},
        {"name": "files/model", "type": tarfile.FIFOTYPE},
        {"name": LONG},
    ],
)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_an_entry_of_another_kind_or_name_is_refused(account, entry, form, tmp_path):
    if form == tarfile.USTAR_FORMAT and entry["name"] == LONG:
        entry = {"name": "x" * 99}  # as long as names are in this form
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        info = tarfile.TarInfo(entry["name"])
        info.type = entry.get("type", tarfile.REGTYPE)
        info.linkname = entry.get("linkname", "")
        tar.addfile(info)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MalformedRequest):
        bring_in(account, out.getvalue())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_there_twice_is_refused(account):
    log(account)
    data = archive(account)
    with pytest.raises(MalformedRequest, match="or only one"):
        bring_in(account, data[:-1024] + data)


def test_too_many_entries_and_too_many_bytes_are_refused():
    many = b"".join(write_tar(Member(f"f{i}", 0, list) for i in range(20)))
    with pytest.raises(MalformedRequest, match="more than 16"):
        list(read_tar(io.BytesIO(many), max_members=16, max_bytes=100))
    with pytest.raises(TooLarge):
        list(read_tar(io.BytesIO(_pack({"a": b"x" * 101})), max_members=16, max_bytes=100))


@given(
    st.dictionaries(
        st.text("abcdefgh/._", min_size=1, max_size=99).filter(lambda n: not n.startswith("./")),
        st.binary(max_size=2000),
        max_size=5,
    )
)
def test_an_archive_is_read_as_it_was_written(members):
    assert dict(_read(_pack(members))) == members
    with tarfile.open(fileobj=io.BytesIO(_pack(members))) as tar:
        names = [m.name for m in tar]
    assert [n.rstrip("/") for n in names] == [n.rstrip("/") for n in members]


@given(st.binary(max_size=3000))
def test_what_is_no_archive_is_refused(data):
    if data[:512] != bytes(512):
        with pytest.raises(MalformedRequest):
            list(_read(data))
