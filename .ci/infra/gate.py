"""Rules for the template, checked after SAM's transform and with its parameters resolved.

Usage: gate.py DIR    DIR is the output of transform.py. Prints each violation; exits with 1 if there is any.
`broken.py` tests that each rule rejects a template that violates it.
"""

import json
import pathlib
import re
import sys

from transform import VARIANTS

RULES = {}

# Actions without resource-level permissions: https://docs.aws.amazon.com/service-authorization/latest/reference/
# Of a managed policy, without blanks. Names of a real account are longer than those here.
POLICY_SIZE_MAX = 6144 - 1000
WITHOUT_RESOURCE = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    *(f"logs:{name}LogDelivery" for name in ("Create", "Get", "Update", "Delete")),
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
    "cloudwatch:DescribeAlarms",
    "ses:GetAccount",
    "ses:GetSuppressedDestination",
}
ALARMS_MAX = 10
RAW_DAYS_MIN = 90
RETURN_CLASSES = {"STANDARD_IA", "INTELLIGENT_TIERING"}
FUNCTIONS = ("Sync", "Reconcile", "Report")


def rule(check):
    RULES[check.__name__.replace("_", "-")] = check
    return check


def listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


class Template:
    """The resources and outputs of one variant."""

    def __init__(self, resources, variant="usual", outputs=None):
        self.resources, self.variant, self.outputs = resources, variant, outputs or {}

    def of(self, kind):
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}

    def statements(self):
        """Every statement that grants permissions to a role or a person: (where, statement)."""
        for kind in ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for name, properties in self.of(kind).items():
                documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
                documents += listed(properties.get("PolicyDocument"))
                for document in documents:
                    for statement in listed(document["Statement"]):
                        yield name, statement

    def rights(self, role):
        """The actions that a role or managed policy allows, with their resources."""
        for name, statement in self.statements():
            roles = [name, *self.of("AWS::IAM::Policy").get(name, {}).get("Roles", [])]
            if role in roles and statement["Effect"] == "Allow":
                for action in listed(statement.get("Action")):
                    for resource in listed(statement.get("Resource")):
                        yield action, resource

    def resource_statements(self):
        for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
            for name, properties in self.of(kind).items():
                for statement in listed(properties["PolicyDocument"]["Statement"]):
                    yield kind, name, statement

    def functions(self):
        return self.of("AWS::Lambda::Function")

    def alarms(self):
        return self.of("AWS::CloudWatch::Alarm")

    def watched(self):
        """Each metric that an alarm watches: (namespace, metric, dimensions, alarm)."""
        for alarm in self.alarms().values():
            dimensions = lambda one: {each["Name"]: each["Value"] for each in one.get("Dimensions", [])}
            if "MetricName" in alarm:
                yield alarm["Namespace"], alarm["MetricName"], dimensions(alarm), alarm
            for one in alarm.get("Metrics", []):
                if "MetricStat" in one:
                    metric = one["MetricStat"]["Metric"]
                    yield metric["Namespace"], metric["MetricName"], dimensions(metric), alarm


@rule
def no_wildcard_action(template):
    for where, statement in template.statements():
        if "NotAction" in statement or "NotResource" in statement:
            yield f"{where}: uses NotAction or NotResource"
        for action in listed(statement.get("Action")):
            if "*" in action or "?" in action:
                yield f"{where}: `{action}` has a wildcard"


@rule
def no_wildcard_resource(template):
    for where, statement in template.statements():
        for resource in listed(statement.get("Resource")):
            if resource == "*":
                if not set(listed(statement["Action"])) <= WITHOUT_RESOURCE:
                    yield f"{where}: `{statement['Action']}` on every resource"
                continue
            name = resource.split(":", 5)[5]
            # Whose identities the recipients' are is in the settings.
            if listed(statement["Action"]) == ["ses:GetEmailIdentity"] and name == "identity/*":
                continue
            if re.match(r"[a-z-]*[/:]?\*", name) and "ses:FromAddress" not in json.dumps(statement.get("Condition", {})):
                yield f"{where}: `{resource}` is too wide"


@rule
def no_foreign_principal(template):
    for kind, where, statement in template.resource_statements():
        if statement["Effect"] == "Allow" and not re.search("aws:Source(Account|Arn)", json.dumps(statement.get("Condition", {}))):
            yield f"{where}: allows {statement['Principal']} of any account"
    for name, role in template.of("AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            if set(statement["Principal"]) != {"Service"}:
                yield f"{name}: may be assumed by {statement['Principal']}"
    for kind in ("AWS::Lambda::Url", "AWS::Lambda::Permission"):
        for name in template.of(kind):
            yield f"{name}: exposes a function"


@rule
def one_role_per_function(template):
    roles = [one["Role"].rsplit("/", 1)[1] for one in template.functions().values()]
    if len(set(roles)) != len(FUNCTIONS):
        yield f"functions share a role: {roles}"
    for name, role in template.of("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name}: has managed policies: {role['ManagedPolicyArns']}"
        if len(role["AssumeRolePolicyDocument"]["Statement"]) != 1:
            yield f"{name}: has more than one trust statement"


@rule
def separate_duties(template):
    forbidden = {"SyncRole": ("ses:",), "ReconcileRole": ("ses:", "ssm:"), "ReportRole": ("ssm:",)}
    for role, services in forbidden.items():
        for action, _ in template.rights(role):
            if action.startswith(services):
                yield f"{role}: may {action}"
    for action, resource in template.rights("SyncRole"):
        if action.startswith("ssm:") and not resource.endswith("/truecount/sources/*"):
            yield f"SyncRole: {action} on {resource}"


@rule
def narrow_clerk(template):
    allowed = {("ssm:GetParameter", "/stack"), ("s3:GetObject", "/reports/*"), ("s3:GetObject", "/config/*"), ("s3:PutObject", "/inbox/*"), ("s3:GetObject", "/inbox/*"), ("s3:ListBucket", ""),
               ("dynamodb:GetItem", "/Table"), ("dynamodb:Query", "/Table"), ("dynamodb:PutItem", "/Table")}
    for action, resource in template.rights("ClerkPolicy"):
        if not action.startswith("kms:") and not any(action == one and resource.endswith(end) for one, end in allowed):
            yield f"a clerk may {action} on {resource}"
    for where, statement in template.statements():
        if where == "ClerkPolicy" and "s3:ListBucket" in listed(statement["Action"]) and "s3:prefix" not in json.dumps(statement.get("Condition", {})):
            yield "a clerk may list the whole bucket"
        keys = lambda *keys: {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
        writes = "dynamodb:PutItem" in json.dumps(statement["Action"])
        wanted = keys("ACTIONS#*", "BASELINE") if writes else keys("MONTHS", "MONTH#*")
        if where == "ClerkPolicy" and "dynamodb:" in json.dumps(statement["Action"]) and statement.get("Condition") != wanted:
            yield "a clerk may read more of the table than the runs, or write more than decisions"


@rule
def operator_follows_alarms(template):
    """Whoever works with the stack may do what its alarms and the guide advise."""
    given = {}
    for action, resource in template.rights("OperatorPolicy"):
        given.setdefault(action, []).append(resource)
    closing = next(iter(template.of("AWS::StepFunctions::StateMachine").values()))["StateMachineName"]
    groups = [one["LogGroupName"] for one in template.of("AWS::Logs::LogGroup").values()]
    advised = {
        "states:ListExecutions": [f":stateMachine:{closing}"],
        **dict.fromkeys(("states:DescribeExecution", "states:GetExecutionHistory", "states:RedriveExecution"), [f":execution:{closing}:*"]),
        **dict.fromkeys(("logs:FilterLogEvents", "logs:GetLogEvents", "logs:DescribeLogStreams"), [f":log-group:{group}:*" for group in groups]),
        **dict.fromkeys(("sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage"), [":FailedQueue"]),
        **dict.fromkeys(("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResources"), [":stack/truecount/*"]),
        "cloudwatch:DescribeAlarms": ["*"],
    }
    for action, wanted in advised.items():
        for end in wanted:
            if not any(resource.endswith(end) for resource in given.get(action, [])):
                yield f"OperatorPolicy: may not {action} on {end}"


@rule
def policies_fit(template):
    for document in (one["PolicyDocument"] for one in template.of("AWS::IAM::ManagedPolicy").values()):
        size = len(json.dumps(document, separators=(",", ":")))
        if size > POLICY_SIZE_MAX:
            yield f"a policy of {size} characters: IAM takes {POLICY_SIZE_MAX}"


@rule
def encryption(template):
    if template.variant == "key" and not any(action == "kms:Encrypt" for action, _ in template.rights("OperatorPolicy")):
        yield "OperatorPolicy: may not encrypt a secret with the key"
    for name, parameter in template.of("AWS::SSM::Parameter").items():
        if (template.variant == "key") != bool(json.loads(parameter["Value"]).get("kms_key")):
            yield f"{name}: does not name the key for secrets"
    for name, bucket in template.of("AWS::S3::Bucket").items():
        rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        kinds = {one["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for one in rules}
        if kinds != ({"aws:kms"} if template.variant == "key" else {"AES256"}):
            yield f"{name}: is encrypted with {kinds or 'nothing'}"
    for name, queue in template.of("AWS::SQS::Queue").items():
        if not queue.get("SqsManagedSseEnabled") and not queue.get("KmsMasterKeyId"):
            yield f"{name}: is not encrypted"
    for name, table in template.of("AWS::DynamoDB::Table").items():
        # Without a customer key DynamoDB always encrypts with a key of AWS.
        if template.variant == "key" and not table.get("SSESpecification", {}).get("KMSMasterKeyId"):
            yield f"{name}: does not use the given key"


@rule
def tls_only(template):
    wanted = {"AWS::S3::BucketPolicy": "s3:*", "AWS::SQS::QueuePolicy": "sqs:*", "AWS::SNS::TopicPolicy": "sns:Publish"}
    for kind, action in wanted.items():
        denied = [
            listed(one["Resource"])
            for found, _, one in template.resource_statements()
            if found == kind and one["Effect"] == "Deny" and one["Principal"] == "*" and one["Action"] == action
            and one.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        if not denied:
            yield f"{kind}: plain HTTP is not denied"
        if kind == "AWS::S3::BucketPolicy" and denied and not any(one.endswith("/*") for one in denied[0]):
            yield "the bucket's objects: plain HTTP is not denied"
    for name, one in template.of("AWS::SES::ConfigurationSet").items():
        if one.get("DeliveryOptions", {}).get("TlsPolicy") != "REQUIRE":
            yield f"{name}: mail may be sent unencrypted"


@rule
def private_bucket(template):
    for name, bucket in template.of("AWS::S3::Bucket").items():
        block = bucket.get("PublicAccessBlockConfiguration", {})
        for flag in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
            if block.get(flag) is not True:
                yield f"{name}: {flag} is not set"
        if bucket.get("OwnershipControls", {}).get("Rules") != [{"ObjectOwnership": "BucketOwnerEnforced"}]:
            yield f"{name}: object ownership is not enforced"
        for opening in ("AccessControl", "WebsiteConfiguration", "CorsConfiguration"):
            if opening in bucket:
                yield f"{name}: has {opening}"


@rule
def versioning(template):
    for name, bucket in template.of("AWS::S3::Bucket").items():
        if bucket.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            yield f"{name}: is not versioned"


@rule
def lifecycle(template):
    for name, bucket in template.of("AWS::S3::Bucket").items():
        rules = [one for one in bucket.get("LifecycleConfiguration", {}).get("Rules", []) if one["Status"] == "Enabled"]
        moved, expires = set(), False
        for one in rules:
            prefix = one.get("Prefix", "")
            for step in listed(one.get("Transitions")) + listed(one.get("NoncurrentVersionTransitions")):
                moved.add(prefix)
                if step["StorageClass"] not in RETURN_CLASSES:
                    yield f"{name}: `{prefix}` goes to {step['StorageClass']}, which needs a restore to be read"
            for key in [key for key in one if key.startswith("Expiration")]:
                if prefix != "raw/" or key != "ExpirationInDays":
                    yield f"{name}: `{prefix}` expires"
                elif one[key] != {"Ref": "RawDays"} and int(one[key]) < RAW_DAYS_MIN:
                    yield f"{name}: `{prefix}` expires after {one[key]} days, too early to parse a quarter again"
                else:
                    expires = True
            if "NoncurrentVersionExpiration" in one and prefix not in ("raw/", "inbox/"):
                yield f"{name}: old versions of `{prefix}` expire"
        if not expires:
            yield f"{name}: the vendors' answers, which hold personal data, never expire"
        if moved != {"raw/"}:
            yield f"{name}: infrequent access for {moved or 'nothing'} instead of raw/"
        if not any("AbortIncompleteMultipartUpload" in one and not one.get("Prefix") for one in rules):
            yield f"{name}: unfinished multipart uploads are kept"


@rule
def point_in_time_recovery(template):
    for name, table in template.of("AWS::DynamoDB::Table").items():
        if table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled") is not True:
            yield f"{name}: has no point-in-time recovery"


@rule
def deletion_protection(template):
    for name, table in template.of("AWS::DynamoDB::Table").items():
        if table.get("DeletionProtectionEnabled") is not True:
            yield f"{name}: has no deletion protection"


@rule
def table_shape(template):
    for name, table in template.of("AWS::DynamoDB::Table").items():
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name}: is not billed on demand"
        if table.get("TimeToLiveSpecification") != {"AttributeName": "expires", "Enabled": True}:
            yield f"{name}: has no TTL on `expires`"
        if [one["AttributeName"] for one in table["KeySchema"]] != ["pk", "sk"]:
            yield f"{name}: its keys are not pk and sk"


@rule
def data_stays(template):
    for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"):
        for name, resource in template.resources.items():
            if resource["Type"] == kind:
                for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                    if resource.get(policy) != "Retain":
                        yield f"{name}: {policy} is not Retain"


@rule
def log_retention(template):
    groups = {one["LogGroupName"]: one for one in template.of("AWS::Logs::LogGroup").values()}
    for name, function in template.functions().items():
        group = groups.get(function.get("LoggingConfig", {}).get("LogGroup"))
        if group is None:
            yield f"{name}: logs to a group that is not in the template"
        elif not group.get("RetentionInDays"):
            yield f"{name}: its logs never expire"
        if function.get("LoggingConfig", {}).get("LogFormat") != "JSON":
            yield f"{name}: what Lambda itself logs cannot be read by `truecount logs`"


@rule
def dead_letters(template):
    queues = {f"arn:aws:sqs:us-east-1:000000000000:{name}" for name in template.of("AWS::SQS::Queue")}
    for name, queue in template.of("AWS::SQS::Queue").items():
        if queue.get("MessageRetentionPeriod", 345600) < 604800:
            yield f"{name}: keeps messages for less than a week"
    for name, function in template.functions().items():
        target = function.get("DeadLetterConfig", {}).get("TargetArn")
        if target not in queues:
            yield f"{name}: has no dead-letter queue"
        elif ("sqs:SendMessage", target) not in set(template.rights(function["Role"].rsplit("/", 1)[1])):
            yield f"{name}: its role may not write to its dead-letter queue"
    for name, schedule in template.of("AWS::Scheduler::Schedule").items():
        target = schedule["Target"].get("DeadLetterConfig", {}).get("Arn")
        if target not in queues:
            yield f"{name}: has no dead-letter queue"
        elif ("sqs:SendMessage", target) not in set(template.rights(schedule["Target"]["RoleArn"].rsplit("/", 1)[1])):
            yield f"{name}: its role may not write to its dead-letter queue"


@rule
def alarms_notify(template):
    topics = {f"arn:aws:sns:us-east-1:000000000000:{name}" for name in template.of("AWS::SNS::Topic")}
    composites = template.of("AWS::CloudWatch::CompositeAlarm")
    if len(template.alarms()) + len(composites) > ALARMS_MAX:
        yield f"{len(template.alarms()) + len(composites)} alarms, more than {ALARMS_MAX}"
    if len(composites) != 1:
        yield f"people are told by {len(composites)} alarms"
    rules = "".join(one["AlarmRule"] for one in composites.values())
    for name, alarm in composites.items():
        for actions in ("AlarmActions", "OKActions"):
            if not alarm.get(actions) or not set(alarm[actions]) <= topics:
                yield f"{name}: {actions} notify nobody"
        if alarm.get("ActionsEnabled", True) is not True:
            yield f"{name}: is switched off"
    for name, alarm in template.alarms().items():
        if alarm.get("AlarmActions"):
            yield f"{name}: tells people a second time"
        # Without the daily run none is missing.
        is_wanted = name != "MissingRunAlarm" or template.variant != "off"
        if (f'ALARM("{name}")' in rules) != is_wanted:
            yield f"{name}: {'notifies nobody' if is_wanted else 'tells of what is switched off'}"
        if "TreatMissingData" not in alarm or not alarm.get("AlarmDescription"):
            yield f"{name}: has no treatment of missing data or no description"
        expression = [one["Expression"] for one in alarm.get("Metrics", []) if "Expression" in one]
        hidden = [one["Id"] for one in alarm.get("Metrics", []) if "MetricStat" in one and f"({one['Id']}," not in "".join(expression)]
        if hidden:
            yield f"{name}: does not count {hidden}"
    publishers = [
        listed(one["Principal"]["Service"]) for kind, _, one in template.resource_statements()
        if kind == "AWS::SNS::TopicPolicy" and one["Effect"] == "Allow"
    ]
    if not any("cloudwatch.amazonaws.com" in one for one in publishers):
        yield "alarms may not write to the topic"
    if template.variant != "off" and not template.of("AWS::SNS::Subscription"):
        yield "the alarm address is not subscribed"


@rule
def bounces_are_told(template):
    """By the configuration set that the functions name in each request, whatever the identity's own is."""
    sets = template.of("AWS::SES::ConfigurationSet")
    told = {
        one["ConfigurationSetName"] for one in template.of("AWS::SES::ConfigurationSetEventDestination").values()
        if "BOUNCE" in one["EventDestination"]["MatchingEventTypes"] and one["EventDestination"].get("Enabled")
    }
    for name, function in template.functions().items():
        used = function["Environment"]["Variables"].get("TRUECOUNT_CONFIGURATION_SET")
        if used not in told or used not in {one["Name"] for one in sets.values()}:
            yield f"{name}: nobody is told of mail that bounced"
    for role in ("ReportRole", "OperatorPolicy"):
        if not any(action == "ses:SendRawEmail" and ":configuration-set/" in resource for action, resource in template.rights(role)):
            yield f"{role}: may not use a configuration set"


@rule
def sender_identity(template):
    """One way to the sender's identity, with every DNS record where it is a domain; and nobody sends as another."""
    senders = {one["Environment"]["Variables"].get("TRUECOUNT_SENDER") for one in template.functions().values()}
    if len(senders) != 1:
        yield f"the functions send as {senders}"
        return
    sender, = senders
    domain = sender.split("@")[1]
    found = template.of("AWS::SES::EmailIdentity")
    wanted = {"verified": [], "trial": [sender]}.get(template.variant, [domain])
    if [one["EmailIdentity"] for one in found.values()] != wanted:
        yield f"registers {[one['EmailIdentity'] for one in found.values()]}, not {wanted}"
    for name, one in found.items():
        if one.get("ConfigurationSetAttributes", {}).get("ConfigurationSetName") != "truecount":
            yield f"{name}: mail of it that names no configuration set is not told of"
        if one["EmailIdentity"] != domain:
            continue
        if one.get("DkimAttributes", {}).get("SigningEnabled") is not True:
            yield f"{name}: its mail is not signed"
        if one.get("DkimSigningAttributes") != {"NextSigningKeyLength": "RSA_2048_BIT"}:
            yield f"{name}: is not signed with 2048 bits by keys that SES makes and renews"
        if one.get("MailFromAttributes") != {"MailFromDomain": f"bounces.{domain}", "BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}:
            yield f"{name}: its MAIL FROM domain is {one.get('MailFromAttributes')}"
        records = {
            **{f"DnsDkim{n}": f"{name}.DkimDNSTokenName{n} CNAME {name}.DkimDNSTokenValue{n}" for n in (1, 2, 3)},
            "DnsMailFrom": f"bounces.{domain} MX 10 feedback-smtp.us-east-1.amazonses.com",
            "DnsSpf": f'bounces.{domain} TXT "v=spf1 include:amazonses.com ~all"',
            "DnsDmarc": f'_dmarc.{domain} TXT "v=DMARC1; p=none"',
        }
        for output, record in records.items():
            if template.outputs.get(output) != record:
                yield f"{output}: is {template.outputs.get(output)}, not {record}"
    if domain not in wanted and any(output.startswith("Dns") for output in template.outputs):
        yield "tells DNS records of an identity that it does not register"
    for where, statement in template.statements():
        if "ses:SendRawEmail" in listed(statement.get("Action")):
            if statement.get("Condition") != {"StringEquals": {"ses:FromAddress": sender}}:
                yield f"{where}: may send as {statement.get('Condition')}"


@rule
def alarms_cover(template):
    seen = list(template.watched())
    functions = {one["FunctionName"] for one in template.functions().values()}
    def dimension(namespace, metric, name):
        return {dimensions.get(name) for space, found, dimensions, _ in seen if (space, found) == (namespace, metric)}
    for name in sorted(functions - dimension("AWS/Lambda", "Errors", "FunctionName")):
        yield f"{name}: no alarm on its errors"
    for name in sorted(functions - dimension("AWS/Lambda", "Throttles", "FunctionName")):
        yield f"{name}: nobody is told that it is throttled"
    for space, found, dimensions, _ in seen:
        if not dimensions:
            yield f"{space} {found}: counts what others of the account do"
    # Sync uses all of its time on purpose, and is called again.
    for name in sorted(functions - dimension("AWS/Lambda", "Duration", "FunctionName")):
        if not name.endswith("-sync"):
            yield f"{name}: no alarm on its duration"
    for name in set(template.of("AWS::SQS::Queue")) - dimension("AWS/SQS", "NumberOfMessagesSent", "QueueName"):
        yield f"{name}: no alarm on its messages"
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut"):
        machines = {f"arn:aws:states:us-east-1:000000000000:stateMachine:{one['StateMachineName']}" for one in template.of("AWS::StepFunctions::StateMachine").values()}
        for name in machines - dimension("AWS/States", metric, "StateMachineArn"):
            yield f"{name}: no alarm on its {metric}"
    for metric in ("ClosingsOverdue", "NotReconciled", "SourcesFailed"):
        above_zero = [
            one for space, found, dimensions, one in seen
            if (space, found, dimensions) == ("Truecount", metric, {"Stack": "truecount"})
            and (one["ComparisonOperator"], one["Threshold"]) == ("GreaterThanThreshold", 0)
        ]
        if not above_zero:
            yield f"no alarm on {metric} above 0"


@rule
def missing_run_alarm(template):
    """A missing run raises an alarm: after a day without a value, plus at most the hours that two runs may be further apart."""
    for space, metric, _, alarm in template.watched():
        hours = alarm.get("Period", 0) * alarm["EvaluationPeriods"] / 3600
        if (
            (space, metric) == ("Truecount", "ClosingsOverdue")
            and alarm["TreatMissingData"] == "breaching"
            and (alarm["ComparisonOperator"], alarm["Threshold"], alarm["Statistic"]) == ("LessThanThreshold", 1, "SampleCount")
            and alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) == alarm["EvaluationPeriods"]
            and 24 < hours <= 30
        ):
            return
    yield "nobody is told of a daily run that did not happen"


@rule
def daily_schedule(template):
    schedules = template.of("AWS::Scheduler::Schedule")
    if len(schedules) != 1:
        yield f"{len(schedules)} schedules"
    for name, schedule in schedules.items():
        if not re.fullmatch(r"cron\(0 ([01]?\d|2[0-3]) \* \* \? \*\)", schedule["ScheduleExpression"]):
            yield f"{name}: {schedule['ScheduleExpression']} is not once a day"
        if schedule.get("ScheduleExpressionTimezone") != "UTC":
            yield f"{name}: is not in UTC"
        if schedule.get("State") != ("DISABLED" if template.variant == "off" else "ENABLED"):
            yield f"{name}: is {schedule.get('State')}"
        machines = {f"arn:aws:states:us-east-1:000000000000:stateMachine:{one['StateMachineName']}" for one in template.of("AWS::StepFunctions::StateMachine").values()}
        if schedule["Target"]["Arn"] not in machines or json.loads(schedule["Target"].get("Input", "null")) != {}:
            yield f"{name}: does not start the daily run"


@rule
def no_secret_in_the_environment(template):
    known = {"TRUECOUNT_STACK", "TRUECOUNT_TABLE", "TRUECOUNT_BUCKET", "TRUECOUNT_SECRETS", "TRUECOUNT_SENDER", "TRUECOUNT_CONFIGURATION_SET", "TRUECOUNT_LOG"}
    for name, function in template.functions().items():
        variables = function.get("Environment", {}).get("Variables", {})
        for variable in sorted(set(variables) ^ known):
            yield f"{name}: {variable} is {'not known' if variable in variables else 'missing'}"
        if variables.get("TRUECOUNT_SECRETS") != "/truecount/truecount":
            yield f"{name}: TRUECOUNT_SECRETS is not the prefix of the parameters"
    for name, resource in template.resources.items():
        if "{{resolve:" in json.dumps(resource):
            yield f"{name}: a secret is resolved into the template"


@rule
def functions_as_measured(template):
    memory = {"truecount-sync": 512, "truecount-reconcile": 3008, "truecount-report": 1024}
    for name, function in template.functions().items():
        if (function["Runtime"], function["Architectures"]) != ("provided.al2023", ["arm64"]):
            yield f"{name}: runs on {function['Runtime']} {function['Architectures']}"
        if (function["MemorySize"], function["Timeout"]) != (memory[function["FunctionName"]], 900):
            yield f"{name}: {function['MemorySize']} MB, {function['Timeout']} s"
        if function["TracingConfig"]["Mode"] != ("Active" if template.variant == "traced" else "PassThrough"):
            yield f"{name}: tracing is {function['TracingConfig']['Mode']}"


@rule
def state_machine(template):
    for name, machine in template.of("AWS::StepFunctions::StateMachine").items():
        given = machine.get("DefinitionSubstitutions", {})
        text = re.sub(r"\$\{(\w+)\}", lambda found: given.get(found.group(1), "?"), machine["DefinitionString"])
        definition = json.loads(text)
        if not 0 < definition.get("TimeoutSeconds", 0) < 86400:
            yield f"{name}: may overlap with the next execution"
        if machine.get("LoggingConfiguration", {}).get("Level") not in ("ERROR", "ALL") or machine["LoggingConfiguration"].get("IncludeExecutionData"):
            yield f"{name}: is not logged, or its log names clients"
        called = set()
        for state, one in tasks(definition):
            if one["Resource"] == "arn:aws:states:::lambda:invoke":
                called.add(one["Parameters"]["FunctionName"])
                if not {"at.$", "execution.$"} <= set(one["Parameters"]["Payload"]):
                    yield f"{name}, {state}: does not say which execution it is of, and when that began"
            if not one.get("TimeoutSeconds"):
                yield f"{name}, {state}: has no timeout"
            if not one.get("Retry"):
                yield f"{name}, {state}: has no retry"
        arns = {f"arn:aws:lambda:us-east-1:000000000000:function:{one['FunctionName']}" for one in template.functions().values()}
        if called != arns:
            yield f"{name}: calls {sorted(called)}"
        yield from untold(name, definition["States"], template)
        invoked = {resource for action, resource in template.rights("ClosingRole") if action == "lambda:InvokeFunction"}
        if invoked != arns:
            yield f"{name}: may call {sorted(invoked)}"


def untold(name, states, template):
    """Failures of which nobody would be told, and what a redrive would not try again."""
    topics = {f"arn:aws:sns:us-east-1:000000000000:{one}" for one in template.of("AWS::SNS::Topic")}
    told = [state for state, one in states.items() if one.get("Resource", "").endswith(":sns:publish")]
    if not any(one["Next"] in told for one in states.get("Which run", {}).get("Choices", [])):
        yield f"{name}: nobody is told of a source that sync could not report itself"
    for state in told:
        if states[state]["Parameters"]["TopicArn"] not in topics or ("sns:Publish", states[state]["Parameters"]["TopicArn"]) not in set(template.rights("ClosingRole")):
            yield f"{name}, {state}: cannot reach the topic"
    for state, one in states.items():
        if one["Type"] not in ("Task", "Map", "Parallel") or state in told or state.endswith(" again"):
            continue
        if not any("States.ALL" in catch["ErrorEquals"] for catch in one.get("Catch", [])):
            yield f"{name}, {state}: nobody is told that it failed"
        elif state == "Tell the clerk":
            if not told or one["Catch"][0]["Next"] not in told:
                yield f"{name}: the mail about a failure has no second road"
        elif all(catch["Next"] == one["Next"] for catch in one["Catch"]):
            # It goes on as if it had worked: the function's alarm tells, and the next daily run tries it again.
            continue
        elif one["Type"] == "Task" and "Catch" in states.get(f"{state} again", {"Catch": 1}):
            # An execution that ends in a Fail state is redriven into that state.
            yield f"{name}, {state}: is not tried again by a redrive"


def tasks(definition):
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            yield name, state
        if state["Type"] == "Map":
            yield from tasks(state["ItemProcessor"])


@rule
def stack_parameter(template):
    found = [one for one in template.of("AWS::SSM::Parameter").values() if one["Name"] == "/truecount/truecount/stack"]
    keys = {"table", "bucket", "secrets", "state_machine", "schedule", "schedule_group", "topic", "alarm", "sender", "configuration_set", "kms_key", "functions"}
    if len(found) != 1 or found[0]["Type"] != "String":
        yield "there is no stack parameter"
        return
    stack = json.loads(found[0]["Value"])
    if set(stack) != keys or set(stack["functions"]) != {"sync", "reconcile", "report"}:
        yield f"the stack parameter has {sorted(stack)}"
    if stack.get("schedule") not in {one["Name"] for one in template.of("AWS::Scheduler::Schedule").values()}:
        yield f"the stack parameter names no schedule: {stack.get('schedule')}"


def complaints(template):
    """Every (rule, violation)."""
    return [(name, one) for name, check in RULES.items() for one in check(template)]


def load(folder, variant):
    read = json.loads((folder / f"{variant}.json").read_text())
    return Template(read["Resources"], variant, read["Outputs"])


def main():
    folder = pathlib.Path(sys.argv[1])
    found = [(variant, *one) for variant in VARIANTS for one in complaints(load(folder, variant))]
    for variant, name, complaint in found:
        print(f"{variant}: {name}: {complaint}")
    print(f"gate: {len(RULES)} rules on {len(VARIANTS)} variants, {len(found)} complaints")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
