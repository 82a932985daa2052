"""Tests the rules of gate.py: for each, changes to the transformed template that it must reject.

Usage: broken.py DIR    DIR is the output of transform.py
"""

import copy
import json
import pathlib
import sys

from gate import RULES, Template, load

BROKEN = []


def breaks(rule, variant="usual"):
    def keep(change):
        BROKEN.append((rule, variant, change))
        return change
    return keep


def properties(resources, name):
    return resources[name]["Properties"]


def statement(resources, name, sid):
    one = properties(resources, name)
    documents = [policy["PolicyDocument"] for policy in one.get("Policies", [])] or [one["PolicyDocument"]]
    return next(found for document in documents for found in document["Statement"] if found.get("Sid") == sid)


def setting(rule, name, value, *path, variant="usual"):
    """Sets a value, or removes it if None, at a path below a resource's properties."""
    def change(resources):
        at = properties(resources, name)
        for step in path[:-1]:
            at = at[step]
        if value is None:
            at.pop(path[-1])
        else:
            at[path[-1]] = value
    change.__name__ = f"{name}.{'.'.join(map(str, path))} = {value}"
    BROKEN.append((rule, variant, change))


def right(rule, name, sid, key, value):
    def change(resources):
        statement(resources, name, sid)[key] = value
    change.__name__ = f"{name} {sid} {key} = {value}"
    BROKEN.append((rule, "usual", change))


def told(rule, name, value, variant="usual"):
    """Changes an output, or removes it if None."""
    def change(outputs):
        if value is None:
            outputs.pop(name)
        else:
            outputs[name] = value
    change.__name__ = f"output {name} = {value}"
    change.of_outputs = True
    BROKEN.append((rule, variant, change))


def without(rule, name, key=None, variant="usual"):
    """Removes a resource, or a key beside its properties."""
    def change(resources):
        (resources.pop(name) if key is None else resources[name].pop(key))
    change.__name__ = f"without {name} {key or ''}"
    BROKEN.append((rule, variant, change))


right("no-wildcard-action", "SyncRole", "Table", "Action", "*")
right("no-wildcard-action", "SyncRole", "Table", "Action", ["dynamodb:*"])
right("no-wildcard-action", "ReportRole", "ReadFiles", "Action", "s3:Get*")
right("no-wildcard-action", "OperatorPolicy", "Secrets", "Action", "ssm:*")
right("no-wildcard-action", "OperatorPolicy", "Secrets", "NotAction", "iam:CreateUser")
right("no-wildcard-resource", "SyncRole", "Table", "Resource", "*")
right("no-wildcard-resource", "SyncRole", "Table", "Resource", "arn:aws:dynamodb:us-east-1:000000000000:table/*")
right("no-wildcard-resource", "ReconcileRole", "ReadFiles", "Resource", ["arn:aws:s3:::*"])
right("no-wildcard-resource", "SyncRole", "Secrets", "Resource", "arn:aws:ssm:us-east-1:000000000000:parameter/*")
right("no-wildcard-resource", "ReportRole", "Mail", "Condition", {})
right("no-wildcard-resource", "OperatorPolicy", "SeeIdentities", "Action", ["ses:GetEmailIdentity", "ses:DeleteEmailIdentity"])
right("no-foreign-principal", "TopicPolicy", "Alarms", "Condition", {})


@breaks("no-foreign-principal")
def a_public_bucket_statement(resources):
    properties(resources, "BucketPolicy")["PolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::Bucket/reports/*"})


@breaks("no-foreign-principal")
def a_role_for_another_account(resources):
    trust = properties(resources, "SyncRole")["AssumeRolePolicyDocument"]["Statement"][0]
    trust["Principal"] = {"AWS": "arn:aws:iam::111111111111:root"}


@breaks("no-foreign-principal")
def a_function_url(resources):
    resources["Open"] = {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE"}}


setting("one-role-per-function", "ReportFunction", "arn:aws:iam::000000000000:role/SyncRole", "Role")
setting("one-role-per-function", "ReportRole", ["arn:aws:iam::aws:policy/AmazonSESFullAccess"], "ManagedPolicyArns")
right("separate-duties", "SyncRole", "Failed", "Action", ["sqs:SendMessage", "ses:SendRawEmail"])
right("separate-duties", "ReportRole", "Failed", "Action", ["sqs:SendMessage", "ssm:GetParameter"])
right("separate-duties", "ReconcileRole", "Failed", "Action", ["sqs:SendMessage", "ssm:GetParameter"])
right("separate-duties", "SyncRole", "Secrets", "Resource", "arn:aws:ssm:us-east-1:000000000000:parameter/truecount/other/sources/*")
right("narrow-clerk", "ClerkPolicy", "ReadReports", "Resource", "arn:aws:s3:::Bucket/raw/*")
right("narrow-clerk", "ClerkPolicy", "DropFiles", "Resource", "arn:aws:s3:::Bucket/config/*")
right("narrow-clerk", "ClerkPolicy", "FindReports", "Condition", {})
right("narrow-clerk", "ClerkPolicy", "SeeRuns", "Condition", {})
right("narrow-clerk", "ClerkPolicy", "SeeRuns", "Action", ["dynamodb:GetItem", "dynamodb:PutItem"])
right("narrow-clerk", "ClerkPolicy", "DecideExceptions", "Condition", {})
right("narrow-clerk", "ClerkPolicy", "DecideExceptions", "Action", ["dynamodb:PutItem", "dynamodb:DeleteItem"])
setting("encryption", "Bucket", None, "BucketEncryption")
setting("encryption", "FailedQueue", None, "SqsManagedSseEnabled")
setting("encryption", "Table", None, "SSESpecification", variant="key")
setting("encryption", "Bucket", "AES256", "BucketEncryption", "ServerSideEncryptionConfiguration", 0,
        "ServerSideEncryptionByDefault", "SSEAlgorithm", variant="key")
without("tls-only", "BucketPolicy")
without("tls-only", "FailedQueuePolicy")
right("tls-only", "TopicPolicy", "OnlyTls", "Effect", "Allow")
right("tls-only", "BucketPolicy", "OnlyTls", "Resource", ["arn:aws:s3:::Bucket"])
right("tls-only", "BucketPolicy", "OnlyTls", "Action", "s3:GetObject")
setting("tls-only", "MailConfiguration", "OPTIONAL", "DeliveryOptions", "TlsPolicy")
for flag in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
    setting("private-bucket", "Bucket", False, "PublicAccessBlockConfiguration", flag)
setting("private-bucket", "Bucket", "PublicRead", "AccessControl")
setting("private-bucket", "Bucket", None, "OwnershipControls")
setting("versioning", "Bucket", "Suspended", "VersioningConfiguration", "Status")
setting("lifecycle", "Bucket", "GLACIER", "LifecycleConfiguration", "Rules", 0, "Transitions", 0, "StorageClass")
setting("lifecycle", "Bucket", "DEEP_ARCHIVE", "LifecycleConfiguration", "Rules", 0, "Transitions", 0, "StorageClass")
setting("lifecycle", "Bucket", "reports/", "LifecycleConfiguration", "Rules", 1, "Prefix")
setting("lifecycle", "Bucket", "config/", "LifecycleConfiguration", "Rules", 1, "Prefix")
setting("lifecycle", "Bucket", 30, "LifecycleConfiguration", "Rules", 0, "ExpirationInDays")
setting("lifecycle", "Bucket", None, "LifecycleConfiguration", "Rules", 0, "ExpirationInDays")
setting("lifecycle", "Bucket", 365, "LifecycleConfiguration", "Rules", 2, "ExpirationInDays")
setting("lifecycle", "Bucket", "reports/", "LifecycleConfiguration", "Rules", 0, "Prefix")
setting("lifecycle", "Bucket", "Disabled", "LifecycleConfiguration", "Rules", 0, "Status")
setting("lifecycle", "Bucket", "Disabled", "LifecycleConfiguration", "Rules", 3, "Status")
setting("point-in-time-recovery", "Table", None, "PointInTimeRecoverySpecification")
setting("deletion-protection", "Table", False, "DeletionProtectionEnabled")
setting("table-shape", "Table", "PROVISIONED", "BillingMode")
setting("table-shape", "Table", None, "TimeToLiveSpecification")
for data in ("Table", "Bucket"):
    without("data-stays", data, "DeletionPolicy")
    without("data-stays", data, "UpdateReplacePolicy")
setting("log-retention", "SyncLogs", None, "RetentionInDays")
setting("log-retention", "ReportFunction", None, "LoggingConfig")
setting("log-retention", "SyncFunction", None, "LoggingConfig", "LogFormat")
without("log-retention", "ReconcileLogs")
setting("dead-letters", "ReconcileFunction", None, "DeadLetterConfig")
setting("dead-letters", "Daily", None, "Target", "DeadLetterConfig")
setting("dead-letters", "FailedQueue", 60, "MessageRetentionPeriod")
right("dead-letters", "SyncRole", "Failed", "Action", "sqs:GetQueueUrl")
setting("alarms-notify", "Alarm", [], "AlarmActions")
setting("alarms-notify", "Alarm", None, "OKActions")
setting("alarms-notify", "Alarm", False, "ActionsEnabled")
setting("alarms-notify", "Alarm", 'ALARM("ErrorsAlarm")', "AlarmRule")
setting("alarms-notify", "Alarm", 'ALARM("MissingRunAlarm")', "AlarmRule", variant="off")
setting("alarms-notify", "OverdueAlarm", ["arn:aws:sns:us-east-1:000000000000:Topic"], "AlarmActions")
without("alarms-notify", "Alarm")
setting("alarms-notify", "SourcesAlarm", None, "TreatMissingData")
setting("alarms-notify", "ErrorsAlarm", "SUM([FILL(sync,0),FILL(report,0)])", "Metrics", 0, "Expression")
setting("alarms-notify", "TopicPolicy", [], "PolicyDocument", "Statement")
without("alarms-notify", "TopicSubscription")
without("bounces-are-told", "MailEvents")
without("bounces-are-told", "MailConfiguration", variant="verified")
setting("bounces-are-told", "ReportFunction", "another", "Environment", "Variables", "TRUECOUNT_CONFIGURATION_SET")
setting("bounces-are-told", "MailEvents", ["COMPLAINT"], "EventDestination", "MatchingEventTypes")
right("bounces-are-told", "ReportRole", "Mail", "Resource", "arn:aws:ses:us-east-1:000000000000:identity/*")


setting("sender-identity", "DomainIdentity", "another.example", "EmailIdentity")
setting("sender-identity", "DomainIdentity", False, "DkimAttributes", "SigningEnabled")
setting("sender-identity", "DomainIdentity", None, "DkimAttributes")
setting("sender-identity", "DomainIdentity", "RSA_1024_BIT", "DkimSigningAttributes", "NextSigningKeyLength")
setting("sender-identity", "DomainIdentity", None, "MailFromAttributes")
setting("sender-identity", "DomainIdentity", "bounces.another.example", "MailFromAttributes", "MailFromDomain")
setting("sender-identity", "DomainIdentity", "REJECT_MESSAGE", "MailFromAttributes", "BehaviorOnMxFailure")
setting("sender-identity", "DomainIdentity", None, "ConfigurationSetAttributes")
setting("sender-identity", "AddressIdentity", "kim@msp.example", "EmailIdentity", variant="trial")
setting("sender-identity", "ReportFunction", "kim@msp.example", "Environment", "Variables", "TRUECOUNT_SENDER")
without("sender-identity", "DomainIdentity")
without("sender-identity", "AddressIdentity", variant="trial")
right("sender-identity", "ReportRole", "Mail", "Condition", {"StringLike": {"ses:FromAddress": "*@msp.example"}})
right("sender-identity", "OperatorPolicy", "Mail", "Condition", {"StringEquals": {"ses:FromAddress": "kim@msp.example"}})
for output in ("DnsDkim1", "DnsDkim2", "DnsDkim3", "DnsMailFrom", "DnsSpf", "DnsDmarc"):
    told("sender-identity", output, None)
told("sender-identity", "DnsMailFrom", "msp.example MX 10 feedback-smtp.us-east-1.amazonses.com")
told("sender-identity", "DnsDkim2", "DomainIdentity.DkimDNSTokenName2 CNAME DomainIdentity.DkimDNSTokenValue1")
told("sender-identity", "DnsSpf", "bounces.msp.example TXT v=spf1", variant="trial")


@breaks("sender-identity")
def two_ways_at_once(resources):
    resources["AddressIdentity"] = copy.deepcopy(resources["DomainIdentity"])
    properties(resources, "AddressIdentity")["EmailIdentity"] = "billing@msp.example"


@breaks("sender-identity", "verified")
def an_identity_that_exists_is_registered_again(resources):
    resources["DomainIdentity"] = {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "msp.example"}}


@breaks("alarms-notify")
def an_eleventh_alarm(resources):
    resources["OneMoreAlarm"] = copy.deepcopy(resources["SourcesAlarm"])


for sid in ("SeeRuns", "Watch", "ReadLogs", "EmptyQueue", "SeeStack", "SeeAlarms"):
    right("operator-follows-alarms", "OperatorPolicy", sid, "Action", "ssm:GetParameter")
right("operator-follows-alarms", "OperatorPolicy", "ReadLogs", "Resource", "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/truecount-sync:*")
right("policies-fit", "OperatorPolicy", "Watch", "Resource", ["arn:aws:states:us-east-1:000000000000:execution:x" * 200])


@breaks("encryption", "key")
def an_operator_who_cannot_encrypt(resources):
    statement(resources, "OperatorPolicy", "Key")["Action"].remove("kms:Encrypt")


for alarm in ("Errors", "Throttles", "Duration", "FailedQueue", "Executions", "Overdue", "NotReconciled", "Sources"):
    without("alarms-cover", f"{alarm}Alarm")
setting("alarms-cover", "OverdueAlarm", 5, "Threshold")
setting("alarms-cover", "ThrottlesAlarm", [], "Metrics", 1, "MetricStat", "Metric", "Dimensions")
setting("encryption", "StackParameter", '{"kms_key":""}', "Value", variant="key")
setting("alarms-cover", "NotReconciledAlarm", [], "Dimensions")
setting("alarms-cover", "ErrorsAlarm", [{"Name": "FunctionName", "Value": "another"}], "Metrics", 1, "MetricStat", "Metric", "Dimensions")
without("missing-run-alarm", "MissingRunAlarm")
setting("missing-run-alarm", "MissingRunAlarm", "notBreaching", "TreatMissingData")
setting("missing-run-alarm", "MissingRunAlarm", "missing", "TreatMissingData")
setting("missing-run-alarm", "MissingRunAlarm", 100, "EvaluationPeriods")
setting("missing-run-alarm", "MissingRunAlarm", 1, "DatapointsToAlarm")
setting("daily-schedule", "Daily", "rate(7 days)", "ScheduleExpression")
setting("daily-schedule", "Daily", "cron(0 4 1 * ? *)", "ScheduleExpression")
setting("daily-schedule", "Daily", "America/New_York", "ScheduleExpressionTimezone")
setting("daily-schedule", "Daily", "DISABLED", "State")
setting("daily-schedule", "Daily", '{"run":"draft"}', "Target", "Input")
without("daily-schedule", "Daily")
setting("no-secret-in-the-environment", "SyncFunction", "hunter2", "Environment", "Variables", "NINJAONE_CLIENT_SECRET")
setting("no-secret-in-the-environment", "SyncFunction", "hunter2", "Environment", "Variables", "TRUECOUNT_SECRETS")
setting("no-secret-in-the-environment", "ReportFunction", "{{resolve:ssm-secure:/truecount/x:1}}", "Environment", "Variables", "TRUECOUNT_SENDER")
setting("functions-as-measured", "SyncFunction", ["x86_64"], "Architectures")
setting("functions-as-measured", "SyncFunction", "provided.al2", "Runtime")
setting("functions-as-measured", "ReconcileFunction", 128, "MemorySize")
setting("functions-as-measured", "ReportFunction", "Active", "TracingConfig", "Mode")


def machine(name):
    def keep(change):
        def on_resources(resources):
            one = properties(resources, "Closing")
            definition = json.loads(one["DefinitionString"])
            change(definition)
            one["DefinitionString"] = json.dumps(definition)
        on_resources.__name__ = name
        BROKEN.append(("state-machine", "usual", on_resources))
    return keep


machine("a task without retry")(lambda one: one["States"]["Report"].pop("Retry"))
machine("a task without timeout")(lambda one: one["States"]["Sync sources"]["ItemProcessor"]["States"]["Sync"].pop("TimeoutSeconds"))
machine("it may run for days")(lambda one: one.update(TimeoutSeconds=200000))
machine("it calls another function")(lambda one: one["States"]["Report"]["Parameters"].update(FunctionName="arn:aws:lambda:us-east-1:000000000000:function:other"))
machine("a task that does not say when the execution began")(lambda one: one["States"]["Reconcile"]["Parameters"]["Payload"].pop("at.$"))
machine("a task that does not say which execution it is of")(lambda one: one["States"]["Report"]["Parameters"]["Payload"].pop("execution.$"))
machine("a failure that nobody is told of")(lambda one: one["States"]["List sources"].pop("Catch"))
machine("a failure of all sources that nobody is told of")(lambda one: one["States"]["Sync sources"].pop("Catch"))
machine("a source that nobody is told of")(lambda one: one["States"]["Which run"]["Choices"].pop(0))
machine("no second road")(lambda one: one["States"]["Tell the clerk"]["Catch"][0].update(Next="Which step failed?"))
machine("a redrive that tries nothing")(lambda one: one["States"].pop("Report again"))
machine("a caught last attempt")(lambda one: one["States"]["Report again"].update(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]))
machine("another topic")(lambda one: one["States"]["Tell the topic"]["Parameters"].update(TopicArn="arn:aws:sns:us-east-1:000000000000:other"))
setting("state-machine", "Closing", None, "LoggingConfiguration")
setting("state-machine", "Closing", True, "LoggingConfiguration", "IncludeExecutionData")
setting("state-machine", "ClosingRole", "arn:aws:sns:us-east-1:000000000000:other", "Policies", 0, "PolicyDocument", "Statement", 1, "Resource")
setting("state-machine", "ClosingRole", ["arn:aws:lambda:us-east-1:000000000000:function:truecount-sync"],
        "Policies", 0, "PolicyDocument", "Statement", 0, "Resource")
without("stack-parameter", "StackParameter")
setting("stack-parameter", "StackParameter", '{"table":"Table","functions":{}}', "Value")


def main():
    folder = pathlib.Path(sys.argv[1])
    failed = 0
    for rule, variant, change in BROKEN:
        template = load(folder, variant)
        resources, outputs = copy.deepcopy((template.resources, template.outputs))
        change(outputs if hasattr(change, "of_outputs") else resources)
        if (resources, outputs) == (template.resources, template.outputs):
            print(f"{rule}: `{change.__name__}` changes nothing")
            failed += 1
        elif not list(RULES[rule](Template(resources, variant, outputs))):
            print(f"{rule}: `{change.__name__}` is not rejected")
            failed += 1
    for rule in set(RULES) - {rule for rule, _, _ in BROKEN}:
        print(f"{rule}: no change tests it")
        failed += 1
    print(f"rules of the template: {len(BROKEN)} broken templates for {len(RULES)} rules, {failed} not rejected")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
