"""A bundle is plain files in one folder, and nothing else."""

import io
import tarfile

import pytest

from modelyard.client.bundle import pack, unpack
from modelyard.errors import AlreadyExists, MalformedRequest, NotFound


def _tar(*members):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/passwd"
            tar.addfile(member)
    made.seek(0)
    return made


def test_a_folder_survives_the_journey(tmp_path):
    source = tmp_path / "a"
    (source / "files").mkdir(parents=True)
    (source / "model.json").write_text("{}")
    (source / "files" / "model").write_bytes(b"\0" * 1000)
    tar = io.BytesIO()
    pack(source, tar)
    tar.seek(0)
    unpack(tar, tmp_path / "b" / "c")
    found = {p.relative_to(tmp_path / "b" / "c").as_posix() for p in (tmp_path / "b").rglob("*")}
    assert {"model.json", "files/model"} <= found
    assert (tmp_path / "b" / "c" / "files" / "model").read_bytes() == b"\0" * 1000


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../x", tarfile.REGTYPE),
        ("/etc/x", tarfile.REGTYPE),
        ("a/../../x", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("hard", tarfile.LNKTYPE),
        ("fifo", tarfile.FIFOTYPE),
    ],
)
def test_what_is_no_plain_file_is_refused_and_leaves_nothing(tmp_path, name, kind):
    with pytest.raises(MalformedRequest):
        unpack(_tar(("good", tarfile.REGTYPE), (name, kind)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(AlreadyExists):
        unpack(_tar(("good", tarfile.REGTYPE)), tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine"]
    with pytest.raises(NotFound):
        pack(tmp_path / "nosuch", io.BytesIO())
