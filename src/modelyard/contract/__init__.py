"""The contract: rows that fit a signature, or an error that names column, row and reason.

``check_inputs`` and ``check_outputs`` are the only way in and out, for every path a row takes.
"""

from modelyard.contract.rows import Checked, check_inputs, check_outputs, empty_answer

__all__ = ["Checked", "check_inputs", "check_outputs", "empty_answer"]
