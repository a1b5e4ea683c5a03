"""What is printed of an error: each problem once, and how many more there are."""

import pytest

from modelyard.cli.output import show_error, show_warning
from modelyard.errors import Detail, MissingColumn, UnknownLevel


@pytest.fixture
def said(capsys):
    def lines(error):
        show_error(error)
        return capsys.readouterr().err.splitlines()

    return lines


def problems(count):
    return [Detail("missing value", "hp", row) for row in range(1, count + 1)]


def test_a_problem_the_message_names_is_not_listed_again(said):
    error = UnknownLevel("M V1: No: column hp, row 1: missing value.", details=problems(1))
    assert said(error) == ["Error: M V1: No: column hp, row 1: missing value."]


def test_what_is_listed_and_what_is_left_add_up_to_what_the_message_counts(said):
    message = "No: column hp, row 1: missing value (1,499 more problems)."
    found = said(UnknownLevel(message, details=problems(20)))
    assert found[1] == "  column hp, row 2: missing value"
    assert len(found) == 12
    assert found[-1] == "  … and 1,489 more"


def test_missing_columns_are_named_once(said):
    details = [Detail("missing", "wt"), Detail("missing", "hp"), Detail("3 times", "cyl")]
    message = "No: missing 2 columns wt, hp (1 more problem)."
    found = said(MissingColumn(message, details=details, hint="Add them."))
    assert found[1:] == ["  column cyl: 3 times", "Hint: Add them."]


def test_problems_the_message_does_not_name_are_all_listed(said):
    assert len(said(UnknownLevel("They differ.", details=problems(3)))) == 4


def test_a_warning_is_one_line_on_stderr(capsys):
    show_warning(UserWarning("The service [bold]x does not follow."), UserWarning, "f.py", 1)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Warning: The service [bold]x does not follow.\n")
