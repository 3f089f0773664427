"""What a client saw, beside what there was to see."""

import json


def differences(wanted, came, path=""):
    """Where what came is not what is wanted; what is wanted need not name everything."""
    if isinstance(wanted, dict) and isinstance(came, dict):
        for name, value in wanted.items():
            yield from differences(value, came.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(came, list) and len(wanted) == len(came):
        for place, (one, other) in enumerate(zip(wanted, came)):
            yield from differences(one, other, f"{path}[{place}]")
    elif wanted != came:
        yield f"{path}: {json.dumps(came, ensure_ascii=False)}\n  is to be {json.dumps(wanted, ensure_ascii=False)}"
