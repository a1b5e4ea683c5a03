"""The codes by which R's serialised form names the type of a value, and the bits beside them.

From "Serialization Formats" in R Internals, and ``serialize.c`` of R 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

SYMBOL, PAIRLIST, CLOSURE, ENVIRONMENT, PROMISE, LANGUAGE, SPECIAL, BUILTIN = range(1, 9)
CHAR, LOGICAL, INTEGER, REAL, COMPLEX, STRING, DOTS = 9, 10, 13, 14, 15, 16, 17
LIST, EXPRESSION, BYTECODE, POINTER, WEAK_REFERENCE, RAW, S4 = 19, 20, 21, 22, 23, 24, 25
ALTREP, PAIRLIST_WITH_ATTRIBUTES, LANGUAGE_WITH_ATTRIBUTES = 238, 239, 240
BASE_ENVIRONMENT, EMPTY_ENVIRONMENT, SHARED, SHARED_FIRST = 241, 242, 243, 244
GENERIC_REFERENCE, CLASS_REFERENCE, PERSISTENT, PACKAGE, NAMESPACE = 245, 246, 247, 248, 249
BASE_NAMESPACE, MISSING_ARGUMENT, UNBOUND, GLOBAL_ENVIRONMENT, NIL, REFERENCE = range(250, 256)

HAS_ATTRIBUTES, HAS_TAG = 0x200, 0x400
NA_INTEGER = -(2**31)
"""How R marks a missing integer or logical value."""
ACTIVE_BINDING = 0x8000 << 12
"""On a cell of an environment's frame: its value is a function that is called when it is read."""

ELEMENT_BYTES: Mapping[int, int] = {LOGICAL: 4, INTEGER: 4, REAL: 8, COMPLEX: 16, RAW: 1}
ENVIRONMENTS = frozenset(
    {
        ENVIRONMENT,
        NAMESPACE,
        PACKAGE,
        BASE_ENVIRONMENT,
        EMPTY_ENVIRONMENT,
        BASE_NAMESPACE,
        GLOBAL_ENVIRONMENT,
    }
)
