"""How a course is taken: what to do comes as JSON, and what a visit saw goes out as a line of JSON."""

import json
import sys


def take(course):
    """Takes the course at each visit."""
    said = json.load(sys.stdin)
    for visit in said.pop("visits"):
        print(json.dumps(visit | {"seen": course(said | visit)}, default=str), flush=True)
