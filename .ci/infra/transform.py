"""Transforms infra/template.yaml as CloudFormation would, offline: SAM's transform, then with parameters resolved.

Usage: transform.py OUT    writes OUT/template.json, and OUT/VARIANT.json for each of VARIANTS
"""

import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

ALARMS = {"AlarmAddress": "alarms@msp.example"}

# Combinations of optional parameters.
VARIANTS = {
    "usual": ALARMS,
    "key": {**ALARMS, "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"},
    "traced": {**ALARMS, "Tracing": "on"},
    "off": {"Schedule": "off"},
    "verified": {**ALARMS, "SenderIdentity": "existing"},
    "trial": {**ALARMS, "SenderIdentity": "address"},
}

PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::StackName": "truecount",
    "AWS::URLSuffix": "amazonaws.com",
}

# The ARN of a resource by its type and name.
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:000000000000:table/{}",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:000000000000:function:{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:000000000000:log-group:{}:*",
    "AWS::IAM::Role": "arn:aws:iam::000000000000:role/{}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::000000000000:policy/{}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:000000000000:{}",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:000000000000:{}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:us-east-1:000000000000:stateMachine:{}",
}
NAMES = ("FunctionName", "LogGroupName", "StateMachineName", "Name", "EmailIdentity")
REF_IS_ARN = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine", "AWS::IAM::ManagedPolicy")

NOTHING = object()


def transformed(source):
    """SAM's transform, without any request to AWS."""
    os.environ.setdefault("AWS_DEFAULT_REGION", PSEUDO["AWS::Region"])
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse

    class Policies:
        def load(self):
            return {}

    template = yaml_parse(source.read_text())
    for name, resource in template["Resources"].items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = f"s3://code/{name.removesuffix('Function').lower()}.zip"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            properties["Definition"] = json.loads((source.parent / properties.pop("DefinitionUri")).read_text())
    return in_one_piece(transform(template, {}, Policies()))


def in_one_piece(value):
    """The same template with each text that SAM joins of lines as one: cfn-lint goes a step deeper for each line."""
    if isinstance(value, list):
        return [in_one_piece(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::Join"}:
        separator, lines = value["Fn::Join"]
        if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            return separator.join(lines)
    return {key: in_one_piece(one) for key, one in value.items()}


class Resolver:
    """Resolves parameters, conditions and names."""

    def __init__(self, template, given):
        self.template = template
        self.values = dict(PSEUDO)
        for name, parameter in template.get("Parameters", {}).items():
            self.values[name] = given.get(name, parameter.get("Default"))
        self.conditions = {name: self.condition(one) for name, one in template.get("Conditions", {}).items()}

    def condition(self, one):
        (kind, operands), = one.items()
        if kind == "Fn::Equals":
            return self.value(operands[0]) == self.value(operands[1])
        if kind == "Fn::Not":
            return not self.condition(operands[0])
        raise ValueError(f"condition {kind}")

    def name(self, logical):
        resource = self.template["Resources"][logical]
        for key in NAMES:
            if key in resource.get("Properties", {}):
                return self.value(resource["Properties"][key])
        return logical

    def attribute(self, logical, attribute):
        kind = self.template["Resources"][logical]["Type"]
        if attribute.startswith("Dkim"):
            return f"{logical}.{attribute}"
        return ARNS[kind].format(self.name(logical)) if attribute == "Arn" else self.name(logical)

    def reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.values:
            return self.values[name]
        kind = self.template["Resources"][name]["Type"]
        return self.attribute(name, "Arn" if kind in REF_IS_ARN else "Name")

    def substituted(self, text):
        own = {}
        if isinstance(text, list):
            text, own = text
        def put(found):
            name = found.group(1)
            if name in own:
                return str(self.value(own[name]))
            return str(self.attribute(*name.split(".")) if "." in name else self.reference(name))
        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", put, text)

    def value(self, value):
        if isinstance(value, list):
            return [one for one in map(self.value, value) if one is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, inner), = value.items()
            if key == "Ref":
                return self.reference(inner)
            if key == "Fn::GetAtt":
                return self.attribute(*(inner.split(".") if isinstance(inner, str) else inner))
            if key == "Fn::Sub":
                return self.substituted(inner)
            if key == "Fn::If":
                return self.value(inner[1] if self.conditions[inner[0]] else inner[2])
            if key == "Fn::Select":
                return self.value(inner[1])[int(inner[0])]
            if key == "Fn::Split":
                return self.value(inner[1]).split(inner[0])
            if key == "Fn::Join":
                return inner[0].join(map(str, self.value(inner[1])))
        resolved = {key: self.value(inner) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not NOTHING}

    def unmet(self):
        """The rules about parameters that CloudFormation would refuse these for."""
        for name, one in self.template.get("Rules", {}).items():
            if "RuleCondition" not in one or self.condition(one["RuleCondition"]):
                if not all(self.condition(assertion["Assert"]) for assertion in one["Assertions"]):
                    yield name

    def resources(self):
        resources = {}
        for name, resource in self.template["Resources"].items():
            if self.conditions.get(resource.get("Condition"), True):
                resources[name] = {key: self.value(inner) for key, inner in resource.items()}
        return resources

    def outputs(self):
        outputs = self.template["Outputs"].items()
        return {name: self.value(one["Value"]) for name, one in outputs if self.conditions.get(one.get("Condition"), True)}


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    template = transformed(ROOT / "infra/template.yaml")
    (out / "template.json").write_text(json.dumps(template, indent=1))
    for variant, given in VARIANTS.items():
        resolver = Resolver(template, {"Sender": "billing@msp.example", **given})
        unmet = list(resolver.unmet())
        if unmet:
            sys.exit(f"{variant}: the parameters break {unmet}")
        (out / f"{variant}.json").write_text(json.dumps({"Resources": resolver.resources(), "Outputs": resolver.outputs()}, indent=1))
    unread = Resolver(template, {"Sender": "billing@msp.example"})
    if not list(unread.unmet()):
        sys.exit("a stack whose schedule is on and whose alarms nobody reads is not refused")


if __name__ == "__main__":
    main()
