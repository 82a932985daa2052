"""Runs parliament on every policy statement of the transformed template.

Usage: rights.py DIR    DIR is the output of transform.py
"""

import json
import pathlib
import sys

import parliament

from gate import load
from transform import VARIANTS

# False positives: (where, issue, action).
ACCEPTED = {
    # It knows the executions of express state machines only, and lists of map runs.
    *(("OperatorPolicy", "RESOURCE_MISMATCH", f"states:{one}") for one in ("DescribeExecution", "GetExecutionHistory", "RedriveExecution", "ListExecutions")),
    # A person who sees one composite alarm sees all alarms.
    ("OperatorPolicy", "RESOURCE_STAR", "cloudwatch:DescribeAlarms"),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    statements = {}
    for variant in VARIANTS:
        template = load(folder, variant)
        for where, statement in template.statements():
            statements[json.dumps(statement, sort_keys=True)] = where
    found = 0
    for text, where in statements.items():
        document = json.dumps({"Version": "2012-10-17", "Statement": [json.loads(text)]})
        for finding in parliament.analyze_policy_string(document).findings:
            detail = finding.detail if isinstance(finding.detail, list) else []
            actions = [one["action"] if isinstance(one, dict) else one for one in detail] or [None]
            if any((where, finding.issue, action) not in ACCEPTED for action in actions):
                print(f"{where}: {finding}")
                found += 1
    print(f"parliament: {len(statements)} statements, {found} findings")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
