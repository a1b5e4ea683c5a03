"""Where to connect: the first that is there."""

import pytest

from modelyard.client.profiles import Target, choose
from modelyard.errors import InvalidValue, NotFound, Unauthenticated

FILE = """
[default]
url = "http://default"
token = "d"
[prod]
url = "http://prod"
token = "p"
database = "DB"
schema = "S"
[local]
database = "L"
"""


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def profiles(home):
    home.mkdir()
    (home / "connections.toml").write_text(FILE)


ENV = {"MODELYARD_URL": "http://env", "MODELYARD_TOKEN": "e", "SNOWFLAKE_HOME": "/nonexistent"}
NO_ENV = {"SNOWFLAKE_HOME": "/nonexistent"}


def test_an_argument_comes_first_then_the_environment_then_a_profile(home, profiles):
    assert choose("http://a", "a", "prod", ENV, home) == Target("http://a", "a")
    assert choose("http://a", None, None, ENV, home) == Target("http://a", "e")
    assert choose(None, None, "prod", ENV, home) == Target("http://env", "e")
    assert choose(None, None, "prod", NO_ENV, home) == Target("http://prod", "p", "DB", "S")
    assert choose(None, None, None, NO_ENV, home) == Target("http://default", "d")
    assert choose(None, None, "local", NO_ENV, home) == Target(None, None, "L")


def test_without_anything_it_is_the_local_account(home):
    assert choose(None, None, None, NO_ENV, home) == Target()


def test_a_profile_that_is_not_there_is_not_found(home, profiles):
    with pytest.raises(NotFound, match="'nosuch'"):
        choose(None, None, "nosuch", NO_ENV, home)


def test_an_address_without_a_token_is_refused(home):
    with pytest.raises(Unauthenticated):
        choose("http://a", None, None, NO_ENV, home)


def test_a_file_that_cannot_be_read_is_told(home):
    home.mkdir()
    (home / "connections.toml").write_text("[")
    with pytest.raises(InvalidValue):
        choose(None, None, "prod", NO_ENV, home)


def test_a_token_is_not_shown():
    assert "secret" not in repr(Target("http://a", "secret"))
